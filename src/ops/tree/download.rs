//! A folder of a bucket to a local directory.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::remote::{Entry, Listing, Names, RemoteFile, Survey};
use super::report::Report;
use super::{Remote, go_through, local};
use crate::client::Client;
use crate::ops::begin;
use crate::ops::download::{self, Destination, Download, Object, is_partial_name};
use crate::os;
use crate::path::FolderPath;
use crate::protocol::contract::Protocol;
use crate::reply::{Failure, Reply, Result};
use crate::threads::{self, Watch, Workers};
use crate::transfer::Transfer;

const UNFINISHED: &str = "an unfinished upload";

/// What is the same for all files.
struct TreeDownload<'a> {
    service: Arc<dyn Protocol>,
    remote: Remote<'a>,
    directory: PathBuf,
    transfer: &'a Transfer,
    overwrite: bool,
    resume: bool,
    settings: download::Settings,
    workers: Arc<Workers>,
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
) -> Result<Reply> {
    let started = Instant::now();
    let own = Transfer::default();
    let (transfer, on_progress) = watch.or(&own);
    let mut this = begin(client, bucket, cos_path, FolderPath::new, options, Some(transfer))?;
    let overwrite = this.options.flag("overwrite")?.unwrap_or(true);
    let resume = this.options.flag("resume")?.unwrap_or(true);
    let settings = download::settings_of_tree(&mut this.options, this.service.limits())?;
    this.no_more_options()?;
    let directory = make_root(local_path)?;
    let _busy = transfer.begin()?;

    let call = this.call.patient();
    let (service, bucket, root) = (&*this.service, &this.bucket, &this.path);
    let remote = Remote { service, call: &call, bucket, root };
    let report = Report::new(remote);
    let service = Arc::clone(&this.service);
    let tree = TreeDownload {
        service,
        remote,
        directory,
        transfer,
        overwrite,
        resume,
        settings,
        workers: Arc::new(Workers::new(settings.concurrency)),
        report: &report,
    };
    let result = threads::watched(&call.stop, call.log(), transfer, on_progress, || {
        tree.fetch_all()?;
        report.complete(transfer);
        Ok(())
    });
    Ok(report.reply(result, transfer, started.elapsed()))
}

fn make_root(local_path: &str) -> Result<PathBuf> {
    // It may be there already; check_root says what is wrong if it is not.
    let _ = fs::create_dir(local_path);
    local::check_root(local_path)
}

impl TreeDownload<'_> {
    /// Fetches what is listed.
    fn fetch_all(&self) -> Result<()> {
        let names = Names { why_refused: os::why_no_name, folding: os::folding() };
        let survey = Survey::new(self.remote, self.report, names);
        let look = |listing| {
            let found = survey.look(listing)?;
            self.transfer.add_total(found.items.iter().map(Entry::size));
            Ok(found)
        };
        let fetch = |entry| match entry {
            Entry::File(file) => self.report.note(&file.name, self.fetch(&file)),
            Entry::Folder { name, has_content: true, .. } => {
                let problem = "is a folder with content of its own, which can't be downloaded";
                self.report.note(&name, Err(Failure::argument("cos_path", problem)))
            }
            // Folders exist on their own, so empty ones come along.
            Entry::Folder { name, .. } => {
                let made = local::make_directories(&self.directory, &name);
                self.report.note(&name, made.map(|_| ()))
            }
        };
        go_through(self.remote.call, &self.workers, Listing::default(), look, fetch)
    }

    fn fetch(&self, file: &RemoteFile) -> Result<()> {
        if file.is_unfinished {
            self.report.ignored(&file.name, UNFINISHED);
            return Ok(());
        }
        // It could be mistaken for the partial file of another file, or replace it.
        if is_partial_name(&file.name) {
            self.report.ignored(&file.name, "has the name of an unfinished download");
            return Ok(());
        }
        let Remote { call, bucket, .. } = self.remote;
        let path = self.remote.file(&file.name)?;
        let place = local::place(&self.directory, &file.name)?;
        let name = place
            .to_str()
            .ok_or_else(|| Failure::local_file("local_path", "has a name that is not UTF-8"))?;
        let (at, shown) = (self.remote.at(&path), file.shown());
        if download::has_content(&*self.service, call, at, &shown, name)? {
            self.transfer.add_found(file.size);
            if self.service.is_complete(call, at, &shown)? {
                self.report.done(&file.name, "unchanged", file.size);
            } else {
                self.report.ignored(&file.name, UNFINISHED);
            }
            return Ok(());
        }
        let destination = Destination::new(name, self.overwrite, &call.stop)?;
        let service = Arc::clone(&self.service);
        let (call, bucket) = (call.part(), bucket.clone());
        let workers = Arc::clone(&self.workers);
        let download =
            Download::new(service, call, bucket, path, self.transfer, self.settings, workers);
        let has_sums = self.remote.service.limits().lists_have_sums;
        let object = if has_sums || !self.settings.verify {
            Object::whole(file.size, &file.shown(), self.settings.verify)
        } else {
            download.open_for(&destination, self.resume)?
        };
        download.of_one_version(object, |object| {
            download.fetch_into_file(object, &destination, self.resume)
        })?;
        self.report.done(&file.name, "downloaded", file.size);
        Ok(())
    }
}
