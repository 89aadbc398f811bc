//! Transfers in processes of their own: what a kill leaves behind, and how much memory they take.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use cos_emulator::Action;
use serde_json::{Value, json};

use support::transfers::*;
use support::{Api, Bed, Op, content, for_each_api, platform};

fn transfer(bed: &Bed, what: &str, cos_path: &str, local: &Path, options: &Value) -> Command {
    let mut command = platform::command(program());
    command.arg(bed.options().to_string());
    command.args([what, PUBLIC, cos_path]).arg(local).arg(options.to_string());
    command
}

/// What a transfer that ran to its end says.
struct Ended {
    reply: Value,
    /// How many, and how much, more than at its beginning.
    threads: u64,
    peak_kib: u64,
}

fn run(mut command: Command) -> Ended {
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (reply, status) = text.split_once('\n').unwrap();
    let number = |name: &str| -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    };
    Ended {
        reply: serde_json::from_str(reply).unwrap(),
        threads: number("Threads:"),
        peak_kib: number("Peak:"),
    }
}

/// Starts a transfer and kills it once `is_time`.
fn kill_when(mut command: Command, is_time: impl FnMut() -> bool) {
    let mut child: Child = command.stdout(Stdio::null()).spawn().unwrap();
    wait_until("the moment to kill", is_time);
    child.kill().unwrap();
    // What Windows says of a program that was killed.
    let killed = cfg!(windows).then_some(1);
    assert_eq!(child.wait().unwrap().code(), killed, "it ended before it was killed");
}

/// How many slices the server has.
fn slices_stored(bed: &Bed) -> usize {
    bed.logged(Op::Slice).iter().filter(|slice| slice.status == Some(200)).count()
}

/// So many MiB, no two of them alike.
fn numbered(count: usize) -> Vec<u8> {
    let mut bytes = content(MIB).repeat(count);
    for (i, mib) in bytes.chunks_mut(MIB).enumerate() {
        mib[..8].copy_from_slice(&(i as u64).to_le_bytes());
    }
    bytes
}

fn a_killed_upload_is_continued(api: Api) {
    const COUNT: usize = 200;
    let bed = Bed::new(api);
    let bytes = numbered(COUNT);
    let file = bed.path("file");
    fs::write(&file, &bytes).unwrap();
    let options = json!({"slice_size": MIB});
    let command = || transfer(&bed, "upload", "/a", &file, &options);
    // One slice is never answered, so the upload can't end before it is killed.
    let silent = Action::Drop { after: 0, end: cos_emulator::End::Hang };
    bed.emulator.inject(api.slice_fault(silent, 7));
    kill_when(command(), || slices_stored(&bed) >= COUNT / 2);
    bed.emulator.clear_faults();
    // What was under way when the process died is still being read.
    let mut before = 0;
    wait_until("the server to settle", || {
        std::thread::sleep(std::time::Duration::from_millis(200));
        let now = slices_stored(&bed);
        std::mem::replace(&mut before, now) == now
    });
    let mut acknowledged = bed.logged(Op::Slice);
    acknowledged.retain(|slice| slice.status == Some(200));

    bed.emulator.clear_requests();
    let ended = run(command());
    expect(&ended.reply, 0);
    let sent = bed.slices_sent();
    assert!(sent.contains(&7));
    for number in acknowledged.iter().map(|slice| api.slice_number(slice)) {
        assert!(!sent.contains(&number), "{number} again");
    }
    assert_eq!(ended.reply["transfer"]["resumed_bytes"], (COUNT - sent.len()) * MIB);
    assert_eq!(ended.reply["transfer"]["slices"], sent.len());
    assert_eq!(ended.threads, 0);
    assert_stored(&bed.emulator, "/a", &bytes);
    assert_eq!(unfinished(&bed.emulator), [""; 0]);
}

fn a_killed_download_is_continued(api: Api) {
    const PIECE: usize = 8 * MIB;
    let bed = Bed::new(api);
    let bytes = content(2 * PIECE + 1000);
    let options = json!({"slice_size": 3 * MIB, "verify_sha1": false});
    expect(&upload_bytes(&bed.client(), "/a", &bytes, options), 0);
    fs::create_dir(bed.path("down")).unwrap();
    let local = bed.path("down").join("file");
    fs::write(&local, "old").unwrap();
    let command = || transfer(&bed, "download", "/a", &local, &json!({"concurrency": 1}));
    let silence = api.fault(Op::Download, Action::Withhold).offset(PIECE as u64);
    bed.emulator.inject(silence);
    kill_when(command(), || bed.logged(Op::Download).len() == 2);
    assert_eq!(fs::read(&local).unwrap(), b"old");
    assert_eq!(names_in(&bed.path("down")), [".file.cos-partial", "file"]);

    bed.emulator.clear_requests();
    let ended = run(command());
    expect(&ended.reply, 0);
    assert_eq!(ended.reply["transfer"]["resumed_bytes"], PIECE);
    let range = |start: usize, end: usize| Some(format!("bytes={start}-{}", end - 1));
    let expected = [range(PIECE, 2 * PIECE), range(2 * PIECE, 2 * PIECE + 1000)];
    assert_eq!(bed.ranges(), expected);
    assert_eq!(names_in(&bed.path("down")), ["file"]);
    assert_same(&fs::read(&local).unwrap(), &bytes);
}

/// Fails unless a file has `len` bytes and all of them are 0.
fn assert_zeros(path: &Path, len: u64) {
    let mut file = File::open(path).unwrap();
    assert_eq!(file.metadata().unwrap().len(), len);
    let (mut buffer, zeros) = (vec![1; MIB], vec![0; MIB]);
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return,
            Ok(n) => assert!(buffer[..n] == zeros[..n]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => panic!("{error}"),
        }
    }
}

fn memory_does_not_grow_with_the_file(api: Api) {
    const MOST_KIB: u64 = 16 * 1024;
    let bed = Bed::new(api);
    let sparse = bed.path("sparse");
    let size = LARGE;
    File::create(&sparse).unwrap().set_len(size).unwrap();
    let options = json!({"slice_size": 3 * MIB, "concurrency": 4});
    let up = run(transfer(&bed, "upload", "/a", &sparse, &options));
    expect(&up.reply, 0);
    assert_eq!(up.reply["transfer"]["bytes"], size);
    assert_eq!(up.reply["transfer"]["slices"], size.div_ceil(3 << 20));
    assert_eq!(up.threads, 0);
    assert!(up.peak_kib < MOST_KIB, "{} KiB while uploading", up.peak_kib);

    let local = bed.path("local");
    let down = run(transfer(&bed, "download", "/a", &local, &json!({"concurrency": 4})));
    expect(&down.reply, 0);
    assert_eq!(down.threads, 0);
    assert!(down.peak_kib < MOST_KIB, "{} KiB while downloading", down.peak_kib);
    assert_zeros(&local, size);
}

/// So much that nobody mistakes it for a buffer.
const LARGE: u64 = 1 << 30;

for_each_api! {
    a_killed_upload_is_continued,
    a_killed_download_is_continued,
    memory_does_not_grow_with_the_file,
}
