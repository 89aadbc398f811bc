//! A client that shares nothing with the emulator and leaves every byte of a request to the test.

#![allow(dead_code, reason = "each test file uses its share")]

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

pub mod v5;

use base64::{Engine, engine::general_purpose::STANDARD};
use cos_emulator::{Config, Emulator};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha1::{Digest, Sha1};
use tempfile::TempDir;

pub const APPID: &str = "1250000000";
pub const BUCKET: &str = "private-bucket";

pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

pub fn sha1(bytes: &[u8]) -> String {
    Sha1::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn encode(path: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-~/".contains(&byte);
    path.bytes()
        .map(|byte| if keep(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// Signs a text as it stands.
pub fn sign_plain(plain: &str, key: &str) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(plain.as_bytes());
    STANDARD.encode([&mac.finalize().into_bytes()[..], plain.as_bytes()].concat())
}

/// The fields of a signature; change one and sign.
#[derive(Clone)]
pub struct Sign {
    pub appid: String,
    pub secret_id: String,
    pub key: String,
    pub expires: u64,
    pub time: u64,
    pub random: u64,
    pub file_id: String,
    pub bucket: String,
}

static RANDOM: AtomicU64 = AtomicU64::new(1);

impl Sign {
    pub fn multi(path: &str) -> Sign {
        Sign {
            appid: APPID.into(),
            secret_id: "EXAMPLE_SECRET_ID".into(),
            key: "EXAMPLE_SECRET_KEY".into(),
            expires: now() + 300,
            time: now(),
            random: RANDOM.fetch_add(1, Ordering::Relaxed),
            file_id: encode(&format!("/{APPID}/{BUCKET}{path}")),
            bucket: BUCKET.into(),
        }
    }

    pub fn once(path: &str) -> Sign {
        Sign { expires: 0, ..Sign::multi(path) }
    }

    pub fn text(&self) -> String {
        let Sign { appid, secret_id, key, expires, time, random, file_id, bucket } = self;
        let plain = format!(
            "a={appid}&k={secret_id}&e={expires}&t={time}&r={random}&f={file_id}&b={bucket}"
        );
        sign_plain(&plain, key)
    }
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    pub fn code(&self) -> i64 {
        self.json()["code"].as_i64().unwrap()
    }

    pub fn data(&self) -> Value {
        assert_eq!((self.status, self.code()), (200, 0), "{}", String::from_utf8_lossy(&self.body));
        self.json()["data"].clone()
    }

    /// Status and code at once.
    pub fn verdict(&self) -> (u16, i64) {
        (self.status, self.code())
    }
}

/// One connection, used for as many requests as the test likes.
pub struct Wire(pub TcpStream);

impl Wire {
    pub fn open(port: u16) -> Wire {
        let stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        Wire(stream)
    }

    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    pub fn read_head(&mut self) -> io::Result<(u16, Vec<(String, String)>)> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            self.0.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let header = |line: &str| {
            line.split_once(": ").map(|(name, value)| (name.to_string(), value.to_string()))
        };
        Ok((status, lines.map(|line| header(line).unwrap()).collect()))
    }

    pub fn read(&mut self) -> io::Result<Answer> {
        self.read_answer(true)
    }

    pub fn read_answer(&mut self, has_body: bool) -> io::Result<Answer> {
        let (status, headers) = self.read_head()?;
        let mut answer = Answer { status, headers, body: Vec::new() };
        if !has_body || matches!(status, 204 | 304) {
            return Ok(answer);
        }
        if answer.header("transfer-encoding") == Some("chunked") {
            answer.body = self.read_chunks()?;
        } else {
            let length = answer.header("content-length").expect("every reply has a length");
            answer.body = vec![0; length.parse().unwrap()];
            self.0.read_exact(&mut answer.body)?;
        }
        Ok(answer)
    }

    pub fn read_chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let mut line = Vec::new();
            while !line.ends_with(b"\r\n") {
                let mut byte = [0];
                self.0.read_exact(&mut byte)?;
                line.push(byte[0]);
            }
            let length = std::str::from_utf8(&line).unwrap().trim();
            let length = usize::from_str_radix(length, 16).unwrap();
            let mut chunk = vec![0; length + 2];
            self.0.read_exact(&mut chunk)?;
            if length == 0 {
                return Ok(body);
            }
            body.extend_from_slice(&chunk[..length]);
        }
    }
}

