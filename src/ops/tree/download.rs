//! A folder of a bucket to a local directory.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::remote::{self, RemoteFile};
use super::report::Report;
use super::{for_each, local};
use crate::client::Client;
use crate::content::hash::Digests;
use crate::content::source::Source;
use crate::ops::download::{Destination, Download, Object, PIECE, is_partial_name};
use crate::ops::upload;
use crate::options::Options;
use crate::path::{Bucket, FilePath, FolderPath};
use crate::reply::answer::Answer;
use crate::reply::{Failure, Result};
use crate::threads::{self, Watch};
use crate::transfer::Transfer;

const UNFINISHED: &str = "an unfinished upload";

/// What is the same for all files.
struct TreeDownload<'a> {
    call: &'a crate::client::Call,
    bucket: &'a Bucket,
    root: &'a FolderPath,
    directory: PathBuf,
    transfer: &'a Transfer,
    overwrite: bool,
    resume: bool,
    verify_sha1: bool,
    concurrency: usize,
    report: &'a Report<'a>,
}

/// Downloads everything below the folder at `cos_path` into the directory at `local_path`, which is
/// created if it does not exist.
pub fn download(
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
    let report = Report::new(&call, &bucket);
    let mut tree = TreeDownload {
        call: &call,
        bucket: &bucket,
        root: &root,
        directory: PathBuf::new(),
        transfer,
        overwrite: options.flag("overwrite")?.unwrap_or(true),
        resume: options.flag("resume")?.unwrap_or(true),
        verify_sha1: options.flag("verify_sha1")?.unwrap_or(true),
        concurrency: options.integer("concurrency", 1..=64)?.unwrap_or(4) as usize,
        report: &report,
    };
    options.finish()?;
    tree.directory = make_root(local_path)?;
    let _busy = transfer.begin()?;

    let result = threads::watched(&call, transfer, watch.on_progress, || {
        let remote = remote::list(&call, &bucket, &root, &report)?;
        let bytes = remote.files.iter().fold(0, |sum: u64, file| sum.saturating_add(file.size));
        transfer.set_total(bytes);
        tree.make_directories(&remote.folders)?;
        tree.fetch_all(remote.files)?;
        report.complete(transfer);
        Ok(())
    });
    Ok(report.answer(result, transfer, started.elapsed().as_secs_f64()))
}

fn make_root(local_path: &str) -> Result<PathBuf> {
    // What keeps it from being created will show, or it is there already.
    let _ = fs::create_dir(local_path);
    local::check_root(local_path)
}

impl TreeDownload<'_> {
    /// Folders exist on their own, so empty ones come along.
    fn make_directories(&self, names: &[String]) -> Result<()> {
        for name in names {
            let made = local::make_directories(&self.directory, name);
            self.report.note(name, made.map(|_| ()))?;
        }
        Ok(())
    }

    /// Small files in parallel; then the large ones, whose pieces are in parallel.
    fn fetch_all(&self, files: Vec<RemoteFile>) -> Result<()> {
        let (small, large): (Vec<_>, Vec<_>) =
            files.into_iter().partition(|file| file.size <= PIECE);
        let fetch = |file: &RemoteFile| self.report.note(&file.name, self.fetch(file));
        for_each(self.call, self.concurrency, &small, fetch)?;
        for_each(self.call, 1, &large, fetch)
    }

    fn fetch(&self, file: &RemoteFile) -> Result<()> {
        if file.is_unfinished {
            self.report.ignored(&file.name, UNFINISHED);
            return Ok(());
        }
        // It could be taken for, or take the place of, the partial file of another one.
        if is_partial_name(file.name.rsplit('/').next().unwrap_or_default()) {
            self.report.ignored(&file.name, "has the name of an unfinished download");
            return Ok(());
        }
        let path = FilePath::new("cos_path", &format!("{}{}", self.root.as_str(), file.name))?;
        let place = local::place(&self.directory, &file.name)?;
        if let Some(sha) = self.same_sha(file, &place)? {
            self.transfer.add(file.size);
            // A list shows an upload that only lacks its finish like a whole file.
            match upload::is_unfinished(self.call, self.bucket, &path, file.size, sha)? {
                true => self.report.ignored(&file.name, UNFINISHED),
                false => self.report.done(&file.name, "unchanged", file.size),
            }
            return Ok(());
        }
        let name = place
            .to_str()
            .ok_or_else(|| Failure::local_file("local_path", "has a name that is not UTF-8"))?;
        let destination = Destination::new(name, self.overwrite)?;
        let object = Object::whole(file.size, file.mtime, file.sha.clone(), self.verify_sha1);
        let download = Download::of_tree(
            self.call.below(),
            self.bucket.clone(),
            path,
            self.transfer,
            self.concurrency,
            self.verify_sha1,
        );
        download.of_one_version(object, |object| {
            download.fetch_into_file(object, &destination, self.resume)
        })?;
        self.report.done(&file.name, "downloaded", file.size);
        Ok(())
    }

    /// The file's SHA-1, if what is at `place` has the same.
    fn same_sha<'f>(&self, file: &'f RemoteFile, place: &Path) -> Result<Option<&'f str>> {
        let is_same_size = fs::metadata(place).is_ok_and(|found| found.len() == file.size);
        let (Some(sha), Some(place), true) = (&file.sha, place.to_str(), is_same_size) else {
            return Ok(None);
        };
        // What can't be read can't be known to be the same; replacing it will tell.
        let Ok(source) = Source::open(place, &self.call.stop) else {
            return Ok(None);
        };
        let found = Digests::of(&source, u64::MAX, &self.call.stop)?.sha;
        Ok(sha.eq_ignore_ascii_case(&found).then_some(sha))
    }
}
