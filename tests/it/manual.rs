//! The manual is whole in both languages, its links lead somewhere, and what it shows works.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use cos::ops::{download, file, folder, request, tree, upload};
use cos::threads::Watch;
use support::transfers::{PUBLIC, operations};
use support::{Bed, Link, build, header, installed, limited, root, succeed, target_dir, typed};

const LANGUAGES: [&str; 2] = ["en", "zh"];

/// What begins as a whole program does, which is elsewhere.
const BEGINNINGS: [(&str, &str); 6] = [
    ("c", "examples-c/first_upload.c"),
    ("cpp", "examples-c/first_upload.cpp"),
    ("go", "bindings/go/examples/first_upload/main.go"),
    ("js", "bindings/node/examples/first_upload.mjs"),
    ("python", "bindings/python/examples/first_upload.py"),
    ("lua", "bindings/lua/examples/first_upload.lua"),
];

/// A fenced block of code.
#[derive(Debug, PartialEq)]
pub struct Block {
    pub language: String,
    pub code: String,
}

pub fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let code = lines.by_ref().take_while(|line| *line != "```");
            let code = code.map(|line| format!("{line}\n")).collect();
            blocks.push(Block { language: language.to_owned(), code });
        }
    }
    blocks
}

/// What stands outside of blocks.
fn prose(text: &str) -> String {
    let mut fenced = false;
    let lines = text.lines().filter(|line| {
        fenced ^= line.starts_with("```");
        !fenced && !line.starts_with("```")
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// What stands between backticks, sorted: a translation keeps all of it.
pub fn code_spans(text: &str) -> Vec<String> {
    let prose = prose(text);
    let mut spans: Vec<_> = prose.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    spans.sort();
    spans
}

/// Two texts say the same, as far as that shows: code, headings, rows and items.
pub fn assert_translated(english: &str, chinese: &str, name: &str) {
    assert_eq!(blocks(english), blocks(chinese), "{name}");
    let spans = |text| code_spans(text).into_iter().collect::<BTreeSet<_>>();
    assert_eq!(spans(english), spans(chinese), "{name}");
    for start in ["# ", "## ", "### ", "|", "* "] {
        let count = |text| prose(text).lines().filter(|line| line.starts_with(start)).count();
        assert_eq!(count(english), count(chinese), "{name}: lines that begin with {start}");
    }
}

/// A page of the manual as it is written.
pub fn page(language: &str, name: &str) -> String {
    fs::read_to_string(root().join(format!("docs/manual/{language}/{name}.md"))).unwrap()
}

fn pages(language: &str) -> BTreeSet<String> {
    let files = fs::read_dir(root().join("docs/manual").join(language)).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    names.map(|name| name.strip_suffix(".md").unwrap().to_owned()).collect()
}

/// The site, made once.
fn site() -> &'static Path {
    static SITE: OnceLock<PathBuf> = OnceLock::new();
    SITE.get_or_init(|| {
        let directory = target_dir().join("tmp/docs");
        let build = format!("BUILD={}", directory.display());
        succeed(typed("make").arg("docs").arg(build));
        directory.join("docs/html")
    })
}

/// Every page of the site, by its path from there.
fn made() -> BTreeMap<String, String> {
    let mut made = BTreeMap::new();
    let mut directories = vec![site().to_owned()];
    while let Some(directory) = directories.pop() {
        for file in fs::read_dir(directory).unwrap().map(|file| file.unwrap().path()) {
            if file.is_dir() {
                directories.push(file);
            } else if file.extension().is_some_and(|ending| ending == "html") {
                let name = file.strip_prefix(site()).unwrap().to_str().unwrap().to_owned();
                made.insert(name, fs::read_to_string(&file).unwrap());
            }
        }
    }
    assert!(made.len() > 50, "{:?}", made.keys());
    made
}

/// The values of an attribute on a page.
fn attributes<'a>(html: &'a str, name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    let values = html.split(&*start).skip(1);
    values.map(|rest| rest.split('"').next().unwrap()).collect()
}

/// The levels of the headings on a page, with their anchors, but for those of the navigation.
fn headings(html: &str) -> Vec<(u32, &str)> {
    let (_, main) = html.split_once("<main").unwrap();
    let heads = main.split("<h").skip(1).filter(|rest| rest.starts_with(|c: char| c.is_numeric()));
    let level = |rest: &str| rest[..1].parse().unwrap();
    heads
        .map(|rest| {
            let tag = rest.split('>').next().unwrap();
            (level(rest), attributes(tag, "id").first().copied().unwrap_or(""))
        })
        .collect()
}

#[test]
fn both_languages_say_the_same() {
    assert_eq!(pages("en"), pages("zh"));
    for name in pages("en") {
        assert_translated(&page("en", &name), &page("zh", &name), &name);
    }
    let made = made();
    for (name, english) in made.iter().filter(|(name, _)| name.starts_with("en/")) {
        let chinese = &made[&name.replace("en/", "zh/")];
        let anchors = |html| {
            let heads = headings(html).into_iter().filter(|(level, _)| *level > 1);
            heads.map(|(level, anchor)| (level, anchor.to_owned())).collect::<Vec<_>>()
        };
        assert_eq!(anchors(english), anchors(chinese), "{name}");
        let ids = |html| attributes(html, "id").into_iter().collect::<BTreeSet<_>>();
        let titles = headings(english).iter().filter(|(level, _)| *level == 1).count();
        assert_eq!(titles, 1, "{name}");
        let beyond_title = |html| ids(html).len();
        assert_eq!(beyond_title(english), beyond_title(chinese), "{name}");
    }
    let halves =
        LANGUAGES.map(|language| made.keys().filter(|name| name.starts_with(language)).count());
    assert_eq!(halves[0], halves[1]);
}

#[test]
fn a_page_can_be_read_by_all() {
    for (name, html) in made() {
        let lang = attributes(html.split('>').nth(1).unwrap(), "lang")[0];
        assert!(lang == if name.starts_with("zh/") { "zh-CN" } else { "en" }, "{name}: {lang}");
        if !name.contains('/') {
            continue;
        }
        let mut before = 0;
        for (level, anchor) in headings(&html) {
            assert!(level <= before + 1, "{name}: a heading is left out above {anchor}");
            before = level;
        }
        let ids = attributes(&html, "id");
        assert_eq!(ids.len(), ids.iter().collect::<BTreeSet<_>>().len(), "{name}: twice");
    }
}

/// On a phone, the cells of a wide table stand below one another, each with its column's title; and a
/// line may end between a mark of Chinese and a straight quote, where a browser sees no gap.
#[test]
fn a_page_fits_a_phone() {
    let mut stacked = 0;
    for (name, html) in made() {
        for table in html.split("<table class=\"stack\"").skip(1) {
            let (table, _) = table.split_once("</table>").unwrap();
            let titles = attributes(table, "data-label");
            assert_eq!(titles.len(), table.matches("<td ").count(), "{name}");
            for row in table.split("<tr").skip(2) {
                assert_eq!(
                    row.matches("<td ").count(),
                    table.matches("<th ").count(),
                    "{name}: {row}"
                );
            }
            stacked += 1;
        }
        for table in html.split("<table>").skip(1) {
            let (table, _) = table.split_once("</table>").unwrap();
            assert!(table.matches("<th ").count() < 3, "{name} has a wide table: {table}");
        }
        if let Some((_, main)) = html.split_once("<main") {
            let text = main.split("<pre").map(|part| part.rsplit("</pre>").next().unwrap());
            for pair in ["、\"", "，\"", "；\"", "：\"", "）\"", "\"（"] {
                assert!(text.clone().all(|text| !text.contains(pair)), "{name}: {pair}");
            }
        }
    }
    assert!(stacked > 20, "{stacked}");
}

#[test]
fn every_link_leads_somewhere() {
    let made = made();
    let ids: BTreeMap<_, BTreeSet<_>> = made
        .iter()
        .map(|(name, html)| (&**name, attributes(html, "id").into_iter().collect()))
        .collect();
    let mut followed = 0;
    for (name, html) in &made {
        let directory = Path::new(name).parent().unwrap();
        for link in attributes(html, "href") {
            if link.starts_with("https://") {
                continue;
            }
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let file = match file {
                "" => name.clone(),
                file => match file.strip_prefix("../") {
                    Some(above) => above.to_owned(),
                    None => directory.join(file).to_str().unwrap().to_owned(),
                },
            };
            assert!(site().join(&file).is_file(), "{name} links to {link}");
            assert!(anchor.is_empty() || ids[&*file].contains(anchor), "{name} links to {link}");
            followed += 1;
        }
    }
    assert!(followed > 2000, "{followed}");
}

#[test]
fn nothing_is_loaded_from_elsewhere() {
    for (name, html) in made() {
        let loaded = html.split('<').filter(|tag| !tag.starts_with("a "));
        for tag in loaded {
            for link in attributes(tag, "href").into_iter().chain(attributes(tag, "src")) {
                assert!(!link.contains("//"), "{name} loads {link}");
            }
        }
    }
    for file in ["style.css", "site.js"] {
        let text = fs::read_to_string(site().join(file)).unwrap();
        assert!(!text.contains("//") || file.ends_with(".js"), "{file}");
        for word in ["url(", "@import", "fetch(", "XMLHttpRequest", "http"] {
            assert!(!text.contains(word), "{file}: {word}");
        }
    }
}

/// What a comment lists as options: their keys.
fn options() -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for function in header::functions() {
        for line in function.comment.lines().filter(|line| line.starts_with("- `")) {
            let (_, list) = function.comment.split_once("Options (").unwrap_or_default();
            if list.contains(line) {
                let heads = line.split(": ").next().unwrap();
                keys.extend(heads.split('`').skip(1).step_by(2).map(str::to_owned));
            }
        }
    }
    assert!(keys.len() > 40, "{keys:?}");
    keys
}

