//! Downloads: to a file ([`file()`]), into memory ([`buffer`]) or through a callback ([`stream`]).
//!
//! All of them fetch the object in pieces (`pieces`). Size and sum come with the first of them, or are
//! asked for before it, where the caller has part of the object already.

mod partial;
mod pieces;
mod to_buffer;
mod to_file;
mod to_stream;

pub(super) use partial::{Destination, is_partial_name};
pub use to_buffer::buffer;
pub use to_file::{file, has_content};
pub use to_stream::stream;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use super::{Operation, TRAFFIC_LIMITS, begin, check_has_attribute};
use crate::call::Call;
use crate::client::Client;
use crate::content::hash::Sum;
use crate::options::Options;
use crate::path::{Bucket, FilePath};
use crate::protocol::contract::{Described, Limits, Place, Protocol};
use crate::reply::object::ObjectInfo;
use crate::reply::{Code, Failure, Reply, Result, write};
use crate::threads::Workers;
use crate::transfer::Transfer;
use pieces::First;

/// How much one request fetches at the most, in bytes.
pub(super) const PIECE: u64 = 8 * 1024 * 1024;

/// How often a download begins anew because the object was replaced meanwhile.
const REPLACED: u32 = 2;

/// One download.
pub(super) struct Download<'a> {
    service: Arc<dyn Protocol>,
    call: Call,
    bucket: Bucket,
    path: FilePath,
    transfer: &'a Transfer,
    settings: Settings,
    /// Who fetches its pieces.
    workers: Arc<Workers>,
    /// The answer to the first request, until somebody wants what it brings.
    first: Mutex<Option<First>>,
    /// The first `ETag`, where nothing else would show that the object changed meanwhile.
    etag: Mutex<Option<String>>,
    /// Whether an answer to a request for a part was the whole.
    ignores_ranges: AtomicBool,
    /// Bytes that this download has counted as done.
    counted: AtomicU64,
    /// The ETag of the version that has come.
    version: Mutex<Option<String>>,
    /// The sum of the content, when it was found to be the one that the server states.
    verified: Mutex<Option<Sum>>,
    /// Whether the caller has the content already, if that was compared.
    is_unchanged: Option<bool>,
    started: Instant,
}

/// The options that all downloads have.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    /// Pieces under way at a time.
    pub concurrency: usize,
    /// Whether the bytes must have the sum that the server states.
    pub verify: bool,
    /// The part of the object that the caller wants.
    pub range: Range,
    /// How many bits a second the service may send for each request.
    pub traffic_limit: Option<u64>,
}

/// A part of an object, in bytes; all of it where nothing is said.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Range {
    /// The first byte.
    start: Option<u64>,
    /// The last byte.
    end: Option<u64>,
}

/// What the service says about the object, and which part of it is to be fetched.
#[derive(Debug, Clone)]
pub(super) struct Object {
    size: u64,
    mtime: u64,
    /// Whatever the server states of the content.
    stated: Option<String>,
    /// What the server calls this version of the content.
    etag: Option<String>,
    /// What the bytes fetched must have; `None` where the server states none, for a part of an
    /// object, and where the caller does not want to verify.
    sum: Option<Sum>,
    start: u64,
    len: u64,
}

/// Takes the options that all downloads of files have.
pub(super) fn settings(options: &mut Options, limits: &Limits) -> Result<Settings> {
    let start = options.integer("range_start", 0..=u64::MAX)?;
    let end = options.integer("range_end", 0..=u64::MAX)?;
    if end.is_some_and(|end| end < start.unwrap_or(0)) {
        return Err(Failure::argument("range_end", "must not be before range_start"));
    }
    Ok(Settings { range: Range { start, end }, ..settings_of_tree(options, limits)? })
}

/// Takes the options of the downloads of a tree: whole files.
pub(super) fn settings_of_tree(options: &mut Options, limits: &Limits) -> Result<Settings> {
    let traffic_limit = options.integer("traffic_limit", TRAFFIC_LIMITS)?;
    check_has_attribute(limits, "traffic_limit", traffic_limit.is_some())?;
    Ok(Settings {
        concurrency: options.integer("concurrency", 1..=64)?.unwrap_or(4) as usize,
        verify: options.flag("verify_sha1")?.unwrap_or(true),
        range: Range::default(),
        traffic_limit,
    })
}

/// What all downloads begin with. The options of this kind of download are left.
fn begin_download<'a>(
    client: &Client,
    bucket: &str,
    cos_path: &str,
    options: Option<&str>,
    transfer: &'a Transfer,
) -> Result<(Download<'a>, Options)> {
    let this = begin(client, bucket, cos_path, FilePath::new, options, Some(transfer))?;
    let Operation { service, call, bucket, path, mut options } = this;
    let settings = settings(&mut options, service.limits())?;
    let workers = Arc::new(Workers::new(settings.concurrency));
    Ok((Download::new(service, call, bucket, path, transfer, settings, workers), options))
}

