//! Uploads: what travels, over how many connections, and what is there afterwards.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use cos::threads::Watch;
use cos_emulator::{Action, End, Fault};
use serde_json::{Value, json};

use support::for_each_api;
use support::platform::{DEVICE, within};
use support::transfers::*;
use support::{Api, Bed, Op, content, numbers};

/// Options that make a small file travel in small slices.
pub fn sliced(more: Value) -> Value {
    let mut options = json!({"slice_threshold": 0, "slice_size": SLICE});
    for (key, value) in more.as_object().unwrap() {
        options[key] = value.clone();
    }
    options
}

pub fn stat(bed: &Bed, cos_path: &str) -> Value {
    let found = cos::ops::file::stat(&bed.client(), PUBLIC, cos_path, None).unwrap();
    serde_json::from_str::<Value>(&found.json).unwrap()["data"].clone()
}

/// Content that no other content of a test is the beginning of.
pub fn other_content(size: usize) -> Vec<u8> {
    content(size).into_iter().map(|byte| byte.wrapping_add(1)).collect()
}

fn slices_travel_in_parallel_over_connections_that_are_kept(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    let file = bed.file("file", 12 * SLICE);
    bed.emulator.inject(api.fault(Op::Slice, Action::Hold).forever());
    let answer = std::thread::scope(|scope| {
        scope.spawn(|| {
            wait_until_held(&bed.emulator, 3);
            bed.emulator.clear_faults();
        });
        upload(&client, "/a", &file, sliced(json!({"concurrency": 3})))
    });
    expect(&answer, 0);
    assert_eq!(answer["transfer"]["slices"], 12);
    assert_eq!(answer["transfer"]["bytes"], 12 * SLICE);
    assert_eq!(answer["transfer"]["resumed_bytes"], 0);
    let sent = answer["transfer"]["sent_bytes"].as_u64().unwrap() as usize;
    assert!((12 * SLICE..12 * SLICE + 32_768).contains(&sent), "{sent}");
    assert_eq!(bed.slices_sent(), numbers(0..12));
    assert_eq!(most_at_once(&bed.logged(Op::Slice)), 3);
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

fn a_slice_that_fails_twice_is_sent_a_third_time(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    let file = bed.file("file", 4 * SLICE);
    for (i, action) in [
        api.code(-195),
        html(500),
        dropped(),
        lost(),
        Action::Drop { after: 300_000, end: End::Reset },
    ]
    .into_iter()
    .enumerate()
    {
        bed.emulator.settings(|settings| settings.instant_upload = false);
        bed.emulator.clear_requests();
        bed.emulator.inject(api.slice_fault(action, 1).times(2));
        let path = format!("/{i}");
        let answer = upload(&client, &path, &file, sliced(json!({})));
        expect(&answer, 0);
        assert_eq!(answer["transfer"]["slices"], 4);
        assert_eq!(bed.slices_sent(), [0, 1, 1, 1, 2, 3]);
        assert_stored(&bed.emulator, &path, &content(4 * SLICE));
    }
}

fn a_repetition_is_signed_anew(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client_with(json!({"sign_expired": 2, "timeout_ms": 3100}));
    let file = bed.file("file", 2 * SLICE);
    // When the silence has lasted, the first signature has expired.
    let silent = Action::Drop { after: 0, end: End::Hang };
    bed.emulator.inject(api.slice_fault(silent, 1));
    expect(&upload(&client, "/a", &file, sliced(json!({}))), 0);
    assert_eq!(bed.slices_sent(), [0, 1, 1]);
    assert_stored(&bed.emulator, "/a", &content(2 * SLICE));
}

fn a_slice_that_fails_for_good_ends_the_call_at_once(api: Api) {
    let bed = Bed::new(api);
    let file = bed.file("file", 40 * SLICE);
    bed.emulator.inject(api.slice_fault(Action::Withhold, 0).forever());
    bed.emulator.inject(api.slice_fault(api.code(-97), 5).forever());
    let started = Instant::now();
    let answer = upload(&bed.client(), "/a", &file, sliced(json!({})));
    let took = started.elapsed();
    expect(&answer, -97);
    assert_eq!(answer["error"]["origin"], "server");
    assert_eq!(answer["error"]["attempts"], 1);
    assert!(took.as_millis() < within(3000), "{took:?}");
    let sent = bed.slices_sent();
    assert!(sent.len() < 20, "{} slices", sent.len());
    assert!(bed.logged(Op::Finish).is_empty());
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
            assert_eq!(bed.slices_sent(), numbers(0..slices_sent));
            let is_simple = usize::from(slices_sent == 0);
            assert_eq!(bed.logged(Op::Upload).len(), is_simple, "{size} bytes");
            assert_stored(&bed.emulator, &path, &content(size));
            // The next size would be an instant upload otherwise.
            bed.emulator.settings(|settings| settings.instant_upload = false);
        }
    }
}

