//! The local side of a tree.

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::report::Report;
use crate::error::{Failure, Result};
use crate::stop::Stop;

/// How deep a tree may be; beyond that, something is wrong with it.
const MAX_DEPTH: usize = 256;

/// What is below a directory.
#[derive(Debug, Default)]
pub struct LocalTree {
    /// Files: path from the root with `/` between segments, and where they are.
    pub files: Vec<LocalFile>,
    /// Directories with nothing in them, as paths from the root that end with `/`.
    pub empty_directories: Vec<String>,
}

/// A file below the root.
#[derive(Debug)]
pub struct LocalFile {
    /// From the root, with `/` between segments.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// In bytes.
    pub size: u64,
}

/// Checks that `local_path` is a directory.
pub fn check_root(local_path: &str) -> Result<PathBuf> {
    let root = PathBuf::from(local_path);
    match fs::metadata(&root) {
        Ok(found) if found.is_dir() => Ok(root),
        Ok(_) => Err(Failure::local_file("local_path", format!("{local_path} is not a directory"))),
        Err(error) => {
            Err(Failure::local_file("local_path", format!("{local_path} can't be used: {error}")))
        }
    }
}

/// Finds everything below `root`, or less when `stop` is set. What can't be part of a tree goes to
/// `report`.
pub fn scan(root: &Path, report: &Report, stop: &Stop) -> LocalTree {
    let mut tree = LocalTree::default();
    scan_directory(root, "", 0, &mut tree, report, stop);
    tree
}

fn scan_directory(
    directory: &Path,
    prefix: &str,
    depth: usize,
    tree: &mut LocalTree,
    report: &Report,
    stop: &Stop,
) {
    let unreadable = |error: &dyn std::fmt::Display| {
        let failure = Failure::local_file("local_path", format!("can't be read: {error}"));
        report.failed(prefix, &failure);
    };
    if depth > MAX_DEPTH {
        return unreadable(&"too many directories inside one another");
    }
    let entries =
        match fs::read_dir(directory).and_then(Iterator::collect::<std::io::Result<Vec<_>>>) {
            Ok(entries) => entries,
            Err(error) => return unreadable(&error),
        };
    if entries.is_empty() && !prefix.is_empty() {
        tree.empty_directories.push(prefix.to_owned());
    }
    for entry in entries {
        if stop.is_set() {
            return;
        }
        let Ok(name) = entry.file_name().into_string() else {
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            let failure = Failure::local_file("local_path", "has a name that is not UTF-8");
            report.failed(&name, &failure);
            continue;
        };
        let name = format!("{prefix}{name}");
        match fs::symlink_metadata(entry.path()) {
            Ok(found) if found.is_dir() => {
                scan_directory(&entry.path(), &format!("{name}/"), depth + 1, tree, report, stop);
            }
            Ok(found) => match why_ignored(&name, &found) {
                Some(why) => report.ignored(&name, why),
                None => {
                    tree.files.push(LocalFile { name, path: entry.path(), size: found.len() });
                }
            },
            Err(error) => {
                let failure = Failure::local_file("local_path", format!("can't be read: {error}"));
                report.failed(&name, &failure);
            }
        }
    }
}

fn why_ignored(name: &str, found: &Metadata) -> Option<&'static str> {
    if found.is_symlink() {
        Some("a symbolic link; links are not followed")
    } else if !found.is_file() {
        Some("not a regular file")
    } else if name.ends_with(".cos-partial") {
        Some("an unfinished download")
    } else {
        None
    }
}

/// Where the file `name` belongs below `root`, with its directories made.
pub fn place(root: &Path, name: &str) -> Result<PathBuf> {
    let (folder, file) = name.rsplit_once('/').unwrap_or(("", name));
    let path = make_directories(root, folder)?.join(file);
    match fs::symlink_metadata(&path) {
        Ok(found) if found.is_symlink() => Err(is_link(&path)),
        _ => Ok(path),
    }
}

/// Makes the directories of `folder` below `root`. None of them may be a link: it could lead out
/// of the tree.
pub fn make_directories(root: &Path, folder: &str) -> Result<PathBuf> {
    let mut path = root.to_path_buf();
    for segment in folder.split_terminator('/') {
        path.push(segment);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_symlink() => return Err(is_link(&path)),
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(refused(&path, "is not a directory")),
            Err(_) => match fs::create_dir(&path) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                    return Err(refused(&path, &format!("can't be created: {error}")));
                }
                _ => {}
            },
        }
    }
    Ok(path)
}

fn is_link(path: &Path) -> Box<Failure> {
    refused(path, "is a symbolic link; links are not followed")
}

fn refused(path: &Path, why: &str) -> Box<Failure> {
    Failure::local_file("local_path", format!("{} {why}", path.display()))
}