#[test]
fn all_of_cos_h_is_described() {
    let made = made();
    for language in LANGUAGES {
        let ids = |page: &str| -> BTreeSet<_> {
            attributes(&made[&format!("{language}/{page}.html")], "id").into_iter().collect()
        };
        let codes = ids("codes");
        for name in header::codes() {
            assert!(codes.contains(&*name), "{name}");
        }
        let described = ids("options");
        for key in options() {
            assert!(described.contains(&*key), "{key}");
        }
        let of_reference: Vec<_> = made
            .iter()
            .filter(|(name, _)| name.starts_with(&format!("{language}/reference-")))
            .map(|(_, html)| html)
            .collect();
        for function in header::functions() {
            let heading = format!("<h2 id=\"{0}\">{0}</h2>", function.name);
            let described = of_reference.iter().filter(|html| html.contains(&heading)).count();
            assert_eq!(described, 1, "{}", function.name);
            let html = of_reference.iter().find(|html| html.contains(&heading)).unwrap();
            let (_, section) = html.split_once(&heading).unwrap();
            let section = section.split("<h2").next().unwrap();
            let labels = section.matches("class=\"label\">C++<").count();
            let has_wrapper = !function.name.ends_with("_free");
            assert_eq!(labels, 1 + usize::from(has_wrapper), "{} in C++", function.name);
            assert_eq!(section.matches("class=\"label\">C<").count(), 2, "{}", function.name);
        }
        for wrapper in ["Python", "Node", "Go", "Lua"] {
            let named =
                of_reference.iter().map(|html| html.matches(&format!("{wrapper} <code>")).count());
            assert!(named.sum::<usize>() > 25, "{wrapper}");
        }
    }
}