impl<'a> Download<'a> {
    /// A download that has not begun.
    pub fn new(
        service: Arc<dyn Protocol>,
        call: Call,
        bucket: Bucket,
        path: FilePath,
        transfer: &'a Transfer,
        settings: Settings,
        workers: Arc<Workers>,
    ) -> Download<'a> {
        Download {
            service,
            call: call.limited_to(settings.traffic_limit),
            bucket,
            path,
            transfer,
            settings,
            workers,
            first: Mutex::default(),
            etag: Mutex::default(),
            ignores_ranges: AtomicBool::default(),
            counted: AtomicU64::default(),
            version: Mutex::default(),
            verified: Mutex::default(),
            is_unchanged: None,
            started: Instant::now(),
        }
    }

    fn at(&self) -> Place<'_> {
        Place { bucket: &self.bucket, path: &self.path }
    }

    /// Asks what the object is.
    pub fn stat(&self) -> Result<Object> {
        self.object(&self.service.describe(&self.call, self.at())?)
    }

    /// Asks for the first piece, and so what the object is. The answer is kept for whoever fetches
    /// that piece.
    fn open(&self) -> Result<Object> {
        let Range { start, end } = self.settings.range;
        let start = start.unwrap_or(0);
        let end = end.map_or(u64::MAX, |last| last.saturating_add(1));
        let asked = start..end.min(start.saturating_add(PIECE));
        let (described, answer) = self.service.get_first(&self.call, self.at(), asked)?;
        let object = self.object(&described)?;
        self.keep_first(&object, answer);
        Ok(object)
    }

    /// The part of the object that the caller wants.
    fn object(&self, Described { size, shown }: &Described) -> Result<Object> {
        let Range { start: first, end: last } = self.settings.range;
        let (size, start) = (*size, first.unwrap_or(0));
        let is_part = first.is_some() || last.is_some();
        if is_part && start >= size {
            let problem = format!("is beyond the end of the object, which has {size} bytes");
            let given = if first.is_some() { "range_start" } else { "range_end" };
            return Err(Failure::argument(given, problem));
        }
        let end = last.map_or(size, |last| size.min(last.saturating_add(1)));
        let verify = self.settings.verify && end - start == size;
        Ok(Object { start, len: end - start, ..Object::whole(size, shown, verify) })
    }

    /// Does `work` with `object`. If that was replaced since it was asked for, asks for it, and works
    /// on it, again.
    pub fn of_one_version<T>(
        &self,
        mut object: Object,
        mut work: impl FnMut(&Object) -> Result<T>,
    ) -> Result<T> {
        let mut work = |object: &Object| {
            let result = work(object);
            *self.version.lock().unwrap_or_else(PoisonError::into_inner) = object.etag.clone();
            result
        };
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
        self.forget_first();
        self.transfer.repeat(self.counted.swap(0, Ordering::Relaxed));
    }

    /// Compares the sum of what was received with what the server states.
    fn check(&self, object: &Object, found: &Sum) -> Result<()> {
        object.check(found)?;
        *self.verified.lock().unwrap_or_else(PoisonError::into_inner) = Some(found.clone());
        Ok(())
    }

    /// Counts bytes as done.
    fn count(&self, bytes: u64) {
        self.counted.fetch_add(bytes, Ordering::Relaxed);
        self.transfer.add(bytes);
    }

    fn reply(&self, result: Result<()>) -> Reply {
        self.forget_first();
        let reply = match result {
            Ok(()) => Reply::done(),
            Err(failure) => Reply::from(failure),
        };
        let verified = self.verified.lock().unwrap_or_else(PoisonError::into_inner);
        let mut transfer = write::Object::new()
            .with("bytes", self.transfer.progress().1)
            .with("received_bytes", self.call.traffic().received())
            .with("resumed_bytes", self.transfer.resumed())
            .with("verified", verified.is_some())
            .with("seconds", self.started.elapsed());
        if let Some(is_unchanged) = self.is_unchanged {
            transfer.add("unchanged", is_unchanged);
        }
        if let Some(etag) = &*self.version.lock().unwrap_or_else(PoisonError::into_inner) {
            transfer.add("etag", etag);
        }
        match &*verified {
            Some(Sum::Sha1(sha1)) => transfer.add("sha1", sha1),
            Some(Sum::Crc64(crc64)) => transfer.add("crc64", crc64.to_string()),
            None => {}
        }
        reply.with("transfer", &transfer.into_text())
    }
}

impl Object {
    /// Whether both are the same object with the same content, as far as the server tells.
    fn is_version_of(&self, other: &Object) -> bool {
        let told = |object: &Object| (object.size, object.mtime, object.stated.clone());
        told(self) == told(other)
    }

    /// All of an object of `size` bytes; its sum counts if `verify`.
    pub fn whole(size: u64, shown: &ObjectInfo, verify: bool) -> Object {
        // In some objects this field is no SHA-1.
        let is_sha = |sha: &&String| sha.len() == 40 && sha.bytes().all(|b| b.is_ascii_hexdigit());
        // With an ETag beside it, it is what an uploader has stated: the service has not checked it.
        let sha = shown.sha.as_ref().filter(|_| shown.etag.is_none()).filter(is_sha);
        let sum = shown.crc64.map(Sum::Crc64).or_else(|| sha.cloned().map(Sum::Sha1));
        Object {
            size,
            mtime: shown.mtime.unwrap_or(0),
            stated: shown.etag.clone().or(shown.sha.clone()),
            etag: shown.etag.clone(),
            sum: sum.filter(|_| verify),
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

    fn check(&self, found: &Sum) -> Result<()> {
        match &self.sum {
            Some(stated) if stated != found => Err(Failure::integrity(format!(
                "the bytes received have the {found}, the server states {stated}"
            ))),
            _ => Ok(()),
        }
    }
}
