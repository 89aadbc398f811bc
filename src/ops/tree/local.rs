//! The local side of a tree.

use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::vec;

use super::report::Report;
use crate::content::source::Source;
use crate::ops::download::is_partial_name;
use crate::os;
use crate::reply::{Failure, Result};
use crate::stop::Stop;

/// How deep a tree may be; beyond that, something is wrong with it.
pub const MAX_DEPTH: usize = 256;

/// A file below the root, or a directory with nothing in it.
#[derive(Debug)]
pub struct Item {
    /// From the root, with `/` between segments; that of a directory ends with `/`.
    pub name: String,
    /// In bytes, when it was found.
    pub size: u64,
}

impl Item {
    /// Whether it is a directory.
    pub fn is_directory(&self) -> bool {
        self.name.ends_with('/')
    }
}

/// An entry of a directory.
#[derive(Debug)]
pub struct Entry {
    /// Its name in the directory; that of a directory ends with `/`.
    pub name: Box<str>,
    /// In bytes.
    pub size: u64,
}

/// A directory as it was found.
#[derive(Debug, Default)]
pub struct Directory {
    /// What of it is part of a tree, in the order of the names.
    pub entries: Vec<Entry>,
    /// Whether there is nothing else in it, either.
    pub is_empty: bool,
}

/// The directory that a tree is read from, held open: what takes its name later is another one.
pub struct Root(os::Directory);

impl Root {
    /// Opens the directory at `path`.
    pub fn open(path: &Path) -> Result<Root> {
        os::open_directory(path).map(Root).map_err(|error| unreadable(path, &error))
    }

    /// Opens a file below the root. Links are not followed, also where one has taken the place of
    /// the file or of a directory since it was found.
    pub fn source(&self, file: &Item, stop: &Stop) -> Result<Source<'static>> {
        let opened = os::open_below(&self.0, &file.name, &|| !stop.is_set());
        Source::of(opened, &file.name, stop)
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Box<Failure> {
    Failure::local_file("local_path", format!("{} can't be read", path.display())).because_of(error)
}

/// Checks that `local_path` is a directory, and makes it a path that stays where it is when the
/// program changes its working directory.
pub fn check_root(local_path: &str) -> Result<PathBuf> {
    let refused = |problem| Failure::local_file("local_path", format!("{local_path} {problem}"));
    let root = os::settled(Path::new(local_path));
    match fs::metadata(&root) {
        Ok(found) if found.is_dir() => Ok(root),
        Ok(_) => Err(refused("is not a directory").because(ErrorKind::NotADirectory)),
        Err(error) => Err(refused("can't be used").because_of(&error)),
    }
}

/// Reads the directory that is called `prefix` from `root`, or less of it when `stop` is set. What
/// can't be part of a tree goes to `report`.
pub fn read(root: &Path, prefix: &str, report: &Report, stop: &Stop) -> Directory {
    let mut directory = Directory { entries: Vec::new(), is_empty: true };
    let entries = match fs::read_dir(root.join(prefix)) {
        Ok(_) if prefix.matches('/').count() > MAX_DEPTH => {
            let why = "is inside too many other directories";
            report.failed(prefix, &Failure::local_file("local_path", why));
            return Directory::default();
        }
        Ok(entries) => entries,
        Err(error) => {
            report.failed(prefix, &unreadable(Path::new(prefix), &error));
            return Directory::default();
        }
    };
    for entry in entries {
        directory.is_empty = false;
        if stop.is_set() {
            break;
        }
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                report.failed(prefix, &unreadable(Path::new(prefix), &error));
                break;
            }
        };
        let segment = entry.file_name();
        let path = || format!("{prefix}{}", segment.to_string_lossy());
        let Some(name) = segment.to_str() else {
            let failure = Failure::local_file("local_path", "has a name that is not UTF-8");
            report.failed(&path(), &failure);
            continue;
        };
        match entry.metadata() {
            Ok(found) if found.is_dir() => {
                directory.entries.push(Entry { name: format!("{name}/").into(), size: 0 });
            }
            Ok(found) => match why_ignored(name, &found) {
                Some(why) => report.ignored(&path(), why),
                None => directory.entries.push(Entry { name: name.into(), size: found.len() }),
            },
            Err(error) => report.failed(&path(), &unreadable(Path::new(&path()), &error)),
        }
    }
    directory.entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    directory
}

/// Goes through all that is below a directory, in the order of the whole names.
pub struct Scan<'a> {
    root: &'a Path,
    report: &'a Report<'a>,
    stop: &'a Stop,
    /// The directories that it is in, each with what is left of it.
    inside: Vec<(String, vec::IntoIter<Entry>)>,
}

