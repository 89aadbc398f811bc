//! Servers and directories that mean harm.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

use cos::client::Client;
use cos::ops::{file, folder};
use cos_emulator::Action;
use serde_json::{Value, json};

use support::for_each_api;
use support::platform::within;
use support::transfers::*;
use support::{Api, Bed, Op};

fn stat(client: &Client, cos_path: &str) -> Value {
    reply(file::stat(client, PUBLIC, cos_path, None))
}

fn list(client: &Client) -> Value {
    reply(folder::list(client, PUBLIC, "/d/", None))
}

/// A size is only a claim. Nothing may be asked of the memory for it before bytes have come.
fn a_size_beyond_all_bounds_is_refused(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    expect(&upload_bytes(&client, "/a", b"bytes", json!({})), 0);
    for size in [1_u64 << 50, 1_000_000_000_000_000_000, i64::MAX as u64, u64::MAX] {
        let stat = json!({"code": 0, "message": "SUCCESS", "data": {"filesize": size, "mtime": 1}});
        // Where the size is stated.
        let (op, stated) = match api {
            Api::V4 => (Op::Stat, api.reply(&stat.to_string())),
            Api::V5 => {
                let range = format!("bytes 0-8388607/{size}");
                let action = Action::Header { name: "Content-Range".into(), value: Some(range) };
                (Op::Download, action)
            }
        };
        bed.emulator.inject(api.fault(op, stated));
        let local = bed.path("local");
        expect(&download(&client, "/a", &local, json!({})), 2);
        assert!(!local.exists() && !bed.path(".local.cos-partial").exists());
    }
}

/// Always another byte, too soon for anybody to lose patience.
fn a_reply_that_never_ends_is_not_waited_for(api: Api) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = format!("localhost:{}", listener.local_addr().unwrap().port());
    thread::spawn(move || {
        for mut tcp in listener.incoming().flatten() {
            let _ = tcp.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n{");
            while tcp.write_all(b" ").is_ok() {
                thread::sleep(Duration::from_micros(200));
            }
        }
    });
    let client =
        Bed::new(api).client_with(json!({"hostname": host, "timeout_ms": 500, "retries": 0}));
    let started = Instant::now();
    expect(&list(&client), -3);
    assert!((500..within(5000)).contains(&millis(started)), "{} ms", millis(started));
}

/// Answers requests with what `answer` makes of their number, and closes.
fn server(answer: impl Fn(u64) -> Vec<u8> + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for (number, mut tcp) in (0..).zip(listener.incoming().flatten()) {
            tcp.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            let mut request = Vec::new();
            let mut piece = [0; 4096];
            while !request.windows(4).any(|end| end == b"\r\n\r\n") {
                match tcp.read(&mut piece) {
                    Ok(n @ 1..) => request.extend_from_slice(&piece[..n]),
                    _ => break,
                }
            }
            let _ = tcp.write_all(&answer(number));
            let _ = tcp.shutdown(Shutdown::Write);
        }
    });
    port
}

