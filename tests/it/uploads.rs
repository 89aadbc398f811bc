//! Uploads: what travels, over how many connections, and what is there afterwards.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use cos::threads::Watch;
use cos_emulator::{Action, End, Fault};
use serde_json::{Value, json};

use support::for_api;
use support::transfers::*;
use support::{Api, Bed, content};

/// Options that make a small file travel in small slices.
fn sliced(more: Value) -> Value {
    let mut options = json!({"slice_threshold": 0, "slice_size": SLICE});
    for (key, value) in more.as_object().unwrap() {
        options[key] = value.clone();
    }
    options
}

fn stat(bed: &Bed, cos_path: &str) -> Value {
    let found = cos::ops::file::stat(&bed.client(), PUBLIC, cos_path, None).unwrap();
    serde_json::from_str::<Value>(&found.json).unwrap()["data"].clone()
}

/// Content that no other content of a test is the beginning of.
fn other_content(size: usize) -> Vec<u8> {
    content(size).into_iter().map(|byte| byte.wrapping_add(1)).collect()
}

fn slices_travel_in_parallel_over_connections_that_are_kept(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    let file = bed.file("file", 12 * SLICE);
    bed.emulator.settings(|settings| settings.latency_ms = 30);
    let answer = upload(&client, "/a", &file, sliced(json!({"concurrency": 3})));
    expect(&answer, 0);
    assert_eq!(answer["transfer"]["slices"], 12);
    assert_eq!(answer["transfer"]["bytes"], 12 * SLICE);
    assert_eq!(answer["transfer"]["resumed_bytes"], 0);
    let sent = answer["transfer"]["sent_bytes"].as_u64().unwrap() as usize;
    assert!((12 * SLICE..12 * SLICE + 32_768).contains(&sent), "{sent}");
    assert_eq!(slice_offsets(&bed.emulator), multiples(0..12, SLICE));
    let at_once = most_at_once(&slices(&bed.emulator));
    assert!((2..=3).contains(&at_once), "{at_once} at once");
    let first = connections(&bed.emulator.requests());
    assert!(first.len() <= 3, "{first:?}");

    bed.emulator.clear_requests();
    let other = bed.path("other");
    fs::write(&other, other_content(12 * SLICE)).unwrap();
    expect(&upload(&client, "/b", &other, sliced(json!({"concurrency": 3}))), 0);
    let second = connections(&bed.emulator.requests());
    assert!(second.is_subset(&first), "{second:?} beyond {first:?}");
    assert_stored(&bed.emulator, "/a", &content(12 * SLICE));
    assert_stored(&bed.emulator, "/b", &other_content(12 * SLICE));
}

