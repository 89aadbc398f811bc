//! Transfers in processes of their own: what a kill leaves behind, and how much memory they take.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use cos_emulator::{Action, Fault};
use serde_json::{Value, json};

use support::transfers::*;
use support::{Bed, content};

fn transfer(bed: &Bed, what: &str, cos_path: &str, local: &Path, options: &Value) -> Command {
    let mut command = Command::new(program());
    command.arg(bed.emulator.host()).arg(format!("localhost:{}", bed.emulator.port()));
    command.args([what, PUBLIC, cos_path]).arg(local).arg(options.to_string());
    command
}

/// What a transfer that ran to its end says.
struct Ended {
    reply: Value,
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
        peak_kib: number("VmHWM:"),
    }
}

/// Starts a transfer and kills it once `is_time`.
fn kill_when(mut command: Command, is_time: impl FnMut() -> bool) {
    let mut child: Child = command.stdout(Stdio::null()).spawn().unwrap();
    wait_until("the moment to kill", is_time);
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().code(), None, "it ended before it was killed");
}

/// How many slices the server has.
fn slices_stored(bed: &Bed) -> usize {
    slices(&bed.emulator).iter().filter(|slice| slice.code == Some(0)).count()
}

/// So many MiB, no two of them alike.
fn numbered(count: usize) -> Vec<u8> {
    let mut bytes = content(MIB).repeat(count);
    for (i, mib) in bytes.chunks_mut(MIB).enumerate() {
        mib[..8].copy_from_slice(&(i as u64).to_le_bytes());
    }
    bytes
}

#[test]
fn a_killed_upload_is_continued() {
    const COUNT: usize = 200;
    let bed = Bed::new(support::Api::V4);
    let bytes = numbered(COUNT);
    let file = bed.path("file");
    fs::write(&file, &bytes).unwrap();
    let command = || transfer(&bed, "upload", "/a", &file, &json!({}));
    // One slice is never answered, so the upload can't end before it is killed.
    bed.emulator
        .inject(slice_fault(Action::Drop { after: 0, end: cos_emulator::End::Hang }, 7 * MIB));
    kill_when(command(), || slices_stored(&bed) >= COUNT / 2);
    bed.emulator.clear_faults();
    // What was under way when the process died is still being read.
    let mut before = 0;
    wait_until("the server to settle", || {
        std::thread::sleep(std::time::Duration::from_millis(200));
        let now = slices_stored(&bed);
        std::mem::replace(&mut before, now) == now
    });
    let mut acknowledged = slices(&bed.emulator);
    acknowledged.retain(|slice| slice.code == Some(0));

    bed.emulator.clear_requests();
    let ended = run(command());
    expect(&ended.reply, 0);
    let sent = slice_offsets(&bed.emulator);
    assert!(sent.contains(&(7 * MIB)));
    for slice in acknowledged {
        assert!(!sent.contains(&(slice.offset.unwrap() as usize)), "{:?} again", slice.offset);
    }
    assert_eq!(ended.reply["transfer"]["resumed_bytes"], (COUNT - sent.len()) * MIB);
    assert_eq!(ended.reply["transfer"]["slices"], sent.len());
    assert_eq!(ended.threads, 1);
    assert_stored(&bed.emulator, "/a", &bytes);
}

#[test]
fn a_killed_download_is_continued() {
    const PIECE: usize = 8 * MIB;
    let bed = Bed::new(support::Api::V4);
    let bytes = content(2 * PIECE + 1000);
    let options = json!({"slice_size": 3 * MIB, "verify_sha1": false});
    expect(&upload_bytes(&bed.client(), "/a", &bytes, options), 0);
    fs::create_dir(bed.path("down")).unwrap();
    let local = bed.path("down").join("file");
    fs::write(&local, "old").unwrap();
    let command = || transfer(&bed, "download", "/a", &local, &json!({"concurrency": 1}));
    bed.emulator.inject(Fault::new(Action::Withhold).op("download").offset(PIECE as u64));
    kill_when(command(), || logged(&bed.emulator, "download").len() == 2);
    assert_eq!(fs::read(&local).unwrap(), b"old");
    assert_eq!(names_in(&bed.path("down")), [".file.cos-partial", "file"]);

    bed.emulator.clear_requests();
    let ended = run(command());
    expect(&ended.reply, 0);
    assert_eq!(ended.reply["transfer"]["resumed_bytes"], PIECE);
    let range = |start: usize, end: usize| Some(format!("bytes={start}-{}", end - 1));
    let expected = [range(PIECE, 2 * PIECE), range(2 * PIECE, 2 * PIECE + 1000)];
    assert_eq!(ranges(&bed.emulator), expected);
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

#[test]
fn memory_does_not_grow_with_the_file() {
    const MOST_KIB: u64 = 16 * 1024;
    let bed = Bed::new(support::Api::V4);
    let sparse = bed.path("sparse");
    let size = LARGE;
    File::create(&sparse).unwrap().set_len(size).unwrap();
    let options = json!({"slice_size": 3 * MIB, "concurrency": 4});
    let up = run(transfer(&bed, "upload", "/a", &sparse, &options));
    expect(&up.reply, 0);
    assert_eq!(up.reply["transfer"]["bytes"], size);
    assert_eq!(up.reply["transfer"]["slices"], size.div_ceil(3 << 20));
    assert_eq!(up.threads, 1);
    assert!(up.peak_kib < MOST_KIB, "{} KiB while uploading", up.peak_kib);

    let local = bed.path("local");
    let down = run(transfer(&bed, "download", "/a", &local, &json!({"concurrency": 4})));
    expect(&down.reply, 0);
    assert_eq!(down.threads, 1);
    assert!(down.peak_kib < MOST_KIB, "{} KiB while downloading", down.peak_kib);
    assert_zeros(&local, size);
}

/// So much that nobody mistakes it for a buffer.
const LARGE: u64 = 2 << 30;
