//! One piece of an object.

use std::cell::Cell;
use std::ops::Range;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use super::{Download, Object};
use crate::call::{Call, Incoming};
use crate::reply::{Failure, Phase, Result};

/// What an attempt has to bring so that the next one is as good as the first, in bytes: a few in
/// each could keep a call busy for ever.
const PROGRESS: u64 = 4096;

/// Takes bytes of an object, and the place of the first one in it.
pub(super) type Sink<'a> = &'a mut dyn FnMut(u64, &[u8]) -> Result<()>;

impl Download<'_> {
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
                    // What lies behind a part need not come.
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
        let range = (!is_whole).then(|| part.clone());
        let answer = self.service.get(call, self.at(), range, object.etag.as_deref())?;
        answer.read(|incoming| {
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
                // Only the whole object may stand for a part of it.
                let is_whole = announced.is_none_or(|len| len == object.size.to_string());
                self.ignores_ranges.store(is_whole, Ordering::Relaxed);
                let message = "the server does not serve parts of objects";
                return Err(Failure::not_a_reply(200, message));
            }
            // There is no such part any more.
            _ => return Err(changed()),
        }
        let etag = incoming.header("etag").map(|etag| etag.trim_matches('"'));
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
