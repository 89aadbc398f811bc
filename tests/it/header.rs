//! `cos.h` is what the sources say, compiles everywhere, and describes every option.

#[path = "../header/render.rs"]
mod render;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use cos::ops::{download, file, folder, request, sign, tree, upload};
use cos::reply::Failure;
use cos::threads::Watch;
use support::{BUCKET, Bed, Link, build, header, root, succeed};

#[test]
fn the_header_is_what_the_sources_say() {
    let (written, rendered) = (header::text(), render::header());
    let lines = written.lines().zip(rendered.lines());
    let differs = lines.enumerate().find(|(_, (written, rendered))| written != rendered);
    assert_eq!(differs, None, "make header writes it anew");
    assert_eq!(written.len(), rendered.len(), "make header writes it anew");
}

#[test]
fn compiles_in_every_language_it_is_for() {
    let bed = Bed::new(support::Api::V4);
    let program = bed.path("header");
    for (compilers, language, standards) in [
        (["gcc", "clang"], "c", ["c99", "c11", "c17"]),
        (["g++", "clang++"], "c++", ["c++11", "c++17", "c++20"]),
    ] {
        for compiler in compilers {
            for standard in standards {
                let mut cc = Command::new(compiler);
                cc.arg(format!("-std={standard}")).args(["-x", language]);
                cc.args(["tests/c/header.c", "tests/c/header_too.c", "-x", "none"]);
                build(cc, Link::Shared, &program);
                succeed(&mut Command::new(&program));
            }
        }
    }
}

/// The machine code, as text, that a compiler for Windows makes of a C source.
fn compiled_for_windows(compiler: &[&str], source: &str) -> String {
    let mut cc = Command::new(compiler[0]);
    cc.args(&compiler[1..]).args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Iinclude", "-S"]);
    let output = succeed(cc.arg(source).args(["-o", "-"]).current_dir(root()));
    String::from_utf8(output.stdout).unwrap()
}

/// Of Visual C++'s own headers no more is used than clang has itself.
#[test]
fn on_windows_the_functions_are_in_the_dll_or_in_the_program() {
    let (msvc, freestanding) = ("--target=x86_64-pc-windows-msvc", "-ffreestanding");
    for compiler in [
        &["x86_64-w64-mingw32-gcc", "-std=c99"][..],
        &["x86_64-w64-mingw32-gcc", "-std=c17"],
        &["x86_64-w64-mingw32-g++-posix", "-std=c++11", "-xc++"],
        &["clang", msvc, freestanding, "-std=c99"],
        &["clang++", msvc, freestanding, "-std=c++17", "-xc++"],
    ] {
        let from_dll = compiled_for_windows(compiler, "tests/c/header.c");
        assert!(from_dll.contains("__imp_cos_code_name"), "{compiler:?}");
        let compiler = [compiler, &["-DCOS_STATIC"]].concat();
        let from_program = compiled_for_windows(&compiler, "tests/c/header.c");
        assert!(!from_program.contains("__imp_cos"), "{compiler:?}");
        assert!(from_program.contains("cos_code_name"), "{compiler:?}");
    }
}

/// `windows.h` defines words that others use, such as `min`.
#[test]
fn cos_hpp_gets_along_with_windows_h() {
    let warnings = ["-Wshadow", "-Wconversion", "-Wold-style-cast", "-include", "windows.h"];
    let compiler = [&["x86_64-w64-mingw32-g++-posix", "-std=c++17"], &warnings[..]].concat();
    compiled_for_windows(&compiler, "tests/cpp/another.cpp");
    compiled_for_windows(&compiler, "tests/cpp/objects.cpp");
}

/// Visual C++ reads a source in the code page of the system, unless it is told otherwise.
#[test]
fn both_headers_are_ascii() {
    for name in ["cos.h", "cos.hpp"] {
        let text = fs::read_to_string(root().join("include").join(name)).unwrap();
        let line = text.lines().find(|line| !line.is_ascii());
        assert_eq!(line, None, "{name}");
    }
}