fn with_a_threshold_of_0_only_the_empty_file_is_simple(api: Api) {
    let bed = Bed::new(api);
    for (size, op) in [(0, Op::Upload), (1, Op::Slice)] {
        let path = format!("/{size}");
        expect(&upload(&bed.client(), &path, &bed.file("file", size), sliced(json!({}))), 0);
        assert_eq!(bed.logged(op).len(), 1, "{size} bytes");
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
        assert_eq!(bed.slices_sent(), numbers(0..slices_sent));
        assert_stored(&bed.emulator, path, &bytes);
    }
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
        if refused["error"]["origin"] == "server" {
            assert_eq!(refused["error"]["http_status"], 409);
        }
        assert_stored(&bed.emulator, path, &content(2 * SLICE));
        expect(&upload(&client, path, &new, with("insert_only", json!(0))), 0);
        assert_stored(&bed.emulator, path, &other_content(2 * SLICE + 1));
        assert_eq!(stat(&bed, path)["biz_attr"], "");
    }
}

/// Breaks an upload of `slices` slices after the first `stored` ones.
pub fn broken_upload(bed: &Bed, file: &Path, stored: usize, more: Value) {
    bed.emulator.inject(bed.api.slice_fault(bed.api.code(-97), stored));
    let mut options = sliced(json!({"concurrency": 1}));
    for (key, value) in more.as_object().unwrap() {
        options[key] = value.clone();
    }
    expect(&upload(&bed.client(), "/a", file, options), -97);
    assert_eq!(bed.slices_sent(), numbers(0..stored + 1));
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
    assert_eq!(bed.slices_sent(), numbers(5..10));
    assert_eq!(answer["transfer"]["resumed_bytes"], 5 * SLICE);
    assert_eq!(answer["transfer"]["slices"], 5);
    assert_eq!(answer["transfer"]["recovered"], false);
    assert_stored(&bed.emulator, "/a", &content(9 * SLICE + 3));
}

fn a_missing_slice_in_the_middle_is_filled_in(api: Api) {
    let bed = Bed::new(api);
    let file = bed.file("file", 6 * SLICE);
    bed.emulator.inject(api.slice_fault(Action::Drop { after: 0, end: End::Hang }, 1).forever());
    bed.emulator.inject(api.slice_fault(api.code(-97), 5));
    expect(&upload(&bed.client(), "/a", &file, sliced(json!({"concurrency": 2}))), -97);
    bed.emulator.clear_faults();
    bed.emulator.clear_requests();
    let answer = upload(&bed.client(), "/a", &file, sliced(json!({})));
    expect(&answer, 0);
    assert_eq!(bed.slices_sent(), [1, 5]);
    assert_eq!(answer["transfer"]["resumed_bytes"], 4 * SLICE);
    assert_stored(&bed.emulator, "/a", &content(6 * SLICE));
}

