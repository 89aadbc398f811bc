//! Following transfers and stopping them: what the caller is told, and how soon a call ends.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use cos::client::Client;
use cos::ops::{file, folder, list};
use cos::reply::{Reply, Result};
use cos::threads::Watch;
use cos::transfer::Transfer;
use cos_emulator::{Action, Fault};
use serde_json::{Value, json};
use socket2::{Domain, Socket, Type};

use support::for_each_api;
use support::platform::within;
use support::transfers::*;
use support::{Api, Bed, Op, content, numbers};

/// A kind of transfer, with the options that make it so.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Simple,
    Sliced,
    File,
    Buffer,
    Stream,
}

const ALL: [Kind; 5] = [Kind::Simple, Kind::Sliced, Kind::File, Kind::Buffer, Kind::Stream];

/// A bed with a file to upload and the same content to download from `/a`.
fn bed_with(api: Api, size: usize) -> Bed {
    let bed = Bed::new(api);
    bed.emulator.settings(|settings| settings.instant_upload = false);
    let options = json!({"slice_threshold": 20 * MIB});
    expect(&upload_bytes(&bed.client(), "/a", &content(size), options), 0);
    bed.file("file", size);
    fs::create_dir(bed.path("down")).unwrap();
    bed.emulator.clear_requests();
    bed
}

/// Does a transfer of this kind; uploads go to `/new`.
fn transfer(kind: Kind, bed: &Bed, client: &Client, more: Value, watch: Watch) -> Value {
    let mut options = match kind {
        Kind::Simple => json!({"slice_threshold": 20 * MIB}),
        Kind::Sliced => json!({"slice_threshold": 0, "slice_size": SLICE}),
        _ => json!({}),
    };
    for (key, value) in more.as_object().unwrap() {
        options[key] = value.clone();
    }
    let local = bed.path("down").join("file");
    match kind {
        Kind::Simple | Kind::Sliced => {
            upload_watched(client, "/new", &bed.path("file"), options, watch)
        }
        Kind::File => download_watched(client, "/a", &local, options, watch),
        Kind::Buffer => {
            let options = options.to_string();
            let got = cos::ops::download::buffer(client, PUBLIC, "/a", Some(&options), watch);
            reply(got.map(|(answer, _)| answer))
        }
        Kind::Stream => download_streamed(client, "/a", options, watch, &mut |_: &[u8]| true),
    }
}

fn progress_is_told_from_the_start_to_the_end_on_the_calling_thread(api: Api) {
    let size = 9 * MIB;
    for kind in ALL {
        let bed = bed_with(api, size);
        let caller = thread::current().id();
        let mut told = Vec::new();
        let on_progress = |done, total| {
            assert_eq!(thread::current().id(), caller);
            told.push((done as usize, total as usize));
            true
        };
        let handle = Transfer::default();
        let on_progress: cos::threads::OnProgress = Box::new(on_progress);
        let watch = Watch { transfer: Some(&handle), on_progress: Some(on_progress) };
        expect(&transfer(kind, &bed, &bed.client(), json!({}), watch), 0);
        // As long as the size is not known.
        told.retain(|step| *step != (0, 0));
        assert_eq!(told[0], (0, size), "{kind:?}");
        assert_eq!(told[told.len() - 1], (size, size), "{kind:?}");
        assert!(told.iter().all(|(_, total)| *total == size), "{kind:?}: {told:?}");
        assert!(told.is_sorted(), "{kind:?}: {told:?}");
        let steps = told.windows(2).map(|pair| pair[1].0 - pair[0].0);
        assert!(steps.max() <= Some(MIB), "{kind:?}: {told:?}");
        assert_eq!(handle.progress(), (size as u64, size as u64));
    }
}

fn progress_does_not_go_back_when_something_is_sent_again(api: Api) {
    for (kind, fault) in [
        (Kind::Simple, Fault::new(Action::Drop { after: 4 << 20, end: cos_emulator::End::Reset })),
        (Kind::Sliced, api.slice_fault(html(500), 1).times(3)),
        (
            Kind::File,
            api.fault(
                Op::Download,
                Action::Cut {
                    after: 3 << 20,
                    of: cos_emulator::Part::Body,
                    end: cos_emulator::End::Reset,
                },
            ),
        ),
    ] {
        let bed = bed_with(api, 9 * MIB);
        bed.emulator.inject(fault);
        let mut told = Vec::new();
        let on_progress = |done, total| {
            told.push((done, total));
            true
        };
        let watch = Watch { transfer: None, on_progress: Some(Box::new(on_progress)) };
        expect(&transfer(kind, &bed, &bed.client(), json!({}), watch), 0);
        assert!(bed.emulator.faults().is_empty(), "{kind:?} was not disturbed");
        assert!(told.is_sorted(), "{kind:?}: {told:?}");
        assert_eq!(told[told.len() - 1], (9 << 20, 9 << 20));
    }
}

