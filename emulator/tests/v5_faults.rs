//! Trouble on demand in the XML API, by the names of its operations.

mod common;

use std::io::{ErrorKind, Read};

use common::{
    BUCKET, Wire,
    v5::{Bed, Request, host},
};
use cos_emulator::{Action, End, Fault, Part};

fn get() -> Request {
    Request::new("GET", "a")
}

/// An emulator with an object, in which this happens.
fn bed_with(fault: Fault) -> Bed {
    let bed = Bed::start();
    bed.put("a", b"0123456789").ok();
    bed.emulator.clear_requests();
    bed.emulator.inject(fault);
    bed
}

fn error(code: &str) -> Action {
    Action::Error { code: code.into(), status: None, message: None, execute: false }
}

/// Everything that comes on a connection, and how it ends.
fn rest(bed: &Bed, request: Request) -> (String, Option<ErrorKind>) {
    let mut wire = Wire::open(bed.emulator.port());
    wire.send(&request.bytes()).unwrap();
    let mut bytes = Vec::new();
    let end = wire.0.read_to_end(&mut bytes).err().map(|error| error.kind());
    (String::from_utf8(bytes).unwrap(), end)
}

const README: &str = include_str!("../README.md");

#[test]
fn every_operation_has_a_name() {
    let bed = Bed::start();
    let source = format!("{}/a", host(BUCKET));
    let part = |request: Request| request.param("partNumber", "1").param("uploadId", "x");
    for (method, key, params, name) in [
        ("HEAD", "", &[][..], "head_bucket"),
        ("PUT", "", &[], "put_bucket"),
        ("DELETE", "", &[], "delete_bucket"),
        ("GET", "", &["acl"], "get_bucket_acl"),
        ("PUT", "", &["acl"], "put_bucket_acl"),
        ("GET", "", &["location"], "get_bucket_location"),
        ("GET", "", &["versioning"], "get_bucket_versioning"),
        ("GET", "", &[], "list_objects"),
        ("GET", "", &["versions"], "list_object_versions"),
        ("GET", "", &["uploads"], "list_multipart_uploads"),
        ("POST", "", &["delete"], "delete_objects"),
        ("POST", "", &[], "post_object"),
        ("OPTIONS", "", &[], "preflight"),
        ("OPTIONS", "a", &[], "preflight"),
        ("PUT", "a", &[], "put_object"),
        ("GET", "a", &[], "get_object"),
        ("HEAD", "a", &[], "head_object"),
        ("DELETE", "a", &[], "delete_object"),
        ("POST", "a", &["append"], "append_object"),
        ("GET", "a", &["acl"], "get_object_acl"),
        ("PUT", "a", &["acl"], "put_object_acl"),
        ("GET", "a", &["tagging"], "get_object_tagging"),
        ("PUT", "a", &["tagging"], "put_object_tagging"),
        ("DELETE", "a", &["tagging"], "delete_object_tagging"),
        ("POST", "a", &["uploads"], "initiate_multipart_upload"),
        ("GET", "a", &["uploadId"], "list_parts"),
        ("POST", "a", &["uploadId"], "complete_multipart_upload"),
        ("DELETE", "a", &["uploadId"], "abort_multipart_upload"),
        ("PUT", "", &["lifecycle"], "other"),
    ] {
        let request = Request::new(method, key);
        let request = params.iter().fold(request, |request, name| request.param(name, ""));
        bed.send(request);
        assert!(README.contains(&format!("`{name}`")), "the README lacks {name}");
        assert_eq!(bed.emulator.requests().last().unwrap().op, name, "{method} {key:?} {params:?}");
    }
    for (request, name) in [
        (part(Request::new("PUT", "a").body("x")), "upload_part"),
        (part(Request::new("PUT", "a").header("x-cos-copy-source", &source)), "upload_part_copy"),
        (Request::new("PUT", "b").header("x-cos-copy-source", &source), "copy_object"),
        (Request::new("GET", "").host("service.cos.myqcloud.com"), "list_buckets"),
    ] {
        bed.send(request);
        assert_eq!(bed.emulator.requests().last().unwrap().op, name);
    }
}

