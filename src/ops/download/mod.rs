//! Downloads: to a file ([`file()`]), into memory ([`buffer`]) or through a callback ([`stream`]).
//!
//! All of them ask `stat` first, so that size and SHA-1 are known, and then fetch the object in
//! pieces (`pieces`).

mod partial;
mod pieces;
mod to_buffer;
mod to_file;
mod to_stream;

pub use partial::{Destination, is_partial_name};
pub use to_buffer::buffer;
pub use to_file::file;
pub use to_stream::stream;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde::Deserialize;
use serde_json::json;

use crate::client::{Call, Client};
use crate::ops::file::stat_operation;
use crate::options::Options;
use crate::path::{Bucket, FilePath};
use crate::reply::answer::Answer;
use crate::reply::{Code, Failure, Result, lenient_u64};
use crate::transfer::Transfer;

/// How much one request fetches at the most, in bytes.
pub const PIECE: u64 = 8 * 1024 * 1024;

/// How often a download begins anew because the object was replaced meanwhile.
const REPLACED: u32 = 2;

/// One download.
pub struct Download<'a> {
    call: Call,
    bucket: Bucket,
    path: FilePath,
    transfer: &'a Transfer,
    range: Range,
    concurrency: usize,
    verify_sha1: bool,
    /// The first `ETag`, where nothing else would show that the object changed meanwhile.
    etag: Mutex<Option<String>>,
    /// Whether an answer to a request for a part was the whole.
    ignores_ranges: AtomicBool,
    /// Bytes that this download has counted as done.
    counted: AtomicU64,
    started: Instant,
}

/// The part of the object that the caller wants.
#[derive(Default)]
struct Range {
    start: Option<u64>,
    end: Option<u64>,
}

/// What `stat` says about the object, and which part of it is to be fetched.
#[derive(Debug, Clone)]
pub struct Object {
    size: u64,
    mtime: u64,
    /// Whatever the server calls the SHA-1.
    stated_sha: Option<String>,
    /// What the bytes fetched must have; `None` where the server states none, for a part of an
    /// object, and where the caller does not want to verify.
    sha: Option<String>,
    start: u64,
    len: u64,
}

#[derive(Deserialize)]
struct StatData {
    #[serde(deserialize_with = "lenient_u64")]
    filesize: Option<u64>,
    #[serde(default, deserialize_with = "lenient_u64")]
    mtime: Option<u64>,
    #[serde(default)]
    sha: Option<String>,
}

