//! The binary interface is the committed one. `cos.h` is written from the exported functions, and
//! `abi/libcos.abi` from `cos.h`; whoever means to change it runs `make abi`.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use support::{header, root, succeed};

/// Compares the committed interface with that of a header. Not even what does no harm to programs
/// that are compiled already may change unnoticed, such as a `const`.
fn compare(header: &Path) -> Output {
    let dir = tempfile::tempdir().unwrap();
    let dump = dir.path().join("dump");
    succeed(Command::new(root().join("abi/dump.sh")).arg(header).arg(&dump));
    let mut abidiff = Command::new("abidiff");
    abidiff.args(["--harmless", "--non-reachable-types"]);
    abidiff.arg(root().join("abi/libcos.abi")).arg(dump).output().unwrap()
}

#[test]
fn the_interface_is_the_committed_one() {
    let output = compare(&root().join("include/cos.h"));
    let difference = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{difference}\nIf it is meant: make abi");
}

#[test]
fn every_function_is_in_it() {
    let committed = fs::read_to_string(root().join("abi/libcos.abi")).unwrap();
    for function in header::functions() {
        let declaration = format!("<function-decl name='{}'", function.name);
        assert!(committed.contains(&declaration), "{} is not there", function.name);
    }
}

#[test]
fn every_kind_of_change_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let changed = dir.path().join("cos.h");
    let changes = [
        ("a function removed", "int cos_abi_version(void);", ""),
        ("a function added", "char *cos_json_string(", "void cos_a(void); char *cos_json_string("),
        ("another result", "int64_t cos_json_length", "int32_t cos_json_length"),
        ("a parameter removed", "(uint8_t *data, size_t len)", "(uint8_t *data)"),
        ("another callback", "(const uint8_t *data, size_t len,", "(const uint8_t *data, int len,"),
        ("a const lost", "(const uint8_t *data", "(uint8_t *data"),
        ("another number", "COS_ERR_NOT_FOUND = -197", "COS_ERR_NOT_FOUND = -198"),
        ("a name removed", "COS_ERR_CANCELLED = 1,", ""),
        ("another version", "#define COS_ABI_VERSION 1", "#define COS_ABI_VERSION 2"),
    ];
    for (what, before, after) in changes {
        let text = header::text();
        assert!(text.contains(before), "{what}: {before} is not in cos.h any more");
        fs::write(&changed, text.replace(before, after)).unwrap();
        assert!(!compare(&changed).status.success(), "unnoticed: {what}");
    }
}
