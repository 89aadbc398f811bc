//! What only the XML API has: keys of any kind, sums of everything, parts on the server, attributes
//! that change by a copy, folders that are what keys begin with, and errors that are words.

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use cos::client::Client;
use cos::ops::{file, folder, sign, tree, upload};
use cos::threads::Watch;
use cos::transfer::Transfer;
use cos_emulator::{Action, Bucket, Fault, Record, Settings};
use serde_json::{Value, json};

use support::transfers::*;
use support::{APPID, Api, Bed, Op, SECRET_ID, SECRET_KEY, content};

use crate::uploads::{sliced, stat};

fn bed() -> Bed {
    Bed::new(Api::V5)
}

/// A refusal with a word that has no number of its own, or a status that is not its usual one.
fn word(code: &str, status: Option<u16>) -> Action {
    Action::Error { code: code.into(), status, message: Some("No.".into()), execute: false }
}

/// Gives a header of an answer another value, or takes it away.
fn header(name: &str, value: Option<&str>) -> Action {
    Action::Header { name: name.into(), value: value.map(str::to_owned) }
}

/// A client whose proxy is the emulator, which is so every host.
fn in_region(bed: &Bed, region: &str) -> Client {
    let proxy = format!("http://{}", bed.emulator.host());
    let options = json!({"api": "v5", "scheme": "http", "proxy": proxy}).to_string();
    Client::new(APPID, SECRET_ID, SECRET_KEY, Some(region), Some(&options)).unwrap()
}

fn with_a_far_bucket() -> Bed {
    Bed::configured(Api::V5, |config| {
        config.buckets.push(Bucket::private("far-bucket").region("ap-guangzhou"));
    })
}

fn in_op(op: &str, action: Action) -> Fault {
    Fault::new(action).op(op)
}

fn count(bed: &Bed, op: &str) -> usize {
    logged(&bed.emulator, op).len()
}

fn names(answer: &Value) -> Vec<&str> {
    let infos = answer["data"]["infos"].as_array().unwrap();
    infos.iter().map(|info| info["name"].as_str().unwrap()).collect()
}

fn list(client: &Client, path: &str, options: Value) -> Value {
    reply(folder::list(client, PUBLIC, path, Some(&options.to_string())))
}

/// Every printable character, and some that are not ASCII.
fn odd_names() -> Vec<String> {
    let printable: String = (' '..='~').filter(|c| *c != '/').collect();
    vec![
        "a".into(),
        "中文 +%&'()*~.txt".into(),
        format!("x{printable}"),
        "d/e//f".into(),
        "%41+%2B?a=b&c#d".into(),
        "\u{1F600}é\u{301}\u{3000}".into(),
        "字".repeat(282),
    ]
}

#[test]
fn files_of_any_name_go_there_and_come_back() {
    let bed = bed();
    let client = bed.client();
    for (i, name) in odd_names().iter().enumerate() {
        let (path, moved) = (format!("/{name}"), format!("/m/{i}"));
        let bytes = b"hello cos v5\n".repeat(i * 1000);
        let answer = upload_bytes(&client, &path, &bytes, json!({"biz_attr": "属性 1%"}));
        expect(&answer, 0);
        assert!(answer["request_id"].is_string() && answer["data"]["etag"].is_string());
        let data = stat(&bed, &path);
        assert_eq!(
            (&data["filesize"], &data["biz_attr"]),
            (&json!(bytes.len()), &json!("属性 1%"))
        );
        assert_eq!(
            (&data["authority"], &data["crc64"]),
            (&json!("eInvalid"), &answer["data"]["crc64"])
        );
        assert!(data["custom_headers"]["Content-Type"].as_str().unwrap().contains('/'));
        let (folder, last) = path.split_at(path.rfind('/').unwrap() + 1);
        assert!(names(&list(&client, folder, json!({}))).contains(&last), "{path}");
        expect(&reply(file::rename(&client, PUBLIC, &path, &moved, None)), 0);
        expect(&reply(file::copy(&client, PUBLIC, &moved, &path, None)), 0);
        let (answer, found) = download_bytes(&client, &path, json!({}));
        expect(&answer, 0);
        assert_same(&found, &bytes);
        expect(&reply(file::delete(&client, PUBLIC, &path, None)), 0);
        let gone = reply(file::delete(&client, PUBLIC, &path, None));
        expect(&gone, -197);
        assert_eq!(gone["error"]["server_code"], "NoSuchKey");
    }
}

#[test]
fn trees_of_any_names_send_what_differs() {
    let bed = bed();
    let client = bed.client();
    let (from, to) = (bed.path("from"), bed.path("to"));
    fs::create_dir_all(from.join("文 件+%/子")).unwrap();
    // Windows has no files of some names; its own tests say what becomes of such objects.
    let is_no_file = |c| cfg!(windows) && "?*:|<>\"\\".contains(c);
    let names: Vec<_> = odd_names().iter().map(|name| name.replace(is_no_file, "_")).collect();
    for (i, name) in names.iter().take(3).enumerate() {
        fs::write(from.join("文 件+%/子").join(name), format!("{i}")).unwrap();
    }
    fs::write(from.join("large"), content(3 * MIB)).unwrap();
    let (from, to) = (from.to_str().unwrap(), to.to_str().unwrap());
    let options = sliced(json!({})).to_string();
    let up =
        || reply(tree::upload(&client, PUBLIC, "/树/", from, Some(&options), Watch::default()));
    let down = || reply(tree::download(&client, PUBLIC, "/树/", to, None, Watch::default()));
    for (answer, done) in [(up(), "uploaded"), (down(), "downloaded")] {
        expect(&answer, 0);
        assert_eq!(answer["data"][done], 4, "{answer}");
    }
    // By its MD5, or, where it was sent in parts, by its CRC-64.
    for answer in [up(), down()] {
        assert_eq!(answer["data"]["unchanged"], 4, "{answer}");
    }
    assert_same(&fs::read(format!("{to}/large")).unwrap(), &content(3 * MIB));
    assert_eq!(fs::read(format!("{to}/文 件+%/子/{}", names[2])).unwrap(), b"2");
}

