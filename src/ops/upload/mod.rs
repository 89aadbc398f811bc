//! Uploads: one request for small files (`whole`), slices for large ones (`parts`), and a way
//! around an unfinished upload of other content (`aside`).

mod aside;
mod certain;
mod parts;
mod whole;

pub use certain::is_unfinished;

use std::time::Instant;

use serde_json::json;

use crate::client::{Call, Client};
use crate::content::source::Source;
use crate::ops::file;
use crate::options::Options;
use crate::path::{Bucket, FilePath};
use crate::reply::answer::Answer;
use crate::reply::{Failure, Reply, Result};
use crate::stop::Stop;
use crate::threads::{self, OnProgress, Watch};
use crate::transfer::Transfer;

/// The largest simple upload the service takes, in bytes.
const MAX_SIMPLE: u64 = 20 * 1024 * 1024;
const DEFAULT_THRESHOLD: u64 = 8 * 1024 * 1024;
const DEFAULT_SLICE_SIZE: u64 = 1024 * 1024;
/// What the service documents; it answers others with -284.
const SLICE_SIZES: [u64; 4] = [524_288, 1_048_576, 2_097_152, 3_145_728];

/// One upload, ready to start.
pub struct Upload<'a> {
    /// The call it is, or is part of.
    pub call: Call,
    /// The bucket.
    pub bucket: Bucket,
    /// Where the file is to be.
    pub path: FilePath,
    /// What it is to contain.
    pub source: &'a Source<'a>,
    /// Where progress is counted.
    pub transfer: &'a Transfer,
    /// The options.
    pub settings: Settings,
}

/// The options of an upload.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Not to replace a file.
    pub insert_only: bool,
    /// The attribute stored with the file.
    pub biz_attr: String,
    /// Bytes a slice, unless the server wants another size.
    pub slice_size: u64,
    /// Bytes from which a file is sliced.
    pub slice_threshold: u64,
    /// Slices under way at a time.
    pub concurrency: usize,
    /// Whether to announce digests.
    pub verify_sha1: bool,
    /// Whether to continue an unfinished upload.
    pub resume: bool,
}

/// What is worth telling about a finished or failed upload.
#[derive(Debug, Default)]
pub struct Stats {
    slices: u64,
    instant: bool,
    recovered: bool,
}

/// Uploads the file at `local_path`.
pub fn file(
    client: &Client,
    bucket: &str,
    cos_path: &str,
    local_path: &str,
    options: Option<&str>,
    watch: Watch,
) -> Result<Answer> {
    start(client, bucket, cos_path, options, watch, |stop| Source::open(local_path, stop))
}

/// Uploads bytes in memory.
pub fn buffer(
    client: &Client,
    bucket: &str,
    cos_path: &str,
    data: &[u8],
    options: Option<&str>,
    watch: Watch,
) -> Result<Answer> {
    start(client, bucket, cos_path, options, watch, |_| Ok(Source::Buffer(data)))
}

fn start<'a>(
    client: &Client,
    bucket: &str,
    cos_path: &str,
    options: Option<&str>,
    watch: Watch,
    source: impl FnOnce(&Stop) -> Result<Source<'a>>,
) -> Result<Answer> {
    let (bucket, path) = (Bucket::new(bucket)?, FilePath::new("cos_path", cos_path)?);
    let own_transfer = Transfer::default();
    let transfer = watch.transfer.unwrap_or(&own_transfer);
    let mut options = Options::parse(options)?;
    let call = client.call(&mut options, Some(transfer.cancel_flag()))?;
    let settings = Settings::take(&mut options, true)?;
    options.finish()?;
    let source = source(&call.stop)?;
    let _busy = transfer.begin()?;
    transfer.set_total(source.size());
    let upload = Upload { call, bucket, path, source: &source, transfer, settings };
    Ok(upload.run(watch.on_progress))
}

impl Settings {
    /// Takes the options of an upload; `insert_only` is the default of that one.
    pub fn take(options: &mut Options, insert_only: bool) -> Result<Settings> {
        let slice_size = options.integer("slice_size", 0..=u64::MAX)?.unwrap_or(DEFAULT_SLICE_SIZE);
        if !SLICE_SIZES.contains(&slice_size) {
            return Err(Failure::argument(
                "slice_size",
                "must be 524288, 1048576, 2097152 or 3145728 bytes",
            ));
        }
        let threshold = options.integer("slice_threshold", 0..=MAX_SIMPLE)?;
        Ok(Settings {
            insert_only: options.flag("insert_only")?.unwrap_or(insert_only),
            biz_attr: options.text("biz_attr")?.unwrap_or_default(),
            slice_size,
            slice_threshold: threshold.unwrap_or(DEFAULT_THRESHOLD),
            concurrency: options.integer("concurrency", 1..=64)?.unwrap_or(4) as usize,
            verify_sha1: options.flag("verify_sha1")?.unwrap_or(true),
            resume: options.flag("resume")?.unwrap_or(true),
        })
    }
}

impl<'a> Upload<'a> {
    /// The same content to another path, or once more: what has failed does not stop it.
    fn to(&self, path: FilePath, settings: Settings) -> Upload<'a> {
        Upload {
            call: self.call.below(),
            bucket: self.bucket.clone(),
            path,
            source: self.source,
            transfer: self.transfer,
            settings,
        }
    }

    fn run(&self, on_progress: Option<OnProgress>) -> Answer {
        let started = Instant::now();
        let mut stats = Stats::default();
        let result = threads::watched(&self.call, self.transfer, on_progress, || {
            let reply = self.send(&mut stats)?;
            self.transfer.complete();
            Ok(reply)
        });
        let transfer = json!({
            "bytes": self.source.size(),
            "sent_bytes": self.call.traffic.sent(),
            "resumed_bytes": self.transfer.resumed(),
            "slices": stats.slices,
            "instant": stats.instant,
            "recovered": stats.recovered,
            "seconds": started.elapsed().as_secs_f64(),
        });
        let answer = match result {
            Ok(reply) => Answer::success(reply),
            Err(failure) => Answer::from(failure),
        };
        answer.with("transfer", &transfer.to_string())
    }

    /// Sends the file, in whatever way its size asks for.
    pub fn send(&self, stats: &mut Stats) -> Result<Reply> {
        let size = self.source.size();
        match size > 0 && size >= self.settings.slice_threshold {
            true => self.sliced(stats),
            false => self.simple(stats),
        }
    }

    fn insert_only(&self) -> String {
        u8::from(self.settings.insert_only).to_string()
    }

    fn stat(&self) -> Result<Reply> {
        self.call.run(&file::stat_operation(&self.bucket, &self.path))
    }

    fn stat_once(&self) -> Result<Reply> {
        self.call.run_once(&file::stat_operation(&self.bucket, &self.path), 1)
    }
}