/// A file whose content differs from that of [`Bed::file`].
pub fn other_file(bed: &Bed, size: usize) -> std::path::PathBuf {
    let other = bed.path("other");
    fs::write(&other, other_content(size)).unwrap();
    other
}

pub fn names(bed: &Bed) -> Vec<String> {
    let listed = cos::ops::folder::list(&bed.client(), PUBLIC, "/", None).unwrap();
    let listed: Value = serde_json::from_str(&listed.json).unwrap();
    let infos = listed["data"]["infos"].as_array().unwrap().iter();
    infos.map(|info| info["name"].as_str().unwrap().to_owned()).collect()
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
        bed.emulator.inject(api.fault(Op::Update, api.code(-97)));
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
    assert_eq!(bed.logged(Op::Update).len(), 0);
}

/// Another call may finish the session, give it up, or begin a new one.
fn a_session_that_ends_on_the_way_is_looked_into(api: Api) {
    let cases = [
        (Op::Finish, api.code_of_done(-5983), true),
        (Op::Finish, api.code(-5983), false),
        (Op::Slice, api.code(-5983), false),
        (Op::ListSlices, api.code(if api == Api::V4 { -197 } else { -5983 }), false),
    ];
    for (op, action, is_recovered) in cases {
        let bed = Bed::new(api);
        let file = bed.file("file", 4 * SLICE);
        broken_upload(&bed, &file, 2, json!({}));
        bed.emulator.inject(api.fault(op, action));
        let answer = upload(&bed.client(), "/a", &file, sliced(json!({})));
        expect(&answer, 0);
        assert_eq!(answer["transfer"]["recovered"], is_recovered, "{op:?}");
        assert_stored(&bed.emulator, "/a", &content(4 * SLICE));
    }
    let bed = Bed::new(api);
    bed.emulator.inject(api.fault(Op::Slice, api.code(-5983)).forever());
    let answer = upload(&bed.client(), "/a", &bed.file("file", SLICE), sliced(json!({})));
    expect(&answer, -5983);
    assert!(bed.logged(Op::Slice).len() < 10, "it has an end");
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
    bed.emulator.inject(api.fault(Op::Finish, api.code(-4016)));
    expect(&upload(&bed.client(), "/a", &file, sliced(json!({}))), 0);
    assert_eq!(bed.slices_sent(), [0, 1, 2, 2, 3, 3]);
    assert_stored(&bed.emulator, "/a", &content(4 * SLICE));
}

