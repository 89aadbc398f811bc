//! C programs, compiled against `cos.h` and linked with the release libraries, at work.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use support::{APPID, Api, BUCKET, Bed, Link, Op, SECRET_ID, SECRET_KEY};
use support::{compile, compile_with, for_each_api, header, ledger, root};

const LINKS: [Link; 2] = [Link::Shared, Link::Static];

/// Compiles `tests/c/NAME.c`.
fn program(bed: &Bed, name: &str, link: Link) -> PathBuf {
    let program = bed.path(name);
    compile(&format!("tests/c/{name}.c"), link, &program);
    program
}

/// Compiles `tests/c/values.c`, which gets a table of all codes.
fn values(bed: &Bed, link: Link) -> PathBuf {
    let codes = header::codes();
    assert!(codes.len() > 40, "{codes:?}");
    let table: String = codes.iter().map(|name| format!("{{{name}, \"{name}\"}},\n")).collect();
    fs::write(bed.path("every_code.h"), table).unwrap();
    let program = bed.path("values");
    let include = format!("-I{}", bed.dir.path().display());
    compile_with(&[&include], "tests/c/values.c", link, &program);
    program
}

/// A directory with something in it, for uploads.
fn make_tree(bed: &Bed) {
    fs::create_dir_all(bed.path("tree/sub")).unwrap();
    fs::write(bed.path("tree/a"), "a").unwrap();
    fs::write(bed.path("tree/sub/b"), "b").unwrap();
}

/// Runs a program with one of the APIs; it is killed when it does not end.
fn run(program: &Path, api: Api, arguments: &[&str]) -> String {
    let mut command = support::limited_program(program);
    command.args(arguments).env("COS_API", api.word());
    command.current_dir(program.parent().unwrap());
    // The C library of Windows ends lines in its own way.
    String::from_utf8(support::succeed(&mut command).stdout).unwrap().replace("\r\n", "\n")
}

for_each_api! {
    clients_files_and_folders,
    uploads_downloads_and_transfers,
    signatures_for_others,
    null_and_invalid_utf8_are_refused_everywhere,
    no_function_is_forgotten,
    the_example_goes_the_whole_round,
}

fn clients_files_and_folders(api: Api) {
    for link in LINKS {
        let bed = Bed::new(api);
        run(&program(&bed, "objects", link), api, &[&bed.host()]);
        let agents: Vec<_> =
            bed.emulator.requests().into_iter().filter_map(|request| request.user_agent).collect();
        assert!(agents[0].starts_with("libcos/"), "{}", agents[0]);
        assert!(agents.iter().any(|agent| agent == "renamed/1"));
    }
}

fn uploads_downloads_and_transfers(api: Api) {
    for link in LINKS {
        let bed = Bed::new(api);
        make_tree(&bed);
        let directory = bed.dir.path().to_str().unwrap();
        run(&program(&bed, "contents", link), api, &[&bed.host(), directory]);

        let slices: Vec<_> = bed
            .logged(Op::Slice)
            .into_iter()
            .filter(|request| request.path.ends_with("/large"))
            .map(|request| match api {
                Api::V4 => request.offset.unwrap() >> 20,
                Api::V5 => request.part.unwrap() - 1,
            })
            .collect();
        assert_eq!(slices.len(), 10);
        assert_eq!(slices.into_iter().collect::<BTreeSet<_>>(), (0..10).collect());
    }
}

fn signatures_for_others(api: Api) {
    for link in LINKS {
        let bed = Bed::new(api);
        run(&program(&bed, "signing", link), api, &[&bed.host()]);
    }
}

#[test]
fn versions_names_and_json() {
    for link in LINKS {
        let bed = Bed::new(Api::V4);
        run(&values(&bed, link), Api::V4, &[]);
    }
}

fn null_and_invalid_utf8_are_refused_everywhere(api: Api) {
    for link in LINKS {
        let bed = Bed::new(api);
        let tried = run(&program(&bed, "refusals", link), api, &[&bed.host()]);
        let requests = bed.emulator.requests();
        assert_eq!(requests.len(), 1, "only the last call is in order: {requests:?}");

        let tried: BTreeSet<_> = tried.lines().map(str::to_owned).collect();
        let mut pointers = BTreeSet::new();
        for function in header::functions() {
            // `out_json` may be NULL everywhere, which the program does everywhere.
            let own = function.pointers().filter(|name| !["out_json", "user"].contains(name));
            pointers.extend(own.map(|name| format!("{} {name}", function.name)));
        }
        assert_eq!(tried, pointers);
    }
}

/// Memory that the library hands out and the programs give back. What a thread keeps for itself is
/// freed with it, and so never for the main one: that is possibly lost, not definitely.
#[test]
fn nothing_leaks_and_nothing_is_read_that_is_not_there() {
    let bed = Bed::new(Api::V4);
    for name in ["refusals", "objects"] {
        let bed_of_its_own = Bed::new(Api::V4);
        let program = program(&bed, name, Link::Shared);
        let mut valgrind = support::limited();
        valgrind.arg("valgrind").args(support::memcheck("definite,indirect")).arg(program);
        support::succeed(valgrind.arg(bed_of_its_own.emulator.host()));
    }
}

/// By what is called while the programs run, not by what their sources mention.
fn no_function_is_forgotten(api: Api) {
    let mut not_called: BTreeSet<_> =
        header::functions().into_iter().map(|function| function.name).collect();
    for name in ["objects", "contents", "signing", "values"] {
        let bed = Bed::new(api);
        make_tree(&bed);
        let program = match name {
            "values" => values(&bed, Link::Shared),
            name => program(&bed, name, Link::Shared),
        };
        let mut command = support::limited();
        command.arg(program).arg(bed.host()).current_dir(bed.dir.path());
        command.env("COS_API", api.word()).args((name == "contents").then(|| bed.dir.path()));
        command.env("LD_LIBRARY_PATH", ledger::library()).env("COS_LEDGER", bed.path("ledger"));
        support::succeed(&mut command);
        let not_by_this_one = ledger::not_called(&bed.path("ledger"));
        not_called.retain(|function| not_by_this_one.contains(function));
    }
    assert_eq!(not_called, BTreeSet::new());
}

#[test]
fn every_function_has_its_type() {
    let typed = fs::read_to_string(root().join("tests/c/signatures.c")).unwrap();
    let words: BTreeSet<_> = typed.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    for function in header::functions() {
        assert!(words.contains(&*function.name), "{} is not in signatures.c", function.name);
    }
    for link in LINKS {
        let bed = Bed::new(Api::V4);
        run(&program(&bed, "signatures", link), Api::V4, &[]);
    }
}

fn the_example_goes_the_whole_round(api: Api) {
    for link in LINKS {
        let bed = Bed::new(api);
        let program = bed.path("round");
        compile("examples-c/round.c", link, &program);
        let arguments = [&bed.host(), BUCKET, APPID, SECRET_ID, SECRET_KEY];
        let printed = run(&program, api, &arguments);
        assert!(printed.ends_with("the whole round went well\n"), "{printed}");
        assert!(printed.contains("entry: 你好.txt"), "{printed}");
        for op in [Op::Upload, Op::Stat, Op::Update, Op::List, Op::Download, Op::Delete] {
            assert!(!bed.logged(op).is_empty(), "no {op:?}");
        }
        assert!(!bed.path("round.txt").exists(), "it tidies up");
    }
}