/// A request in the making.
pub struct Ask {
    pub method: String,
    pub target: String,
    pub host: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Ask {
    pub fn new(method: &str, target: String) -> Ask {
        Ask {
            method: method.into(),
            target,
            host: "sh.file.myqcloud.com".into(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub fn control(method: &str, path: &str) -> Ask {
        Ask::new(method, format!("/files/v2/{APPID}/{BUCKET}{}", encode(path)))
    }

    pub fn download(bucket: &str, path: &str) -> Ask {
        Ask::new("GET", encode(path)).host(&format!("{bucket}-{APPID}.localhost"))
    }

    pub fn host(mut self, host: &str) -> Ask {
        self.host = host.into();
        self
    }

    pub fn query(mut self, query: &str) -> Ask {
        self.target = format!("{}?{query}", self.target);
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Ask {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn sign(self, sign: &str) -> Ask {
        self.header("Authorization", sign)
    }

    pub fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Ask {
        self.body = body.into();
        self.header("Content-Type", content_type)
    }

    pub fn json(self, body: &str) -> Ask {
        self.body("application/json", body)
    }

    pub fn form(self, form: &Form) -> Ask {
        self.body("multipart/form-data; boundary=b0undary", form.bytes())
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut head =
            format!("{} {} HTTP/1.1\r\nHost: {}\r\n", self.method, self.target, self.host);
        for (name, value) in &self.headers {
            head += &format!("{name}: {value}\r\n");
        }
        if self.method == "POST" {
            head += &format!("Content-Length: {}\r\n", self.body.len());
        }
        [head.as_bytes(), b"\r\n", &self.body].concat()
    }

    pub fn on(&self, wire: &mut Wire) -> io::Result<Answer> {
        wire.send(&self.bytes())?;
        wire.read_answer(self.method != "HEAD")
    }

    pub fn send(&self, emulator: &Emulator) -> Answer {
        self.on(&mut Wire::open(emulator.port())).unwrap()
    }
}

/// A form as the plain SDKs build it.
#[derive(Default, Clone)]
pub struct Form(pub Vec<(String, Vec<u8>)>);

impl Form {
    pub fn op(op: &str) -> Form {
        Form::default().field("op", op)
    }

    pub fn field(mut self, name: &str, value: impl AsRef<[u8]>) -> Form {
        self.0.push((name.into(), value.as_ref().to_vec()));
        self
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for (name, value) in &self.0 {
            body.extend_from_slice(
                format!("--b0undary\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n")
                    .as_bytes(),
            );
            body.extend_from_slice(value);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--b0undary--\r\n");
        body
    }
}

/// An emulator in a directory of its own, and the everyday requests.
pub struct Cos {
    pub emulator: Option<Emulator>,
    pub dir: TempDir,
}

impl Cos {
    pub fn start() -> Cos {
        let dir = tempfile::tempdir().unwrap();
        let emulator = Some(Emulator::start(Config::new(dir.path())).unwrap());
        Cos { emulator, dir }
    }

    pub fn restart(&mut self) {
        self.emulator.take().unwrap().stop();
        self.emulator = Some(Emulator::start(Config::new(self.dir.path())).unwrap());
    }

    pub fn emulator(&self) -> &Emulator {
        self.emulator.as_ref().unwrap()
    }

    pub fn send(&self, ask: Ask) -> Answer {
        ask.send(self.emulator())
    }

    pub fn post_form(&self, path: &str, form: Form) -> Answer {
        self.send(Ask::control("POST", path).sign(&Sign::multi(path).text()).form(&form))
    }

    pub fn upload(&self, path: &str, content: &[u8]) -> Answer {
        self.post_form(
            path,
            Form::op("upload").field("filecontent", content).field("sha", sha1(content)),
        )
    }

    pub fn get(&self, path: &str, query: &str) -> Answer {
        self.send(Ask::control("GET", path).query(query).sign(&Sign::multi(path).text()))
    }

    pub fn stat(&self, path: &str) -> Answer {
        self.get(path, "op=stat")
    }

    pub fn once(&self, path: &str, json: &str) -> Answer {
        self.send(Ask::control("POST", path).sign(&Sign::once(path).text()).json(json))
    }

    pub fn create(&self, path: &str) -> Answer {
        self.send(
            Ask::control("POST", path)
                .sign(&Sign::multi(path).text())
                .json(r#"{"op": "create", "biz_attr": ""}"#),
        )
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.once(path, r#"{"op": "delete"}"#)
    }

    pub fn download(&self, path: &str) -> Answer {
        let sign = Sign { file_id: encode(path), ..Sign::multi("") };
        self.send(Ask::download(BUCKET, path).query(&format!("sign={}", sign.text())))
    }
}
