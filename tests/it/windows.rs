//! What only Windows has: names, files that are open, paths.

use std::fs::{self, OpenOptions};
use std::os::windows::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use cos::ops::{folder, upload};
use cos::threads::Watch;
use cos::transfer::Transfer;
use serde_json::json;
use support::platform::within;
use support::transfers::{download, download_watched, expect, millis, upload_bytes};
use support::{Api, BUCKET, Bed, Link, Op, content, for_each_api};

use crate::trees::{down, line, read, up, write};

/// Others may read it, and nothing else.
const SHARED_FOR_READING: u32 = 1;

fn names_that_windows_does_not_have_fail_one_by_one(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    let mut bad = vec!["aux.txt", "end.", "PROGRA~1", "dir/com1", "nul/file"];
    if api == Api::V5 {
        bad.extend(["a:b", r"back\slash", "star*", "dir/ends with a blank ", "trailing./file"]);
    }
    let alike = ["A.txt", "a.txt", "Folder/one", "folder/two"];
    let good = ["good", "dir/文件", "~1", "console"];
    for name in bad.iter().chain(&alike).chain(&good) {
        let path = format!("/tree/{name}");
        let answer = upload::buffer(&client, BUCKET, &path, b"x", None, Watch::default());
        assert_eq!(answer.unwrap().code, 0, "{name}");
    }
    let back = bed.path("back");
    let (code, report) = down(&client, &back, None);
    assert_eq!(code, -1, "{report:#}");
    for name in bad {
        // A folder stands for all that is in it.
        let name = match name.split_once('/') {
            Some((folder @ ("nul" | "trailing."), _)) => folder,
            _ => name,
        };
        assert_eq!(line(&report, name)["code"], -1, "{report:#}");
    }
    let why = |line: &serde_json::Value| line["message"].as_str().unwrap_or_default().to_owned();
    let lines = report["data"]["files"].as_array().unwrap();
    let by_letters = lines.iter().filter(|line| why(line).contains("capital letters"));
    assert_eq!(by_letters.count(), 2, "{report:#}");
    assert!(why(line(&report, "aux.txt")).contains("device"), "{report:#}");
    let found = read(&back);
    let files = found.keys().filter(|name| !name.ends_with('/')).count();
    assert_eq!(files, good.len() + 2, "{:?}", found.keys());
    for name in good {
        assert!(found.contains_key(name), "{name}: {:?}", found.keys());
    }
    // In the bucket they are names like all others.
    let recursive = Some(r#"{"recursive": true}"#);
    let answer = folder::delete(&client, BUCKET, "/tree/", recursive).unwrap();
    assert_eq!(answer.code, 0, "{answer:?}");
}

fn a_destination_that_is_open_is_named_and_what_came_is_kept(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    let bytes = content(9 << 20);
    expect(&upload_bytes(&client, "/file", &bytes, json!({})), 0);
    let there = bed.path("there");
    fs::write(&there, "old").unwrap();
    let open = || {
        let mut options = OpenOptions::new();
        options.read(true).share_mode(SHARED_FOR_READING).open(&there).unwrap()
    };
    let says_why = |answer: &serde_json::Value| {
        let message = answer["message"].as_str().unwrap();
        assert!(message.contains("another program has it open"), "{message}");
        assert!(message.contains(there.to_str().unwrap()), "{message}");
    };

    // Before anything is sent.
    let other = open();
    bed.emulator.clear_requests();
    let answer = download(&client, "/file", &there, json!({}));
    expect(&answer, -1);
    says_why(&answer);
    assert!(bed.emulator.requests().is_empty());
    drop(other);

    // When all has come.
    let mut other = None;
    let on_progress = |done, _| {
        if done > 0 && other.is_none() {
            other = Some(open());
        }
        true
    };
    let watch = Watch { transfer: None, on_progress: Some(Box::new(on_progress)) };
    let answer = download_watched(&client, "/file", &there, json!({}), watch);
    expect(&answer, -1);
    says_why(&answer);
    assert_eq!(fs::read(&there).unwrap(), b"old");
    drop(other);
    let answer = download(&client, "/file", &there, json!({}));
    expect(&answer, 0);
    assert_eq!(answer["transfer"]["resumed_bytes"], bytes.len());
    assert!(fs::read(&there).unwrap() == bytes);
    assert!(!bed.path(".there.cos-partial").exists());
}

fn a_wait_for_another_program_can_be_cancelled(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    expect(&upload_bytes(&client, "/file", b"new", json!({})), 0);
    let there = bed.path("there");
    fs::write(&there, "old").unwrap();
    let other = OpenOptions::new().read(true).share_mode(0).open(&there).unwrap();
    let transfer = Transfer::default();
    let cancelled = std::thread::scope(|scope| {
        let call = scope.spawn(|| {
            let watch = Watch { transfer: Some(&transfer), on_progress: None };
            download_watched(&client, "/file", &there, json!({}), watch)
        });
        std::thread::sleep(Duration::from_millis(200));
        let asked = Instant::now();
        transfer.cancel();
        expect(&call.join().unwrap(), 1);
        millis(asked)
    });
    assert!(cancelled < within(1000), "{cancelled} ms");
    drop(other);
}

fn paths_may_be_long_and_in_every_form(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    let deep = bed.path(&["a directory with a long name"; 12].join(r"\"));
    write(&deep, "dir/文件 🚀.bin", &content(5000));
    let (code, report) = up(&client, &deep, None);
    assert_eq!(code, 0, "{report:#}");
    let back = deep.join("back");
    let (code, report) = down(&client, &back, None);
    assert_eq!(code, 0, "{report:#}");
    let found = read(&back);
    assert!(found["dir/文件 🚀.bin"] == content(5000));

    expect(&upload_bytes(&client, "/file", b"x", json!({})), 0);
    let plain = bed.path("a").to_str().unwrap().to_owned();
    let with_slashes = plain.replace('\\', "/");
    let as_it_is = format!(r"\\?\{plain}");
    for path in [plain, with_slashes, as_it_is] {
        let over = json!({"insert_only": 0});
        expect(&download(&client, "/file", Path::new(&path), json!({})), 0);
        expect(&support::transfers::upload(&client, "/copy", Path::new(&path), over), 0);
        fs::remove_file(bed.path("a")).unwrap();
    }
}

fn what_is_no_file_is_refused_before_anything_is_sent(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    expect(&upload_bytes(&client, "/file", b"x", json!({})), 0);
    fs::write(bed.path("a"), "").unwrap();
    bed.emulator.clear_requests();
    let here = |name: &str| format!(r"{}\{name}", bed.dir.path().to_str().unwrap());
    for path in ["NUL", "con", r"\\.\pipe\cos", r"\\.\COM1", &here("a:stream"), &here("")] {
        expect(&download(&client, "/file", Path::new(path), json!({})), -1);
    }
    for path in ["NUL", "CONIN$", r"\\.\pipe\cos", &here("")] {
        expect(&support::transfers::upload(&client, "/file", Path::new(path), json!({})), -1);
    }
    let mut permissions = fs::metadata(bed.path("a")).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(bed.path("a"), permissions).unwrap();
    let answer = download(&client, "/file", &bed.path("a"), json!({}));
    expect(&answer, -1);
    assert!(answer["message"].as_str().unwrap().contains("read-only"), "{answer}");
    assert_eq!(bed.logged(Op::Download).len(), 0);
    assert!(bed.emulator.requests().is_empty());
}

/// What a plugin does. Without a C compiler there, `tests/platforms/run.sh` compiles the program before.
#[test]
fn the_library_can_be_loaded_and_freed() {
    let bed = Bed::new(Api::V4);
    let program = bed.path("windows_unload");
    support::compile("tests/c/windows_unload.c", Link::Loaded, &program);
    support::succeed(support::platform::command(&program).arg(bed.host()));
}

for_each_api! {
    names_that_windows_does_not_have_fail_one_by_one,
    a_destination_that_is_open_is_named_and_what_came_is_kept,
    a_wait_for_another_program_can_be_cancelled,
    paths_may_be_long_and_in_every_form,
    what_is_no_file_is_refused_before_anything_is_sent,
}
