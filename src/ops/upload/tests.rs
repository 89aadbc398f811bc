//! What an upload makes of what a service answers.

use serde_json::{Value, json};

use super::{Sending, Stats};
use crate::call::Call;
use crate::content::source::Source;
use crate::path::{Bucket, FilePath};
use crate::protocol::contract::{Upload, UploadSettings};
use crate::protocol::scripted::{LIMITS, Scripted, call, lost, settings};
use crate::reply::{Code, Failure, Reply, Result};
use crate::threads::Workers;
use crate::transfer::Transfer;

/// Three parts: two of four bytes and one of two.
const CONTENT: &[u8] = b"0123456789";

struct Ended {
    result: Result<Reply>,
    asked: Vec<String>,
    stats: Stats,
    transfer: Transfer,
}

fn send(service: Scripted, call: &Call, settings: UploadSettings, source: &Source) -> Ended {
    let bucket = Bucket::new("b").unwrap();
    let path = FilePath::new("cos_path", "/f", &LIMITS.paths).unwrap();
    let (transfer, stats) = (Transfer::default(), Stats::default());
    transfer.set_total(source.size());
    let workers = Workers::new(settings.concurrency);
    let upload = Upload::new(&bucket, &path, source, &transfer, settings);
    let service = &service;
    let sending = Sending { service, call, upload: &upload, stats: &stats, workers: &workers };
    let result = sending.send();
    Ended { result, asked: service.asked(), stats, transfer }
}

