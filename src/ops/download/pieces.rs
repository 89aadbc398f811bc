//! One piece of an object.

use std::cell::Cell;
use std::ops::Range;
use std::sync::atomic::Ordering;
use std::sync::{MutexGuard, PoisonError};

use super::{Download, Object};
use crate::call::{Call, Incoming, Unread, parse_http_date};
use crate::reply::{Failure, Phase, Result};

/// What an attempt has to bring so that the next one is as good as the first, in bytes: a few in
/// each could keep a call busy for ever.
const PROGRESS: u64 = 4096;
/// A refusal is no longer than this, in bytes.
const LARGEST_REFUSAL: usize = 64 * 1024;

/// Takes bytes of an object, and the place of the first one in it.
pub(super) type Sink<'a> = &'a mut dyn FnMut(u64, &[u8]) -> Result<()>;

/// An answer that somebody has asked for already.
pub(super) struct First {
    answer: Unread,
    /// Which part of the object it brings.
    part: Range<u64>,
}

impl Download<'_> {
    /// Keeps the answer to a request for the first piece, unless it is about another version than
    /// `object`, or could be.
    pub(super) fn keep_first(&self, object: &Object, answer: Unread) {
        let piece = object.start..object.start + object.piece(0).1;
        // The status is 200 if no range was asked for: then all of it comes.
        let part = if answer.status == 200 { 0..object.size } else { piece.clone() };
        if !has_size_of(object, &answer) {
            return;
        }
        self.ignores_ranges.store(part != piece, Ordering::Relaxed);
        if is_version_of(object, &answer) {
            *self.first() = Some(First { answer, part });
        }
    }

    /// Lets it go, if nobody has wanted it.
    pub(super) fn forget_first(&self) {
        *self.first() = None;
    }

    fn first(&self) -> MutexGuard<'_, Option<First>> {
        self.first.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fetches `len` bytes from `start` of the object and hands them to `sink` with their place,
    /// counted like `start`. After a lost connection it continues where it was.
    pub(super) fn fetch(&self, object: &Object, start: u64, len: u64, sink: Sink) -> Result<()> {
        let (at, end) = (Cell::new(start), start + len);
        let mut sink = |place: u64, bytes: &[u8]| {
            sink(place, bytes)?;
            self.count(bytes.len() as u64);
            at.set(place + bytes.len() as u64);
            Ok(())
        };
        self.call.attempts(
            |_| true,
            |call| {
                let begin = at.get();
                // The connection broke when there was nothing left to come.
                if begin == end && begin > start {
                    return Ok(());
                }
                let result = self.request(call, object, begin..end, |incoming| {
                    self.drain(incoming, begin..end, false, &mut sink)
                });
                result.map_err(|failure| failure.with_progress(at.get() - begin >= PROGRESS))
            },
        )
    }

    /// As good as `fetched`, which fetched pieces of `object`: where something on the way leaves out
    /// the header that asks for a part, the object is fetched in one request, from its first byte on
    /// whatever part of it is wanted. `sink` gets what is wanted; after a lost connection, everything
    /// again.
    pub(super) fn or_whole(&self, fetched: Result<()>, object: &Object, sink: Sink) -> Result<()> {
        if fetched.is_ok() || !self.ignores_ranges.load(Ordering::Relaxed) {
            return fetched;
        }
        let (start, end) = (object.start, object.start + object.len);
        self.call.stop.recover();
        self.call.attempts(
            |_| true,
            |call| {
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
                self.request(call, object, 0..object.size, |incoming| {
                    // The rest behind the range is not read.
                    let has_more = end < object.size;
                    self.drain(incoming, 0..end, has_more, &mut sink)
                })
            },
        )
    }

    /// Requests a part of an object and has `take` read it, if the answer is about to be just this.
    fn request(
        &self,
        call: &Call,
        object: &Object,
        part: Range<u64>,
        take: impl FnOnce(Incoming) -> Result<()>,
    ) -> Result<()> {
        let is_whole = part == (0..object.size);
        let first = self.first().take_if(|first| first.part == part);
        let answer = match first {
            Some(first) => first.answer,
            None if !is_whole && self.ignores_ranges.load(Ordering::Relaxed) => {
                return Err(no_parts());
            }
            None => {
                let range = (!is_whole).then(|| part.clone());
                self.service.get(call, self.at(), range, object.etag.as_deref())?
            }
        };
        answer.read(|incoming| {
            // No range of an empty file is valid: 416 is right for it.
            if incoming.status == 416 && part.is_empty() {
                return incoming.read_all(LARGEST_REFUSAL).map(|_| ());
            }
            self.check_head(&incoming, object, &part, is_whole)?;
            take(incoming)
        })
    }

    fn check_head(
        &self,
        incoming: &Incoming,
        object: &Object,
        part: &Range<u64>,
        is_whole: bool,
    ) -> Result<()> {
        let (start, len) = (part.start, part.end - part.start);
        let changed = || Failure::integrity("the object changed while it was downloaded");
        let announced = incoming.header("content-length");
        match (incoming.status, is_whole) {
            (206, _) => check_part(incoming, start, len, object.size)?,
            (200, true) => {}
            (200, false) => {
                // Only a server that sends the whole object ignores ranges.
                let is_whole = announced.is_none_or(|len| len == object.size.to_string());
                self.ignores_ranges.store(is_whole, Ordering::Relaxed);
                return Err(no_parts());
            }
            // 416: the object has become smaller.
            _ => return Err(changed()),
        }
        let etag = etag(incoming);
        if let (Some(etag), Some(known)) = (etag, &object.etag)
            && etag != known
        {
            return Err(changed());
        }
        if object.sum.is_none()
            && let Some(etag) = etag
        {
            let mut first = self.etag.lock().unwrap_or_else(PoisonError::into_inner);
            if first.get_or_insert_with(|| etag.to_owned()) != etag {
                return Err(changed());
            }
        }
        match announced.and_then(|len| len.parse::<u64>().ok()) {
            Some(announced) if announced != len => Err(changed()),
            _ => Ok(()),
        }
    }

    /// Hands the bytes of an answer to `sink`, which are those of `part`. Behind them there must be
    /// nothing, unless the answer `has_more`.
    fn drain(
        &self,
        mut incoming: Incoming,
        part: Range<u64>,
        has_more: bool,
        sink: Sink,
    ) -> Result<()> {
        let Range { start: mut at, end } = part;
        while !(has_more && at == end) {
            let bytes = match incoming.read()? {
                [] if at == end => break,
                [] => return Err(Failure::integrity("the answer ended before the object did")),
                bytes if bytes.len() as u64 <= end - at => bytes,
                bytes if has_more => &bytes[..(end - at) as usize],
                _ => return Err(Failure::integrity("the answer is longer than the object")),
            };
            sink(at, bytes)?;
            at += bytes.len() as u64;
            if self.call.stop.is_set() {
                return Err(Failure::cancelled(Phase::Receive));
            }
        }
        Ok(())
    }
}

