//! Delete a folder and everything below it.

use std::cmp::Reverse;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::report::{Report, add_folders_of};
use super::{for_each, remote};
use crate::client::Call;
use crate::ops::file;
use crate::path::{Bucket, CosPath, FilePath, FolderPath};
use crate::protocol::v4::request::Repeat;
use crate::reply::answer::Answer;
use crate::reply::{Code, Result};

/// Deletes all files below `root`, then the folders, the innermost first. What can't be deleted is
/// reported, and stays with the folders that it is in.
pub fn delete(call: &Call, bucket: &Bucket, root: &FolderPath, workers: usize) -> Result<Answer> {
    let report = Report::new(call, bucket);
    let mut tree = remote::list(call, bucket, root, &report)?;
    tree.folders.sort_by_key(|name| Reverse(name.matches('/').count()));
    // The root itself.
    tree.folders.push(String::new());
    let path_of = |name: &str| format!("{}{name}", root.as_str());
    let files = AtomicUsize::new(0);
    let mut folders = 0;
    let mut result = for_each(call, workers, &tree.files, |file| {
        let path = FilePath::new("cos_path", &path_of(&file.name));
        let removed = path.and_then(|path| remove(call, bucket, &path));
        if removed.is_ok() {
            files.fetch_add(1, Ordering::Relaxed);
        }
        report.note(&file.name, removed)
    });
    let mut in_use = report.folders_with_failures();
    for name in &tree.folders {
        if result.is_err() || in_use.contains(name) {
            continue;
        }
        let path = FolderPath::new("cos_path", &path_of(name));
        let removed = path.and_then(|path| remove(call, bucket, &path));
        match removed {
            Ok(()) => folders += 1,
            Err(_) => add_folders_of(name, &mut in_use),
        }
        result = report.note(name, removed);
    }
    Ok(report.answer_of_deletion(result, files.into_inner(), folders))
}

/// Deletes one thing. That it is gone already is what was wanted.
fn remove(call: &Call, bucket: &Bucket, path: &CosPath) -> Result<()> {
    match call.run(&file::delete_operation(bucket, path, Repeat::Always)) {
        Err(failure) if !failure.is(Code::COS_ERR_NOT_FOUND) => Err(failure),
        _ => Ok(()),
    }
}