/// An upload in parts.
fn in_parts(service: Scripted) -> Ended {
    send(service, &call(r#"{"retries":1}"#), settings(), &Source::Buffer(CONTENT))
}

/// An upload in one request.
fn whole(service: Scripted, retries: u32) -> Ended {
    let settings = UploadSettings { threshold: 100, ..settings() };
    let call = call(&json!({ "retries": retries }).to_string());
    send(service, &call, settings, &Source::Buffer(CONTENT))
}

fn refused(code: Code) -> Box<Failure> {
    Failure::refused(Reply::new(code.number(), 400, "{}".to_owned()), "refused", false)
}

fn code(result: Result<Reply>) -> i32 {
    result.map_or_else(|failure| failure.code(), |reply| reply.code)
}

#[test]
fn a_lost_reply_is_a_success_if_our_content_is_there() {
    let service = Scripted::default()
        .on("put", [Err(lost())])
        .on("find_stored", [Ok(json!({"access_url": "u"}))]);
    let ended = whole(service, 3);
    assert_eq!(ended.asked, ["put /f", "find_stored /f"]);
    assert!(ended.result.unwrap().json.contains("access_url"));
    assert!(ended.stats.is_recovered.into_inner());
}

#[test]
fn a_lost_reply_is_repeated_if_nothing_is_there() {
    let ended = whole(Scripted::default().on("put", [Err(lost())]), 1);
    assert_eq!(ended.asked, ["put /f", "find_stored /f", "put /f"]);
    assert_eq!(code(ended.result), 0);
    assert!(!ended.stats.is_recovered.into_inner());
}

#[test]
fn our_own_file_is_no_conflict() {
    let service = Scripted::default()
        .on("put", [Err(lost()), Err(refused(Code::COS_ERR_FILE_EXISTS))])
        .on("find_stored", [Err(lost()), Ok(json!({"ours": true}))]);
    let ended = whole(service, 1);
    assert_eq!(ended.asked, ["put /f", "find_stored /f", "put /f", "find_stored /f"]);
    assert_eq!(code(ended.result), 0);
}

#[test]
fn without_a_look_there_is_no_verdict() {
    let service = Scripted::default()
        .on("put", [Err(lost()), Err(refused(Code::COS_ERR_FILE_EXISTS))])
        .on("find_stored", [Ok(Value::Null), Err(lost())]);
    let failure = whole(service, 1).result.unwrap_err();
    assert!(failure.is(Code::COS_ERR_CONNECT), "{failure:?}");
}

#[test]
fn what_was_certainly_refused_needs_no_look() {
    let ended = whole(Scripted::default().on("put", [Err(refused(Code::COS_ERR_FILE_EXISTS))]), 3);
    assert_eq!(ended.asked, ["put /f"]);
    assert_eq!(ended.result.unwrap_err().attempts(), 1);
}

#[test]
fn parts_that_are_there_are_not_sent_again() {
    let opened = json!({"stored": [0, 2], "resumed": {"biz_attr": true}});
    let ended = in_parts(Scripted::default().on("open", [Ok(opened)]));
    assert_eq!(ended.asked, ["open /f", "put_part 1", "finish"]);
    assert_eq!(code(ended.result), 0);
    assert_eq!(ended.stats.parts.into_inner(), 1);
    assert_eq!((ended.transfer.resumed(), ended.transfer.progress()), (6, (10, 10)));
}

#[test]
fn the_parts_are_finished_by_the_names_that_they_got() {
    let tags = ["a", "b", "c"].map(|tag| Ok(json!({"tag": tag})));
    let ended = in_parts(Scripted::default().on("put_part", tags));
    let asked = ["open /f", "put_part 0", "put_part 1", "put_part 2", "finish 0=a 1=b 2=c"];
    assert_eq!(ended.asked, asked);
}

#[test]
fn workers_share_the_parts_and_a_serial_server_gets_one_at_a_time() {
    for serial in [false, true] {
        let settings = UploadSettings { concurrency: 3, ..settings() };
        let service = Scripted::default().on("open", [Ok(json!({ "serial": serial }))]);
        let ended = send(service, &call("{}"), settings, &Source::Buffer(CONTENT));
        let mut asked = ended.asked[1..4].to_vec();
        if !serial {
            asked.sort();
        }
        assert_eq!(asked, ["put_part 0", "put_part 1", "put_part 2"]);
        assert_eq!(ended.stats.parts.into_inner(), 3);
    }
}

#[test]
fn the_last_part_can_be_the_end() {
    let service = Scripted::default().on(
        "put_part",
        [Ok(Value::Null), Ok(Value::Null), Ok(json!({"complete": {"access_url": "u"}}))],
    );
    let ended = in_parts(service);
    assert_eq!(ended.asked, ["open /f", "put_part 0", "put_part 1", "put_part 2"]);
    assert!(ended.result.unwrap().json.contains("access_url"));
}

#[test]
fn a_session_that_somebody_has_ended_is_begun_anew() {
    let service =
        Scripted::default().on("put_part", [Ok(Value::Null), Err(refused(Code::COS_ERR_SESSION))]);
    let ended = in_parts(service);
    let asked = ["open /f", "put_part 0", "put_part 1", "find_stored /f", "open /f", "put_part 0"];
    assert_eq!(ended.asked[..6], asked);
    assert_eq!(code(ended.result), 0);
    assert_eq!(ended.transfer.progress(), (10, 10));
}

#[test]
fn a_session_that_was_ended_with_our_content_is_a_success() {
    let service = Scripted::default()
        .on("put_part", [Err(refused(Code::COS_ERR_SESSION))])
        .on("find_stored", [Ok(json!({}))]);
    let ended = in_parts(service);
    assert_eq!(ended.asked, ["open /f", "put_part 0", "find_stored /f"]);
    assert_eq!(code(ended.result), 0);
    assert!(ended.stats.is_recovered.into_inner());
}

#[test]
fn sessions_are_not_begun_for_ever() {
    let gone = || Err(refused(Code::COS_ERR_SESSION));
    let ended = in_parts(Scripted::default().on("put_part", std::iter::repeat_with(gone).take(99)));
    assert_eq!(ended.asked.iter().filter(|asked| *asked == "open /f").count(), 4);
    assert!(ended.result.unwrap_err().is(Code::COS_ERR_SESSION));
}

#[test]
fn parts_that_prove_wrong_are_sent_again() {
    let resumed = || Ok(json!({"stored": [0, 1], "resumed": {"biz_attr": true}}));
    let service = Scripted::default()
        .on("open", [resumed(), resumed()])
        .on("finish", [Err(refused(Code::COS_ERR_SHA_MISMATCH))]);
    let ended = in_parts(service);
    let asked = [
        "put_part 2",
        "finish",
        "abort session Abandoned",
        "open /f",
        "put_part 0",
        "put_part 1",
        "put_part 2",
    ];
    assert_eq!(ended.asked[1..8], asked);
    assert_eq!(code(ended.result), 0);
}

#[test]
fn content_that_proves_wrong_in_our_own_session_is_a_failure() {
    let service = Scripted::default().on("finish", [Err(refused(Code::COS_ERR_SHA_MISMATCH))]);
    assert!(in_parts(service).result.unwrap_err().is(Code::COS_ERR_SHA_MISMATCH));
}

#[test]
fn another_upload_in_the_way_is_gone_around() {
    let conflict = || Err(refused(Code::COS_ERR_UPLOAD_CONFLICT));
    let ended = in_parts(Scripted::default().on("open", [conflict()]));
    assert_eq!(ended.asked, ["open /f", "put /f"], "a small file replaces both");
    // And where the server does not let it: another name, and a move.
    let service = Scripted::default().on("open", [conflict()]).on("put", [conflict()]);
    let ended = in_parts(service);
    let aside = ended.asked[2].strip_prefix("open ").unwrap().to_owned();
    assert!(aside.starts_with("/.f.") && aside.ends_with(".cos-upload"), "{aside}");
    assert_eq!(ended.asked[ended.asked.len() - 2], format!("rename {aside} /f"));
    assert_eq!(code(ended.result), 0);
    // Unless the caller wants to know.
    let settings = UploadSettings { resume: false, ..settings() };
    let service = Scripted::default().on("open", [conflict()]);
    let ended = send(service, &call("{}"), settings, &Source::Buffer(CONTENT));
    assert_eq!(code(ended.result), Code::COS_ERR_UPLOAD_CONFLICT.number());
}

#[test]
fn a_resumed_upload_gets_our_attribute() {
    for (shown, is_updated) in [("theirs", true), ("ours", false)] {
        let settings = UploadSettings { biz_attr: "ours".to_owned(), ..settings() };
        let service = Scripted::default()
            .on("open", [Ok(json!({"resumed": {"biz_attr": false}}))])
            .on("stat", [Ok(json!({"filesize": CONTENT.len(), "biz_attr": shown}))]);
        let ended = send(service, &call("{}"), settings, &Source::Buffer(CONTENT));
        assert_eq!(
            ended.asked.last().unwrap() == "update /f ours",
            is_updated,
            "{:?}",
            ended.asked
        );
        assert_eq!(code(ended.result), 0);
    }
}

#[test]
fn a_session_whose_content_is_no_more_is_given_up() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, CONTENT).unwrap();
    let call = call("{}");
    let source = Source::open(file.to_str().unwrap(), &call.stop).unwrap();
    std::fs::write(&file, b"changed").unwrap();
    let settings = UploadSettings { verify: false, ..settings() };
    let ended = send(Scripted::default(), &call, settings, &source);
    assert_eq!(ended.asked.last().unwrap(), "abort session Useless");
    assert!(ended.result.unwrap_err().has_changed_source());
}

#[test]
fn a_part_that_fails_ends_the_others_and_the_call() {
    let settings = UploadSettings { concurrency: 3, ..settings() };
    let service = Scripted::default().on("put_part", [Err(refused(Code::COS_ERR_SIGN_INVALID))]);
    let ended = send(service, &call("{}"), settings, &Source::Buffer(CONTENT));
    assert_eq!(code(ended.result), Code::COS_ERR_SIGN_INVALID.number());
    assert!(!ended.asked.iter().any(|asked| asked.starts_with("finish")));
}
