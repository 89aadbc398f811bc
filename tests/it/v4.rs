//! What only the JSON API has: sessions that are in the way, contents that need not travel, servers
//! that decide how slices travel.

use std::fs::File;
use std::time::Instant;

use cos_emulator::{Action, Fault};
use serde_json::json;

use support::platform::within;
use support::transfers::*;
use support::{Api, BUCKET, Bed, Op, content};

use crate::trees;
use crate::uploads::{broken_upload, names, other_content, other_file, sliced, stat};

#[test]
fn a_server_that_wants_slices_one_by_one_gets_them_so() {
    let bed = Bed::new(Api::V4);
    let client = bed.client();
    let file = bed.file("file", 8 * SLICE + 1);
    bed.emulator.settings(|settings| {
        settings.serial_upload = true;
        settings.latency_ms = 10;
    });
    // The listing of an unfinished upload says it as well as the reply to init.
    bed.emulator.inject(slice_fault(code(-4016), 4 * SLICE));
    expect(&upload(&client, "/a", &file, sliced(json!({}))), -4016);
    assert_eq!(most_at_once(&slices(&bed.emulator)), 1);
    expect(&upload(&client, "/a", &file, sliced(json!({}))), 0);
    let all = slices(&bed.emulator);
    assert_eq!(most_at_once(&all), 1);
    let order: Vec<_> = all.iter().map(|slice| slice.offset.unwrap() as usize).collect();
    let mut expected = multiples(0..5, SLICE);
    expected.extend(multiples(4..9, SLICE));
    assert_eq!(order, expected);
    assert_stored(&bed.emulator, "/a", &content(8 * SLICE + 1));
}

#[test]
fn the_slice_size_the_server_grants_is_used() {
    for granted in [131_072, 3 * MIB] {
        let bed = Bed::new(Api::V4);
        bed.emulator.settings(|settings| settings.slice_size = Some(granted as u64));
        let size = 4 * MIB + 77;
        let file = bed.file("file", size);
        let options = json!({"slice_threshold": 0, "slice_size": MIB});
        expect(&upload(&bed.client(), "/a", &file, options), 0);
        assert_eq!(slice_offsets(&bed.emulator), multiples(0..size.div_ceil(granted), granted));
        assert_stored(&bed.emulator, "/a", &content(size));
    }
}

#[test]
fn uploadparts_are_accepted_for_every_slice_size() {
    let bed = Bed::new(Api::V4);
    bed.emulator.settings(|settings| settings.instant_upload = false);
    let size = 6 * MIB + 5;
    let file = bed.file("file", size);
    for slice_size in [524_288, 1_048_576, 2_097_152, 3_145_728] {
        bed.emulator.clear_requests();
        let options = json!({"slice_threshold": 0, "slice_size": slice_size});
        let path = format!("/{slice_size}");
        expect(&upload(&bed.client(), &path, &file, options), 0);
        let expected = multiples(0..size.div_ceil(slice_size), slice_size);
        assert_eq!(slice_offsets(&bed.emulator), expected);
        assert_stored(&bed.emulator, &path, &content(size));
    }
}

#[test]
fn what_the_server_has_does_not_travel() {
    let bed = Bed::new(Api::V4);
    let client = bed.client();
    let file = bed.file("file", 4 * SLICE);
    expect(&upload(&client, "/first", &file, sliced(json!({}))), 0);
    bed.emulator.clear_requests();
    let answer = upload(&client, "/second", &file, sliced(json!({})));
    expect(&answer, 0);
    assert_eq!(operations(&bed.emulator), ["upload_slice_init"]);
    assert_eq!(answer["transfer"]["instant"], true);
    assert_eq!(answer["transfer"]["recovered"], false);
    assert_eq!(answer["transfer"]["slices"], 0);
    assert!(answer["transfer"]["sent_bytes"].as_u64().unwrap() < 4096);
    assert!(answer["data"]["access_url"].is_string(), "{answer:#}");
    assert_stored(&bed.emulator, "/second", &content(4 * SLICE));

    // Without the digest the server can't know.
    let answer = upload(&client, "/third", &file, sliced(json!({"verify_sha1": false})));
    expect(&answer, 0);
    assert_eq!(answer["transfer"]["instant"], false);
    assert_eq!(slice_offsets(&bed.emulator), multiples(0..4, SLICE));
}

