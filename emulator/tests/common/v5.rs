//! Requests of the XML API, signed by code of their own.

use std::io;

use base64::{Engine, engine::general_purpose::STANDARD};
use cos_emulator::{Config, Emulator};
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::{Digest, Sha1};
use tempfile::TempDir;

use super::{APPID, Answer, BUCKET, Wire, now};

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn md5(bytes: &[u8]) -> String {
    hex(&Md5::digest(bytes))
}

pub fn content_md5(bytes: &[u8]) -> String {
    STANDARD.encode(Md5::digest(bytes))
}

pub fn hmac(key: &str, text: &str) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    hex(&mac.finalize().into_bytes())
}

pub fn percent(text: &str, keep: &[u8]) -> String {
    let keeps =
        |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) || keep.contains(&byte);
    text.bytes()
        .map(|byte| if keeps(byte) { (byte as char).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// A request in the making; what is said of it is signed, unless it is added afterwards.
#[derive(Clone)]
pub struct Request {
    pub method: String,
    pub key: String,
    pub host: String,
    pub params: Vec<(String, String)>,
    pub headers: Vec<(String, String)>,
    pub unsigned: Vec<(String, String)>,
    pub body: Vec<u8>,
    pub secret_id: String,
    pub secret_key: String,
    pub key_time: String,
    /// The path as it is sent, if it is not the usual encoding of `/key`.
    pub raw_path: Option<String>,
    pub in_query: bool,
    pub is_signed: bool,
}

pub fn host(bucket: &str) -> String {
    format!("{bucket}-{APPID}.cos.ap-shanghai.myqcloud.com")
}

impl Request {
    pub fn new(method: &str, key: &str) -> Request {
        Request {
            method: method.into(),
            key: key.into(),
            host: host(BUCKET),
            params: Vec::new(),
            headers: Vec::new(),
            unsigned: Vec::new(),
            body: Vec::new(),
            secret_id: "EXAMPLE_SECRET_ID".into(),
            secret_key: "EXAMPLE_SECRET_KEY".into(),
            key_time: format!("{};{}", now() - 60, now() + 600),
            raw_path: None,
            in_query: false,
            is_signed: true,
        }
    }

    pub fn host(mut self, host: &str) -> Request {
        self.host = host.into();
        self
    }

    pub fn param(mut self, name: &str, value: &str) -> Request {
        self.params.push((name.into(), value.into()));
        self
    }

    pub fn header(mut self, name: &str, value: &str) -> Request {
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn unsigned(mut self, name: &str, value: &str) -> Request {
        self.unsigned.push((name.into(), value.into()));
        self
    }

    pub fn body(mut self, body: impl AsRef<[u8]>) -> Request {
        self.body = body.as_ref().to_vec();
        self
    }

    pub fn key_time(mut self, from: u64, to: u64) -> Request {
        self.key_time = format!("{from};{to}");
        self
    }

    pub fn presigned(mut self) -> Request {
        self.in_query = true;
        self
    }

    pub fn anonymous(mut self) -> Request {
        self.is_signed = false;
        self
    }

    /// The fields of the signature.
    fn signature(&self) -> Vec<(&'static str, String)> {
        let pairs = |pairs: &[(String, String)]| {
            let mut encoded: Vec<_> = pairs
                .iter()
                .map(|(name, value)| {
                    (percent(name, b"").to_lowercase(), percent(value.trim(), b""))
                })
                .collect();
            encoded.sort();
            let names: Vec<_> = encoded.iter().map(|(name, _)| name.clone()).collect();
            let pairs: Vec<_> =
                encoded.iter().map(|(name, value)| format!("{name}={value}")).collect();
            (names.join(";"), pairs.join("&"))
        };
        let mut headers = self.headers.clone();
        headers.push(("host".into(), self.host.clone()));
        let (header_list, headers) = pairs(&headers);
        let (param_list, params) = pairs(&self.params);
        let method = self.method.to_lowercase();
        let text = format!("{method}\n/{}\n{params}\n{headers}\n", self.key);
        let time = &self.key_time;
        let to_sign = format!("sha1\n{time}\n{}\n", hex(&Sha1::digest(text)));
        vec![
            ("q-sign-algorithm", "sha1".into()),
            ("q-ak", self.secret_id.clone()),
            ("q-sign-time", time.clone()),
            ("q-key-time", time.clone()),
            ("q-header-list", header_list),
            ("q-url-param-list", param_list),
            ("q-signature", hmac(&hmac(&self.secret_key, time), &to_sign)),
        ]
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut query: Vec<String> = self
            .params
            .iter()
            .map(|(name, value)| format!("{}={}", percent(name, b""), percent(value, b"")))
            .collect();
        if self.is_signed && self.in_query {
            let fields = self.signature();
            query.extend(
                fields.iter().map(|(name, value)| format!("{name}={}", percent(value, b""))),
            );
        }
        let path = self.raw_path.clone().unwrap_or(format!("/{}", percent(&self.key, b"/")));
        let mark = if query.is_empty() { "" } else { "?" };
        let mut head = format!(
            "{} {path}{mark}{} HTTP/1.1\r\nHost: {}\r\n",
            self.method,
            query.join("&"),
            self.host
        );
        for (name, value) in self.headers.iter().chain(&self.unsigned) {
            head += &format!("{name}: {value}\r\n");
        }
        if self.is_signed && !self.in_query {
            let fields = self.signature();
            let fields: Vec<_> =
                fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
            head += &format!("Authorization: {}\r\n", fields.join("&"));
        }
        let has_length = |(name, _): &(String, String)| name.eq_ignore_ascii_case("content-length");
        let chunked = self.unsigned.iter().any(|(name, _)| name == "Transfer-Encoding");
        if matches!(self.method.as_str(), "PUT" | "POST")
            && !chunked
            && !self.headers.iter().chain(&self.unsigned).any(has_length)
        {
            head += &format!("Content-Length: {}\r\n", self.body.len());
        }
        [head.as_bytes(), b"\r\n", &self.body].concat()
    }

    pub fn on(&self, wire: &mut Wire) -> io::Result<Answer> {
        wire.send(&self.bytes())?;
        wire.read_answer(self.method != "HEAD")
    }
}

impl Answer {
    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// The text of the first element of this name.
    pub fn element(&self, name: &str) -> Option<String> {
        self.elements(name).into_iter().next()
    }

    pub fn elements(&self, name: &str) -> Vec<String> {
        let text = self.text();
        let (start, end) = (format!("<{name}>"), format!("</{name}>"));
        let found = text.split(&start).skip(1).map(|rest| rest.split(&end).next().unwrap());
        found.map(|text| text.trim().replace("&quot;", "\"").replace("&amp;", "&")).collect()
    }

    /// Status and error word.
    pub fn word(&self) -> (u16, String) {
        (self.status, self.element("Code").unwrap_or_default())
    }

    pub fn ok(self) -> Answer {
        assert!(
            (200..300).contains(&self.status),
            "{} {}",
            self.status,
            String::from_utf8_lossy(&self.body)
        );
        assert!(self.header("x-cos-request-id").is_some());
        self
    }
}

/// An emulator, and the everyday requests.
pub struct Bed {
    pub emulator: Emulator,
    pub dir: TempDir,
}

impl Bed {
    pub fn start() -> Bed {
        Bed::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut Config)) -> Bed {
        let dir = tempfile::tempdir().unwrap();
        let mut config = Config::new(dir.path());
        change(&mut config);
        Bed { emulator: Emulator::start(config).unwrap(), dir }
    }

    pub fn send(&self, request: Request) -> Answer {
        request.on(&mut Wire::open(self.emulator.port())).unwrap()
    }

    pub fn put(&self, key: &str, content: &[u8]) -> Answer {
        self.send(Request::new("PUT", key).body(content))
    }

    pub fn get(&self, key: &str) -> Answer {
        self.send(Request::new("GET", key))
    }

    pub fn head(&self, key: &str) -> Answer {
        self.send(Request::new("HEAD", key))
    }

    pub fn delete(&self, key: &str) -> Answer {
        self.send(Request::new("DELETE", key))
    }

    pub fn blobs(&self) -> usize {
        std::fs::read_dir(self.dir.path().join("blobs")).unwrap().count()
    }

    pub fn initiate(&self, key: &str) -> String {
        let begun = self.send(Request::new("POST", key).param("uploads", ""));
        begun.ok().element("UploadId").unwrap()
    }

    pub fn part(&self, key: &str, id: &str, number: u32, content: &[u8]) -> Answer {
        let request = Request::new("PUT", key).body(content);
        self.send(request.param("partNumber", &number.to_string()).param("uploadId", id))
    }

    pub fn complete(&self, key: &str, id: &str, parts: &[(u32, &str)]) -> Answer {
        self.send(Request::new("POST", key).param("uploadId", id).body(completion(parts)))
    }
}

pub fn completion(parts: &[(u32, &str)]) -> String {
    let part = |(number, etag): &(u32, &str)| {
        format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>")
    };
    let parts: String = parts.iter().map(part).collect();
    format!("<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>")
}