#[test]
fn words_instead_of_answers() {
    let bed = bed_with(Fault::new(error("SlowDown")).op("get_object").times(2));
    for _ in 0..2 {
        let answer = bed.send(get());
        assert_eq!(answer.word(), (503, "SlowDown".into()));
        assert!(answer.header("x-cos-request-id").is_some());
        assert!(answer.element("TraceId").is_some());
    }
    bed.send(get()).ok();
    bed.emulator.inject(Fault::new(error("InternalError")).op("head_object"));
    let answer = bed.head("a");
    assert_eq!((answer.status, answer.body.len()), (500, 0));
    // A success that is none, of an operation that was carried out.
    let late = Action::Error {
        code: "InternalError".into(),
        status: Some(200),
        message: Some("Later.".into()),
        execute: true,
    };
    bed.emulator.inject(Fault::new(late).op("copy_object"));
    let source = format!("{}/a", host(BUCKET));
    let answer = bed.send(Request::new("PUT", "b").header("x-cos-copy-source", &source));
    assert_eq!(answer.word(), (200, "InternalError".into()));
    assert_eq!(answer.element("Message").as_deref(), Some("Later."));
    bed.get("b").ok();
    // Words that the emulator does not send by itself.
    for (code, status) in [("UserNetworkTooSlow", 400), ("UploadConflict", 409), ("Unheard", 400)] {
        bed.emulator.inject(Fault::new(error(code)));
        assert_eq!(bed.send(get()).word(), (status, code.into()));
    }
    let page = Action::Reply {
        status: 502,
        content_type: "text/html".into(),
        body: "<h1>502</h1>".into(),
        size: None,
        headers: Default::default(),
        execute: false,
    };
    bed.emulator.inject(Fault::new(page));
    let answer = bed.send(get());
    assert_eq!((answer.status, answer.header("x-cos-request-id")), (502, None));
}

#[test]
fn a_part_is_named_by_its_number() {
    let bed = bed_with(Fault::new(error("ServiceUnavailable")).op("upload_part").part(2));
    let id = bed.initiate("big");
    bed.part("big", &id, 1, b"x").ok();
    assert_eq!(bed.part("big", &id, 2, b"x").word(), (503, "ServiceUnavailable".into()));
    bed.part("big", &id, 2, b"x").ok();
    let numbers: Vec<_> = bed.emulator.requests().iter().map(|request| request.part).collect();
    assert_eq!(numbers, [None, Some(1), Some(2), Some(2)]);
    // A range is named by its beginning.
    bed.emulator.inject(Fault::new(error("SlowDown")).op("get_object").offset(5));
    bed.send(get().header("Range", "bytes=0-4")).ok();
    assert_eq!(bed.send(get().header("Range", "bytes=5-")).status, 503);
}

#[test]
fn headers_are_forged_and_taken_away() {
    let header = |name: &str, value: Option<&str>| {
        Fault::new(Action::Header { name: name.into(), value: value.map(String::from) })
    };
    let bed = bed_with(header("x-cos-hash-crc64ecma", Some("1")).op("get_object"));
    let answer = bed.send(get()).ok();
    assert_eq!(answer.header("x-cos-hash-crc64ecma"), Some("1"));
    assert_eq!(answer.body, b"0123456789");
    bed.emulator.inject(header("etag", None));
    assert_eq!(bed.head("a").ok().header("etag"), None);
    bed.emulator.inject(header("x-cos-request-id", None));
    assert_eq!(bed.send(get()).header("x-cos-request-id"), None);
}

#[test]
fn lines_break_before_within_and_after() {
    let bed = bed_with(Fault::new(Action::LoseReply { end: End::Close }).op("put_object"));
    assert_eq!(rest(&bed, Request::new("PUT", "b").body("x")), (String::new(), None));
    bed.get("b").ok();
    bed.emulator.inject(Fault::new(Action::Drop { after: 0, end: End::Reset }).op("put_object"));
    let (_, end) = rest(&bed, Request::new("PUT", "c").body("x"));
    assert_eq!(end, Some(ErrorKind::ConnectionReset));
    assert_eq!(bed.get("c").status, 404);
    let cut = Action::Cut { after: 4, of: Part::Body, end: End::Close };
    bed.emulator.inject(Fault::new(cut).op("get_object"));
    let (text, _) = rest(&bed, get());
    assert!(text.contains("Content-Length: 10\r\n") || text.contains("content-length: 10\r\n"));
    assert!(text.ends_with("\r\n\r\n0123"), "{text}");
    bed.emulator.inject(Fault::new(Action::Corrupt { at: 3 }).op("get_object"));
    assert_eq!(bed.send(get()).ok().body[3], !b'3');
    // A part of which the reply is lost is there.
    let id = bed.initiate("big");
    bed.emulator.inject(Fault::new(Action::LoseReply { end: End::Reset }).op("upload_part"));
    let part = Request::new("PUT", "big").param("partNumber", "1").param("uploadId", &id);
    rest(&bed, part.body("x"));
    let list = bed.send(Request::new("GET", "big").param("uploadId", &id)).ok();
    assert_eq!(list.elements("PartNumber"), ["1"]);
}

#[test]
fn a_clock_that_is_wrong() {
    let bed = bed_with(Fault::new(error("SlowDown")).op("none"));
    bed.emulator.settings(|settings| settings.clock_ahead = -7200);
    let answer = bed.send(get());
    assert_eq!(answer.word(), (403, "RequestTimeTooSkewed".into()));
    bed.emulator.settings(|settings| settings.clock_ahead = 7200);
    let answer = bed.send(get());
    assert_eq!(answer.word(), (403, "AccessDenied".into()));
    assert_eq!(answer.element("Message").as_deref(), Some("Request has expired"));
    assert!(answer.header("date").is_some());
}
