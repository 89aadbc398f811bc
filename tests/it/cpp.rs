//! `cos.hpp`: all of `cos.h`, in C++.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use support::header::Function;
use support::ledger;
use support::{Api, Bed, Link};
use support::{build, for_each_api, header, limited, memcheck, root, succeed};

/// Compiles the program, whose two files both include the header, and runs it below `runner`.
fn compile_and_run(compiler: &str, options: &[&str], runner: &[String]) {
    run_with(compiler, options, runner, Api::V4, None);
}

/// The same with one of the APIs, perhaps with the library that keeps account of what is called in a
/// file of the bed.
fn run_with(
    compiler: &str,
    options: &[&str],
    runner: &[String],
    api: Api,
    library: Option<&Path>,
) -> Bed {
    let bed = Bed::new(api);
    let program = bed.path("objects");
    let mut cc = Command::new(compiler);
    cc.args(options).args(["-g", "-Wshadow", "-Wconversion", "-Wold-style-cast"]);
    cc.args(["tests/cpp/objects.cpp", "tests/cpp/another.cpp"]);
    build(cc, Link::Shared, &program);

    fs::create_dir_all(bed.path("tree/sub")).unwrap();
    fs::write(bed.path("tree/a"), "a").unwrap();
    fs::write(bed.path("tree/sub/b"), "b").unwrap();
    let mut command = limited();
    command.args(runner).arg(program).env("COS_LEDGER", bed.path("ledger"));
    command.env("COS_API", api.word());
    command.envs(library.map(|library| ("LD_LIBRARY_PATH", library)));
    let told = succeed(command.arg(bed.host()).arg(bed.dir.path())).stderr;
    if !options.contains(&"-fno-exceptions") {
        let told = String::from_utf8(told).unwrap();
        let mut lines: Vec<_> = told.lines().collect();
        lines.dedup();
        assert_eq!(lines, ["cos: the log has failed", "cos: the log has failed: after inner"]);
    }
    let requests = bed.emulator.requests();
    let mut agents = requests.iter().filter_map(|request| request.user_agent.as_deref());
    assert!(agents.any(|agent| agent == "cpp/1"), "an option did not arrive");
    bed
}

#[test]
fn everything_works_with_every_compiler() {
    for compiler in ["g++", "clang++"] {
        compile_and_run(compiler, &["-std=c++17"], &[]);
    }
}

#[test]
fn exceptions_and_rtti_are_not_needed() {
    for compiler in ["g++", "clang++"] {
        compile_and_run(compiler, &["-std=c++20", "-fno-exceptions", "-fno-rtti"], &[]);
    }
}

#[test]
fn nothing_leaks_and_no_callback_is_called_that_is_gone() {
    let mut valgrind = vec!["valgrind".to_owned()];
    valgrind.extend(memcheck("definite,indirect,possible"));
    compile_and_run("g++", &["-std=c++17"], &valgrind);
}

/// The code of a C++ file, without its comments.
fn code(path: &str) -> String {
    let text = fs::read_to_string(root().join(path)).unwrap();
    let (_, text) = text.split_once("#include").unwrap();
    let lines = text.lines().map(|line| line.split("//").next().unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

for_each_api! { no_function_is_forgotten }

/// By what is called while the program runs, not by what its source mentions.
fn no_function_is_forgotten(api: Api) {
    let bed = run_with("g++", &["-std=c++17"], &[], api, Some(ledger::library()));
    assert_eq!(ledger::not_called(&bed.path("ledger")), BTreeSet::new());
}

/// The keys that the comment of a function describes.
fn keys<'a>(function: &'a Function, all: &'a [Function]) -> BTreeSet<&'a str> {
    let (_, about) = function.comment.split_once("@param options").unwrap();
    let parameter = about.split("@param").next().unwrap().split("\n\n").next().unwrap();
    let list = function.comment.split_once("\nOptions (").map_or("", |(_, list)| list);
    let items = list.split("\n\n").next().unwrap().split("\n- ").skip(1);
    let quoted = |text: &'a str| text.split('`').skip(1).step_by(2);
    let mut keys: BTreeSet<_> = quoted(parameter).collect();
    for argument in function.pointers() {
        keys.remove(argument);
    }
    keys.extend(items.flat_map(|item| quoted(item.split(": ").next().unwrap())));
    for other in all.iter().filter(|other| other.name != function.name) {
        if parameter.contains(&format!("keys of {}", other.name)) {
            keys.extend(self::keys(other, all));
        }
    }
    keys
}

/// The keys that a builder sets, each in a function of its name.
fn setters(body: &str) -> BTreeSet<&str> {
    let mut keys = BTreeSet::new();
    for part in body.split("return set(\"").skip(1) {
        let key = part.split('"').next().unwrap();
        assert!(keys.insert(key), "{key} twice");
        let name = if key == "x-cos-meta-" { "meta" } else { key };
        assert!(body.contains(&format!(" &{name}(")), "{key} is set by another function");
    }
    keys
}

#[test]
fn every_option_is_in_the_builder_of_its_function() {
    let header = code("include/cos.hpp");
    let test = ["tests/cpp/check.hpp", "tests/cpp/objects.cpp"].map(code).concat();
    let body = |start: &str| {
        let (_, rest) = header.split_once(start).unwrap();
        rest.split("\n};").next().unwrap()
    };
    let common = setters(body("class OptionsOf "));
    let functions = header::functions();
    let mut described = BTreeMap::<&str, BTreeSet<&str>>::new();
    for function in functions.iter().filter(|f| f.pointers().any(|name| name == "options")) {
        let ends = |(at, name): &(usize, &str)| !header[at + name.len()..].starts_with('s');
        let (call, _) = header.rmatch_indices(&*function.name).find(ends).unwrap();
        let (before, _) = header[..call].rsplit_once(" &options").unwrap();
        let builder = before.rsplit(' ').next().unwrap();
        described.entry(builder).or_default().extend(keys(function, &functions));
    }
    assert!(described.len() >= 9, "{described:?}");
    for (builder, described) in described {
        let mut there = setters(body(&format!("struct {builder} ")));
        for key in &there {
            let name = if *key == "x-cos-meta-" { "meta" } else { key };
            assert!(test.contains(&format!(".{name}(")), "{name} is not in objects.cpp");
        }
        if header.contains(&format!("struct {builder} : OptionsOf<")) {
            there.extend(&common);
        }
        let described: BTreeSet<_> =
            described.iter().map(|key| key.trim_end_matches("...")).collect();
        assert_eq!(there, described, "{builder}");
    }
}
