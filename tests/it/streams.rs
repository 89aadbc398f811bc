//! Uploads of what a callback gives: what travels, how much is kept, and what is left when it ends
//! early.

use std::cell::Cell;
use std::rc::Rc;

use cos::client::Client;
use cos::ops::upload;
use cos::threads::Watch;
use cos::transfer::Transfer;
use cos_emulator::Action;
use serde_json::{Value, json};

use support::for_each_api;
use support::transfers::*;
use support::{Api, Bed, Op, content};

/// Gives `bytes` in pieces of odd sizes.
fn giving(bytes: &[u8]) -> impl FnMut(&mut [u8]) -> i64 {
    let mut left = bytes;
    move |buf| {
        let n = buf.len().min(left.len()).min(77_777);
        buf[..n].copy_from_slice(&left[..n]);
        left = &left[n..];
        n as i64
    }
}

fn stream(
    client: &Client,
    size: i64,
    options: Value,
    watch: Watch,
    on_read: &mut dyn FnMut(&mut [u8]) -> i64,
) -> Value {
    let options = options.to_string();
    reply(upload::stream(client, PUBLIC, "/a", size, Some(&options), watch, on_read))
}

/// Small slices, few at a time.
fn sliced() -> Value {
    json!({"slice_size": SLICE, "slice_threshold": SLICE, "concurrency": 2})
}

fn assert_nothing_left(bed: &Bed) {
    assert_absent(&bed.emulator, "/a");
    // Nothing is left that a new upload would have to go around.
    let (client, bytes) = (bed.client(), content(10));
    expect(&upload_bytes(&client, "/a", &bytes, json!({"resume": false})), 0);
}

fn streams_of_any_size_arrive(api: Api) {
    let bed = Bed::new(api);
    let (client, slice) = (bed.client(), SLICE);
    for size in [0, 1, slice - 1, slice, slice + 1, 2 * slice, 5 * slice, 5 * slice + 7] {
        let bytes = content(size);
        let mut options = sliced();
        options["insert_only"] = json!(false);
        bed.emulator.clear_requests();
        let on_read = &mut giving(&bytes);
        let answer = stream(&client, size as i64, options, Watch::default(), on_read);
        expect(&answer, 0);
        assert_stored(&bed.emulator, "/a", &bytes);
        assert_eq!(answer["transfer"]["bytes"], size);
        let is_whole = size <= slice;
        assert_eq!(bed.logged(Op::Upload).len(), usize::from(is_whole), "{size}");
        let slices = if is_whole { 0 } else { size.div_ceil(slice) };
        assert_eq!(bed.logged(Op::Slice).len(), slices, "{size}");
        assert_eq!(answer["transfer"]["slices"], slices);
    }
}

fn no_more_is_read_than_is_sent(api: Api) {
    let bed = Bed::new(api);
    let (client, slice) = (bed.client(), SLICE);
    let bytes = content(12 * slice);
    bed.emulator.inject(api.fault(Op::Slice, Action::Delay { ms: 3_000 }).times(2));
    let read = Cell::new(0);
    let mut give = giving(&bytes);
    let most_unsent = Cell::new(0);
    let mut on_read = |buf: &mut [u8]| {
        let finished = |slice: &cos_emulator::Record| slice.finished_ms.is_some();
        let sent = bed.logged(Op::Slice).into_iter().filter(finished).count() * slice;
        let n = give(buf);
        read.set(read.get() + n as usize);
        most_unsent.set(most_unsent.get().max(read.get().saturating_sub(sent)));
        n
    };
    let size = bytes.len() as i64;
    expect(&stream(&client, size, sliced(), Watch::default(), &mut on_read), 0);
    assert_stored(&bed.emulator, "/a", &bytes);
    // Two under way and one that is read; the log may be a moment behind.
    assert!(most_unsent.get() <= 5 * slice, "{}", most_unsent.get());
}

