//! The module for Go as its users have it: the archive of `make go`, unpacked where nothing else is, with
//! the installed library.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use support::{Api, Bed, for_each_api, header};
use support::{installed, limited, make, remove_settings, root, succeed, target_dir, typed};

use crate::bindings::go_command;

const SHARED: &str = "-tags=";
const STATIC: &str = "-tags=cos_static";

/// The unpacked archive, in a directory of its own.
fn module() -> &'static Path {
    static MODULE: OnceLock<PathBuf> = OnceLock::new();
    MODULE.get_or_init(|| {
        let directory = target_dir().join("tmp/go-module");
        let _ = fs::remove_dir_all(&directory);
        fs::create_dir_all(&directory).unwrap();
        succeed(make("go").arg(format!("DIST={}", directory.display())));
        let archives: Vec<_> = fs::read_dir(&directory).unwrap().collect();
        assert_eq!(archives.len(), 1);
        let archive = archives[0].as_ref().unwrap().path();
        succeed(Command::new("tar").arg("-xzf").arg(&archive).current_dir(&directory));
        let name = archive.file_name().unwrap().to_str().unwrap();
        assert_eq!(name, format!("libcos-go-{}.tar.gz", env!("CARGO_PKG_VERSION")));
        directory.join(name.trim_end_matches(".tar.gz"))
    })
}

/// Go in this directory, with the installed library for what it builds and runs.
fn go(directory: &Path) -> Command {
    let mut go = go_command(&target_dir().join("tmp/go-path"));
    remove_settings(&mut go);
    go.current_dir(directory).env("GOFLAGS", "-buildvcs=false");
    go.env("LD_LIBRARY_PATH", installed().join("lib"));
    go
}

/// What this program is linked with.
fn needed(program: &Path) -> String {
    let output = succeed(Command::new("readelf").arg("-d").arg(program)).stdout;
    String::from_utf8(output).unwrap()
}

/// The server for the package's own tests.
fn emulator() -> &'static Path {
    static EMULATOR: OnceLock<PathBuf> = OnceLock::new();
    EMULATOR.get_or_init(|| {
        succeed(typed("cargo").args(["build", "--quiet", "--package", "cos-emulator"]));
        target_dir().join("debug/cos-emulator")
    })
}

for_each_api! {
    the_package_passes_its_own_tests,
    the_service_passes_its_tests_with_either_library,
}

/// Those of this API, while the race detector looks on.
fn the_package_passes_its_own_tests(api: Api) {
    test(&["-race", "."], api);
}

fn the_service_passes_its_tests_with_either_library(api: Api) {
    for tags in [SHARED, STATIC] {
        test(&[tags, "./examples/service"], api);
    }
}

fn test(arguments: &[&str], api: Api) {
    let mut go = go(module());
    go.args(["test", "-count=1", "-timeout=300s", "-v", &format!("-run=/{}$", api.word())]);
    let output = succeed(go.args(arguments).env("COS_EMULATOR", emulator()));
    let told = String::from_utf8(output.stdout).unwrap();
    let passed = told.matches(&format!("/{} (", api.word())).count();
    assert!(passed >= 4 && !told.contains("--- SKIP"), "{told}");
}

