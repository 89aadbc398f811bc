//! Proxies: everything travels through the one that was named, and through no other.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use cos::client::Client;
use cos::ops::{file, folder};
use serde_json::{Value, json};

use support::for_each_api;
use support::platform::within;
use support::servers::{Authority, free_port, tinyproxy, tls_in_front, tunnels};
use support::transfers::*;
use support::{Api, Bed, content, platform};

const PASSWORD: &str = "hunter2";

fn stat(client: &Client, cos_path: &str) -> Value {
    reply(file::stat(client, PUBLIC, cos_path, None))
}

fn through(bed: &Bed, proxy: &str, more: Value) -> Client {
    let mut options = json!({"proxy": proxy});
    for (key, value) in more.as_object().unwrap() {
        options[key] = value.clone();
    }
    bed.client_with(options)
}

/// The option `hostname` for a server on this machine.
fn control_hostname(api: Api, port: u16) -> String {
    match api {
        Api::V4 => format!("127.0.0.1:{port}"),
        Api::V5 => format!("localhost:{port}"),
    }
}

/// The host of requests that are no downloads.
fn control_host(api: Api, port: u16) -> String {
    match api {
        Api::V4 => control_hostname(api, port),
        Api::V5 => content_host(port),
    }
}

/// The host of downloads.
fn content_host(port: u16) -> String {
    format!("public-bucket-1250000000.localhost:{port}")
}

/// A proxy written for these tests, which leads every host to this machine: no resolver here knows
/// `bucket-appid.localhost`, and other names are made up.
struct Gate {
    port: u16,
    /// What each client sent, a `CONNECT` and what came after it or requests with whole URLs.
    sent: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Gate {
    /// A gate to the ports that clients ask for.
    fn open() -> Gate {
        Gate::answering(|head| {
            let asked = head.split(' ').nth(1).unwrap();
            let (answer, host) = match asked.strip_prefix("http://") {
                Some(url) => ("", url.split('/').next().unwrap()),
                None => ("HTTP/1.1 200 Connected\r\n\r\n", asked),
            };
            (answer, Some(host.rsplit(':').next().unwrap().parse().unwrap()))
        })
    }

    /// A gate that answers like this and ends the connection.
    fn shut(answer: &'static str) -> Gate {
        Gate::answering(move |_| (answer, None))
    }

    /// What it is asked for decides what it answers and to which port it leads.
    fn answering(
        answer: impl Fn(&str) -> (&'static str, Option<u16>) + Send + Sync + 'static,
    ) -> Gate {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let sent = Arc::new(Mutex::new(Vec::new()));
        let (answer, all) = (Arc::new(answer), Arc::clone(&sent));
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let (answer, all) = (Arc::clone(&answer), Arc::clone(&all));
                thread::spawn(move || pass(client, &*answer, &all));
            }
        });
        Gate { port, sent }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What was sent, as text, a connection each.
    fn sent(&self) -> Vec<String> {
        let sent = self.sent.lock().unwrap();
        sent.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned()).collect()
    }
}

