//! Delete many files, or a folder and everything below it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::remote::{Entry, Listing, MOST_FOLDERS, Names, Survey, TOO_LARGE};
use super::report::{Report, add_folders_of};
use super::{Remote, for_each, go_through, locked};
use crate::ops::Operation;
use crate::ops::list::{Cursor, Lister};
use crate::os;
use crate::path::{CosPath, FilePath, FolderPath};
use crate::protocol::contract::{Below, Retry};
use crate::reply::object::ObjectInfo;
use crate::reply::{Code, Failure, Reply, Result};
use crate::threads::Workers;
use crate::transfer::Counts;

/// What is below a folder.
#[derive(Default)]
struct Content {
    files: Vec<Box<str>>,
    /// Folders, as paths from the root that end with `/`, and whether there is anything to delete but
    /// what is in them.
    folders: BTreeMap<Box<str>, bool>,
}

/// The path of what is called so.
type PathOf<'a> = &'a (dyn Fn(&str) -> Result<CosPath> + Sync);

/// How much was deleted.
#[derive(Default)]
struct Deleted {
    files: AtomicUsize,
    folders: AtomicUsize,
}

struct Deletion<'a> {
    folder: Remote<'a>,
    workers: Workers,
    report: &'a Report<'a>,
    deleted: Deleted,
    counts: Option<&'a Counts>,
}

/// Deletes all files below a folder, then the folders, the innermost first. What can't be deleted is
/// reported, and stays with the folders that it is in.
pub fn delete(
    this: Operation<FolderPath>,
    workers: usize,
    counts: Option<&Counts>,
) -> Result<Reply> {
    report(this, workers, counts, &|deletion| {
        deletion.begin_count(0);
        let content = deletion.list()?;
        // The folder itself counts, too.
        deletion.begin_count(1 + content.files.len() + content.folders.len());
        Ok(deletion
            .delete_files(&content.files)
            .and_then(|()| deletion.delete_folders(content.folders)))
    })
}

/// Deletes files of the bucket. What can't be deleted is reported.
pub fn delete_files(
    this: Operation<FolderPath>,
    paths: &[Box<str>],
    workers: usize,
    counts: Option<&Counts>,
) -> Result<Reply> {
    report(this, workers, counts, &|deletion| {
        deletion.begin_count(paths.len());
        let rules = &deletion.folder.service.limits().paths;
        let path = |path: &str| Ok((*FilePath::new("cos_paths", path, rules)?).clone());
        Ok(deletion.delete_all(paths, &path, &deletion.deleted.files))
    })
}

/// The report of what `delete` has done, unless it could not begin.
fn report(
    this: Operation<FolderPath>,
    workers: usize,
    counts: Option<&Counts>,
    delete: &dyn Fn(&Deletion) -> Result<Result<()>>,
) -> Result<Reply> {
    let Operation { service, call, bucket, path: root, .. } = this;
    let call = call.patient();
    let folder = Remote { service: &*service, call: &call, bucket: &bucket, root: &root };
    let report = Report::new(folder);
    let (workers, deleted) = (Workers::new(workers), Deleted::default());
    let deletion = Deletion { folder, workers, report: &report, deleted, counts };
    let result = delete(&deletion)?;
    let Deleted { files, folders } = deletion.deleted;
    Ok(report.reply_to_deletion(result, files.into_inner(), folders.into_inner()))
}

