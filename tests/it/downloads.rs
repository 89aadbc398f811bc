//! Downloads: which ranges travel, what is checked, and what is on the disk afterwards.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use cos::client::Client;
use cos::ops::{file, folder};
use cos::threads::Watch;
use cos_emulator::{Action, End, Fault, Part};
use serde_json::{Value, json};

use support::for_each_api;
use support::platform::{DEVICE, within};
use support::transfers::*;
use support::{Api, Bed, Op, content};

/// What one request fetches.
const PIECE: usize = 8 * MIB;

/// A bed with an object of `size` bytes at `/a`, an empty log, and a directory to download to.
fn bed_with(api: Api, size: usize) -> (Bed, Client, Vec<u8>) {
    let bed = Bed::new(api);
    let (client, bytes) = (bed.client(), content(size));
    let options = json!({"slice_size": 3 * MIB, "verify_sha1": false});
    expect(&upload_bytes(&client, "/a", &bytes, options), 0);
    bed.emulator.clear_requests();
    fs::create_dir(bed.path("down")).unwrap();
    (bed, client, bytes)
}

fn destination(bed: &Bed) -> PathBuf {
    bed.path("down").join("file")
}

#[track_caller]
fn assert_only_file(bed: &Bed, expected: &[u8]) {
    assert_eq!(names_in(&bed.path("down")), ["file"]);
    assert_same(&fs::read(destination(bed)).unwrap(), expected);
}

/// What happens to downloads.
fn on(bed: &Bed, action: Action) -> Fault {
    bed.api.fault(Op::Download, action)
}

/// The operations that were asked for, in any order.
fn asked(bed: &Bed) -> BTreeSet<String> {
    operations(&bed.emulator).into_iter().collect()
}

fn range(start: usize, end: usize) -> Option<String> {
    Some(format!("bytes={start}-{}", end - 1))
}

fn large_objects_travel_in_parallel_over_connections_that_are_kept(api: Api) {
    let (bed, client, bytes) = bed_with(api, 2 * PIECE + 3);
    // The first reply tells how much there is.
    bed.emulator.inject(on(&bed, Action::Hold).skip(1).forever());
    let answer = std::thread::scope(|scope| {
        scope.spawn(|| {
            wait_until_held(&bed.emulator, 2);
            bed.emulator.clear_faults();
        });
        download(&client, "/a", &destination(&bed), json!({"concurrency": 3}))
    });
    expect(&answer, 0);
    assert_only_file(&bed, &bytes);
    assert_eq!(answer["transfer"]["bytes"], bytes.len());
    assert_eq!(answer["transfer"]["resumed_bytes"], 0);
    let received = answer["transfer"]["received_bytes"].as_u64().unwrap() as usize;
    assert!((bytes.len()..bytes.len() + 4096).contains(&received), "{received}");
    let expected = [range(0, PIECE), range(PIECE, 2 * PIECE), range(2 * PIECE, 2 * PIECE + 3)];
    assert_eq!(bed.ranges(), expected);
    let downloads = bed.logged(Op::Download);
    assert!((2..=3).contains(&most_at_once(&downloads)));
    let first = connections(&bed.emulator.requests());
    assert!(first.len() <= 4, "{first:?}");

    bed.emulator.clear_requests();
    expect(&download(&client, "/a", &destination(&bed), json!({"concurrency": 1})), 0);
    assert_eq!(most_at_once(&bed.logged(Op::Download)), 1);
    let second = connections(&bed.emulator.requests());
    assert!(second.is_subset(&first), "{second:?} beyond {first:?}");
}

fn small_and_empty_objects_travel_whole(api: Api) {
    for size in [0, 1, 1000, PIECE] {
        let (bed, client, bytes) = bed_with(api, size);
        expect(&download(&client, "/a", &destination(&bed), json!({})), 0);
        assert_only_file(&bed, &bytes);
        // An empty object has no bytes to ask for, and so no answer that says what it is.
        let describes = api == Api::V5 && size > 0;
        let expected = if describes { &[Op::Download][..] } else { &[Op::Download, Op::Stat] };
        assert_eq!(asked(&bed), expected.iter().map(|op| api.name(*op).to_owned()).collect());
        assert_eq!(bed.emulator.requests().len(), expected.len());
        assert_eq!(bed.ranges(), [range(0, PIECE)]);
        let (answer, data) = download_bytes(&client, "/a", json!({}));
        expect(&answer, 0);
        assert_same(&data, &bytes);
    }
}

/// What a list shows of the object.
fn listed(client: &Client) -> Value {
    let answer = reply(folder::list(client, PUBLIC, "/", None));
    json!({"listed": answer["data"]["infos"][0]})
}

