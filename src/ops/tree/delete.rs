//! Delete a folder and everything below it.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::remote::RemoteFile;
use super::report::{Report, add_folders_of};
use super::{Remote, for_each, remote};
use crate::ops::Operation;
use crate::os;
use crate::path::{CosPath, FolderPath};
use crate::protocol::contract::Retry;
use crate::reply::{Code, Reply, Result};
use crate::threads::Workers;

/// Deletes all files below a folder, then the folders, the innermost first. What can't be deleted is
/// reported, and stays with the folders that it is in.
pub fn delete(this: Operation<FolderPath>, workers: usize) -> Result<Reply> {
    let Operation { service, call, bucket, path: root, .. } = this;
    let call = call.patient();
    let folder = Remote { service: &*service, call: &call, bucket: &bucket, root: &root };
    let report = Report::new(folder);
    let mut tree = remote::list(folder, &report, is_safe_name)?;
    tree.folders.reverse();
    // The root itself.
    tree.folders.push(String::new());
    let files = AtomicUsize::new(0);
    let mut folders = 0;
    let together: Vec<_> = tree.files.chunks(service.limits().deleted_at_once).collect();
    let mut result = for_each(&call, &Workers::new(workers), &together, |some| {
        for (file, removed) in some.iter().zip(remove_files(folder, some)) {
            if removed.is_ok() {
                files.fetch_add(1, Ordering::Relaxed);
            }
            report.note(&file.name, removed)?;
        }
        Ok(())
    });
    let mut in_use = report.folders_with_failures();
    for name in &tree.folders {
        if result.is_err() || in_use.contains(name) {
            continue;
        }
        let removed = folder.folder(name).and_then(|path| remove(folder, &path));
        match removed {
            Ok(()) => folders += 1,
            Err(_) => add_folders_of(name, &mut in_use),
        }
        result = report.note(name, removed);
    }
    Ok(report.reply_to_deletion(result, files.into_inner(), folders))
}

/// Whether a name from a list can be deleted. It is only sent back and becomes no local path, so it may
/// be empty, as it is between two slashes.
fn is_safe_name(segment: &str) -> bool {
    segment.is_empty() || os::is_safe_name(segment)
}

/// Deletes files. Returns what became of each.
fn remove_files(remote: Remote, files: &[RemoteFile]) -> Vec<Result<()>> {
    let paths = files.iter().map(|file| remote.file(&file.name));
    let (mut results, mut wanted) = (Vec::new(), Vec::new());
    for (number, path) in paths.enumerate() {
        match path {
            Ok(path) => {
                results.push(Ok(()));
                wanted.push((number, path));
            }
            Err(failure) => results.push(Err(failure)),
        }
    }
    let (numbers, paths): (Vec<_>, Vec<_>) = wanted.into_iter().unzip();
    if paths.is_empty() {
        return results;
    }
    let failed = match remote.service.delete_files(remote.call, remote.bucket, &paths) {
        Ok(failed) => failed,
        Err(failure) => (0..paths.len()).map(|number| (number, failure.clone())).collect(),
    };
    for (number, failure) in failed {
        // A file that is gone already is no failure.
        if !failure.is(Code::COS_ERR_NOT_FOUND) {
            results[numbers[number]] = Err(failure);
        }
    }
    results
}

/// Deletes one thing. That it is gone already is what was wanted.
fn remove(remote: Remote, path: &CosPath) -> Result<()> {
    match remote.service.delete(remote.call, remote.at(path), Retry::Always) {
        Err(failure) if !failure.is(Code::COS_ERR_NOT_FOUND) => Err(failure),
        _ => Ok(()),
    }
}