fn what_fails_is_repeated_from_memory(api: Api) {
    let bed = Bed::new(api);
    let (client, slice) = (bed.client(), SLICE);
    let bytes = content(4 * slice + 3);
    bed.emulator.inject(api.slice_fault(dropped(), 0).times(1));
    bed.emulator.inject(api.slice_fault(lost(), 2).times(1));
    bed.emulator.inject(api.fault(Op::Finish, lost()).times(1));
    let on_read = &mut giving(&bytes);
    let answer = stream(&client, bytes.len() as i64, sliced(), Watch::default(), on_read);
    expect(&answer, 0);
    assert_stored(&bed.emulator, "/a", &bytes);
}

fn a_stream_that_is_stopped_leaves_nothing(api: Api) {
    for (parts, why) in [(0, "at once"), (1, "early"), (3, "midway")] {
        let bed = Bed::new(api);
        let (client, slice) = (bed.client(), SLICE);
        let bytes = content(parts * slice + 10);
        let mut give = giving(&bytes);
        let mut on_read = |buf: &mut [u8]| match give(buf) {
            0 => -1,
            n => n,
        };
        let size = 10 * slice as i64;
        let answer = stream(&client, size, sliced(), Watch::default(), &mut on_read);
        assert_eq!(answer["code"], 1, "{why}: {answer}");
        assert_nothing_left(&bed);

        // The same where the callback says that there is no more.
        let mut options = sliced();
        options["insert_only"] = json!(false);
        let answer = stream(&client, size, options, Watch::default(), &mut giving(&bytes));
        assert_eq!(answer["code"], 2, "{why}: {answer}");
    }
}

fn progress_reaches_its_end_and_can_stop_it(api: Api) {
    let bed = Bed::new(api);
    let (client, slice) = (bed.client(), SLICE);
    let bytes = content(4 * slice);
    let size = bytes.len() as i64;
    let told: Rc<Cell<(u64, u64)>> = Rc::default();
    let heard = Rc::clone(&told);
    let transfer = Transfer::default();
    let on_progress: Box<dyn FnMut(u64, u64) -> bool> = Box::new(move |done, total| {
        assert!(done >= heard.get().0);
        heard.set((done, total));
        true
    });
    let watch = Watch { transfer: Some(&transfer), on_progress: Some(on_progress) };
    expect(&stream(&client, size, sliced(), watch, &mut giving(&bytes)), 0);
    assert_eq!(told.get(), (size as u64, size as u64));

    bed.emulator.clear_requests();
    let on_progress: Box<dyn FnMut(u64, u64) -> bool> = Box::new(|done, _| done == 0);
    let watch = Watch { transfer: None, on_progress: Some(on_progress) };
    let mut options = sliced();
    options["insert_only"] = json!(false);
    let answer = stream(&client, size, options, watch, &mut giving(&content(4 * slice)));
    expect(&answer, 1);
    assert_stored(&bed.emulator, "/a", &bytes);
}

fn what_a_callback_may_not_return_is_refused(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    let answer = stream(&client, 10, json!({}), Watch::default(), &mut |buf| buf.len() as i64 + 1);
    expect(&answer, -1);
    assert_eq!(answer["error"]["argument"], "read");
    let answer = stream(&client, -2, json!({}), Watch::default(), &mut |_| 0);
    assert_eq!(answer["error"]["argument"], "size");
    assert_eq!(bed.emulator.requests().len(), 0);
}

fn a_file_that_is_there_stays(api: Api) {
    let bed = Bed::new(api);
    let (client, slice) = (bed.client(), SLICE);
    expect(&upload_bytes(&client, "/a", b"first", json!({})), 0);
    for size in [10, 3 * slice] {
        let bytes = content(size);
        let on_read = &mut giving(&bytes);
        let answer = stream(&client, size as i64, sliced(), Watch::default(), on_read);
        expect(&answer, -177);
        assert_stored(&bed.emulator, "/a", b"first");
    }
}