fn what_a_list_has_shown_is_compared_and_not_asked_again(api: Api) {
    let (bed, client, bytes) = bed_with(api, 1000);
    let shown = listed(&client);
    let asked = || {
        let asked = asked(&bed);
        bed.emulator.clear_requests();
        asked
    };
    let fetched = BTreeSet::from([api.name(Op::Download).to_owned()]);
    // Only the JSON API has to be asked whether what looks whole was finished.
    let compared = match api {
        Api::V4 => BTreeSet::from([api.name(Op::ListSlices).to_owned()]),
        Api::V5 => BTreeSet::new(),
    };
    let get = |shown: &Value| download(&client, "/a", &destination(&bed), shown.clone());
    asked();
    expect(&get(&shown), 0);
    assert_eq!(asked(), fetched);
    assert_only_file(&bed, &bytes);
    let again = get(&shown);
    assert_eq!((&again["code"], &again["transfer"]["unchanged"]), (&json!(0), &json!(true)));
    assert_eq!(asked(), compared);

    // What only compares changes nothing.
    let mut compare = shown.clone();
    compare["fetch"] = json!(false);
    assert_eq!(get(&compare)["transfer"]["unchanged"], json!(true));
    let other = vec![b'x'; bytes.len()];
    fs::write(destination(&bed), &other).unwrap();
    asked();
    assert_eq!(get(&compare)["transfer"]["unchanged"], json!(false));
    assert!(!asked().contains(api.name(Op::Download)));
    assert_only_file(&bed, &other);
    fs::remove_file(destination(&bed)).unwrap();
    assert_eq!(get(&compare)["transfer"]["unchanged"], json!(false));
    assert!(names_in(&bed.path("down")).is_empty());

    // An object that has been replaced since is fetched as it is now.
    expect(&upload_bytes(&client, "/a", b"another", json!({"insert_only": false})), 0);
    expect(&get(&shown), 0);
    assert_only_file(&bed, b"another");
}

#[test]
fn what_was_never_finished_is_not_what_the_local_file_is() {
    let (bed, client, bytes) = bed_with(Api::V4, 1000);
    expect(&reply(file::delete(&client, PUBLIC, "/a", None)), 0);
    bed.emulator.inject(Api::V4.fault(Op::Finish, Api::V4.code(-97)));
    expect(&upload_bytes(&client, "/a", &bytes, json!({"slice_threshold": 0})), -97);
    fs::write(destination(&bed), &bytes).unwrap();
    let mut compare = listed(&client);
    assert_eq!(compare["listed"]["filelen"], json!(1000), "it looks whole");
    compare["fetch"] = json!(false);
    let answer = download(&client, "/a", &destination(&bed), compare);
    assert_eq!(answer["transfer"]["unchanged"], json!(false), "{answer}");
}

fn no_round_trip_is_too_many(api: Api) {
    for (size, pieces) in [(64, 1), (2 * PIECE + 3, 3)] {
        let (bed, client, bytes) = bed_with(api, size);
        bed.emulator.settings(|settings| settings.latency_ms = 500);
        let to_file = || {
            expect(&download(&client, "/a", &destination(&bed), json!({})), 0);
            fs::read(destination(&bed)).unwrap()
        };
        let to_memory = || download_bytes(&client, "/a", json!({})).1;
        let through_callback = || {
            let mut data = Vec::new();
            let on_data = &mut |more: &[u8]| {
                data.extend_from_slice(more);
                true
            };
            let answer = download_streamed(&client, "/a", json!({}), Watch::default(), on_data);
            expect(&answer, 0);
            data
        };
        for fetch in [&to_file as &dyn Fn() -> Vec<u8>, &to_memory, &through_callback] {
            bed.emulator.clear_requests();
            assert_same(&fetch(), &bytes);
            let requests = bed.emulator.requests();
            let (first, others): (Vec<_>, Vec<_>) =
                requests.into_iter().partition(|request| request.offset.unwrap_or(0) == 0);
            assert_eq!(first.len(), api.first_of_download());
            assert_eq!(most_at_once(&first), first.len(), "one waits for another");
            assert_eq!(others.len(), pieces - 1);
        }
    }
    let (bed, client, _) = bed_with(api, 64);
    expect(&download(&client, "/missing", &destination(&bed), json!({})), -197);
    assert_eq!(bed.emulator.requests().len(), api.first_of_download());
}

fn others_begin_while_the_first_piece_comes(api: Api) {
    let (bed, client, bytes) = bed_with(api, 2 * PIECE + 3);
    let cut = Action::Cut { after: 3 << 20, of: Part::Body, end: End::Hang };
    bed.emulator.inject(on(&bed, cut).offset(0));
    let options = json!({"concurrency": 2, "timeout_ms": 2000});
    expect(&download(&client, "/a", &destination(&bed), options), 0);
    assert_only_file(&bed, &bytes);
    let offsets: Vec<_> =
        bed.logged(Op::Download).iter().map(|request| request.offset.unwrap() as usize).collect();
    assert_eq!(offsets, [0, PIECE, 2 * PIECE, 3 * MIB]);
}