impl Deletion<'_> {
    fn list(&self) -> Result<Content> {
        let content = Mutex::new(Content::default());
        let survey = Survey::new(self.folder, self.report, Names { why_refused, folding: None });
        let look = |listing| survey.look(listing);
        let take = |entry| {
            let mut content = locked(&content);
            match entry {
                Entry::File(file) => content.files.push(file.name.into()),
                Entry::Folder { name, is_stored, .. } => {
                    *content.folders.entry(name.into()).or_default() |= is_stored;
                }
            }
            Ok(())
        };
        go_through(self.folder.call, &self.workers, Listing::default(), look, take)?;
        let mut content = std::mem::take(&mut *locked(&content));
        content.files.sort_unstable();
        Ok(content)
    }

    fn begin_count(&self, total: usize) {
        if let Some(counts) = self.counts {
            counts.begin(total as u64);
        }
    }

    fn count(&self, done: usize) {
        if let Some(counts) = self.counts {
            counts.add(done as u64);
        }
    }

    fn delete_files(&self, names: &[Box<str>]) -> Result<()> {
        let path = |name: &str| Ok((*self.folder.file(name)?).clone());
        self.delete_all(names, &path, &self.deleted.files)
    }

    /// Deletes the root and the folders in it, but for those in which something has stayed.
    fn delete_folders(&self, mut folders: BTreeMap<Box<str>, bool>) -> Result<()> {
        folders.insert("".into(), true);
        let mut in_use = self.report.folders_with_failures();
        let goes_deep = self.folder.service.limits().lists_go_deep;
        if goes_deep
            && folders.iter().any(|(name, is_stored)| *is_stored && !in_use.contains(&**name))
        {
            self.look_again(&mut folders, &mut in_use)?;
        }
        let mut levels: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (name, is_stored) in folders {
            // Where a folder is deleted whatever is in it, all of them can go together.
            let depth = if goes_deep { 0 } else { name.matches('/').count() };
            levels.entry(depth).or_default().push((name, is_stored));
        }
        for level in levels.into_values().rev() {
            let level = level.into_iter().filter(|(name, _)| !in_use.contains(&**name));
            let (stored, others): (Vec<_>, Vec<_>) = level.partition(|(_, is_stored)| *is_stored);
            self.deleted.folders.fetch_add(others.len(), Ordering::Relaxed);
            self.count(others.len());
            let names: Vec<_> = stored.into_iter().map(|(name, _)| name).collect();
            let path = |name: &str| Ok((*self.folder.folder(name)?).clone());
            self.delete_all(&names, &path, &self.deleted.folders)?;
            in_use.extend(self.report.folders_with_failures());
        }
        Ok(())
    }

    /// Looks for what has arrived since the tree was listed, where a folder is deleted whatever is in
    /// it.
    fn look_again(
        &self,
        folders: &mut BTreeMap<Box<str>, bool>,
        in_use: &mut HashSet<String>,
    ) -> Result<()> {
        let Remote { service, call, root, .. } = self.folder;
        let lister = Lister::new(service, call, Below::Everything);
        let mut cursor = Cursor::default();
        loop {
            let page = match lister.next::<ObjectInfo>(self.folder.at(root), &mut cursor) {
                Err(failure) if failure.is(Code::COS_ERR_NOT_FOUND) => {
                    folders.values_mut().for_each(|is_stored| *is_stored = false);
                    return Ok(());
                }
                page => page?,
            };
            // The others are reported already.
            let is_reported = |name: &str| name.split('/').any(|part| why_refused(part).is_some());
            let files = page.entries.iter().filter(|entry| !entry.is_folder());
            for file in files.filter(|file| !is_reported(&file.name)) {
                let folder = file.name.rfind('/').map_or("", |end| &file.name[..=end]);
                if !in_use.contains(folder) {
                    let message = "the folder is not empty";
                    let failure = Failure::found(Code::COS_ERR_FOLDER_NOT_EMPTY, message);
                    self.report.failed(folder, &failure);
                    add_folders_of(folder, in_use);
                }
            }
            if in_use.len() > MOST_FOLDERS {
                return Err(cursor.unexpected(TOO_LARGE));
            }
            if page.is_last {
                return Ok(());
            }
        }
    }

    /// Deletes what is called so, as many at a time as the service takes.
    fn delete_all(&self, names: &[Box<str>], path: PathOf, deleted: &AtomicUsize) -> Result<()> {
        let Remote { service, call, .. } = self.folder;
        let together = names.chunks(service.limits().deleted_at_once);
        for_each(call, &self.workers, together, |names| {
            for (name, removed) in names.iter().zip(self.delete_together(names, path)) {
                if removed.is_ok() {
                    deleted.fetch_add(1, Ordering::Relaxed);
                }
                self.count(1);
                self.report.note(name, removed)?;
            }
            Ok(())
        })
    }

    /// Deletes some. Returns what became of each.
    fn delete_together(&self, names: &[Box<str>], path: PathOf) -> Vec<Result<()>> {
        let (mut results, mut wanted) = (Vec::new(), Vec::new());
        for (number, path) in names.iter().map(|name| path(name)).enumerate() {
            match path {
                Ok(path) => {
                    results.push(Ok(()));
                    wanted.push((number, path));
                }
                Err(failure) => results.push(Err(failure)),
            }
        }
        let paths: Vec<_> = wanted.iter().map(|(_, path)| path).collect();
        if paths.is_empty() {
            return results;
        }
        let Remote { service, call, bucket, .. } = self.folder;
        let failed = match &paths[..] {
            // A single folder would be listed once more.
            [path] if !path.as_str().ends_with('/') || !service.limits().lists_go_deep => {
                service.delete(call, self.folder.at(path), Retry::Always).map(|_| Vec::new())
            }
            paths => service.delete_many(call, bucket, paths),
        };
        let failed = failed
            .unwrap_or_else(|failure| (0..paths.len()).map(|i| (i, failure.clone())).collect());
        for (i, failure) in failed {
            // What is gone already is no failure.
            if !failure.is(Code::COS_ERR_NOT_FOUND) {
                results[wanted[i].0] = Err(failure);
            }
        }
        results
    }
}

/// Why a name from a list can't be deleted. It is only sent back and becomes no local path, so it may
/// be empty, as it is between two slashes.
fn why_refused(segment: &str) -> Option<&'static str> {
    os::leads_elsewhere(segment).then_some("has a name that leads elsewhere")
}
