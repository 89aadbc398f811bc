//! Lines that break, servers that want patience, answers at odd times and of odd forms, clocks that
//! are wrong.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

use cos::client::Client;
use cos::log::{Log, LogLevel};
use cos::ops::{file, sign, tree};
use cos::threads::Watch;
use cos_emulator::{Action, End, Fault, Part};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};

use support::platform::within;
use support::servers::Authority;
use support::transfers::*;
use support::{APPID, Bed, SECRET_ID, SECRET_KEY, content};

/// What a server of these tests is told about a request, and what it answers on.
trait Line: Read + Write + Send {}
impl<T: Read + Write + Send> Line for T {}

/// A server of our own; `serve` gets every connection and its number, from 0.
fn server(serve: impl Fn(TcpStream, usize) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for (number, tcp) in listener.incoming().flatten().enumerate() {
            let serve = Arc::clone(&serve);
            thread::spawn(move || serve(tcp, number));
        }
    });
    port
}

fn client(port: u16, more: Value) -> Client {
    let host = format!("localhost:{port}");
    let mut options = json!({"scheme": "http", "hostname": host, "download_hostname": host});
    for (key, value) in more.as_object().unwrap() {
        options[key] = value.clone();
    }
    Client::new(APPID, SECRET_ID, SECRET_KEY, None, Some(&options.to_string())).unwrap()
}

/// Reads the head of a request, a byte at a time: what follows stays unread. `None` at the end.
fn head(line: &mut dyn Line) -> Option<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match line.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return None,
        }
    }
    Some(String::from_utf8(head).unwrap())
}

fn body(line: &mut dyn Line, head: &str) -> Vec<u8> {
    let length = head.to_lowercase();
    let length =
        length.split("content-length: ").nth(1).map_or("0", |rest| rest.lines().next().unwrap());
    let mut body = vec![0; length.parse().unwrap()];
    line.read_exact(&mut body).unwrap();
    body
}

fn answer(status: &str, headers: &str, json: Value) -> String {
    let json = json.to_string();
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n{json}", json.len())
}

fn success(data: Value) -> String {
    answer("200 OK", "", json!({"code": 0, "message": "SUCCESS", "data": data}))
}

fn stat(client: &Client) -> Value {
    reply(file::stat(client, PUBLIC, "/a", None))
}

/// Uploads 19 MiB in one request: more than the buffers of a connection take.
fn upload_large(client: &Client) -> Value {
    let simple = json!({"slice_threshold": 20 * MIB, "insert_only": false});
    upload_bytes(client, "/a", &content(19 * MIB), simple)
}

#[test]
fn an_attempt_that_brought_bytes_uses_up_none() {
    let bed = Bed::new(support::Api::V4);
    let bytes = content(7 * MIB);
    expect(&upload_bytes(&bed.client(), "/a", &bytes, json!({})), 0);
    let cut = Action::Cut { after: MIB as u64, of: Part::Body, end: End::Close };
    bed.emulator.inject(Fault::new(cut).op("download").forever());
    let client = bed.client_with(json!({"retries": 1}));
    let (answer, found) = download_bytes(&client, "/a", json!({}));
    expect(&answer, 0);
    assert_same(&found, &bytes);
    assert_eq!(logged(&bed.emulator, "download").len(), 7);
    // Who wants no repetition gets none.
    expect(&download_bytes(&client, "/a", json!({"retries": 0})).0, -3);
}