#[test]
fn the_digest_of_a_simple_upload_travels_unless_unwanted() {
    let bed = Bed::new(Api::V4);
    let file = bed.file("file", 1000);
    let mut read = Vec::new();
    for verify_sha1 in [true, false] {
        let path = format!("/{verify_sha1}");
        expect(&upload(&bed.client(), &path, &file, json!({"verify_sha1": verify_sha1})), 0);
        read.push(logged(&bed.emulator, "upload").last().unwrap().body_bytes);
        assert_stored(&bed.emulator, &path, &content(1000));
    }
    assert!(read[0] > read[1] + 40, "{read:?}");
}

#[test]
fn without_resume_the_servers_answer_is_handed_back() {
    let bed = Bed::new(Api::V4);
    let file = bed.file("file", 4 * SLICE);
    broken_upload(&bed, &file, 2, json!({}));
    // A refusal that came before must not make the upload look like this call's own.
    bed.emulator.inject(Fault::new(code(-71)).op("upload_slice_init"));
    let answer = upload(&bed.client(), "/a", &file, sliced(json!({"resume": false})));
    expect(&answer, -4019);
    assert_eq!(answer["error"]["origin"], "server");
    assert_eq!(operations(&bed.emulator), ["upload_slice_init", "upload_slice_init"]);
    expect(&upload(&bed.client(), "/a", &file, sliced(json!({}))), 0);
    assert_eq!(slice_offsets(&bed.emulator), multiples(2..4, SLICE));
}

#[test]
fn an_unfinished_upload_of_other_content_is_replaced_in_one_request() {
    for (insert_only, is_there) in [(false, true), (false, false), (true, false)] {
        let bed = Bed::new(Api::V4);
        let client = bed.client();
        if is_there {
            expect(&upload_bytes(&client, "/a", b"the old one", json!({})), 0);
        }
        broken_upload(&bed, &bed.file("file", 4 * SLICE), 2, json!({"insert_only": insert_only}));
        let options = sliced(json!({"insert_only": insert_only, "biz_attr": "new"}));
        let other = other_file(&bed, 4 * SLICE);

        let mut without = options.clone();
        without["resume"] = json!(false);
        expect(&upload(&client, "/a", &other, without), -4020);
        bed.emulator.clear_requests();
        expect(&upload(&client, "/a", &other, options.clone()), 0);
        assert_eq!(operations(&bed.emulator), ["upload_slice_init", "upload"]);
        assert_stored(&bed.emulator, "/a", &other_content(4 * SLICE));
        assert_eq!(stat(&bed, "/a")["biz_attr"], "new");
        assert_eq!(names(&bed), ["a"]);
    }
}

#[test]
fn a_large_file_goes_around_an_unfinished_upload_and_keeps_the_old_one() {
    const SIZE: usize = 21 * MIB;
    let bed = Bed::new(Api::V4);
    let client = bed.client();
    let options = json!({"insert_only": false, "concurrency": 1, "biz_attr": "new"});
    expect(&upload_bytes(&client, "/a", b"the old one", json!({})), 0);
    bed.emulator.inject(slice_fault(code(-4016), MIB));
    expect(&upload(&client, "/a", &bed.file("file", SIZE), options.clone()), -4016);

    let other = other_file(&bed, SIZE);
    bed.emulator.inject(slice_fault(code(-4016), 7 * MIB));
    expect(&upload(&client, "/a", &other, options.clone()), -4016);
    assert_stored(&bed.emulator, "/a", b"the old one");
    bed.emulator.clear_requests();
    // The reply to the move is lost, too.
    bed.emulator.inject(Fault::new(lost()).op("move"));
    let answer = upload(&client, "/a", &other, options.clone());
    expect(&answer, 0);
    assert_eq!(slice_offsets(&bed.emulator), multiples(7..21, MIB));
    assert_eq!(answer["transfer"]["resumed_bytes"], 7 * MIB);
    assert!(answer["data"]["resource_path"].as_str().unwrap().ends_with("/a"), "{answer}");
    assert_stored(&bed.emulator, "/a", &other_content(SIZE));
    assert_eq!(stat(&bed, "/a")["biz_attr"], "new");
    assert_eq!(names(&bed), ["a"]);
}