fn an_empty_transfer_is_told_once(api: Api) {
    for kind in [Kind::Simple, Kind::File, Kind::Buffer, Kind::Stream] {
        let bed = bed_with(api, 0);
        let mut told = Vec::new();
        let on_progress = |done, total| {
            told.push((done, total));
            true
        };
        let watch = Watch { transfer: None, on_progress: Some(Box::new(on_progress)) };
        expect(&transfer(kind, &bed, &bed.client(), json!({}), watch), 0);
        // A slow machine may have had time for more of the same.
        told.dedup();
        assert_eq!(told, [(0, 0)], "{kind:?}");
    }
}

/// The ways in which a server can be silent.
fn silences(api: Api) -> Vec<(Kind, Op)> {
    let mut silences = vec![
        (Kind::File, Op::Download),
        (Kind::Buffer, Op::Download),
        (Kind::Stream, Op::Download),
        (Kind::Simple, Op::Upload),
        (Kind::Sliced, Op::Init),
        (Kind::Sliced, Op::Slice),
    ];
    // With the other API, what describes a file comes with its first bytes.
    if api == Api::V4 {
        silences.extend([Kind::File, Kind::Buffer, Kind::Stream].map(|kind| (kind, Op::Stat)));
    }
    silences
}

fn callbacks_come_even_while_the_server_is_silent(api: Api) {
    for (kind, op) in silences(api) {
        let bed = bed_with(api, 1000);
        bed.emulator.inject(api.fault(op, Action::Withhold).forever());
        let mut calls = 0;
        let on_progress = |_, _| {
            calls += 1;
            calls < 12
        };
        let watch = Watch { transfer: None, on_progress: Some(Box::new(on_progress)) };
        let started = Instant::now();
        let answer = transfer(kind, &bed, &bed.client(), json!({}), watch);
        let took = started.elapsed();
        expect(&answer, 1);
        assert_eq!(calls, 12, "{kind:?} {op:?}: called after it had said no");
        // A call every 100 ms, and the moment in which the call notices; a busy machine takes longer.
        assert!(took.as_millis() < within(6000), "{kind:?} {op:?}: {took:?}");
    }
}

/// How many threads have this name, where the system tells: Windows does not. Those that the library
/// starts are called like the caller.
fn threads_named(name: &str) -> Option<usize> {
    if cfg!(windows) {
        return None;
    }
    let tasks = fs::read_dir("/proc/self/task").unwrap();
    let count = tasks
        .filter(|task| {
            let comm = task.as_ref().unwrap().path().join("comm");
            fs::read_to_string(comm).is_ok_and(|comm| comm.trim_end() == name)
        })
        .count();
    Some(count)
}

/// Cancels a call from another thread once `is_silent`, and fails unless the call ends within a
/// second and leaves no thread.
#[track_caller]
fn cancel_when(
    name: &str,
    is_silent: impl FnMut() -> bool,
    call: impl FnOnce(Watch) -> Value + Send,
) -> Value {
    let handle = Transfer::default();
    thread::scope(|scope| {
        let caller = thread::Builder::new().name(name.to_owned());
        let call = || {
            let on_progress: cos::threads::OnProgress = Box::new(|_, _| true);
            let watch = Watch { transfer: Some(&handle), on_progress: Some(on_progress) };
            let answer = call(watch);
            let ended = Instant::now();
            // The system takes a moment to clear away a thread that has ended.
            wait_until("no thread but the caller's", || {
                threads_named(name).is_none_or(|count| count == 1)
            });
            (answer, ended)
        };
        let caller = caller.spawn_scoped(scope, call).unwrap();
        wait_until("the silence", is_silent);
        thread::sleep(Duration::from_millis(100));
        assert!(
            threads_named(name).is_none_or(|count| count > 1),
            "{name}: the call is over, or its threads go by another name"
        );
        let cancelled = Instant::now();
        handle.cancel();
        let (answer, ended) = caller.join().unwrap();
        let took = ended.duration_since(cancelled);
        assert!(took.as_millis() < within(5000), "{name}: {took:?}");
        expect(&answer, 1);
        answer
    })
}

