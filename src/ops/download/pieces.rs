//! One piece of an object, from the download host.

use std::ops::Range;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::{Download, Object};
use crate::log::Trace;
use crate::os;
use crate::path::{MAX_URL, encode_query};
use crate::protocol::v4::sign::Kind;
use crate::reply::secrets::Secrets;
use crate::reply::{Failure, Phase, Reply, Result};
use crate::transport::{Incoming, Limits, Outgoing, Traffic};

/// How much is read at once.
const BUFFER: usize = 256 * 1024;
/// What an attempt has to bring so that the next one is as good as the first, in bytes: a few in
/// each could keep a call busy for ever.
const PROGRESS: u64 = 4096;
/// The largest error page that is read for a server's code.
const MAX_ERROR: usize = 64 * 1024;

impl Download<'_> {
    /// Fetches `len` bytes from `start` of the object and hands them to `sink` with their place,
    /// counted like `start`. After a lost connection it continues where it was.
    pub(super) fn fetch(
        &self,
        object: &Object,
        start: u64,
        len: u64,
        sink: &mut dyn FnMut(u64, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let mut buffer = os::zeros(BUFFER).ok_or_else(|| Failure::no_memory(BUFFER))?;
        let (mut at, end) = (start, start + len);
        let attempt = |number| {
            // The connection broke when there was nothing left to come.
            if at == end && at > start {
                return Ok(());
            }
            let mut sink = |at: u64, bytes: &[u8]| {
                sink(at, bytes)?;
                self.count(bytes.len() as u64);
                Ok(())
            };
            let begun_at = at;
            let result = self.request(number, object, at..end, |incoming| {
                self.drain(incoming, &mut at, end, false, &mut buffer, &mut sink)
            });
            result.map_err(|mut failure| {
                failure.has_progressed = at - begun_at >= PROGRESS;
                failure
            })
        };
        self.call.repeating(attempt, |_| true)
    }

    /// Fetches `object` in one request without a range, from its first byte on whatever part of it
    /// is wanted, and hands what is wanted to `sink`; after a lost connection, everything again.
    pub(super) fn fetch_whole(
        &self,
        object: &Object,
        sink: &mut dyn FnMut(u64, &[u8]) -> Result<()>,
    ) -> Result<()> {
        let mut buffer = os::zeros(BUFFER).ok_or_else(|| Failure::no_memory(BUFFER))?;
        let (start, end) = (object.start, object.start + object.len);
        self.call.stop.recover();
        let attempt = |number| {
            self.transfer.repeat(self.counted.swap(0, Ordering::Relaxed));
            let mut sink = |at: u64, bytes: &[u8]| {
                let place =
                    |wanted: u64| wanted.saturating_sub(at).min(bytes.len() as u64) as usize;
                let (first, last) = (place(start), place(end));
                if first < last {
                    sink(at + first as u64, &bytes[first..last])?;
                    self.count((last - first) as u64);
                }
                Ok(())
            };
            self.request(number, object, 0..object.size, |incoming| {
                // What lies behind a part need not come.
                let has_more = end < object.size;
                self.drain(incoming, &mut 0, end, has_more, &mut buffer, &mut sink)
            })
        };
        self.call.repeating(attempt, |_| true)
    }

    /// Requests a part of an object, for the `number`th time, and has `take` read it.
    fn request(
        &self,
        number: u32,
        object: &Object,
        part: Range<u64>,
        take: impl FnOnce(Incoming) -> Result<()>,
    ) -> Result<()> {
        let traffic = Traffic::default();
        let url = self.call.client.download_url(&self.bucket, &self.path);
        let trace = Trace {
            method: "GET",
            op: "download",
            url: &url,
            attempt: number,
            started: Instant::now(),
            traffic: &traffic,
        };
        let mut status = None;
        let open = || self.open(object, part.start, part.end - part.start, &traffic);
        // Download hosts need not say why they refuse.
        let may_be_late =
            |failure: &Failure| failure.is_about_time() || failure.http_status == Some(403);
        let result = self.call.on_time(open, may_be_late).and_then(|incoming| {
            status = Some(incoming.status);
            take(incoming)
        });
        self.call.traffic.add(&traffic);
        trace.ended(&self.call.log, status, &result);
        result
    }

    /// Hands the bytes of an answer to `sink`, up to `end`; `at` tells how far it came. Behind `end`
    /// there must be nothing, unless the answer `has_more`.
    fn drain(
        &self,
        mut incoming: Incoming,
        at: &mut u64,
        end: u64,
        has_more: bool,
        buffer: &mut [u8],
        sink: &mut dyn FnMut(u64, &[u8]) -> Result<()>,
    ) -> Result<()> {
        while !(has_more && *at == end) {
            let n = match incoming.read(buffer)? {
                0 if *at == end => break,
                0 => return Err(Failure::integrity("the answer ended before the object did")),
                n if n as u64 <= end - *at => n,
                _ if has_more => (end - *at) as usize,
                _ => return Err(Failure::integrity("the answer is longer than the object")),
            };
            sink(*at, &buffer[..n])?;
            *at += n as u64;
            if self.call.stop.is_set() {
                return Err(Failure::cancelled(Phase::Receive));
            }
        }
        Ok(())
    }

    /// Requests `len` bytes from `start` and checks that the answer is about to be just these.
    fn open<'t>(
        &'t self,
        object: &Object,
        start: u64,
        len: u64,
        traffic: &'t Traffic,
    ) -> Result<Incoming<'t>> {
        let client = &self.call.client;
        let now = client.clock.now();
        let kind = Kind::Download(now + client.config.sign_expired);
        let signature = client.credentials.sign(&self.bucket, &self.path, kind, now);
        let url = client.download_url(&self.bucket, &self.path);
        let signed_url = format!("{url}?sign={}", encode_query(&signature));
        let mut headers = vec![("user-agent", client.config.user_agent.as_str())];
        // The reference SDK signs in the query. Where that gets too long, the header does as well.
        let url = match signed_url.len() {
            ..=MAX_URL => signed_url,
            _ => {
                headers.push(("authorization", &signature));
                url
            }
        };
        let is_whole = start == 0 && len == object.size;
        let range = format!("bytes={start}-{}", (start + len).saturating_sub(1));
        if !is_whole {
            headers.push(("range", &range));
        }
        let outgoing = Outgoing { method: "GET", url: &url, headers: &headers, body: None };
        let limits = Limits {
            timeout: self.call.timeout,
            reply_is_bounded: false,
            stop: &self.call.stop,
            traffic,
        };
        let incoming = client.transport.exchange(outgoing, &limits)?;
        let changed = || Failure::integrity("the object changed while it was downloaded");
        match (incoming.status, is_whole) {
            (200, true) => {}
            (206, _) => check_part(&incoming, start, len, object.size)?,
            (200, false) => {
                // Only the whole object may stand for a part of it.
                let size = object.size.to_string();
                let is_whole = incoming.header("content-length").is_none_or(|len| len == size);
                self.ignores_ranges.store(is_whole, Ordering::Relaxed);
                let message = "the server does not serve parts of objects";
                return Err(Failure::not_a_reply(200, message));
            }
            (416, false) => return Err(changed()),
            _ => return Err(refusal(incoming, &client.secrets(&signature))),
        }
        if object.sha.is_none()
            && let Some(etag) = incoming.header("etag")
        {
            let mut first = self.etag.lock().unwrap_or_else(PoisonError::into_inner);
            if first.get_or_insert_with(|| etag.to_owned()) != etag {
                return Err(changed());
            }
        }
        let announced = incoming.header("content-length").and_then(|len| len.parse::<u64>().ok());
        match announced {
            Some(announced) if announced != len => Err(changed()),
            _ => Ok(incoming),
        }
    }
}

