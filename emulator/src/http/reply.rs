//! An answer before it is put on the wire.

use std::{
    io,
    time::{Duration, SystemTime},
};

use bytes::{Bytes, BytesMut};
use hyper::header::{
    CONTENT_LENGTH, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, SERVER,
};
use serde_json::Value;
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt},
    time::sleep,
};

use super::spelling::spell;
use crate::store::Blobs;

const CHUNK: usize = 256 << 10;
/// The pause between two line feeds that keep a connection alive.
const PAUSE: Duration = Duration::from_millis(50);

enum Source {
    Bytes(Bytes),
    File(File),
    /// One byte over and over.
    Fill(u8),
}

/// The bytes of an answer, produced as they are needed.
pub(crate) struct Body {
    source: Source,
    position: u64,
    left: u64,
    flip: Option<u64>,
    /// How many line feeds come first, each after a pause.
    waits: u64,
}

impl Body {
    pub fn bytes(bytes: impl Into<Bytes>) -> Body {
        let bytes = bytes.into();
        Body {
            left: bytes.len() as u64,
            source: Source::Bytes(bytes),
            position: 0,
            flip: None,
            waits: 0,
        }
    }

    pub fn fill(byte: u8, length: u64) -> Body {
        Body { source: Source::Fill(byte), position: 0, left: length, flip: None, waits: 0 }
    }

    pub async fn file(file: std::fs::File, start: u64, length: u64) -> io::Result<Body> {
        let mut file = File::from_std(file);
        file.seek(io::SeekFrom::Start(start)).await?;
        Ok(Body { source: Source::File(file), position: 0, left: length, flip: None, waits: 0 })
    }

    /// White space for so long, and then these bytes.
    pub fn late(bytes: impl Into<Bytes>, delay: Duration) -> Body {
        let waits = delay.as_millis().div_ceil(PAUSE.as_millis()) as u64;
        Body { waits, ..Body::bytes(bytes) }
    }

    pub fn len(&self) -> u64 {
        self.waits + self.left
    }

    /// Inverts the byte at this place, if the body reaches it.
    pub fn flip(&mut self, at: u64) {
        self.flip = Some(at);
    }

    pub async fn next(&mut self) -> io::Result<Option<Bytes>> {
        if self.waits > 0 {
            self.waits -= 1;
            sleep(PAUSE).await;
            return Ok(Some(Bytes::from_static(b"\n")));
        }
        if self.left == 0 {
            return Ok(None);
        }
        let want = self.left.min(CHUNK as u64) as usize;
        let mut chunk = match &mut self.source {
            Source::Bytes(bytes) => BytesMut::from(&bytes.split_to(want)[..]),
            Source::Fill(byte) => BytesMut::from(&vec![*byte; want][..]),
            Source::File(file) => {
                let mut chunk = BytesMut::zeroed(want);
                file.read_exact(&mut chunk).await?;
                chunk
            }
        };
        let range = self.position..self.position + want as u64;
        if let Some(at) = self.flip.filter(|at| range.contains(at)) {
            chunk[(at - self.position) as usize] ^= 0xff;
        }
        self.position = range.end;
        self.left -= want as u64;
        Ok(Some(chunk.freeze()))
    }
}

/// A contents file to be sent, opened where blocking is allowed.
pub(crate) struct FileSlice {
    pub file: std::fs::File,
    pub start: u64,
    pub length: u64,
}

impl FileSlice {
    pub fn open(blobs: &Blobs, blob: &str, start: u64, length: u64) -> io::Result<FileSlice> {
        Ok(FileSlice { file: std::fs::File::open(blobs.path(blob))?, start, length })
    }
}

/// Status, headers and body, and what the request log should say about them.
pub(crate) struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Body,
    /// The result code of the JSON API.
    pub code: Option<i32>,
    /// The error word of the XML API.
    pub word: Option<String>,
    pub detail: Option<String>,
}

impl Reply {
    pub fn new(status: u16, content_type: &str, body: Body) -> Reply {
        let headers = HeaderMap::new();
        let mut reply = Reply { status, headers, body, code: None, word: None, detail: None };
        reply.header(CONTENT_TYPE, content_type);
        reply.header(CONTENT_LENGTH, &reply.body.len().to_string());
        reply.header(DATE, &httpdate::fmt_http_date(SystemTime::now()));
        reply.header(SERVER, "tencent-cos");
        reply
    }

    /// A reply without content; 204 and 304 have no length either.
    pub fn empty(status: u16) -> Reply {
        let mut reply = Reply::new(status, "", Body::bytes(""));
        reply.headers.remove(CONTENT_TYPE);
        if matches!(status, 204 | 304) {
            reply.headers.remove(CONTENT_LENGTH);
        }
        reply
    }

    /// The same without an announced length.
    pub fn chunked(mut self) -> Reply {
        self.headers.remove(CONTENT_LENGTH);
        self
    }

    /// As [`header`](Self::header), for names of the service's own.
    pub fn named(&mut self, name: &str, value: &str) {
        if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
            self.header(name, value);
        }
    }

    /// Values that can't be a header are left out.
    pub fn header(&mut self, name: HeaderName, value: &str) {
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            self.headers.insert(name, value);
        }
    }

    pub fn json(status: u16, value: &Value) -> Reply {
        Reply::new(status, "application/json; charset=utf-8", Body::bytes(value.to_string()))
    }

    /// An answer without JSON, as front servers give it.
    pub fn html(status: u16, text: &str) -> Reply {
        let title = format!("{status} {}", reason(status));
        let page = format!(
            "<html><head><title>{title}</title></head><body><h1>{title}</h1><p>{text}</p></body></html>\n"
        );
        let mut reply = Reply::new(status, "text/html", Body::bytes(page));
        reply.detail = Some(text.into());
        reply
    }

    /// Status line and headers as they go over the wire.
    pub fn head(&self) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, reason(self.status)).into_bytes();
        for (name, value) in &self.headers {
            head.extend_from_slice(spell(name.as_str()).as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value.as_bytes());
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(b"\r\n");
        head
    }
}

pub(crate) fn reason(status: u16) -> &'static str {
    hyper::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("Unknown")
}
