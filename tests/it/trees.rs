//! Directories to folders and back.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use cos::client::Client;
use cos::ops::{file, folder, tree, upload};
use cos::threads::Watch;
use cos::transfer::Transfer;
use cos_emulator::{Action, Fault, Record};
use serde_json::Value;
use support::for_each_api;
use support::platform::within;
use support::transfers::{MIB, assert_same, dropped, html, most_at_once};
use support::{Api, BUCKET, Bed, Op, content, parsed};

pub fn write(root: &Path, name: &str, bytes: &[u8]) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Every file below `root`, with its content; directories end with a slash.
pub fn read(root: &Path) -> BTreeMap<String, Vec<u8>> {
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

/// The name of a file that is none of an object.
fn impossible(api: Api) -> String {
    match api {
        // Windows has no such names either.
        Api::V4 if cfg!(unix) => "x:y/inner".to_owned(),
        _ => ["n"; 6].map(|name| name.repeat(200)).join("/"),
    }
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

pub fn up(client: &Client, root: &Path, options: Option<&str>) -> (i32, Value) {
    let watch = Watch::default();
    let root = root.to_str().unwrap();
    let answer = tree::upload(client, BUCKET, "/tree/", root, options, watch).unwrap();
    (answer.code, parsed(&answer))
}

pub fn down(client: &Client, root: &Path, options: Option<&str>) -> (i32, Value) {
    let watch = Watch::default();
    let root = root.to_str().unwrap();
    let answer = tree::download(client, BUCKET, "/tree/", root, options, watch).unwrap();
    (answer.code, parsed(&answer))
}

pub fn line<'a>(report: &'a Value, path: &str) -> &'a Value {
    let lines = report["data"]["files"].as_array().unwrap();
    lines.iter().find(|line| line["path"] == path).unwrap_or_else(|| panic!("{path}: {report}"))
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
    assert_eq!(bed.logged(Op::Upload).len(), 1);
    assert_eq!(bed.logged(Op::Init).len(), 0);

    bed.emulator.clear_requests();
    let (code, report) = down(&client, &back, None);
    assert_eq!((code, &report["data"]["downloaded"]), (0, &1.into()), "{report}");
    assert_eq!(bed.logged(Op::Download).len(), 1);
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
    assert_eq!(line(&report, "a")["errno"], Value::Null);
    assert_eq!(line(&report, "b")["action"], "uploaded");

    write(&back, "a", b"mine");
    let (code, report) = down(&client, &back, Some(r#"{"overwrite": false}"#));
    assert_eq!(code, -1);
    assert_eq!(line(&report, "a")["action"], "failed");
    assert_eq!(line(&report, "a")["errno"], "EEXIST");
    assert_eq!(report["error"]["errno"], "EEXIST");
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

    bed.emulator.inject(api.slice_fault(html(403), 8));
    let (code, report) = up(&client, &here, Some(r#"{"concurrency": 1, "slice_size": 1048576}"#));
    assert_eq!((code, resumed(&report)), (-2, 0), "{report}");
    let (code, report) = up(&client, &here, None);
    assert_eq!((code, resumed(&report)), (0, 8 * MIB), "{report}");

    bed.emulator.inject(api.fault(Op::Download, html(403)).offset(16 * MIB as u64));
    let (code, report) = down(&client, &back, Some(r#"{"concurrency": 1}"#));
    assert_eq!((code, resumed(&report)), (-2, 0), "{report}");
    let (code, report) = down(&client, &back, None);
    assert_eq!((code, resumed(&report)), (0, 16 * MIB), "{report}");
    assert_eq!(report["transfer"]["bytes"], 17 * MIB + 5);
    assert_same(&fs::read(back.join("large")).unwrap(), &bytes);
}

fn names_from_the_server_do_not_lead_elsewhere(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    let evil = api.list("/tree/", &[("../evil", 1), ("..", 1), ("/etc/evil", 1)], "");
    let evil = api.reply(&evil);
    bed.emulator.inject(api.fault(Op::List, evil));
    let (code, report) = down(&client, &bed.path("back"), None);
    assert_eq!(code, -1);
    assert_eq!(report["data"]["failed"], 3, "{report}");
    assert_eq!(bed.logged(Op::Download).len(), 0);
    assert!(read(&bed.path("back")).is_empty());
    assert!(!bed.path("evil").exists());
}

fn progress_counts_the_whole_tree(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    let here = bed.path("here");
    sample(&here);
    let total = 9_070_000 + 5 + 10 * 6 + 10 * 7;
    for transfer in [tree::upload, tree::download] {
        let last = Mutex::new((0, 0));
        let watch = Watch {
            transfer: None,
            on_progress: Some(Box::new(|done, all| {
                let before = std::mem::replace(&mut *last.lock().unwrap(), (done, all));
                assert!(done <= all && all <= total, "{done} of {all}");
                assert!(before.0 <= done && before.1 <= all, "{done} of {all} after {before:?}");
                true
            })),
        };
        let root = here.to_str().unwrap();
        let answer = transfer(&client, BUCKET, "/tree/", root, None, watch).unwrap();
        assert_eq!(answer.code, 0, "{}", answer.json);
        assert_eq!(*last.lock().unwrap(), (total, total));
    }
}

/// Breaks the upload of a file at this request.
pub fn leave_unfinished(bed: &Bed, path: &str, bytes: &[u8], op: Op) {
    bed.emulator.inject(bed.api.fault(op, bed.api.code(-97)));
    let options = Some(r#"{"slice_threshold": 0, "insert_only": false}"#);
    let watch = Watch::default();
    let answer = upload::buffer(&bed.client(), BUCKET, path, bytes, options, watch).unwrap();
    assert_eq!(answer.code, -97);
}

fn an_unfinished_upload_beside_a_file_does_not_make_it_travel(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    let here = bed.path("here");
    write(&here, "a", &content(1000));
    assert_eq!(up(&client, &here, None).0, 0);
    leave_unfinished(&bed, "/tree/a", b"other", Op::Slice);
    bed.emulator.clear_requests();
    let (code, report) = up(&client, &here, None);
    assert_eq!((code, &report["data"]["unchanged"]), (0, &1.into()), "{report}");
    // One request for the folder, and one for what its list can't tell.
    assert_eq!(bed.emulator.requests().len(), if api == Api::V4 { 2 } else { 1 });
}

fn names_that_are_refused_are_lines_of_the_report(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    let (here, back) = (bed.path("here"), bed.path("back"));
    for name in ["good", "later/good", "a/inner/good"] {
        write(&here, name, name.as_bytes());
    }
    assert_eq!(up(&client, &here, None).0, 0);
    let (folder, file) = match api {
        Api::V4 => ("a:b/".to_owned(), "a*b".to_owned()),
        Api::V5 => ("b".repeat(900) + "/", "a".repeat(900)),
    };
    let listed = [(folder.as_str(), 0), (&file, 1), ("good", 4), ("a/", 0), ("later/", 0)];
    let odd = || api.fault(Op::List, api.reply(&api.list("/tree/", &listed, "")));

    bed.emulator.inject(odd());
    let (code, report) = down(&client, &back, Some(r#"{"verify_sha1": false}"#));
    assert_eq!((code, &report["data"]["downloaded"]), (-1, &3.into()), "{report}");
    // Windows has no such name, whatever it is of; otherwise it is the path that can't be.
    let is_no_name = cfg!(windows) && api == Api::V4;
    let shown = if is_no_name { folder.trim_end_matches('/') } else { &folder };
    for name in [shown, &file] {
        assert_eq!(line(&report, name)["code"], -1);
    }
    // It names one of them: that which failed first.
    let message = report["message"].as_str().unwrap();
    assert!([shown, &file].iter().any(|name| message.contains(name)), "{report}");

    write(&here, "new", b"new");
    let impossible = impossible(api);
    write(&here, &impossible, b"no cos path");
    bed.emulator.inject(odd());
    let (code, report) = up(&client, &here, None);
    assert_eq!(code, -1, "{report}");
    assert_eq!(line(&report, "new")["action"], "uploaded");
    assert_eq!(line(&report, &impossible)["code"], -1);
    assert_eq!(report["data"]["failed"], 1, "{report}");

    bed.emulator.inject(odd());
    let recursive = Some(r#"{"recursive": true}"#);
    let answer = folder::delete(&client, BUCKET, "/tree/", recursive).unwrap();
    let report = parsed(&answer);
    assert_eq!(answer.code, -1, "{report}");
    assert_eq!((&report["data"]["files"], &report["data"]["folders"]), (&3.into(), &3.into()));
    assert_eq!(report["data"]["failed"], 2);
    assert_eq!(report["data"]["failures"][0]["path"], file);
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

    bed.emulator.inject(api.fault(Op::Download, dropped()).path("/bad/").forever());
    let (code, report) = down(&client, &back, options);
    assert_eq!((code, &report["data"]["downloaded"]), (-3, &2.into()), "{report}");
    assert!(bad.iter().all(|name| line(&report, name)["code"] == -3));
    assert!(report["message"].as_str().unwrap().starts_with("bad/00: "), "{report}");

    write(&here, "z", b"changed");
    write(&here, "bad/00", b"changed");
    bed.emulator.inject(api.fault(Op::Upload, dropped()).path("/bad/").forever());
    let (code, report) = up(&client, &here, options);
    assert_eq!((code, &report["data"]["failed"]), (-3, &1.into()), "{report}");
    assert_eq!(line(&report, "z")["action"], "uploaded");
}

fn a_server_that_goes_away_ends_the_tree(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client_with(serde_json::json!({"retries": 0, "timeout_ms": 5000}));
    let here = bed.path("here");
    for i in 0..200 {
        write(&here, &format!("{i:03}"), b"x");
    }
    // From now on nobody gets a word out of it.
    bed.emulator.inject(api.fault(Op::Upload, dropped()).skip(20).forever());
    let looks = Fault::new(dropped()).forever();
    bed.emulator.inject(if api == Api::V4 { looks.op("stat") } else { looks.method("HEAD") });
    let (code, report) = up(&client, &here, Some(r#"{"concurrency": 1}"#));
    assert_eq!((code, &report["data"]["uploaded"]), (-3, &20.into()), "{report}");
    assert!(report["data"]["failed"].as_u64().unwrap() < 20, "{report}");
    assert!(report["message"].as_str().unwrap().contains("can't be reached"), "{report}");
}

/// A server of one's own: `reply` makes the body of every answer, from the number of the request and
/// its first line.
fn serve(api: Api, reply: impl Fn(usize, &str) -> String + Send + 'static) -> Client {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = format!("localhost:{}", listener.local_addr().unwrap().port());
    thread::spawn(move || {
        let mut count = 0;
        for tcp in listener.incoming() {
            let mut tcp = BufReader::new(tcp.unwrap());
            loop {
                let (mut first, mut line) = (String::new(), String::new());
                while line != "\r\n" {
                    line.clear();
                    if tcp.read_line(&mut line).unwrap_or(0) == 0 {
                        break;
                    }
                    if first.is_empty() {
                        first.clone_from(&line);
                    }
                }
                if line.is_empty() {
                    break;
                }
                count += 1;
                let _ = tcp.get_mut().write_all(api.http(&reply(count, &first)).as_bytes());
            }
        }
    });
    let mut options =
        serde_json::json!({"scheme": "http", "hostname": host, "download_hostname": host});
    options["api"] = if api == Api::V4 { "v4" } else { "v5" }.into();
    Client::new("1", "i", "k", None, Some(&options.to_string())).unwrap()
}

fn lists_without_end_have_one(api: Api) {
    let all = Some(r#"{"all": true}"#);
    let long = "x".repeat(100_000);
    for entries in [100, 0] {
        let long = long.clone();
        let client = serve(api, move |count, _| {
            api.list("/d/", &vec![(long.as_str(), 1); entries], &format!("c{count}"))
        });
        let failure = folder::list(&client, BUCKET, "/d/", all).unwrap_err();
        assert_eq!(failure.code(), -2, "{}", failure.message());
    }
    // Folders in folders.
    let client = serve(api, move |_, first| {
        let folder = first.split("prefix=").nth(1).unwrap_or("tree/");
        let folder = folder.split(['&', ' ']).next().unwrap().replace("%2F", "/");
        api.list(&format!("/{folder}"), &[("d/", 0)], "")
    });
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
    let page = |context: &str| api.reply(&api.list("/tree/", &[("unknown", 1)], context));
    let long = "c".repeat(2000);
    for context in ["CONTEXT", long.as_str()] {
        bed.emulator.inject(api.fault(Op::List, page(context)).forever());
        let (code, report) = up(&client, &here, None);
        assert_eq!((code, &report["data"]["failed"]), (0, &0.into()), "{report}");
        assert_eq!(line(&report, "deep/same")["action"], "unchanged");
        bed.emulator.clear_faults();
    }
    bed.emulator.inject(api.fault(Op::List, page(&long)));
    let listed = folder::list(&client, BUCKET, "/tree/", Some(r#"{"all": true}"#));
    match api {
        Api::V4 => {
            // The caller has not given that context.
            let failure = listed.unwrap_err();
            assert_eq!((failure.code(), failure.argument_name()), (-2, None));
        }
        // Where a page begins is in the query, which may be long.
        Api::V5 => assert_eq!(listed.unwrap().code, 0),
    }
}

fn long_pages_are_asked_for_where_they_are_given(api: Api) {
    // A limit that only the JSON API ever had.
    for strict in [false, true].into_iter().filter(|strict| !strict || api == Api::V4) {
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
        assert_eq!(bed.logged(Op::List).len(), if strict { 3 } else { 1 });
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
    bed.emulator.inject(api.fault(Op::List, Action::Withhold).forever());
    for transfer in [tree::upload, tree::download] {
        let asked = || bed.logged(Op::List).len();
        let before = asked();
        let watch = Watch { transfer: None, on_progress: Some(Box::new(|_, _| asked() == before)) };
        let (started, root) = (Instant::now(), here.to_str().unwrap());
        let answer = transfer(&client, BUCKET, "/tree/", root, None, watch).unwrap();
        assert_eq!(answer.code, 1, "{}", answer.json);
        assert!(started.elapsed().as_millis() < within(30_000), "the request itself takes minutes");
    }
}

fn one_file_that_fails_does_not_stop_the_others_but_a_dead_server_does(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client_with(serde_json::json!({"retries": 0, "timeout_ms": 2000}));
    let here = bed.path("here");
    sample(&here);
    bed.emulator.inject(api.fault(Op::Upload, api.code(-97)).path("many/07").forever());
    let (code, report) = up(&client, &here, None);
    assert_eq!(code, -97);
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
    let follower = Transfer::default();
    let followed = client.followed_by(&follower);
    let answer = folder::delete(&followed, BUCKET, "/tree/", recursive).unwrap();
    let data = &parsed(&answer)["data"];
    let gone = data["files"].as_u64().unwrap() + data["folders"].as_u64().unwrap();
    assert_eq!(follower.progress(), (gone, gone));
    assert_eq!(answer.code, 0);
    assert_eq!(parsed(&answer)["data"]["files"], 24, "{}", answer.json);
    let failure = folder::list(&client, BUCKET, "/tree/", None).unwrap_err();
    assert_eq!(failure.code(), -197);
    assert_eq!(file::stat(&client, BUCKET, "/tree2/kept", None).unwrap().code, 0);
    let failure = folder::delete(&client, BUCKET, "/tree/", recursive).unwrap_err();
    assert_eq!(failure.code(), -197);
}

/// Files in many folders, fewer of them than pages would have to be asked for one by one.
fn wide(root: &Path) -> (usize, usize) {
    for i in 0..60 {
        write(root, &format!("{:02}/{i:02}", i % 12), format!("file {i}").as_bytes());
    }
    (60, 12)
}

/// How many lists there are of a tree of so many files and folders; a page has 10 entries.
fn lists(api: Api, files: usize, folders: usize) -> usize {
    match api {
        Api::V4 => 2 + folders,
        Api::V5 => files.div_ceil(10),
    }
}

fn an_unchanged_tree_costs_its_list(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    let (here, back) = (bed.path("here"), bed.path("back"));
    let (files, folders) = wide(&here);
    fs::create_dir(here.join("nothing")).unwrap();
    assert_eq!(up(&client, &here, None).0, 0);
    assert_eq!(down(&client, &back, None).0, 0);
    bed.emulator.settings(|settings| settings.largest_page = 10);
    for (transfer, root) in [(up as fn(&_, &_, _) -> _, &here), (down, &back)] {
        bed.emulator.clear_requests();
        let (code, report) = transfer(&client, root, None);
        assert_eq!((code, &report["data"]["unchanged"]), (0, &files.into()), "{report}");
        let asked = bed.emulator.requests().len();
        match api {
            // No list tells whether an upload was finished.
            Api::V4 => assert!(asked <= 3 + folders + files, "{asked}"),
            // The folder that is empty is listed like a file.
            Api::V5 => assert_eq!(asked, lists(api, files + 1, folders)),
        }
    }
    assert_eq!(read(&here), read(&back));
}

fn a_tree_is_deleted_in_few_requests(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    let here = bed.path("here");
    let (files, folders) = wide(&here);
    assert_eq!(up(&client, &here, None).0, 0);
    folder::create(&client, BUCKET, "/tree/stored/", None).unwrap();
    bed.emulator.settings(|settings| settings.largest_page = 10);
    bed.emulator.clear_requests();
    let recursive = Some(r#"{"recursive": true}"#);
    let answer = folder::delete(&client, BUCKET, "/tree/", recursive).unwrap();
    let report = parsed(&answer);
    assert_eq!((answer.code, &report["data"]["files"]), (0, &files.into()), "{report}");
    assert_eq!(report["data"]["folders"], folders + 2, "{report}");
    let asked = bed.emulator.requests().len();
    match api {
        Api::V4 => assert!(asked <= 3 + folders + files + folders + 2, "{asked}"),
        // The files; a look at what is left; the folders.
        Api::V5 => assert_eq!(asked, lists(api, files + 1, folders) + 3),
    }
    assert_eq!(folder::list(&client, BUCKET, "/tree/", None).unwrap_err().code(), -197);
}

/// What arrives after its folder was listed stays, and so does the folder.
fn what_arrives_during_a_deletion_keeps_its_folder(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    for path in ["/tree/a/", "/tree/b/"] {
        folder::create(&client, BUCKET, path, None).unwrap();
    }
    for path in ["/tree/a/late", "/tree/b/file"] {
        upload::buffer(&client, BUCKET, path, b"bytes", None, Watch::default()).unwrap();
    }
    let (before, names): (_, &[_]) = match api {
        Api::V4 => ("/tree/a/", &[]),
        Api::V5 => ("/tree/", &[("b/file", 5)]),
    };
    let list = bed.api.reply(&api.list(before, names, ""));
    let list = api.fault(Op::List, list);
    bed.emulator.inject(if api == Api::V4 { list.path("/tree/a/") } else { list });
    let recursive = Some(r#"{"recursive": true}"#);
    let answer = folder::delete(&client, BUCKET, "/tree/", recursive).unwrap();
    let report = parsed(&answer);
    assert!([-173, -197].contains(&answer.code), "{report}");
    assert_eq!(report["data"]["files"], 1, "{report}");
    assert_eq!(report["data"]["failures"][0]["path"], "a/");
    assert_eq!(file::stat(&client, BUCKET, "/tree/a/late", None).unwrap().code, 0);
    assert_eq!(folder::stat(&client, BUCKET, "/tree/a/", None).unwrap().code, 0);
    assert_eq!(file::stat(&client, BUCKET, "/tree/b/file", None).unwrap_err().code(), -197);
}

/// What else there is in a bucket is not listed for the sake of a few files.
fn an_upload_lists_what_is_around_its_files_and_little_else(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    let (here, other) = (bed.path("here"), bed.path("other"));
    for folder in ["a", "m", "z"] {
        for i in 0..40 {
            write(&other, &format!("{folder}/{i:02}"), b"other");
        }
    }
    for name in ["b/1", "b/2", "m/41", "y"] {
        write(&here, name, name.as_bytes());
        write(&other, name, name.as_bytes());
    }
    assert_eq!(up(&client, &other, None).0, 0);
    write(&here, "m/42", b"new");
    bed.emulator.settings(|settings| settings.largest_page = 10);
    bed.emulator.clear_requests();
    let (code, report) = up(&client, &here, None);
    assert_eq!((code, &report["data"]["unchanged"]), (0, &4.into()), "{report}");
    assert_eq!(line(&report, "m/42")["action"], "uploaded");
    let lists = bed.logged(Op::List).len();
    assert!(lists <= if api == Api::V4 { 3 + 4 } else { 3 }, "{lists}");
    assert_eq!(bed.logged(Op::Stat).len(), 0);
}

/// Small files need not wait for a large one, and workers without files take parts of it.
fn small_files_and_parts_of_a_large_one_travel_together(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    let (here, back) = (bed.path("here"), bed.path("back"));
    write(&here, "large", &content(33 * MIB));
    for i in 0..12 {
        write(&here, &format!("small/{i:02}"), b"small");
    }
    let late = |op| api.fault(op, Action::Delay { ms: 200 }).path("/large").forever();
    bed.emulator.inject(late(Op::Slice));
    bed.emulator.inject(late(Op::Download));
    let options = Some(r#"{"concurrency": 4, "slice_size": 1048576}"#);
    assert_eq!(up(&client, &here, options).0, 0);
    let is_beside = |small: &[Record], parts: &[Record]| {
        small.iter().any(|small| small.started_ms < parts[parts.len() - 1].started_ms)
    };
    let slices = bed.logged(Op::Slice);
    assert!(is_beside(&bed.logged(Op::Upload), &slices));
    assert!((2..=4).contains(&most_at_once(&slices)));
    assert!(most_at_once(&bed.emulator.requests()) <= 4);

    bed.emulator.clear_requests();
    assert_eq!(down(&client, &back, None).0, 0);
    let (pieces, small): (Vec<_>, Vec<_>) =
        bed.logged(Op::Download).into_iter().partition(|record| record.path.ends_with("/large"));
    assert!(is_beside(&small, &pieces));
    assert!((2..=4).contains(&most_at_once(&pieces)));
    assert!(most_at_once(&bed.emulator.requests()) <= 4);
    assert!(read(&here) == read(&back));
}

#[test]
fn names_with_two_slashes_stay_away_from_the_disk_and_are_deleted() {
    let bed = Bed::new(Api::V5);
    let client = bed.client();
    for path in ["/tree/a/b", "/tree/a//b", "/tree//c"] {
        upload::buffer(&client, BUCKET, path, path.as_bytes(), None, Watch::default()).unwrap();
    }
    let there = bed.path("there");
    let (code, report) = down(&client, &there, None);
    assert_eq!(code, -1, "{report}");
    assert_eq!(fs::read(there.join("a/b")).unwrap(), b"/tree/a/b");
    let recursive = Some(r#"{"recursive": true}"#);
    let answer = folder::delete(&client, BUCKET, "/tree/", recursive).unwrap();
    assert_eq!(parsed(&answer)["data"]["files"], 3, "{}", answer.json);
    assert_eq!(folder::list(&client, BUCKET, "/tree/", None).unwrap_err().code(), -197);
}

for_each_api! {
    a_tree_goes_up_and_comes_back_the_same,
    only_what_differs_travels_again,
    insert_only_and_overwrite_keep_what_is_there,
    large_files_that_were_broken_off_are_continued,
    names_from_the_server_do_not_lead_elsewhere,
    an_unchanged_tree_costs_its_list,
    a_tree_is_deleted_in_few_requests,
    what_arrives_during_a_deletion_keeps_its_folder,
    an_upload_lists_what_is_around_its_files_and_little_else,
    small_files_and_parts_of_a_large_one_travel_together,
    progress_counts_the_whole_tree,
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

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    use super::*;

    for_each_api! {
        links_and_impossible_names_are_reported_and_not_followed,
        nothing_is_written_outside_the_destination,
    }

    fn links_and_impossible_names_are_reported_and_not_followed(api: Api) {
        let bed = Bed::new(api);
        let client = bed.client();
        let here = bed.path("here");
        write(&here, "good", b"good");
        let impossible = impossible(api);
        write(&here, &impossible, b"no cos path");
        write(&bed.path("outside"), "secret", b"secret");
        symlink(bed.path("outside"), here.join("directory link")).unwrap();
        symlink(bed.path("outside/secret"), here.join("file link")).unwrap();
        symlink(&here, here.join("circle")).unwrap();
        let _socket = UnixListener::bind(here.join("socket")).unwrap();
        let (code, report) = up(&client, &here, None);
        assert_eq!(code, -1, "{report}");
        assert_eq!(report["error"]["argument"], "cos_path");
        assert_eq!(line(&report, &impossible)["code"], -1);
        for link in ["directory link", "file link", "circle", "socket"] {
            assert_eq!(line(&report, link)["action"], "ignored");
        }
        assert_eq!(report["data"]["uploaded"], 1);
        let uploads = bed.logged(Op::Upload).len();
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
}
