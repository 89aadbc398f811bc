//! One bucket through both APIs: what either writes the other has.

mod common;

use common::{
    Ask, Cos, Form, Sign, Wire, encode, sha1,
    v5::{Request, md5},
};
use cos_emulator::{Action, Fault};
use serde_json::json;

const HELLO: &[u8] = b"hello cos v5\n";
const CRC: &str = "x-cos-hash-crc64ecma";

fn send(cos: &Cos, request: Request) -> common::Answer {
    request.on(&mut Wire::open(cos.emulator().port())).unwrap()
}

fn get(cos: &Cos, key: &str) -> common::Answer {
    send(cos, Request::new("GET", key))
}

fn put(cos: &Cos, key: &str, content: &[u8]) -> common::Answer {
    send(cos, Request::new("PUT", key).body(content))
}

/// Begins an upload in slices of 1 MiB and sends one; its session.
fn begin_slices(cos: &Cos, path: &str, content: &[u8]) -> String {
    let init = Form::op("upload_slice_init")
        .field("filesize", content.len().to_string())
        .field("slice_size", "1048576");
    let session = cos.post_form(path, init).data()["session"].as_str().unwrap().to_string();
    let data = Form::op("upload_slice_data")
        .field("session", &session)
        .field("offset", "0")
        .field("fileContent", &content[..1 << 20]);
    cos.post_form(path, data).data();
    session
}