fn private_downloads_are_signed(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    let watch = Watch::default();
    cos::ops::upload::buffer(&client, support::BUCKET, "/路径 a", b"secret", None, watch).unwrap();
    let watch = Watch::default();
    let (answer, data) =
        cos::ops::download::buffer(&client, support::BUCKET, "/路径 a", None, watch).unwrap();
    assert_eq!((answer.code, data.as_slice()), (0, b"secret".as_slice()));
    let download = &bed.logged(Op::Download)[0];
    assert!(download.sign_place.is_some());
}

fn parts_of_objects(api: Api) {
    let (bed, client, bytes) = bed_with(api, 1000);
    for (options, wanted, header) in [
        (json!({"range_start": 990}), 990..1000, range(990, 990 + PIECE)),
        (json!({"range_end": 9}), 0..10, range(0, 10)),
        (json!({"range_start": 10, "range_end": 5000}), 10..1000, range(10, 5001)),
        (json!({"range_start": 7, "range_end": 7}), 7..8, range(7, 8)),
        (json!({"range_start": 999, "range_end": u64::MAX}), 999..1000, range(999, 999 + PIECE)),
        (json!({"range_start": 0, "range_end": 999}), 0..1000, range(0, 1000)),
    ] {
        bed.emulator.clear_requests();
        let answer = download(&client, "/a", &destination(&bed), options.clone());
        expect(&answer, 0);
        assert_eq!(answer["transfer"]["bytes"], wanted.len(), "{options}");
        assert_only_file(&bed, &bytes[wanted.clone()]);
        assert_eq!(bed.ranges(), [header], "{options}");
        assert_same(&download_bytes(&client, "/a", options.clone()).1, &bytes[wanted.clone()]);
        let mut streamed = Vec::new();
        let on_data = &mut |data: &[u8]| {
            streamed.extend_from_slice(data);
            true
        };
        expect(&download_streamed(&client, "/a", options, Watch::default(), on_data), 0);
        assert_same(&streamed, &bytes[wanted]);
    }
    for (options, key) in [
        (json!({"range_start": 1000}), "range_start"),
        (json!({"range_start": 5, "range_end": 4}), "range_end"),
    ] {
        let answer = download(&client, "/a", &bed.path("down").join("none"), options);
        expect(&answer, -1);
        assert_eq!(answer["error"]["argument"], key);
    }
    assert_eq!(names_in(&bed.path("down")), ["file"]);
}

fn a_range_over_several_pieces(api: Api) {
    let (bed, client, bytes) = bed_with(api, 2 * PIECE);
    let (start, end) = (5, PIECE + 7);
    let options = json!({"range_start": start, "range_end": end});
    expect(&download(&client, "/a", &destination(&bed), options.clone()), 0);
    assert_only_file(&bed, &bytes[start..=end]);
    assert_eq!(bed.ranges(), [range(5, PIECE + 5), range(PIECE + 5, PIECE + 8)]);
    assert_same(&download_bytes(&client, "/a", options).1, &bytes[start..=end]);
}

fn destinations_that_can_not_be_written_are_refused_before_anything_is_sent(api: Api) {
    let (bed, client, _) = bed_with(api, 10);
    fs::write(destination(&bed), "old").unwrap();
    let refused = |local: &Path, options: Value| {
        let answer = download(&client, "/a", local, options);
        expect(&answer, -1);
        assert_eq!(answer["error"]["argument"], "local_path", "{}", local.display());
    };
    refused(&destination(&bed), json!({"overwrite": false}));
    refused(&bed.path("missing").join("file"), json!({}));
    refused(&bed.path("down"), json!({}));
    refused(&destination(&bed).join("below-a-file"), json!({}));
    refused(Path::new(""), json!({}));
    refused(Path::new(DEVICE), json!({}));
    assert_eq!(operations(&bed.emulator), [""; 0]);
    assert_only_file(&bed, b"old");
    let new = bed.path("down").join("new");
    expect(&download(&client, "/a", &new, json!({"overwrite": false})), 0);
    assert_eq!(fs::read(new).unwrap(), content(10));
}

fn a_file_that_appears_during_the_download_is_not_replaced_against_overwrite(api: Api) {
    let (bed, client, bytes) = bed_with(api, 10);
    let fetch = |overwrite: bool| {
        bed.emulator.inject(on(&bed, Action::Hold));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                wait_until_held(&bed.emulator, 1);
                fs::write(destination(&bed), "mine").unwrap();
                bed.emulator.clear_faults();
            });
            download(&client, "/a", &destination(&bed), json!({ "overwrite": overwrite }))
        })
    };
    let answer = fetch(false);
    expect(&answer, -1);
    assert_eq!(answer["error"]["argument"], "local_path");
    assert_only_file(&bed, b"mine");
    fs::remove_file(destination(&bed)).unwrap();
    expect(&fetch(true), 0);
    assert_only_file(&bed, &bytes);
}