/// What each function says when it is given an option that no function has.
fn refusals() -> BTreeMap<&'static str, Box<Failure>> {
    let bed = Bed::new(support::Api::V4);
    let client = &bed.client();
    let odd = Some(r#"{"no such option": 1}"#);
    let here = bed.dir.path().to_str().unwrap();
    let new = cos::client::Client::new("1", "id", "key", Some("sh"), odd);
    let refusals = BTreeMap::from([
        ("cos_client_new", new.map(|_| ()).unwrap_err()),
        ("cos_client_set_config", client.set_config(odd).unwrap_err()),
        ("cos_stat_file", file::stat(client, BUCKET, "/f", odd).unwrap_err()),
        ("cos_update_file", file::update(client, BUCKET, "/f", odd).unwrap_err()),
        ("cos_del_file", file::delete(client, BUCKET, "/f", odd).unwrap_err()),
        ("cos_del_files", file::delete_many(client, BUCKET, "[]", odd).unwrap_err()),
        ("cos_move_file", file::rename(client, BUCKET, "/f", "/g", odd).unwrap_err()),
        ("cos_copy_file", file::copy(client, BUCKET, "/f", "/g", odd).unwrap_err()),
        ("cos_create_folder", folder::create(client, BUCKET, "/d/", odd).unwrap_err()),
        ("cos_stat_folder", folder::stat(client, BUCKET, "/d/", odd).unwrap_err()),
        ("cos_update_folder", folder::update(client, BUCKET, "/d/", odd).unwrap_err()),
        ("cos_list_folder", folder::list(client, BUCKET, "/d/", odd).unwrap_err()),
        ("cos_del_folder", folder::delete(client, BUCKET, "/d/", odd).unwrap_err()),
        ("cos_upload_file", {
            upload::file(client, BUCKET, "/f", here, odd, Watch::default()).unwrap_err()
        }),
        ("cos_upload_buffer", {
            upload::buffer(client, BUCKET, "/f", b"", odd, Watch::default()).unwrap_err()
        }),
        ("cos_upload_stream", {
            let (watch, mut never) = (Watch::default(), |_: &mut [u8]| unreachable!());
            upload::stream(client, BUCKET, "/f", 1, odd, watch, &mut never).unwrap_err()
        }),
        ("cos_download_file", {
            download::file(client, BUCKET, "/f", here, odd, Watch::default()).unwrap_err()
        }),
        ("cos_download_buffer", {
            download::buffer(client, BUCKET, "/f", odd, Watch::default()).map(|_| ()).unwrap_err()
        }),
        ("cos_download_stream", {
            let mut never = |_: &[u8]| unreachable!();
            download::stream(client, BUCKET, "/f", odd, Watch::default(), &mut never).unwrap_err()
        }),
        ("cos_upload_folder", {
            tree::upload(client, BUCKET, "/d/", here, odd, Watch::default()).unwrap_err()
        }),
        ("cos_download_folder", {
            tree::download(client, BUCKET, "/d/", here, odd, Watch::default()).unwrap_err()
        }),
        ("cos_sign_url", sign::url(client, "GET", BUCKET, "/f", 1, odd).unwrap_err()),
        ("cos_list_buckets", request::list_buckets(client, odd).unwrap_err()),
        ("cos_request", {
            let (bucket, cos_path, params, headers) = (None, None, None, None);
            let arguments =
                request::Arguments { method: "GET", bucket, cos_path, params, headers, body: b"" };
            request::send(client, &arguments, odd).unwrap_err()
        }),
    ]);
    assert!(bed.emulator.requests().is_empty());
    refusals
}

/// The keys that a function says it takes.
fn taken(failure: &Failure) -> BTreeSet<String> {
    assert_eq!(failure.argument_name(), Some("no such option"), "{failure:?}");
    let (_, keys) = failure.message().split_once("it takes ").unwrap();
    keys.split(", ").map(str::to_owned).collect()
}

/// The part of a comment that is about options, with that of the function it refers to.
fn about_options(name: &str, comments: &BTreeMap<String, String>) -> String {
    let comment = &comments[name];
    let parameter = comment.split_once("@param options").unwrap().1;
    let parameter = parameter.split("@param").next().unwrap().split("\n\n").next().unwrap();
    let list = comment.split_once("\nOptions (").map_or("", |(_, list)| list);
    let list = list.split("\n\n").next().unwrap();
    let mut text = format!("{parameter}\n{list}");
    for other in ["cos_client_new", "cos_upload_file"] {
        if parameter.contains(&format!("keys of {other}")) && other != name {
            text.push_str(&about_options(other, comments));
        }
    }
    text
}

#[test]
fn every_option_is_described_where_it_is_taken() {
    let functions = header::functions();
    let comments: BTreeMap<_, _> =
        functions.iter().map(|f| (f.name.clone(), f.comment.clone())).collect();
    let with_options: BTreeSet<_> = functions
        .iter()
        .filter(|function| function.pointers().any(|name| name == "options"))
        .map(|function| function.name.as_str())
        .collect();
    let refusals = refusals();
    assert_eq!(refusals.keys().copied().collect::<BTreeSet<_>>(), with_options);

    let mut described = 0;
    for (function, failure) in refusals {
        let text = about_options(function, &comments);
        let taken = taken(&failure);
        for key in &taken {
            assert!(text.contains(&format!("`{key}`")), "{function} does not describe {key}");
        }
        // And the reverse: a list of options names nothing that is not taken.
        let listed = text.lines().filter_map(|line| line.strip_prefix("- "));
        for line in listed {
            let keys = line.split(": ").next().unwrap();
            for key in keys.split('`').skip(1).step_by(2).filter(|key| !key.ends_with("...")) {
                assert!(taken.contains(key), "{function} describes {key}, and does not take it");
                described += 1;
            }
        }
    }
    assert!(described > 60, "the lists of options can't be read any more: {described}");
}
