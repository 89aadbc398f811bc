//! Trouble on demand, as a client sees it.

mod common;

use std::{
    io::{ErrorKind, Read},
    time::{Duration, Instant},
};

use common::*;
use cos_emulator::{Action, End, Fault, Part};
use serde_json::{Value, json};

fn stat_ask() -> Ask {
    Ask::control("GET", "/f").query("op=stat").sign(&Sign::multi("/f").text())
}

fn delete() -> Ask {
    Ask::control("POST", "/f").sign(&Sign::once("/f").text()).json(r#"{"op":"delete"}"#)
}

fn cos_with(fault: Fault) -> (Cos, Wire) {
    let cos = Cos::start();
    cos.upload("/f", b"hello cos\n").data();
    cos.emulator().clear_requests();
    cos.emulator().inject(fault);
    let wire = Wire::open(cos.emulator().port());
    (cos, wire)
}

/// What is left on the connection, and how it ends.
fn rest(wire: &mut Wire) -> (Vec<u8>, Option<ErrorKind>) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match wire.0.read(&mut buffer) {
            Ok(0) => return (bytes, None),
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
            Err(error) => return (bytes, Some(error.kind())),
        }
    }
}

#[test]
fn replies_of_another_kind() {
    let page = Action::Reply {
        status: 502,
        content_type: "text/html".into(),
        body: "<h1>502</h1>".into(),
        size: None,
        headers: [("Retry-After".to_string(), "1".to_string())].into(),
        execute: false,
    };
    let (cos, mut wire) = cos_with(Fault::new(page).op("stat").times(2));
    let code = |code, status| Action::Code { code, status, message: None, execute: false };
    cos.emulator().inject(Fault::new(code(-71, None)).op("stat"));
    cos.emulator().inject(Fault::new(code(-71, Some(200))).op("stat"));
    cos.emulator()
        .inject(Fault::new(Action::Redirect { location: "http://elsewhere/".into(), status: 302 }));
    for _ in 0..2 {
        let answer = stat_ask().on(&mut wire).unwrap();
        assert_eq!(
            (answer.status, answer.body.as_slice(), answer.header("retry-after")),
            (502, &b"<h1>502</h1>"[..], Some("1"))
        );
    }
    assert_eq!(stat_ask().on(&mut wire).unwrap().verdict(), (503, -71));
    assert_eq!(stat_ask().on(&mut wire).unwrap().verdict(), (200, -71));
    let moved = stat_ask().on(&mut wire).unwrap();
    assert_eq!((moved.status, moved.header("location")), (302, Some("http://elsewhere/")));
    assert_eq!(stat_ask().on(&mut wire).unwrap().verdict(), (200, 0));
    let records = cos.emulator().requests();
    assert_eq!(records.len(), 6);
    assert!(
        records[0].fault.as_ref().unwrap().contains("\"type\":\"reply\"")
            && records[5].fault.is_none()
    );
    assert!(
        records.iter().all(|record| record.connection == records[0].connection),
        "one connection for all"
    );
}

#[test]
fn a_huge_reply_is_produced_as_it_is_read() {
    let action = Action::Reply {
        status: 200,
        content_type: "application/json".into(),
        body: String::new(),
        size: Some(100 << 20),
        headers: Default::default(),
        execute: false,
    };
    let (_cos, mut wire) = cos_with(Fault::new(action));
    let answer = stat_ask().on(&mut wire).unwrap();
    assert_eq!(answer.body.len(), 100 << 20);
}

#[test]
fn an_executed_operation_may_still_look_failed() {
    let code = Action::Code { code: -196, status: None, message: None, execute: true };
    let (cos, mut wire) = cos_with(Fault::new(code).op("delete"));
    assert_eq!(delete().on(&mut wire).unwrap().verdict(), (503, -196));
    assert_eq!(cos.stat("/f").code(), -197);

    for (end, expected) in [(End::Close, None), (End::Reset, Some(ErrorKind::ConnectionReset))] {
        let (cos, mut wire) = cos_with(Fault::new(Action::LoseReply { end }).op("delete"));
        wire.send(&delete().bytes()).unwrap();
        assert_eq!(rest(&mut wire), (vec![], expected));
        assert_eq!(cos.stat("/f").code(), -197, "it was deleted");
        let (cos, mut wire) = cos_with(Fault::new(Action::Drop { after: 0, end }).op("delete"));
        wire.send(&delete().bytes()).unwrap();
        assert_eq!(rest(&mut wire), (vec![], expected));
        assert_eq!(cos.stat("/f").code(), 0, "it was not");
    }
}

