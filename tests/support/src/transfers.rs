//! What the tests of uploads and downloads share: calls whose answers are JSON either way, what the
//! emulator has stored, and what its log tells.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant, UNIX_EPOCH};

use cos::client::Client;
use cos::ops::{download, upload};
use cos::reply::Reply;
use cos::reply::Result;
use cos::threads::Watch;
use cos_emulator::{Action, Code, Emulator, End, Fault, Record};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha1::{Digest, Sha1};

use crate::platform::within;
use crate::{APPID, Link, SECRET_ID, SECRET_KEY, compile, parsed};

/// Whoever knows the URL may read it, so a test can look without the library.
pub const PUBLIC: &str = "public-bucket";
/// The smallest slice that both protocols have.
pub const SLICE: usize = MIB;
pub const MIB: usize = 1 << 20;

/// The C program that does one transfer.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, program) = PROGRAM.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let program = dir.path().join("transfers");
        compile("tests/c/transfers.c", Link::Shared, &program);
        (dir, program)
    });
    program
}

/// The answer's JSON, whether it is a success or a failure.
pub fn reply(result: Result<Reply>) -> Value {
    parsed(&result.unwrap_or_else(Reply::from))
}

pub fn upload(client: &Client, cos_path: &str, local: &Path, options: Value) -> Value {
    upload_watched(client, cos_path, local, options, Watch::default())
}

pub fn upload_watched(
    client: &Client,
    cos_path: &str,
    local: &Path,
    options: Value,
    watch: Watch,
) -> Value {
    let (local, options) = (local.to_str().unwrap(), options.to_string());
    reply(upload::file(client, PUBLIC, cos_path, local, Some(&options), watch))
}

pub fn upload_bytes(client: &Client, cos_path: &str, data: &[u8], options: Value) -> Value {
    let options = options.to_string();
    reply(upload::buffer(client, PUBLIC, cos_path, data, Some(&options), Watch::default()))
}

pub fn download(client: &Client, cos_path: &str, local: &Path, options: Value) -> Value {
    download_watched(client, cos_path, local, options, Watch::default())
}

pub fn download_watched(
    client: &Client,
    cos_path: &str,
    local: &Path,
    options: Value,
    watch: Watch,
) -> Value {
    let (local, options) = (local.to_str().unwrap(), options.to_string());
    reply(download::file(client, PUBLIC, cos_path, local, Some(&options), watch))
}

pub fn download_bytes(client: &Client, cos_path: &str, options: Value) -> (Value, Vec<u8>) {
    let options = options.to_string();
    match download::buffer(client, PUBLIC, cos_path, Some(&options), Watch::default()) {
        Ok((answer, data)) => (parsed(&answer), data),
        Err(failure) => (parsed(&Reply::from(failure)), Vec::new()),
    }
}

pub fn download_streamed(
    client: &Client,
    cos_path: &str,
    options: Value,
    watch: Watch,
    on_data: &mut dyn FnMut(&[u8]) -> bool,
) -> Value {
    let options = options.to_string();
    reply(download::stream(client, PUBLIC, cos_path, Some(&options), watch, on_data))
}

/// Fails with the whole answer unless its code is `code`.
#[track_caller]
pub fn expect(answer: &Value, code: i64) {
    assert_eq!(answer["code"], code, "{answer:#}");
}

pub fn millis(from: Instant) -> u128 {
    from.elapsed().as_millis()
}

/// What is stored at `cos_path`, fetched without the library; `None` if nothing is.
pub fn stored(emulator: &Emulator, cos_path: &str) -> Option<Vec<u8>> {
    let (head, body) = fetch(emulator, cos_path, "");
    match head.split(' ').nth(1).unwrap() {
        "200" => Some(body),
        "404" => None,
        _ => panic!("{head}"),
    }
}

/// The keys of unfinished uploads, asked for by the XML API without the library.
pub fn unfinished(emulator: &Emulator) -> Vec<String> {
    let mac = |key: &str, text: &str| {
        let mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).unwrap();
        hex(&mac.chain_update(text).finalize().into_bytes())
    };
    let now = UNIX_EPOCH.elapsed().unwrap().as_secs();
    let time = format!("{};{}", now - 60, now + 60);
    let request = hex(&Sha1::digest("get\n/\n\n\n"));
    let signature = mac(&mac(SECRET_KEY, &time), &format!("sha1\n{time}\n{request}\n"));
    let header = format!(
        "Authorization: q-sign-algorithm=sha1&q-ak={SECRET_ID}&q-sign-time={time}&\
         q-key-time={time}&q-header-list=&q-url-param-list=&q-signature={signature}\r\n"
    );
    let (head, body) = fetch(emulator, "/?uploads", &header);
    assert!(head.contains(" 200 "), "{head}");
    let text = String::from_utf8(body).unwrap();
    let key = |upload: &str| upload.split(['<', '>']).nth(2).unwrap().to_owned();
    text.split("<Upload>").skip(1).map(|upload| key(upload.trim_start())).collect()
}