#[test]
fn an_answer_ends_sending() {
    let bed = Bed::new(support::Api::V4);
    let authority = Authority::new(&bed.path("authority"));
    let certificate = authority.certify("server", "DNS:localhost");
    let refusal = || answer("403 Forbidden", "", json!({"code": -97, "message": "no"}));
    // It neither reads on nor closes.
    let refuse = move |mut line: Box<dyn Line>| {
        head(&mut *line).unwrap();
        line.write_all(refusal().as_bytes()).unwrap();
        line.flush().unwrap();
        std::mem::forget(line);
    };
    let chain = vec![CertificateDer::from_pem_file(&certificate.pem).unwrap()];
    let key = PrivateKeyDer::from_pem_file(&certificate.key).unwrap();
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ServerConfig::builder_with_provider(ring);
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let tls = Arc::new(builder.with_single_cert(chain, key).unwrap());
    let plain = server(move |tcp, _| refuse(Box::new(tcp)));
    let secured = server(move |tcp, _| {
        let connection = rustls::ServerConnection::new(Arc::clone(&tls)).unwrap();
        refuse(Box::new(rustls::StreamOwned::new(connection, tcp)));
    });
    let tunnel = server(move |mut tcp, _| {
        head(&mut tcp).unwrap();
        let mut there = TcpStream::connect(("127.0.0.1", secured)).unwrap();
        tcp.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").unwrap();
        let (mut back, mut to_client) = (there.try_clone().unwrap(), tcp.try_clone().unwrap());
        thread::spawn(move || std::io::copy(&mut back, &mut to_client));
        let _ = std::io::copy(&mut tcp, &mut there);
    });
    let tls = json!({"scheme": "https", "ca_file": authority.ca_file()});
    let mut tunnelled = tls.clone();
    tunnelled["proxy"] = json!(format!("http://127.0.0.1:{tunnel}"));
    for (port, options) in [
        (plain, json!({})),
        (1, json!({"proxy": format!("http://127.0.0.1:{plain}")})),
        (secured, tls),
        (secured, tunnelled),
    ] {
        let mut options = options;
        options["retries"] = json!(0);
        let started = Instant::now();
        let answer = upload_large(&client(port, options.clone()));
        expect(&answer, -97);
        // The timeout is five minutes.
        assert!(millis(started) < within(60_000), "{options}: {} ms", millis(started));
        let sent = answer["transfer"]["sent_bytes"].as_u64().unwrap() as usize;
        assert!(sent < 19 * MIB, "{options}: {sent}");
    }
}

#[test]
fn an_answer_is_heard_while_the_other_side_reads_on_or_half_closes() {
    for half_closes in [false, true] {
        let port = server(move |mut tcp, _| {
            head(&mut tcp).unwrap();
            if !half_closes {
                let refusal = answer("403 Forbidden", "", json!({"code": -97, "message": "no"}));
                tcp.write_all(refusal.as_bytes()).unwrap();
            }
            tcp.shutdown(std::net::Shutdown::Write).unwrap();
            let _ = std::io::copy(&mut tcp, &mut std::io::sink());
        });
        let answer = upload_large(&client(port, json!({"retries": 0})));
        expect(&answer, if half_closes { -3 } else { -97 });
    }
}

/// Whoever says "done" to what it has not got may mean another request, or nothing.
#[test]
fn success_before_the_body_has_left_is_looked_at() {
    for is_there in [false, true] {
        let bytes = content(19 * MIB);
        let uploads = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&uploads);
        let source = cos::content::source::Source::Buffer(&bytes);
        let sha = cos::content::hash::sha1(&source, &cos::stop::Stop::default()).unwrap();
        let port = server(move |mut tcp, _| {
            while let Some(head) = head(&mut tcp) {
                let found = json!({"filesize": 19 * MIB, "filelen": 19 * MIB, "sha": sha});
                let none = || answer("404 Not Found", "", json!({"code": -197, "message": "no"}));
                if head.contains("op=stat") {
                    let text = if is_there { success(found) } else { none() };
                    tcp.write_all(text.as_bytes()).unwrap();
                } else if head.len() < 2000 && !head.contains("content-length: 199") {
                    // Nothing is unfinished.
                    body(&mut tcp, &head);
                    tcp.write_all(none().as_bytes()).unwrap();
                } else {
                    counter.fetch_add(1, Ordering::SeqCst);
                    tcp.write_all(success(json!({"access_url": "x"})).as_bytes()).unwrap();
                    let _ = std::io::copy(&mut tcp, &mut std::io::sink());
                }
            }
        });
        let answer = upload_large(&client(port, json!({"retries": 1})));
        expect(&answer, if is_there { 0 } else { -3 });
        assert_eq!(uploads.load(Ordering::SeqCst), if is_there { 1 } else { 2 });
        if is_there {
            assert_eq!(answer["transfer"]["recovered"], true)
        } else {
            assert_eq!(answer["error"]["phase"], "send")
        }
    }
}