/// In each round the emulator does one thing otherwise of which it is not known what the service does.
#[test]
fn common_calls_succeed_whatever_the_service_does() {
    let others: [fn(&mut Settings); 14] = [
        |settings| settings.forbid_overwrite_at_initiate = false,
        |settings| settings.forbid_overwrite_on_copy = true,
        |settings| settings.complete_again = true,
        |settings| settings.complete_crc = false,
        |settings| settings.part_copy_crc = false,
        |settings| settings.object_crc = false,
        |settings| settings.marker_skips_prefix = false,
        |settings| settings.plus_in_copy_source_is_space = true,
        |settings| settings.strict_directive = true,
        |settings| settings.delete_missing_is_404 = true,
        |settings| settings.suffix_ranges = false,
        |settings| settings.largest_page = 2,
        |settings| settings.versioning = true,
        |settings| settings.complete_delay_ms = 300,
    ];
    for (i, other) in others.into_iter().enumerate() {
        let bed = bed();
        bed.emulator.settings(other);
        let client = bed.client();
        let bytes = content(2 * MIB + 9);
        let expect = |answer: &Value, code: i64| {
            assert_eq!(answer["code"], code, "with the {i}th other setting: {answer:#}");
        };
        for (path, options) in [("/d/a +1", json!({})), ("/d/b+2", sliced(json!({})))] {
            expect(&upload_bytes(&client, path, &bytes, options.clone()), 0);
            expect(&upload_bytes(&client, path, b"other", options), -177);
            assert_same(&download_bytes(&client, path, json!({})).1, &bytes);
        }
        let update = Some(r#"{"biz_attr": "b", "x-cos-meta-a": "c"}"#);
        expect(&reply(file::update(&client, PUBLIC, "/d/a +1", update)), 0);
        expect(&reply(file::copy(&client, PUBLIC, "/d/a +1", "/d/c", None)), 0);
        expect(&reply(file::copy(&client, PUBLIC, "/d/a +1", "/d/c", None)), -177);
        expect(&reply(file::rename(&client, PUBLIC, "/d/c", "/d/e/f", None)), 0);
        assert_eq!(stat(&bed, "/d/e/f")["biz_attr"], "b");
        let answer = list(&client, "/d/", json!({"all": true}));
        let mut found = names(&answer);
        found.sort_unstable();
        assert_eq!(found, ["a +1", "b+2", "e/"], "with the {i}th: {answer:#}");
        expect(&reply(file::delete(&client, PUBLIC, "/d/a +1", None)), 0);
        expect(&reply(file::delete(&client, PUBLIC, "/d/a +1", None)), -197);
        let recursive = Some(r#"{"recursive": true}"#);
        expect(&reply(folder::delete(&client, PUBLIC, "/d/", recursive)), 0);
        expect(&list(&client, "/d/", json!({})), -197);
        assert_eq!(unfinished(&bed.emulator), [""; 0]);
    }
}

/// The service has objects without a CRC-64: those from before it computed any.
#[test]
fn where_nothing_can_be_compared_nobody_claims_to_know() {
    for (insert_only, code) in [(true, -2), (false, 0)] {
        let bed = bed();
        bed.emulator.settings(|settings| settings.object_crc = false);
        bed.emulator.inject(bed.api.fault(Op::Finish, lost()));
        let bytes = content(2 * MIB);
        let options = sliced(json!({"insert_only": insert_only}));
        expect(&upload_bytes(&bed.client(), "/a", &bytes, options), code);
        assert_stored(&bed.emulator, "/a", &bytes);
        assert_eq!(unfinished(&bed.emulator), [""; 0]);
    }
}

#[test]
fn in_a_bucket_with_versions_the_client_looks_first() {
    let bed = bed();
    bed.emulator.settings(|settings| settings.versioning = true);
    let client = bed.client();
    let answer = upload_bytes(&client, "/a", b"one", json!({}));
    assert!(answer["data"]["version_id"].is_string(), "{answer}");
    assert_eq!(operations(&bed.emulator), ["put_object"]);
    bed.emulator.clear_requests();
    expect(&upload_bytes(&client, "/a", b"two", json!({})), -177);
    // The second look tells whether it is the same.
    assert_eq!(operations(&bed.emulator), ["head_object", "head_object"]);
    assert_stored(&bed.emulator, "/a", b"one");
}

/// A marker of a deletion would hide the version before as well.
#[test]
fn in_a_bucket_with_versions_a_damaged_one_is_deleted_for_good() {
    let bed = bed();
    bed.emulator.settings(|settings| settings.versioning = true);
    let relay = Relay::to(&bed);
    let client = relay.client(json!({"retries": 0}));
    let wrong = || header("x-cos-hash-crc64ecma", Some("1"));
    for (op, options) in [(Op::Upload, json!({})), (Op::Finish, sliced(json!({})))] {
        bed.emulator.inject(bed.api.fault(op, wrong()));
        expect(&upload_bytes(&client, "/a", &content(2 * MIB), options), 3);
        assert_absent(&bed.emulator, "/a");
    }
    let mut deleted = relay.heads("DELETE /a");
    deleted.retain(|head| !head.starts_with("delete /a?uploadid="));
    assert_eq!(deleted.len(), 2, "{deleted:?}");
    assert!(deleted.iter().all(|head| head.starts_with("delete /a?versionid=")), "{deleted:?}");
}

/// A relay between clients and the emulator, which can damage content.
struct Relay {
    port: u16,
    /// What clients have sent.
    sent: Arc<Mutex<Vec<u8>>>,
    /// How many pieces of content are still to be damaged.
    damages: Arc<AtomicUsize>,
}

/// The bytes that are passed on at a time; larger than any head.
const PIECE: usize = 65_536;

impl Relay {
    fn to(bed: &Bed) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (sent, damages) = (Arc::default(), Arc::new(AtomicUsize::new(0)));
        let port = listener.local_addr().unwrap().port();
        let relay = Relay { port, sent: Arc::clone(&sent), damages: Arc::clone(&damages) };
        let server = bed.emulator.host();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let server = TcpStream::connect(&server).unwrap();
                let (mut from, mut to) = (server.try_clone().unwrap(), client.try_clone().unwrap());
                thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(Shutdown::Both);
                });
                let (sent, damages) = (Arc::clone(&sent), Arc::clone(&damages));
                thread::spawn(move || pass(client, server, &sent, &damages));
            }
        });
        relay
    }

    fn client(&self, more: Value) -> Client {
        Api::V5.client(self.port, more)
    }

    /// The heads of the requests that begin with `begin`, in lower case.
    fn heads(&self, begin: &str) -> Vec<String> {
        let sent = self.sent.lock().unwrap();
        let text = String::from_utf8_lossy(&sent);
        let heads = text.match_indices(begin).map(|(at, _)| &text[at..]);
        heads.map(|text| text.split("\r\n\r\n").next().unwrap().to_lowercase()).collect()
    }
}

fn pass(
    mut client: TcpStream,
    mut server: TcpStream,
    sent: &Mutex<Vec<u8>>,
    damages: &AtomicUsize,
) {
    let mut piece = vec![0; PIECE];
    while let Ok(n @ 1..) = client.read(&mut piece) {
        sent.lock().unwrap().extend_from_slice(&piece[..n]);
        // So large a piece ends with content, not within a head.
        let is_content = n >= PIECE / 2;
        let one_less = |left: usize| left.checked_sub(1);
        if is_content && damages.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok()
        {
            piece[n - 1] ^= 1;
        }
        if server.write_all(&piece[..n]).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Both);
}

#[test]
fn a_wrong_byte_is_noticed_and_nothing_is_left() {
    let bed = bed();
    let relay = Relay::to(&bed);
    let client = relay.client(json!({"retries": 1}));
    let bytes = content(3 * MIB);
    for (path, options) in [("/whole", json!({})), ("/parts", sliced(json!({})))] {
        relay.damages.store(1, Ordering::SeqCst);
        expect(&upload_bytes(&client, path, &bytes, options.clone()), 0);
        assert_eq!(relay.damages.load(Ordering::SeqCst), 0);
        assert_stored(&bed.emulator, path, &bytes);
        relay.damages.store(usize::MAX, Ordering::SeqCst);
        let answer = upload_bytes(&client, "/b", &bytes, options);
        expect(&answer, 3);
        assert_eq!(answer["error"]["retryable"], true);
        relay.damages.store(0, Ordering::SeqCst);
        assert_absent(&bed.emulator, "/b");
        assert_eq!(unfinished(&bed.emulator), [""; 0]);
    }
    let wrong = header("x-cos-hash-crc64ecma", Some("1"));
    bed.emulator.inject(bed.api.fault(Op::Finish, wrong));
    expect(&upload_bytes(&client, "/c", &bytes, sliced(json!({}))), 3);
    assert_absent(&bed.emulator, "/c");
    // Where no sum is wanted, none is compared.
    relay.damages.store(1, Ordering::SeqCst);
    expect(&upload_bytes(&client, "/d", &bytes, json!({"verify_sha1": false})), 0);
}