fn a_piece_that_breaks_is_continued_where_it_broke(api: Api) {
    for (action, resumes_exactly) in [
        (Action::Cut { after: 3 << 20, of: Part::Body, end: End::Close }, true),
        (Action::Cut { after: 3 << 20, of: Part::Body, end: End::Reset }, false),
    ] {
        let (bed, client, bytes) = bed_with(api, PIECE + 1000);
        bed.emulator.inject(on(&bed, action).offset(0));
        let answer = download(&client, "/a", &destination(&bed), json!({"concurrency": 1}));
        expect(&answer, 0);
        assert_only_file(&bed, &bytes);
        let travelled = bed.ranges();
        assert_eq!(travelled.len(), 3, "{travelled:?}");
        if resumes_exactly {
            assert_eq!(travelled[1], range(3 * MIB, PIECE));
        }
        assert_eq!(travelled[2], range(PIECE, PIECE + 1000));
    }
}

fn truncated_bodies_are_retried_and_then_reported(api: Api) {
    let (bed, client, bytes) = bed_with(api, 1000);
    let cut = || on(&bed, Action::Cut { after: 100, of: Part::Body, end: End::Close });
    fs::write(destination(&bed), "old").unwrap();
    bed.emulator.inject(cut().forever());
    let answer = download(&client, "/a", &destination(&bed), json!({"retries": 2}));
    expect(&answer, -3);
    assert_eq!(answer["error"]["attempts"], 3);
    assert_eq!(answer["error"]["retryable"], true);
    assert_eq!(bed.ranges(), [range(0, PIECE), range(100, 1000), range(200, 1000)]);
    assert_eq!(names_in(&bed.path("down")), [".file.cos-partial", "file"]);
    assert_same(&fs::read(destination(&bed)).unwrap(), b"old");
    let (answer, data) = download_bytes(&client, "/a", json!({"retries": 0}));
    expect(&answer, -3);
    assert_eq!(data, b"");

    bed.emulator.clear_faults();
    bed.emulator.inject(cut().times(3));
    expect(&download(&client, "/a", &destination(&bed), json!({})), 0);
    assert_only_file(&bed, &bytes);
}

/// Breaks a download of three pieces after the first `complete` ones.
fn broken_download(bed: &Bed, client: &Client, complete: usize, more: Value) {
    bed.emulator.inject(on(bed, html(403)).offset((complete * PIECE) as u64));
    let mut options = json!({"concurrency": 1});
    for (key, value) in more.as_object().unwrap() {
        options[key] = value.clone();
    }
    let answer = download(client, "/a", &destination(bed), options);
    expect(&answer, -2);
    assert_eq!(answer["error"]["http_status"], 403);
    assert!(!destination(bed).exists());
    bed.emulator.clear_requests();
}

fn a_later_call_fetches_only_what_is_missing(api: Api) {
    let (bed, client, bytes) = bed_with(api, 2 * PIECE + 1000);
    broken_download(&bed, &client, 2, json!({}));
    assert_eq!(names_in(&bed.path("down")), [".file.cos-partial"]);
    let answer = download(&client, "/a", &destination(&bed), json!({}));
    expect(&answer, 0);
    assert_eq!(answer["transfer"]["resumed_bytes"], 2 * PIECE);
    assert_eq!(bed.ranges(), [range(2 * PIECE, 2 * PIECE + 1000)]);
    assert_only_file(&bed, &bytes);
}

fn without_resume_nothing_is_kept_and_nothing_is_continued(api: Api) {
    let (bed, client, bytes) = bed_with(api, PIECE + 1000);
    broken_download(&bed, &client, 1, json!({"resume": false}));
    assert_eq!(names_in(&bed.path("down")), [""; 0]);
    broken_download(&bed, &client, 1, json!({}));
    let answer = download(&client, "/a", &destination(&bed), json!({"resume": false}));
    expect(&answer, 0);
    assert_eq!(answer["transfer"]["resumed_bytes"], 0);
    assert_eq!(bed.ranges(), [range(0, PIECE), range(PIECE, PIECE + 1000)]);
    assert_only_file(&bed, &bytes);
}

fn what_has_come_of_a_piece_is_kept(api: Api) {
    for options in [json!({}), json!({"verify_sha1": false})] {
        let (bed, client, bytes) = bed_with(api, 3 * MIB);
        let mut once = options.clone();
        once["retries"] = json!(0);
        let cut = Action::Cut { after: 2 * MIB as u64, of: Part::Body, end: End::Close };
        bed.emulator.inject(on(&bed, cut));
        expect(&download(&client, "/a", &destination(&bed), once.clone()), -3);
        bed.emulator.clear_requests();
        // A call that gets nothing loses nothing.
        bed.emulator.inject(on(&bed, html(403)));
        expect(&download(&client, "/a", &destination(&bed), once), -2);
        let answer = download(&client, "/a", &destination(&bed), options);
        expect(&answer, 0);
        assert_eq!(answer["transfer"]["resumed_bytes"], 2 * MIB);
        let rest = range(2 * MIB, 3 * MIB);
        assert_eq!(bed.ranges(), [rest.clone(), rest]);
        assert_only_file(&bed, &bytes);
    }
}