#[test]
fn what_went_around_does_not_replace_a_file_against_insert_only() {
    const SIZE: usize = 21 * MIB;
    let bed = Bed::new(Api::V4);
    let client = bed.client();
    // A file has come between the look for one and the move.
    bed.emulator.inject(Fault::new(code(-4020)).op("upload_slice_init"));
    expect(&upload_bytes(&client, "/a", b"theirs", json!({})), 0);
    expect(&upload(&client, "/a", &bed.file("file", SIZE), json!({})), -177);
    assert_stored(&bed.emulator, "/a", b"theirs");
    assert_eq!(names(&bed), ["a"]);
}

#[test]
fn a_continued_upload_replaces_a_file_as_its_own_call_wants() {
    for insert_only in [true, false] {
        let bed = Bed::new(Api::V4);
        let file = bed.file("file", 4 * SLICE);
        expect(&upload_bytes(&bed.client(), "/a", b"old", json!({})), 0);
        broken_upload(&bed, &file, 2, json!({"insert_only": false}));
        // A server that looks for unfinished uploads first.
        bed.emulator.inject(Fault::new(code(-4019)).op("upload_slice_init"));
        if !insert_only {
            // The session was begun by a call that did not want to replace anything.
            bed.emulator.inject(Fault::new(code(-177)).op("upload_slice_finish"));
        }
        let options = sliced(json!({"insert_only": insert_only}));
        let answer = upload(&bed.client(), "/a", &file, options);
        if insert_only {
            expect(&answer, -177);
            assert_stored(&bed.emulator, "/a", b"old");
        } else {
            expect(&answer, 0);
            assert_stored(&bed.emulator, "/a", &content(4 * SLICE));
        }
    }
}

#[test]
fn the_lost_reply_to_an_instant_upload_is_made_up_for() {
    for retries in [0, 3] {
        let bed = Bed::new(Api::V4);
        let file = bed.file("file", 3 * SLICE);
        expect(&upload(&bed.client(), "/first", &file, sliced(json!({}))), 0);
        bed.emulator.clear_requests();
        bed.emulator.inject(Fault::new(lost()).op("upload_slice_init"));
        let answer = upload(&bed.client(), "/a", &file, sliced(json!({"retries": retries})));
        expect(&answer, 0);
        assert_eq!(answer["transfer"]["recovered"], true);
        assert_eq!(slice_offsets(&bed.emulator), [0; 0]);
        assert_stored(&bed.emulator, "/a", &content(3 * SLICE));
    }
}

#[test]
fn what_is_too_large_for_one_request_can_not_be_asked_for() {
    let bed = Bed::new(Api::V4);
    let unreadable = bed.path("sparse");
    File::create(&unreadable).unwrap().set_len(21 << 20).unwrap();
    let answer = upload(&bed.client(), "/a", &unreadable, json!({"slice_threshold": 21 << 20}));
    expect(&answer, -1);
    assert_eq!(answer["error"]["argument"], "slice_threshold");
    assert_eq!(operations(&bed.emulator), [""; 0]);
}

