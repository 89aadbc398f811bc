//! A local directory to a folder of a bucket.

use std::time::Instant;

use super::existing::{Compared, Comparison, Directory, Existing, Sides};
use super::local::{self, Item, Root};
use super::report::Report;
use super::{Found, Remote, go_through};
use crate::client::Client;
use crate::content::source::Source;
use crate::ops::begin;
use crate::ops::upload::{self, IfExists, Sending};
use crate::path::{FilePath, FolderPath};
use crate::protocol::contract::{Upload, UploadSettings};
use crate::reply::{Code, Reply, Result};
use crate::threads::{self, Watch, Workers};
use crate::transfer::Transfer;

/// What is the same for all files.
struct TreeUpload<'a> {
    remote: Remote<'a>,
    settings: &'a UploadSettings,
    transfer: &'a Transfer,
    local_root: Root,
    workers: Workers,
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
) -> Result<Reply> {
    let started = Instant::now();
    let own = Transfer::default();
    let (transfer, on_progress) = watch.or(&own);
    let mut this = begin(client, bucket, cos_path, FolderPath::new, options, Some(transfer))?;
    let settings = upload::settings(&mut this.options, this.service.limits(), IfExists::Replace)?;
    this.no_more_options()?;
    let directory = local::check_root(local_path)?;
    let _busy = transfer.begin()?;

    let call = this.call.patient();
    let (service, bucket, root) = (&*this.service, &this.bucket, &this.path);
    let remote = Remote { service, call: &call, bucket, root };
    let report = Report::new(remote);
    let result = threads::watched(&call.stop, call.log(), transfer, on_progress, || {
        // Held before the scan, so that both are of the same directory.
        let local_root = Root::open(&directory)?;
        let (settings, report) = (&settings, &report);
        let workers = Workers::new(settings.concurrency);
        let tree = TreeUpload { remote, settings, transfer, local_root, workers, report };
        let sides = Sides { directory: &directory, remote, report };
        if service.limits().lists_go_deep {
            tree.send_all(Comparison::new(sides), Comparison::look)?;
        } else {
            tree.send_all(Directory::root(), |directory| directory.look(sides))?;
        }
        report.complete(transfer);
        Ok(())
    });
    Ok(report.reply(result, transfer, started.elapsed()))
}

impl TreeUpload<'_> {
    /// Sends what is found from `first` on.
    fn send_all<P: Send>(
        &self,
        first: P,
        look: impl Fn(P) -> Result<Found<P, Compared>> + Sync,
    ) -> Result<()> {
        let count = |found: Found<P, Compared>| {
            self.transfer.add_total(found.items.iter().map(|(item, _)| item.size));
            found
        };
        let send = |(item, existing): Compared| {
            let sent = match item.is_directory() {
                true => self.make_folder(&item.name, &existing),
                false => self.send(&item, existing),
            };
            self.report.note(&item.name, sent)
        };
        go_through(self.remote.call, &self.workers, first, |part| look(part).map(count), send)
    }

    fn make_folder(&self, name: &str, existing: &Existing) -> Result<()> {
        if let Existing::Shown(_) = existing {
            return Ok(());
        }
        let Remote { service, call, .. } = self.remote;
        let path = self.remote.folder(name)?;
        match service.create_folder(call, self.remote.at(&path), "") {
            Err(failure) if !failure.is(Code::COS_ERR_FOLDER_EXISTS) => Err(failure),
            _ => Ok(()),
        }
    }

    fn send(&self, file: &Item, existing: Existing) -> Result<()> {
        let path = self.remote.file(&file.name)?;
        let source = self.local_root.source(file, &self.remote.call.stop)?;
        let size = source.size();
        if self.is_unchanged(file, existing, &path, &source)? {
            self.transfer.add_found(size);
            self.report.done(&file.name, "unchanged", size);
            return Ok(());
        }
        let (bucket, settings) = (self.remote.bucket, self.settings.clone());
        let upload = Upload::new(bucket, &path, &source, self.transfer, settings);
        let (call, stats) = (self.remote.call.part(), Default::default());
        let (service, workers) = (self.remote.service, &self.workers);
        Sending { service, call: &call, upload: &upload, stats: &stats, workers }.send()?;
        self.report.done(&file.name, "uploaded", size);
        Ok(())
    }

    fn is_unchanged(
        &self,
        file: &Item,
        existing: Existing,
        path: &FilePath,
        source: &Source,
    ) -> Result<bool> {
        let (remote, at) = (self.remote, self.remote.at(path));
        let Some(existing) = existing.file(remote, at, &file.name)? else {
            return Ok(false);
        };
        if existing.size != source.size() || existing.is_unfinished {
            return Ok(false);
        }
        let (call, shown) = (remote.call, existing.shown());
        Ok(remote.service.has_content(call, at, &shown, source)?
            && remote.service.is_complete(call, at, &shown)?)
    }
}