fn pass(
    mut client: TcpStream,
    answer: &dyn Fn(&str) -> (&'static str, Option<u16>),
    all: &Mutex<Vec<Vec<u8>>>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if client.read(&mut byte).unwrap_or(0) == 0 {
            return;
        }
        head.push(byte[0]);
    }
    let (answer, port) = answer(std::str::from_utf8(&head).unwrap());
    let mut server = port.map(|port| TcpStream::connect(("127.0.0.1", port)).unwrap());
    if let (Some(server), "") = (&mut server, answer) {
        server.write_all(&head).unwrap();
    }
    let number = {
        let mut all = all.lock().unwrap();
        all.push(head);
        all.len() - 1
    };
    client.write_all(answer.as_bytes()).unwrap();
    let Some(mut server) = server else {
        let _ = client.shutdown(Shutdown::Both);
        return;
    };
    let (mut back, mut to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    thread::spawn(move || {
        let _ = std::io::copy(&mut back, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
    });
    let mut piece = [0; 65_536];
    while let Ok(n @ 1..) = client.read(&mut piece) {
        all.lock().unwrap()[number].extend_from_slice(&piece[..n]);
        if server.write_all(&piece[..n]).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Both);
}

fn transfers_travel_through_tinyproxy(api: Api) {
    let bed = Bed::new(api);
    let authority = Authority::new(&bed.path("authority"));
    let hosts = "IP:127.0.0.1,DNS:public-bucket-1250000000.localhost";
    let certificate = authority.certify("server", hosts);
    let secured = tls_in_front(bed.dir.path(), &certificate, "", &bed.emulator.host());
    bed.emulator.settings(|settings| settings.instant_upload = false);
    // tinyproxy passes hosts that no resolver knows on to the gate.
    let gate = Gate::open();
    let next = format!("Upstream http 127.0.0.1:{} \".localhost\"", gate.port);
    let (size, local) = (18 * MIB + 1, bed.path("local"));
    let file = bed.file("file", size);
    for (scheme, port) in [("http", bed.emulator.port()), ("https", secured.port)] {
        for (lock, key) in [("", ""), ("BasicAuth user hunter2", "user:hunter2@")] {
            let proxy = tinyproxy(bed.dir.path(), &format!("{next}\n{lock}"));
            let url = format!("http://{key}127.0.0.1:{}", proxy.port);
            let options = json!({
                "scheme": scheme,
                "hostname": control_hostname(api, port),
                "download_hostname": format!("localhost:{port}"),
                "ca_file": authority.ca_file(),
            });
            let client = through(&bed, &url, options);
            let round = |path: &str| {
                let options = json!({"slice_threshold": 0, "slice_size": 3 * MIB});
                expect(&upload(&client, path, &file, options), 0);
                expect(&download(&client, path, &local, json!({})), 0);
                assert_same(&fs::read(&local).unwrap(), &content(size));
            };
            let path = format!("/{scheme}-{}", key.len());
            round(&path);
            let first = tunnels(bed.dir.path(), &proxy);
            if scheme == "http" {
                assert_eq!(first, [""; 0]);
                continue;
            }
            let hosts: BTreeSet<_> = first.iter().cloned().collect();
            let expected = [control_host(api, port), content_host(port)];
            assert_eq!(hosts, BTreeSet::from(expected), "{first:?}");
            assert!((2..=8).contains(&first.len()), "{first:?}");
            // Tunnels are kept like other connections.
            round(&format!("{path}-again"));
            assert_eq!(tunnels(bed.dir.path(), &proxy), first);
        }
    }
    assert_stored(&bed.emulator, "/https-13-again", &content(size));
}

fn a_proxy_that_wants_other_credentials(api: Api) {
    let bed = Bed::new(api);
    // tinyproxy passes hosts that no resolver knows on to the gate.
    let next = format!("Upstream http 127.0.0.1:{} \".localhost\"", Gate::open().port);
    let proxy = tinyproxy(bed.dir.path(), &format!("{next}\nBasicAuth user secret"));
    let host = format!("127.0.0.1:{}", proxy.port);
    let client = bed.client();
    for key in ["", "user:hunter2@", "other:hunter2@", "user@"] {
        let options = json!({"proxy": format!("http://{key}{host}")}).to_string();
        client.set_config(Some(&options)).unwrap();
        let local = bed.file("file", 1000);
        for answer in [stat(&client, "/a"), upload(&client, "/a", &local, json!({}))] {
            expect(&answer, -3);
            assert_eq!(answer["error"]["phase"], "connect");
            assert_eq!(answer["error"]["attempts"], 1);
            assert_eq!(answer["error"]["retryable"], false);
            let message = answer["message"].as_str().unwrap();
            for part in [host.as_str(), "the proxy", "refused", "credentials"] {
                assert!(message.contains(part), "{message}");
            }
            assert!(!answer.to_string().contains(PASSWORD), "{answer:#}");
        }
        assert!(!format!("{client:?}").contains(PASSWORD));
    }
    assert_eq!(operations(&bed.emulator), [""; 0]);
    let options = json!({"proxy": format!("http://user:secret@{host}")}).to_string();
    client.set_config(Some(&options)).unwrap();
    expect(&stat(&client, "/a"), -197);
}

fn odd_characters_in_credentials_are_written_as_in_urls(api: Api) {
    let bed = Bed::new(api);
    let gate = Gate::open();
    let url = format!("http://us%40er:p%3A%2F%25+%E5%AF%86@127.0.0.1:{}", gate.port);
    expect(&stat(&through(&bed, &url, json!({})), "/a"), -197);
    let sent = gate.sent();
    let credentials = BASE64_STANDARD.encode("us@er:p:/%+密");
    let line = format!("proxy-authorization: Basic {credentials}\r\n");
    assert!(sent[0].contains(&line), "{}", sent[0]);
}

fn plain_http_is_asked_for_with_the_whole_url(api: Api) {
    let bed = Bed::new(api);
    let gate = Gate::open();
    let client = through(&bed, &gate.url(), json!({}));
    let bytes = content(19 * MIB);
    let simple = json!({"slice_threshold": 20 * MIB});
    expect(&upload_bytes(&client, "/a", &bytes, simple), 0);
    let (answer, found) = download_bytes(&client, "/a", json!({}));
    expect(&answer, 0);
    assert_same(&found, &bytes);
    let port = bed.emulator.port();
    let (control, content) = (control_host(api, port), content_host(port));
    let (upload, look, download) = match api {
        Api::V4 => {
            let url = format!("http://{control}/files/v2/1250000000/public-bucket/a");
            let download = format!("GET http://{content}/a?sign=");
            (format!("POST {url} HTTP"), format!("GET {url}?op=stat HTTP"), download)
        }
        Api::V5 => {
            let url = format!("http://{content}/a");
            let download = format!("GET {url} HTTP");
            (format!("PUT {url} HTTP"), download.clone(), download)
        }
    };
    let sent = gate.sent();
    assert!(sent[0].starts_with(&upload), "{}", &sent[0][..200]);
    // The connection is kept, and the host is named where hosts are named, too.
    assert!(sent[0].contains(&look));
    assert!(sent[0].contains(&format!("\r\nhost: {control}\r\n")));
    assert!(sent[1..].iter().all(|sent| sent.starts_with(&download)), "{:?}", &sent[1..]);
    assert!(sent[1].contains(&format!("\r\nhost: {content}\r\n")));
}

fn the_proxy_learns_the_host_and_nothing_else(api: Api) {
    let bed = Bed::new(api);
    let authority = Authority::new(&bed.path("authority"));
    let names = "DNS:localhost,DNS:public-bucket-1250000000.localhost";
    let certificate = authority.certify("server", names);
    let server = tls_in_front(bed.dir.path(), &certificate, "", &bed.emulator.host());
    let gate = Gate::open();
    let hostname = format!("localhost:{}", server.port);
    let host = if api == Api::V4 { hostname.clone() } else { content_host(server.port) };
    let options = json!({"scheme": "https", "hostname": hostname, "ca_file": authority.ca_file()});
    let url = format!("http://user:{PASSWORD}@127.0.0.1:{}", gate.port);
    let client = through(&bed, &url, options);
    let answer = upload_bytes(&client, "/confidential", b"confidential", json!({}));
    expect(&answer, 0);
    let sent = gate.sent();
    assert_eq!(sent.len(), 1);
    let (head, behind) = sent[0].split_once("\r\n\r\n").unwrap();
    let agent = concat!("libcos/", env!("CARGO_PKG_VERSION"));
    let expected = [
        format!("CONNECT {host} HTTP/1.1"),
        format!("Host: {host}"),
        format!("User-Agent: {agent}"),
        "Proxy-Connection: Keep-Alive".to_owned(),
        format!("Proxy-Authorization: Basic {}", BASE64_STANDARD.encode("user:hunter2")),
    ];
    assert_eq!(head.split("\r\n").collect::<Vec<_>>(), expected);
    let behind = behind.to_lowercase();
    assert!(!behind.contains("confidential") && !behind.contains("authorization"));
    assert_stored(&bed.emulator, "/confidential", b"confidential");
}

fn names_are_looked_up_by_the_proxy(api: Api) {
    let bed = Bed::new(api);
    let host = format!("objects.invalid:{}", bed.emulator.port());
    let options = json!({"hostname": host, "download_hostname": host});
    let gate = Gate::open();
    let client = through(&bed, &gate.url(), options);
    expect(&upload_bytes(&client, "/a", &content(1000), json!({})), 0);
    let (answer, bytes) = download_bytes(&client, "/a", json!({}));
    expect(&answer, 0);
    assert_same(&bytes, &content(1000));
    let asked = gate.sent();
    let content = "http://public-bucket-1250000000.objects.invalid:";
    match api {
        Api::V4 => {
            assert!(asked[0].starts_with("POST http://objects.invalid:"), "{asked:?}");
            assert!(asked[1].starts_with(&format!("GET {content}")), "{asked:?}");
        }
        Api::V5 => {
            assert!(asked[0].starts_with(&format!("PUT {content}")), "{asked:?}");
            assert!(asked[0].contains(&format!("GET {content}")), "{asked:?}");
        }
    }
}

fn the_proxys_answers(api: Api) {
    let bed = Bed::new(api);
    let options = json!({"retries": 1, "scheme": "https"});
    let refused_host = format!("refused to connect to {}", control_host(api, bed.emulator.port()));
    for (answer, retryable, part) in [
        ("HTTP/1.1 403 Forbidden\r\n\r\n", false, refused_host.as_str()),
        ("HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nbody", false, "HTTP 403"),
        ("HTTP/1.1 407 No\r\n\r\n", false, "without valid credentials: HTTP 407"),
        ("HTTP/1.1 301 Moved\r\nLocation: http://localhost/\r\n\r\n", false, "HTTP 301"),
        ("HTTP/1.0 503 Busy\r\n\r\n", true, "HTTP 503"),
        ("", true, "closed the connection"),
        ("HTTP/1.1 200", true, "closed the connection"),
        ("HTTP/1.1 429 Slowly\r\n\r\n", true, "HTTP 429"),
        ("HTTP/1.1 100 Continue\r\nVia: x\r\n\r\nHTTP/1.1 403 No\r\n\r\n", false, "HTTP 403"),
        ("SSH-2.0-OpenSSH_9.2\r\n\r\n", true, "is not HTTP"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK", true, "is not HTTP"),
    ] {
        let gate = Gate::shut(answer);
        let client = through(&bed, &gate.url(), options.clone());
        // Nobody but the proxy has seen it, so even a deletion can be tried again.
        let operations =
            [file::stat(&client, PUBLIC, "/a", None), file::delete(&client, PUBLIC, "/a", None)];
        for failure in operations.map(reply) {
            expect(&failure, -3);
            assert_eq!(failure["error"]["phase"], "connect", "{answer:?}");
            assert_eq!(failure["error"]["retryable"], retryable, "{answer:?}");
            let attempts = if retryable { 2 } else { 1 };
            assert_eq!(failure["error"]["attempts"], attempts, "{answer:?}");
            let message = failure["message"].as_str().unwrap();
            let proxy = format!("the proxy 127.0.0.1:{}", gate.port);
            assert!(message.contains(&proxy) && message.contains(part), "{answer:?}: {message}");
        }
    }
    assert_eq!(operations(&bed.emulator), [""; 0]);
}

fn a_proxy_that_is_not_there(api: Api) {
    let bed = Bed::new(api);
    let host = format!("127.0.0.1:{}", free_port());
    let client = through(&bed, &format!("http://user:{PASSWORD}@{host}"), json!({"retries": 1}));
    let answer = stat(&client, "/a");
    expect(&answer, -3);
    assert_eq!(answer["error"]["phase"], "connect");
    assert_eq!(answer["error"]["attempts"], 2);
    let message = answer["message"].as_str().unwrap();
    assert!(message.contains(&format!("the proxy {host}")), "{message}");
    assert!(!answer.to_string().contains(PASSWORD));
    // What the proxy is for is there; it must not be asked directly.
    assert_eq!(operations(&bed.emulator), [""; 0]);
}

fn a_proxy_that_does_not_answer(api: Api) {
    let bed = Bed::new(api);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let dripping = TcpListener::bind("127.0.0.1:0").unwrap();
    let ports = [&silent, &dripping].map(|listener| listener.local_addr().unwrap().port());
    thread::spawn(move || {
        for mut tcp in dripping.incoming().flatten() {
            thread::spawn(move || {
                while tcp.write_all(b"H").is_ok() {
                    thread::sleep(Duration::from_millis(10));
                }
            });
        }
    });
    for port in ports {
        let options = json!({"scheme": "https", "retries": 0, "connect_timeout_ms": 400});
        let client = through(&bed, &format!("http://127.0.0.1:{port}"), options);
        let started = Instant::now();
        let answer = stat(&client, "/a");
        expect(&answer, -3);
        let took = millis(started);
        assert!(took < 1500, "{took} ms");
        assert_eq!(answer["error"]["phase"], "connect", "{answer:#}");
        let message = answer["message"].as_str().unwrap();
        assert!(message.contains(&format!("the proxy 127.0.0.1:{port}")), "{message}");
        if port == ports[0] {
            assert!(took >= 400 && message.contains("in time"), "{took} ms: {message}");
        }
    }
}

/// The handshake behind the tunnel belongs to connecting as well.
fn a_tunnel_that_leads_to_silence(api: Api) {
    let bed = Bed::new(api);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let gate = Gate::answering(move |_| ("HTTP/1.1 200 OK\r\n\r\n", Some(port)));
    for (scheme, options, phase) in [
        ("https", json!({"connect_timeout_ms": 400}), "tls"),
        ("http", json!({"timeout_ms": 400}), "receive"),
    ] {
        let mut options = options;
        options["scheme"] = json!(scheme);
        options["retries"] = json!(0);
        let client = through(&bed, &gate.url(), options);
        let started = Instant::now();
        let answer = reply(folder::list(&client, PUBLIC, "/", None));
        expect(&answer, -3);
        assert!((400..within(5000)).contains(&millis(started)), "{} ms", millis(started));
        assert_eq!(answer["error"]["phase"], phase);
        assert!(!answer["message"].as_str().unwrap().contains("proxy"), "{answer:#}");
    }
}

/// Runs one test of this module in a process of its own, with other variables.
fn run_with(test: &str, variables: &[(&str, &str)]) {
    let mut own = platform::command(&std::env::current_exe().unwrap());
    own.args(["--exact", &format!("proxy::v4::{test}")]).envs(variables.iter().copied());
    let output = support::succeed(&mut own);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(text.contains("1 passed"), "{text}");
}

fn without_a_proxy(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    expect(&upload_bytes(&client, "/a", &content(1000), json!({})), 0);
    let (answer, bytes) = download_bytes(&client, "/a", json!({}));
    expect(&answer, 0);
    assert_same(&bytes, &content(1000));
}

#[test]
fn the_environment_is_not_asked() {
    let gate = Gate::shut("HTTP/1.1 403 Forbidden\r\n\r\n");
    let url = gate.url();
    let names =
        ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
    run_with("without_a_proxy", &names.map(|name| (name, url.as_str())));
    assert_eq!(gate.sent(), [""; 0]);
    // Nor for exceptions from the proxy that was named.
    let exceptions = [("no_proxy", "*"), ("NO_PROXY", "*")];
    run_with("a_proxy_that_is_not_there", &exceptions);
    run_with("names_are_looked_up_by_the_proxy", &exceptions);
}

for_each_api! {
    transfers_travel_through_tinyproxy,
    a_proxy_that_wants_other_credentials,
    odd_characters_in_credentials_are_written_as_in_urls,
    plain_http_is_asked_for_with_the_whole_url,
    the_proxy_learns_the_host_and_nothing_else,
    names_are_looked_up_by_the_proxy,
    the_proxys_answers,
    a_proxy_that_is_not_there,
    a_proxy_that_does_not_answer,
    a_tunnel_that_leads_to_silence,
    without_a_proxy
}