/// Functions in a sentence each, all options and all codes.
#[test]
fn what_a_reader_looks_up_is_translated() {
    let made = made();
    for name in ["zh/codes.html", "zh/options.html", "zh/reference.html"] {
        let (_, main) = made[name].split_once("<main").unwrap();
        let english = main.split(" lang=\"en\"").nth(1).map(|rest| &rest[..rest.len().min(100)]);
        assert_eq!(english, None, "{name}: docs/manual/cos.h.zh.po lacks it");
    }
}

#[test]
fn the_examples_of_the_reference_run() {
    for (compiler, standard, source) in
        [("cc", "-std=c99", "reference.c"), ("c++", "-std=c++17", "reference.cpp")]
    {
        let bed = Bed::configured(support::Api::V5, |config| {
            config.buckets[0].name = "mybucket".into();
        });
        let program = bed.path("reference");
        let mut command = Command::new(compiler);
        command.arg(standard).arg(format!("docs/manual/{source}"));
        build(command, Link::Shared, &program);
        fs::write(bed.path("a.txt"), "hello\n").unwrap();
        fs::create_dir(bed.path("photos")).unwrap();
        fs::write(bed.path("photos/cat.png"), "cat").unwrap();
        let printed = succeed(limited().arg(program).arg(bed.host()).current_dir(bed.dir.path()));
        let printed = String::from_utf8(printed.stdout).unwrap();
        assert!(printed.contains("\nstopped\n"), "{source}: {printed}");
        assert_eq!(fs::read_to_string(bed.path("copy.txt")).unwrap(), "hello\n");
    }
}

/// What stands around a block that is no whole file: the variables that the guides speak of.
fn whole(block: &Block) -> String {
    if block.code.contains("#include") {
        return block.code.clone();
    }
    let (around, variables) = match &*block.language {
        "c" => (
            "#include <cos.h>\n#include <stdio.h>\n#include <string.h>\n",
            "cos_client *client, cos_transfer *transfer, char *json, int code",
        ),
        _ => (
            "#include <cos.hpp>\n#include <iostream>\n#include <future>\nusing namespace libcos;\n",
            "const Client &client",
        ),
    };
    let names =
        variables.split(", ").map(|variable| variable.rsplit([' ', '*', '&']).next().unwrap());
    let used: String = names.map(|name| format!("(void){name};\n")).collect();
    format!(
        "{around}void snippet({variables});\nvoid snippet({variables})\n{{\n{used}{}{used}}}\n",
        block.code
    )
}

