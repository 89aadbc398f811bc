//! Directories to folders and back.

mod support;
#[path = "support/transfers.rs"]
mod transfers;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cos::client::Client;
use cos::crew::Watch;
use cos::{file, folder, tree, upload};
use cos_emulator::{Action, Emulator, Fault};
use serde_json::Value;
use support::{BUCKET, Bed, content, parsed};
use transfers::{MIB, assert_same, html, reply_with, slice_fault};

fn write(root: &Path, name: &str, bytes: &[u8]) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Every file below `root`, with its content; directories end with a slash.
fn read(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut to_do = vec![String::new()];
    while let Some(prefix) = to_do.pop() {
        for entry in fs::read_dir(root.join(&prefix)).unwrap() {
            let entry = entry.unwrap();
            let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
            match entry.file_type().unwrap().is_dir() {
                true => {
                    found.insert(format!("{name}/"), Vec::new());
                    to_do.push(format!("{name}/"));
                }
                false => {
                    found.insert(name, fs::read(entry.path()).unwrap());
                }
            }
        }
    }
    found
}

fn sample(root: &Path) {
    write(root, "a.txt", b"alpha");
    write(root, "empty", b"");
    write(root, "deep/er/中文 file.bin", &content(70_000));
    write(root, "deep/large.bin", &content(9_000_000));
    for i in 0..20 {
        write(root, &format!("many/{i:02}"), format!("file {i}").as_bytes());
    }
    fs::create_dir(root.join("nothing here")).unwrap();
}

fn up(client: &Client, root: &Path, options: Option<&str>) -> (i32, Value) {
    let watch = Watch::default();
    let root = root.to_str().unwrap();
    let answer = tree::upload(client, BUCKET, "/tree/", root, options, watch).unwrap();
    (answer.code, parsed(&answer))
}

fn down(client: &Client, root: &Path, options: Option<&str>) -> (i32, Value) {
    let watch = Watch::default();
    let root = root.to_str().unwrap();
    let answer = tree::download(client, BUCKET, "/tree/", root, options, watch).unwrap();
    (answer.code, parsed(&answer))
}

fn line<'a>(report: &'a Value, path: &str) -> &'a Value {
    let lines = report["data"]["files"].as_array().unwrap();
    lines.iter().find(|line| line["path"] == path).unwrap_or_else(|| panic!("{path}: {report}"))
}

fn asked(emulator: &Emulator, op: &str) -> usize {
    emulator.requests().iter().filter(|record| record.op == op).count()
}

#[test]
fn a_tree_goes_up_and_comes_back_the_same() {
    let bed = Bed::new();
    let client = bed.client();
    let (here, back) = (bed.path("here"), bed.path("back"));
    sample(&here);
    let (code, report) = up(&client, &here, None);
    assert_eq!(code, 0, "{report}");
    assert_eq!(report["data"]["uploaded"], 24);
    assert_eq!(report["data"]["failed"], 0);
    assert_eq!(report["transfer"]["bytes"], 9_070_000 + 5 + 10 * 6 + 10 * 7);

    let (code, report) = down(&client, &back, None);
    assert_eq!(code, 0, "{report}");
    assert_eq!(report["data"]["downloaded"], 24);
    assert!(read(&here) == read(&back));
}

#[test]
fn only_what_differs_travels_again() {
    let bed = Bed::new();
    let client = bed.client();
    let (here, back) = (bed.path("here"), bed.path("back"));
    sample(&here);
    assert_eq!(up(&client, &here, None).0, 0);
    assert_eq!(down(&client, &back, None).0, 0);

    write(&here, "many/03", b"file X");
    bed.emulator.clear_requests();
    let (code, report) = up(&client, &here, None);
    assert_eq!(
        (code, &report["data"]["uploaded"], &report["data"]["unchanged"]),
        (0, &1.into(), &23.into()),
        "{report}"
    );
    assert_eq!(line(&report, "many/03")["action"], "uploaded");
    assert_eq!(asked(&bed.emulator, "upload"), 1);
    assert_eq!(asked(&bed.emulator, "upload_slice_init"), 0);

    bed.emulator.clear_requests();
    let (code, report) = down(&client, &back, None);
    assert_eq!((code, &report["data"]["downloaded"]), (0, &1.into()), "{report}");
    assert_eq!(asked(&bed.emulator, "download"), 1);
    assert!(read(&here) == read(&back));
}