fn a_file_that_changed_can_be_uploaded_when_it_is_at_rest(api: Api) {
    for is_replaced in [false, true] {
        let bed = Bed::new(api);
        let options = sliced(json!({"concurrency": 2, "insert_only": !is_replaced}));
        if is_replaced {
            expect(&upload_bytes(&bed.client(), "/a", b"old", json!({})), 0);
        }
        bed.emulator.inject(api.fault(Op::Slice, Action::Hold).skip(1).forever());
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
    assert_eq!(bed.slices_sent(), numbers(0..4));
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

/// Uploads a file and changes it while it is on the way; only then replies that are held arrive.
fn upload_of_a_changing_file(bed: &Bed, change: fn(&Path), size: usize, options: Value) -> Value {
    let file = bed.file("file", size);
    let mut is_changed = false;
    let on_progress = |done, _| {
        if done > 0 && !is_changed {
            change(&file);
            is_changed = true;
            bed.emulator.clear_faults();
        }
        true
    };
    let watch = Watch { transfer: None, on_progress: Some(Box::new(on_progress)) };
    upload_watched(&bed.client(), "/a", &file, options, watch)
}

fn a_file_that_changes_on_the_way_is_never_a_success(api: Api) {
    // Without a sum, the system sends from the file.
    let ways = [grow, shrink, rewrite].map(|change| [(change, true), (change, false)]);
    for (change, verify) in ways.into_iter().flatten() {
        let bed = Bed::new(api);
        // Most of the file is still to be read.
        bed.emulator.inject(Fault::new(Action::Hold).op("accept"));
        let options = json!({"slice_threshold": 20 * MIB, "verify_sha1": verify});
        let answer = upload_of_a_changing_file(&bed, change, 19 * MIB, options);
        expect(&answer, 2);
        assert_eq!(answer["error"]["phase"], "local_file");
        assert_absent(&bed.emulator, "/a");
        assert!(bed.logged(Op::Upload).iter().all(|upload| upload.status != Some(200)));
    }
    for change in [grow, shrink, rewrite] {
        let bed = Bed::new(api);
        bed.emulator.inject(api.fault(Op::Slice, Action::Hold).skip(1).forever());
        let options = sliced(json!({"concurrency": 2}));
        let answer = upload_of_a_changing_file(&bed, change, 20 * SLICE, options);
        expect(&answer, 2);
        assert_eq!(answer["error"]["phase"], "local_file");
        assert_eq!(bed.logged(Op::Finish).len(), 0);
        assert_absent(&bed.emulator, "/a");
    }
}

fn a_file_that_changes_before_finish_is_never_a_success(api: Api) {
    let bed = Bed::new(api);
    let file = bed.file("file", SLICE);
    bed.emulator.inject(api.slice_fault(Action::Hold, 0));
    std::thread::scope(|scope| {
        scope.spawn(|| {
            wait_until_held(&bed.emulator, 1);
            grow(&file);
            bed.emulator.clear_faults();
        });
        expect(&upload(&bed.client(), "/a", &file, sliced(json!({}))), 2);
    });
    assert_eq!(bed.logged(Op::Finish).len(), 0);
}

/// How often an upload in slices looks for a file before it begins.
fn looks_before(api: Api) -> u64 {
    u64::from(api == Api::V5)
}

/// These requests; where a list may show a file that is not complete, also the look for that.
fn asked(api: Api, ops: &[Op]) -> Vec<&'static str> {
    let also = Some(Op::ListSlices).filter(|_| api == Api::V4);
    ops.iter().copied().chain(also).map(|op| api.name(op)).collect()
}

fn the_lost_reply_to_a_simple_upload_is_made_up_for(api: Api) {
    let ends = [End::Reset, End::Close];
    for (retries, end) in [0, 3].into_iter().flat_map(|n| ends.map(|end| (n, end))) {
        let bed = Bed::new(api);
        let file = bed.file("file", 1000);
        bed.emulator.inject(api.fault(Op::Upload, Action::LoseReply { end }));
        let options = json!({"retries": retries, "biz_attr": "mine"});
        let answer = upload(&bed.client(), "/a", &file, options);
        expect(&answer, 0);
        assert_eq!(answer["transfer"]["recovered"], true);
        assert_eq!(operations(&bed.emulator), asked(api, &[Op::Upload, Op::Stat]));
        for key in ["access_url", "source_url", "url", "resource_path"] {
            assert!(answer["data"][key].is_string(), "{key}: {answer:#}");
        }
        assert_stored(&bed.emulator, "/a", &content(1000));
    }
}

fn a_lost_reply_is_no_conflict_even_if_looking_fails_at_first(api: Api) {
    let bed = Bed::new(api);
    let file = bed.file("file", 1000);
    bed.emulator.inject(api.fault(Op::Upload, lost()));
    bed.emulator.inject(api.fault(Op::Stat, dropped()).times(2));
    let answer = upload(&bed.client(), "/a", &file, json!({}));
    expect(&answer, 0);
    assert_eq!(answer["transfer"]["recovered"], true);
    let expected = [Op::Upload, Op::Stat, Op::Upload, Op::Stat, Op::Stat];
    assert_eq!(operations(&bed.emulator), asked(api, &expected));

    // Where looking is impossible the truth is that nobody knows.
    bed.emulator.inject(api.fault(Op::Upload, lost()));
    bed.emulator.inject(api.fault(Op::Stat, dropped()).forever());
    let answer = upload(&bed.client(), "/b", &file, json!({"retries": 1}));
    expect(&answer, -3);
    assert_eq!(answer["transfer"]["recovered"], false);
}

fn the_lost_reply_to_init_is_made_up_for(api: Api) {
    for retries in [0, 3] {
        for resume in [true, false] {
            let bed = Bed::new(api);
            let file = bed.file("file", 3 * SLICE);
            bed.emulator.inject(api.fault(Op::Init, lost()));
            let options = sliced(json!({"retries": retries, "resume": resume}));
            let answer = upload(&bed.client(), "/a", &file, options);
            expect(&answer, 0);
            assert_eq!(bed.slices_sent(), numbers(0..3));
            assert_eq!(answer["transfer"]["resumed_bytes"], 0);
            assert_stored(&bed.emulator, "/a", &content(3 * SLICE));
        }
    }
}

fn the_lost_reply_to_a_slice_costs_a_repetition_or_the_next_call(api: Api) {
    let bed = Bed::new(api);
    let file = bed.file("file", 3 * SLICE);
    bed.emulator.inject(api.slice_fault(lost(), 1));
    let patient = sliced(json!({"concurrency": 1}));
    expect(&upload(&bed.client(), "/a", &file, patient.clone()), 0);
    assert_eq!(bed.slices_sent(), [0, 1, 1, 2]);
    assert_stored(&bed.emulator, "/a", &content(3 * SLICE));

    bed.emulator.settings(|settings| settings.instant_upload = false);
    bed.emulator.inject(api.slice_fault(lost(), 1));
    let answer =
        upload(&bed.client(), "/b", &file, sliced(json!({"concurrency": 1, "retries": 0})));
    expect(&answer, -3);
    bed.emulator.clear_requests();
    let answer = upload(&bed.client(), "/b", &file, patient);
    expect(&answer, 0);
    assert_eq!(bed.slices_sent(), [2], "the lost slice had arrived");
    assert_eq!(answer["transfer"]["resumed_bytes"], 2 * SLICE);
    assert_stored(&bed.emulator, "/b", &content(3 * SLICE));
}

fn the_lost_reply_to_finish_is_made_up_for(api: Api) {
    for retries in [0, 3] {
        for verify_sha1 in [true, false] {
            let bed = Bed::new(api);
            let file = bed.file("file", 3 * SLICE);
            bed.emulator.inject(api.fault(Op::Finish, lost()));
            let options = sliced(json!({"retries": retries, "verify_sha1": verify_sha1}));
            let answer = upload(&bed.client(), "/a", &file, options);
            expect(&answer, 0);
            assert_eq!(answer["transfer"]["recovered"], true);
            assert_eq!(answer["transfer"]["slices"], 3);
            assert_eq!(bed.logged(Op::Finish).len(), 1);
            assert_stored(&bed.emulator, "/a", &content(3 * SLICE));
        }
    }
    // Looking fails at first, and the session is gone when finish is repeated.
    let bed = Bed::new(api);
    bed.emulator.inject(api.fault(Op::Finish, lost()));
    bed.emulator.inject(api.fault(Op::Stat, dropped()).skip(looks_before(api)));
    let answer = upload(&bed.client(), "/a", &bed.file("file", 3 * SLICE), sliced(json!({})));
    expect(&answer, 0);
    assert_eq!(answer["transfer"]["recovered"], true);
    assert_eq!(bed.logged(Op::Finish).len(), 2);
}

fn a_request_that_never_arrived_is_sent_again(api: Api) {
    for op in [Op::Upload, Op::Init, Op::Finish] {
        let bed = Bed::new(api);
        let file = bed.file("file", 3 * SLICE);
        let options = match op {
            Op::Upload => json!({"slice_threshold": 20 * MIB}),
            _ => sliced(json!({})),
        };
        bed.emulator.inject(api.fault(op, dropped()).times(2));
        let answer = upload(&bed.client(), "/a", &file, options);
        expect(&answer, 0);
        assert_eq!(answer["transfer"]["recovered"], false);
        assert_eq!(bed.logged(op).len(), 3);
        assert_stored(&bed.emulator, "/a", &content(3 * SLICE));
    }
    let bed = Bed::new(api);
    bed.emulator.inject(api.fault(Op::Upload, dropped()));
    let answer = upload(&bed.client(), "/a", &bed.file("file", 1000), json!({"retries": 0}));
    expect(&answer, -3);
    assert_eq!(answer["error"]["attempts"], 1);
    assert_absent(&bed.emulator, "/a");
}

fn somebody_elses_file_is_a_conflict_even_if_the_reply_is_lost(api: Api) {
    for (op, options) in [(Op::Upload, json!({})), (Op::Init, sliced(json!({})))] {
        for retries in [0, 3] {
            let bed = Bed::new(api);
            let theirs = other_content(3 * SLICE);
            expect(&upload_bytes(&bed.client(), "/a", &theirs, json!({})), 0);
            bed.emulator.inject(api.fault(op, lost()));
            let mut options = options.clone();
            options["retries"] = json!(retries);
            let answer = upload(&bed.client(), "/a", &bed.file("file", 3 * SLICE), options);
            // Without a repetition, and without a look before, nobody has heard of the conflict.
            let is_known = retries > 0 || (op == Op::Init && looks_before(api) > 0);
            expect(&answer, if is_known { -177 } else { -3 });
            assert_eq!(answer["transfer"]["recovered"], false);
            assert_stored(&bed.emulator, "/a", &theirs);
        }
    }
}

fn the_same_bytes_with_another_attribute_are_not_ours(api: Api) {
    let bed = Bed::new(api);
    let file = bed.file("file", 1000);
    expect(&upload(&bed.client(), "/a", &file, json!({"biz_attr": "theirs"})), 0);
    bed.emulator.inject(api.fault(Op::Upload, lost()));
    let answer = upload(&bed.client(), "/a", &file, json!({"biz_attr": "mine"}));
    expect(&answer, -177);
    assert_eq!(stat(&bed, "/a")["biz_attr"], "theirs");
}

fn attributes_are_stored_with_the_file(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    let file = bed.file("file.txt", 2 * SLICE);
    let attributes = json!({
        "content_type": "text/x-own",
        "cache_control": "max-age=60",
        "x-cos-meta-owner": "li lei",
        "authority": "eWPrivateRPublic",
        "biz_attr": "mine",
    });
    for (path, mut options) in [("/whole", json!({})), ("/sliced", sliced(json!({})))] {
        for (key, value) in attributes.as_object().unwrap() {
            options[key] = value.clone();
        }
        expect(&upload(&client, path, &file, options), 0);
        let shown = stat(&bed, path);
        let headers = &shown["custom_headers"];
        assert_eq!(headers["Content-Type"], "text/x-own", "{path}");
        assert_eq!(headers["Cache-Control"], "max-age=60");
        assert_eq!(headers["x-cos-meta-owner"], "li lei");
        assert_eq!(
            (&shown["authority"], &shown["biz_attr"]),
            (&attributes["authority"], &attributes["biz_attr"])
        );
    }
    // An upload that was begun without them ends with them.
    let file = bed.file("other", 2 * SLICE + 1);
    bed.emulator.inject(api.slice_fault(api.code(-97), 1));
    let once = sliced(json!({"retries": 0, "concurrency": 1}));
    expect(&upload(&client, "/later", &file, once), -97);
    let again = sliced(json!({"content_type": "text/x-own", "authority": "eWRPrivate"}));
    let answer = upload(&client, "/later", &file, again);
    expect(&answer, 0);
    assert_eq!(answer["transfer"]["resumed_bytes"], SLICE);
    let shown = stat(&bed, "/later");
    assert_eq!(shown["custom_headers"]["Content-Type"], "text/x-own");
    assert_eq!(shown["authority"], "eWRPrivate");
    for (wrong, argument) in [
        (json!({"authority": "all"}), "authority"),
        (json!({"content_type": "a\nb"}), "content_type"),
        (json!({"x-cos-meta-a": 1}), "x-cos-meta-a"),
    ] {
        let answer = upload(&client, "/wrong", &file, wrong);
        assert_eq!(answer["error"]["argument"], argument);
    }
}

fn a_file_in_the_way_is_compared(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    let file = bed.file("file", 3 * SLICE);
    let same = content(3 * SLICE);
    let mut other = same.clone();
    other[7] ^= 1;
    for (bytes, is_same) in [(&same[..], true), (&other, false), (&same[1..], false)] {
        expect(&upload_bytes(&client, "/a", bytes, json!({"insert_only": false})), 0);
        for options in [json!({}), sliced(json!({}))] {
            let answer = upload(&client, "/a", &file, options);
            // What the JSON API has by its digest need not travel.
            if answer["code"] != 0 || !is_same {
                expect(&answer, -177);
                assert_eq!(answer["error"]["same_content"], is_same);
            }
        }
    }
}

fn a_refused_connection_is_reported_as_such(api: Api) {
    let bed = Bed::new(api);
    // A port that nobody listens on: it is bound, so nobody else can take it either.
    let taken = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    taken.bind(&std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let address = taken.local_addr().unwrap().as_socket().unwrap();
    let client = bed.client_with(json!({"hostname": format!("localhost:{}", address.port())}));
    let file = bed.file("file", 2 * SLICE);
    for options in [json!({"retries": 0}), sliced(json!({"retries": 0}))] {
        let started = Instant::now();
        let answer = upload(&client, "/a", &file, options);
        expect(&answer, -3);
        assert_eq!(answer["error"]["attempts"], 1);
        assert_eq!(answer["error"]["phase"], "connect");
        assert_eq!(answer["error"]["origin"], "library");
        assert_eq!(answer["transfer"]["sent_bytes"], 0);
        assert!(millis(started) < within(5000));
    }
    let answer = upload(&client, "/a", &file, json!({"retries": 2}));
    expect(&answer, -3);
    assert_eq!(answer["error"]["attempts"], 3);
}

fn what_is_no_file_is_refused_before_anything_is_sent(api: Api) {
    let bed = Bed::new(api);
    let missing = bed.path("missing");
    for local in [missing.as_path(), bed.dir.path(), Path::new(""), Path::new(DEVICE)] {
        let answer = upload(&bed.client(), "/a", local, json!({}));
        expect(&answer, -1);
        assert_eq!(answer["error"]["argument"], "local_path");
    }
    assert_eq!(operations(&bed.emulator), [""; 0]);
}

for_each_api! {
    slices_travel_in_parallel_over_connections_that_are_kept,
    a_slice_that_fails_twice_is_sent_a_third_time,
    a_repetition_is_signed_anew,
    a_slice_that_fails_for_good_ends_the_call_at_once,
    sizes_around_the_threshold,
    with_a_threshold_of_0_only_the_empty_file_is_simple,
    a_buffer_travels_like_a_file,
    biz_attr_and_insert_only_in_both_modes,
    an_unfinished_upload_is_continued,
    a_missing_slice_in_the_middle_is_filled_in,
    a_continued_upload_has_the_attribute_of_the_call_that_continues_it,
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
    the_lost_reply_to_a_slice_costs_a_repetition_or_the_next_call,
    the_lost_reply_to_finish_is_made_up_for,
    a_request_that_never_arrived_is_sent_again,
    somebody_elses_file_is_a_conflict_even_if_the_reply_is_lost,
    the_same_bytes_with_another_attribute_are_not_ours,
    attributes_are_stored_with_the_file,
    a_file_in_the_way_is_compared,
    a_refused_connection_is_reported_as_such,
    what_is_no_file_is_refused_before_anything_is_sent
}