#[test]
fn the_snippets_of_the_guides_compile() {
    let dir = tempfile::tempdir().unwrap();
    let mut compiled = 0;
    for name in pages("en").into_iter().filter(|name| name != "start") {
        for (at, block) in blocks(&page("en", &name)).iter().enumerate() {
            let file = dir.path().join(format!("{name}-{at}.{}", block.language));
            let mut check = match &*block.language {
                "c" => {
                    fs::write(&file, whole(block)).unwrap();
                    let mut cc = Command::new("gcc");
                    cc.args([
                        "-std=c99",
                        "-Wall",
                        "-Wextra",
                        "-Werror",
                        "-Iinclude",
                        "-fsyntax-only",
                    ]);
                    cc
                }
                "cpp" => {
                    fs::write(&file, whole(block)).unwrap();
                    let mut cc = Command::new("g++");
                    cc.args([
                        "-std=c++17",
                        "-Wall",
                        "-Wextra",
                        "-Werror",
                        "-Iinclude",
                        "-fsyntax-only",
                    ]);
                    cc
                }
                "js" => {
                    fs::write(&file, &block.code).unwrap();
                    let mut node = Command::new("node");
                    node.arg("--check");
                    node
                }
                "json" => {
                    serde_json::from_str::<serde_json::Value>(&block.code).unwrap();
                    continue;
                }
                // readme.rs runs these.
                "sh" | "cmake" => continue,
                "text" => continue,
                other => panic!("{name}: who looks at {other}?"),
            };
            succeed(check.arg(&file).current_dir(root()));
            compiled += 1;
        }
    }
    assert!(compiled > 12, "{compiled}");
}

#[test]
fn programs_begin_as_shown() {
    let blocks = blocks(&page("en", "start"));
    for (language, file) in BEGINNINGS {
        let program = fs::read_to_string(root().join(file)).unwrap();
        let beginning: String = program.split_inclusive('\n').take(10).collect();
        let block = blocks.iter().find(|block| block.language == language).unwrap();
        assert_eq!(block.code, beginning, "{file}");
    }
    let known: BTreeSet<_> =
        BEGINNINGS.iter().map(|(language, _)| *language).chain(["sh"]).collect();
    for block in &blocks {
        assert!(known.contains(&*block.language), "{block:?}");
    }
}

#[test]
fn every_small_program_is_an_example() {
    let mut programs = Vec::new();
    for directory in ["examples-c", "examples-c/programs"] {
        for file in fs::read_dir(root().join(directory)).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            if (name.ends_with(".c") || name.ends_with(".cpp")) && name != "round.c" {
                programs.push(format!("{directory}/{name}"));
            }
        }
    }
    assert!(programs.len() > 9, "{programs:?}");
    for name in programs {
        let place = format!("{{{{file {name}}}}}");
        assert!(page("en", "examples").contains(&place), "{name}");
    }
}

#[test]
fn every_code_is_explained() {
    let (header, text) = (header::text(), page("en", "codes"));
    for name in header::codes() {
        let line =
            header.lines().find(|line| line.trim().starts_with(&format!("{name} ="))).unwrap();
        let number = line.trim().trim_end_matches(',').rsplit(' ').next().unwrap();
        let short = [name.trim_start_matches("COS_ERR_"), name.trim_start_matches("COS_")];
        let is_in_a_row = text.lines().filter(|line| line.starts_with("| ")).any(|line| {
            let mut cells = line.split('|').skip(1).map(str::trim);
            let numbers = cells.next().unwrap().split(", ").position(|cell| cell == number);
            let names: Vec<_> = cells.next().unwrap().split(", ").collect();
            numbers.is_some_and(|at| {
                short.iter().any(|name| names.get(at) == Some(&&*format!("`{name}`")))
            })
        });
        assert!(is_in_a_row, "{name} ({number}) is in no table");
    }
}

/// The name of the permission that a request of the XML API needs.
fn permission(op: &str) -> String {
    match op {
        "copy_object" => return "PutObjectCopy".into(),
        "delete_objects" => return "DeleteMultipleObjects".into(),
        "list_objects" => return "GetBucket".into(),
        "list_buckets" => return "GetService".into(),
        _ => (),
    }
    let word = |word: &str| word[..1].to_uppercase() + &word[1..];
    op.split('_').map(|part| if part == "acl" { "ACL".into() } else { word(part) }).collect()
}

