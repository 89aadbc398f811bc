//! The side of a tree that is in a bucket.

use std::collections::HashSet;

use serde::Deserialize;

use super::report::Report;
use crate::client::Call;
use crate::code::Code;
use crate::error::{Failure, Result};
use crate::folder;
use crate::path::{Bucket, FolderPath};
use crate::reply::lenient_u64;

/// What is below a folder.
#[derive(Debug, Default)]
pub struct RemoteTree {
    /// Files.
    pub files: Vec<RemoteFile>,
    /// Folders, as paths from the root that end with `/`, outer before inner.
    pub folders: Vec<String>,
}

/// A file below the root.
#[derive(Debug)]
pub struct RemoteFile {
    /// From the root.
    pub name: String,
    /// In bytes.
    pub size: u64,
    /// UNIX seconds.
    pub mtime: u64,
    /// SHA-1, where the server states one.
    pub sha: Option<String>,
    /// Whether its upload was never finished.
    pub is_unfinished: bool,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    #[serde(default, deserialize_with = "lenient_u64")]
    filesize: Option<u64>,
    #[serde(default, deserialize_with = "lenient_u64")]
    filelen: Option<u64>,
    #[serde(default, deserialize_with = "lenient_u64")]
    mtime: Option<u64>,
    #[serde(default)]
    sha: Option<String>,
}

impl Entry {
    /// Folders have no `sha`; most servers also end their names with a slash.
    fn is_folder(&self) -> bool {
        self.name.ends_with('/') || (self.sha.is_none() && self.filesize.is_none())
    }

    fn is_unfinished(&self) -> bool {
        matches!((self.filesize, self.filelen), (Some(size), Some(len)) if len < size)
    }
}

/// Lists everything below `root`. Names that could lead elsewhere go to `report`.
pub fn list(
    call: &Call,
    bucket: &Bucket,
    root: &FolderPath,
    report: &Report,
) -> Result<RemoteTree> {
    let mut tree = RemoteTree::default();
    let mut to_do = vec![String::new()];
    let mut seen = HashSet::new();
    while let Some(prefix) = to_do.pop() {
        let path = FolderPath::new("cos_path", &format!("{}{prefix}", root.as_str()))?;
        let entries: Vec<Entry> = match folder::entries(call, bucket, &path) {
            // Somebody has removed it since its parent was listed.
            Err(failure) if failure.is(Code::COS_ERR_NOT_FOUND) && !prefix.is_empty() => continue,
            entries => entries?,
        };
        for entry in entries {
            let segment = entry.name.strip_suffix('/').unwrap_or(&entry.name);
            let name = format!("{prefix}{segment}");
            if let Some(why) = why_refused(segment) {
                report.failed(&name, &Failure::argument("cos_path", why));
            } else if entry.is_folder() {
                // A server that lists a folder twice must not keep us going round.
                if seen.insert(name.clone()) {
                    to_do.push(format!("{name}/"));
                    tree.folders.push(format!("{name}/"));
                }
            } else {
                tree.files.push(RemoteFile {
                    is_unfinished: entry.is_unfinished(),
                    name,
                    size: entry.filesize.unwrap_or(0),
                    mtime: entry.mtime.unwrap_or(0),
                    sha: entry.sha,
                });
            }
        }
    }
    Ok(tree)
}

/// A name comes from the server: it must be one segment of a path, and nothing else.
fn why_refused(segment: &str) -> Option<&'static str> {
    match segment {
        "" | "." | ".." => Some("has a name that leads elsewhere"),
        _ if segment.contains(['/', '\0']) => Some("has a name that leads elsewhere"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::why_refused;

    #[test]
    fn names_that_lead_elsewhere_are_refused() {
        for bad in ["", ".", "..", "a/b", "../x", "/etc", "a\0b"] {
            assert!(why_refused(bad).is_some(), "{bad:?}");
        }
        for good in ["a", "...", "..a", " ", "中文"] {
            assert!(why_refused(good).is_none(), "{good:?}");
        }
    }
}