fn a_call_that_got_nothing_leaves_nothing(api: Api) {
    let (bed, client, _) = bed_with(api, 1000);
    bed.emulator.inject(on(&bed, html(403)));
    expect(&download(&client, "/a", &destination(&bed), json!({})), -2);
    assert_eq!(names_in(&bed.path("down")), [""; 0]);
}

fn a_download_of_an_object_that_changed_starts_anew(api: Api) {
    for options in [json!({}), json!({"verify_sha1": false}), json!({"range_end": 2 * PIECE})] {
        let (bed, client, bytes) = bed_with(api, 2 * PIECE + 1000);
        broken_download(&bed, &client, 1, options.clone());
        let new: Vec<u8> = bytes.iter().map(|byte| !byte).collect();
        let replace = json!({"insert_only": false, "verify_sha1": false});
        expect(&upload_bytes(&client, "/a", &new, replace), 0);
        bed.emulator.clear_requests();
        let answer = download(&client, "/a", &destination(&bed), options.clone());
        expect(&answer, 0);
        assert_eq!(answer["transfer"]["resumed_bytes"], 0, "{options}");
        let len = answer["transfer"]["bytes"].as_u64().unwrap() as usize;
        assert_eq!(bed.ranges().len(), len.div_ceil(PIECE));
        assert_only_file(&bed, &new[..len]);
    }
}

fn an_object_that_changes_on_the_way_is_fetched_anew(api: Api) {
    for options in [json!({}), json!({"verify_sha1": false}), json!({"range_start": 1})] {
        let (bed, client, bytes) = bed_with(api, PIECE + 1000);
        fs::write(destination(&bed), "old").unwrap();
        let new: Vec<u8> = bytes.iter().map(|byte| !byte).collect();
        let (is_replaced, last) = (Cell::new(false), Cell::new(0));
        let replace = |done, _| {
            if done > 0 && !is_replaced.replace(true) {
                let options = json!({"insert_only": false, "verify_sha1": false});
                expect(&upload_bytes(&client, "/a", &new, options), 0);
            }
            assert!(done >= last.replace(done), "progress goes back");
            true
        };
        // The second piece comes after the change.
        let second = Action::Drop { after: 0, end: End::Hang };
        let start = options["range_start"].as_u64().unwrap_or(0);
        bed.emulator.inject(on(&bed, second).offset(PIECE as u64 + start));
        let mut options = options.clone();
        options["concurrency"] = json!(1);
        options["timeout_ms"] = json!(1500);
        let watch = Watch { transfer: None, on_progress: Some(Box::new(replace)) };
        let answer = download_watched(&client, "/a", &destination(&bed), options, watch);
        expect(&answer, 0);
        assert_only_file(&bed, &new[start as usize..]);
        assert_eq!(last.get(), new.len() as u64 - start);
    }
}

/// What a callback has got can't be taken back.
fn a_stream_of_an_object_that_changes_is_never_a_success(api: Api) {
    let (bed, client, bytes) = bed_with(api, PIECE + 1000);
    let new: Vec<u8> = bytes.iter().map(|byte| !byte).collect();
    let mut streamed = Vec::new();
    let on_data = &mut |data: &[u8]| {
        if streamed.is_empty() {
            let options = json!({"insert_only": false, "verify_sha1": false});
            expect(&upload_bytes(&client, "/a", &new, options), 0);
        }
        streamed.extend_from_slice(data);
        true
    };
    bed.emulator.inject(on(&bed, Action::Drop { after: 0, end: End::Hang }).offset(PIECE as u64));
    let options = json!({"timeout_ms": 1500});
    expect(&download_streamed(&client, "/a", options, Watch::default(), on_data), 3);
    assert_same(&streamed[..PIECE], &bytes[..PIECE]);
}

fn where_ranges_are_left_out_the_file_comes_whole(api: Api) {
    let (bed, client, bytes) = bed_with(api, 2 * PIECE + 1000);
    let (port, asked) = server_without_ranges(&bytes);
    let hosts = |options: Value| {
        let mut options = options;
        options["download_hostname"] = json!(format!("localhost:{port}"));
        bed.client_with(options)
    };
    let client_there = hosts(json!({}));
    for (options, wanted) in [
        (json!({}), 0..bytes.len()),
        (json!({"range_start": PIECE - 5, "range_end": 2 * PIECE + 4}), PIECE - 5..2 * PIECE + 5),
        (json!({"range_start": 7, "range_end": 9}), 7..10),
    ] {
        // What has no time and no sum to compare could be another version: then it is asked for again.
        let has_sum = wanted.len() == bytes.len();
        let assert_asked = || {
            assert_eq!(asked.swap(0, Ordering::Relaxed), if has_sum { 1 } else { 2 });
        };
        let wanted = &bytes[wanted];
        let done = Cell::new(0);
        let watch = Watch {
            transfer: None,
            on_progress: Some(Box::new(|now, total| {
                assert!(done.replace(now) <= now && now <= total);
                true
            })),
        };
        let local = destination(&bed);
        expect(&download_watched(&client_there, "/a", &local, options.clone(), watch), 0);
        assert_eq!(done.get(), wanted.len() as u64);
        assert_only_file(&bed, wanted);
        assert_asked();
        let (answer, data) = download_bytes(&client_there, "/a", options.clone());
        expect(&answer, 0);
        assert_same(&data, wanted);
        assert_asked();
        let mut streamed = Vec::new();
        let on_data = &mut |data: &[u8]| {
            streamed.extend_from_slice(data);
            true
        };
        expect(&download_streamed(&client_there, "/a", options, Watch::default(), on_data), 0);
        assert_same(&streamed, wanted);
        assert_asked();
    }
    drop(client);
}

