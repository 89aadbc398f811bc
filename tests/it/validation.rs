//! What is refused is refused before anything is sent.

use std::fs;

use cos::client::Client;
use cos::ops::{download, file, folder, sign, tree, upload};
use cos::reply::Reply;
use cos::reply::{Failure, Result};
use cos::threads::Watch;
use cos::transfer::Transfer;
use serde_json::json;
use support::platform::DEVICE;
use support::{APPID, Api, BUCKET, Bed, SECRET_ID, SECRET_KEY};

/// What a call on one path is given besides the client.
struct Given<'a> {
    bucket: &'a str,
    path: &'a str,
    options: Option<&'a str>,
    /// A directory that exists.
    here: &'a str,
}

type Call = fn(&Client, &Given) -> Option<Box<Failure>>;

fn refusal<T>(result: Result<T>) -> Option<Box<Failure>> {
    result.err()
}

/// Everything that takes the path of a file and options.
const FILE_CALLS: [(&str, Call); 10] = [
    ("stat_file", |c, g| refusal(file::stat(c, g.bucket, g.path, g.options))),
    ("update_file", |c, g| refusal(file::update(c, g.bucket, g.path, g.options))),
    ("del_file", |c, g| refusal(file::delete(c, g.bucket, g.path, g.options))),
    ("move_file", |c, g| refusal(file::rename(c, g.bucket, g.path, "/to", g.options))),
    ("copy_file", |c, g| refusal(file::copy(c, g.bucket, g.path, "/to", g.options))),
    ("upload_buffer", |c, g| {
        refusal(upload::buffer(c, g.bucket, g.path, b"x", g.options, Watch::default()))
    }),
    ("upload_stream", |c, g| {
        let (watch, mut never) = (Watch::default(), |_: &mut [u8]| unreachable!());
        refusal(upload::stream(c, g.bucket, g.path, 1, g.options, watch, &mut never))
    }),
    ("download_file", |c, g| {
        let local = format!("{}/local", g.here);
        refusal(download::file(c, g.bucket, g.path, &local, g.options, Watch::default()))
    }),
    ("download_buffer", |c, g| {
        refusal(download::buffer(c, g.bucket, g.path, g.options, Watch::default()))
    }),
    ("download_stream", |c, g| {
        let mut never = |_: &[u8]| unreachable!();
        refusal(download::stream(c, g.bucket, g.path, g.options, Watch::default(), &mut never))
    }),
];

/// Everything that takes the path of a folder and options.
const FOLDER_CALLS: [(&str, Call); 7] = [
    ("create_folder", |c, g| refusal(folder::create(c, g.bucket, g.path, g.options))),
    ("stat_folder", |c, g| refusal(folder::stat(c, g.bucket, g.path, g.options))),
    ("update_folder", |c, g| refusal(folder::update(c, g.bucket, g.path, g.options))),
    ("list_folder", |c, g| refusal(folder::list(c, g.bucket, g.path, g.options))),
    ("del_folder", |c, g| refusal(folder::delete(c, g.bucket, g.path, g.options))),
    ("upload_folder", |c, g| {
        refusal(tree::upload(c, g.bucket, g.path, g.here, g.options, Watch::default()))
    }),
    ("download_folder", |c, g| {
        refusal(tree::download(c, g.bucket, g.path, g.here, g.options, Watch::default()))
    }),
];

/// All of them take the path of a file, all but the last that of a folder.
const SIGN_CALLS: [(&str, Call); 4] = [
    ("sign_more", |c, g| refusal(sign::more(c, g.bucket, g.path, 60))),
    ("sign_once", |c, g| refusal(sign::once(c, g.bucket, g.path))),
    ("sign_url", |c, g| refusal(sign::url(c, "GET", g.bucket, g.path, 60, None))),
    ("sign_download", |c, g| refusal(sign::download(c, g.bucket, g.path, 60))),
];

/// Everything that takes a path to put a file at.
const DESTINATION_CALLS: [(&str, Call); 2] = [
    ("move_file to", |c, g| refusal(file::rename(c, g.bucket, "/f", g.path, g.options))),
    ("copy_file to", |c, g| refusal(file::copy(c, g.bucket, "/f", g.path, g.options))),
];