#[test]
fn insert_only_and_overwrite_keep_what_is_there() {
    let bed = Bed::new();
    let client = bed.client();
    let (here, back) = (bed.path("here"), bed.path("back"));
    write(&here, "a", b"old");
    assert_eq!(up(&client, &here, None).0, 0);
    write(&here, "a", b"new");
    write(&here, "b", b"b");
    let (code, report) = up(&client, &here, Some(r#"{"insert_only": true}"#));
    assert_eq!(code, -177);
    assert!(report["message"].as_str().unwrap().starts_with("a: "), "{report}");
    assert_eq!(line(&report, "a")["code"], -177);
    assert_eq!(line(&report, "b")["action"], "uploaded");

    write(&back, "a", b"mine");
    let (code, report) = down(&client, &back, Some(r#"{"overwrite": false}"#));
    assert_eq!(code, -1);
    assert_eq!(line(&report, "a")["action"], "failed");
    assert_eq!(fs::read(back.join("a")).unwrap(), b"mine");
    assert_eq!(fs::read(back.join("b")).unwrap(), b"b");
}

#[test]
fn large_files_that_were_broken_off_are_continued() {
    let bed = Bed::new();
    let client = bed.client();
    let (here, back) = (bed.path("here"), bed.path("back"));
    let bytes = content(17 * MIB);
    write(&here, "large", &bytes);
    write(&here, "small", b"small");
    let resumed = |report: &Value| report["transfer"]["resumed_bytes"].as_u64().unwrap() as usize;

    bed.emulator.inject(slice_fault(html(403), 8 * MIB));
    let (code, report) = up(&client, &here, Some(r#"{"concurrency": 1}"#));
    assert_eq!((code, resumed(&report)), (-2, 0), "{report}");
    let (code, report) = up(&client, &here, None);
    assert_eq!((code, resumed(&report)), (0, 8 * MIB), "{report}");

    bed.emulator.inject(Fault::new(html(403)).op("download").offset(16 * MIB as u64));
    let (code, report) = down(&client, &back, Some(r#"{"concurrency": 1}"#));
    assert_eq!((code, resumed(&report)), (-2, 0), "{report}");
    let (code, report) = down(&client, &back, None);
    assert_eq!((code, resumed(&report)), (0, 16 * MIB), "{report}");
    assert_eq!(report["transfer"]["bytes"], 17 * MIB + 5);
    assert_same(&fs::read(back.join("large")).unwrap(), &bytes);
}

#[test]
fn links_and_impossible_names_are_reported_and_not_followed() {
    let bed = Bed::new();
    let client = bed.client();
    let here = bed.path("here");
    write(&here, "good", b"good");
    write(&here, "a:b", b"no cos path");
    write(&bed.path("outside"), "secret", b"secret");
    symlink(bed.path("outside"), here.join("directory link")).unwrap();
    symlink(bed.path("outside/secret"), here.join("file link")).unwrap();
    symlink(&here, here.join("circle")).unwrap();
    let (code, report) = up(&client, &here, None);
    assert_eq!(code, -1, "{report}");
    assert_eq!(report["error"]["argument"], "cos_path");
    assert_eq!(line(&report, "a:b")["code"], -1);
    for link in ["directory link", "file link", "circle"] {
        assert_eq!(line(&report, link)["action"], "ignored");
    }
    assert_eq!(report["data"]["uploaded"], 1);
    let uploads = asked(&bed.emulator, "upload");
    assert_eq!(uploads, 1);
}

#[test]
fn nothing_is_written_outside_the_destination() {
    let bed = Bed::new();
    let client = bed.client();
    let (back, outside) = (bed.path("back"), bed.path("outside"));
    for path in ["/tree/dir/inner", "/tree/plain", "/tree/good"] {
        let watch = Watch::default();
        let answer = upload::buffer(&client, BUCKET, path, b"bytes", None, watch).unwrap();
        assert_eq!(answer.code, 0);
    }
    write(&outside, "kept", b"kept");
    fs::create_dir(&back).unwrap();
    symlink(&outside, back.join("dir")).unwrap();
    symlink(outside.join("kept"), back.join("plain")).unwrap();
    let (code, report) = down(&client, &back, None);
    assert_eq!(code, -1, "{report}");
    assert_eq!(line(&report, "dir/inner")["action"], "failed");
    assert_eq!(line(&report, "plain")["action"], "failed");
    assert_eq!(line(&report, "good")["action"], "downloaded");
    let outside = read(&outside);
    assert_eq!(outside.keys().collect::<Vec<_>>(), ["kept"]);
    assert_eq!(outside["kept"], b"kept");
}

#[test]
fn names_from_the_server_do_not_lead_elsewhere() {
    let bed = Bed::new();
    let client = bed.client();
    let evil = r#"{"code":0,"message":"SUCCESS","data":{"context":"","listover":true,"infos":[
        {"name":"../evil","sha":"0","filesize":1,"mtime":1},
        {"name":"..","sha":"0","filesize":1,"mtime":1},
        {"name":"/etc/evil","sha":"0","filesize":1,"mtime":1}]}}"#;
    let evil = reply_with(200, "application/json", evil.into());
    bed.emulator.inject(Fault::new(evil).op("list"));
    let (code, report) = down(&client, &bed.path("back"), None);
    assert_eq!(code, -1);
    assert_eq!(report["data"]["failed"], 3, "{report}");
    assert_eq!(asked(&bed.emulator, "download"), 0);
    assert!(read(&bed.path("back")).is_empty());
    assert!(!bed.path("evil").exists());
}

#[test]
fn progress_counts_the_whole_tree() {
    let bed = Bed::new();
    let client = bed.client();
    let here = bed.path("here");
    sample(&here);
    let total = 9_070_000 + 5 + 10 * 6 + 10 * 7;
    let last = AtomicU64::new(0);
    let watch = Watch {
        transfer: None,
        on_progress: Some(Box::new(|done, all| {
            assert!(all == total || (done, all) == (0, 0), "{done} of {all}");
            assert!(done >= last.swap(done, Ordering::Relaxed));
            true
        })),
    };
    let root = here.to_str().unwrap();
    let answer = tree::upload(&client, BUCKET, "/tree/", root, None, watch).unwrap();
    assert_eq!(answer.code, 0, "{}", answer.json);
    assert_eq!(last.load(Ordering::Relaxed), total);
}

/// What is not known yet can be waited for, and given up, all the same.
#[test]
fn a_tree_can_be_cancelled_while_it_is_listed() {
    let bed = Bed::new();
    let client = bed.client();
    let here = bed.path("here");
    sample(&here);
    bed.emulator.inject(Fault::new(Action::Withhold).op("list").forever());
    for transfer in [tree::upload, tree::download] {
        let asked_before = asked(&bed.emulator, "list");
        let emulator = &bed.emulator;
        let watch = Watch {
            transfer: None,
            on_progress: Some(Box::new(move |_, _| asked(emulator, "list") == asked_before)),
        };
        let (started, root) = (Instant::now(), here.to_str().unwrap());
        let answer = transfer(&client, BUCKET, "/tree/", root, None, watch).unwrap();
        assert_eq!(answer.code, 1, "{}", answer.json);
        assert!(started.elapsed() < Duration::from_secs(30), "the request itself takes minutes");
    }
}

#[test]
fn one_file_that_fails_does_not_stop_the_others_but_a_dead_server_does() {
    let bed = Bed::new();
    let client = bed.client_with(serde_json::json!({"retries": 0, "timeout_ms": 2000}));
    let here = bed.path("here");
    sample(&here);
    let fail = Action::Code { code: -4016, status: None, message: None, execute: false };
    bed.emulator.inject(Fault::new(fail).op("upload").path("many/07").forever());
    let (code, report) = up(&client, &here, None);
    assert_eq!(code, -4016);
    assert_eq!((&report["data"]["uploaded"], &report["data"]["failed"]), (&23.into(), &1.into()));
    let reply = file::stat(&client, BUCKET, "/tree/many/08", None).unwrap();
    assert_eq!(reply.code, 0);

    let options = bed.options();
    drop(bed.emulator);
    let client = Client::new("1", "i", "k", None, Some(&options.to_string())).unwrap();
    let (code, report) = up(&client, &here, Some(r#"{"retries": 0}"#));
    assert_eq!(code, -3, "{report}");
}

#[test]
fn recursive_deletion_leaves_nothing_and_touches_nothing_else() {
    let bed = Bed::new();
    let client = bed.client();
    let here = bed.path("here");
    sample(&here);
    assert_eq!(up(&client, &here, None).0, 0);
    let watch = Watch::default();
    upload::buffer(&client, BUCKET, "/tree2/kept", b"kept", None, watch).unwrap();
    folder::create(&client, BUCKET, "/tree/explicit/", None).unwrap();

    let failure = folder::delete(&client, BUCKET, "/tree/", None).unwrap_err();
    assert!([-173, -197].contains(&failure.code), "{failure:?}");
    let recursive = Some(r#"{"recursive": true}"#);
    let answer = folder::delete(&client, BUCKET, "/tree/", recursive).unwrap();
    assert_eq!(answer.code, 0);
    assert_eq!(parsed(&answer)["data"]["files"], 24, "{}", answer.json);
    let failure = folder::list(&client, BUCKET, "/tree/", None).unwrap_err();
    assert_eq!(failure.code, -197);
    assert_eq!(file::stat(&client, BUCKET, "/tree2/kept", None).unwrap().code, 0);
    let failure = folder::delete(&client, BUCKET, "/tree/", recursive).unwrap_err();
    assert_eq!(failure.code, -197);
}
