//! TLS: whom the library talks to, and what it says of those it does not talk to.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use cos::client::Client;
use cos::ops::{file, folder};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::{Value, json};

use support::for_each_api;
use support::platform::within;
use support::servers::{Authority, Certificate, Server, accesses, free_port, tls_in_front};
use support::transfers::*;
use support::{Api, Bed, Op, content, succeed};

/// The host of all but downloads.
fn control_host(api: Api) -> &'static str {
    match api {
        Api::V4 => "localhost",
        Api::V5 => "public-bucket-1250000000.localhost",
    }
}

/// Every name the clients here use.
const HOSTS: &str = "DNS:localhost,DNS:public-bucket-1250000000.localhost";

/// An emulator, and an authority that certifies the servers in front of it.
struct Place {
    bed: Bed,
    authority: Authority,
}

impl Place {
    fn new(api: Api) -> Place {
        let bed = Bed::new(api);
        let authority = Authority::new(&bed.path("authority"));
        Place { bed, authority }
    }

    fn server(&self, certificate: &Certificate, more: &str) -> Server {
        tls_in_front(self.bed.dir.path(), certificate, more, &self.bed.emulator.host())
    }

    /// A client that trusts the authority.
    fn client(&self, port: u16, more: Value) -> Client {
        self.trusting(&self.authority.ca_file(), port, more)
    }

    fn trusting(&self, ca_file: &Path, port: u16, more: Value) -> Client {
        let mut options = json!({"ca_file": ca_file});
        for (key, value) in more.as_object().unwrap() {
            options[key] = value.clone();
        }
        encrypted(&self.bed, port, options)
    }
}

/// A client for the server at `port`, over TLS.
fn encrypted(bed: &Bed, port: u16, more: Value) -> Client {
    let host = format!("localhost:{port}");
    let mut options = json!({"scheme": "https", "hostname": host, "download_hostname": host});
    for (key, value) in more.as_object().unwrap() {
        options[key] = value.clone();
    }
    bed.client_with(options)
}

fn stat(client: &Client, cos_path: &str) -> Value {
    reply(file::stat(client, PUBLIC, cos_path, None))
}

fn list(client: &Client) -> Value {
    reply(folder::list(client, PUBLIC, "/", None))
}

/// Fails unless the handshake was given up at once and for good, and the message says why.
#[track_caller]
fn expect_refusal(answer: &Value, why: &str) {
    expect(answer, -3);
    assert_eq!(answer["error"]["phase"], "tls", "{answer:#}");
    assert_eq!(answer["error"]["origin"], "library");
    assert_eq!(answer["error"]["attempts"], 1, "{answer:#}");
    assert_eq!(answer["error"]["retryable"], false, "{answer:#}");
    let message = answer["message"].as_str().unwrap();
    assert!(message.starts_with("TLS: ") && message.contains(why), "{message}");
}

fn transfers_travel_over_encrypted_connections_that_are_kept(api: Api) {
    let place = Place::new(api);
    let certificate = place.authority.certify("server", HOSTS);
    let server = place.server(&certificate, "ssl_protocols TLSv1.2 TLSv1.3;");
    let client = place.client(server.port, json!({}));
    let bed = &place.bed;
    let (size, local) = (20 * MIB + 3, bed.path("local"));
    let file = bed.file("file", size);
    let round = |path: &str| {
        let options = json!({"slice_threshold": 0, "slice_size": MIB, "concurrency": 3});
        let answer = upload(&client, path, &file, options);
        expect(&answer, 0);
        assert_eq!(answer["transfer"]["slices"], 21);
        let answer = download(&client, path, &local, json!({"concurrency": 3}));
        expect(&answer, 0);
        assert_same(&fs::read(&local).unwrap(), &content(size));
        expect(&stat(&client, path), 0);
    };
    let connections = |accesses: &[[String; 3]]| {
        let mut all: Vec<_> = accesses.iter().map(|access| access[0].clone()).collect();
        all.sort_unstable();
        all.dedup();
        all
    };
    bed.emulator.settings(|settings| settings.instant_upload = false);
    round("/a");
    assert_eq!(bed.ranges().len(), 3);
    assert_stored(&bed.emulator, "/a", &content(size));
    let logged = |least| {
        let all = || accesses(bed.dir.path(), &server);
        wait_until("the log of nginx", || all().len() >= least);
        all()
    };
    // What comes before, 21 slices, finish; 3 ranges, with v4 stat beside the first; stat, with v5
    // also who may read.
    let round_asks = api.before_slices() + 22 + 3 + 2;
    let first = logged(round_asks);
    assert_eq!(first.len(), round_asks);
    assert!(first.iter().all(|access| access[1] == "TLSv1.3"), "{first:?}");
    assert!(connections(&first).len() <= 6, "{first:?}");

    round("/b");
    let both = logged(2 * round_asks);
    assert_eq!(connections(&both), connections(&first));
}