#[test]
fn contents_are_the_same() {
    let mut cos = Cos::start();
    cos.upload("/旧 文.txt", HELLO).data();
    put(&cos, "新 文.txt", HELLO).ok();
    cos.restart();
    let old = get(&cos, "旧 文.txt").ok();
    assert_eq!(old.body, HELLO);
    assert_eq!(old.header(CRC), Some("1034866199268009142"));
    // An old object has an ETag of 40 digits.
    assert_eq!(old.header("etag").unwrap(), format!("\"{}\"", sha1(HELLO)));
    assert_eq!(cos.download("/新 文.txt").body, HELLO);
    let stat = cos.stat("/新 文.txt").data();
    assert_eq!((&stat["sha"], &stat["filesize"]), (&json!(sha1(HELLO)), &json!(13)));
    for key in ["旧 文.txt", "新 文.txt"] {
        let answer = cos.get("/", "op=list&num=10").data();
        let names: Vec<_> =
            answer["infos"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
        assert!(names.contains(&&json!(key)), "{names:?}");
        assert!(send(&cos, Request::new("GET", "")).ok().elements("Key").contains(&key.into()));
    }
    // Each replaces and deletes what the other wrote.
    put(&cos, "旧 文.txt", b"new").ok();
    assert_eq!(cos.download("/旧 文.txt").body, b"new");
    assert_eq!(cos.upload("/旧 文.txt", HELLO).verdict(), (409, -177));
    assert_eq!(cos.delete("/新 文.txt").verdict(), (200, 0));
    assert_eq!(get(&cos, "新 文.txt").status, 404);
    send(&cos, Request::new("DELETE", "旧 文.txt")).ok();
    assert_eq!(cos.stat("/旧 文.txt").verdict(), (404, -197));
    assert_eq!(std::fs::read_dir(cos.dir.path().join("blobs")).unwrap().count(), 0);
}

#[test]
fn attributes_are_the_same() {
    let cos = Cos::start();
    let request = Request::new("PUT", "a").body("x");
    let request = request.header("Content-Type", "text/plain").header("x-cos-meta-a", "1");
    send(&cos, request.header("Cache-Control", "no-cache")).ok();
    let headers = cos.stat("/a").data()["custom_headers"].clone();
    let expected =
        json!({"Cache-Control": "no-cache", "Content-Type": "text/plain", "x-cos-meta-a": "1"});
    assert_eq!(headers, expected);
    let update = r#"{"op": "update", "custom_headers": {"x-cos-meta-b": "2"}, "biz_attr": "属性"}"#;
    assert_eq!(cos.once("/a", update).code(), 0);
    let head = send(&cos, Request::new("HEAD", "a")).ok();
    assert_eq!((head.header("x-cos-meta-a"), head.header("x-cos-meta-b")), (None, Some("2")));
    assert_eq!(head.header("x-cos-meta-biz-attr"), None, "the APIs have attributes of their own");
    cos.emulator().settings(|settings| settings.biz_attr_is_metadata = true);
    let head = send(&cos, Request::new("HEAD", "a")).ok();
    assert_eq!(head.header("x-cos-meta-biz-attr"), Some("%E5%B1%9E%E6%80%A7"));
    let copy = Request::new("PUT", "b")
        .header("x-cos-copy-source", "private-bucket-1250000000.cos.ap-shanghai.myqcloud.com/a");
    send(&cos, copy).ok();
    assert_eq!(cos.stat("/b").data()["biz_attr"], "属性");
    // Who may read is told to each API by itself.
    let open = r#"{"op": "update", "authority": "eWPrivateRPublic"}"#;
    assert_eq!(cos.once("/a", open).code(), 0);
    assert_eq!(cos.send(Ask::download("private-bucket", "/a")).status, 200);
    assert_eq!(
        send(
            &cos,
            Request::new("GET", "a")
                .anonymous()
                .host("private-bucket-1250000000.cos.ap-shanghai.myqcloud.com")
        )
        .status,
        403
    );
}

#[test]
fn folders_are_names_that_end_with_a_slash() {
    let cos = Cos::start();
    cos.create("/old/").data();
    put(&cos, "new/", b"").ok();
    put(&cos, "meant/x", b"x").ok();
    let empty = get(&cos, "old/").ok();
    assert_eq!((empty.body.len(), empty.header(CRC)), (0, Some("0")));
    assert_eq!(empty.header("etag").unwrap(), format!("\"{}\"", md5(b"")));
    cos.get("/new/", "op=stat").data();
    assert_eq!(cos.create("/new/").verdict(), (409, -178));
    let keys = send(&cos, Request::new("GET", "")).ok().elements("Key");
    assert_eq!(keys, ["meant/x", "new/", "old/"]);
    assert_eq!(cos.delete("/meant/").code(), -197, "nobody created it");
    put(&cos, "new/x", b"x").ok();
    assert_eq!(cos.delete("/new/").verdict(), (400, -173));
    send(&cos, Request::new("DELETE", "new/x")).ok();
    assert_eq!(cos.delete("/new/").verdict(), (200, 0));
    send(&cos, Request::new("DELETE", "old/")).ok();
    assert_eq!(cos.get("/old/", "op=stat").code(), -197);
}

#[test]
fn an_upload_is_known_to_the_api_that_began_it() {
    let cos = Cos::start();
    let content = vec![7; (1 << 20) + 5];
    let session = begin_slices(&cos, "/old", &content);
    assert_eq!(get(&cos, "old").status, 404);
    assert!(send(&cos, Request::new("GET", "")).ok().elements("Key").is_empty());
    let uploads = send(&cos, Request::new("GET", "").param("uploads", "")).ok();
    assert!(uploads.elements("Upload").is_empty());
    let not_ours = (405, "UploadIdNotSupported".to_string());
    for method in ["GET", "PUT", "POST", "DELETE"] {
        let request = Request::new(method, "old").param("uploadId", &session);
        let request = match method {
            "PUT" => request.param("partNumber", "1").body("x"),
            "POST" => request.body(common::v5::completion(&[(1, "x")])),
            _ => request,
        };
        assert_eq!(send(&cos, request).word(), not_ours, "{method}");
    }
    // A whole object takes its place.
    put(&cos, "old", HELLO).ok();
    assert_eq!(cos.download("/old").body, HELLO);

    let begun = send(&cos, Request::new("POST", "new").param("uploads", "")).ok();
    let id = begun.element("UploadId").unwrap();
    assert_eq!(cos.stat("/new").code(), -197);
    let data = Form::op("upload_slice_data").field("session", &id).field("offset", "0");
    assert_eq!(cos.post_form("/new", data.field("fileContent", "x")).code(), -5983);
}

#[test]
fn what_was_sent_in_parts_is_whole_to_the_other() {
    let cos = Cos::start();
    let content: Vec<u8> = (0..(1 << 20) + 5).map(|index| (index % 251) as u8).collect();
    let begun = send(&cos, Request::new("POST", "new").param("uploads", "")).ok();
    let id = begun.element("UploadId").unwrap();
    let mut tags = Vec::new();
    for (number, part) in [(1, &content[..1 << 20]), (2, &content[1 << 20..])] {
        let request = Request::new("PUT", "new").param("partNumber", &number.to_string());
        let sent = send(&cos, request.param("uploadId", &id).body(part)).ok();
        tags.push((number, sent.header("etag").unwrap().to_string()));
    }
    let parts: Vec<_> = tags.iter().map(|(number, tag)| (*number, tag.as_str())).collect();
    let done = Request::new("POST", "new").param("uploadId", &id);
    send(&cos, done.body(common::v5::completion(&parts))).ok();
    assert_eq!(cos.stat("/new").data()["sha"], sha1(&content));
    assert_eq!(cos.download("/new").body, content);

    let session = begin_slices(&cos, "/old", &content);
    let rest = Form::op("upload_slice_data").field("session", &session).field("offset", "1048576");
    cos.post_form("/old", rest.field("fileContent", &content[1 << 20..])).data();
    let finish = Form::op("upload_slice_finish").field("session", &session);
    cos.post_form("/old", finish.field("fileSize", content.len().to_string())).data();
    let old = get(&cos, "old").ok();
    assert_eq!(old.body, content);
    assert_eq!(old.header(CRC), get(&cos, "new").header(CRC));
}

#[test]
fn faults_know_both() {
    let cos = Cos::start();
    put(&cos, "a", HELLO).ok();
    let refusal = |code: &str| Action::Error {
        code: code.into(),
        status: None,
        message: None,
        execute: false,
    };
    cos.emulator().inject(Fault::new(refusal("SlowDown")).op("get_object"));
    assert_eq!(cos.stat("/a").code(), 0);
    assert_eq!(get(&cos, "a").word(), (503, "SlowDown".into()));
    get(&cos, "a").ok();
    cos.emulator().inject(Fault::new(Action::Withhold).op("download"));
    get(&cos, "a").ok();
    let sign = Sign { file_id: encode("/a"), ..Sign::multi("") };
    let download = Ask::download("private-bucket", "/a").query(&format!("sign={}", sign.text()));
    let mut wire = Wire::open(cos.emulator().port());
    wire.send(&download.bytes()).unwrap();
    wire.0.set_read_timeout(Some(std::time::Duration::from_millis(200))).unwrap();
    assert!(wire.read_head().is_err());
}