/// Good and half-good answers, for the damage to begin with.
const JSON: [&str; 6] = [
    "HTTP/1.1 200 OK\r\nContent-Length: 60\r\n\r\n\
     {\"code\":0,\"message\":\"\",\"data\":{\"filesize\":9,\"infos\":[],\"a\":1}}",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
     14;x=y\r\n{\"code\":0,\"message\":\"\r\n10\r\n\",\"data\":{\"n\":1}}\r\n0\r\nTrailer: 1\r\n\r\n",
    "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n{\"code\":-197,\"message\":\"no\"}",
    "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\nContent-Length: 10\r\n\r\n{\"code\":0}",
    "HTTP/1.1 302 Found\r\nLocation: http://localhost:1/\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-8/9\r\nContent-Length: 9\r\n\r\n123456789",
];

const XML: [&str; 7] = [
    "HTTP/1.1 200 OK\r\nx-cos-request-id: 1\r\nContent-Length: 87\r\n\r\n\
     <ListBucketResult><Contents><Key>d/a</Key><Size>9</Size></Contents></ListBucketResult>\n",
    "HTTP/1.1 200 OK\r\nx-cos-request-id: 1\r\nTransfer-Encoding: chunked\r\n\r\n\
     14;x=y\r\n<?xml version='1.0'?\r\n14\r\n><ListBucketResult/>\r\n0\r\nTrailer: 1\r\n\r\n",
    "HTTP/1.1 404 Not Found\r\nx-cos-request-id: 1\r\nConnection: close\r\n\r\n\
     <Error><Code>NoSuchKey</Code><Message>no &amp; no</Message></Error>",
    "HTTP/1.1 100 Continue\r\n\r\n\
     HTTP/1.0 200 OK\r\nx-cos-request-id: 1\r\nContent-Length: 9\r\nETag: \"1\"\r\n\r\n123456789",
    "HTTP/1.1 307 Temporary Redirect\r\nx-cos-request-id: 1\r\nContent-Length: 57\r\n\
     Location: http://localhost:1/\r\n\r\n\
     <Error><Code>TemporaryRedirect</Code><Message/></Error>  ",
    "HTTP/1.1 206 Partial\r\nContent-Range: bytes 0-8/9\r\nContent-Length: 9\r\n\r\n123456789",
    "HTTP/1.1 404 Not Found\r\nx-cos-request-id: 1\r\nContent-Length: 0\r\n\r\n",
];

/// The `number`th variation of those.
fn damaged(answers: &[&str], number: u64) -> Vec<u8> {
    let mut dice = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut below = |bound: usize| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        (dice >> 20) as usize % bound
    };
    let mut answer = answers[below(answers.len())].as_bytes().to_vec();
    for _ in 0..below(4) {
        let at = below(answer.len());
        match below(6) {
            0 => answer[at] = below(256) as u8,
            1 => answer.truncate(at.max(1)),
            2 => answer.insert(at, b"\r\n\0:-9"[below(6)]),
            3 => drop(answer.remove(at)),
            4 => answer.extend_from_within(at..),
            _ => answer.splice(at..at, *b"99999999999999999999").for_each(drop),
        }
        if answer.is_empty() {
            break;
        }
    }
    answer
}

/// No answer makes the library panic, hang, or say what is not JSON.
fn no_answer_is_too_odd(api: Api) {
    let bed = Bed::new(api);
    let answers: &'static [&str] = if api == Api::V4 { &JSON } else { &XML };
    let host = format!("localhost:{}", server(move |number| damaged(answers, number)));
    let client = bed.client_with(json!({
        "hostname": host, "download_hostname": host, "timeout_ms": 1000, "retries": 0,
    }));
    let mut codes = std::collections::BTreeMap::new();
    for i in 0..1500 {
        let started = Instant::now();
        let answer = match i % 3 {
            0 => stat(&client, "/a"),
            1 => list(&client),
            _ => download_bytes(&client, "/a", json!({})).0,
        };
        let code = answer["code"].as_i64().unwrap();
        assert!(code != -4 && code != -1, "{answer:#}");
        assert!(millis(started) < within(5000), "{} ms: {answer:#}", millis(started));
        *codes.entry(code).or_insert(0) += 1;
    }
    // Otherwise the damage was too small or too great to be worth anything.
    for code in [0, -2, -3, -197] {
        assert!(codes.get(&code).is_some_and(|n| *n > 20), "{codes:?}");
    }
}

for_each_api! {
    a_size_beyond_all_bounds_is_refused,
    a_reply_that_never_ends_is_not_waited_for,
    no_answer_is_too_odd
}

#[cfg(unix)]
mod unix {
    use std::fs;
    use std::os::unix::fs::symlink;

    use support::content;

    use super::*;

    for_each_api! { a_link_in_place_of_the_partial_file_is_passed_by }

    /// Somebody who can write to the directory of a download must not choose what is written to.
    fn a_link_in_place_of_the_partial_file_is_passed_by(api: Api) {
        let bed = Bed::new(api);
        let client = bed.client();
        expect(&upload_bytes(&client, "/a", &content(1000), json!({})), 0);
        let (precious, absent) = (bed.file("precious", 10), bed.path("absent"));
        for target in [&precious, &absent] {
            symlink(target, bed.path(".local.cos-partial")).unwrap();
            expect(&download(&client, "/a", &bed.path("local"), json!({})), 0);
            assert_same(&fs::read(bed.path("local")).unwrap(), &content(1000));
            assert_eq!(&fs::read_link(bed.path(".local.cos-partial")).unwrap(), target);
            fs::remove_file(bed.path(".local.cos-partial")).unwrap();
            fs::remove_file(bed.path("local")).unwrap();
        }
        assert_same(&fs::read(&precious).unwrap(), &content(10));
        assert!(!absent.exists());
    }
}