/// An emulator that must not hear of anything.
struct Deaf {
    bed: Bed,
    client: Client,
}

impl Deaf {
    fn new() -> Deaf {
        Deaf::of(Api::V4)
    }

    fn of(api: Api) -> Deaf {
        let bed = Bed::new(api);
        let client = bed.client();
        Deaf { bed, client }
    }

    fn here(&self) -> &str {
        self.bed.dir.path().to_str().unwrap()
    }

    fn local(&self, name: &str) -> String {
        format!("{}/{name}", self.here())
    }

    fn refuses(&self, (name, call): (&str, Call), given: Given, argument: &str) -> Box<Failure> {
        let what = format!("{name} {:?} {:?} {:?}", given.bucket, given.path, given.options);
        let failure = call(&self.client, &given).unwrap_or_else(|| panic!("accepted: {what}"));
        self.check(&what, failure, argument)
    }

    fn check(&self, what: &str, failure: Box<Failure>, argument: &str) -> Box<Failure> {
        assert_eq!(failure.code(), -1, "{what}: {failure:?}");
        assert_eq!(failure.argument_name(), Some(argument), "{what}: {failure:?}");
        assert!(failure.message().starts_with(argument), "{what}: {failure:?}");
        assert_eq!(failure.attempts(), 0, "{what}: {failure:?}");
        let requests = self.bed.emulator.requests();
        assert!(requests.is_empty(), "{what} sent {requests:?}");
        failure
    }

    fn refuses_to_read(&self, local: &str, why: &str, errno: Option<&str>) {
        let result = upload::file(&self.client, BUCKET, "/f", local, None, Watch::default());
        let failure = self.check(local, result.unwrap_err(), "local_path");
        assert!(failure.message().contains(why), "{local:?}: {failure:?}");
        assert_eq!(failure.phase().as_str(), "local_file");
        assert_eq!(failure.errno(), errno, "{local:?}");
    }

    fn refuses_as_tree(&self, local: &str, errno: Option<&str>) {
        let result = tree::upload(&self.client, BUCKET, "/d/", local, None, Watch::default());
        let failure = self.check(local, result.unwrap_err(), "local_path");
        assert_eq!(failure.errno(), errno, "{local:?}");
    }

    fn refuses_to_write(&self, local: &str, options: Option<&str>, errno: Option<&str>) {
        let watch = Watch::default();
        let result = download::file(&self.client, BUCKET, "/f", local, options, watch);
        let failure = self.check(local, result.unwrap_err(), "local_path");
        assert_eq!(failure.errno(), errno, "{local:?}");
    }

    fn given<'a>(&'a self, path: &'a str, options: Option<&'a str>) -> Given<'a> {
        Given { bucket: BUCKET, path, options, here: self.here() }
    }
}