#[test]
fn what_is_held_goes_on_when_the_faults_are_cleared() {
    let (cos, mut wire) = cos_with(Fault::new(Action::Hold).op("delete"));
    wire.send(&delete().bytes()).unwrap();
    let first = || cos.emulator().requests()[0].clone();
    let since = Instant::now();
    while cos.emulator().requests().is_empty() || first().fault.is_none() {
        assert!(since.elapsed() < Duration::from_secs(20), "{:?}", cos.emulator().requests());
    }
    assert_eq!((first().code, first().status, first().finished_ms), (Some(0), None, None));
    assert_eq!(cos.stat("/f").code(), -197, "it is carried out");
    expect_silence(&mut wire);
    cos.emulator().clear_faults();
    // What is injected now is for the requests to come.
    cos.emulator().inject(Fault::new(Action::Hold).forever());
    assert_eq!(wire.read().unwrap().verdict(), (200, 0));
    assert_eq!(first().status, Some(200));

    // A connection of which nothing is read.
    let (cos, mut read) = cos_with(Fault::new(Action::Hold).op("accept").skip(1));
    assert_eq!(stat_ask().on(&mut read).unwrap().verdict(), (200, 0));
    let mut wire = Wire::open(cos.emulator().port());
    wire.send(&stat_ask().bytes()).unwrap();
    expect_silence(&mut wire);
    assert_eq!(cos.emulator().requests().last().unwrap().op, "accept");
    cos.emulator().clear_faults();
    assert_eq!(wire.read().unwrap().verdict(), (200, 0));
}

/// The connection is open and nothing comes.
fn expect_silence(wire: &mut Wire) {
    wire.0.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert_eq!(rest(wire), (vec![], Some(ErrorKind::WouldBlock)));
    wire.0.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
}

#[test]
fn silence() {
    let (cos, mut wire) = cos_with(Fault::new(Action::Withhold).op("stat"));
    wire.send(&stat_ask().bytes()).unwrap();
    expect_silence(&mut wire);
    let record = &cos.emulator().requests()[0];
    assert_eq!((record.code, record.status), (Some(0), None), "carried out, not answered");

    let started = Instant::now();
    cos.emulator().inject(Fault::new(Action::Delay { ms: 300 }).op("stat"));
    assert_eq!(cos.stat("/f").code(), 0);
    assert!(started.elapsed() >= Duration::from_millis(300));
    let started = Instant::now();
    cos.emulator().settings(|settings| settings.latency_ms = 200);
    cos.stat("/f").data();
    assert!(started.elapsed() >= Duration::from_millis(200));
}

#[test]
fn an_upload_is_cut_off_in_its_body() {
    let fault = Fault::new(Action::Drop { after: 300_000, end: End::Reset })
        .op("upload_slice_data")
        .offset(1 << 20);
    let (cos, mut wire) = cos_with(fault);
    let init = Form::op("upload_slice_init")
        .field("filesize", (2 << 20).to_string())
        .field("slice_size", "1048576");
    let session = cos.post_form("/s", init).data()["session"].as_str().unwrap().to_string();
    let slice = |offset: usize| {
        let form = Form::op("upload_slice_data")
            .field("session", &session)
            .field("offset", offset.to_string());
        let form = form.field("filecontent", vec![0; 1 << 20]);
        Ask::control("POST", "/s").sign(&Sign::multi("/s").text()).form(&form)
    };
    slice(0).on(&mut wire).unwrap().data();
    assert!(slice(1 << 20).on(&mut wire).is_err());
    let record = cos.emulator().requests().pop().unwrap();
    assert!((300_000..1 << 20).contains(&record.body_bytes), "{record:?}");
    assert_eq!((record.offset, record.status), (Some(1 << 20), None));
    slice(1 << 20).on(&mut Wire::open(cos.emulator().port())).unwrap().data();
}

#[test]
fn replies_are_maimed() {
    let (cos, mut wire) =
        cos_with(Fault::new(Action::Cut { after: 7, of: Part::Body, end: End::Close }).op("stat"));
    wire.send(&stat_ask().bytes()).unwrap();
    let (bytes, end) = rest(&mut wire);
    assert!(
        bytes.ends_with(b"\r\n\r\n{\"code\"") && end.is_none(),
        "{}",
        String::from_utf8_lossy(&bytes)
    );

    let again = |action: Action| {
        cos.emulator().inject(Fault::new(action).op("stat"));
        let mut wire = Wire::open(cos.emulator().port());
        wire.send(&stat_ask().bytes()).unwrap();
        wire
    };
    let mut wire = again(Action::Cut { after: 12, of: Part::Reply, end: End::Reset });
    let mut bytes = [0; 12];
    wire.0.read_exact(&mut bytes).unwrap();
    assert_eq!(
        (&bytes, rest(&mut wire)),
        (b"HTTP/1.1 200", (vec![], Some(ErrorKind::ConnectionReset)))
    );
    let (bytes, _) = rest(&mut again(Action::Garbage { text: "SSH-2.0-x\r\n".into() }));
    assert_eq!(bytes, b"SSH-2.0-x\r\n");
    let started = Instant::now();
    let (bytes, _) = rest(&mut again(Action::Drip { interval_ms: 20, bytes: 64 }));
    assert!(
        started.elapsed() >= Duration::from_millis(20 * (bytes.len() as u64 / 64))
            && bytes.ends_with(b"}")
    );

    let mut longer = again(Action::WrongLength { delta: 5 });
    assert_eq!(longer.read().unwrap_err().kind(), ErrorKind::UnexpectedEof);
    let mut shorter = again(Action::WrongLength { delta: -5 });
    assert!(serde_json::from_slice::<Value>(&shorter.read().unwrap().body).is_err());
    assert_eq!(rest(&mut shorter).0.len(), 5);

    let mut quiet = again(Action::CloseAfterReply { end: End::Close });
    let answer = quiet.read().unwrap();
    assert_eq!((answer.code(), answer.header("connection")), (0, Some("keep-alive")));
    assert_eq!(rest(&mut quiet), (vec![], None));
}