fn damaged_bytes_leave_nothing(api: Api) {
    let (bed, client, bytes) = bed_with(api, PIECE + 1000);
    fs::write(destination(&bed), "old").unwrap();
    for offset in [0, PIECE] {
        bed.emulator.inject(on(&bed, Action::Corrupt { at: 999 }).offset(offset as u64));
        let answer = download(&client, "/a", &destination(&bed), json!({}));
        expect(&answer, 3);
        assert_eq!(answer["error"]["origin"], "library");
        assert_only_file(&bed, b"old");
    }
    bed.emulator.inject(on(&bed, Action::Corrupt { at: 999 }).offset(0));
    let (answer, data) = download_bytes(&client, "/a", json!({}));
    expect(&answer, 3);
    assert_eq!(data, b"");
    bed.emulator.inject(on(&bed, Action::Corrupt { at: 999 }).offset(0));
    let stream =
        |options| download_streamed(&client, "/a", options, Watch::default(), &mut |_: &[u8]| true);
    expect(&stream(json!({})), 3);
    bed.emulator.inject(on(&bed, Action::Corrupt { at: 999 }).offset(0));
    expect(&stream(json!({"verify_sha1": false})), 0);
    expect(&download(&client, "/a", &destination(&bed), json!({})), 0);
    assert_only_file(&bed, &bytes);
}

fn wrong_lengths_and_ranges_are_noticed(api: Api) {
    let (bed, client, _) = bed_with(api, 1000);
    fs::write(destination(&bed), "old").unwrap();
    for delta in [-5, 5] {
        bed.emulator.inject(on(&bed, Action::WrongLength { delta }));
        expect(&download(&client, "/a", &destination(&bed), json!({})), 3);
        assert_only_file(&bed, b"old");
    }
    let reply = |status, range: Option<&str>| Action::Reply {
        status,
        content_type: "application/octet-stream".into(),
        body: "x".repeat(10),
        size: None,
        headers: range.map(|range| ("Content-Range".into(), range.into())).into_iter().collect(),
        execute: false,
    };
    let options = json!({"range_start": 20, "range_end": 29});
    let other = ["bytes 21-30/1000", "bytes 20-29/999", "bytes 20-28/1000", "nonsense", ""];
    let download_of = |answer: Fault, options: &Value, code: i64| {
        // What could be another version is asked for once more.
        bed.emulator.inject(answer.forever());
        let answer = download(&client, "/a", &destination(&bed), options.clone());
        expect(&answer, code);
        bed.emulator.clear_faults();
    };
    for content_range in other.map(Some).into_iter().chain([None]) {
        download_of(on(&bed, reply(206, content_range)), &options, 3);
        assert_only_file(&bed, b"old");
    }
    let mut several = on(&bed, reply(206, None));
    if let Action::Reply { content_type, .. } = &mut several.action {
        *content_type = "multipart/byteranges; boundary=x".into();
    }
    download_of(several, &options, 3);
    // Neither the part nor the whole.
    download_of(on(&bed, reply(200, None)), &options, -2);
    assert_only_file(&bed, b"old");
    // How large the whole is need not be known.
    download_of(on(&bed, reply(206, Some("bytes 20-29/*"))), &options, 0);
    assert_only_file(&bed, b"xxxxxxxxxx");
    // An end that lies behind that of the object stands for it.
    let value = Some(format!("bytes 0-{}/1000", PIECE - 1));
    let name = "Content-Range".to_owned();
    download_of(on(&bed, Action::Header { name, value }), &json!({}), 0);
    assert_only_file(&bed, &content(1000));
}

fn refusals_of_the_download_host_tell_their_status(api: Api) {
    let (bed, client, _) = bed_with(api, 1000);
    fs::write(destination(&bed), "old").unwrap();
    // That there is no such part is not believed at first: the object may have been replaced.
    for (status, sent, attempts) in [(403, 1, 1), (404, 1, 1), (416, 2, 1), (503, 3, 3)] {
        bed.emulator.clear_requests();
        bed.emulator.inject(on(&bed, html(status)).times(sent));
        let options = json!({"retries": attempts - 1});
        let answer = download(&client, "/a", &destination(&bed), options.clone());
        expect(&answer, -2);
        assert_eq!(answer["error"]["http_status"], status);
        assert_eq!(answer["error"]["attempts"], attempts);
        assert_eq!(bed.logged(Op::Download).len() as u64, sent);
        assert_only_file(&bed, b"old");
        let on_data = &mut |_: &[u8]| panic!("an error page is no data");
        bed.emulator.inject(on(&bed, html(status)).times(sent));
        let answer = download_streamed(&client, "/a", options, Watch::default(), on_data);
        expect(&answer, -2);
    }
    let answer = download(&client, "/missing", &destination(&bed), json!({}));
    expect(&answer, -197);
    assert_eq!(answer["error"]["origin"], "server");
    assert_only_file(&bed, b"old");
}

