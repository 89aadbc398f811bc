//! A local directory to a folder of a bucket.

use std::time::Instant;

use super::for_each;
use super::local::{self, LocalFile, Root};
use super::remote::Existing;
use super::report::Report;
use crate::client::{Call, Client};
use crate::content::hash::Digests;
use crate::content::source::Source;
use crate::ops::folder;
use crate::ops::upload::{self, Settings, Upload};
use crate::options::Options;
use crate::path::{Bucket, FilePath, FolderPath};
use crate::reply::answer::Answer;
use crate::reply::{Code, Result};
use crate::threads::{self, Watch};
use crate::transfer::Transfer;

/// What is the same for all files.
struct TreeUpload<'a> {
    call: &'a Call,
    bucket: &'a Bucket,
    root: &'a FolderPath,
    settings: &'a Settings,
    transfer: &'a Transfer,
    local_root: Root,
    existing: Existing,
    report: &'a Report<'a>,
}

/// Uploads everything below the directory at `local_path` to the folder at `cos_path`.
pub fn upload(
    client: &Client,
    bucket: &str,
    cos_path: &str,
    local_path: &str,
    options: Option<&str>,
    watch: Watch,
) -> Result<Answer> {
    let started = Instant::now();
    let (bucket, root) = (Bucket::new(bucket)?, FolderPath::new("cos_path", cos_path)?);
    let own_transfer = Transfer::default();
    let transfer = watch.transfer.unwrap_or(&own_transfer);
    let mut options = Options::parse(options)?;
    let call = client.call(&mut options, Some(transfer.cancel_flag()))?.patient();
    let settings = Settings::take(&mut options, false)?;
    options.finish()?;
    let directory = local::check_root(local_path)?;
    let _busy = transfer.begin()?;

    let report = Report::new(&call, &bucket);
    let result = threads::watched(&call, transfer, watch.on_progress, || {
        // Held before the scan, so that both are of the same directory.
        let local_root = Root::open(&directory)?;
        let local = local::scan(&directory, &report, &call.stop);
        let bytes = local.files.iter().fold(0, |sum: u64, file| sum.saturating_add(file.size));
        transfer.set_total(bytes);
        let tree = TreeUpload {
            call: &call,
            bucket: &bucket,
            root: &root,
            local_root,
            settings: &settings,
            transfer,
            existing: Existing::find(&call, &bucket, &root, &local.files)?,
            report: &report,
        };
        tree.make_empty_folders(&local.empty_directories)?;
        tree.send_all(local.files)?;
        report.complete(transfer);
        Ok(())
    });
    Ok(report.answer(result, transfer, started.elapsed().as_secs_f64()))
}

impl TreeUpload<'_> {
    fn make_empty_folders(&self, names: &[String]) -> Result<()> {
        for_each(self.call, self.settings.concurrency, names, |name| {
            let create = || {
                let path = format!("{}{name}", self.root.as_str());
                let path = FolderPath::below_root("cos_path", &path)?;
                match self.call.run(&folder::create_operation(self.bucket, &path, "")) {
                    Err(failure) if !failure.is(Code::COS_ERR_FOLDER_EXISTS) => Err(failure),
                    _ => Ok(()),
                }
            };
            self.report.note(name, create())
        })
    }

    /// Small files in parallel; then the large ones, whose slices are in parallel.
    fn send_all(&self, files: Vec<LocalFile>) -> Result<()> {
        let threshold = self.settings.slice_threshold;
        let (small, large): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|file| file.size < threshold);
        let send = |file: &LocalFile| self.report.note(&file.name, self.send(file));
        for_each(self.call, self.settings.concurrency, &small, send)?;
        for_each(self.call, 1, &large, send)
    }

    fn send(&self, file: &LocalFile) -> Result<()> {
        let path = format!("{}{}", self.root.as_str(), file.name);
        let path = FilePath::new("cos_path", &path)?;
        let source = self.local_root.source(file, &self.call.stop)?;
        let size = source.size();
        let action = match self.is_unchanged(file, &path, &source)? {
            true => {
                self.transfer.add(size);
                "unchanged"
            }
            false => {
                let upload = Upload {
                    call: self.call.below(),
                    bucket: self.bucket.clone(),
                    path,
                    source: &source,
                    transfer: self.transfer,
                    settings: self.settings.clone(),
                };
                upload.send(&mut Default::default())?;
                "uploaded"
            }
        };
        self.report.done(&file.name, action, size);
        Ok(())
    }

    fn is_unchanged(&self, file: &LocalFile, path: &FilePath, source: &Source) -> Result<bool> {
        let (call, bucket) = (self.call, self.bucket);
        let Some(existing) = self.existing.get(call, bucket, path, &file.name)? else {
            return Ok(false);
        };
        let sha = existing.sha.as_ref().filter(|_| existing.size == source.size());
        let Some(sha) = sha.filter(|_| !existing.is_unfinished) else {
            return Ok(false);
        };
        let ours = Digests::of(source, u64::MAX, &call.stop)?.sha;
        // A list shows an upload that only lacks its finish like a whole file.
        Ok(sha.eq_ignore_ascii_case(&ours)
            && !upload::is_unfinished(call, bucket, path, source.size(), &ours)?)
    }
}
