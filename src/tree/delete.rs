//! Delete a folder and everything below it.

use serde_json::json;

use super::report::Report;
use super::{for_each, remote};
use crate::answer::Answer;
use crate::client::Call;
use crate::code::Code;
use crate::error::{Failure, Result};
use crate::file;
use crate::path::{Bucket, CosPath, FilePath, FolderPath};
use crate::reply::Reply;
use crate::request::Repeat;

/// Deletes all files below `root`, then the folders, the innermost first.
pub fn delete(call: &Call, bucket: &Bucket, root: &FolderPath, workers: usize) -> Result<Answer> {
    let report = Report::default();
    let tree = remote::list(call, bucket, root, &report)?;
    // What can't be named can't be deleted; better to know before the rest is gone.
    if let Some(failure) = report.into_first_failure() {
        return Err(failure);
    }
    let path_of = |name: &str| format!("{}{name}", root.as_str());
    for_each(call, workers, &tree.files, |file| {
        let path = FilePath::new("cos_path", &path_of(&file.name))?;
        remove(call, bucket, &path, &path_of(&file.name))
    })?;
    let mut folders = tree.folders;
    folders.sort_by_key(|name| std::cmp::Reverse(name.matches('/').count()));
    for name in &folders {
        let path = FolderPath::new("cos_path", &path_of(name))?;
        remove(call, bucket, &path, &path_of(name))?;
    }
    remove(call, bucket, root, root.as_str())?;
    let data = json!({"files": tree.files.len(), "folders": folders.len() + 1});
    Ok(Answer::success(Reply::compose(&data)))
}

/// Deletes one thing. That it is gone already is what was wanted.
fn remove(call: &Call, bucket: &Bucket, path: &CosPath, name: &str) -> Result<()> {
    match call.run(&file::delete_operation(bucket, path, Repeat::Always)) {
        Ok(_) => Ok(()),
        Err(failure) if failure.is(Code::COS_ERR_NOT_FOUND) => Ok(()),
        Err(failure) => {
            Err(Box::new(Failure { message: format!("{name}: {}", failure.message), ..*failure }))
        }
    }
}