fn two_calls_to_one_destination_do_not_meet(api: Api) {
    let (bed, client, bytes) = bed_with(api, PIECE + 1000);
    bed.emulator.settings(|settings| settings.latency_ms = 50);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| expect(&download(&client, "/a", &destination(&bed), json!({})), 0));
        }
    });
    assert_only_file(&bed, &bytes);
    assert_eq!(bed.logged(Op::Download).len(), 6);
}

fn a_call_that_could_not_have_the_partial_file_leaves_none(api: Api) {
    let (bed, client, bytes) = bed_with(api, PIECE + 1000);
    bed.emulator.inject(on(&bed, Action::Hold).offset(PIECE as u64));
    std::thread::scope(|scope| {
        scope.spawn(|| expect(&download(&client, "/a", &destination(&bed), json!({})), 0));
        wait_until_held(&bed.emulator, 1);
        bed.emulator.inject(on(&bed, html(403)).offset(PIECE as u64));
        expect(&download(&client, "/a", &destination(&bed), json!({"concurrency": 1})), -2);
        assert_eq!(names_in(&bed.path("down")), [".file.cos-partial"]);
        bed.emulator.clear_faults();
    });
    assert_only_file(&bed, &bytes);
}

fn streams_and_buffers_get_the_same_bytes_in_order(api: Api) {
    let (bed, client, bytes) = bed_with(api, PIECE + 1000);
    bed.emulator.inject(on(&bed, Action::Cut { after: 1 << 20, of: Part::Body, end: End::Close }));
    let mut streamed = Vec::new();
    let caller = std::thread::current().id();
    let on_data = &mut |data: &[u8]| {
        assert_eq!(std::thread::current().id(), caller);
        assert!(!data.is_empty());
        streamed.extend_from_slice(data);
        true
    };
    let answer = download_streamed(&client, "/a", json!({}), Watch::default(), on_data);
    expect(&answer, 0);
    assert_same(&streamed, &bytes);
    let (answer, data) = download_bytes(&client, "/a", json!({}));
    expect(&answer, 0);
    assert_same(&data, &bytes);
}

fn a_stream_ends_when_its_callback_says_so(api: Api) {
    let (bed, client, bytes) = bed_with(api, 2 * PIECE);
    let mut streamed = Vec::new();
    let on_data = &mut |data: &[u8]| {
        assert!(streamed.len() < MIB, "called again after it had said no");
        streamed.extend_from_slice(data);
        streamed.len() < MIB
    };
    let started = Instant::now();
    let answer = download_streamed(&client, "/a", json!({}), Watch::default(), on_data);
    expect(&answer, 1);
    assert!(millis(started) < within(5000));
    assert_same(&streamed, &bytes[..streamed.len()]);
    assert_eq!(bed.ranges(), [range(0, PIECE)]);
}

/// A download host that answers every request with all of `content`, and counts them.
fn server_without_ranges(content: &[u8]) -> (u16, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", content.len());
    let answer = [head.as_bytes(), content].concat();
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        std::thread::scope(|scope| {
            for tcp in listener.incoming() {
                let (mut tcp, answer, count) = (tcp.unwrap(), &answer, &count);
                scope.spawn(move || {
                    while let Some(()) = read_head(&mut tcp) {
                        count.fetch_add(1, Ordering::Relaxed);
                        if tcp.write_all(answer).is_err() {
                            break;
                        }
                    }
                });
            }
        });
    });
    (port, asked)
}

/// Reads up to the end of a request without content; `None` at the end of the connection.
fn read_head(tcp: &mut std::net::TcpStream) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        match tcp.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return None,
        }
    }
    Some(())
}

/// A server that knows an object of 10 bytes and gives this answer to whoever downloads it.
fn odd_server(api: Api, answer: &'static str) -> u16 {
    let (asks, stat) = match api {
        Api::V4 => {
            let stat = r#"{"code":0,"message":"SUCCESS","data":{"filesize":10,"mtime":1}}"#;
            ("GET /files/v2/", format!("Content-Length: {}\r\n\r\n{stat}", stat.len()))
        }
        Api::V5 => ("HEAD ", "x-cos-request-id: 1\r\nContent-Length: 10\r\n\r\n".to_owned()),
    };
    let stat = format!("HTTP/1.1 200 OK\r\n{stat}");
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for tcp in listener.incoming() {
            let (mut tcp, mut head) = (tcp.unwrap(), Vec::new());
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                match tcp.read(&mut byte) {
                    Ok(1) => head.push(byte[0]),
                    _ => break,
                }
            }
            let is_stat = head.starts_with(asks.as_bytes());
            let _ = tcp.write_all(if is_stat { stat.as_bytes() } else { answer.as_bytes() });
        }
    });
    port
}