/// The service verifies only what a signature lists: what it does not list could be changed on the way.
#[test]
fn all_that_a_request_says_is_signed() {
    const MAY_CHANGE: [&str; 5] =
        ["authorization", "user-agent", "accept", "accept-encoding", "connection"];
    let bed = bed();
    let relay = Relay::to(&bed);
    let client = relay.client(json!({}));
    let attributes = json!({"biz_attr": "b", "cache_control": "no-cache", "content_md5": true});
    expect(&upload_bytes(&client, "/d/a", b"text", attributes), 0);
    expect(&upload_bytes(&client, "/d/b", &content(2 * MIB), sliced(json!({}))), 0);
    let update = Some(r#"{"authority": "eWRPrivate", "x-cos-meta-a": "b"}"#);
    expect(&reply(file::update(&client, PUBLIC, "/d/a", update)), 0);
    expect(&reply(file::rename(&client, PUBLIC, "/d/a", "/d/c", None)), 0);
    expect(&download_bytes(&client, "/d/b", json!({"range_start": 7})).0, 0);
    expect(&list(&client, "/d/", json!({"prefix": "b", "num": 1})), 0);
    let recursive = Some(r#"{"recursive": true}"#);
    expect(&reply(folder::delete(&client, PUBLIC, "/d/", recursive)), 0);
    let mut count = 0;
    for head in
        ["PUT /", "GET /", "HEAD /", "POST /", "DELETE /"].map(|begin| relay.heads(begin)).concat()
    {
        let mut lines = head.split("\r\n");
        let target = lines.next().unwrap().split(' ').nth(1).unwrap();
        let names = |text: &str, end: &[char], between: &[char]| -> Vec<String> {
            let names = text.split(end).next().unwrap_or_default().split(between);
            names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
        };
        let listed = |field: &str| names(head.split_once(field).unwrap().1, &['&'], &[';']);
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let mut params: Vec<_> = query.split('&').map(|pair| names(pair, &['='], &[])).collect();
        params.sort();
        assert_eq!(params.concat(), listed("q-url-param-list="), "{head}");
        let mut headers: Vec<_> = lines.map(|line| names(line, &[':'], &[]).concat()).collect();
        headers.retain(|name| !MAY_CHANGE.contains(&name.as_str()));
        headers.sort();
        assert_eq!(headers, listed("q-header-list="), "{head}");
        count += 1;
    }
    assert!(count > 15, "{count}");
}

#[test]
fn uploads_say_how_a_file_is_to_be_kept_and_sent() {
    let bed = bed();
    let relay = Relay::to(&bed);
    let client = relay.client(json!({"retries": 0}));
    let bytes = content(2 * MIB + 7);
    let more = json!({
        "storage_class": "STANDARD_IA",
        "tagging": "a=1&b=%E4%B8%AD",
        "traffic_limit": 819_200,
        "content_md5": true,
    });
    for (path, mut options, sends, begins) in [
        ("/whole", json!({}), "PUT /whole", "PUT /whole"),
        ("/parts", sliced(json!({})), "PUT /parts?partNumber", "POST /parts?uploads"),
    ] {
        for (key, value) in more.as_object().unwrap() {
            options[key] = value.clone();
        }
        expect(&upload_bytes(&client, path, &bytes, options), 0);
        assert_eq!(stat(&bed, path)["storage_class"], "STANDARD_IA");
        let sent = relay.heads(sends);
        assert!(!sent.is_empty());
        for part in ["\r\nx-cos-traffic-limit: 819200\r\n", "\r\ncontent-md5: "] {
            assert!(sent.iter().all(|head| format!("{head}\r\n").contains(part)), "{sent:?}");
        }
        let begun = relay.heads(begins);
        assert!(begun[0].contains("x-cos-tagging: a=1&b=%e4%b8%ad"), "{begun:?}");
    }
    let slow = json!({"traffic_limit": 819_200});
    expect(&download(&client, "/whole", &bed.path("whole"), slow), 0);
    let asked = relay.heads("GET /whole");
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].contains("\r\nx-cos-traffic-limit: 819200"), "{asked:?}");
    for key in ["storage_class", "tagging", "traffic_limit", "content_md5"] {
        let v4 = Client::new(APPID, SECRET_ID, SECRET_KEY, Some("sh"), None).unwrap();
        let answer = upload_bytes(&v4, "/a", b"x", json!({ (key): more[key] }));
        assert_eq!((&answer["code"], &answer["error"]["argument"]), (&json!(-1), &json!(key)));
    }
}

/// Breaks an upload of `bytes` in parts to `/a` after the first `stored` ones.
fn broken_upload(bed: &Bed, bytes: &[u8], stored: usize, more: Value) {
    bed.emulator.inject(bed.api.slice_fault(bed.api.code(-97), stored));
    let mut options = sliced(json!({"concurrency": 1}));
    for (key, value) in more.as_object().unwrap() {
        options[key] = value.clone();
    }
    expect(&upload_bytes(&bed.client(), "/a", bytes, options), -97);
    bed.emulator.clear_requests();
}

#[test]
fn only_parts_that_are_ours_are_continued() {
    let bed = bed();
    let client = bed.client();
    let bytes = content(5 * MIB + 77);
    broken_upload(&bed, &bytes, 4, json!({}));
    // An upload of other content leaves it alone.
    let other: Vec<u8> = bytes.iter().map(|byte| !byte).collect();
    expect(&upload_bytes(&client, "/a", &other, sliced(json!({}))), 0);
    assert_eq!(bed.slices_sent().len(), 6);
    assert_eq!(unfinished(&bed.emulator), ["a"]);
    // So does an upload of another storage class.
    let cold = sliced(json!({"insert_only": false, "storage_class": "STANDARD_IA"}));
    let answer = upload_bytes(&client, "/a", &bytes, cold);
    assert_eq!(answer["transfer"]["resumed_bytes"], 0, "{answer}");
    bed.emulator.clear_requests();
    let again = sliced(json!({"insert_only": false, "biz_attr": "later"}));
    let answer = upload_bytes(&client, "/a", &bytes, again);
    expect(&answer, 0);
    assert_eq!(answer["transfer"]["resumed_bytes"], 4 * MIB);
    assert_eq!(bed.slices_sent(), [4, 5]);
    assert_stored(&bed.emulator, "/a", &bytes);
    let shown = stat(&bed, "/a");
    assert_eq!(answer["data"]["crc64"], shown["crc64"]);
    // The attributes of an unfinished upload can't be read, so they are set after the end.
    assert_eq!(shown["biz_attr"], "later");
    assert_eq!(unfinished(&bed.emulator), [""; 0]);
}

#[test]
fn an_upload_whose_parts_are_not_there_any_more_begins_anew() {
    let bed = bed();
    let client = bed.client();
    let bytes = content(3 * MIB);
    broken_upload(&bed, &bytes, 2, json!({}));
    bed.emulator.inject(bed.api.fault(Op::Finish, word("InvalidPart", None)));
    expect(&upload_bytes(&client, "/a", &bytes, sliced(json!({"biz_attr": "x"}))), 0);
    assert_stored(&bed.emulator, "/a", &bytes);
    assert_eq!((stat(&bed, "/a")["biz_attr"].as_str(), bed.slices_sent().len()), (Some("x"), 4));
    assert_eq!(unfinished(&bed.emulator), [""; 0]);
}

#[test]
fn a_deletion_ends_what_is_unfinished() {
    let bed = bed();
    let client = bed.client();
    broken_upload(&bed, &content(3 * MIB), 2, json!({}));
    assert_eq!(unfinished(&bed.emulator), ["a"]);
    expect(&reply(file::delete(&client, PUBLIC, "/a", None)), 0);
    assert_eq!(unfinished(&bed.emulator), [""; 0]);
    expect(&reply(file::delete(&client, PUBLIC, "/a", None)), -197);
}