#[test]
fn each_call_needs_the_permissions_that_are_said() {
    let bed = Bed::new(support::Api::V5);
    let client = &bed.client();
    let local = |name: &str| bed.path(name).to_str().unwrap().to_owned();
    let (big, copy, tree) = (local("a.bin"), local("b.bin"), local("tree"));
    bed.file("a.bin", 2_500_000);
    let sliced = Some("{\"slice_threshold\": 0, \"slice_size\": 1048576, \"insert_only\": false}");
    fs::create_dir(&tree).unwrap();
    bed.file("tree/b.txt", 1);
    let watch = Watch::default;
    let public = Some("{\"authority\": \"eWPrivateRPublic\"}");
    let recursive = Some("{\"recursive\": true}");
    let calls: [(&str, &dyn Fn() -> cos::reply::Result<cos::reply::Reply>); 21] = [
        ("uploads", &|| upload::file(client, PUBLIC, "/a", &big, None, watch())),
        ("uploads", &|| upload::file(client, PUBLIC, "/b", &big, sliced, watch())),
        ("downloads", &|| download::file(client, PUBLIC, "/b", &copy, None, watch())),
        ("cos_stat_file", &|| file::stat(client, PUBLIC, "/a", None)),
        ("cos_stat_file", &|| file::stat(client, PUBLIC, "/none", None)),
        ("cos_update_file", &|| file::update(client, PUBLIC, "/a", Some("{\"biz_attr\": \"x\"}"))),
        ("cos_update_file", &|| file::update(client, PUBLIC, "/a", public)),
        ("cos_copy_file", &|| file::copy(client, PUBLIC, "/a", "/c", None)),
        ("cos_move_file", &|| file::rename(client, PUBLIC, "/c", "/d", None)),
        ("cos_del_file", &|| file::delete(client, PUBLIC, "/d", None)),
        ("cos_del_files", &|| file::delete_many(client, PUBLIC, "[\"/x\", \"/y\"]", None)),
        ("cos_create_folder", &|| folder::create(client, PUBLIC, "/e/", None)),
        ("cos_stat_folder", &|| folder::stat(client, PUBLIC, "/e/", None)),
        ("cos_stat_folder", &|| folder::stat(client, PUBLIC, "/none/", None)),
        ("cos_update_folder", &|| {
            folder::update(client, PUBLIC, "/e/", Some("{\"biz_attr\": \"x\"}"))
        }),
        ("cos_list_folder", &|| folder::list(client, PUBLIC, "/", None)),
        ("cos_del_folder", &|| folder::delete(client, PUBLIC, "/e/", None)),
        ("cos_upload_folder", &|| tree::upload(client, PUBLIC, "/t/", &tree, None, watch())),
        ("cos_download_folder", &|| tree::download(client, PUBLIC, "/t/", &tree, None, watch())),
        ("cos_del_folder", &|| folder::delete(client, PUBLIC, "/t/", recursive)),
        ("cos_list_buckets", &|| request::list_buckets(client, None)),
    ];
    let text = page("en", "apis");
    let (_, table) = text.split_once("\n## Permissions\n").unwrap();
    let row = |name: &str| {
        let is_its = |line: &&str| line.split('|').nth(1).is_some_and(|cell| cell.contains(name));
        table.lines().find(is_its).unwrap_or_else(|| panic!("{name} is in no row"))
    };
    let mut before = 0;
    for (name, call) in calls {
        let _ = call();
        let ops = operations(&bed.emulator).split_off(before);
        assert!(!ops.is_empty(), "{name}");
        before += ops.len();
        let own = row(name).to_owned();
        let also = match name {
            "cos_upload_folder" => row("uploads"),
            "cos_download_folder" => row("downloads"),
            _ => "",
        };
        for permission in ops.iter().map(|op| format!("`{}`", permission(op))) {
            assert!(
                (own.clone() + also).contains(&permission),
                "{name} needs {permission}: {ops:?}"
            );
        }
    }
}

/// The words by which the emulator refuses, which the service documents, are those that the library knows.
#[test]
fn every_word_of_the_xml_api_is_listed() {
    let made = made();
    let words = fs::read_to_string(root().join("emulator/src/v5/words.rs")).unwrap();
    let words =
        words.lines().filter_map(|line| line.trim().split_once(" = \"")?.1.split_once("\" "));
    let table = fs::read_to_string(root().join("src/protocol/v5/codes.rs")).unwrap();
    let mut listed = 0;
    for language in LANGUAGES {
        let ids = attributes(&made[&format!("{language}/codes.html")], "id");
        for (word, _) in words.clone().filter(|(word, _)| table.contains(&format!("\"{word}\""))) {
            assert!(ids.contains(&word), "{word}");
            listed += 1;
        }
    }
    assert!(listed > 40, "{listed}");
}

#[test]
fn the_oldest_rust_is_that_of_the_manifest() {
    let wanted = concat!("\n* Rust ", env!("CARGO_PKG_RUST_VERSION"), " ");
    assert!(LANGUAGES.iter().all(|language| page(language, "install").contains(wanted)));
}