fn what_arrives_over_tls_is_checked_too(api: Api) {
    let place = Place::new(api);
    let server = place.server(&place.authority.certify("server", HOSTS), "");
    let client = place.client(server.port, json!({}));
    let bed = &place.bed;
    expect(&upload(&client, "/a", &bed.file("file", 1000), json!({})), 0);
    let corrupt = cos_emulator::Action::Corrupt { at: 7 };
    bed.emulator.inject(api.fault(Op::Download, corrupt));
    expect(&download(&client, "/a", &bed.path("local"), json!({})), 3);
    assert!(!bed.path("local").exists());
}

fn versions_from_1_2_on_are_spoken(api: Api) {
    let place = Place::new(api);
    let certificate = place.authority.certify("server", HOSTS);
    let file = place.bed.file("file", 2 * SLICE);
    for version in ["TLSv1.2", "TLSv1.3"] {
        let server = place.server(&certificate, &format!("ssl_protocols {version};"));
        let client = place.client(server.port, json!({}));
        let path = format!("/{version}");
        expect(&upload(&client, &path, &file, json!({"slice_threshold": 0})), 0);
        let (answer, bytes) = download_bytes(&client, &path, json!({}));
        expect(&answer, 0);
        assert_same(&bytes, &content(2 * SLICE));
        let accesses = accesses(place.bed.dir.path(), &server);
        assert!(!accesses.is_empty() && accesses.iter().all(|access| access[1] == version));
    }
    place.bed.emulator.clear_requests();
    for (version, flag) in [("TLSv1", "-tls1"), ("TLSv1.1", "-tls1_1")] {
        let settings = format!("ssl_protocols {version}; ssl_ciphers DEFAULT@SECLEVEL=0;");
        let server = place.server(&certificate, &settings);
        assert!(speaks(&server, flag), "the server does not speak {version}");
        let client = place.client(server.port, json!({}));
        expect_refusal(&stat(&client, "/a"), "the TLS handshake failed");
        let answer = upload(&client, "/a", &file, json!({"slice_threshold": 0}));
        expect_refusal(&answer, "the TLS handshake failed");
    }
    assert_eq!(operations(&place.bed.emulator), [""; 0]);
}

/// Whether OpenSSL can agree with the server on that version.
fn speaks(server: &Server, flag: &str) -> bool {
    let mut openssl = Command::new("openssl");
    openssl.args(["s_client", flag, "-cipher", "DEFAULT@SECLEVEL=0", "-connect"]);
    openssl.arg(format!("127.0.0.1:{}", server.port));
    openssl.stdin(Stdio::null()).output().unwrap().status.success()
}

fn certificates_that_prove_nothing_are_refused(api: Api) {
    let place = Place::new(api);
    let others = Authority::new(&place.bed.path("others"));
    let (ours, theirs) = (place.authority.ca_file(), others.ca_file());
    let server = |certificate| place.server(&certificate, "");
    let good = server(place.authority.certify("good", HOSTS));
    let unknown = server(others.certify("unknown", HOSTS));
    let expired = server(place.authority.certify_expired("expired", HOSTS));
    let elsewhere = server(place.authority.certify("elsewhere", "DNS:cos.example"));
    let alone = place.authority.self_signed("alone", HOSTS);
    let vouched_for = alone.pem.clone();
    let alone = server(alone);
    let file = place.bed.file("file", 2 * SLICE);
    let not_for = format!("certificate not valid for name \"{}\"", control_host(api));
    for (name, server, ca_file, why) in [
        ("nobody trusted", &good, None, "certificate"),
        ("another trusted", &good, Some(&theirs), "certificate"),
        ("unknown", &unknown, Some(&ours), "certificate"),
        ("expired", &expired, Some(&ours), "certificate expired"),
        ("elsewhere", &elsewhere, Some(&ours), not_for.as_str()),
        ("self-signed", &alone, Some(&ours), "certificate"),
        ("self-signed, nobody trusted", &alone, None, "certificate"),
    ] {
        eprintln!("{name}");
        let client = match ca_file {
            Some(ca_file) => place.trusting(ca_file, server.port, json!({})),
            None => encrypted(&place.bed, server.port, json!({})),
        };
        expect_refusal(&stat(&client, "/a"), why);
        for threshold in [0, 3 * SLICE] {
            let answer = upload(&client, "/a", &file, json!({"slice_threshold": threshold}));
            expect_refusal(&answer, why);
        }
        expect_refusal(&download(&client, "/a", &place.bed.path("local"), json!({})), why);
    }
    assert_eq!(operations(&place.bed.emulator), [""; 0]);

    // The servers are good for those who have reason to trust them.
    for (server, ca_file) in [(&good, &ours), (&unknown, &theirs), (&alone, &vouched_for)] {
        expect(&stat(&place.trusting(ca_file, server.port, json!({})), "/a"), -197);
    }
}