impl<'a> Scan<'a> {
    /// Begins with the directory at `root`.
    pub fn new(root: &'a Path, report: &'a Report<'a>, stop: &'a Stop) -> Scan<'a> {
        let entries = read(root, "", report, stop).entries;
        Scan { root, report, stop, inside: vec![(String::new(), entries.into_iter())] }
    }
}

impl Iterator for Scan<'_> {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        while !self.stop.is_set() {
            let (prefix, entries) = self.inside.last_mut()?;
            let Some(entry) = entries.next() else {
                self.inside.pop();
                continue;
            };
            let item = Item { name: format!("{prefix}{}", entry.name), size: entry.size };
            if !item.is_directory() {
                return Some(item);
            }
            let directory = read(self.root, &item.name, self.report, self.stop);
            if directory.is_empty {
                return Some(item);
            }
            self.inside.push((item.name, directory.entries.into_iter()));
        }
        None
    }
}

fn why_ignored(name: &str, found: &Metadata) -> Option<&'static str> {
    if found.is_symlink() {
        Some("a symbolic link; links are not followed")
    } else if !found.is_file() {
        Some("not a regular file")
    } else if is_partial_name(name) {
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
            Ok(_) => {
                let failure = refused(&path, "is not a directory");
                return Err(failure.because(ErrorKind::NotADirectory));
            }
            Err(_) => match fs::create_dir(&path) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                    return Err(refused(&path, "can't be created").because_of(&error));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Client;
    use crate::ops::begin;
    use crate::ops::tree::Remote;
    use crate::os::symlink;
    use crate::path::FolderPath;

    fn scanned(root: &Path, look: impl FnOnce(&[Item], &Report)) {
        let client = Client::new("1", "id", "key", Some("sh"), None).unwrap();
        let this = begin(&client, "b", "/", FolderPath::new, None, None).unwrap();
        let (bucket, path) = (&this.bucket, &this.path);
        let remote = Remote { service: &*this.service, call: &this.call, bucket, root: path };
        let report = Report::new(remote);
        let items: Vec<_> = Scan::new(root, &report, &Stop::default()).collect();
        look(&items, &report);
    }

    #[test]
    fn links_that_come_after_the_scan_are_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (root, outside) = (dir.path().join("root"), dir.path().join("outside"));
        fs::create_dir_all(root.join("a/b")).unwrap();
        fs::create_dir_all(outside.join("b")).unwrap();
        for file in ["root/file", "root/a/b/file", "outside/file", "outside/b/file"] {
            fs::write(dir.path().join(file), file).unwrap();
        }
        scanned(&root, |files, _| {
            let opened = Root::open(&root).unwrap();
            assert_eq!(files.len(), 2);
            assert!(files.iter().all(|file| opened.source(file, &Stop::default()).is_ok()));
            fs::rename(root.join("a"), root.join("was a")).unwrap();
            symlink(&outside, &root.join("a")).unwrap();
            fs::remove_file(root.join("file")).unwrap();
            symlink(&outside.join("file"), &root.join("file")).unwrap();
            for file in files {
                let failure = opened.source(file, &Stop::default()).err().unwrap();
                assert_eq!(
                    (failure.code(), failure.phase()),
                    (-1, crate::reply::failure::Phase::LocalFile)
                );
                assert!(failure.message().contains(&file.name), "{failure:?}");
            }
            // Windows removes a link to a directory by remove_dir alone.
            let link = root.join("a");
            fs::remove_file(&link).or_else(|_| fs::remove_dir(&link)).unwrap();
            fs::rename(root.join("was a"), root.join("a")).unwrap();
            fs::rename(&root, dir.path().join("was root")).unwrap();
            symlink(&outside, &root).unwrap();
            let file = files.iter().find(|file| file.name == "a/b/file").unwrap();
            assert_eq!(
                opened.source(file, &Stop::default()).unwrap().size(),
                "root/a/b/file".len() as u64
            );
            fs::remove_file(dir.path().join("was root/a/b/file")).unwrap();
            assert_eq!(opened.source(file, &Stop::default()).err().unwrap().code(), -1);
        });
    }

    #[test]
    fn deep_directories_need_no_stack_and_have_an_end() {
        let dir = tempfile::tempdir().unwrap();
        let depth = MAX_DEPTH + 2;
        fs::create_dir_all(dir.path().join("d/".repeat(depth))).unwrap();
        fs::write(dir.path().join("d/".repeat(MAX_DEPTH)).join("file"), "").unwrap();
        let root = dir.path().to_path_buf();
        let scan = move || {
            scanned(&root, |files, report| {
                assert_eq!(files.len(), 1);
                assert!(report.folders_with_failures().contains(&"d/".repeat(MAX_DEPTH + 1)));
            });
        };
        let small = std::thread::Builder::new().stack_size(128 * 1024);
        small.spawn(scan).unwrap().join().unwrap();
    }
}