#[test]
fn what_nobody_continues_is_aborted() {
    let bytes = content(4 * MIB);
    // No part has arrived; the caller does not want to continue; a file has taken the place.
    for (op, action, code, options) in [
        (Op::Slice, word("InternalError", None), -195, json!({})),
        (Op::Finish, word("InternalError", None), -195, json!({"resume": false})),
        (Op::Finish, word("FileAlreadyExists", None), -177, json!({})),
    ] {
        let bed = bed();
        let client = bed.client_with(json!({"retries": 0}));
        bed.emulator.inject(bed.api.fault(op, action).forever());
        // The abort fails at first.
        bed.emulator.inject(in_op("abort_multipart_upload", word("InternalError", None)));
        expect(&upload_bytes(&client, "/a", &bytes, sliced(options)), code);
        assert_absent(&bed.emulator, "/a");
        assert_eq!(unfinished(&bed.emulator), [""; 0]);
        assert_eq!(count(&bed, "abort_multipart_upload"), 2);
    }
    // A call that is stopped.
    for (resume, left) in [(false, &[][..]), (true, &["a"])] {
        let bed = bed();
        let client = bed.client();
        let options = sliced(json!({"concurrency": 1, "resume": resume})).to_string();
        bed.emulator.inject(bed.api.slice_fault(Action::Withhold, 2));
        let stop = |done: u64, _: u64| done < 2 * MIB as u64;
        let watch = Watch { on_progress: Some(Box::new(stop)), ..Watch::default() };
        let sent = upload::buffer(&client, PUBLIC, "/a", &bytes, Some(&options), watch);
        expect(&reply(sent), 1);
        assert_eq!(unfinished(&bed.emulator), left);
        assert_absent(&bed.emulator, "/a");
    }
}