impl<'a> Download<'a> {
    /// Checks what every download is given, and takes the options that all of them have.
    fn new(
        client: &Client,
        bucket: &str,
        cos_path: &str,
        options: &mut Options,
        transfer: &'a Transfer,
    ) -> Result<Download<'a>> {
        let (bucket, path) = (Bucket::new(bucket)?, FilePath::new("cos_path", cos_path)?);
        let call = client.call(options, Some(transfer.cancel_flag()))?;
        let range = Range {
            start: options.integer("range_start", 0..=u64::MAX)?,
            end: options.integer("range_end", 0..=u64::MAX)?,
        };
        if range.end.is_some_and(|end| end < range.start.unwrap_or(0)) {
            return Err(Failure::argument("range_end", "must not be before range_start"));
        }
        Ok(Download {
            call,
            bucket,
            path,
            transfer,
            range,
            concurrency: options.integer("concurrency", 1..=64)?.unwrap_or(4) as usize,
            verify_sha1: options.flag("verify_sha1")?.unwrap_or(true),
            etag: Mutex::default(),
            ignores_ranges: AtomicBool::default(),
            counted: AtomicU64::default(),
            started: Instant::now(),
        })
    }

    /// The download of a file of a tree, whose size and SHA-1 are known from a list.
    pub fn of_tree(
        call: Call,
        bucket: Bucket,
        path: FilePath,
        transfer: &'a Transfer,
        concurrency: usize,
        verify_sha1: bool,
    ) -> Download<'a> {
        Download {
            call,
            bucket,
            path,
            transfer,
            range: Range::default(),
            concurrency,
            verify_sha1,
            etag: Mutex::default(),
            ignores_ranges: AtomicBool::default(),
            counted: AtomicU64::default(),
            started: Instant::now(),
        }
    }

    fn stat(&self) -> Result<Object> {
        let reply = self.call.run(&stat_operation(&self.bucket, &self.path))?;
        let data: StatData = reply.data()?;
        let size = data.filesize.ok_or_else(|| reply.unexpected("it has no filesize"))?;
        let is_part = self.range.start.is_some() || self.range.end.is_some();
        let start = self.range.start.unwrap_or(0);
        if is_part && start >= size {
            let problem = format!("is beyond the end of the object, which has {size} bytes");
            let given = if self.range.start.is_some() { "range_start" } else { "range_end" };
            return Err(Failure::argument(given, problem));
        }
        let end = self.range.end.map_or(size, |end| size.min(end.saturating_add(1)));
        let wanted = self.verify_sha1 && end - start == size;
        Ok(Object {
            start,
            len: end - start,
            ..Object::whole(size, data.mtime.unwrap_or(0), data.sha, wanted)
        })
    }

    /// Does `work` with `object`. If that was replaced since it was asked for, asks for it, and works
    /// on it, again.
    pub fn of_one_version<T>(
        &self,
        mut object: Object,
        mut work: impl FnMut(&Object) -> Result<T>,
    ) -> Result<T> {
        for _ in 0..REPLACED {
            let failure = match work(&object) {
                Err(failure) if failure.is(Code::COS_ERR_INTEGRITY) => failure,
                result => return result,
            };
            self.call.stop.recover();
            match self.stat() {
                Ok(now) if !now.is_version_of(&object) => object = now,
                _ => return Err(failure),
            }
            self.begin_anew();
        }
        work(&object)
    }

    /// Forgets what was learned and counted of another version of the object.
    fn begin_anew(&self) {
        *self.etag.lock().unwrap_or_else(PoisonError::into_inner) = None;
        self.transfer.repeat(self.counted.swap(0, Ordering::Relaxed));
    }

    /// Counts bytes as done.
    fn count(&self, bytes: u64) {
        self.counted.fetch_add(bytes, Ordering::Relaxed);
        self.transfer.add(bytes);
    }

    /// Whether something on the way leaves out the header that asks for a part.
    fn ranges_are_ignored(&self) -> bool {
        self.ignores_ranges.load(Ordering::Relaxed)
    }

    fn answer(&self, result: Result<()>) -> Answer {
        let answer = match result {
            Ok(()) => Answer::done(),
            Err(failure) => Answer::from(failure),
        };
        let transfer = json!({
            "bytes": self.transfer.progress().1,
            "received_bytes": self.call.traffic.received(),
            "resumed_bytes": self.transfer.resumed(),
            "seconds": self.started.elapsed().as_secs_f64(),
        });
        answer.with("transfer", &transfer.to_string())
    }
}

impl Object {
    /// Whether both are the same object with the same content, as far as the server tells.
    fn is_version_of(&self, other: &Object) -> bool {
        let told = |object: &Object| (object.size, object.mtime, object.stated_sha.clone());
        told(self) == told(other)
    }

    /// All of an object; its SHA-1 counts if `verify_sha1`.
    pub fn whole(size: u64, mtime: u64, sha: Option<String>, verify_sha1: bool) -> Object {
        // Some objects carry something else in this field.
        let is_sha = |sha: &String| sha.len() == 40 && sha.bytes().all(|b| b.is_ascii_hexdigit());
        Object {
            size,
            mtime,
            sha: sha.clone().filter(|sha| verify_sha1 && is_sha(sha)),
            stated_sha: sha,
            start: 0,
            len: size,
        }
    }

    /// Where the pieces start, counted from the start of what is fetched.
    fn pieces(&self) -> u64 {
        self.len.div_ceil(PIECE).max(1)
    }

    /// Start and length of piece `i`, counted from the start of what is fetched.
    fn piece(&self, i: u64) -> (u64, u64) {
        let start = i * PIECE;
        (start, PIECE.min(self.len - start))
    }

    fn check_sha(&self, found: &str) -> Result<()> {
        match &self.sha {
            Some(sha) if !sha.eq_ignore_ascii_case(found) => Err(Failure::integrity(format!(
                "the bytes received have the SHA-1 {found}, the server states {sha}"
            ))),
            _ => Ok(()),
        }
    }
}