fn a_call_can_be_cancelled_while_the_server_is_silent(api: Api) {
    for (i, (kind, op)) in silences(api).into_iter().enumerate() {
        let bed = bed_with(api, 1000);
        let client = bed.client();
        bed.emulator.inject(api.fault(op, Action::Withhold).forever());
        let asked = match op {
            Op::Init => api.before_slices(),
            Op::Slice => api.before_slices() + 1,
            Op::Download | Op::Stat => api.first_of_download(),
            _ => 1,
        };
        let is_silent = || bed.emulator.requests().len() == asked;
        cancel_when(&format!("caller-{i}"), is_silent, |watch| {
            transfer(kind, &bed, &client, json!({}), watch)
        });
        assert_eq!(names_in(&bed.path("down")), [""; 0], "{kind:?} {op:?}");
    }
}

/// Those that have no handle of their own.
fn every_call_of_a_client_can_be_stopped_while_the_server_is_silent(api: Api) {
    let bed = bed_with(api, 1000);
    let client = bed.client();
    expect(&upload_bytes(&client, "/tree/a", b"a", json!({})), 0);
    type Calling = fn(&Client) -> Result<Reply>;
    let calls: [(Op, Calling); 4] = [
        (Op::Stat, |client| file::stat(client, PUBLIC, "/a", None)),
        (Op::List, |client| list::list(client, PUBLIC, "/", Some(r#"{"all": true}"#))),
        (Op::List, |client| {
            folder::delete(client, PUBLIC, "/tree/", Some(r#"{"recursive": true}"#))
        }),
        (Op::Delete, |client| file::delete(client, PUBLIC, "/a", None)),
    ];
    for (op, call) in calls {
        let handle = Transfer::default();
        let stopped = client.followed_by(&handle);
        bed.emulator.clear_requests();
        bed.emulator.inject(api.fault(op, Action::Withhold).forever());
        let (answer, took) = thread::scope(|scope| {
            let caller = scope.spawn(|| (reply(call(&stopped)), Instant::now()));
            wait_until("the silence", || !bed.logged(op).is_empty());
            let cancelled = Instant::now();
            handle.cancel();
            let (answer, ended) = caller.join().unwrap();
            (answer, ended.duration_since(cancelled))
        });
        expect(&answer, 1);
        assert!(took.as_millis() < within(5000), "{op:?}: {took:?}");
        bed.emulator.clear_faults();
        assert_eq!(reply(file::stat(&client, PUBLIC, "/tree/a", None))["code"], 0, "{op:?}");
    }
}

fn a_call_can_be_cancelled_while_it_connects(api: Api) {
    let full = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    full.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    full.listen(0).unwrap();
    let address = full.local_addr().unwrap();
    // Nobody accepts these; behind them the queue has no room.
    let waiting: Vec<_> = (0..4)
        .map(|_| {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            socket.set_nonblocking(true).unwrap();
            let _ = socket.connect(&address);
            socket
        })
        .collect();
    thread::sleep(Duration::from_millis(50));
    let connected = waiting.iter().filter(|socket| socket.peer_addr().is_ok()).count();
    assert!(connected < waiting.len(), "the queue is not full");
    let bed = bed_with(api, 1000);
    let host = format!("localhost:{}", address.as_socket().unwrap().port());
    let client = bed.client_with(json!({"hostname": host, "connect_timeout_ms": 60_000}));
    for (i, kind) in ALL.into_iter().enumerate() {
        cancel_when(
            &format!("connect-{i}"),
            || true,
            |watch| transfer(kind, &bed, &client, json!({}), watch),
        );
    }
}

fn what_a_cancelled_call_leaves_can_be_continued(api: Api) {
    const PIECE: usize = 8 * MIB;
    let bed = bed_with(api, PIECE + 1000);
    let client = bed.client();
    let hang = api.fault(Op::Download, Action::Withhold).offset(PIECE as u64);
    bed.emulator.inject(hang);
    let is_silent = || bed.emulator.requests().len() == api.first_of_download() + 1;
    cancel_when("keeps-a-piece", is_silent, |watch| {
        transfer(Kind::File, &bed, &client, json!({"concurrency": 1}), watch)
    });
    assert_eq!(names_in(&bed.path("down")), [".file.cos-partial"]);
    let handle = Transfer::default();
    let watch = || Watch { transfer: Some(&handle), on_progress: None };
    let answer = transfer(Kind::File, &bed, &client, json!({}), watch());
    expect(&answer, 0);
    assert_eq!(answer["transfer"]["resumed_bytes"], PIECE);
    assert_eq!(handle.travelled(), 1000);
    let local = bed.path("down").join("file");
    assert_same(&fs::read(local).unwrap(), &content(PIECE + 1000));

    bed.emulator.clear_requests();
    bed.emulator.inject(api.slice_fault(Action::Withhold, 3));
    let is_silent = || bed.emulator.requests().len() == api.before_slices() + 4;
    cancel_when("keeps-slices", is_silent, |watch| {
        transfer(Kind::Sliced, &bed, &client, json!({"concurrency": 1}), watch)
    });
    bed.emulator.clear_requests();
    let answer = transfer(Kind::Sliced, &bed, &client, json!({}), watch());
    expect(&answer, 0);
    // The slice whose reply was withheld had arrived.
    assert_eq!(answer["transfer"]["resumed_bytes"], 4 * SLICE);
    assert_eq!(handle.travelled() as usize, PIECE + 1000 - 4 * SLICE);
    assert_eq!(bed.slices_sent(), numbers(4..9));
    assert_stored(&bed.emulator, "/new", &content(PIECE + 1000));
}

fn the_callback_stops_a_call_midway(api: Api) {
    // As much as is sent to a server that does not read.
    const ENOUGH: u64 = 64 << 10;
    for kind in ALL {
        let bed = bed_with(api, 19 * MIB);
        // The rest does not travel before the callback's word counts.
        bed.emulator.inject(match kind {
            Kind::Simple => Fault::new(Action::Hold).op("accept"),
            Kind::Sliced => api.fault(Op::Slice, Action::Hold).skip(2).forever(),
            _ => api.fault(Op::Download, Action::Hold).skip(1).forever(),
        });
        let mut last = 0;
        let on_progress = |done, _| {
            last = done;
            done < ENOUGH
        };
        let watch = Watch { transfer: None, on_progress: Some(Box::new(on_progress)) };
        let answer = transfer(kind, &bed, &bed.client(), json!({"concurrency": 1}), watch);
        expect(&answer, 1);
        assert_eq!(answer["error"]["origin"], "library");
        assert!((ENOUGH..19 << 20).contains(&last), "{kind:?}: {last}");
        assert!(!bed.path("down").join("file").exists());
        bed.emulator.clear_faults();
        assert_absent(&bed.emulator, "/new");
    }
}

fn a_handle_serves_one_call_at_a_time_and_none_once_cancelled(api: Api) {
    let bed = bed_with(api, 1000);
    let client = bed.client();
    let handle = Transfer::default();
    let watch = || Watch { transfer: Some(&handle), on_progress: None };
    bed.emulator.inject(api.fault(Op::Download, Action::Hold));
    thread::scope(|scope| {
        scope.spawn(|| expect(&transfer(Kind::Buffer, &bed, &client, json!({}), watch()), 0));
        wait_until_held(&bed.emulator, 1);
        for kind in ALL {
            let answer = transfer(kind, &bed, &client, json!({}), watch());
            expect(&answer, -1);
            assert_eq!(answer["error"]["argument"], "transfer", "{kind:?}");
        }
        bed.emulator.clear_faults();
    });
    expect(&transfer(Kind::Buffer, &bed, &client, json!({}), watch()), 0);

    handle.cancel();
    bed.emulator.clear_requests();
    for kind in ALL {
        expect(&transfer(kind, &bed, &client, json!({}), watch()), 1);
    }
    assert_eq!(operations(&bed.emulator), [""; 0]);
    assert!(!Path::new(&bed.path("down").join("file")).exists());
}

for_each_api! {
    progress_is_told_from_the_start_to_the_end_on_the_calling_thread,
    progress_does_not_go_back_when_something_is_sent_again,
    an_empty_transfer_is_told_once,
    callbacks_come_even_while_the_server_is_silent,
    a_call_can_be_cancelled_while_the_server_is_silent,
    every_call_of_a_client_can_be_stopped_while_the_server_is_silent,
    a_call_can_be_cancelled_while_it_connects,
    what_a_cancelled_call_leaves_can_be_continued,
    the_callback_stops_a_call_midway,
    a_handle_serves_one_call_at_a_time_and_none_once_cancelled
}