#[test]
fn interim_answers_are_skipped_and_end_no_sending() {
    const INTERIM: &str = "HTTP/1.1 100 Continue\r\nServer: x\r\nDate: y\r\n\r\n\
                           HTTP/1.1 102 Processing\r\n\r\n\
                           HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n\
                           HTTP/1.1 100 Continue\r\n\r\n";
    let received = Arc::new(Mutex::new(0));
    let counter = Arc::clone(&received);
    let port = server(move |mut tcp, _| {
        while let Some(head) = head(&mut tcp) {
            tcp.write_all(INTERIM.as_bytes()).unwrap();
            *counter.lock().unwrap() = body(&mut tcp, &head).len();
            tcp.write_all(INTERIM.repeat(100).as_bytes()).unwrap();
            tcp.write_all(success(json!({"access_url": "x"})).as_bytes()).unwrap();
        }
    });
    let patient = client(port, json!({"retries": 0}));
    expect(&upload_large(&patient), 0);
    assert!(*received.lock().unwrap() > 19 * MIB);
    expect(&stat(&patient), 0);
    // But not without end.
    let port = server(move |mut tcp, _| {
        head(&mut tcp);
        while tcp.write_all(INTERIM.repeat(100).as_bytes()).is_ok() {}
    });
    let answer = stat(&client(port, json!({"retries": 0})));
    expect(&answer, -2);
    assert!(answer["message"].as_str().unwrap().contains("interim"), "{answer:#}");
}

#[test]
fn nonsense_ends_its_connection_and_answers_nothing_else() {
    let forged = success(json!({"who": "forged"}));
    let code = r#"{"code":0,"message":"","data":{"who":"forged"}}"#;
    let length = code.len();
    let odd = [
        format!("HTTP/1.1 204 No Content\r\nContent-Length: {length}\r\n\r\n{code}"),
        format!("HTTP/1.1 204 No Content\r\n\r\n{forged}"),
        format!("HTTP/1.1 205 Reset Content\r\n\r\n{forged}"),
        format!("HTTP/1.1 304 Not Modified\r\nContent-Length: {length}\r\n\r\n{code}"),
        format!("HTTP/1.1 206 Partial Content\r\nContent-Length: {length}\r\n\r\n{code}"),
        format!("HTTP/1.1 101 Switching Protocols\r\n\r\n{forged}"),
        format!("HTTP/1.1 000 Nothing\r\nContent-Length: {length}\r\n\r\n{code}"),
        format!("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n{forged}"),
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nContent-Length: 3\r\n\r\n{code}"),
        format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nTransfer-Encoding: chunked\r\n\r\n\
             {length:x}\r\n{code}\r\n0\r\n\r\n"
        ),
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n{code}"),
    ];
    for odd in odd {
        let shown = odd.clone();
        let port = server(move |mut tcp, number| {
            while head(&mut tcp).is_some() {
                let honest = success(json!({"who": "honest"}));
                let text = if number == 0 { odd.as_str() } else { honest.as_str() };
                let _ = tcp.write_all(text.as_bytes());
            }
        });
        let client = client(port, json!({"retries": 0, "timeout_ms": 20_000}));
        let started = Instant::now();
        let answer = stat(&client);
        assert_eq!(answer["code"], -2, "{shown:?}: {answer:#}");
        assert!(millis(started) < within(15_000), "{shown:?}: {} ms", millis(started));
        let answer = stat(&client);
        assert_eq!(answer["data"]["who"], "honest", "{shown:?}: {answer:#}");
    }
}

#[test]
fn a_reply_may_have_the_headers_of_its_object() {
    let bytes = content(1000);
    let copy = bytes.clone();
    let many: String = (0..2000).map(|i| format!("x-cos-meta-{i}: {i}\r\n")).collect();
    let large = format!("x-cos-meta-a: {}\r\n", "z".repeat(60_000));
    for headers in [many, large] {
        let copy = copy.clone();
        let port = server(move |mut tcp, _| {
            while let Some(head) = head(&mut tcp) {
                let found = success(json!({"filesize": 1000}));
                let _ = if head.contains("op=stat") {
                    tcp.write_all(found.replacen("\r\n", &format!("\r\n{headers}"), 1).as_bytes())
                } else {
                    tcp.write_all(
                        format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: 1000\r\n\r\n")
                            .as_bytes(),
                    )
                    .and_then(|()| tcp.write_all(&copy))
                };
            }
        });
        let (answer, found) = download_bytes(&client(port, json!({"retries": 0})), "/a", json!({}));
        expect(&answer, 0);
        assert_same(&found, &bytes);
    }
}