/// Checks that an answer is `len` bytes from `start` of an object of `size` bytes, and nothing else.
fn check_part(incoming: &Incoming, start: u64, len: u64, size: u64) -> Result<()> {
    let Some(range) = incoming.header("content-range") else {
        let message = "the answer does not say which part of the object it is";
        return Err(Failure::integrity(message));
    };
    let kind = incoming.header("content-type").unwrap_or_default().to_ascii_lowercase();
    if incoming.contradicts_itself("content-range") || kind.starts_with("multipart/byteranges") {
        let message = "the answer says that it is more than one part of the object";
        return Err(Failure::integrity(message));
    }
    let part = format!("bytes {start}-{}/", (start + len).saturating_sub(1));
    match range.to_ascii_lowercase().strip_prefix(&part) {
        // Not every server knows, or tells, how large the whole is.
        Some(whole) if whole == "*" || whole == size.to_string() => Ok(()),
        Some(_) => Err(Failure::integrity("the object changed while it was downloaded")),
        None => Err(Failure::integrity("the answer is another part of the object")),
    }
}

/// What an answer that is not the object means.
fn refusal(incoming: Incoming, secrets: &Secrets) -> Box<Failure> {
    let (status, told) = (incoming.status, incoming.told());
    let bare = |what| Failure::not_a_reply(status, format!("HTTP {status}: {what}"));
    let body = match incoming.read_all(MAX_ERROR) {
        Ok(body) => body.unwrap_or_default(),
        Err(failure) => return failure,
    };
    match Reply::parse(status, body, secrets) {
        Ok(reply) if reply.code != 0 => Failure::from_server(reply).with(told),
        _ => bare(match status {
            403 => "the download is not allowed",
            404 => "the download host has no such object, or its upload is unfinished",
            300..=399 => {
                "the download host wants to redirect, which a signed request does not follow"
            }
            _ => "the download was refused",
        })
        .with(told),
    }
}