fn answers_that_do_not_state_their_length(api: Api) {
    let bed = Bed::new(api);
    for (answer, code) in [
        ("Transfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n", 0),
        // It breaks when there is nothing left to come.
        ("Transfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n", 0),
        ("Connection: close\r\n\r\n0123456789", 0),
        ("Connection: close\r\n\r\n01234567", 3),
        ("Connection: close\r\n\r\n0123456789x", 3),
    ] {
        let answer = Box::leak(format!("HTTP/1.1 200 OK\r\n{answer}").into_boxed_str());
        let port = odd_server(api, answer);
        let hosts = json!({
            "hostname": format!("localhost:{port}"),
            "download_hostname": format!("localhost:{port}"),
        });
        let (found, data) = download_bytes(&bed.client_with(hosts), "/a", json!({}));
        assert_eq!(found["code"], code, "{answer:?}: {found:#}");
        assert_eq!(data, if code == 0 { b"0123456789".as_slice() } else { b"" });
    }
}

fn what_was_compared_is_told(api: Api) {
    let (bed, client, bytes) = bed_with(api, 1000);
    let told = |options: Value| {
        let answer = download(&client, "/a", &destination(&bed), options);
        expect(&answer, 0);
        let transfer = &answer["transfer"];
        let has_sum = transfer["sha1"].is_string() || transfer["crc64"].is_string();
        assert_eq!(transfer["verified"], has_sum, "{answer}");
        transfer["verified"].clone()
    };
    assert_eq!(told(json!({"verify_sha1": false})), false);
    assert_eq!(told(json!({"range_start": 1})), false);
    expect(&upload_bytes(&client, "/a", &bytes, json!({"insert_only": false})), 0);
    assert_eq!(told(json!({})), true);
    let (answer, _) = download_bytes(&client, "/a", json!({}));
    assert_eq!(answer["transfer"]["verified"], true);
    let mut ignored = |_: &[u8]| true;
    let answer = download_streamed(&client, "/a", json!({}), Watch::default(), &mut ignored);
    assert_eq!(answer["transfer"]["verified"], true);
    // An object may have no sum.
    bed.emulator.settings(|settings| settings.object_crc = false);
    assert_eq!(told(json!({})), api == Api::V4);
}

for_each_api! {
    what_was_compared_is_told,
    large_objects_travel_in_parallel_over_connections_that_are_kept,
    small_and_empty_objects_travel_whole,
    what_a_list_has_shown_is_compared_and_not_asked_again,
    no_round_trip_is_too_many,
    others_begin_while_the_first_piece_comes,
    private_downloads_are_signed,
    parts_of_objects,
    a_range_over_several_pieces,
    destinations_that_can_not_be_written_are_refused_before_anything_is_sent,
    a_file_that_appears_during_the_download_is_not_replaced_against_overwrite,
    a_piece_that_breaks_is_continued_where_it_broke,
    truncated_bodies_are_retried_and_then_reported,
    a_later_call_fetches_only_what_is_missing,
    without_resume_nothing_is_kept_and_nothing_is_continued,
    what_has_come_of_a_piece_is_kept,
    a_call_that_got_nothing_leaves_nothing,
    a_download_of_an_object_that_changed_starts_anew,
    an_object_that_changes_on_the_way_is_fetched_anew,
    a_stream_of_an_object_that_changes_is_never_a_success,
    where_ranges_are_left_out_the_file_comes_whole,
    damaged_bytes_leave_nothing,
    wrong_lengths_and_ranges_are_noticed,
    refusals_of_the_download_host_tell_their_status,
    two_calls_to_one_destination_do_not_meet,
    a_call_that_could_not_have_the_partial_file_leaves_none,
    streams_and_buffers_get_the_same_bytes_in_order,
    a_stream_ends_when_its_callback_says_so,
    answers_that_do_not_state_their_length,
}

#[cfg(unix)]
mod unix {
    use std::fs::Permissions;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    for_each_api! { permissions_and_links_of_the_destination_stay }

    fn permissions_and_links_of_the_destination_stay(api: Api) {
        let (bed, client, bytes) = bed_with(api, 1000);
        let target = bed.path("target");
        fs::write(&target, "old").unwrap();
        fs::set_permissions(&target, Permissions::from_mode(0o604)).unwrap();
        symlink(&target, destination(&bed)).unwrap();
        expect(&download(&client, "/a", &destination(&bed), json!({})), 0);
        assert!(fs::symlink_metadata(destination(&bed)).unwrap().is_symlink());
        assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o604);
        assert_same(&fs::read(&target).unwrap(), &bytes);
        assert_only_file(&bed, &bytes);
    }
}