#[test]
fn buckets() {
    let deaf = Deaf::new();
    let long = "b".repeat(65);
    for bucket in ["", "Bucket", "a_b", "a.b", "a/b", "../b", "a b", "桶", "b\r\nX: y", "b?", &long]
    {
        for (calls, path) in
            [(&FILE_CALLS[..], "/f"), (&FOLDER_CALLS[..], "/d/"), (&SIGN_CALLS[..], "/f")]
        {
            for call in calls {
                let given = Given { bucket, ..deaf.given(path, Some(r#"{"biz_attr":""}"#)) };
                let given = if call.0.starts_with("update") {
                    given
                } else {
                    Given { options: None, ..given }
                };
                deaf.refuses(*call, given, "bucket");
            }
        }
    }
}

/// Paths that no operation takes, and what a message about them says.
const BAD_PATHS: [(&str, &str); 26] = [
    ("", "start with '/'"),
    ("f", "start with '/'"),
    (" /f", "start with '/'"),
    ("/a?b", "'?'"),
    ("/a*b", "'*'"),
    ("/a:b", "':'"),
    ("/a|b", "'|'"),
    ("/a\\b", "'\\'"),
    ("/a<b", "'<'"),
    ("/a>b", "'>'"),
    ("/a\"b", "'\"'"),
    ("//f", "blank segment"),
    ("/a//f", "blank segment"),
    ("/ /f", "blank segment"),
    ("/a/\t/f", "control characters"),
    ("/a/\u{a0}\u{3000}/f", "blank segment"),
    ("/.", "'.' or '..'"),
    ("/..", "'.' or '..'"),
    ("/./f", "'.' or '..'"),
    ("/../f", "'.' or '..'"),
    ("/a/../f", "'.' or '..'"),
    ("/a/..", "'.' or '..'"),
    ("/a\nb", "control characters"),
    ("/a\rb", "control characters"),
    ("/a\u{7f}", "control characters"),
    ("/a\u{9f}b", "control characters"),
];

#[test]
fn paths() {
    let deaf = Deaf::new();
    for (path, why) in BAD_PATHS {
        let folder = format!("{path}/");
        for call in FILE_CALLS.iter().chain(&SIGN_CALLS) {
            let failure = deaf.refuses(*call, deaf.given(path, None), "cos_path");
            assert!(failure.message().contains(why), "{path:?}: {failure:?}");
        }
        // The empty path with a slash is the bucket.
        for call in FOLDER_CALLS.iter().chain(&SIGN_CALLS[..3]).filter(|_| !path.is_empty()) {
            let failure = deaf.refuses(*call, deaf.given(&folder, None), "cos_path");
            assert!(failure.message().contains(why), "{folder:?}: {failure:?}");
        }
        for call in DESTINATION_CALLS {
            let failure = deaf.refuses(call, deaf.given(path, None), "dest_path");
            assert!(failure.message().contains(why), "{path:?}: {failure:?}");
        }
    }
}

#[test]
fn files_and_folders_are_told_apart() {
    let deaf = Deaf::new();
    for call in FILE_CALLS.iter().chain(&SIGN_CALLS[3..]) {
        for path in ["/", "/d/", "/a/b/"] {
            let failure = deaf.refuses(*call, deaf.given(path, None), "cos_path");
            assert!(failure.message().contains("names a folder"), "{failure:?}");
        }
    }
    for call in FOLDER_CALLS {
        for path in ["/f", "/a/b"] {
            let failure = deaf.refuses(call, deaf.given(path, None), "cos_path");
            assert!(failure.message().contains("names a file"), "{failure:?}");
        }
    }
    for name in ["create_folder", "update_folder", "del_folder"] {
        let call = FOLDER_CALLS.into_iter().find(|call| call.0 == name).unwrap();
        let failure = deaf.refuses(call, deaf.given("/", Some(r#"{"biz_attr":""}"#)), "cos_path");
        assert!(failure.message().contains("bucket"), "{failure:?}");
    }
    for call in DESTINATION_CALLS {
        deaf.refuses(call, deaf.given("/d/", None), "dest_path");
    }
}

#[test]
fn paths_whose_url_would_be_too_long() {
    let deaf = Deaf::new();
    // Three bytes in UTF-8, nine in a URL.
    let file = format!("/{}", "好".repeat(114));
    let folder = format!("{file}/");
    for call in FILE_CALLS.iter().chain(&SIGN_CALLS) {
        deaf.refuses(*call, deaf.given(&file, None), "cos_path");
    }
    for call in FOLDER_CALLS.iter().chain(&SIGN_CALLS[..3]) {
        deaf.refuses(*call, deaf.given(&folder, None), "cos_path");
    }
    for call in DESTINATION_CALLS {
        deaf.refuses(call, deaf.given(&file, None), "dest_path");
    }
    // This one is too long only together with host, appid and bucket.
    let file = format!("/{}", "a".repeat(1000));
    let failure = file::stat(&deaf.client, BUCKET, &file, None).unwrap_err();
    assert_eq!((failure.code(), failure.argument_name()), (-1, Some("cos_path")));
    assert!(deaf.bed.emulator.requests().is_empty());
}

#[test]
fn options_that_every_operation_refuses() {
    let deaf = Deaf::new();
    let bad = [
        ("", "options"),
        ("null", "options"),
        ("[]", "options"),
        ("{", "options"),
        ("{'a': 1}", "options"),
        (r#"{"timeout_ms": 1,}"#, "options"),
        (r#"{"tiemout_ms": 1}"#, "tiemout_ms"),
        (r#"{"Timeout_ms": 1}"#, "Timeout_ms"),
        (r#"{"hostname": "elsewhere"}"#, "hostname"),
        (r#"{"timeout_ms": 0}"#, "timeout_ms"),
        (r#"{"timeout_ms": -1}"#, "timeout_ms"),
        (r#"{"timeout_ms": 86400001}"#, "timeout_ms"),
        (r#"{"timeout_ms": "5"}"#, "timeout_ms"),
        (r#"{"timeout_ms": 1.5}"#, "timeout_ms"),
        (r#"{"timeout_ms": true}"#, "timeout_ms"),
        (r#"{"retries": 11}"#, "retries"),
        (r#"{"retries": -1}"#, "retries"),
        (r#"{"retries": [3]}"#, "retries"),
    ];
    for (options, argument) in bad {
        for (calls, path) in [(&FILE_CALLS[..], "/f"), (&FOLDER_CALLS[..], "/d/")] {
            for call in calls {
                deaf.refuses(*call, deaf.given(path, Some(options)), argument);
            }
        }
    }
}

/// Wrong values of the options that only some operations have; each is refused by the operations
/// whose names start with one of the words.
const BAD_OPTIONS: [(&str, &str, &str); 56] = [
    ("upload", "insert_only", "2"),
    ("upload", "insert_only", "\"1\""),
    ("upload", "insert_only", "-1"),
    ("upload", "biz_attr", "5"),
    ("upload", "biz_attr", "{}"),
    ("upload", "slice_size", "65536"),
    ("upload", "slice_size", "524287"),
    ("upload", "slice_size", "1048577"),
    ("upload", "slice_size", "4194304"),
    ("upload", "slice_size", "\"1048576\""),
    ("upload", "slice_threshold", "20971521"),
    ("upload", "slice_threshold", "-1"),
    ("upload", "verify_sha1", "\"yes\""),
    ("upload", "resume", "2"),
    ("upload", "concurrency", "0"),
    ("upload", "concurrency", "65"),
    ("upload", "content_type", "1"),
    ("upload", "content_disposition", "\"a\\r\\nb: c\""),
    ("upload", "authority", "\"public\""),
    ("upload", "x-cos-meta-a", "\"\""),
    ("upload", "x-cos-meta-ä", "\"x\""),
    ("upload", "no_such_key", "1"),
    ("download", "concurrency", "0"),
    ("download", "concurrency", "65"),
    ("download", "verify_sha1", "2"),
    ("download_file", "resume", "\"no\""),
    ("download_file", "overwrite", "\"no\""),
    ("download_file", "listed", "\"a\""),
    ("download_file", "listed", "{\"sha\": \"a\"}"),
    ("download_file", "fetch", "false"),
    ("download_file", "range_start", "-1"),
    ("download_file", "range_end", "1.5"),
    ("download_buffer", "range_start", "\"0\""),
    ("download_stream", "range_end", "-5"),
    ("download_buffer", "overwrite", "true"),
    ("download_stream", "resume", "true"),
    ("download_folder", "range_start", "0"),
    ("move", "overwrite", "2"),
    ("copy", "overwrite", "\"true\""),
    ("create", "biz_attr", "1"),
    ("update", "biz_attr", "1"),
    ("update_file", "authority", "\"\""),
    ("update_file", "authority", "\"einvalid\""),
    ("update_file", "authority", "1"),
    ("update_file", "forbid", "3"),
    ("update_file", "forbid", "\"1\""),
    ("update_file", "cache_control", "1"),
    ("update_file", "content_type", "\"a\\r\\nb: c\""),
    ("update_file", "content_disposition", "\"\\u0000\""),
    ("update_file", "clear_headers", "\"yes\""),
    ("update_file", "x-cos-meta-", "\"x\""),
    ("update_file", "x-cos-meta-a", "\"\""),
    ("update_file", "X-Cos-Meta-a", "\"x\""),
    ("list", "num", "0"),
    ("list", "num", "1001"),
    ("del_folder", "recursive", "\"all\""),
];

#[test]
fn options_of_some_operations() {
    let deaf = Deaf::new();
    let mut tried = 0;
    for (word, key, value) in BAD_OPTIONS {
        let options = format!("{{\"{key}\": {value}}}");
        for (calls, path) in [(&FILE_CALLS[..], "/f"), (&FOLDER_CALLS[..], "/d/")] {
            for call in calls.iter().filter(|call| call.0.starts_with(word)) {
                deaf.refuses(*call, deaf.given(path, Some(&options)), key);
                tried += 1;
            }
        }
    }
    assert!(tried > BAD_OPTIONS.len(), "every line is meant for at least one operation: {tried}");
}

/// Options that only the XML API has: a value that it takes, and one that it does not.
const OPTIONS_OF_V5: [(&str, &str, &str, &str); 12] = [
    ("upload", "storage_class", "\"STANDARD_IA\"", "1"),
    ("upload", "tagging", "\"year=2024\"", "2024"),
    ("upload", "traffic_limit", "819200", "819199"),
    ("upload", "traffic_limit", "838860800", "838860801"),
    ("upload", "content_md5", "true", "\"yes\""),
    ("download", "traffic_limit", "819200", "819199"),
    ("copy", "dest_bucket", "\"public-bucket\"", "\"Bucket\""),
    ("copy", "dest_bucket", "\"public-bucket\"", "1"),
    ("copy", "source_region", "\"ap-guangzhou\"", "\"AP-Guangzhou\""),
    ("copy", "source_region", "\"ap-guangzhou\"", "1"),
    ("list", "recursive", "true", "2"),
    ("list", "folders", "true", "2"),
];

#[test]
fn options_that_one_api_has() {
    let (v4, v5) = (Deaf::new(), Deaf::of(Api::V5));
    let mut tried = 0;
    for (word, key, good, bad) in OPTIONS_OF_V5 {
        for (deaf, value) in [(&v4, good), (&v4, bad), (&v5, bad)] {
            let options = format!("{{\"{key}\": {value}}}");
            for (calls, path) in [(&FILE_CALLS[..], "/f"), (&FOLDER_CALLS[..], "/d/")] {
                for call in calls.iter().filter(|call| call.0.starts_with(word)) {
                    deaf.refuses(*call, deaf.given(path, Some(&options)), key);
                    tried += 1;
                }
            }
        }
    }
    assert!(tried >= OPTIONS_OF_V5.len() * 3, "{tried}");
    let update = FILE_CALLS.into_iter().find(|call| call.0 == "update_file").unwrap();
    v5.refuses(update, v5.given("/f", Some(r#"{"forbid": 1}"#)), "forbid");
}

#[test]
fn options_that_contradict_one_another_or_say_nothing() {
    let deaf = Deaf::new();
    for (name, options, argument) in [
        ("update_file", None, "options"),
        ("update_file", Some("{}"), "options"),
        ("update_file", Some(r#"{"timeout_ms": 5, "biz_attr": null}"#), "options"),
        ("update_file", Some(r#"{"clear_headers": false}"#), "options"),
        ("update_file", Some(r#"{"clear_headers": 1, "content_type": "x"}"#), "clear_headers"),
        ("download_file", Some(r#"{"range_start": 5, "range_end": 4}"#), "range_end"),
        ("download_buffer", Some(r#"{"range_start": 5, "range_end": 4}"#), "range_end"),
        ("download_stream", Some(r#"{"range_start": 5, "range_end": 4}"#), "range_end"),
    ] {
        let call = FILE_CALLS.into_iter().find(|call| call.0 == name).unwrap();
        deaf.refuses(call, deaf.given("/f", options), argument);
    }
    for (name, options, argument) in [
        ("update_folder", None, "options"),
        ("update_folder", Some(r#"{"biz_attr": null}"#), "options"),
        ("list_folder", Some(r#"{"prefix": "a?"}"#), "prefix"),
        ("list_folder", Some(r#"{"prefix": "a/"}"#), "prefix"),
        ("list_folder", Some(r#"{"prefix": "../b"}"#), "prefix"),
        ("list_folder", Some(r#"{"prefix": "/b"}"#), "prefix"),
        ("list_folder", Some(r#"{"prefix": 1}"#), "prefix"),
        ("list_folder", Some(r#"{"context": 1}"#), "context"),
        ("list_folder", Some(r#"{"delimiter": 1}"#), "delimiter"),
        ("list_folder", Some(r#"{"all": 2}"#), "all"),
    ] {
        let call = FOLDER_CALLS.into_iter().find(|call| call.0 == name).unwrap();
        deaf.refuses(call, deaf.given("/d/", options), argument);
    }
}

#[test]
fn local_files_that_can_not_be_read() {
    let deaf = Deaf::new();
    fs::write(deaf.local("file"), "x").unwrap();
    let no_path = if cfg!(windows) { "os error 3" } else { "No such file" };
    let (below_a_file, errno) =
        if cfg!(windows) { ("os error 3", "ENOENT") } else { ("Not a directory", "ENOTDIR") };
    for (local, why, errno) in [
        (String::new(), "empty", None),
        (deaf.local("missing"), "os error 2", Some("ENOENT")),
        (deaf.local("missing/file"), no_path, Some("ENOENT")),
        (deaf.local("file/below"), below_a_file, Some(errno)),
        (deaf.here().to_owned(), "is a directory", Some("EISDIR")),
        (DEVICE.to_owned(), if cfg!(windows) { "not a file" } else { "not a regular file" }, None),
        ("a\0b".to_owned(), "can't be read", None),
    ] {
        deaf.refuses_to_read(&local, why, errno);
    }
    for (local, errno) in [
        (String::new(), Some("ENOENT")),
        (deaf.local("missing"), Some("ENOENT")),
        (deaf.local("file"), Some("ENOTDIR")),
    ] {
        deaf.refuses_as_tree(&local, errno);
    }
}

#[test]
fn destinations_that_can_not_be_written() {
    let deaf = Deaf::new();
    fs::write(deaf.local("file"), "old").unwrap();
    let keep = Some(r#"{"overwrite": false}"#);
    for (local, options, errno) in [
        (String::new(), None, None),
        (deaf.here().to_owned(), None, Some("EISDIR")),
        (format!("{}/", deaf.here()), None, None),
        (deaf.local("missing/file"), None, Some("ENOENT")),
        (deaf.local("file/below"), None, Some("ENOTDIR")),
        (deaf.local("file"), keep, Some("EEXIST")),
    ] {
        deaf.refuses_to_write(&local, options, errno);
    }
    for local in [String::new(), deaf.local("file"), deaf.local("missing/directory")] {
        let result = tree::download(&deaf.client, BUCKET, "/d/", &local, None, Watch::default());
        deaf.check(&local, result.unwrap_err(), "local_path");
    }
    assert_eq!(fs::read(deaf.local("file")).unwrap(), b"old");
    assert!(!deaf.bed.path("missing").exists());
}

#[test]
fn a_range_beyond_the_end_is_refused_after_a_look() {
    let bed = Bed::new(Api::V4);
    let client = bed.client();
    upload::buffer(&client, BUCKET, "/f", b"five!", None, Watch::default()).unwrap();
    bed.emulator.clear_requests();
    let options = Some(r#"{"range_start": 5}"#);
    let (answer, data) =
        download::buffer(&client, BUCKET, "/f", options, Watch::default()).unwrap();
    let answer: serde_json::Value = support::parsed(&answer);
    assert_eq!(
        (&answer["code"], &answer["error"]["argument"]),
        (&json!(-1), &json!("range_start"))
    );
    assert!(data.is_empty());
    // The first range is asked for beside it, and may not have come to that yet.
    let requests = bed.emulator.requests().into_iter();
    let mut ops: Vec<_> = requests.map(|request| request.op).collect();
    ops.sort();
    assert_eq!(ops.iter().filter(|op| *op == "stat").count(), 1, "{ops:?}");
    assert!(ops.len() == 1 || ops == ["download", "stat"], "{ops:?}");
}

#[test]
fn a_transfer_in_use() {
    let deaf = Deaf::new();
    let transfer = Transfer::default();
    let _busy = transfer.begin().unwrap();
    let watch = || Watch { transfer: Some(&transfer), on_progress: None };
    let local = deaf.local("new");
    let client = &deaf.client;
    let results: [Result<Reply>; 5] = [
        upload::buffer(client, BUCKET, "/f", b"x", None, watch()),
        upload::stream(client, BUCKET, "/f", 1, None, watch(), &mut |_| unreachable!()),
        download::file(client, BUCKET, "/f", &local, None, watch()),
        download::buffer(client, BUCKET, "/f", None, watch()).map(|(answer, _)| answer),
        tree::upload(client, BUCKET, "/d/", deaf.here(), None, watch()),
    ];
    for result in results {
        deaf.check("a busy transfer", result.unwrap_err(), "transfer");
    }
}

#[test]
fn moments_when_a_signature_could_end() {
    let deaf = Deaf::new();
    let now = cos::os::now() as i64;
    let client = &deaf.client;
    for expired in [i64::MIN, -1, 0, 7_776_001, now - 1, now, now + 7_776_060, i64::MAX] {
        for result in [
            sign::more(client, BUCKET, "/f", expired),
            sign::more(client, BUCKET, "/d/", expired),
            sign::download(client, BUCKET, "/f", expired),
            sign::url(client, "GET", BUCKET, "/f", expired, None),
        ] {
            deaf.check(&expired.to_string(), result.unwrap_err(), "expired");
        }
    }
    for expired in [1, 7_776_000, now + 2, now + 7_775_000] {
        assert_eq!(sign::more(client, BUCKET, "/f", expired).unwrap().code, 0, "{expired}");
        assert_eq!(sign::download(client, BUCKET, "/f", expired).unwrap().code, 0, "{expired}");
    }
}

#[test]
fn tokens() {
    for (api, token) in [
        (Api::V4, "good"),
        (Api::V5, ""),
        (Api::V5, "a b"),
        (Api::V5, "a\r\nX: y"),
        (Api::V5, "词"),
    ] {
        let deaf = Deaf::of(api);
        let given = deaf.client.set_credentials(APPID, "other", "other", Some(token));
        let failure = deaf.check(token, given.unwrap_err(), "token");
        assert!(token.is_empty() || !failure.message().contains(token), "{failure:?}");
        // The old ones are still in force.
        assert!(folder::list(&deaf.client, BUCKET, "/", None).is_ok());
    }
}

#[test]
fn accounts() {
    for (appid, id, key, argument) in [
        ("", SECRET_ID, SECRET_KEY, "appid"),
        ("-1", SECRET_ID, SECRET_KEY, "appid"),
        ("125a", SECRET_ID, SECRET_KEY, "appid"),
        ("1 ", SECRET_ID, SECRET_KEY, "appid"),
        ("١٢٣", SECRET_ID, SECRET_KEY, "appid"),
        (APPID, "", SECRET_KEY, "secret_id"),
        (APPID, "a b", SECRET_KEY, "secret_id"),
        (APPID, "a&k=b", SECRET_KEY, "secret_id"),
        (APPID, "a\r\nX: y", SECRET_KEY, "secret_id"),
        (APPID, SECRET_ID, "", "secret_key"),
        (APPID, SECRET_ID, "key\n", "secret_key"),
    ] {
        let deaf = Deaf::new();
        let failure = Client::new(appid, id, key, Some("sh"), None).unwrap_err();
        deaf.check("a new client", failure, argument);
        let failure = deaf.client.set_credentials(appid, id, key, None).unwrap_err();
        let failure = deaf.check("other credentials", failure, argument);
        assert!(!failure.message().contains(SECRET_KEY), "{failure:?}");
        // The old ones are still in force.
        assert!(folder::list(&deaf.client, BUCKET, "/", None).is_ok());
    }
}

#[cfg(unix)]
mod unix {
    use std::ffi::CString;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    use super::*;

    fn make_fifo(path: &str) {
        let path = CString::new(Path::new(path).as_os_str().as_bytes()).unwrap();
        // SAFETY: the string is valid and ends with a NUL.
        assert_eq!(unsafe { libc::mkfifo(path.as_ptr(), 0o600) }, 0);
    }

    #[test]
    fn a_pipe_is_no_file() {
        let deaf = Deaf::new();
        let fifo = deaf.local("fifo");
        make_fifo(&fifo);
        deaf.refuses_to_read(&fifo, "not a regular file", None);
        deaf.refuses_as_tree(&fifo, Some("ENOTDIR"));
        deaf.refuses_to_write(&fifo, None, None);
    }
}
