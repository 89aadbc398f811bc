//! Secrets stay secret: neither the key, nor the proxy's password, nor a signature is in anything
//! that the library says, and the key is gone from memory with its client.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD};
use cos::account::Account;
use cos::client::Client;
use cos::config::Config;
use cos::log::{Log, LogLevel};
use cos::ops::{download, file, folder, sign, tree, upload};
use cos::options::Options;
use cos::reply::Reply;
use cos::reply::Result;
use cos::threads::Watch;
use cos_emulator::{Action, Config as EmulatorConfig, Credential, Emulator, End, Fault};
use serde_json::{Value, json};

use support::for_each_api;
use support::transfers::{MIB, dropped, html, lost};
use support::{APPID, Api, BUCKET, Bed, Link, Op, SECRET_ID, SECRET_KEY, compile};

const PASSWORD: &str = "hunter2-hunter2";

/// Everything that was said: answers, log lines, `Debug` output.
#[derive(Clone)]
struct Said {
    api: Api,
    texts: Arc<Mutex<Vec<String>>>,
}

impl Said {
    fn new(api: Api) -> Said {
        Said { api, texts: Arc::default() }
    }

    fn note(&self, text: impl Into<String>) {
        self.texts.lock().unwrap().push(text.into());
    }

    /// A client whose log is heard, and which has shown itself.
    fn client(&self, client: Client) -> Client {
        let said = self.clone();
        let sink = move |_: LogLevel, line: &str| said.note(line);
        client.set_log(Log::new(LogLevel::COS_LOG_REQUESTS, Arc::new(sink)));
        let snapshot = client.snapshot();
        let call = snapshot.call(&mut Options::default(), client.stop(None)).unwrap();
        self.note(format!("{client:?} {call:?} {snapshot:?} {:#?}", snapshot.config));
        client
    }

    fn result<T: Into<Reply>>(&self, result: Result<T>) -> Value {
        let answer: Reply = match result {
            Ok(reply) => reply.into(),
            Err(failure) => {
                self.note(format!("{failure:?}"));
                failure.into()
            }
        };
        self.note(format!("{answer:?}"));
        support::parsed(&answer)
    }

    fn all(&self) -> Vec<String> {
        self.texts.lock().unwrap().clone()
    }

    #[track_caller]
    fn assert_nothing_secret(&self) {
        for text in self.all() {
            assert_eq!(secret_in(self.api, &text), None, "in {text}");
        }
    }
}

/// The secret that a text contains, as it is or the way it travels.
fn secret_in(api: Api, text: &str) -> Option<&'static str> {
    let basic = BASE64_STANDARD.encode(format!("user:{PASSWORD}"));
    if text.contains(SECRET_KEY) {
        Some("the key")
    } else if text.contains(SECRET_ID) {
        Some("the secret id")
    } else if text.contains(PASSWORD) || text.contains(basic.trim_end_matches('=')) {
        Some("the password")
    } else if holds_signature(api, text) {
        Some("a signature")
    } else {
        None
    }
}

/// Whether a text has a signature in it.
fn holds_signature(api: Api, text: &str) -> bool {
    match api {
        Api::V4 => holds_signed_text(text),
        // Nothing else that is said has 40 hexadecimal digits.
        Api::V5 => text
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(|run| run.len() == 40 && run.bytes().all(|b| b.is_ascii_hexdigit())),
    }
}

/// Whether some run of Base64 is, from whichever character on, a signed text.
fn holds_signed_text(text: &str) -> bool {
    let decoded = text.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
    decoded.split(|c: char| !c.is_ascii_alphanumeric() && c != '+' && c != '/').any(|run| {
        (0..4.min(run.len())).any(|start| {
            let whole = &run[start..];
            let whole = &whole[..whole.len() / 4 * 4];
            let bytes = BASE64_STANDARD_NO_PAD.decode(whole).unwrap_or_default();
            bytes.windows(SECRET_ID.len()).any(|window| window == SECRET_ID.as_bytes())
        })
    })
}