#[test]
fn lost_replies_are_looked_up() {
    let bed = bed();
    let client = bed.client();
    let bytes = content(3 * MIB);
    for op in ["initiate_multipart_upload", "list_multipart_uploads", "upload_part", "list_parts"] {
        let path = format!("/{op}");
        bed.emulator.inject(in_op(op, lost()));
        if op == "list_parts" {
            // Only then there is an upload whose parts are listed.
            bed.emulator.inject(bed.api.fault(Op::Init, lost()));
        }
        expect(&upload_bytes(&client, &path, &bytes, sliced(json!({"biz_attr": "x"}))), 0);
        assert_stored(&bed.emulator, &path, &bytes);
        assert_eq!(stat(&bed, &path)["biz_attr"], "x");
        assert_eq!((bed.emulator.faults().len(), unfinished(&bed.emulator)), (0, vec![]), "{op}");
    }
    expect(&upload_bytes(&client, "/put", b"once", json!({})), 0);
    for (op, call) in [
        ("copy_object", &(|| file::copy(&client, PUBLIC, "/put", "/copy", None)) as &dyn Fn() -> _),
        ("copy_object", &|| file::rename(&client, PUBLIC, "/copy", "/between", None)),
        ("delete_object", &|| file::rename(&client, PUBLIC, "/between", "/moved", None)),
        ("delete_object", &|| file::delete(&client, PUBLIC, "/moved", None)),
        ("put_object", &|| folder::create(&client, PUBLIC, "/new/", None)),
        ("copy_object", &|| file::update(&client, PUBLIC, "/put", Some(r#"{"biz_attr":"y"}"#))),
        ("put_object_acl", &|| {
            let private = Some(r#"{"authority":"eWPrivateRPublic"}"#);
            file::update(&client, PUBLIC, "/put", private)
        }),
        ("delete_objects", &|| {
            folder::delete(&client, PUBLIC, "/new/", Some(r#"{"recursive":true}"#))
        }),
    ] {
        if op == "delete_objects" {
            for path in ["/new/a", "/new/b"] {
                expect(&upload_bytes(&client, path, b"a", json!({})), 0);
            }
        }
        bed.emulator.inject(in_op(op, lost()));
        expect(&reply(call()), 0);
        assert_eq!(bed.emulator.faults(), [], "{op}");
    }
    let all = list(&client, "/", json!({}));
    assert!(names(&all).contains(&"put"), "{all}");
    for gone in ["copy", "between", "moved", "new/"] {
        assert!(!names(&all).contains(&gone), "{all}");
    }
    let shown = stat(&bed, "/put");
    assert_eq!(
        (&shown["biz_attr"], &shown["authority"]),
        (&json!("y"), &json!("eWPrivateRPublic"))
    );
}

#[test]
fn what_was_there_before_is_not_taken_for_ours() {
    let bed = bed();
    let client = bed.client();
    expect(&upload_bytes(&client, "/a", b"same", json!({})), 0);
    // The refusal is lost, and the same content is there.
    bed.emulator.inject(bed.api.fault(Op::Upload, lost()));
    let dated = header("Last-Modified", Some("Tue, 14 Nov 2023 22:13:20 GMT"));
    bed.emulator.inject(bed.api.fault(Op::Stat, dated).forever());
    expect(&upload_bytes(&client, "/a", b"same", json!({})), -177);
}

#[test]
fn what_the_first_answer_does_not_say_is_asked_for() {
    let bed = bed();
    let client = bed.client();
    expect(&upload_bytes(&client, "/a", b"content", json!({})), 0);
    for name in
        ["x-cos-request-id", "x-cos-hash-crc64ecma", "ETag", "Last-Modified", "Content-Range"]
    {
        bed.emulator.clear_requests();
        bed.emulator.inject(bed.api.fault(Op::Download, header(name, None)));
        let (answer, data) = download_bytes(&client, "/a", json!({}));
        // Without it, nothing shows which bytes came.
        let is_needed = name == "Content-Range";
        expect(&answer, if is_needed { 3 } else { 0 });
        assert_eq!(data, if is_needed { b"".as_slice() } else { b"content" });
        assert_eq!(answer["transfer"]["verified"], !is_needed, "{name}");
        assert_eq!(bed.logged(Op::Download).len(), 1);
        // Where something is wrong, the object may have been replaced.
        assert_eq!(bed.logged(Op::Stat).len(), if is_needed { 2 } else { 1 }, "{name}");
    }
}

/// It may be a cache.
#[test]
fn another_host_is_not_believed_what_an_object_is() {
    let bed = bed();
    let cache = format!("downloads.localhost:{}", bed.emulator.port());
    let client = bed.client_with(json!({"download_hostname": cache}));
    expect(&upload_bytes(&client, "/a", b"new", json!({})), 0);
    let stale = header("ETag", Some("\"of what was there before\""));
    bed.emulator.inject(bed.api.fault(Op::Download, stale).forever());
    expect(&download_bytes(&client, "/a", json!({})).0, 3);
    bed.emulator.clear_faults();
    bed.emulator.clear_requests();
    assert_same(&download_bytes(&client, "/a", json!({})).1, b"new");
    assert_eq!(bed.logged(Op::Stat).len(), 1);
    assert_eq!(bed.logged(Op::Download).len(), 1);
}

#[test]
fn a_success_with_an_error_in_it_is_none() {
    let bed = bed();
    let client = bed.client_with(json!({"retries": 0}));
    expect(&upload_bytes(&client, "/a", b"x", json!({})), 0);
    bed.emulator.inject(in_op("copy_object", word("SlowDown", Some(200))));
    expect(&reply(file::rename(&client, PUBLIC, "/a", "/c", None)), -71);
    assert_stored(&bed.emulator, "/a", b"x");
    // The service sends white space while it works, and only then the error.
    let late = Action::Reply {
        status: 200,
        content_type: "application/xml".into(),
        body: "\n\n  <Error><Code>InternalError</Code><Message>merge</Message></Error>".into(),
        size: None,
        headers: [("x-cos-request-id".into(), "1".into())].into(),
        execute: false,
    };
    bed.emulator.inject(bed.api.fault(Op::Finish, late));
    let answer = upload_bytes(&client, "/b", &content(2 * MIB), sliced(json!({})));
    expect(&answer, -195);
    assert_eq!(answer["message"], "merge");
    assert_absent(&bed.emulator, "/b");
}

#[test]
fn attributes_change_and_the_others_stay() {
    let bed = bed();
    let client = bed.client();
    expect(&upload_bytes(&client, "/a", b"x", json!({"biz_attr": "b"})), 0);
    let update =
        |options: Value| reply(file::update(&client, PUBLIC, "/a", Some(&options.to_string())));
    expect(&update(json!({"authority": "eWPrivateRPublic"})), 0);
    let headers =
        json!({"cache_control": "no-cache", "x-cos-meta-name": "中文", "content_type": "a/b"});
    expect(&update(headers), 0);
    let data = stat(&bed, "/a");
    assert_eq!((&data["authority"], &data["biz_attr"]), (&json!("eWPrivateRPublic"), &json!("b")));
    let custom =
        json!({"Cache-Control": "no-cache", "Content-Type": "a/b", "x-cos-meta-name": "中文"});
    assert_eq!(data["custom_headers"], custom);
    expect(&update(json!({"biz_attr": "", "authority": "eWRPrivate"})), 0);
    let data = stat(&bed, "/a");
    assert_eq!((&data["biz_attr"], &data["authority"]), (&json!(""), &json!("eWRPrivate")));
    assert_eq!(data["custom_headers"], custom);
    // Where the ACL has no name, a private file stays private.
    bed.emulator.inject(in_op("get_object_acl", header("x-cos-acl", None)));
    expect(&update(json!({"biz_attr": "c"})), 0);
    assert_eq!(stat(&bed, "/a")["authority"], "eWRPrivate");
    bed.emulator.inject(in_op("get_object_acl", word("AccessDenied", None)));
    assert_eq!(update(json!({"biz_attr": "d"}))["data"]["not_kept"], json!(["authority"]));
    expect(&update(json!({"clear_headers": true})), 0);
    assert_eq!(stat(&bed, "/a")["custom_headers"].get("x-cos-meta-name"), None);
    let refused = update(json!({"forbid": 1}));
    expect(&refused, -1);
    assert_eq!(refused["error"]["argument"], "forbid");
    expect(&update(json!({"biz_attr": "字".repeat(250)})), -1);
    let missing = file::update(&client, PUBLIC, "/none", Some(r#"{"biz_attr":"x"}"#));
    expect(&reply(missing), -197);
}

/// The object is replaced between `HEAD` and the copy that changes it.
#[test]
fn what_is_replaced_while_it_is_changed_keeps_its_new_content() {
    let bed = bed();
    let client = bed.client();
    expect(&upload_bytes(&client, "/a", b"old", json!({})), 0);
    bed.emulator.inject(bed.api.fault(Op::Stat, header("ETag", Some("\"another\""))));
    expect(&reply(file::update(&client, PUBLIC, "/a", Some(r#"{"biz_attr":"b"}"#))), 0);
    assert_eq!(count(&bed, "copy_object"), 2);
    assert_eq!(stat(&bed, "/a")["biz_attr"], "b");
}

#[test]
fn copies_keep_what_is_there_unless_told() {
    let bed = bed();
    let client = bed.client();
    expect(&upload_bytes(&client, "/中 +", b"one", json!({"biz_attr": "b"})), 0);
    expect(&upload_bytes(&client, "/b", b"two", json!({})), 0);
    expect(&reply(file::copy(&client, PUBLIC, "/中 +", "/b", None)), -177);
    expect(&reply(file::rename(&client, PUBLIC, "/中 +", "/b", None)), -177);
    assert_stored(&bed.emulator, "/b", b"two");
    let over = Some(r#"{"overwrite":true}"#);
    expect(&reply(file::rename(&client, PUBLIC, "/中 +", "/b", over)), 0);
    assert_stored(&bed.emulator, "/b", b"one");
    assert_eq!(stat(&bed, "/b")["biz_attr"], "b");
    expect(&reply(file::stat(&client, PUBLIC, "/中 +", None)), -197);
    for refused in [
        file::rename(&client, PUBLIC, "/b", "/b", over),
        file::copy(&client, PUBLIC, "/b", "/b", over),
    ] {
        expect(&reply(refused), -1);
    }
    assert_stored(&bed.emulator, "/b", b"one");
    expect(&reply(file::copy(&client, PUBLIC, "/none", "/x", None)), -197);
}

#[test]
fn a_move_that_only_copied_says_so() {
    let bed = bed();
    let client = bed.client();
    expect(&upload_bytes(&client, "/a", b"text", json!({})), 0);
    bed.emulator.inject(in_op("delete_object", word("AccessDenied", None)));
    let answer = reply(file::rename(&client, PUBLIC, "/a", "/b", None));
    expect(&answer, 5);
    let said = "the file is at its new path, and still at the old one as well: No.";
    assert_eq!(answer["message"], said);
    assert_eq!(answer["error"]["server_code"], "AccessDenied");
    for path in ["/a", "/b"] {
        assert_stored(&bed.emulator, path, b"text");
    }
}

const MANY: u64 = 1 << 20;

/// Of another region and of this one; a KiB in them counts as a GiB.
struct Large {
    bed: Bed,
    here: Client,
    there: Client,
}

impl Large {
    fn new() -> Large {
        let bed = with_a_far_bucket();
        bed.emulator.settings(|settings| {
            settings.smallest_part = 1;
            settings.size_factor = MANY;
        });
        let (here, there) = (in_region(&bed, "ap-shanghai"), in_region(&bed, "ap-guangzhou"));
        Large { bed, here, there }
    }

    /// A file that needs seven parts.
    fn upload(client: &Client, bucket: &str, path: &str) -> Vec<u8> {
        let options = json!({"biz_attr": "文", "content_type": "a/b", "x-cos-meta-a": "b"});
        let (bytes, options) = (content(6 * 1024 + 100), options.to_string());
        let watch = Watch::default();
        expect(&reply(upload::buffer(client, bucket, path, &bytes, Some(&options), watch)), 0);
        bytes
    }

    fn copy(&self, client: &Client, bucket: &str, path: &str, region: Option<&str>) -> Value {
        let options = json!({"dest_bucket": PUBLIC, "source_region": region}).to_string();
        reply(file::copy(client, bucket, path, "/copy", Some(&options)))
    }

    /// Nothing is there, whole or in parts.
    fn check_absent(&self) {
        assert_absent(&self.bed.emulator, "/copy");
        assert!(unfinished(&self.bed.emulator).is_empty());
    }
}

#[test]
fn what_is_too_large_for_one_request_is_copied_in_parts() {
    let large = Large::new();
    let (near, far) = (
        Large::upload(&large.here, PUBLIC, "/文 +a"),
        Large::upload(&large.there, "far-bucket", "/文 +a"),
    );
    for (bucket, region, bytes) in [(PUBLIC, None, near), ("far-bucket", Some("gz"), far)] {
        large.bed.emulator.clear_requests();
        expect(&large.copy(&large.here, bucket, "/文 +a", region), 0);
        assert_eq!(count(&large.bed, "upload_part_copy"), 7);
        assert_eq!(count(&large.bed, "copy_object"), 0);
        assert_stored(&large.bed.emulator, "/copy", &bytes);
        let data = stat(&large.bed, "/copy");
        assert_eq!(
            (&data["filesize"], &data["biz_attr"]),
            (&json!(bytes.len() as u64 * MANY), &json!("文"))
        );
        let headers = &data["custom_headers"];
        assert_eq!(
            (&headers["Content-Type"], &headers["x-cos-meta-a"]),
            (&json!("a/b"), &json!("b"))
        );
        // One that is there stays.
        expect(&large.copy(&large.here, bucket, "/文 +a", region), -177);
        assert!(unfinished(&large.bed.emulator).is_empty());
        expect(&reply(file::delete(&large.here, PUBLIC, "/copy", None)), 0);
    }
    // So do attributes change.
    let changes = Some(r#"{"biz_attr": "new"}"#);
    expect(&reply(file::update(&large.here, PUBLIC, "/文 +a", changes)), 0);
    let data = stat(&large.bed, "/文 +a");
    assert_eq!(
        (&data["biz_attr"], &data["custom_headers"]["x-cos-meta-a"]),
        (&json!("new"), &json!("b"))
    );
    assert_stored(&large.bed.emulator, "/%E6%96%87%20+a", &content(6 * 1024 + 100));
}

#[test]
fn a_large_file_that_is_not_there_is_not_begun() {
    let large = Large::new();
    Large::upload(&large.there, "far-bucket", "/a");
    for (bucket, path, region, code) in [
        ("far-bucket", "/a", None, -133),
        ("far-bucket", "/a", Some("ap-beijing"), -133),
        ("none", "/a", Some("gz"), -133),
        ("far-bucket", "/none", Some("gz"), -197),
    ] {
        expect(&large.copy(&large.here, bucket, path, region), code);
    }
    assert_eq!(count(&large.bed, "initiate_multipart_upload"), 0);
    large.check_absent();
}

#[test]
fn a_large_file_that_changes_while_it_is_copied_is_not_copied() {
    let large = Large::new();
    large.here.set_config(Some(r#"{"retries": 10}"#)).unwrap();
    Large::upload(&large.there, "far-bucket", "/a");
    let again_and_again = in_op("upload_part_copy", word("ServiceUnavailable", None)).part(3);
    large.bed.emulator.inject(again_and_again.forever());
    let answer = thread::scope(|scope| {
        let copy = scope.spawn(|| large.copy(&large.here, "far-bucket", "/a", Some("gz")));
        let part = |record: &Record| record.part == Some(3);
        wait_until("the third part", || large.bed.emulator.requests().iter().any(part));
        let watch = Watch::default();
        let options = Some(r#"{"insert_only": false}"#);
        let other = upload::buffer(&large.there, "far-bucket", "/a", b"other", options, watch);
        expect(&reply(other), 0);
        large.bed.emulator.clear_faults();
        copy.join().unwrap()
    });
    assert_eq!(answer["error"]["server_code"], "PreconditionFailed", "{answer}");
    large.check_absent();
}

#[test]
fn a_large_copy_can_be_cancelled() {
    let large = Large::new();
    Large::upload(&large.there, "far-bucket", "/a");
    let silence = in_op("upload_part_copy", Action::Withhold).part(3);
    large.bed.emulator.inject(silence.forever());
    let handle = Transfer::default();
    let stopped = large.here.followed_by(&handle);
    let answer = thread::scope(|scope| {
        let copy = scope.spawn(|| large.copy(&stopped, "far-bucket", "/a", Some("gz")));
        let part = |record: &Record| record.part == Some(3);
        wait_until("the third part", || large.bed.emulator.requests().iter().any(part));
        handle.cancel();
        copy.join().unwrap()
    });
    expect(&answer, 1);
    assert_eq!(count(&large.bed, "upload_part_copy"), 3);
    large.check_absent();
}

#[test]
fn folders_are_what_keys_begin_with() {
    let bed = bed();
    let client = bed.client();
    expect(&list(&client, "/", json!({})), 0);
    expect(&list(&client, "/d/", json!({})), -197);
    expect(&reply(folder::create(&client, PUBLIC, "/d/", Some(r#"{"biz_attr":"文"}"#))), 0);
    expect(&reply(folder::create(&client, PUBLIC, "/d/", None)), -178);
    assert_eq!(reply(folder::stat(&client, PUBLIC, "/d/", None))["data"]["biz_attr"], "文");
    expect(&list(&client, "/d/", json!({})), 0);
    for path in ["/d/a", "/d/b +%中", "/d/sub/x", "/e/f/g"] {
        expect(&upload_bytes(&client, path, b"x", json!({})), 0);
    }
    assert_eq!(names(&list(&client, "/d/", json!({}))), ["sub/", "a", "b +%中"]);
    assert_eq!(names(&list(&client, "/d/", json!({"prefix": "b"}))), ["b +%中"]);
    assert_eq!(names(&list(&client, "/", json!({"all": true}))), ["d/", "e/"]);
    for all in [true, false] {
        let (mut found, mut context) = (Vec::new(), String::new());
        loop {
            let page = list(&client, "/d/", json!({"num": 1, "context": context, "all": all}));
            expect(&page, 0);
            found.extend(names(&page).into_iter().map(str::to_owned));
            if page["data"]["listover"] == true {
                break;
            }
            context = page["data"]["context"].as_str().unwrap().to_owned();
        }
        found.sort();
        assert_eq!(found, ["a", "b +%中", "sub/"]);
    }
    // A folder that is only what keys begin with.
    expect(&reply(folder::stat(&client, PUBLIC, "/e/", None)), 0);
    expect(&reply(folder::update(&client, PUBLIC, "/e/", Some(r#"{"biz_attr":"i"}"#))), 0);
    assert_eq!(reply(folder::stat(&client, PUBLIC, "/e/", None))["data"]["biz_attr"], "i");
    expect(&reply(folder::stat(&client, PUBLIC, "/none/", None)), -197);
    expect(&reply(folder::delete(&client, PUBLIC, "/d/", None)), -173);
    let delete = |path| reply(folder::delete(&client, PUBLIC, path, Some(r#"{"recursive":true}"#)));
    let all = delete("/d/");
    expect(&all, 0);
    assert_eq!((&all["data"]["files"], &all["data"]["failed"]), (&json!(3), &json!(0)));
    expect(&reply(folder::delete(&client, PUBLIC, "/d/", None)), -197);
    // The files, then the folders.
    assert_eq!(count(&bed, "delete_objects"), 2);
}

/// Other clients can store content under a key that ends with '/'.
#[test]
fn the_content_of_a_folder_itself_is_not_lost() {
    let bed = bed();
    let client = bed.client();
    for key in ["c/", "c/d/"] {
        bed.put(PUBLIC, key, "precious");
    }
    for all in [true, false] {
        let page = list(&client, "/c/", json!({"recursive": true, "folders": true, "all": all}));
        assert_eq!((&page["data"]["filesize"], names(&page)), (&json!(8), vec!["d/"]));
    }
    let down = tree::download(
        &client,
        PUBLIC,
        "/c/",
        bed.path("down").to_str().unwrap(),
        None,
        Watch::default(),
    );
    let down = reply(down);
    expect(&down, -1);
    assert_eq!(down["data"]["failed"], 2, "{down}");
    assert_eq!(fs::read_dir(bed.path("down")).unwrap().count(), 0);
    expect(&reply(folder::delete(&client, PUBLIC, "/c/d/", None)), -173);
    assert_eq!(names(&list(&client, "/c/", json!({}))), ["d/"]);
    let all = reply(folder::delete(&client, PUBLIC, "/c/", Some(r#"{"recursive":true}"#)));
    expect(&all, 0);
    assert_eq!(all["data"]["folders"], 2);
}

#[test]
fn a_page_with_nothing_but_the_folder_itself_has_a_context() {
    let bed = bed();
    let page = "<ListBucketResult><IsTruncated>true</IsTruncated>\
                <Contents><Key>d/</Key><Size>0</Size></Contents></ListBucketResult>";
    bed.emulator.inject(bed.api.fault(Op::List, bed.api.reply(page)));
    let answer = list(&bed.client(), "/d/", json!({"num": 1}));
    expect(&answer, 0);
    assert_eq!(answer["data"], json!({"context": "d/", "listover": false, "infos": []}));
}

#[test]
fn blanks_at_the_end_of_a_key_do_not_hide_which_it_is() {
    let bed = bed();
    let client = bed.client();
    for path in ["/m/a ", "/m/b"] {
        expect(&upload_bytes(&client, path, b"x", json!({})), 0);
    }
    let locked = "<DeleteResult><Error><Key>m/a </Key><Code>ObjectLocked</Code></Error>\
                  </DeleteResult>";
    bed.emulator.inject(in_op("delete_objects", bed.api.reply(locked)));
    let some = reply(folder::delete(&client, PUBLIC, "/m/", Some(r#"{"recursive":true}"#)));
    expect(&some, 4);
    assert_eq!(some["data"]["failures"][0]["path"], "a ");
}

#[test]
fn the_header_of_an_option_is_refused() {
    let bed = bed();
    let client = bed.client();
    for key in ["x-cos-meta-biz-attr", "x-cos-meta-Biz-Attr"] {
        for options in [json!({ (key): "x" }), sliced(json!({ (key): "x" }))] {
            let answer = upload_bytes(&client, "/a", &content(2 * MIB), options);
            expect(&answer, -1);
            assert_eq!(answer["error"]["argument"], "x-cos-meta-biz-attr");
        }
    }
    assert_absent(&bed.emulator, "/a");
}

#[test]
fn what_can_not_be_deleted_with_others_is_told() {
    let bed = bed();
    let client = bed.client();
    let delete = || reply(folder::delete(&client, PUBLIC, "/m/", Some(r#"{"recursive":true}"#)));
    for path in ["/m/a<&b", "/m/sub/locked", "/m/b"] {
        expect(&upload_bytes(&client, path, b"x", json!({})), 0);
    }
    let locked = "<DeleteResult><Error><Key>m/sub/locked</Key><Code>ObjectLocked</Code>\
                  <Message>No.</Message></Error></DeleteResult>";
    bed.emulator.inject(in_op("delete_objects", bed.api.reply(locked)));
    let some = delete();
    assert_eq!((&some["code"], &some["data"]["files"]), (&json!(4), &json!(2)), "{some}");
    assert_eq!(some["data"]["failures"][0]["path"], "sub/locked");
    assert_eq!(some["data"]["failures"][0]["code"], 4);
    // Where many at once are not allowed, one by one may be.
    bed.emulator.inject(in_op("delete_objects", word("AccessDenied", None)));
    expect(&delete(), 0);
    expect(&list(&client, "/m/", json!({})), -197);
}

#[test]
fn what_can_not_be_told_apart_from_the_damaged_content_stays() {
    let bed = bed();
    let client = bed.client();
    let named = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let damaged = Action::Reply {
        status: 200,
        content_type: "application/xml".into(),
        body: String::new(),
        size: None,
        headers: [named("x-cos-request-id", "1"), named("x-cos-hash-crc64ecma", "1")].into(),
        execute: true,
    };
    bed.emulator.inject(in_op("put_object", damaged));
    bed.emulator.inject(in_op("head_object", header("ETag", None)).forever());
    expect(&upload_bytes(&client, "/a", b"text", json!({"retries": 0})), 3);
    assert_stored(&bed.emulator, "/a", b"text");
}

#[test]
fn refusals_say_what_helps() {
    let bed = bed();
    let client = bed.client_with(json!({"retries": 0}));
    for (status, code, number, hint) in [
        (403, "AccessDenied", 5, "permissions"),
        (403, "InvalidAccessKeyId", -47, "secret_id"),
        (404, "NoSuchBucket", -133, "region"),
        (400, "ExpiredToken", -59, "temporary keys"),
        (403, "InvalidObjectState", 4, "restore"),
        (301, "PermanentRedirect", 4, "region"),
        (451, "DomainAuditFailed", 4, ""),
    ] {
        // The reply to HEAD has no body: a GET after it gets the word.
        bed.emulator.inject(bed.api.fault(Op::Stat, word(code, Some(status))));
        bed.emulator.inject(bed.api.fault(Op::Download, word(code, Some(status))));
        let answer = reply(file::stat(&client, PUBLIC, "/a", None));
        expect(&answer, number);
        assert_eq!(answer["error"]["server_code"], code);
        assert_eq!(answer["message"], "No.");
        let said = answer["error"]["hint"].as_str().unwrap_or_default();
        assert!(said.contains(hint), "{code}: {said}");
    }
}

/// The emulator's buckets are in ap-shanghai.
#[test]
fn a_bucket_in_another_region_is_not_followed_but_named() {
    let bed = bed();
    for region in ["sh", "ap-shanghai"] {
        let options = json!({"insert_only": false});
        expect(&upload_bytes(&in_region(&bed, region), "/a", b"x", options), 0);
    }
    for is_301 in [false, true] {
        bed.emulator.settings(|settings| settings.wrong_region_is_301 = is_301);
        let client = in_region(&bed, "ap-guangzhou");
        for answer in [
            reply(file::stat(&client, PUBLIC, "/a", None)),
            upload_bytes(&client, "/b", b"x", json!({})),
            download_bytes(&client, "/a", json!({})).0,
            list(&client, "/", json!({})),
        ] {
            expect(&answer, if is_301 { 4 } else { -133 });
            let hint = answer["error"]["hint"].as_str().unwrap();
            assert!(hint.contains(if is_301 { "ap-shanghai" } else { "region" }), "{answer}");
        }
    }
}

#[test]
fn a_file_of_another_region_is_copied() {
    let bed = with_a_far_bucket();
    let (here, there) = (in_region(&bed, "ap-shanghai"), in_region(&bed, "ap-guangzhou"));
    let stored = upload::buffer(&there, "far-bucket", "/文 +a", b"text", None, Watch::default());
    expect(&reply(stored), 0);
    let copy = |bucket: &str, path: &str, region: Option<&str>| {
        let options = json!({"dest_bucket": PUBLIC, "source_region": region}).to_string();
        reply(file::copy(&here, bucket, path, "/copy", Some(&options)))
    };
    for region in [None, Some("ap-beijing"), Some("ap-shanghai")] {
        let answer = copy("far-bucket", "/文 +a", region);
        expect(&answer, -133);
        let hint = answer["error"]["hint"].as_str().unwrap();
        assert!(hint.contains(if region.is_some() { "region" } else { "source_region" }), "{hint}");
    }
    expect(&copy("far-bucket", "/none", Some("gz")), -197);
    let is_there = || reply(file::stat(&here, PUBLIC, "/copy", None))["code"] == 0;
    assert!(!is_there());
    expect(&copy("far-bucket", "/文 +a", Some("gz")), 0);
    assert_eq!(download_bytes(&here, "/copy", json!({})).1, b"text");
    expect(&copy("far-bucket", "/文 +a", Some("ap-guangzhou")), -177);
    let answer = copy(PUBLIC, "/copy", None);
    assert_eq!(answer["error"]["argument"], "dest_path", "{answer}");
    for (bucket, to) in [(PUBLIC, "none"), ("none", "none")] {
        let options = json!({"dest_bucket": to}).to_string();
        let answer = reply(file::copy(&here, bucket, "/copy", "/other", Some(&options)));
        expect(&answer, -133);
        assert!(!answer["error"]["hint"].as_str().unwrap().contains("source_region"), "{answer}");
    }
    for region in ["", "AP-Guangzhou", "ap.evil/"] {
        let answer = copy("far-bucket", "/文 +a", Some(region));
        assert_eq!(answer["error"]["argument"], "source_region", "{answer}");
    }
    let options = json!({"dest_bucket": PUBLIC, "source_region": "gz"}).to_string();
    let moved = file::rename(&here, "far-bucket", "/文 +a", "/moved", Some(&options));
    expect(&reply(moved), 0);
    assert_eq!(download_bytes(&here, "/moved", json!({})).1, b"text");
    expect(&reply(file::stat(&there, "far-bucket", "/文 +a", None)), -197);
    // A host that the program gives stands for those of all regions.
    let stored = upload::buffer(&there, "far-bucket", "/文 +a", b"text", None, Watch::default());
    expect(&reply(stored), 0);
    let options = json!({"dest_bucket": PUBLIC, "source_region": "gz", "overwrite": true});
    let given = bed.client();
    let copied = file::copy(&given, "far-bucket", "/文 +a", "/copy", Some(&options.to_string()));
    expect(&reply(copied), 0);
}

#[test]
fn a_wrong_clock_is_set_right_once() {
    let bed = bed();
    // Plain HTTP moves the clock by a day at the most.
    for (hours, code) in [(-3, 0), (3, 0), (-72, -59), (72, -59)] {
        bed.emulator.settings(|settings| settings.clock_ahead = hours * 3600);
        let client = bed.client_with(json!({"retries": 0}));
        let answer = upload_bytes(&client, "/a", b"x", json!({"insert_only": false}));
        expect(&answer, code);
        if code != 0 {
            assert!(answer["error"]["hint"].as_str().unwrap().contains("clock is"), "{answer}");
        } else {
            expect(&reply(file::stat(&client, PUBLIC, "/a", None)), 0);
        }
    }
}

#[test]
fn no_message_repeats_a_token() {
    let bed = bed();
    let client = bed.client_with(json!({"token": "Token+/=with&chars", "retries": 0}));
    let url = reply(sign::download(&client, PUBLIC, "/a", 60))["data"]["url"].clone();
    let url = url.as_str().unwrap();
    assert!(url.contains("&x-cos-security-token=Token%2B%2F%3Dwith%26chars"), "{url}");
    let message = Some("not with Token+/=with&chars, or that".into());
    let told = Action::Error { code: "AccessDenied".into(), status: None, message, execute: false };
    bed.emulator.inject(Fault::new(told));
    let answer = list(&client, "/", json!({}));
    expect(&answer, 5);
    assert_eq!(answer["message"], "not with ***, or that");
    for refused in [sign::once(&client, PUBLIC, "/a"), sign::more(&client, PUBLIC, "/a", 60)] {
        expect(&reply(refused), -1);
    }
}

#[test]
fn the_same_content_with_other_attributes_is_not_taken_for_ours() {
    let bed = bed();
    let client = bed.client();
    expect(&upload_bytes(&client, "/a", b"same", json!({})), 0);
    for (key, value) in [("content_type", "text/x-own"), ("storage_class", "STANDARD_IA")] {
        let failed = Action::Error {
            code: "InternalError".into(),
            status: None,
            message: None,
            execute: false,
        };
        bed.emulator.inject(bed.api.fault(Op::Upload, failed));
        let options = json!({"insert_only": false, (key): value});
        expect(&upload_bytes(&client, "/a", b"same", options), 0);
        assert_eq!(bed.emulator.faults().len(), 0);
        let shown = stat(&bed, "/a");
        let headers = &shown["custom_headers"];
        assert!(shown["storage_class"] == value || headers["Content-Type"] == value, "{shown}");
    }
}

#[test]
fn a_continued_upload_has_its_attributes_whatever_is_lost() {
    let bed = bed();
    let client = bed.client();
    let bytes = content(3 * MIB);
    broken_upload(&bed, &bytes, 2, json!({"biz_attr": "1"}));
    bed.emulator.inject(bed.api.fault(Op::Finish, lost()));
    bed.emulator.inject(in_op("put_object_tagging", word("InternalError", None)));
    let options = json!({"biz_attr": "2", "tagging": "k=v", "content_type": "text/x-own"});
    expect(&upload_bytes(&client, "/a", &bytes, sliced(options)), 0);
    assert_eq!(bed.emulator.faults().len(), 0);
    let shown = stat(&bed, "/a");
    assert_eq!(shown["biz_attr"], "2");
    assert_eq!(shown["custom_headers"]["Content-Type"], "text/x-own");
    let tags = cos::ops::request::Arguments {
        method: "GET",
        bucket: Some(PUBLIC),
        cos_path: Some("/a"),
        params: Some(r#"{"tagging": ""}"#),
        headers: None,
        body: b"",
    };
    let answer = reply(cos::ops::request::send(&client, &tags, None));
    assert!(answer["data"]["body"].as_str().unwrap().contains("<Value>v</Value>"), "{answer}");
}

#[test]
fn somebody_elses_folder_is_not_taken_for_ours() {
    let bed = bed();
    let client = bed.client();
    let create = |biz_attr: &str| {
        let options = json!({ "biz_attr": biz_attr }).to_string();
        reply(folder::create(&client, PUBLIC, "/d/", Some(&options)))
    };
    expect(&create("theirs"), 0);
    bed.emulator.inject(bed.api.fault(Op::Upload, dropped()));
    expect(&create("ours"), -178);
    assert_eq!(bed.emulator.faults().len(), 0);
}

#[test]
fn a_file_that_is_replaced_while_it_is_moved_is_not_lost() {
    let bed = bed();
    let client = bed.client();
    expect(&upload_bytes(&client, "/a", b"first", json!({})), 0);
    bed.emulator.inject(in_op("copy_object", Action::Delay { ms: 2_000 }));
    let answer = std::thread::scope(|scope| {
        let moving = scope.spawn(|| reply(file::rename(&client, PUBLIC, "/a", "/b", None)));
        wait_until("the copy", || stored(&bed.emulator, "/b").is_some());
        expect(&upload_bytes(&bed.client(), "/a", b"second", json!({"insert_only": false})), 0);
        moving.join().unwrap()
    });
    expect(&answer, 3);
    assert!(answer["message"].as_str().unwrap().contains("at its new path"), "{answer}");
    assert_stored(&bed.emulator, "/a", b"second");
    assert_stored(&bed.emulator, "/b", b"first");
}

#[test]
fn what_was_cut_or_damaged_on_the_way_is_sent_again() {
    let bed = bed();
    let client = bed.client();
    for code in ["IncompleteBody", "BadDigest"] {
        for op in [Op::Upload, Op::Slice] {
            bed.emulator.inject(bed.api.fault(op, word(code, None)));
        }
        let bytes = content(2 * MIB);
        expect(&upload_bytes(&client, &format!("/{code}"), &bytes, json!({})), 0);
        expect(&upload_bytes(&client, &format!("/{code}2"), &bytes, sliced(json!({}))), 0);
        assert_eq!(bed.emulator.faults().len(), 0);
    }
}