fn a_server_that_wants_slices_one_by_one_gets_them_so(api: Api) {
    let bed = Bed::new(api);
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

fn the_slice_size_the_server_grants_is_used(api: Api) {
    for granted in [131_072, 3 * MIB] {
        let bed = Bed::new(api);
        bed.emulator.settings(|settings| settings.slice_size = Some(granted as u64));
        let size = 4 * MIB + 77;
        let file = bed.file("file", size);
        let options = json!({"slice_threshold": 0, "slice_size": MIB});
        expect(&upload(&bed.client(), "/a", &file, options), 0);
        assert_eq!(slice_offsets(&bed.emulator), multiples(0..size.div_ceil(granted), granted));
        assert_stored(&bed.emulator, "/a", &content(size));
    }
}

fn uploadparts_are_accepted_for_every_slice_size(api: Api) {
    let bed = Bed::new(api);
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

fn a_slice_that_fails_twice_is_sent_a_third_time(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    let file = bed.file("file", 4 * SLICE);
    for (i, action) in
        [code(-195), html(500), dropped(), lost(), Action::Drop { after: 300_000, end: End::Reset }]
            .into_iter()
            .enumerate()
    {
        bed.emulator.settings(|settings| settings.instant_upload = false);
        bed.emulator.clear_requests();
        bed.emulator.inject(slice_fault(action, SLICE).times(2));
        let path = format!("/{i}");
        let answer = upload(&client, &path, &file, sliced(json!({})));
        expect(&answer, 0);
        assert_eq!(answer["transfer"]["slices"], 4);
        assert_eq!(slice_offsets(&bed.emulator), [0, SLICE, SLICE, SLICE, 2 * SLICE, 3 * SLICE]);
        assert_stored(&bed.emulator, &path, &content(4 * SLICE));
    }
}

fn a_repetition_is_signed_anew(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client_with(json!({"sign_expired": 2, "timeout_ms": 3100}));
    let file = bed.file("file", 2 * SLICE);
    // When the silence has lasted, the first signature has expired.
    let silent = Action::Drop { after: 0, end: End::Hang };
    bed.emulator.inject(slice_fault(silent, SLICE));
    expect(&upload(&client, "/a", &file, sliced(json!({}))), 0);
    assert_eq!(slice_offsets(&bed.emulator), [0, SLICE, SLICE]);
    assert_stored(&bed.emulator, "/a", &content(2 * SLICE));
}

fn a_slice_that_fails_for_good_ends_the_call_at_once(api: Api) {
    let bed = Bed::new(api);
    let file = bed.file("file", 40 * SLICE);
    bed.emulator.inject(slice_fault(Action::Withhold, 0).forever());
    bed.emulator.inject(slice_fault(code(-4016), 5 * SLICE).forever());
    let started = Instant::now();
    let answer = upload(&bed.client(), "/a", &file, sliced(json!({})));
    let took = started.elapsed();
    expect(&answer, -4016);
    assert_eq!(answer["error"]["origin"], "server");
    assert_eq!(answer["error"]["attempts"], 1);
    assert!(took < Duration::from_secs(3), "{took:?}");
    let sent = slice_offsets(&bed.emulator);
    assert!(sent.len() < 20, "{} slices", sent.len());
    assert!(!operations(&bed.emulator).contains(&"upload_slice_finish".to_owned()));
    assert_absent(&bed.emulator, "/a");
}

fn sizes_around_the_threshold(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    let threshold = 2 * SLICE;
    for verify_sha1 in [true, false] {
        for (size, slices_sent) in [
            (0, 0),
            (1, 0),
            (threshold - 1, 0),
            (threshold, 2),
            (threshold + 1, 3),
            (4 * SLICE - 1, 4),
            (4 * SLICE, 4),
        ] {
            bed.emulator.clear_requests();
            let file = bed.file("file", size);
            let path = format!("/{verify_sha1}-{size}");
            let options = json!({
                "slice_threshold": threshold,
                "slice_size": SLICE,
                "verify_sha1": verify_sha1,
            });
            let answer = upload(&client, &path, &file, options);
            expect(&answer, 0);
            assert_eq!(answer["transfer"]["bytes"], size);
            assert_eq!(answer["transfer"]["slices"], slices_sent, "{size} bytes");
            assert_eq!(slice_offsets(&bed.emulator), multiples(0..slices_sent, SLICE));
            let is_simple = usize::from(slices_sent == 0);
            assert_eq!(logged(&bed.emulator, "upload").len(), is_simple, "{size} bytes");
            assert_stored(&bed.emulator, &path, &content(size));
            // The next size would be an instant upload otherwise.
            bed.emulator.settings(|settings| settings.instant_upload = false);
        }
    }
}

fn with_a_threshold_of_0_only_the_empty_file_is_simple(api: Api) {
    let bed = Bed::new(api);
    for (size, op) in [(0, "upload"), (1, "upload_slice_data")] {
        let path = format!("/{size}");
        expect(&upload(&bed.client(), &path, &bed.file("file", size), sliced(json!({}))), 0);
        assert_eq!(logged(&bed.emulator, op).len(), 1, "{size} bytes");
        assert_stored(&bed.emulator, &path, &content(size));
    }
}

fn a_buffer_travels_like_a_file(api: Api) {
    let bed = Bed::new(api);
    let bytes = content(3 * SLICE + 9);
    for (path, options, slices_sent) in
        [("/simple", json!({}), 0), ("/sliced", sliced(json!({"verify_sha1": false})), 4)]
    {
        bed.emulator.clear_requests();
        expect(&upload_bytes(&bed.client(), path, &bytes, options), 0);
        assert_eq!(slice_offsets(&bed.emulator), multiples(0..slices_sent, SLICE));
        assert_stored(&bed.emulator, path, &bytes);
    }
}

fn what_the_server_has_does_not_travel(api: Api) {
    let bed = Bed::new(api);
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

fn the_digest_of_a_simple_upload_travels_unless_unwanted(api: Api) {
    let bed = Bed::new(api);
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

fn biz_attr_and_insert_only_in_both_modes(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    let (old, new) = (bed.file("old", 2 * SLICE), bed.path("new"));
    fs::write(&new, other_content(2 * SLICE + 1)).unwrap();
    for (path, mode) in [("/simple", json!({})), ("/sliced", sliced(json!({})))] {
        let with = |key: &str, value: Value| {
            let mut options = mode.clone();
            options[key] = value;
            options
        };
        expect(&upload(&client, path, &old, with("biz_attr", json!("属性 \"1\"\r\n"))), 0);
        assert_eq!(stat(&bed, path)["biz_attr"], "属性 \"1\"\r\n");
        let refused = upload(&client, path, &new, mode.clone());
        expect(&refused, -177);
        assert_eq!(refused["transfer"]["recovered"], false);
        assert_eq!(refused["error"]["http_status"], 409);
        assert_stored(&bed.emulator, path, &content(2 * SLICE));
        expect(&upload(&client, path, &new, with("insert_only", json!(0))), 0);
        assert_stored(&bed.emulator, path, &other_content(2 * SLICE + 1));
        assert_eq!(stat(&bed, path)["biz_attr"], "");
    }
}

/// Breaks an upload of `slices` slices after the first `stored` ones.
fn broken_upload(bed: &Bed, file: &Path, stored: usize, more: Value) {
    bed.emulator.inject(slice_fault(code(-4016), stored * SLICE));
    let mut options = sliced(json!({"concurrency": 1}));
    for (key, value) in more.as_object().unwrap() {
        options[key] = value.clone();
    }
    expect(&upload(&bed.client(), "/a", file, options), -4016);
    assert_eq!(slice_offsets(&bed.emulator), multiples(0..stored + 1, SLICE));
    bed.emulator.clear_requests();
}

fn an_unfinished_upload_is_continued(api: Api) {
    let bed = Bed::new(api);
    let file = bed.file("file", 9 * SLICE + 3);
    broken_upload(&bed, &file, 5, json!({}));
    // The session's slice size counts, not the one asked for now.
    let options = json!({"slice_threshold": 0, "slice_size": 2 * MIB});
    let answer = upload(&bed.client(), "/a", &file, options);
    expect(&answer, 0);
    assert_eq!(slice_offsets(&bed.emulator), multiples(5..10, SLICE));
    assert_eq!(answer["transfer"]["resumed_bytes"], 5 * SLICE);
    assert_eq!(answer["transfer"]["slices"], 5);
    assert_eq!(answer["transfer"]["recovered"], false);
    assert_stored(&bed.emulator, "/a", &content(9 * SLICE + 3));
}

fn a_missing_slice_in_the_middle_is_filled_in(api: Api) {
    let bed = Bed::new(api);
    let file = bed.file("file", 6 * SLICE);
    bed.emulator.inject(slice_fault(Action::Drop { after: 0, end: End::Hang }, SLICE).forever());
    bed.emulator.inject(slice_fault(code(-4016), 5 * SLICE));
    expect(&upload(&bed.client(), "/a", &file, sliced(json!({"concurrency": 2}))), -4016);
    bed.emulator.clear_faults();
    bed.emulator.clear_requests();
    let answer = upload(&bed.client(), "/a", &file, sliced(json!({})));
    expect(&answer, 0);
    assert_eq!(slice_offsets(&bed.emulator), [SLICE, 5 * SLICE]);
    assert_eq!(answer["transfer"]["resumed_bytes"], 4 * SLICE);
    assert_stored(&bed.emulator, "/a", &content(6 * SLICE));
}

fn without_resume_the_servers_answer_is_handed_back(api: Api) {
    let bed = Bed::new(api);
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

/// A file whose content differs from that of [`Bed::file`].
fn other_file(bed: &Bed, size: usize) -> std::path::PathBuf {
    let other = bed.path("other");
    fs::write(&other, other_content(size)).unwrap();
    other
}

fn names(bed: &Bed) -> Vec<String> {
    let listed = cos::ops::folder::list(&bed.client(), PUBLIC, "/", None).unwrap();
    let listed: Value = serde_json::from_str(&listed.json).unwrap();
    let infos = listed["data"]["infos"].as_array().unwrap().iter();
    infos.map(|info| info["name"].as_str().unwrap().to_owned()).collect()
}

fn an_unfinished_upload_of_other_content_is_replaced_in_one_request(api: Api) {
    for (insert_only, is_there) in [(false, true), (false, false), (true, false)] {
        let bed = Bed::new(api);
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

fn a_large_file_goes_around_an_unfinished_upload_and_keeps_the_old_one(api: Api) {
    const SIZE: usize = 21 * MIB;
    let bed = Bed::new(api);
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

fn what_went_around_does_not_replace_a_file_against_insert_only(api: Api) {
    const SIZE: usize = 21 * MIB;
    let bed = Bed::new(api);
    let client = bed.client();
    // A file has come between the look for one and the move.
    bed.emulator.inject(Fault::new(code(-4020)).op("upload_slice_init"));
    expect(&upload_bytes(&client, "/a", b"theirs", json!({})), 0);
    expect(&upload(&client, "/a", &bed.file("file", SIZE), json!({})), -177);
    assert_stored(&bed.emulator, "/a", b"theirs");
    assert_eq!(names(&bed), ["a"]);
}

fn a_continued_upload_has_the_attribute_of_the_call_that_continues_it(api: Api) {
    for is_replaced in [false, true] {
        let bed = Bed::new(api);
        let file = bed.file("file", 4 * SLICE);
        if is_replaced {
            expect(&upload_bytes(&bed.client(), "/a", b"old", json!({"biz_attr": "2"})), 0);
        }
        let options = json!({"biz_attr": "1", "insert_only": false});
        broken_upload(&bed, &file, 2, options.clone());
        let mut again = sliced(options);
        again["biz_attr"] = json!("2");
        // It is no success as long as it has another.
        bed.emulator.inject(Fault::new(code(-97)).op("update"));
        expect(&upload(&bed.client(), "/a", &file, again.clone()), -97);
        bed.emulator.settings(|settings| settings.instant_upload = false);
        let answer = upload(&bed.client(), "/a", &file, again);
        expect(&answer, 0);
        assert_eq!(stat(&bed, "/a")["biz_attr"], "2");
        assert_stored(&bed.emulator, "/a", &content(4 * SLICE));
    }
    // Where nothing is to be changed, nothing is.
    let bed = Bed::new(api);
    let file = bed.file("file", 4 * SLICE);
    broken_upload(&bed, &file, 2, json!({"biz_attr": "1"}));
    expect(&upload(&bed.client(), "/a", &file, sliced(json!({"biz_attr": "1"}))), 0);
    assert_eq!(logged(&bed.emulator, "update").len(), 0);
}

fn a_continued_upload_replaces_a_file_as_its_own_call_wants(api: Api) {
    for insert_only in [true, false] {
        let bed = Bed::new(api);
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

/// Another call may finish the session, give it up, or begin a new one.
fn a_session_that_ends_on_the_way_is_looked_into(api: Api) {
    let carried_out = Action::Code { code: -5983, status: None, message: None, execute: true };
    for (op, action, is_recovered) in [
        ("upload_slice_finish", carried_out, true),
        ("upload_slice_finish", code(-5983), false),
        ("upload_slice_data", code(-5983), false),
        ("upload_slice_list", code(-197), false),
    ] {
        let bed = Bed::new(api);
        let file = bed.file("file", 4 * SLICE);
        broken_upload(&bed, &file, 2, json!({}));
        bed.emulator.inject(Fault::new(action).op(op));
        let answer = upload(&bed.client(), "/a", &file, sliced(json!({})));
        expect(&answer, 0);
        assert_eq!(answer["transfer"]["recovered"], is_recovered, "{op}");
        assert_stored(&bed.emulator, "/a", &content(4 * SLICE));
    }
    let bed = Bed::new(api);
    bed.emulator.inject(Fault::new(code(-5983)).op("upload_slice_data").forever());
    let answer = upload(&bed.client(), "/a", &bed.file("file", SLICE), sliced(json!({})));
    expect(&answer, -5983);
    assert!(slices(&bed.emulator).len() < 10, "it has an end");
}

fn the_same_content_may_come_from_several_programs_at_once(api: Api) {
    let bed = Bed::new(api);
    bed.emulator.settings(|settings| {
        settings.instant_upload = false;
        settings.latency_ms = 5;
    });
    let file = bed.file("file", 6 * SLICE);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let options = sliced(json!({"insert_only": false}));
                expect(&upload(&bed.client(), "/a", &file, options), 0);
            });
        }
    });
    assert_stored(&bed.emulator, "/a", &content(6 * SLICE));
}

fn slices_that_were_damaged_before_are_sent_again(api: Api) {
    let bed = Bed::new(api);
    let file = bed.file("file", 4 * SLICE);
    broken_upload(&bed, &file, 2, json!({}));
    bed.emulator.inject(Fault::new(code(-4016)).op("upload_slice_finish"));
    expect(&upload(&bed.client(), "/a", &file, sliced(json!({}))), 0);
    assert_eq!(
        slice_offsets(&bed.emulator),
        [0, SLICE, 2 * SLICE, 2 * SLICE, 3 * SLICE, 3 * SLICE]
    );
    assert_stored(&bed.emulator, "/a", &content(4 * SLICE));
}

fn a_file_that_changed_can_be_uploaded_when_it_is_at_rest(api: Api) {
    for is_replaced in [false, true] {
        let bed = Bed::new(api);
        bed.emulator.settings(|settings| settings.latency_ms = 20);
        let options = sliced(json!({"concurrency": 2, "insert_only": !is_replaced}));
        if is_replaced {
            expect(&upload_bytes(&bed.client(), "/a", b"old", json!({})), 0);
        }
        expect(&upload_of_a_changing_file(&bed, grow, 20 * SLICE, options.clone()), 2);
        match is_replaced {
            true => assert_stored(&bed.emulator, "/a", b"old"),
            // What is unfinished was the only thing there, and of no use to anybody.
            false => assert!(names(&bed).is_empty()),
        }
        let file = bed.path("file");
        expect(&upload(&bed.client(), "/a", &file, options), 0);
        assert_stored(&bed.emulator, "/a", &fs::read(file).unwrap());
    }
}

fn without_digests_everything_is_sent_into_the_session(api: Api) {
    let bed = Bed::new(api);
    let file = bed.file("file", 4 * SLICE);
    broken_upload(&bed, &file, 2, json!({"verify_sha1": false}));
    // What is stored may be of another file of this size: nothing shows that it is not.
    fs::write(&file, other_content(4 * SLICE)).unwrap();
    let answer = upload(&bed.client(), "/a", &file, sliced(json!({"verify_sha1": false})));
    expect(&answer, 0);
    assert_eq!(answer["transfer"]["resumed_bytes"], 0);
    assert_eq!(slice_offsets(&bed.emulator), multiples(0..4, SLICE));
    assert_stored(&bed.emulator, "/a", &other_content(4 * SLICE));
}

fn grow(path: &Path) {
    OpenOptions::new().append(true).open(path).unwrap().write_all(b"more").unwrap();
}

fn shrink(path: &Path) {
    OpenOptions::new().write(true).open(path).unwrap().set_len(1000).unwrap();
}

fn rewrite(path: &Path) {
    // The new time must differ from the old one even where clocks are coarse.
    let file = OpenOptions::new().write(true).open(path).unwrap();
    (&file).write_all(b"different").unwrap();
    file.set_modified(std::time::SystemTime::now() + Duration::from_secs(1)).unwrap();
}

/// Uploads a file and changes it while it is on the way.
fn upload_of_a_changing_file(bed: &Bed, change: fn(&Path), size: usize, options: Value) -> Value {
    let file = bed.file("file", size);
    let mut is_changed = false;
    let on_progress = |done, _| {
        if done > 0 && !is_changed {
            change(&file);
            is_changed = true;
        }
        true
    };
    let watch = Watch { transfer: None, on_progress: Some(Box::new(on_progress)) };
    upload_watched(&bed.client(), "/a", &file, options, watch)
}

fn a_file_that_changes_on_the_way_is_never_a_success(api: Api) {
    for change in [grow, shrink, rewrite] {
        let bed = Bed::new(api);
        // The server takes its time, so that most of the file is still to be read.
        bed.emulator.inject(Fault::new(Action::Delay { ms: 300 }).op("accept"));
        let options = json!({"slice_threshold": 20 * MIB});
        let answer = upload_of_a_changing_file(&bed, change, 19 * MIB, options);
        expect(&answer, 2);
        assert_eq!(answer["error"]["phase"], "local_file");
        assert_absent(&bed.emulator, "/a");
        assert!(logged(&bed.emulator, "upload").iter().all(|upload| upload.code != Some(0)));
    }
    for change in [grow, shrink, rewrite] {
        let bed = Bed::new(api);
        bed.emulator.settings(|settings| settings.latency_ms = 20);
        let options = sliced(json!({"concurrency": 2}));
        let answer = upload_of_a_changing_file(&bed, change, 20 * SLICE, options);
        expect(&answer, 2);
        assert_eq!(answer["error"]["phase"], "local_file");
        assert_eq!(logged(&bed.emulator, "upload_slice_finish").len(), 0);
        assert_absent(&bed.emulator, "/a");
    }
}

fn a_file_that_changes_before_finish_is_never_a_success(api: Api) {
    let bed = Bed::new(api);
    let file = bed.file("file", SLICE);
    bed.emulator.inject(slice_fault(Action::Delay { ms: 400 }, 0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            wait_until("the slice", || bed.emulator.requests().len() == 2);
            std::thread::sleep(Duration::from_millis(150));
            grow(&file);
        });
        expect(&upload(&bed.client(), "/a", &file, sliced(json!({}))), 2);
    });
    assert_eq!(logged(&bed.emulator, "upload_slice_finish").len(), 0);
}

fn the_lost_reply_to_a_simple_upload_is_made_up_for(api: Api) {
    let ends = [End::Reset, End::Close];
    for (retries, end) in [0, 3].into_iter().flat_map(|n| ends.map(|end| (n, end))) {
        let bed = Bed::new(api);
        let file = bed.file("file", 1000);
        bed.emulator.inject(Fault::new(Action::LoseReply { end }).op("upload"));
        let options = json!({"retries": retries, "biz_attr": "mine"});
        let answer = upload(&bed.client(), "/a", &file, options);
        expect(&answer, 0);
        assert_eq!(answer["transfer"]["recovered"], true);
        assert_eq!(operations(&bed.emulator), ["upload", "stat", "upload_slice_list"]);
        for key in ["access_url", "source_url", "url", "resource_path"] {
            assert!(answer["data"][key].is_string(), "{key}: {answer:#}");
        }
        assert_stored(&bed.emulator, "/a", &content(1000));
    }
}

fn a_lost_reply_is_no_conflict_even_if_looking_fails_at_first(api: Api) {
    let bed = Bed::new(api);
    let file = bed.file("file", 1000);
    bed.emulator.inject(Fault::new(lost()).op("upload"));
    bed.emulator.inject(Fault::new(dropped()).op("stat").times(2));
    let answer = upload(&bed.client(), "/a", &file, json!({}));
    expect(&answer, 0);
    assert_eq!(answer["transfer"]["recovered"], true);
    let expected = ["upload", "stat", "upload", "stat", "stat", "upload_slice_list"];
    assert_eq!(operations(&bed.emulator), expected);

    // Where looking is impossible the truth is that nobody knows.
    bed.emulator.inject(Fault::new(lost()).op("upload"));
    bed.emulator.inject(Fault::new(dropped()).op("stat").forever());
    let answer = upload(&bed.client(), "/b", &file, json!({"retries": 1}));
    expect(&answer, -3);
    assert_eq!(answer["transfer"]["recovered"], false);
}

fn the_lost_reply_to_init_is_made_up_for(api: Api) {
    for retries in [0, 3] {
        for resume in [true, false] {
            let bed = Bed::new(api);
            let file = bed.file("file", 3 * SLICE);
            bed.emulator.inject(Fault::new(lost()).op("upload_slice_init"));
            let options = sliced(json!({"retries": retries, "resume": resume}));
            let answer = upload(&bed.client(), "/a", &file, options);
            expect(&answer, 0);
            assert_eq!(slice_offsets(&bed.emulator), multiples(0..3, SLICE));
            assert_eq!(answer["transfer"]["resumed_bytes"], 0);
            assert_stored(&bed.emulator, "/a", &content(3 * SLICE));
        }
    }
}

fn the_lost_reply_to_an_instant_upload_is_made_up_for(api: Api) {
    for retries in [0, 3] {
        let bed = Bed::new(api);
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

fn the_lost_reply_to_a_slice_costs_a_repetition_or_the_next_call(api: Api) {
    let bed = Bed::new(api);
    let file = bed.file("file", 3 * SLICE);
    bed.emulator.inject(slice_fault(lost(), SLICE));
    let patient = sliced(json!({"concurrency": 1}));
    expect(&upload(&bed.client(), "/a", &file, patient.clone()), 0);
    assert_eq!(slice_offsets(&bed.emulator), [0, SLICE, SLICE, 2 * SLICE]);
    assert_stored(&bed.emulator, "/a", &content(3 * SLICE));

    bed.emulator.settings(|settings| settings.instant_upload = false);
    bed.emulator.inject(slice_fault(lost(), SLICE));
    let answer =
        upload(&bed.client(), "/b", &file, sliced(json!({"concurrency": 1, "retries": 0})));
    expect(&answer, -3);
    bed.emulator.clear_requests();
    let answer = upload(&bed.client(), "/b", &file, patient);
    expect(&answer, 0);
    assert_eq!(slice_offsets(&bed.emulator), [2 * SLICE], "the lost slice had arrived");
    assert_eq!(answer["transfer"]["resumed_bytes"], 2 * SLICE);
    assert_stored(&bed.emulator, "/b", &content(3 * SLICE));
}

fn the_lost_reply_to_finish_is_made_up_for(api: Api) {
    for retries in [0, 3] {
        for verify_sha1 in [true, false] {
            let bed = Bed::new(api);
            let file = bed.file("file", 3 * SLICE);
            bed.emulator.inject(Fault::new(lost()).op("upload_slice_finish"));
            let options = sliced(json!({"retries": retries, "verify_sha1": verify_sha1}));
            let answer = upload(&bed.client(), "/a", &file, options);
            expect(&answer, 0);
            assert_eq!(answer["transfer"]["recovered"], true);
            assert_eq!(answer["transfer"]["slices"], 3);
            assert_eq!(logged(&bed.emulator, "upload_slice_finish").len(), 1);
            assert_stored(&bed.emulator, "/a", &content(3 * SLICE));
        }
    }
    // Looking fails at first, and the session is gone when finish is repeated.
    let bed = Bed::new(api);
    bed.emulator.inject(Fault::new(lost()).op("upload_slice_finish"));
    bed.emulator.inject(Fault::new(dropped()).op("stat"));
    let answer = upload(&bed.client(), "/a", &bed.file("file", 3 * SLICE), sliced(json!({})));
    expect(&answer, 0);
    assert_eq!(answer["transfer"]["recovered"], true);
    assert_eq!(logged(&bed.emulator, "upload_slice_finish").len(), 2);
}

fn a_request_that_never_arrived_is_sent_again(api: Api) {
    let ops = ["upload", "upload_slice_init", "upload_slice_finish"];
    for op in ops {
        let bed = Bed::new(api);
        let file = bed.file("file", 3 * SLICE);
        let options = match op {
            "upload" => json!({}),
            _ => sliced(json!({})),
        };
        bed.emulator.inject(Fault::new(dropped()).op(op).times(2));
        let answer = upload(&bed.client(), "/a", &file, options);
        expect(&answer, 0);
        assert_eq!(answer["transfer"]["recovered"], false);
        assert_eq!(logged(&bed.emulator, op).len(), 3);
        assert_stored(&bed.emulator, "/a", &content(3 * SLICE));
    }
    let bed = Bed::new(api);
    bed.emulator.inject(Fault::new(dropped()).op("upload"));
    let answer = upload(&bed.client(), "/a", &bed.file("file", 1000), json!({"retries": 0}));
    expect(&answer, -3);
    assert_eq!(answer["error"]["attempts"], 1);
    assert_absent(&bed.emulator, "/a");
}

fn somebody_elses_file_is_a_conflict_even_if_the_reply_is_lost(api: Api) {
    for options in [json!({}), sliced(json!({}))] {
        for retries in [0, 3] {
            let bed = Bed::new(api);
            let theirs = other_content(3 * SLICE);
            expect(&upload_bytes(&bed.client(), "/a", &theirs, json!({})), 0);
            bed.emulator.inject(Fault::new(lost()).method("POST"));
            let mut options = options.clone();
            options["retries"] = json!(retries);
            let answer = upload(&bed.client(), "/a", &bed.file("file", 3 * SLICE), options);
            // Without a repetition nobody has heard of the conflict.
            expect(&answer, if retries == 0 { -3 } else { -177 });
            assert_eq!(answer["transfer"]["recovered"], false);
            assert_stored(&bed.emulator, "/a", &theirs);
        }
    }
}

fn the_same_bytes_with_another_attribute_are_not_ours(api: Api) {
    let bed = Bed::new(api);
    let file = bed.file("file", 1000);
    expect(&upload(&bed.client(), "/a", &file, json!({"biz_attr": "theirs"})), 0);
    bed.emulator.inject(Fault::new(lost()).op("upload"));
    let answer = upload(&bed.client(), "/a", &file, json!({"biz_attr": "mine"}));
    expect(&answer, -177);
    assert_eq!(stat(&bed, "/a")["biz_attr"], "theirs");
}

fn a_refused_connection_is_reported_as_such(api: Api) {
    let bed = Bed::new(api);
    // A port that nobody listens on: it is bound, so nobody else can take it either.
    let taken = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    taken.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let address = taken.local_addr().unwrap().as_socket().unwrap();
    let client = bed.client_with(json!({"hostname": address.to_string()}));
    let file = bed.file("file", 2 * SLICE);
    for options in [json!({"retries": 0}), sliced(json!({"retries": 0}))] {
        let started = Instant::now();
        let answer = upload(&client, "/a", &file, options);
        expect(&answer, -3);
        assert_eq!(answer["error"]["attempts"], 1);
        assert_eq!(answer["error"]["phase"], "connect");
        assert_eq!(answer["error"]["origin"], "library");
        assert_eq!(answer["transfer"]["sent_bytes"], 0);
        assert!(millis(started) < 1000);
    }
    let answer = upload(&client, "/a", &file, json!({"retries": 2}));
    expect(&answer, -3);
    assert_eq!(answer["error"]["attempts"], 3);
}

fn what_is_no_file_is_refused_before_anything_is_sent(api: Api) {
    let bed = Bed::new(api);
    let missing = bed.path("missing");
    for local in [missing.as_path(), bed.dir.path(), Path::new(""), Path::new("/dev/null")] {
        let answer = upload(&bed.client(), "/a", local, json!({}));
        expect(&answer, -1);
        assert_eq!(answer["error"]["argument"], "local_path");
    }
    let unreadable = bed.path("sparse");
    File::create(&unreadable).unwrap().set_len(21 << 20).unwrap();
    let answer = upload(&bed.client(), "/a", &unreadable, json!({"slice_threshold": 21 << 20}));
    expect(&answer, -1);
    assert_eq!(answer["error"]["argument"], "slice_threshold");
    assert_eq!(operations(&bed.emulator), [""; 0]);
}

for_api! { v4 V4
    slices_travel_in_parallel_over_connections_that_are_kept,
    a_server_that_wants_slices_one_by_one_gets_them_so,
    the_slice_size_the_server_grants_is_used,
    uploadparts_are_accepted_for_every_slice_size,
    a_slice_that_fails_twice_is_sent_a_third_time,
    a_repetition_is_signed_anew,
    a_slice_that_fails_for_good_ends_the_call_at_once,
    sizes_around_the_threshold,
    with_a_threshold_of_0_only_the_empty_file_is_simple,
    a_buffer_travels_like_a_file,
    what_the_server_has_does_not_travel,
    the_digest_of_a_simple_upload_travels_unless_unwanted,
    biz_attr_and_insert_only_in_both_modes,
    an_unfinished_upload_is_continued,
    a_missing_slice_in_the_middle_is_filled_in,
    without_resume_the_servers_answer_is_handed_back,
    an_unfinished_upload_of_other_content_is_replaced_in_one_request,
    a_large_file_goes_around_an_unfinished_upload_and_keeps_the_old_one,
    what_went_around_does_not_replace_a_file_against_insert_only,
    a_continued_upload_has_the_attribute_of_the_call_that_continues_it,
    a_continued_upload_replaces_a_file_as_its_own_call_wants,
    a_session_that_ends_on_the_way_is_looked_into,
    the_same_content_may_come_from_several_programs_at_once,
    slices_that_were_damaged_before_are_sent_again,
    a_file_that_changed_can_be_uploaded_when_it_is_at_rest,
    without_digests_everything_is_sent_into_the_session,
    a_file_that_changes_on_the_way_is_never_a_success,
    a_file_that_changes_before_finish_is_never_a_success,
    the_lost_reply_to_a_simple_upload_is_made_up_for,
    a_lost_reply_is_no_conflict_even_if_looking_fails_at_first,
    the_lost_reply_to_init_is_made_up_for,
    the_lost_reply_to_an_instant_upload_is_made_up_for,
    the_lost_reply_to_a_slice_costs_a_repetition_or_the_next_call,
    the_lost_reply_to_finish_is_made_up_for,
    a_request_that_never_arrived_is_sent_again,
    somebody_elses_file_is_a_conflict_even_if_the_reply_is_lost,
    the_same_bytes_with_another_attribute_are_not_ours,
    a_refused_connection_is_reported_as_such,
    what_is_no_file_is_refused_before_anything_is_sent
}