#[test]
fn what_comes_later_is_asked_for_later() {
    let bed = Bed::new(support::Api::V4);
    expect(&upload_bytes(&bed.client(), "/a", b"bytes", json!({})), 0);
    for status in [408, 429, 500, 503] {
        let client = bed.client_with(json!({"retries": 1}));
        for op in ["stat", "download", "upload"] {
            let operate = |path: &str| match op {
                "stat" => stat(&client),
                "download" => download_bytes(&client, "/a", json!({})).0,
                _ => upload_bytes(&client, path, b"bytes", json!({})),
            };
            bed.emulator.inject(Fault::new(html(status)).op(op));
            expect(&operate(&format!("/{status}")), 0);
            bed.emulator.inject(Fault::new(html(status)).op(op).times(2));
            let answer = operate(&format!("/not-{status}"));
            expect(&answer, -2);
            assert_eq!(answer["error"]["retryable"], true, "{status} {op}");
        }
    }
    let Action::Reply { status, content_type, body, size, execute, .. } = html(429) else {
        unreachable!();
    };
    let headers = [("retry-after".to_owned(), "2".to_owned())].into();
    let later = Action::Reply { status, content_type, body, size, headers, execute };
    bed.emulator.inject(Fault::new(later).op("stat"));
    let started = Instant::now();
    expect(&stat(&bed.client()), 0);
    assert!(millis(started) >= 2000, "{} ms", millis(started));
}

/// More refusals than the retries of one request.
#[test]
fn a_tree_slows_down_instead_of_failing_files() {
    let bed = Bed::new(support::Api::V4);
    let root = bed.path("root");
    fs::create_dir(&root).unwrap();
    for i in 0..3 {
        fs::write(root.join(i.to_string()), content(10 + i)).unwrap();
    }
    let client = bed.client_with(json!({"retries": 1}));
    let up = |options: Value| {
        let (root, options) = (root.to_str().unwrap(), options.to_string());
        reply(tree::upload(&client, PUBLIC, "/t/", root, Some(&options), Watch::default()))
    };
    for action in [code(-71), html(429)] {
        bed.emulator.inject(Fault::new(action).op("upload").path("/t/1").times(3));
        let answer = up(json!({"insert_only": false}));
        expect(&answer, 0);
        assert_eq!(answer["data"]["failed"], 0);
        for i in 0..3 {
            let path = format!("/t/{i}");
            assert_stored(&bed.emulator, &path, &content(10 + i));
            file::delete(&client, PUBLIC, &path, None).unwrap();
        }
    }
    // Who wants no repetition gets none.
    bed.emulator.inject(Fault::new(code(-71)).op("upload").path("/t/1"));
    let answer = up(json!({"insert_only": false, "retries": 0}));
    assert_eq!(
        (&answer["code"], &answer["data"]["failed"]),
        (&json!(-71), &json!(1)),
        "{answer:#}"
    );
}

#[test]
fn damage_is_worth_another_call() {
    let bed = Bed::new(support::Api::V4);
    let client = bed.client();
    expect(&upload_bytes(&client, "/a", &content(1000), json!({})), 0);
    bed.emulator.inject(Fault::new(Action::Corrupt { at: 5 }).op("download"));
    let answer = download_bytes(&client, "/a", json!({})).0;
    expect(&answer, 3);
    assert_eq!(answer["error"]["retryable"], true);
    expect(&download_bytes(&client, "/a", json!({})).0, 0);
    for (number, retryable) in [(-4016, true), (-5983, true), (-29094, true), (-133, false)] {
        bed.emulator.inject(Fault::new(code(number)).op("upload"));
        let answer = upload_bytes(&client, "/b", b"bytes", json!({}));
        expect(&answer, number.into());
        assert_eq!(answer["error"]["retryable"], retryable);
        // That is for the caller to do.
        assert_eq!(answer["error"]["attempts"], 1);
    }
}

