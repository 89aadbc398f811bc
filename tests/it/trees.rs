//! Directories to folders and back.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cos::client::Client;
use cos::ops::{file, folder, tree, upload};
use cos::threads::Watch;
use cos_emulator::{Action, Emulator, Fault};
use serde_json::Value;
use support::for_api;
use support::transfers::{MIB, assert_same, code, dropped, html, reply_with, slice_fault};
use support::{Api, BUCKET, Bed, content, parsed};

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
            if entry.file_type().unwrap().is_dir() {
                found.insert(format!("{name}/"), Vec::new());
                to_do.push(format!("{name}/"));
            } else {
                found.insert(name, fs::read(entry.path()).unwrap());
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

fn a_tree_goes_up_and_comes_back_the_same(api: Api) {
    let bed = Bed::new(api);
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

fn only_what_differs_travels_again(api: Api) {
    let bed = Bed::new(api);
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

fn insert_only_and_overwrite_keep_what_is_there(api: Api) {
    let bed = Bed::new(api);
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

fn large_files_that_were_broken_off_are_continued(api: Api) {
    let bed = Bed::new(api);
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

fn links_and_impossible_names_are_reported_and_not_followed(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    let here = bed.path("here");
    write(&here, "good", b"good");
    write(&here, "a:b", b"no cos path");
    write(&bed.path("outside"), "secret", b"secret");
    symlink(bed.path("outside"), here.join("directory link")).unwrap();
    symlink(bed.path("outside/secret"), here.join("file link")).unwrap();
    symlink(&here, here.join("circle")).unwrap();
    let _socket = UnixListener::bind(here.join("socket")).unwrap();
    let (code, report) = up(&client, &here, None);
    assert_eq!(code, -1, "{report}");
    assert_eq!(report["error"]["argument"], "cos_path");
    assert_eq!(line(&report, "a:b")["code"], -1);
    for link in ["directory link", "file link", "circle", "socket"] {
        assert_eq!(line(&report, link)["action"], "ignored");
    }
    assert_eq!(report["data"]["uploaded"], 1);
    let uploads = asked(&bed.emulator, "upload");
    assert_eq!(uploads, 1);
}

fn nothing_is_written_outside_the_destination(api: Api) {
    let bed = Bed::new(api);
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

fn names_from_the_server_do_not_lead_elsewhere(api: Api) {
    let bed = Bed::new(api);
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

fn progress_counts_the_whole_tree(api: Api) {
    let bed = Bed::new(api);
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

/// Breaks the upload of a file so that only its finish is missing, or nothing of it is there.
fn leave_unfinished(bed: &Bed, path: &str, bytes: &[u8], op: &str) {
    bed.emulator.inject(Fault::new(code(-4016)).op(op));
    let options = Some(r#"{"slice_threshold": 0, "insert_only": false}"#);
    let watch = Watch::default();
    let answer = upload::buffer(&bed.client(), BUCKET, path, bytes, options, watch).unwrap();
    assert_eq!(answer.code, -4016);
}

/// How an upload was begun shows neither in its size nor in the options of this call.
fn what_was_never_finished_is_not_unchanged(api: Api) {
    for options in [None, Some(r#"{"slice_threshold": 0}"#), Some(r#"{"verify_sha1": false}"#)] {
        let bed = Bed::new(api);
        let client = bed.client();
        let here = bed.path("here");
        for name in ["small", "deep/large"] {
            let bytes = content(if name == "small" { 5 } else { 3 * MIB });
            write(&here, name, &bytes);
            leave_unfinished(&bed, &format!("/tree/{name}"), &bytes, "upload_slice_finish");
        }
        let (code, report) = down(&client, &here, None);
        assert_eq!((code, &report["data"]["ignored"]), (0, &2.into()), "{report}");
        let (code, report) = up(&client, &here, options);
        assert_eq!((code, &report["data"]["uploaded"]), (0, &2.into()), "{report}");
        let (code, _) = down(&client, &bed.path("back"), None);
        assert_eq!(code, 0);
        assert!(read(&here) == read(&bed.path("back")));
    }
}

fn an_unfinished_upload_beside_a_file_does_not_make_it_travel(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    let here = bed.path("here");
    write(&here, "a", &content(1000));
    assert_eq!(up(&client, &here, None).0, 0);
    leave_unfinished(&bed, "/tree/a", b"other", "upload_slice_data");
    bed.emulator.clear_requests();
    let (code, report) = up(&client, &here, None);
    assert_eq!((code, &report["data"]["unchanged"]), (0, &1.into()), "{report}");
    // One request for the folder, and one for what its list can't tell.
    assert_eq!(bed.emulator.requests().len(), 2);
}

fn names_that_are_refused_are_lines_of_the_report(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    let (here, back) = (bed.path("here"), bed.path("back"));
    for name in ["good", "later/good", "a/inner/good"] {
        write(&here, name, name.as_bytes());
    }
    assert_eq!(up(&client, &here, None).0, 0);
    let odd = r#"{"code":0,"message":"SUCCESS","data":{"context":"","listover":true,"infos":[
        {"name":"a:b/","mtime":1}, {"name":"a*b","sha":"0","filesize":1,"mtime":1},
        {"name":"good","sha":"0","filesize":4,"mtime":1}, {"name":"a/","mtime":1},
        {"name":"later/","mtime":1}]}}"#;
    let odd = || Fault::new(reply_with(200, "application/json", odd.into())).op("list");

    bed.emulator.inject(odd());
    let (code, report) = down(&client, &back, Some(r#"{"verify_sha1": false}"#));
    assert_eq!((code, &report["data"]["downloaded"]), (-1, &3.into()), "{report}");
    for name in ["a:b/", "a*b"] {
        assert_eq!(line(&report, name)["code"], -1);
    }
    assert!(report["message"].as_str().unwrap().contains("a:b/"), "{report}");

    write(&here, "new", b"new");
    write(&here, "x:y/inner", b"no cos path");
    bed.emulator.inject(odd());
    let (code, report) = up(&client, &here, None);
    assert_eq!(code, -1, "{report}");
    assert_eq!(line(&report, "new")["action"], "uploaded");
    assert_eq!(line(&report, "x:y/inner")["code"], -1);
    assert_eq!(report["data"]["failed"], 1, "{report}");

    bed.emulator.inject(odd());
    let recursive = Some(r#"{"recursive": true}"#);
    let answer = folder::delete(&client, BUCKET, "/tree/", recursive).unwrap();
    let report = parsed(&answer);
    assert_eq!(answer.code, -1, "{report}");
    assert_eq!((&report["data"]["files"], &report["data"]["folders"]), (&3.into(), &3.into()));
    assert_eq!(report["data"]["failed"], 2);
    assert_eq!(report["data"]["failures"][0]["path"], "a*b");
    let failure = folder::list(&client, BUCKET, "/tree/a/", None).unwrap_err();
    assert_eq!(failure.code(), -197);
}

fn a_file_whose_connection_always_breaks_does_not_stop_the_others(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client_with(serde_json::json!({"retries": 0}));
    let (here, back) = (bed.path("here"), bed.path("back"));
    // More in a row than it takes to doubt that there is a server.
    let bad: Vec<_> = (0..20).map(|i| format!("bad/{i:02}")).collect();
    for name in bad.iter().map(String::as_str).chain(["a", "z"]) {
        write(&here, name, name.as_bytes());
    }
    assert_eq!(up(&client, &here, None).0, 0);
    let options = Some(r#"{"concurrency": 1}"#);

    bed.emulator.inject(Fault::new(dropped()).op("download").path("/bad/").forever());
    let (code, report) = down(&client, &back, options);
    assert_eq!((code, &report["data"]["downloaded"]), (-3, &2.into()), "{report}");
    assert!(bad.iter().all(|name| line(&report, name)["code"] == -3));
    assert!(report["message"].as_str().unwrap().starts_with("bad/00: "), "{report}");

    write(&here, "z", b"changed");
    write(&here, "bad/00", b"changed");
    bed.emulator.inject(Fault::new(dropped()).op("upload").path("/bad/").forever());
    let (code, report) = up(&client, &here, options);
    assert_eq!((code, &report["data"]["failed"]), (-3, &1.into()), "{report}");
    assert_eq!(line(&report, "z")["action"], "uploaded");

    bed.emulator.inject(Fault::new(dropped()).op("delete").path("/bad/07").forever());
    let recursive = Some(r#"{"recursive": true, "concurrency": 1}"#);
    let answer = folder::delete(&client, BUCKET, "/tree/", recursive).unwrap();
    assert_eq!(answer.code, -3);
    let report = parsed(&answer);
    assert_eq!((&report["data"]["files"], &report["data"]["folders"]), (&21.into(), &0.into()));
    assert_eq!(report["data"]["failures"][0]["path"], "bad/07", "{report}");
    // The folders that it is in are kept without trying.
    assert_eq!(report["data"]["failed"], 1);
}

fn a_server_that_goes_away_ends_the_tree(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client_with(serde_json::json!({"retries": 0, "timeout_ms": 5000}));
    let here = bed.path("here");
    for i in 0..200 {
        write(&here, &format!("{i:03}"), b"x");
    }
    // From now on nobody gets a word out of it.
    bed.emulator.inject(Fault::new(dropped()).op("upload").skip(20).forever());
    bed.emulator.inject(Fault::new(dropped()).op("stat").forever());
    let (code, report) = up(&client, &here, Some(r#"{"concurrency": 1}"#));
    assert_eq!((code, &report["data"]["uploaded"]), (-3, &20.into()), "{report}");
    assert!(report["data"]["failed"].as_u64().unwrap() < 20, "{report}");
    assert!(report["message"].as_str().unwrap().contains("can't be reached"), "{report}");
}

/// A server of one's own: `reply` makes the `data` of every answer, from the number of the request.
fn serve(reply: impl Fn(usize) -> Value + Send + 'static) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        let mut count = 0;
        for tcp in listener.incoming() {
            let mut tcp = BufReader::new(tcp.unwrap());
            loop {
                let mut line = String::new();
                while line != "\r\n" {
                    line.clear();
                    if tcp.read_line(&mut line).unwrap_or(0) == 0 {
                        break;
                    }
                }
                if line.is_empty() {
                    break;
                }
                count += 1;
                let body = serde_json::json!({"code": 0, "data": reply(count)}).to_string();
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
                let _ = tcp.get_mut().write_all((head + &body).as_bytes());
            }
        }
    });
    let options =
        serde_json::json!({"scheme": "http", "hostname": host, "download_hostname": host});
    Client::new("1", "i", "k", None, Some(&options.to_string())).unwrap()
}

fn page(count: usize, infos: Value) -> Value {
    serde_json::json!({"context": format!("c{count}"), "listover": false, "infos": infos})
}

fn lists_without_end_have_one(api: Api) {
    let all = Some(r#"{"all": true}"#);
    let entry = serde_json::json!({"name": "x".repeat(100_000), "sha": "0", "filesize": 1});
    for infos in [Value::from(vec![entry; 100]), Value::from(Vec::<Value>::new())] {
        let client = serve(move |count| page(count, infos.clone()));
        let failure = folder::list(&client, BUCKET, "/d/", all).unwrap_err();
        assert_eq!(failure.code(), -2, "{}", failure.message());
    }
    // Folders in folders.
    let client =
        serve(|_| serde_json::json!({"context": "", "listover": true, "infos": [{"name": "d/"}]}));
    let bed = Bed::new(api);
    let (code, report) = down(&client, &bed.path("back"), None);
    assert_eq!((code, &report["data"]["failed"]), (-1, &1.into()));
}

/// What is to be uploaded is asked for by name where a list of its folder would never end.
fn a_folder_too_long_to_list_is_no_obstacle_to_an_upload(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    let here = bed.path("here");
    write(&here, "same", b"same");
    write(&here, "deep/same", b"same");
    assert_eq!(up(&client, &here, None).0, 0);
    write(&here, "deep/new", b"new");
    // Every page says that there are more.
    let more = r#"{"code":0,"message":"SUCCESS","data":{"context":"CONTEXT","listover":false,
        "infos":[{"name":"unknown","sha":"0","filesize":1,"mtime":1}]}}"#;
    let long = more.replace("CONTEXT", &"c".repeat(2000));
    for context in [more, long.as_str()] {
        bed.emulator.inject(
            Fault::new(reply_with(200, "application/json", context.into())).op("list").forever(),
        );
        let (code, report) = up(&client, &here, None);
        assert_eq!((code, &report["data"]["failed"]), (0, &0.into()), "{report}");
        assert_eq!(line(&report, "deep/same")["action"], "unchanged");
        bed.emulator.clear_faults();
    }
    let failure = {
        bed.emulator.inject(Fault::new(reply_with(200, "application/json", long)).op("list"));
        folder::list(&client, BUCKET, "/tree/", Some(r#"{"all": true}"#)).unwrap_err()
    };
    // The caller has not given that context.
    assert_eq!((failure.code(), failure.argument_name()), (-2, None));
}

fn long_pages_are_asked_for_where_they_are_given(api: Api) {
    for strict in [false, true] {
        let bed = Bed::new(api);
        bed.emulator.settings(|settings| settings.strict_list_limit = strict);
        let client = bed.client();
        for i in 0..201 {
            let path = format!("/tree/{i}");
            upload::buffer(&client, BUCKET, &path, b"x", None, Watch::default()).unwrap();
        }
        bed.emulator.clear_requests();
        let reply = folder::list(&client, BUCKET, "/tree/", Some(r#"{"all": true}"#)).unwrap();
        let reply: Value = serde_json::from_str(&reply.json).unwrap();
        assert_eq!(reply["data"]["infos"].as_array().unwrap().len(), 201);
        assert_eq!(asked(&bed.emulator, "list"), if strict { 3 } else { 1 });
        let (code, report) = down(&client, &bed.path("back"), None);
        assert_eq!((code, &report["data"]["downloaded"]), (0, &201.into()), "{report}");
    }
}

/// What is not known yet can be waited for, and given up, all the same.
fn a_tree_can_be_cancelled_while_it_is_listed(api: Api) {
    let bed = Bed::new(api);
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

fn one_file_that_fails_does_not_stop_the_others_but_a_dead_server_does(api: Api) {
    let bed = Bed::new(api);
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

fn recursive_deletion_leaves_nothing_and_touches_nothing_else(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    let here = bed.path("here");
    sample(&here);
    assert_eq!(up(&client, &here, None).0, 0);
    let watch = Watch::default();
    upload::buffer(&client, BUCKET, "/tree2/kept", b"kept", None, watch).unwrap();
    folder::create(&client, BUCKET, "/tree/explicit/", None).unwrap();

    let failure = folder::delete(&client, BUCKET, "/tree/", None).unwrap_err();
    assert!([-173, -197].contains(&failure.code()), "{failure:?}");
    let recursive = Some(r#"{"recursive": true}"#);
    let answer = folder::delete(&client, BUCKET, "/tree/", recursive).unwrap();
    assert_eq!(answer.code, 0);
    assert_eq!(parsed(&answer)["data"]["files"], 24, "{}", answer.json);
    let failure = folder::list(&client, BUCKET, "/tree/", None).unwrap_err();
    assert_eq!(failure.code(), -197);
    assert_eq!(file::stat(&client, BUCKET, "/tree2/kept", None).unwrap().code, 0);
    let failure = folder::delete(&client, BUCKET, "/tree/", recursive).unwrap_err();
    assert_eq!(failure.code(), -197);
}

for_api! { v4 V4
    a_tree_goes_up_and_comes_back_the_same,
    only_what_differs_travels_again,
    insert_only_and_overwrite_keep_what_is_there,
    large_files_that_were_broken_off_are_continued,
    links_and_impossible_names_are_reported_and_not_followed,
    nothing_is_written_outside_the_destination,
    names_from_the_server_do_not_lead_elsewhere,
    progress_counts_the_whole_tree,
    what_was_never_finished_is_not_unchanged,
    an_unfinished_upload_beside_a_file_does_not_make_it_travel,
    names_that_are_refused_are_lines_of_the_report,
    a_file_whose_connection_always_breaks_does_not_stop_the_others,
    a_server_that_goes_away_ends_the_tree,
    lists_without_end_have_one,
    a_folder_too_long_to_list_is_no_obstacle_to_an_upload,
    long_pages_are_asked_for_where_they_are_given,
    a_tree_can_be_cancelled_while_it_is_listed,
    one_file_that_fails_does_not_stop_the_others_but_a_dead_server_does,
    recursive_deletion_leaves_nothing_and_touches_nothing_else
}
