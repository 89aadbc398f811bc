//! A local directory to a folder of a bucket.

use std::collections::HashMap;
use std::time::Instant;

use super::for_each;
use super::local::{self, LocalFile};
use super::remote::{self, RemoteFile};
use super::report::Report;
use crate::answer::Answer;
use crate::client::{Call, Client};
use crate::code::Code;
use crate::crew::{self, Watch};
use crate::digest::Digests;
use crate::error::Result;
use crate::folder;
use crate::options::Options;
use crate::path::{Bucket, FilePath, FolderPath};
use crate::source::Source;
use crate::transfer::Transfer;
use crate::upload::{self, Settings, Upload};

/// What is the same for all files.
struct TreeUpload<'a> {
    call: &'a Call,
    bucket: &'a Bucket,
    root: &'a FolderPath,
    settings: &'a Settings,
    transfer: &'a Transfer,
    existing: HashMap<String, RemoteFile>,
    report: &'a Report,
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
    let call = client.call(&mut options, Some(transfer.cancel_flag()))?;
    let settings = Settings::take(&mut options, false)?;
    options.finish()?;
    let directory = local::check_root(local_path)?;
    let _busy = transfer.begin()?;

    let report = Report::default();
    let result = crew::watched(&call, transfer, watch.on_progress, || {
        let local = local::scan(&directory, &report, &call.stop);
        let bytes = local.files.iter().map(|file| file.size).sum();
        transfer.set_total(bytes);
        let tree = TreeUpload {
            call: &call,
            bucket: &bucket,
            root: &root,
            settings: &settings,
            transfer,
            existing: existing(&call, &bucket, &root)?,
            report: &report,
        };
        tree.make_empty_folders(&local.empty_directories)?;
        tree.send_all(local.files)?;
        report.complete(transfer);
        Ok(())
    });
    Ok(report.answer(result, &call, transfer, started.elapsed().as_secs_f64()))
}

/// The files that are there already. What has an impossible name there is not in our way.
fn existing(
    call: &Call,
    bucket: &Bucket,
    root: &FolderPath,
) -> Result<HashMap<String, RemoteFile>> {
    match remote::list(call, bucket, root, &Report::default()) {
        Ok(tree) => Ok(tree.files.into_iter().map(|file| (file.name.clone(), file)).collect()),
        Err(failure) if failure.is(Code::COS_ERR_NOT_FOUND) => Ok(HashMap::new()),
        Err(failure) => Err(failure),
    }
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
        let source = Source::open(&file.path.to_string_lossy())?;
        let upload = Upload {
            call: self.call.below(),
            bucket: self.bucket.clone(),
            path,
            source: &source,
            transfer: self.transfer,
            settings: self.settings.clone(),
        };
        if self.is_unchanged(file, &upload)? {
            self.transfer.add(file.size);
            self.report.done(&file.name, "unchanged", file.size);
            return Ok(());
        }
        upload.send(&mut Default::default())?;
        self.report.done(&file.name, "uploaded", file.size);
        Ok(())
    }

    fn is_unchanged(&self, file: &LocalFile, upload: &Upload) -> Result<bool> {
        let source = upload.source;
        let Some(existing) = self.existing.get(&file.name) else {
            return Ok(false);
        };
        let Some(sha) = existing.sha.as_ref().filter(|_| existing.size == source.size()) else {
            return Ok(false);
        };
        let ours = Digests::of(source, u64::MAX, &self.call.stop)?.sha;
        if existing.is_unfinished || !sha.eq_ignore_ascii_case(&ours) {
            return Ok(false);
        }
        // A list shows a sliced upload that only lacks its finish like a whole file.
        let was_sliced = file.size >= self.settings.slice_threshold;
        let (bucket, path) = (&upload.bucket, &upload.path);
        Ok(!was_sliced || !upload::is_unfinished(&upload.call, bucket, path, existing.size, &ours)?)
    }
}