#[test]
fn a_wrong_clock_is_set_right_by_the_servers() {
    let bed = Bed::new(support::Api::V4);
    for ahead in [420, -1000, 100_000] {
        bed.emulator.settings(|settings| settings.clock_ahead = ahead);
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&lines);
        let log = move |_: LogLevel, line: &str| sink.lock().unwrap().push(line.to_owned());
        let client = bed.client_with(json!({"retries": 0}));
        client.set_log(Log::new(LogLevel::COS_LOG_FAILURES, Arc::new(log)));
        let sliced = json!({"slice_threshold": 0, "slice_size": SLICE, "insert_only": false});
        let uploaded = upload_bytes(&client, "/a", &content(3 * SLICE), sliced);
        // Nobody is believed about more than a day without proof.
        if ahead > 86_400 {
            expect(&uploaded, -96);
            let hint = uploaded["error"]["hint"].as_str().unwrap();
            assert!(hint.contains("clock is") && hint.contains("s behind"), "{hint}");
            continue;
        }
        expect(&uploaded, 0);
        let count = bed.emulator.requests().len();
        let (answer, found) = download_bytes(&client, "/a", json!({}));
        expect(&answer, 0);
        assert_same(&found, &content(3 * SLICE));
        // The client remembers, also with other settings, and also for others.
        client.set_config(Some(r#"{"timeout_ms": 10000}"#)).unwrap();
        expect(&stat(&client), 0);
        assert_eq!(bed.emulator.requests().len(), count + 3);
        let url = reply(sign::download(&client, "private-bucket", "/a", 60));
        let url = url["data"]["url"].as_str().unwrap();
        let (host, target) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let mut tcp = TcpStream::connect(("127.0.0.1", bed.emulator.port())).unwrap();
        write!(tcp, "GET /{target} HTTP/1.0\r\nHost: {host}\r\n\r\n").unwrap();
        let mut text = String::new();
        tcp.read_to_string(&mut text).unwrap();
        // The signature is good: it is the file that is not there.
        assert!(text.starts_with("HTTP/1.1 404") || text.starts_with("HTTP/1.0 404"), "{text}");
        let lines = lines.lock().unwrap();
        let notes: Vec<_> = lines.iter().filter(|line| line.contains("clock")).collect();
        let direction = if ahead > 0 { "behind" } else { "ahead of" };
        assert_eq!(notes.len(), 1, "{lines:#?}");
        assert!(notes[0].contains(direction), "{notes:?}");
        // A download can be the first to find out, from a host that says nothing but no, which may
        // be about something else.
        let fresh = bed.client_with(json!({"retries": 0}));
        bed.emulator.inject(Fault::new(html(403)).op("download").forever());
        expect(&download_bytes(&fresh, "/a", json!({})).0, -2);
        bed.emulator.clear_faults();
    }
    // Two minutes do not explain a refusal for ever.
    bed.emulator.settings(|settings| settings.clock_ahead = 120);
    bed.emulator.inject(Fault::new(code(-96)).op("stat").forever());
    bed.emulator.clear_requests();
    let answer = stat(&bed.client());
    expect(&answer, -96);
    assert_eq!(bed.emulator.requests().len(), 2);
    let hint = answer["error"]["hint"].as_str().unwrap();
    assert!(hint.contains("clock is 1"), "{hint}");
}

#[test]
fn resets_at_odd_places_lose_nothing() {
    let bed = Bed::new(support::Api::V4);
    let bytes = content(3 * SLICE);
    for after in [0, 1, 17, 400, 5000, 400_000] {
        let client = bed.client();
        let path = format!("/{after}");
        for end in [End::Reset, End::Close] {
            bed.emulator.inject(Fault::new(Action::Drop { after, end }).op("upload_slice_data"));
        }
        let sliced = json!({"slice_threshold": 0, "slice_size": SLICE});
        expect(&upload_bytes(&client, &path, &bytes, sliced), 0);
        assert_stored(&bed.emulator, &path, &bytes);
    }
}