#[test]
fn downloads_are_corrupted_by_range() {
    let (cos, _) = cos_with(Fault::new(Action::Corrupt { at: 1 }).op("download").offset(6));
    let sign = Sign { file_id: "/f".into(), ..Sign::multi("") }.text();
    let get =
        |range: &str| cos.send(Ask::download(BUCKET, "/f").sign(&sign).header("Range", range)).body;
    assert_eq!(get("bytes=0-4"), b"hello");
    assert_eq!(get("bytes=6-8"), [b'c', b'o' ^ 0xff, b's']);
    assert_eq!(get("bytes=6-8"), b"cos");
}

#[test]
fn connections_fail_before_anything_is_read() {
    let (cos, mut earlier) =
        cos_with(Fault::new(Action::Drop { after: 0, end: End::Reset }).op("accept").skip(1));
    let mut wire = Wire::open(cos.emulator().port());
    assert_eq!(rest(&mut wire), (vec![], Some(ErrorKind::ConnectionReset)));
    assert_eq!(stat_ask().on(&mut earlier).unwrap().code(), 0);
}

#[test]
fn the_admin_interface_does_the_same() {
    let cos = Cos::start();
    let admin = |method: &str, what: &str, body: &str| {
        let mut ask = Ask::new(method, format!("/_emulator/{what}"));
        ask.body = body.into();
        ask.header("Content-Length", &body.len().to_string()).send(cos.emulator())
    };
    assert_eq!(admin("GET", "health", "").json()["status"], "ok");
    let faults = r#"[{"op":"stat","times":2,"action":{"type":"code","code":-71,"status":503}},
        {"path":"/d/","times":null,"action":{"type":"reply","status":500}}]"#;
    let post = |body: &str| {
        let mut ask = Ask::new("POST", "/_emulator/faults".into());
        ask.body = body.into();
        ask.send(cos.emulator())
    };
    assert_eq!(post(faults).json(), json!({"ids": [1, 2]}));
    assert_eq!(cos.stat("/f").verdict(), (503, -71));
    assert_eq!(cos.stat("/d/f").verdict(), (503, -71));
    assert_eq!(
        (cos.stat("/d/f").status, cos.stat("/d/g").status, cos.stat("/f").status),
        (500, 500, 404)
    );
    assert_eq!(admin("GET", "faults", "").json()[0]["id"], 2);
    assert_eq!(admin("DELETE", "faults", "").status, 200);
    assert_eq!(cos.stat("/d/f").status, 404);
    for wrong in [
        "{",
        "{}",
        r#"{"action":{"type":"explode"}}"#,
        r#"{"action":{"type":"withhold"},"opp":"stat"}"#,
    ] {
        assert_eq!(post(wrong).status, 400, "{wrong}");
    }

    let records = admin("GET", "requests", "").json();
    let first = &records[0];
    assert_eq!(
        (&first["op"], &first["code"], &first["status"]),
        (&json!("stat"), &json!(-71), &json!(503))
    );
    assert_eq!((&first["sign"], &first["sign_place"]), (&json!("multi"), &json!("header")));
    assert_eq!(
        records.as_array().unwrap().len(),
        6,
        "requests to the admin interface are not logged"
    );
    admin("DELETE", "requests", "");
    assert_eq!(admin("GET", "requests", "").json(), json!([]));

    assert_eq!(
        admin("PUT", "settings", r#"{"request_id": false, "slice_size": 524288}"#).json()["slice_size"],
        524288
    );
    assert!(cos.stat("/f").json().get("request_id").is_none());
    for wrong in
        [r#"{"request_idd": true}"#, r#"{"latency_ms": "1"}"#, "[]", r#"{"slice_size": 0}"#]
    {
        assert_eq!(admin("PUT", "settings", wrong).status, 400, "{wrong}");
    }
    assert_eq!(admin("GET", "settings", "").json()["request_id"], false);
    assert_eq!((admin("PUT", "health", "").status, admin("GET", "other", "").status), (405, 404));
}
