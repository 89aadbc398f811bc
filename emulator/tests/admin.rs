//! What the admin interface does with objects and settings; `faults.rs` has the rest of it.

mod common;

use common::{
    v5::{Bed, Request},
    *,
};
use cos_emulator::{Action, Bucket, Fault};
use serde_json::{Value, json};

/// A request to the admin interface, which needs no signature.
fn admin(bed: &Bed, method: &str, target: &str, body: &[u8], headers: &[(&str, &str)]) -> Answer {
    let mut ask = Ask::new(method, format!("/_emulator/{target}"));
    ask.body = body.to_vec();
    for (name, value) in headers {
        ask = ask.header(name, value);
    }
    if method != "POST" {
        ask = ask.header("Content-Length", &body.len().to_string());
    }
    ask.send(&bed.emulator)
}

fn keys(bed: &Bed) -> Vec<(String, String)> {
    let all = admin(bed, "GET", "objects", b"", &[]).json();
    let text = |object: &Value, name: &str| object[name].as_str().unwrap().to_string();
    let pair = |object| (text(object, "bucket"), text(object, "key"));
    all.as_array().unwrap().iter().map(pair).collect()
}

const OBJECT: &str = "objects/private-bucket-1250000000/a%20b/%E4%BD%A0%2B%25.txt";
const KEY: &str = "a b/你+%.txt";

#[test]
fn one_object_is_put_read_and_deleted_without_a_signature() {
    let bed = Bed::start();
    let headers = [("Content-Type", "text/plain"), ("x-cos-meta-of", "me")];
    assert_eq!(admin(&bed, "PUT", OBJECT, b"hello", &headers).status, 200);
    let read = bed.get(KEY).ok();
    assert_eq!(read.body, b"hello");
    assert_eq!(read.header("content-type"), Some("text/plain"));

    bed.send(Request::new("PUT", KEY).body("other").header("x-cos-meta-of", "you")).ok();
    let read = admin(&bed, "GET", OBJECT, b"", &[]);
    assert_eq!((read.status, &*read.body), (200, &b"other"[..]));
    assert_eq!(read.header("x-cos-meta-of"), Some("you"));
    let looked_at = admin(&bed, "HEAD", OBJECT, b"", &[]);
    assert_eq!((looked_at.status, looked_at.header("content-length")), (200, Some("5")));
    let listed = admin(&bed, "GET", "objects", b"", &[]).json();
    let object = &listed[0];
    assert_eq!(
        (&object["bucket"], &object["key"], &object["size"], &object["etag"]),
        (&json!("private-bucket-1250000000"), &json!(KEY), &json!(5), &json!(v5::md5(b"other")),)
    );
    assert_eq!(object["headers"], json!({"x-cos-meta-of": "you"}));
    assert!(object["modified"].as_u64().unwrap() + 60 > now());

    assert_eq!(admin(&bed, "DELETE", OBJECT, b"", &[]).status, 204);
    assert_eq!(bed.get(KEY).word(), (404, "NoSuchKey".into()));
    assert_eq!(admin(&bed, "HEAD", OBJECT, b"", &[]).status, 404);
    let missing = admin(&bed, "GET", OBJECT, b"", &[]);
    assert_eq!(missing.status, 404);
    assert_eq!(missing.json(), json!({"error": "NoSuchKey: The specified key does not exist."}));
}

#[test]
fn what_is_no_object_is_refused() {
    let bed = Bed::start();
    bed.put("f", b"x").ok();
    for (method, target, status, word) in [
        ("GET", "objects/no-such-bucket-1250000000/f", 404, "NoSuchBucket"),
        ("GET", "objects/private-bucket/f", 404, "NoSuchBucket"),
        ("GET", "objects/private-bucket-77/f", 404, "NoSuchBucket"),
        ("GET", "objects/", 404, "NoSuchBucket"),
        ("GET", "objects/private-bucket-1250000000/", 405, "MethodNotAllowed"),
        ("DELETE", "objects/private-bucket-1250000000", 405, "MethodNotAllowed"),
        ("GET", "objects/private-bucket-1250000000/f?acl", 405, "MethodNotAllowed"),
        ("POST", "objects/private-bucket-1250000000/f?uploads", 405, "MethodNotAllowed"),
        ("PUT", "objects/private-bucket-1250000000/%00", 400, "InvalidObjectName"),
        ("PUT", "objects/private-bucket-1250000000/%FF", 400, "InvalidURI"),
    ] {
        let answer = admin(&bed, method, target, b"", &[]);
        assert_eq!(answer.status, status, "{target}");
        let error = answer.json()["error"].as_str().unwrap().to_string();
        assert!(error.starts_with(&format!("{word}: ")), "{target}: {error}");
    }
    assert_eq!(admin(&bed, "PUT", "objects", b"", &[]).status, 405);
    assert_eq!(admin(&bed, "GET", "objectsx", b"", &[]).status, 404);
    assert_eq!(bed.get("f").ok().body, b"x");
}