fn what_is_searched_for_would_be_found(api: Api) {
    let bed = Bed::new(api);
    let client = bed.client();
    let mut signed = vec![sign::download(&client, BUCKET, "/路径", 60)];
    if api == Api::V4 {
        signed.extend([sign::more(&client, BUCKET, "/a", 60), sign::once(&client, BUCKET, "/a b")]);
    }
    for answer in signed {
        let json = answer.unwrap().json;
        assert!(secret_in(api, &json).is_some());
        assert!(holds_signature(api, &json));
        assert!(holds_signature(api, &json.replace('+', "%2B").replace('/', "%2F")));
    }
    assert_eq!(
        secret_in(api, &format!("Basic {}", BASE64_STANDARD.encode(format!("user:{PASSWORD}")))),
        Some("the password")
    );
    assert_eq!(secret_in(api, &"harmless/text+".repeat(20)), None);
}

/// Does one of everything, and notes what is said. The answers.
fn everything(said: &Said, bed: &Bed, client: &Client) -> Vec<Value> {
    let source = bed.file("source", 3 * MIB);
    let source = source.to_str().unwrap();
    let target = bed.path("target");
    let target = target.to_str().unwrap();
    let (up, down) = (bed.path("up"), bed.path("down"));
    fs::create_dir_all(up.join("sub")).unwrap();
    fs::write(up.join("sub/file"), "x").unwrap();
    let (up, down) = (up.to_str().unwrap(), down.to_str().unwrap());
    let sliced = Some(r#"{"slice_threshold": 0, "slice_size": 524288, "insert_only": 0}"#);
    let simple = Some(r#"{"insert_only": 0}"#);
    let replace = Some(r#"{"overwrite": true}"#);
    let watch = Watch::default;
    let mut data = |_: &[u8]| true;
    vec![
        said.result(upload::file(client, BUCKET, "/s", source, sliced, watch())),
        said.result(upload::buffer(client, BUCKET, "/a", b"bytes", simple, watch())),
        said.result(file::stat(client, BUCKET, "/a", None)),
        said.result(file::update(client, BUCKET, "/a", Some(r#"{"biz_attr": "x"}"#))),
        said.result(file::copy(client, BUCKET, "/a", "/b", replace)),
        said.result(file::rename(client, BUCKET, "/b", "/c", replace)),
        said.result(folder::create(client, BUCKET, "/d/", None)),
        said.result(folder::stat(client, BUCKET, "/d/", None)),
        said.result(folder::update(client, BUCKET, "/d/", Some(r#"{"biz_attr": "x"}"#))),
        said.result(folder::list(client, BUCKET, "/", Some(r#"{"all": true}"#))),
        said.result(download::file(client, BUCKET, "/s", target, None, watch())),
        said.result(
            download::buffer(client, BUCKET, "/a", None, watch()).map(|(answer, _)| answer),
        ),
        said.result(download::stream(client, BUCKET, "/s", None, watch(), &mut data)),
        said.result(tree::upload(client, BUCKET, "/t/", up, None, watch())),
        said.result(tree::download(client, BUCKET, "/t/", down, None, watch())),
        said.result(folder::delete(client, BUCKET, "/d/", None)),
        said.result(file::delete(client, BUCKET, "/c", None)),
    ]
}

fn phases(answers: &[Value]) -> BTreeSet<String> {
    answers
        .iter()
        .filter_map(|answer| answer["error"]["phase"].as_str())
        .map(str::to_owned)
        .collect()
}

fn successes_tell_no_secret(api: Api) {
    let (bed, said) = (Bed::new(api), Said::new(api));
    let answers = everything(&said, &bed, &said.client(bed.client()));
    for answer in answers {
        assert_eq!(answer["code"], 0, "{answer:#}");
    }
    // The log was heard, and what it must not show was there.
    let lines = said.all().join("\n");
    let slice = if api == Api::V4 { "op=upload_slice_data" } else { "op=upload_part" };
    assert!(lines.contains(slice) && lines.contains("op=download"), "{lines}");
    let downloads = bed.logged(Op::Download);
    assert!(downloads.iter().all(|download| download.sign_place.is_some()));
    said.assert_nothing_secret();
}

fn failures_tell_no_secret_in_any_phase(api: Api) {
    let said = Said::new(api);
    let mut seen = BTreeSet::new();
    // A request that fails on its way, or is refused.
    let actions = [
        dropped(),
        Action::Drop { after: 100_000, end: End::Reset },
        lost(),
        html(403),
        html(503),
        api.code(-97),
        api.code(-71),
        Action::Garbage { text: "no HTTP\r\n\r\n".into() },
        Action::Redirect { location: "http://127.0.0.1:1/".into(), status: 302 },
    ];
    let try_all = |action: &Action| {
        let (bed, mut seen) = (Bed::new(api), BTreeSet::new());
        let client = said.client(bed.client_with(json!({"retries": 1})));
        everything(&said, &bed, &client);
        for op in [None, Some(Op::Download), Some(Op::Slice)] {
            let fault = match op {
                None => Fault::new(action.clone()),
                Some(op) => api.fault(op, action.clone()),
            };
            bed.emulator.inject(fault.forever());
            seen.extend(phases(&everything(&said, &bed, &client)));
            bed.emulator.clear_faults();
        }
        seen
    };
    // Most of the time is pauses.
    thread::scope(|scope| {
        let trials = actions.each_ref().map(|action| scope.spawn(|| try_all(action)));
        seen.extend(trials.into_iter().flat_map(|trial| trial.join().unwrap()));
    });
    // A server that can't be reached, or is not what it should be.
    let bed = Bed::new(api);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = format!("localhost:{nobody}");
    for options in [
        json!({"hostname": "no-such-host.invalid"}),
        json!({"hostname": nobody}),
        json!({"scheme": "https"}),
        json!({"proxy": format!("http://user:{PASSWORD}@{nobody}")}),
        json!({"proxy": format!("http://user:{PASSWORD}@no-such-host.invalid:1")}),
        json!({"proxy": format!("http://user:{PASSWORD}@{}", echo(api, 407).0)}),
        json!({"proxy": format!("http://user:{PASSWORD}@{}", echo(api, 502).0)}),
    ] {
        let mut options = options;
        options["retries"] = json!(0);
        let client = said.client(bed.client_with(options));
        seen.extend(phases(&everything(&said, &bed, &client)));
    }
    // A server that does not read what it is sent.
    bed.emulator.inject(Fault::new(Action::Delay { ms: 2000 }).op("accept"));
    let client = said.client(bed.client_with(json!({"retries": 0, "timeout_ms": 300})));
    let (bytes, simple) = (vec![0; 19 * MIB], Some(r#"{"slice_threshold": 20971520}"#));
    let stuck = upload::buffer(&client, BUCKET, "/a", &bytes, simple, Watch::default());
    seen.extend(phases(&[said.result(stuck)]));
    // A local file that is not there.
    let client = said.client(bed.client());
    let missing = said.result(upload::file(&client, BUCKET, "/a", "/none", None, Watch::default()));
    seen.extend(phases(&[missing]));
    // Bad arguments, of which some are secrets themselves.
    let proxy = format!(r#"{{"proxy": "ftp://user:{PASSWORD}@host:1"}}"#);
    let both = format!(r#"{{"proxy": "http://user:{PASSWORD}@host:1", "retries": 99}}"#);
    let broken = format!(r#"{{"proxy": "http://user:{PASSWORD}@host:1""#);
    let refusals: Vec<_> = [&proxy, &both, &broken]
        .into_iter()
        .map(|options| client.set_config(Some(options)))
        .chain([
            client.set_credentials("no number", SECRET_ID, SECRET_KEY, None),
            client.set_credentials(APPID, SECRET_ID, &format!("{SECRET_KEY}\n"), None),
            client.set_credentials(APPID, &format!("{SECRET_ID} "), SECRET_KEY, None),
        ])
        .map(|result| said.result(result.map(|()| Reply::done())))
        .collect();
    assert!(refusals.iter().all(|answer| answer["code"] == -1), "{refusals:#?}");
    seen.extend(phases(&refusals));

    let all = ["argument", "local_file", "resolve", "connect", "tls", "send", "receive", "server"];
    assert_eq!(seen, all.map(str::to_owned).into());
    said.assert_nothing_secret();
}

#[test]
fn debug_output_tells_no_secret() {
    let options = format!(r#"{{"scheme": "http", "proxy": "http://user:{PASSWORD}@host:1"}}"#);
    let parsed = || Options::parse(Some(&options)).unwrap();
    let said = Said::new(Api::V4);
    said.note(format!("{:?}", parsed()));
    said.note(format!("{:#?}", Config::new(Some("sh"), parsed()).unwrap()));
    said.note(format!("{:?}", Account::new(APPID, SECRET_ID, SECRET_KEY).unwrap()));
    said.client(Client::new(APPID, SECRET_ID, SECRET_KEY, Some("sh"), Some(&options)).unwrap());
    said.assert_nothing_secret();
}

/// A server that answers with what it was sent, in the reply's message and as a page. The heads of
/// the requests it got.
fn echo(api: Api, status: u16) -> (String, Arc<Mutex<Vec<String>>>) {
    echo_wrapped(api, status, |head| (head.to_owned(), json!({})))
}

/// Makes a message of a request's head, and the rest of the reply.
type Wrap = fn(&str) -> (String, Value);

/// The same with the message and the rest that `wrap` makes; the code is -97.
fn echo_wrapped(api: Api, status: u16, wrap: Wrap) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = format!("localhost:{}", listener.local_addr().unwrap().port());
    let heads = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&heads);
    thread::spawn(move || {
        for tcp in listener.incoming() {
            let (mut tcp, mut head) = (tcp.unwrap(), vec![0; 8192]);
            let n = tcp.read(&mut head).unwrap_or(0);
            let head = String::from_utf8_lossy(&head[..n]).into_owned();
            let (message, more) = wrap(&head);
            let body = refusal(api, &format!("this is wrong: {message}"), more);
            let reason = head.replace(['\r', '\n'], " ");
            kept.lock().unwrap().push(head);
            let length = body.len();
            let _ = write!(
                tcp,
                "HTTP/1.1 {status} {reason}\r\nx-cos-request-id: 1\r\n\
                 Content-Length: {length}\r\nConnection: close\r\n\r\n{body}"
            );
        }
    });
    (host, heads)
}

/// The body of a refusal, escaped so that only a parser finds what it repeats.
fn refusal(api: Api, message: &str, mut more: Value) -> String {
    match api {
        Api::V4 => {
            more["code"] = json!(-97);
            more["message"] = json!(message);
            more.to_string().replace('/', "\\/").replace('+', "\\u002b")
        }
        Api::V5 => {
            let escaped = |text: &str| {
                let text = text.replace('&', "&amp;").replace('<', "&lt;");
                text.replace('/', "&#47;").replace('=', "&#x3d;")
            };
            let (message, more) = (escaped(message), escaped(&more.to_string()));
            format!(
                "<Error><Code>SignatureDoesNotMatch</Code><Message>{message} {more}</Message>\
                 <StringToSign>{more}</StringToSign></Error>"
            )
        }
    }
}

/// The text that was signed with, as it was sent.
fn signature_in(head: &str) -> String {
    if let Some((_, signature)) = head.split_once("q-signature=") {
        return signature[..40].to_owned();
    }
    let from = head.split_once("uthorization: ").or_else(|| head.split_once("sign=")).unwrap().1;
    from.split_whitespace().next().unwrap().to_owned()
}

fn a_server_that_repeats_a_signature_gets_it_into_neither_log_nor_reply(api: Api) {
    let wraps: [Wrap; 6] = [
        |head| (head.to_owned(), json!({})),
        |head| (cos::path::encode_query(head), json!({})),
        |head| (String::new(), json!({"data": {head: [head, 1, {"x": [head]}]}})),
        |head| (String::new(), json!({"data": BASE64_STANDARD.encode(head)})),
        |head| {
            let lines: Vec<_> = head.as_bytes().chunks(60).map(String::from_utf8_lossy).collect();
            (String::new(), json!({"lines": lines, "all": lines.join("\n ")}))
        },
        |head| {
            let signature = signature_in(head);
            let (first, rest) = signature.split_at(signature.len() / 2);
            (String::new(), json!({"first": first, "rest": rest}))
        },
    ];
    for (i, wrap) in wraps.into_iter().enumerate() {
        // A text that has it in pieces may be left out as a whole: with what stands beside it a piece
        // may look like a longer one.
        let may_be_left_out = i >= 4;
        let is_told = |text: &str| {
            text.contains("this is wrong") || (may_be_left_out && text.contains("***"))
        };
        let bed = Bed::new(api);
        let (host, heads) = echo_wrapped(api, 403, wrap);
        let hosts = json!({"hostname": host, "download_hostname": host});
        let said = Said::new(api);
        let client = said.client(bed.client_with(hosts));
        let upload = upload::buffer(&client, BUCKET, "/a", b"", None, Watch::default());
        // The download host repeats the signature that it gets.
        let put = upload::buffer(&bed.client(), BUCKET, "/a", b"x", None, Watch::default());
        assert_eq!(put.unwrap().code, 0);
        let half = said.client(bed.client_with(json!({"download_hostname": host})));
        let download = download::buffer(&half, BUCKET, "/a", None, Watch::default());
        for reply in [
            said.result(file::stat(&client, BUCKET, "/a", None)),
            said.result(file::delete(&client, BUCKET, "/a", None)),
            said.result(upload),
            said.result(download.map(|(answer, _)| answer)),
        ] {
            assert_eq!(reply["code"], -97, "{reply:#}");
            let message = reply["message"].as_str().unwrap();
            assert!(is_told(message), "{reply}");
        }
        let heads = heads.lock().unwrap();
        assert!(heads.len() >= 4, "{heads:?}");
        assert!(heads.iter().all(|head| holds_signature(api, head)), "{heads:?}");
        let lines = said.all();
        assert!(lines.iter().filter(|line| is_told(line)).count() >= 8);
        said.assert_nothing_secret();
        for signature in heads.iter().map(|head| signature_in(head)) {
            let parts = [&signature[..20], &signature[20..40]];
            for part in parts {
                assert!(!lines.iter().any(|line| line.contains(part)), "{part} in {lines:?}");
            }
        }
    }
}

#[test]
fn the_key_is_gone_with_its_client() {
    // The one that the program computes.
    let secret_key = (0..48u8).map(|i| char::from(b'a' + ((u32::from(i) * 7 + 3) % 26) as u8));
    let credential = Credential {
        appid: APPID.into(),
        secret_id: SECRET_ID.into(),
        secret_key: secret_key.collect(),
    };
    for link in [Link::Shared, Link::Static] {
        let dir = tempfile::tempdir().unwrap();
        let mut config = EmulatorConfig::new(dir.path().join("emulator"));
        config.credentials = vec![credential.clone()];
        let emulator = Emulator::start(config).unwrap();
        let program = dir.path().join("wiped");
        compile("tests/c/wiped.c", link, &program);
        // Which registers memory is copied through, and whether a program saves them when it binds
        // a function, differ from machine to machine.
        let no_512 = "-AVX512F,-AVX512VL,-AVX512BW";
        for (processor, bind_now) in [
            (String::new(), ""),
            (String::new(), "1"),
            (format!("glibc.cpu.hwcaps={no_512}"), ""),
            (format!("glibc.cpu.hwcaps={no_512},-AVX2,-AVX,-ERMS,-FSRM"), ""),
        ] {
            let mut command = Command::new(&program);
            command.arg(emulator.host()).env("GLIBC_TUNABLES", &processor);
            command.env("LD_BIND_NOW", bind_now);
            let output = support::succeed(&mut command);
            let text = String::from_utf8(output.stdout).unwrap();
            // Once while the client lives: the search finds what is there.
            assert_eq!(text, "1 0\n", "{processor} {bind_now}");
        }
    }
}

for_each_api! {
    what_is_searched_for_would_be_found,
    successes_tell_no_secret,
    failures_tell_no_secret_in_any_phase,
    a_server_that_repeats_a_signature_gets_it_into_neither_log_nor_reply
}