fn no_parts() -> Box<Failure> {
    Failure::not_a_reply(200, "the server does not serve parts of objects")
}

/// Whether an answer to a request for the first piece is about an object of this size. What it says and
/// can't be read is left to whoever reads it.
fn has_size_of(object: &Object, answer: &Unread) -> bool {
    let size = match answer.status {
        206 => answer.header("content-range").and_then(|range| range.rsplit('/').next()),
        200 => answer.header("content-length"),
        // An empty object has no first piece.
        _ => return object.len == 0,
    };
    size.and_then(|size| size.parse::<u64>().ok()).is_none_or(|size| size == object.size)
}

/// Whether an answer is about this version of the object, or its bytes will show that it is not.
fn is_version_of(object: &Object, answer: &Unread) -> bool {
    let modified = answer.header("last-modified").and_then(parse_http_date);
    match (etag(answer), &object.etag, modified) {
        (Some(etag), Some(known), _) => etag == known,
        (_, _, Some(modified)) => modified == object.mtime,
        (_, _, None) => object.sum.is_some() || object.size == 0,
    }
}

/// What an answer calls its version of the object.
fn etag(incoming: &Incoming) -> Option<&str> {
    incoming.header("etag").map(|etag| etag.trim_matches('"'))
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
    let range = range.to_ascii_lowercase();
    let behind_start = range.strip_prefix(&format!("bytes {start}-"));
    let (last, whole) = behind_start.and_then(|rest| rest.split_once('/')).unwrap_or_default();
    let end = start + len;
    // When the size is not known, the range asked for may go beyond the end, and some servers repeat
    // it in the answer.
    let is_part = last.parse::<u64>().is_ok_and(|last| match last.saturating_add(1) {
        after if end == size => after >= end,
        after => after == end,
    });
    match whole {
        _ if !is_part => Err(Failure::integrity("the answer is another part of the object")),
        // Not every server knows, or tells, how large the whole is.
        whole if whole == "*" || whole == size.to_string() => Ok(()),
        _ => Err(Failure::integrity("the object changed while it was downloaded")),
    }
}