/// Head and body of the answer to a request with this header line.
fn fetch(emulator: &Emulator, target: &str, header: &str) -> (String, Vec<u8>) {
    let mut tcp = TcpStream::connect(emulator.host()).unwrap();
    tcp.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let host = format!("{PUBLIC}-{APPID}.localhost");
    let request =
        format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n{header}Connection: close\r\n\r\n");
    tcp.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    tcp.read_to_end(&mut answer).unwrap();
    let head_len = answer.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
    let head = String::from_utf8_lossy(&answer[..head_len]).into_owned();
    (head, answer.split_off(head_len))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Compares without printing megabytes.
#[track_caller]
pub fn assert_same(found: &[u8], expected: &[u8]) {
    assert_eq!(found.len(), expected.len(), "lengths");
    if found == expected {
        return;
    }
    let differs = found.iter().zip(expected).position(|(found, expected)| found != expected);
    assert_eq!(differs, None, "the first byte that differs");
}

/// Fails unless just these bytes are stored at `cos_path`.
#[track_caller]
pub fn assert_stored(emulator: &Emulator, cos_path: &str, expected: &[u8]) {
    let found = stored(emulator, cos_path).unwrap_or_else(|| panic!("nothing is at {cos_path}"));
    assert_same(&found, expected);
}

/// Fails if anything is stored at `cos_path`.
#[track_caller]
pub fn assert_absent(emulator: &Emulator, cos_path: &str) {
    let found = stored(emulator, cos_path).map(|bytes| bytes.len());
    assert_eq!(found, None, "bytes at {cos_path}");
}

/// The logged requests with this operation, oldest first.
pub fn logged(emulator: &Emulator, op: &str) -> Vec<Record> {
    emulator.requests().into_iter().filter(|record| record.op == op).collect()
}

/// The operations in the order in which they came.
pub fn operations(emulator: &Emulator) -> Vec<String> {
    emulator.requests().into_iter().map(|record| record.op).collect()
}

pub fn slices(emulator: &Emulator) -> Vec<Record> {
    logged(emulator, "upload_slice_data")
}

/// The offsets of the slices that travelled, in ascending order.
pub fn slice_offsets(emulator: &Emulator) -> Vec<usize> {
    let mut offsets: Vec<_> =
        slices(emulator).iter().map(|slice| slice.offset.unwrap() as usize).collect();
    offsets.sort_unstable();
    offsets
}

/// The offsets of slices `which` of `size` bytes.
pub fn multiples(which: std::ops::Range<usize>, size: usize) -> Vec<usize> {
    which.map(|i| i * size).collect()
}

pub fn connections(records: &[Record]) -> BTreeSet<u64> {
    records.iter().map(|record| record.connection).collect()
}

/// How many of the requests were under way at one time.
pub fn most_at_once(records: &[Record]) -> usize {
    let at = |time: u64| {
        let under_way = |record: &&Record| {
            record.started_ms <= time && record.finished_ms.is_none_or(|end| time < end)
        };
        records.iter().filter(under_way).count()
    };
    records.iter().map(|record| at(record.started_ms)).max().unwrap_or(0)
}

/// Waits until the log has what `is_there` looks for.
#[track_caller]
pub fn wait_until(what: &str, mut is_there: impl FnMut() -> bool) {
    let since = Instant::now();
    while !is_there() {
        assert!(millis(since) < within(20_000), "waited in vain for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A server's code, by its number.
pub fn code(code: i32) -> Action {
    assert!(Code::by_number(code).is_some(), "{code}");
    Action::Code { code, status: None, message: None, execute: false }
}

/// A reply to what is not carried out.
pub fn reply_with(status: u16, content_type: &str, body: String) -> Action {
    Action::Reply {
        status,
        content_type: content_type.into(),
        body,
        size: None,
        headers: Default::default(),
        execute: false,
    }
}

pub fn html(status: u16) -> Action {
    reply_with(status, "text/html", "<html>no</html>".into())
}

/// A wait in which a test does something.
pub fn delay(ms: u128) -> Action {
    Action::Delay { ms: within(ms) as u64 }
}

/// Waits until this many requests, or connections, are held by [`Action::Hold`].
#[track_caller]
pub fn wait_until_held(emulator: &Emulator, count: usize) {
    let hold = r#"{"type":"hold"}"#;
    let is_held = |record: &Record| {
        let is_under_way = record.op == "accept" || record.finished_ms.is_none();
        is_under_way && record.fault.as_deref() == Some(hold)
    };
    wait_until("requests that are held", || {
        emulator.requests().into_iter().filter(is_held).count() >= count
    });
}

/// The request is not carried out and the connection ends.
pub fn dropped() -> Action {
    Action::Drop { after: 0, end: End::Reset }
}

/// The request is carried out and the connection ends.
pub fn lost() -> Action {
    Action::LoseReply { end: End::Reset }
}

pub fn slice_fault(action: Action, offset: usize) -> Fault {
    Fault::new(action).op("upload_slice_data").offset(offset as u64)
}

/// The names of the files in a directory.
pub fn names_in(directory: &Path) -> Vec<String> {
    let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
    let mut names: Vec<_> = std::fs::read_dir(directory)
        .unwrap()
        .map(|entry| name(entry).into_string().unwrap())
        .collect();
    names.sort();
    names
}