for_each_api!(
    streams_of_any_size_arrive,
    no_more_is_read_than_is_sent,
    what_fails_is_repeated_from_memory,
    a_stream_that_is_stopped_leaves_nothing,
    progress_reaches_its_end_and_can_stop_it,
    what_a_callback_may_not_return_is_refused,
    a_file_that_is_there_stays,
);

#[test]
fn the_xml_api_need_not_know_the_size() {
    let bed = Bed::new(Api::V5);
    let (client, slice) = (bed.client(), SLICE);
    for size in [0, 5, slice, 2 * slice, 3 * slice + 5] {
        let (bytes, mut options) = (content(size), sliced());
        options["insert_only"] = json!(false);
        let answer = stream(&client, -1, options, Watch::default(), &mut giving(&bytes));
        expect(&answer, 0);
        assert_stored(&bed.emulator, "/a", &bytes);
        assert_eq!(answer["transfer"]["crc64"], answer["data"]["crc64"]);
    }
    let client = Bed::new(Api::V4).client();
    let answer = stream(&client, -1, json!({}), Watch::default(), &mut |_| 0);
    assert_eq!(answer["error"]["argument"], "size");
}

#[test]
fn a_damaged_stream_is_not_kept() {
    for slices in [1, 3] {
        let bed = Bed::new(Api::V5);
        let (client, bytes) = (bed.client(), content(slices * MIB));
        for op in [Op::Upload, Op::Slice] {
            let name = "x-cos-hash-crc64ecma".to_owned();
            let wrong = Action::Header { name, value: Some("1".into()) };
            bed.emulator.inject(Api::V5.fault(op, wrong).forever());
        }
        let on_read = &mut giving(&bytes);
        let mut options = sliced();
        options["retries"] = json!(1);
        let answer = stream(&client, bytes.len() as i64, options, Watch::default(), on_read);
        expect(&answer, 3);
        bed.emulator.clear_faults();
        assert_nothing_left(&bed);
    }
}

#[test]
fn the_slice_size_the_server_grants_is_used_within_limits() {
    let bytes = content(5 * MIB + 7);
    for (granted, asked, concurrency, code) in [
        (100_000, MIB, 1, 0),
        (100_000, MIB, 4, 0),
        (3 * MIB - 5, MIB, 2, 0),
        (20 * MIB, 2 * MIB, 2, 0),
        (5 * MIB, MIB, 2, -2),
    ] {
        let bed = Bed::new(Api::V4);
        bed.emulator.settings(|settings| settings.slice_size = Some(granted as u64));
        let options =
            json!({"slice_size": asked, "slice_threshold": 0, "concurrency": concurrency});
        let (client, size) = (bed.client(), bytes.len() as i64);
        let answer = stream(&client, size, options, Watch::default(), &mut giving(&bytes));
        expect(&answer, code);
        if code == 0 {
            assert_stored(&bed.emulator, "/a", &bytes);
        } else {
            assert!(answer["message"].as_str().unwrap().contains("slice_size is"), "{answer}");
            assert_nothing_left(&bed);
        }
    }
}

#[test]
fn a_stream_of_any_size_goes_in_slices_where_that_is_asked_for() {
    let bed = Bed::new(Api::V5);
    let client = bed.client();
    for (size, threshold, slices) in [(0, 0, 0), (5, 0, 1), (5, 4, 1), (5, 5, 0), (MIB + 5, 0, 2)] {
        for known in [true, false] {
            let options = json!({
                "slice_size": MIB, "slice_threshold": threshold, "insert_only": false,
            });
            let bytes = content(size);
            let announced = if known { size as i64 } else { -1 };
            let on_read = &mut giving(&bytes);
            let answer = stream(&client, announced, options, Watch::default(), on_read);
            expect(&answer, 0);
            assert_eq!(answer["transfer"]["slices"], slices, "{size} {threshold} {known}");
            assert_stored(&bed.emulator, "/a", &bytes);
        }
    }
}
