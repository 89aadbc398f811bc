//! Uploads: one request for small files (`whole`), parts for large ones (`parts`), content that comes
//! bit by bit (`stream`), certainty about what became of them (`certain`), and a way around an
//! unfinished upload of other content (`aside`).

mod aside;
mod certain;
mod parts;
mod stream;
#[cfg(test)]
mod tests;
mod whole;

pub use stream::stream;

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use serde_json::{Value, json};

use super::begin;
use crate::call::Call;
use crate::client::Client;
use crate::content::source::Source;
use crate::options::Options;
use crate::path::FilePath;
use crate::protocol::contract::{Limits, PartSizes, Protocol, Upload, UploadSettings};
use crate::reply::{Failure, Reply, Result};
use crate::stop::Stop;
use crate::threads::{self, Watch};
use crate::transfer::Transfer;

/// An upload under way.
#[derive(Clone, Copy)]
pub struct Sending<'a> {
    /// Where to.
    pub service: &'a dyn Protocol,
    /// The call it is, or is part of.
    pub call: &'a Call,
    /// What, and to which path.
    pub upload: &'a Upload<'a>,
    /// What is worth telling about it.
    pub stats: &'a Stats,
}

/// What is worth telling about a finished or failed upload.
#[derive(Debug, Default)]
pub struct Stats {
    parts: AtomicU64,
    is_instant: AtomicBool,
    is_recovered: AtomicBool,
}

/// What an upload does about a file that is there, unless its options say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfExists {
    /// Refuses to replace it.
    Refuse,
    /// Replaces it.
    Replace,
}

/// Uploads the file at `local_path`.
pub fn file(
    client: &Client,
    bucket: &str,
    cos_path: &str,
    local_path: &str,
    options: Option<&str>,
    watch: Watch,
) -> Result<Reply> {
    upload(client, bucket, cos_path, options, watch, |stop| Source::open(local_path, stop))
}

/// Uploads bytes in memory.
pub fn buffer(
    client: &Client,
    bucket: &str,
    cos_path: &str,
    data: &[u8],
    options: Option<&str>,
    watch: Watch,
) -> Result<Reply> {
    upload(client, bucket, cos_path, options, watch, |_| Ok(Source::Buffer(data)))
}

fn upload<'a>(
    client: &Client,
    bucket: &str,
    cos_path: &str,
    options: Option<&str>,
    watch: Watch,
    source: impl FnOnce(&Stop) -> Result<Source<'a>>,
) -> Result<Reply> {
    let own = Transfer::default();
    let (transfer, on_progress) = watch.or(&own);
    let mut this = begin(client, bucket, cos_path, FilePath::new, options, Some(transfer))?;
    let settings = settings(&mut this.options, this.service.limits(), IfExists::Refuse)?;
    this.no_more_options()?;
    let source = source(&this.call.stop)?;
    let _busy = transfer.begin()?;
    transfer.set_total(source.size());
    let (started, stats) = (Instant::now(), Stats::default());
    let upload = Upload::new(&this.bucket, &this.path, &source, transfer, settings);
    let call = &this.call;
    let sending = Sending { service: &*this.service, call, upload: &upload, stats: &stats };
    let result = threads::watched(&call.stop, call.log(), transfer, on_progress, || {
        let reply = sending.send()?;
        transfer.complete();
        Ok(reply)
    });
    Ok(sending.told(result, started))
}

/// Takes the options of an upload.
pub fn settings(
    options: &mut Options,
    limits: &Limits,
    if_exists: IfExists,
) -> Result<UploadSettings> {
    let part_size = options.integer("slice_size", 0..=u64::MAX)?.unwrap_or(limits.part_size);
    check_part_size(part_size, &limits.part_sizes)?;
    let threshold = options.integer("slice_threshold", 0..=limits.largest_whole)?;
    let insert_only = options.flag("insert_only")?;
    Ok(UploadSettings {
        insert_only: insert_only.unwrap_or(if_exists == IfExists::Refuse),
        biz_attr: options.text("biz_attr")?.unwrap_or_default(),
        part_size,
        threshold: threshold.unwrap_or(limits.threshold),
        concurrency: options.integer("concurrency", 1..=64)?.unwrap_or(4) as usize,
        verify: options.flag("verify_sha1")?.unwrap_or(true),
        resume: options.flag("resume")?.unwrap_or(true),
    })
}

fn check_part_size(part_size: u64, sizes: &PartSizes) -> Result<()> {
    let problem = match sizes {
        PartSizes::Of(sizes) if !sizes.contains(&part_size) => {
            let sizes: Vec<_> = sizes.iter().map(u64::to_string).collect();
            let (last, others) = sizes.split_last().map_or(("", &[][..]), |(l, o)| (l.as_str(), o));
            format!("must be {} or {last} bytes", others.join(", "))
        }
        PartSizes::Between(least, most) if !(*least..=*most).contains(&part_size) => {
            format!("must be {least} to {most} bytes")
        }
        _ => return Ok(()),
    };
    Err(Failure::argument("slice_size", problem))
}

impl Sending<'_> {
    /// Sends the content, in whatever way its size asks for.
    pub fn send(&self) -> Result<Reply> {
        let size = self.upload.source.size();
        if size > 0 && size >= self.upload.settings.threshold {
            return self.in_parts();
        }
        self.whole()
    }

    /// The reply, with what is worth telling.
    fn told(&self, result: Result<Reply>, started: Instant) -> Reply {
        let stats = self.stats;
        let mut told = json!({
            "bytes": self.upload.source.size(),
            "sent_bytes": self.call.traffic().sent(),
            "resumed_bytes": self.upload.transfer.resumed(),
            "slices": stats.parts.load(Ordering::Relaxed),
            "instant": stats.is_instant.load(Ordering::Relaxed),
            "recovered": stats.is_recovered.load(Ordering::Relaxed),
            "seconds": started.elapsed().as_secs_f64(),
        });
        for (name, sum) in self.upload.known_sums() {
            told[name] = Value::String(sum);
        }
        result.unwrap_or_else(Reply::from).with("transfer", &told.to_string())
    }

    /// Notes that the reply is not the server's to this upload, but known to be true.
    fn recovered(&self) {
        self.stats.is_recovered.store(true, Ordering::Relaxed);
    }
}
