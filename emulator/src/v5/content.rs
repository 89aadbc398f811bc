//! What a request brings: a content for the disk, or XML to be read at once.

use std::{
    fs::File,
    io::{self, Read, Write},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use hyper::{
    body::Incoming,
    header::{CONTENT_LENGTH, TRANSFER_ENCODING},
};
use tokio::task::block_in_place;

use super::{
    request::Request,
    words::{Failure, Word},
};
use crate::{
    digest::{Hasher, Sums},
    http::body::{Gauge, data},
    settings::Settings,
    store::Blobs,
};

/// The largest XML.
const LARGEST_XML: usize = 1 << 20;

/// A body that is still on the wire.
pub(crate) struct Arriving<'a> {
    pub body: &'a mut Incoming,
    pub gauge: &'a Gauge,
}

/// The file of a content, which is removed unless it is kept.
struct Draft<'a> {
    blobs: &'a Blobs,
    blob: String,
    is_kept: bool,
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        if !self.is_kept {
            self.blobs.remove(&self.blob);
        }
    }
}

/// A content that is being written.
pub(crate) struct Sink<'a> {
    draft: Draft<'a>,
    file: File,
    hasher: Hasher,
}

/// A content on the disk that nothing refers to yet.
pub(crate) struct Content<'a> {
    draft: Draft<'a>,
    pub sums: Sums,
}

impl<'a> Sink<'a> {
    pub fn new(blobs: &'a Blobs) -> io::Result<Sink<'a>> {
        let (blob, file) = blobs.create()?;
        let draft = Draft { blobs, blob, is_kept: false };
        Ok(Sink { draft, file, hasher: Hasher::new() })
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.hasher.update(bytes);
        self.file.write_all(bytes)
    }

    /// Appends all of a source.
    pub fn append(&mut self, mut source: impl Read) -> io::Result<()> {
        let mut buffer = vec![0; 256 << 10];
        loop {
            match source.read(&mut buffer)? {
                0 => return Ok(()),
                count => self.write(&buffer[..count])?,
            }
        }
    }

    /// Nothing more comes; it is on the disk when this returns.
    pub fn finish(self) -> io::Result<Content<'a>> {
        self.file.sync_data()?;
        self.draft.blobs.sync()?;
        Ok(Content { draft: self.draft, sums: self.hasher.finish() })
    }
}

impl Content<'_> {
    pub fn blob(&self) -> String {
        self.draft.blob.clone()
    }

    /// Keeps the file: the index refers to it.
    pub fn keep(mut self) {
        self.draft.is_kept = true;
    }
}

/// The digest that the client announced.
fn promised_md5(request: &Request) -> Result<Option<Vec<u8>>, Failure> {
    let Some(text) = request.header("content-md5") else { return Ok(None) };
    match STANDARD.decode(&text) {
        Ok(md5) if md5.len() == 16 => Ok(Some(md5)),
        _ => Err(Word::INVALID_DIGEST.because(format!("Content-MD5 is {text:?}"))),
    }
}

fn check_md5(promised: Option<Vec<u8>>, sums: &Sums) -> Result<(), Failure> {
    match promised {
        Some(promised) if promised != sums.md5 => {
            let got = STANDARD.encode(sums.md5);
            Err(Word::BAD_DIGEST.because(format!("the Content-MD5 of what arrived is {got}")))
        }
        _ => Ok(()),
    }
}

fn announced(request: &Request) -> Option<u64> {
    request.headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

impl Arriving<'_> {
    /// Receives a content. What can be refused without it is refused before.
    pub async fn content<'b>(
        self,
        blobs: &'b Blobs,
        request: &Request,
        settings: &Settings,
    ) -> Result<Content<'b>, Failure> {
        let length = announced(request);
        if length.is_none() && !request.headers.contains_key(TRANSFER_ENCODING) {
            return Err(Word::LENGTH_MISSING.into());
        }
        if length.is_some_and(|length| length > settings.largest_put) {
            return Err(Word::ENTITY_TOO_LARGE.into());
        }
        let promised = promised_md5(request)?;
        let mut sink = Sink::new(blobs)?;
        let mut chunks = data(self.body, self.gauge);
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| Word::INCOMPLETE_BODY.because(error.to_string()))?;
            block_in_place(|| sink.write(&chunk))?;
            if sink.hasher.size() > settings.largest_put {
                return Err(Word::ENTITY_TOO_LARGE.into());
            }
        }
        let content = block_in_place(|| sink.finish())?;
        if length.is_some_and(|length| length != content.sums.size) {
            return Err(Word::INCOMPLETE_BODY.into());
        }
        check_md5(promised, &content.sums)?;
        if settings.check_content_sha1
            && request.header("x-cos-content-sha1").is_some_and(|sha| sha != content.sums.sha)
        {
            return Err(Word::INVALID_SHA1.into());
        }
        Ok(content)
    }

    /// Receives XML.
    pub async fn xml(self, request: &Request, needs_md5: bool) -> Result<Bytes, Failure> {
        let promised = promised_md5(request)?;
        if needs_md5 && promised.is_none() {
            return Err(Word::INVALID_REQUEST
                .saying("Missing required header for this request: Content-MD5"));
        }
        let mut text = BytesMut::new();
        let mut chunks = data(self.body, self.gauge);
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|error| Word::INCOMPLETE_BODY.because(error.to_string()))?;
            if text.len() + chunk.len() > LARGEST_XML {
                return Err(Word::XML_TOO_LARGE.into());
            }
            text.extend_from_slice(&chunk);
        }
        if text.is_empty() {
            return Err(Word::NO_BODY.into());
        }
        check_md5(promised, &Sums::of(&text))?;
        Ok(text.freeze())
    }

    /// Reads a body that should be empty, and ignores it.
    pub async fn nothing(self) {
        crate::http::body::drain(self.body, self.gauge).await;
    }
}