#[test]
fn no_fault_strikes_it_and_no_log_has_it() {
    let bed = Bed::start();
    bed.emulator.inject(Fault::new(Action::Withhold).times(9));
    admin(&bed, "PUT", OBJECT, b"hello", &[]);
    assert_eq!(admin(&bed, "GET", OBJECT, b"", &[]).body, b"hello");
    assert_eq!(keys(&bed).len(), 1);
    assert!(bed.emulator.requests().is_empty());
}

#[test]
fn removing_all_objects_leaves_nothing_of_either_api() {
    let bed = Bed::with(|config| config.buckets.push(Bucket::public("another").region("gz")));
    bed.put("f", b"x").ok();
    bed.put("folder/", b"").ok();
    admin(&bed, "PUT", "objects/another-1250000000/f", b"y", &[]);
    let id = bed.initiate("parts");
    bed.part("parts", &id, 1, b"part").ok();
    let slices = Form::op("upload_slice_init").field("filesize", "2097152");
    let slices = slices.field("slice_size", "1048576");
    let begin = Ask::control("POST", "/s").sign(&Sign::multi("/s").text()).form(&slices);
    begin.send(&bed.emulator).data();
    let in_both = [("another", "f"), ("private-bucket", "f"), ("private-bucket", "folder/")];
    let in_both = in_both.map(|(bucket, key)| (format!("{bucket}-{APPID}"), key.to_string()));
    assert_eq!(keys(&bed), in_both);

    assert_eq!(admin(&bed, "DELETE", "objects", b"", &[]).status, 200);
    assert!(keys(&bed).is_empty());
    assert_eq!(bed.blobs(), 0);
    assert_eq!(std::fs::read_dir(bed.dir.path().join("uploads")).unwrap().count(), 0);
    assert_eq!(bed.get("f").word(), (404, "NoSuchKey".into()));
    assert_eq!(bed.part("parts", &id, 2, b"part").word(), (404, "NoSuchUpload".into()));
    let stat = Ask::control("GET", "/s").query("op=stat").sign(&Sign::multi("/s").text());
    assert_eq!(stat.send(&bed.emulator).code(), -197);
    // A file of the content it had is not there at once.
    let sha = sha1(b"x");
    let again = Form::op("upload_slice_init")
        .field("filesize", "1")
        .field("slice_size", "1048576")
        .field("sha", sha);
    let again = Ask::control("POST", "/s").sign(&Sign::multi("/s").text()).form(&again);
    assert!(again.send(&bed.emulator).data().get("session").is_some());

    bed.put("f", b"new").ok();
    assert_eq!(bed.get("f").ok().body, b"new");
    bed.emulator.clear_objects().unwrap();
    assert!(keys(&bed).is_empty());
}

#[test]
fn settings_go_back_to_those_of_the_start() {
    let bed = Bed::with(|config| config.settings.latency_ms = 1);
    let change = br#"{"latency_ms": 0, "largest_page": 7}"#;
    assert_eq!(admin(&bed, "PUT", "settings", change, &[]).json()["largest_page"], 7);
    let reset = admin(&bed, "DELETE", "settings", b"", &[]).json();
    assert_eq!((&reset["latency_ms"], &reset["largest_page"]), (&json!(1), &json!(1000)));
    assert_eq!(admin(&bed, "GET", "settings", b"", &[]).json(), reset);
    bed.emulator.settings(|settings| settings.latency_ms = 2);
    assert_eq!(bed.emulator.reset_settings().latency_ms, 1);
}