fn the_download_host_is_verified_by_its_own_name(api: Api) {
    let place = Place::new(api);
    let hosts = format!("DNS:{}", control_host(api));
    let server = place.server(&place.authority.certify("server", &hosts), "");
    let downloads = format!("downloads.localhost:{}", server.port);
    let client = place.client(server.port, json!({"download_hostname": downloads}));
    expect(&upload(&client, "/a", &place.bed.file("file", 1000), json!({})), 0);
    let answer = download(&client, "/a", &place.bed.path("local"), json!({}));
    let name = "\"public-bucket-1250000000.downloads.localhost\"";
    expect_refusal(&answer, &format!("not valid for name {name}"));
    assert_eq!(place.bed.logged(Op::Download).len(), 0);
    assert!(!place.bed.path("local").exists());
}

#[test]
fn an_address_is_verified_as_an_address() {
    let place = Place::new(Api::V4);
    for (names, code) in [("IP:127.0.0.1", -197), ("DNS:localhost,IP:127.0.0.2", -3)] {
        let certificate = place.authority.certify(&code.to_string(), names);
        let server = place.server(&certificate, "");
        let host = format!("127.0.0.1:{}", server.port);
        let client = place.client(server.port, json!({"hostname": host}));
        expect(&stat(&client, "/a"), code);
    }
}

fn verification_has_no_switch(api: Api) {
    let bed = Bed::new(api);
    for key in ["insecure", "verify", "verify_ssl", "verify_peer", "tls_verify"] {
        let client = bed.client();
        let options = json!({key: false}).to_string();
        let failure = client.set_config(Some(&options)).unwrap_err();
        assert_eq!((failure.code(), failure.argument_name()), (-1, Some(key)));
    }
}

fn a_server_that_speaks_no_tls(api: Api) {
    let bed = Bed::new(api);
    let client = encrypted(&bed, bed.emulator.port(), json!({"connect_timeout_ms": 3000}));
    expect_refusal(&stat(&client, "/a"), "the TLS handshake failed");
    assert!(bed.logged(Op::Stat).is_empty());
}

fn a_handshake_that_is_broken_off_or_never_answered(api: Api) {
    let bed = Bed::new(api);
    let closing = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = closing.local_addr().unwrap().port();
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    thread::spawn(move || {
        for tcp in closing.incoming().flatten() {
            counter.fetch_add(1, Ordering::SeqCst);
            // It reads the hello first: closing on unread bytes would be a reset.
            let _ = (&tcp).read(&mut [0; 4096]);
            drop(tcp);
        }
    });
    let answer = stat(&encrypted(&bed, port, json!({"retries": 2})), "/a");
    expect(&answer, -3);
    assert_eq!(answer["error"]["phase"], "tls");
    assert_eq!(answer["error"]["attempts"], 3);
    assert_eq!(connections.load(Ordering::SeqCst), 3);
    assert!(answer["message"].as_str().unwrap().contains("TLS"), "{answer:#}");

    // Whatever is connected to it waits in the listener's queue for ever.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let client = encrypted(&bed, port, json!({"retries": 0, "connect_timeout_ms": 400}));
    let started = Instant::now();
    let answer = stat(&client, "/a");
    expect(&answer, -3);
    assert!((400..within(5000)).contains(&millis(started)), "{} ms", millis(started));
    assert_eq!(answer["error"]["phase"], "tls");
    assert_eq!(answer["error"]["retryable"], true);
    let message = answer["message"].as_str().unwrap();
    assert!(message.contains("in time") && message.contains("TLS"), "{message}");
}

