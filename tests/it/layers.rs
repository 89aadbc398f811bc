//! Who imports whom, as `docs/architecture.md` says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A source file: its layer, and its code without comments, strings and tests.
struct Source {
    path: String,
    layer: String,
    code: String,
}

fn files_below(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files_below(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    files_below(&root, &mut files);
    let is_test = |file: &&PathBuf| {
        let name = file.file_stem().unwrap().to_str().unwrap();
        let declared = fs::read_to_string(file.with_file_name("mod.rs")).unwrap_or_default();
        let is_test = |visible| declared.contains(&format!("#[cfg(test)]\n{visible}mod {name};"));
        is_test("") || is_test("pub ")
    };
    files.retain(|file| !is_test(&file));
    let read = |file: &PathBuf| {
        let path = file.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
        let text = fs::read_to_string(file).unwrap();
        // Tests stand at the end of a file, and may use everything.
        let code = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
        let parts = code.split("#[cfg(test)]\n");
        let behind_line =
            |part: &str| part.split_once('\n').map_or("", |(_, rest)| rest).to_owned();
        let mut code: String = parts.clone().take(1).collect();
        code.extend(parts.skip(1).map(behind_line));
        Source { layer: layer_of(&path), code: bare(&code), path }
    };
    files.iter().map(read).collect()
}

/// `protocol/v4/reply.rs` is of the layer `protocol/v4`, `ops/tree/mod.rs` of `ops`.
fn layer_of(path: &str) -> String {
    let parts: Vec<_> = path.trim_end_matches(".rs").split('/').collect();
    match parts[..] {
        ["protocol", "mod"] => "protocol".to_owned(),
        ["protocol", part, ..] => format!("protocol/{part}"),
        [layer, ..] => layer.to_owned(),
        [] => unreachable!(),
    }
}

/// The code without comments and strings, in which anything may stand.
fn bare(code: &str) -> String {
    let lines = code.lines().map(|line| line.split("//").next().unwrap_or_default());
    let text = lines.collect::<Vec<_>>().join("\n").replace("\\\"", "");
    text.split('"').step_by(2).collect::<Vec<_>>().join("\"\"")
}

/// The layers that a path names behind `start`, such as `crate::`, also in braces.
fn named_behind(code: &str, start: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices(start) {
        let rest = &code[at + start.len()..];
        let names: Vec<&str> = match rest.strip_prefix('{') {
            Some(list) => list.split('}').next().unwrap().split(',').collect(),
            None => vec![rest],
        };
        for name in names {
            let word = |text: &str| -> String {
                text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
            };
            let first = word(name);
            let second = name.trim_start().strip_prefix(&format!("{first}::")).map(word);
            found.insert(match (first.as_str(), second) {
                ("protocol", Some(part)) if part.starts_with(char::is_lowercase) => {
                    format!("protocol/{part}")
                }
                _ => first,
            });
        }
    }
    found
}

/// The table: each layer, in its order, and what it may import.
fn table() -> Vec<(String, BTreeSet<String>)> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/architecture.md");
    let page = fs::read_to_string(page).unwrap();
    let rows =
        page.split("| layer | may import |\n|---|---|\n").nth(1).expect("the table is there");
    let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    rows.lines()
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let cells: Vec<_> = line.trim_matches('|').split('|').collect();
            let layer: Vec<String> = names(cells[0]);
            assert_eq!(layer.len(), 1, "{line}");
            (layer[0].clone(), names(cells[1]).into_iter().collect())
        })
        .collect()
}

#[test]
fn imports_are_those_of_the_table_and_run_downwards() {
    let table = table();
    let place = |layer: &str| table.iter().position(|(name, _)| name == layer);
    for (at, (layer, allowed)) in table.iter().enumerate() {
        for other in allowed {
            let below = place(other).unwrap_or_else(|| panic!("{other} is no layer"));
            assert!(below > at, "{layer} may import {other}, which does not stand below it");
        }
    }
    let mut used: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources().iter().filter(|source| source.layer != "lib") {
        let at = place(&source.layer).unwrap_or_else(|| panic!("{} is in no layer", source.path));
        let mut named = named_behind(&source.code, "crate::");
        if source.layer == "protocol" {
            // What it opens is declared here.
            named.extend(
                named_behind(&source.code, "mod ").iter().map(|part| format!("protocol/{part}")),
            );
        }
        for other in named.into_iter().filter(|other| *other != source.layer) {
            let message = format!("{} imports {other}", source.path);
            assert!(place(&other).is_some(), "{message}, which is no layer");
            assert!(table[at].1.contains(&other), "{message}");
            used.entry(source.layer.clone()).or_default().insert(other);
        }
    }
    // What is allowed and not used would be allowed for no reason.
    for (layer, allowed) in &table {
        assert_eq!(Some(allowed).filter(|set| !set.is_empty()), used.get(layer), "{layer}");
    }
}

#[test]
fn a_system_is_known_to_os_alone() {
    for source in sources().iter().filter(|source| source.layer != "os") {
        for word in ["libc::", "std::os::", "cfg(unix", "cfg(windows", "target_os", "socket2::"] {
            assert!(!source.code.contains(word), "{} has {word}", source.path);
        }
        let has_unsafe = source.code.contains("unsafe ") || source.code.contains("unsafe{");
        assert!(!has_unsafe || source.layer == "ffi", "{} has unsafe code", source.path);
    }
}

#[test]
fn what_is_looked_for_would_be_found() {
    let code = bare(
        "use crate::{ops::file, stop};\nlet x = crate::protocol::v4::sign(\"crate::os\"); // crate::log",
    );
    let named: Vec<_> = named_behind(&code, "crate::").into_iter().collect();
    assert_eq!(named, ["ops", "protocol/v4", "stop"]);
    assert_eq!(layer_of("protocol/v4/reply.rs"), "protocol/v4");
    assert_eq!(layer_of("protocol/contract.rs"), "protocol/contract");
    assert_eq!(layer_of("ops/tree/mod.rs"), "ops");
    assert_eq!(layer_of("client.rs"), "client");
    assert!(sources().len() > 60);
}