/// The way of the README, from an empty directory: its program, with either library and vendored.
#[test]
fn a_program_needs_the_archive_and_the_library_alone() {
    let dir = tempfile::tempdir().unwrap();
    let bed = Bed::new(Api::V5);
    let readme = fs::read_to_string(module().join("README.md")).unwrap();
    let name = module().file_name().unwrap().to_str().unwrap();
    assert!(readme.contains(&format!("-replace libcos.invalid/cos=./{name}\n")));
    let mut programs = readme.split("```go\n").filter(|block| block.starts_with("package main\n"));
    let program = programs.next().unwrap().split("```").next().unwrap();
    let program = program.replace("localhost:9000", &bed.host());
    fs::write(dir.path().join("main.go"), program).unwrap();
    let replace = format!("-replace=libcos.invalid/cos={}", module().display());
    for arguments in [
        &["mod", "init", "example"][..],
        &["mod", "edit", "-require=libcos.invalid/cos@v0.0.0", &replace],
        &["vet", "."],
        &["build", SHARED, "-o", "shared", "."],
        &["build", STATIC, "-o", "static", "."],
        &["mod", "vendor"],
        &["build", "-mod=vendor", "-o", "vendored", "."],
    ] {
        succeed(go(dir.path()).args(arguments));
    }
    for (name, needs_library) in [("shared", true), ("static", false), ("vendored", true)] {
        let program = dir.path().join(name);
        assert_eq!(needed(&program).contains("libcos"), needs_library, "{name}");
        let mut run = limited();
        if needs_library {
            run.env("LD_LIBRARY_PATH", installed().join("lib"));
        }
        let output = succeed(run.arg(program)).stdout;
        assert!(String::from_utf8(output).unwrap().ends_with("hello\n"), "{name}");
    }
}

/// With either library; and nothing is left for go vet and gofmt to say.
#[test]
fn all_that_is_in_the_archive_builds() {
    for tags in [SHARED, STATIC] {
        succeed(go(module()).args(["build", tags, "./..."]));
        succeed(go(module()).args(["vet", tags, "./..."]));
    }
    let unformatted = succeed(Command::new("gofmt").arg("-l").arg(module())).stdout;
    assert_eq!(String::from_utf8(unformatted).unwrap(), "");
}

/// Memory of Go that C must not be given is found by the runtime's strictest check.
#[test]
fn no_memory_of_go_is_kept_in_c() {
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("first_upload");
    let version = succeed(go(module()).args(["env", "GOVERSION"])).stdout;
    let version = String::from_utf8(version).unwrap();
    let minor: u32 = version.trim().split('.').nth(1).unwrap().parse().unwrap();
    // Since 1.21 it is built in; before, the environment asks for it.
    let is_built_in = minor >= 21;
    let mut build = go(module());
    if is_built_in {
        build.env("GOEXPERIMENT", "cgocheck2");
    }
    succeed(build.args(["build", "-o"]).arg(&program).arg("./examples/first_upload"));
    for api in [Api::V4, Api::V5] {
        let bed = Bed::new(api);
        let file = bed.file("file", 1 << 20);
        let mut run = limited();
        run.arg(&program).arg(file).arg(bed.host());
        if !is_built_in {
            run.env("GODEBUG", "cgocheck=2");
        }
        run.env("COS_API", api.word()).env("LD_LIBRARY_PATH", installed().join("lib"));
        succeed(run.env("http_proxy", format!("http://{}", bed.host())).env_remove("no_proxy"));
    }
}

/// Options and codes are those of `cos.h`.
#[test]
fn what_is_written_from_the_header_is_up_to_date() {
    succeed(Command::new("python3").arg(root().join("bindings/go/generate.py")).arg("--check"));
    let options = fs::read_to_string(root().join("bindings/go/options.go")).unwrap();
    for function in header::functions() {
        for line in function.comment.lines().filter(|line| line.starts_with("- `")) {
            for key in line.split(": ").next().unwrap().split('`').skip(1).step_by(2) {
                let tag = format!("`cos:\"{}\"`", key.trim_end_matches("..."));
                assert!(options.contains(&tag), "{} takes {key}", function.name);
            }
        }
    }
}

/// It is the same for whoever makes it.
#[test]
fn the_archive_is_reproducible() {
    let archive =
        module().with_file_name(format!("{}.tar.gz", module().file_name().unwrap().display()));
    let dir = tempfile::tempdir().unwrap();
    succeed(make("go").arg(format!("DIST={}", dir.path().display())));
    let again = dir.path().join(archive.file_name().unwrap());
    assert!(fs::read(archive).unwrap() == fs::read(again).unwrap());
}
