//! Uploads: one request for small files (`whole`), parts for large ones (`parts`), content that a
//! callback gives (`stream`), certainty about what became of them (`certain`), and a way around an
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

use super::file::{authority, headers};
use super::{TRAFFIC_LIMITS, begin, check_has_attribute};
use crate::call::Call;
use crate::client::Client;
use crate::content::source::Source;
use crate::options::Options;
use crate::path::FilePath;
use crate::protocol::contract::{
    Ask, Attributes, Changes, Limits, PartSizes, Protocol, Retry, Upload, UploadSettings,
};
use crate::reply::object::ObjectInfo;
use crate::reply::write::Object;
use crate::reply::{Code, Failure, Reply, Result};
use crate::stop::Stop;
use crate::threads::{self, Watch, Workers};
use crate::transfer::Transfer;

/// An upload under way.
#[derive(Clone, Copy)]
pub(super) struct Sending<'a> {
    /// Where to.
    pub service: &'a dyn Protocol,
    /// The call it is, or is part of.
    pub call: &'a Call,
    /// What, and to which path.
    pub upload: &'a Upload<'a>,
    /// What is worth telling about it.
    pub stats: &'a Stats,
    /// Who sends its parts.
    pub workers: &'a Workers,
}

/// What is worth telling about a finished or failed upload.
#[derive(Debug, Default)]
pub(super) struct Stats {
    parts: AtomicU64,
    is_instant: AtomicBool,
    is_recovered: AtomicBool,
}

/// What an upload does about a file that is there, unless its options say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IfExists {
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
    let workers = Workers::new(settings.concurrency);
    let upload = Upload::new(&this.bucket, &this.path, &source, transfer, settings);
    let (service, call) = (&*this.service, &this.call);
    let sending = Sending { service, call, upload: &upload, stats: &stats, workers: &workers };
    let result = threads::watched(&call.stop, call.log(), transfer, on_progress, || {
        let reply = sending.send().map_err(|failure| sending.compared(failure))?;
        transfer.complete();
        Ok(reply)
    });
    Ok(sending.told(result, started))
}

/// Takes the options of an upload.
pub(super) fn settings(
    options: &mut Options,
    limits: &Limits,
    if_exists: IfExists,
) -> Result<UploadSettings> {
    let part_size = options.integer("slice_size", 0..=u64::MAX)?.unwrap_or(limits.part_size);
    check_part_size(part_size, &limits.part_sizes)?;
    let threshold = options.integer("slice_threshold", 0..=limits.largest_whole)?;
    let insert_only = options.flag("insert_only")?;
    let md5 = options.flag("content_md5")?;
    let traffic_limit = options.integer("traffic_limit", TRAFFIC_LIMITS)?;
    let attributes = Attributes {
        authority: options.text("authority")?.as_deref().map(authority).transpose()?,
        headers: headers(options)?,
        storage_class: options.text("storage_class")?,
        tagging: options.text("tagging")?,
    };
    for (key, is_given) in [
        ("content_md5", md5 == Some(true)),
        ("traffic_limit", traffic_limit.is_some()),
        ("storage_class", attributes.storage_class.is_some()),
        ("tagging", attributes.tagging.is_some()),
    ] {
        check_has_attribute(limits, key, is_given)?;
    }
    for (key, value) in
        [("storage_class", &attributes.storage_class), ("tagging", &attributes.tagging)]
    {
        if value.as_ref().is_some_and(|text| !is_header_value(text)) {
            return Err(Failure::argument(
                key,
                "must be printable ASCII without blanks, not empty",
            ));
        }
    }
    Ok(UploadSettings {
        insert_only: insert_only.unwrap_or(if_exists == IfExists::Refuse),
        biz_attr: options.text("biz_attr")?.unwrap_or_default(),
        part_size,
        threshold: threshold.unwrap_or(limits.threshold),
        concurrency: options.integer("concurrency", 1..=64)?.unwrap_or(4) as usize,
        verify: options.flag("verify_sha1")?.unwrap_or(true),
        resume: options.flag("resume")?.unwrap_or(true),
        md5: md5.unwrap_or(false),
        traffic_limit,
        attributes,
    })
}

fn is_header_value(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())
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
        let is_large = size > 0 && size >= self.upload.settings.threshold;
        let reply = if is_large { self.in_parts() } else { self.whole() }?;
        self.with_attributes(reply)
    }

    /// Gives the file the attributes that the upload could not carry, and hands the reply on.
    fn with_attributes(&self, reply: Reply) -> Result<Reply> {
        let changes = self.upload.settings.attributes.changes();
        if !self.service.limits().has_attributes && changes != Changes::default() {
            let updated = self.service.update(self.call, self.upload.at(), &changes, Retry::Always);
            updated.map_err(|failure| {
                failure.prefixed("the file is stored, but its headers or authority can't be set")
            })?;
        }
        Ok(reply)
    }

    /// The failure; if a file is in the way, also whether that has the same content.
    fn compared(&self, failure: Box<Failure>) -> Box<Failure> {
        if !failure.is(Code::COS_ERR_FILE_EXISTS) || self.call.stop.is_set() {
            return failure;
        }
        let same_content = || -> Result<bool> {
            let (call, at, source) = (self.call, self.upload.at(), self.upload.source);
            let shown: ObjectInfo = self.service.stat(call, at, Ask::OfContent)?.data()?;
            Ok(shown.size == Some(source.size())
                && self.service.has_content(call, at, &shown, source)?)
        };
        failure.with_same_content(same_content().ok())
    }

    /// The reply, with `transfer` in it.
    fn told(&self, result: Result<Reply>, started: Instant) -> Reply {
        let stats = self.stats;
        let mut told = Object::new()
            .with("bytes", self.upload.source.size())
            .with("sent_bytes", self.call.traffic().sent())
            .with("resumed_bytes", self.upload.transfer.resumed())
            .with("slices", stats.parts.load(Ordering::Relaxed))
            .with("instant", stats.is_instant.load(Ordering::Relaxed))
            .with("recovered", stats.is_recovered.load(Ordering::Relaxed))
            .with("seconds", started.elapsed());
        for (name, sum) in self.upload.known_sums() {
            told.add(name, sum);
        }
        result.unwrap_or_else(Reply::from).with("transfer", &told.into_text())
    }

    /// Notes that the reply is not the server's to this upload, but known to be true.
    fn recovered(&self) {
        self.stats.is_recovered.store(true, Ordering::Relaxed);
    }
}
