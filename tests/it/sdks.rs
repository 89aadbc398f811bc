//! The official clients of the XML API, unchanged, with the emulator. What they do and check shows
//! that it behaves as the service does.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{Api, Bed, installed, limited_to, root, succeed, target_dir};

/// The operations that each program must use.
const COMMON: [&str; 12] = [
    "put_object",
    "get_object",
    "head_object",
    "delete_object",
    "copy_object",
    "list_objects",
    "get_object_acl",
    "put_object_acl",
    "initiate_multipart_upload",
    "upload_part",
    "list_parts",
    "complete_multipart_upload",
];

/// Where `make setup` has put the clients for a language.
fn clients(language: &str) -> PathBuf {
    target_dir().join("sdks").join(language)
}

fn bed() -> Bed {
    Bed::configured(Api::V4, |config| config.temporary_keys[0].token = "token+/=&".into())
}

/// A program that finds the clients and the emulator, and no other settings.
fn program(bed: &Bed, interpreter: &Path, source: &str) -> Command {
    let mut command = limited_to(600);
    command.arg(interpreter).current_dir(bed.dir.path());
    command.arg(root().join("tests/sdks").join(source));
    for variable in ["http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY", "PYTHONPATH"] {
        command.env_remove(variable);
    }
    command.env("COS_PORT", bed.emulator.port().to_string());
    command.env("HOME", bed.dir.path()).env("TMPDIR", bed.dir.path());
    command.env("PYTHONDONTWRITEBYTECODE", "1").env("LANG", "C.UTF-8");
    command.env("NODE_PATH", clients("node").join("node_modules"));
    command
}

fn python() -> PathBuf {
    clients("python").join("bin/python")
}

/// Runs a program, which must use the common operations and `more`.
fn run(interpreter: &Path, source: &str, more: &[&str]) {
    let bed = bed();
    succeed(&mut program(&bed, interpreter, source));
    let asked: BTreeSet<_> =
        bed.emulator.requests().into_iter().map(|request| request.op).collect();
    for operation in COMMON.iter().chain(more) {
        assert!(asked.contains(*operation), "{source} has not asked for {operation}");
    }
}

/// The operations that the SDKs use besides; the command has none for them.
const LIBRARIES: [&str; 11] = [
    "list_buckets",
    "head_bucket",
    "list_object_versions",
    "list_multipart_uploads",
    "abort_multipart_upload",
    "upload_part_copy",
    "delete_objects",
    "put_object_tagging",
    "get_object_tagging",
    "delete_object_tagging",
    "append_object",
];

#[test]
fn the_sdk_for_python_works_with_the_emulator() {
    run(&python(), "python_sdk.py", &LIBRARIES);
}

#[test]
fn the_sdk_for_node_works_with_the_emulator() {
    run(Path::new("node"), "node_sdk.js", &LIBRARIES);
}

#[test]
fn the_command_coscmd_works_with_the_emulator() {
    run(&python(), "coscmd_command.py", &["list_multipart_uploads"]);
}

#[test]
fn what_one_client_writes_the_others_read() {
    let bed = bed();
    let mut program = program(&bed, &python(), "crosswise.py");
    program.env("PYTHONPATH", root().join("bindings/python"));
    succeed(program.env("LD_LIBRARY_PATH", installed().join("lib")));
}