fn a_handshake_that_drips_is_not_longer_than_a_silent_one(api: Api) {
    let bed = Bed::new(api);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut tcp in listener.incoming().flatten() {
            // A record that announces 16 KiB of handshake, a byte at a time.
            let mut bytes = [0x16, 3, 3, 0x40, 0, 2].into_iter().chain(std::iter::repeat(0));
            while tcp.write_all(&[bytes.next().unwrap()]).is_ok() {
                thread::sleep(Duration::from_millis(20));
            }
        }
    });
    let client = encrypted(&bed, port, json!({"retries": 0, "connect_timeout_ms": 400}));
    let started = Instant::now();
    let answer = stat(&client, "/a");
    expect(&answer, -3);
    assert_eq!(answer["error"]["phase"], "tls");
    assert!((400..within(5000)).contains(&millis(started)), "{} ms", millis(started));
}

fn a_ca_file_that_is_none_is_refused(api: Api) {
    let place = Place::new(api);
    let Certificate { key, .. } = place.authority.certify("server", HOSTS);
    let written = |name: &str, text: &str| {
        let path = place.bed.path(name);
        fs::write(&path, text).unwrap();
        path
    };
    let pem = |inside: &str| {
        format!("-----BEGIN CERTIFICATE-----\n{inside}\n-----END CERTIFICATE-----\n")
    };
    let client = place.bed.client();
    let pipe = place.bed.path("pipe");
    succeed(Command::new("mkfifo").arg(&pipe));
    let endless = place.bed.path("endless");
    File::create(&endless).unwrap().set_len(1 << 40).unwrap();
    for ca_file in [
        pipe,
        endless,
        "/dev/zero".into(),
        place.bed.path("missing"),
        place.bed.dir.path().to_owned(),
        written("empty", ""),
        written("text", "no certificate at all\n"),
        written("noise", &pem("%%%%")),
        // Well-formed, but what is inside is no certificate.
        written("hollow", &pem("AAAA")),
        key,
    ] {
        let options = json!({"ca_file": ca_file}).to_string();
        let failure = client.set_config(Some(&options)).unwrap_err();
        assert_eq!(failure.code(), -1, "{ca_file:?}");
        assert_eq!(failure.argument_name(), Some("ca_file"), "{ca_file:?}");
    }
    // The refusals have changed nothing.
    expect(&stat(&client, "/a"), -197);
}

fn a_ca_file_may_hold_more_than_one(api: Api) {
    let place = Place::new(api);
    let others = Authority::new(&place.bed.path("others"));
    let read = |authority: &Authority| fs::read_to_string(authority.ca_file()).unwrap();
    let bundle = place.bed.path("bundle");
    let text = format!("Theirs:\n{}\nOurs:\n{}", read(&others), read(&place.authority));
    fs::write(&bundle, text).unwrap();
    for authority in [&place.authority, &others] {
        let server = place.server(&authority.certify("server", HOSTS), "");
        expect(&stat(&place.trusting(&bundle, server.port, json!({})), "/a"), -197);
    }
}

/// Passes bytes on in both directions. The next piece from the server is falsified when it is told
/// to do so.
fn falsifier(server: u16) -> (u16, Arc<AtomicBool>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let falsify = Arc::new(AtomicBool::new(false));
    let told = Arc::clone(&falsify);
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let server = TcpStream::connect(("127.0.0.1", server)).unwrap();
            let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut from, &mut to));
            let told = Arc::clone(&told);
            thread::spawn(move || {
                let mut piece = [0; 65_536];
                while let Ok(n @ 1..) = (&server).read(&mut piece) {
                    if told.swap(false, Ordering::SeqCst) {
                        piece[n - 1] ^= 1;
                    }
                    if (&client).write_all(&piece[..n]).is_err() {
                        break;
                    }
                }
                let _ = client.shutdown(Shutdown::Both);
                let _ = server.shutdown(Shutdown::Both);
            });
        }
    });
    (port, falsify)
}

/// By then the request has been carried out, so this is a lost reply and no failed handshake.
fn a_reply_that_was_tampered_with_is_a_lost_reply(api: Api) {
    let place = Place::new(api);
    let server = place.server(&place.authority.certify("server", HOSTS), "");
    let (port, falsify) = falsifier(server.port);
    let client = place.client(port, json!({}));
    let file = place.bed.file("file", 1000);
    expect(&stat(&client, "/a"), -197);
    falsify.store(true, Ordering::SeqCst);
    let answer = upload(&client, "/a", &file, json!({}));
    expect(&answer, 0);
    assert_eq!(answer["transfer"]["recovered"], true);
    assert!(!falsify.load(Ordering::SeqCst));
    assert_stored(&place.bed.emulator, "/a", &content(1000));

    falsify.store(true, Ordering::SeqCst);
    let answer = reply(file::delete(&client, PUBLIC, "/a", None));
    match api {
        Api::V4 => {
            expect(&answer, -3);
            assert_eq!(answer["error"]["phase"], "receive");
            assert_eq!(answer["error"]["attempts"], 1);
        }
        // There a deletion can be repeated.
        Api::V5 => expect(&answer, 0),
    }
    assert_absent(&place.bed.emulator, "/a");
}