/// What `packaging/` says of each platform, and how large the archives were when they were built last.
#[test]
fn the_artifacts_are_listed() {
    let script = ". packaging/targets.sh\n\
                  for name in $PLATFORMS; do platform $name; echo $name.$archive $wheel $glibc; done";
    let told = succeed(Command::new("sh").args(["-ec", script]).current_dir(root())).stdout;
    let told = String::from_utf8(told).unwrap();
    let sizes = fs::read_to_string(root().join("packaging/sizes.txt")).unwrap();
    for language in LANGUAGES {
        let table = page(language, "programs");
        let rows = table.lines().skip_while(|line| !line.starts_with("| `libcos-VERSION-")).skip(2);
        let rows: Vec<Vec<&str>> = rows
            .take_while(|row| row.starts_with('|'))
            .map(|row| row.split('|').skip(1).map(str::trim).collect())
            .collect();
        assert_eq!(rows.len(), told.lines().count());
        for (row, platform) in rows.iter().zip(told.lines()) {
            let mut told = platform.split(' ');
            let (name, wheel) = (told.next().unwrap(), told.next().unwrap());
            let glibc = told.next().unwrap_or("");
            assert_eq!([row[0], row[4]], [name, wheel].map(|word| format!("`{word}`")));
            assert!(glibc.is_empty() || row[1].starts_with(&format!("glibc {glibc} ")), "{row:?}");
            let name = name.split('.').next().unwrap();
            let line = sizes.lines().find(|line| line.split(' ').next() == Some(name)).unwrap();
            let made = line.split(' ').skip(1).map(|size| size.parse::<f64>().unwrap());
            let written = row[2..4].iter().map(|size| size.trim_end_matches(" MiB"));
            for (made, written) in made.zip(written.map(|size| size.parse::<f64>().unwrap())) {
                assert!((made - written).abs() <= 0.1, "{name} has {made} MiB, not {written}");
            }
        }
    }
}

#[test]
fn the_command_is_described() {
    let text = page("en", "command");
    let command = installed().join("bin/cos");
    let help = String::from_utf8(succeed(Command::new(command).arg("help")).stdout).unwrap();
    let (_, list) = help.split_once("tells more:\n").unwrap();
    let names = list.lines().map_while(|line| line.strip_prefix("  ")?.split(' ').next());
    let names: Vec<_> = names.collect();
    assert!(names.len() > 5, "{help}");
    for name in names {
        assert!(text.contains(&format!("\n| `{name}` |")), "{name}");
    }
    for text in LANGUAGES.map(|language| page(language, "command")) {
        let (_, codes) = help.split_once("Exit codes:\n").unwrap();
        for code in codes.lines().filter_map(|line| line.split_whitespace().next()) {
            assert!(text.contains(&format!("| {code}")), "{code}");
        }
    }
}