/// How an upload was begun shows neither in its size nor in the options of this call.
#[test]
fn what_was_never_finished_is_not_unchanged() {
    for options in [None, Some(r#"{"slice_threshold": 0}"#), Some(r#"{"verify_sha1": false}"#)] {
        let bed = Bed::new(Api::V4);
        let client = bed.client();
        let here = bed.path("here");
        for name in ["small", "deep/large"] {
            let bytes = content(if name == "small" { 5 } else { 3 * MIB });
            trees::write(&here, name, &bytes);
            trees::leave_unfinished(&bed, &format!("/tree/{name}"), &bytes, Op::Finish);
        }
        let (code, report) = trees::down(&client, &here, None);
        assert_eq!((code, &report["data"]["ignored"]), (0, &2.into()), "{report}");
        let (code, report) = trees::up(&client, &here, options);
        assert_eq!((code, &report["data"]["uploaded"]), (0, &2.into()), "{report}");
        let (code, _) = trees::down(&client, &bed.path("back"), None);
        assert_eq!(code, 0);
        assert!(trees::read(&here) == trees::read(&bed.path("back")));
    }
}

/// Where each file is deleted by a request of its own.
#[test]
fn a_file_whose_deletion_always_fails_keeps_its_folders() {
    let bed = Bed::new(Api::V4);
    let client = bed.client_with(json!({"retries": 0}));
    let here = bed.path("here");
    let bad: Vec<_> = (0..20).map(|i| format!("bad/{i:02}")).collect();
    for name in bad.iter().map(String::as_str).chain(["a", "z"]) {
        trees::write(&here, name, name.as_bytes());
    }
    assert_eq!(trees::up(&client, &here, None).0, 0);
    bed.emulator.inject(Fault::new(dropped()).op("delete").path("/bad/07").forever());
    let recursive = Some(r#"{"recursive": true, "concurrency": 1}"#);
    let answer = cos::ops::folder::delete(&client, BUCKET, "/tree/", recursive).unwrap();
    assert_eq!(answer.code, -3);
    let report = support::parsed(&answer);
    assert_eq!((&report["data"]["files"], &report["data"]["folders"]), (&21.into(), &0.into()));
    assert_eq!(report["data"]["failures"][0]["path"], "bad/07", "{report}");
    // The folders that it is in are kept without trying.
    assert_eq!(report["data"]["failed"], 1);
}

/// The answer to the request for what a file is, or for its first bytes, comes later.
#[test]
fn a_file_that_is_replaced_between_two_first_answers_is_fetched_anew() {
    for late in [Op::Stat, Op::Download] {
        let bed = Bed::new(Api::V4);
        let client = bed.client();
        expect(&upload_bytes(&client, "/a", &content(1000), json!({})), 0);
        bed.emulator.clear_requests();
        let busy = Action::Reply {
            status: 503,
            content_type: "text/html".into(),
            body: String::new(),
            size: None,
            headers: [("Retry-After".to_owned(), "1".to_owned())].into(),
            execute: false,
        };
        bed.emulator.inject(bed.api.fault(late, busy).forever());
        // The other one waits, as all calls of a client do that was told to.
        let another = bed.client();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                wait_until("both requests", || bed.emulator.requests().len() >= 2);
                let replace = json!({"insert_only": false});
                expect(&upload_bytes(&another, "/a", &content(900), replace), 0);
                bed.emulator.clear_faults();
            });
            let (answer, data) = download_bytes(&client, "/a", json!({"retries": 10}));
            expect(&answer, 0);
            assert_same(&data, &content(900));
        });
    }
}

#[test]
fn first_bytes_that_may_be_of_another_version_are_asked_for_again() {
    let bed = Bed::new(Api::V4);
    let client = bed.client();
    expect(&upload_bytes(&client, "/a", &content(1000), json!({})), 0);
    let modified = |value: Option<&str>| {
        let value = value.map(str::to_owned);
        bed.api.fault(Op::Download, Action::Header { name: "Last-Modified".into(), value })
    };
    let later = Some("Fri, 13 Nov 2043 22:13:20 GMT");
    for (fault, options, asked) in [
        (modified(later), json!({}), 2),
        // The sum tells.
        (modified(None), json!({}), 1),
        (modified(None), json!({"verify_sha1": false}), 2),
        (modified(None), json!({"range_start": 1}), 2),
    ] {
        bed.emulator.clear_requests();
        bed.emulator.inject(fault);
        let (answer, data) = download_bytes(&client, "/a", options.clone());
        expect(&answer, 0);
        assert_same(&data, &content(1000)[1000 - data.len()..]);
        assert_eq!(bed.logged(Op::Download).len(), asked, "{options}");
        assert_eq!(bed.logged(Op::Stat).len(), 1);
    }
}

#[test]
fn nobody_waits_for_the_bytes_of_a_file_that_is_not_there() {
    let bed = Bed::new(Api::V4);
    bed.emulator.inject(bed.api.fault(Op::Download, Action::Withhold).forever());
    let started = Instant::now();
    expect(&download_bytes(&bed.client(), "/missing", json!({})).0, -197);
    assert!(started.elapsed().as_millis() < within(10_000));
}