/// How a server ends a connection after its reply.
#[derive(Clone, Copy)]
enum Ending {
    /// It says so, within TLS, but does not close the TCP connection.
    Farewell,
    /// It closes the TCP connection, as anybody on the way could.
    Cut,
}

/// A server that answers one request on each connection, and counts connections.
fn one_reply_each(
    certificate: &Certificate,
    reply: String,
    ending: Ending,
) -> (u16, Arc<AtomicUsize>) {
    let chain = vec![CertificateDer::from_pem_file(&certificate.pem).unwrap()];
    let key = PrivateKeyDer::from_pem_file(&certificate.key).unwrap();
    let ring = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(ring)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    thread::spawn(move || {
        for mut tcp in listener.incoming().flatten() {
            counter.fetch_add(1, Ordering::SeqCst);
            let (config, reply) = (Arc::clone(&config), reply.clone());
            thread::spawn(move || {
                let mut tls = rustls::ServerConnection::new(config).unwrap();
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    tls.complete_io(&mut tcp).unwrap();
                    match tls.reader().read_to_end(&mut request) {
                        Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                        end => panic!("{end:?}"),
                    }
                }
                tls.writer().write_all(reply.as_bytes()).unwrap();
                if let Ending::Farewell = ending {
                    tls.send_close_notify();
                }
                while tls.wants_write() {
                    tls.write_tls(&mut tcp).unwrap();
                }
                if let Ending::Farewell = ending {
                    // Until the client closes.
                    let _ = tcp.read_to_end(&mut Vec::new());
                }
            });
        }
    });
    (port, connections)
}

fn a_connection_whose_server_said_farewell_is_not_used_again(api: Api) {
    let place = Place::new(api);
    let certificate = place.authority.certify("server", HOSTS);
    let found = api.http(&api.list("/", &[], ""));
    let (port, connections) = one_reply_each(&certificate, found, Ending::Farewell);
    let client = place.client(port, json!({"timeout_ms": 2000, "retries": 0}));
    for calls in 1..=3 {
        expect(&list(&client), 0);
        assert_eq!(connections.load(Ordering::SeqCst), calls);
    }
}

fn a_reply_that_was_cut_off_is_not_taken_for_whole(api: Api) {
    let place = Place::new(api);
    let certificate = place.authority.certify("server", HOSTS);
    let whole = api.http(&api.list("/", &[], ""));
    let with_length = whole[..whole.len() - 5].to_owned();
    let length = with_length.find("Content-Length").unwrap();
    let body = with_length.find("\r\n\r\n").unwrap();
    let without = format!("{}Connection: close{}", &with_length[..length], &with_length[body..]);
    for (found, code) in [(with_length, -3), (without, -2)] {
        let (port, _) = one_reply_each(&certificate, found, Ending::Cut);
        let client = place.client(port, json!({"timeout_ms": 2000, "retries": 0}));
        expect(&list(&client), code);
    }
}

fn nobody_listens(api: Api) {
    let bed = Bed::new(api);
    let answer = stat(&encrypted(&bed, free_port(), json!({"retries": 0})), "/a");
    expect(&answer, -3);
    assert_eq!(answer["error"]["phase"], "connect");
}

for_each_api! {
    transfers_travel_over_encrypted_connections_that_are_kept,
    what_arrives_over_tls_is_checked_too,
    versions_from_1_2_on_are_spoken,
    certificates_that_prove_nothing_are_refused,
    the_download_host_is_verified_by_its_own_name,
    verification_has_no_switch,
    a_server_that_speaks_no_tls,
    a_handshake_that_is_broken_off_or_never_answered,
    a_handshake_that_drips_is_not_longer_than_a_silent_one,
    a_ca_file_that_is_none_is_refused,
    a_ca_file_may_hold_more_than_one,
    a_reply_that_was_tampered_with_is_a_lost_reply,
    a_connection_whose_server_said_farewell_is_not_used_again,
    a_reply_that_was_cut_off_is_not_taken_for_whole,
    nobody_listens
}