/// What the issue threads of such libraries ask, as people type it, and where the answer stands: among
/// the first three places that the search finds.
const ASKED: [(&str, &str, &str); 72] = [
    ("en", "which region", "questions#which-region-do-i-give"),
    (
        "en",
        "custom domain",
        "questions#how-do-i-use-a-custom-endpoint-or-a-custom-domain-such-as-that-of-a-cdn",
    ),
    (
        "en",
        "internal network",
        "questions#does-it-use-the-internal-network-how-do-i-use-global-acceleration",
    ),
    ("en", "coscmd", "questions#is-there-a-command-like-coscmd-or-coscli"),
    ("en", "can i use minio", "questions#can-it-speak-to-s3-or-minio"),
    ("en", "static link on windows", "questions#how-do-i-link-statically"),
    ("en", "license", "index#what-it-does-for-you"),
    ("en", "golang", "start#go"),
    ("en", "migrate from python sdk", "moving#from-the-v4-python-sdk"),
    ("en", "retry", "options#retries"),
    ("en", "timeout", "errors#timeouts"),
    ("en", "upload hangs", "questions#which-timeouts-are-there-and-can-a-call-hang-for-ever"),
    ("en", "how to cancel an upload", "questions#how-do-i-cancel"),
    ("en", "pause and resume", "questions#how-do-i-pause-and-how-do-i-resume-after-a-crash"),
    ("en", "upload from memory", "questions#how-do-i-upload-from-memory-or-from-a-stream"),
    (
        "en",
        "multipart chunk size",
        "questions#do-i-have-to-upload-in-parts-chunks-multipart-myself",
    ),
    ("en", "progress callback", "questions#how-do-i-show-progress"),
    ("en", "memory leak", "questions#how-much-memory-does-it-need-and-does-it-leak"),
    ("en", "limit bandwidth", "questions#how-do-i-make-it-faster-or-limit-the-bandwidth"),
    (
        "en",
        "sync directory, skip existing",
        "questions#how-do-i-upload-a-whole-directory-and-only-what-has-changed",
    ),
    ("en", "custom metadata", "questions#how-do-i-set-the-content-type-or-metadata-of-my-own"),
    ("en", "file not overwritten", "questions#why-is-my-file-not-replaced-overwritten"),
    ("en", "list more than 1000 objects", "questions#how-do-i-list-more-than-199-or-1000-files"),
    (
        "en",
        "chinese file name",
        "questions#do-i-have-to-encode-names-such-as-chinese-ones-or-blanks",
    ),
    ("en", "delete folder", "questions#how-do-i-delete-many-files-or-a-folder-how-do-i-move-it"),
    ("en", "copy between buckets", "questions#how-do-i-copy-a-file-to-another-bucket"),
    ("en", "restore archive", "command#cos-restore"),
    ("en", "-97", "questions#why-is-the-signature-wrong-97-or-signaturedoesnotmatch"),
    (
        "en",
        "SignatureDoesNotMatch",
        "questions#why-is-the-signature-wrong-97-or-signaturedoesnotmatch",
    ),
    ("en", "AccessDenied", "questions#why-5-or-accessdenied-which-permissions-does-my-key-need"),
    ("en", "permissions of temporary keys", "apis#permissions"),
    ("en", "NoSuchBucket", "codes#NoSuchBucket"),
    ("en", "RequestTimeTooSkewed", "codes#RequestTimeTooSkewed"),
    ("en", "InvalidAccessKeyId", "codes#InvalidAccessKeyId"),
    ("en", "proxy", "questions#how-do-i-use-a-proxy"),
    (
        "en",
        "self-signed certificate",
        "questions#how-do-i-trust-a-self-signed-certificate-or-a-custom-ca",
    ),
    (
        "en",
        "disable ssl verification",
        "questions#how-do-i-trust-a-self-signed-certificate-or-a-custom-ca",
    ),
    ("en", "is it thread safe", "questions#is-it-thread-safe-multithreading"),
    ("en", "multiprocessing", "questions#and-in-several-processes-multiprocessing-after-fork"),
    ("en", "asyncio", "threads#event-loops"),
    ("en", "presigned upload from browser", "questions#how-do-i-let-a-browser-upload-directly"),
    ("en", "CORS", "signing#an-upload-from-a-page"),
    ("en", "download file name", "signing#a-link-to-download"),
    (
        "en",
        "token expired during upload",
        "questions#how-do-i-use-temporary-keys-sts-and-what-if-they-end-during-an-upload",
    ),
    ("en", "several accounts", "questions#where-do-i-keep-the-keys-how-do-i-use-several-accounts"),
    ("zh", "哪个地域", "questions#which-region-do-i-give"),
    (
        "zh",
        "自定义域名",
        "questions#how-do-i-use-a-custom-endpoint-or-a-custom-domain-such-as-that-of-a-cdn",
    ),
    ("zh", "内网", "questions#does-it-use-the-internal-network-how-do-i-use-global-acceleration"),
    ("zh", "重试", "errors#what-is-tried-again"),
    ("zh", "超时", "errors#timeouts"),
    ("zh", "卡住", "questions#which-timeouts-are-there-and-can-a-call-hang-for-ever"),
    ("zh", "如何取消上传", "questions#how-do-i-cancel"),
    ("zh", "暂停", "questions#how-do-i-pause-and-how-do-i-resume-after-a-crash"),
    ("zh", "上传内存中的数据", "questions#how-do-i-upload-from-memory-or-from-a-stream"),
    ("zh", "分片大小", "questions#do-i-have-to-upload-in-parts-chunks-multipart-myself"),
    ("zh", "内存泄漏", "questions#how-much-memory-does-it-need-and-does-it-leak"),
    ("zh", "限速", "questions#how-do-i-make-it-faster-or-limit-the-bandwidth"),
    ("zh", "批量上传", "questions#how-do-i-upload-a-whole-directory-and-only-what-has-changed"),
    ("zh", "元数据", "questions#how-do-i-set-the-content-type-or-metadata-of-my-own"),
    ("zh", "超过1000个", "questions#how-do-i-list-more-than-199-or-1000-files"),
    ("zh", "中文文件名", "questions#do-i-have-to-encode-names-such-as-chinese-ones-or-blanks"),
    ("zh", "删除文件夹", "questions#how-do-i-delete-many-files-or-a-folder-how-do-i-move-it"),
    ("zh", "跨桶复制", "questions#how-do-i-copy-a-file-to-another-bucket"),
    ("zh", "签名不匹配", "questions#why-is-the-signature-wrong-97-or-signaturedoesnotmatch"),
    ("zh", "权限", "apis#permissions"),
    ("zh", "如何使用代理", "questions#how-do-i-use-a-proxy"),
    ("zh", "自签名证书", "questions#how-do-i-trust-a-self-signed-certificate-or-a-custom-ca"),
    ("zh", "多线程", "questions#is-it-thread-safe-multithreading"),
    ("zh", "异步", "questions#does-it-block-my-event-loop-is-there-an-async-interface"),
    ("zh", "前端直传", "questions#how-do-i-let-a-browser-upload-directly"),
    (
        "zh",
        "临时密钥过期",
        "questions#how-do-i-use-temporary-keys-sts-and-what-if-they-end-during-an-upload",
    ),
    ("zh", "多账号", "questions#where-do-i-keep-the-keys-how-do-i-use-several-accounts"),
];

/// What the search of the site finds for each query, best first.
fn found(queries: &[[&str; 2]]) -> Vec<Vec<String>> {
    let script = format!(
        "const fs = require('fs');
         const {{ find }} = require('{site}/site.js');
         const index = (name) => new Function(
             fs.readFileSync(`{site}/search-${{name}}.js`, 'utf8') + 'return searchIndex')();
         const found = {}.map(([language, query]) =>
             find(index(language), query).map((each) => each.url));
         console.log(JSON.stringify(found));",
        serde_json::to_string(queries).unwrap(),
        site = site().display()
    );
    let printed = succeed(Command::new("node").args(["-e", &script])).stdout;
    serde_json::from_slice(&printed).unwrap()
}

#[test]
fn the_search_answers_what_is_asked() {
    let queries = ASKED.map(|(language, query, _)| [language, query]);
    let mut wrong = Vec::new();
    for ((language, query, place), urls) in ASKED.iter().zip(found(&queries)) {
        let place = place.replace('#', ".html#");
        if !urls.iter().take(3).any(|url| *url == place) {
            wrong.push(format!("{language} {query}: {:?}", &urls[..urls.len().min(3)]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Queries, and a place that has to be among the first that are found.
#[test]
fn the_search_finds() {
    let wanted = [
        ("en", "cos_upload_file", "reference-uploads.html#cos_upload_file"),
        ("en", "timeout_ms", "options.html#timeout_ms"),
        ("en", "-97", "codes.html#COS_ERR_SIGN_INVALID"),
        ("en", "after crash", "transfers.html#after-a-break"),
        ("en", "PROXY", "options.html#proxy"),
        ("en", "emulator faults", "emulator.html#faults"),
        ("zh", "cos_upload_file", "reference-uploads.html#cos_upload_file"),
        ("zh", "超时", "errors.html#timeouts"),
        ("zh", "临时密钥", "signing.html#temporary-keys"),
        ("zh", "断点续传", "transfers.html#after-a-break"),
        ("zh", "浏览器 签名", "signing.html"),
    ];
    let queries = wanted.map(|(language, query, _)| [language, query]);
    for ((_, query, place), urls) in wanted.iter().zip(found(&queries)) {
        assert!(urls.iter().take(8).any(|url| url == place), "{query}: {urls:?}");
    }
    let nothing = found(&[["en", "nosuchword"], ["zh", "没有的词语"]]);
    assert!(nothing.iter().all(Vec::is_empty), "{nothing:?}");
}

#[test]
fn the_manual_pages_are_clean() {
    let dir = tempfile::tempdir().unwrap();
    succeed(typed("make").arg("man").arg(format!("BUILD={}", dir.path().display())));
    let mut pages =
        vec![dir.path().join("man/man1/cos-emulator.1"), dir.path().join("man/man3/libcos.3")];
    pages.extend(
        header::functions().iter().map(|f| dir.path().join(format!("man/man3/{}.3", f.name))),
    );
    let listed = fs::read_dir(dir.path().join("man/man3")).unwrap().count();
    assert_eq!(listed, pages.len() - 1);
    succeed(Command::new("mandoc").args(["-T", "lint", "-W", "warning"]).args(&pages));
    let output =
        succeed(Command::new("groff").args(["-ww", "-man", "-Tutf8", "-P-cbou"]).args(&pages));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    let shown = String::from_utf8(output.stdout).unwrap();
    for line in shown.lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
    for word in ["RETURN VALUE", "COS_ERR_FILE_EXISTS", "--port N"] {
        assert!(shown.contains(word), "{word}");
    }
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let next = lines.clone().next().unwrap_or_default();
            // What stands out above a description is one line, and a list of pages has room for a name.
            assert!(line != ".TP" || !next.ends_with(','), "{}: {next}", page.display());
            assert!(
                !line.starts_with(".SH NAME") || next.len() < 130,
                "{}: {next}",
                page.display()
            );
        }
    }
    for callback in
        header::text().lines().filter_map(|line| line.split_once("(*cos_")?.1.split_once(')'))
    {
        let declared = format!("(*cos_{})", callback.0);
        assert!(shown.contains(&declared), "{declared} is on no page");
    }
}
