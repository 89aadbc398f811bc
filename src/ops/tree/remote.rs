//! The side of a tree that is in a bucket.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use super::Remote;
use super::local::{LocalFile, MAX_DEPTH};
use super::report::Report;
use crate::ops::list::Lister;
use crate::path::FilePath;
use crate::protocol::contract::{Ask, Place};
use crate::reply::object::ObjectInfo;
use crate::reply::{Code, Failure, Result};

/// A tree that has more files, folders, or bytes of names is not listed to its end: a server could
/// make up entries for ever, and every folder is a request.
const MOST_FILES: usize = 1_000_000;
const MOST_FOLDERS: usize = 100_000;
const MOST_BYTES: usize = 256 * 1024 * 1024;
const TOO_LARGE: &str = "the tree has more than 1000000 files, 100000 folders or 256 MiB of names: \
                         take the folders in it one at a time";
/// So many pages of a folder are read even for a single file.
const FEW_PAGES: usize = 4;

/// What is below a folder.
#[derive(Debug, Default)]
pub struct RemoteTree {
    /// Files.
    pub files: Vec<RemoteFile>,
    /// Folders, as paths from the root that end with `/`, outer before inner.
    pub folders: Vec<String>,
}

/// A file below the root.
#[derive(Debug, Clone)]
pub struct RemoteFile {
    /// From the root.
    pub name: String,
    /// In bytes.
    pub size: u64,
    /// UNIX seconds.
    pub mtime: u64,
    /// SHA-1, where the server states one.
    pub sha: Option<String>,
    /// What the server calls this version of the content, where it tells.
    pub etag: Option<String>,
    /// Whether its upload was never finished.
    pub is_unfinished: bool,
}

impl RemoteFile {
    /// What `stat` or a list shows of the file that is called `name` from the root.
    fn of(name: String, entry: ObjectInfo) -> RemoteFile {
        RemoteFile {
            is_unfinished: entry.is_unfinished(),
            name,
            size: entry.size.unwrap_or(0),
            mtime: entry.mtime.unwrap_or(0),
            sha: entry.sha,
            etag: entry.etag,
        }
    }

    /// What its list shows of it.
    pub fn shown(&self) -> ObjectInfo {
        ObjectInfo {
            size: Some(self.size),
            mtime: Some(self.mtime),
            sha: self.sha.clone(),
            etag: self.etag.clone(),
            ..ObjectInfo::default()
        }
    }
}

/// Lists everything below `root`. What stands in the way of a folder, and names that `is_safe_name`
/// refuses, go to `report`.
pub(super) fn list(
    remote: Remote,
    report: &Report,
    is_safe_name: fn(&str) -> bool,
) -> Result<RemoteTree> {
    let lister = Lister::new(remote.service, remote.call);
    let mut tree = RemoteTree::default();
    let mut to_do = vec![String::new()];
    let (mut seen, mut bytes) = (HashSet::new(), 0);
    while let Some(prefix) = to_do.pop() {
        let mut is_too_large = false;
        let mut take = |entry: ObjectInfo| {
            let segment = entry.name.strip_suffix('/').unwrap_or(&entry.name);
            let name = format!("{prefix}{segment}");
            bytes += name.len() + entry.sha.as_ref().or(entry.etag.as_ref()).map_or(0, String::len);
            if !is_safe_name(segment) {
                // It comes from the server, and must be one segment of a path.
                let why = "has a name that leads elsewhere";
                report.failed(&name, &Failure::argument("cos_path", why));
            } else if !entry.is_folder() {
                tree.files.push(RemoteFile::of(name, entry));
            } else if prefix.matches('/').count() >= MAX_DEPTH {
                let why = "is inside too many other folders";
                report.failed(&format!("{name}/"), &Failure::argument("cos_path", why));
            } else if seen.insert(name.clone()) {
                // A server that lists a folder twice must not keep us going round.
                to_do.push(format!("{name}/"));
                tree.folders.push(format!("{name}/"));
            }
            tree.files.len() > MOST_FILES || seen.len() > MOST_FOLDERS || bytes > MOST_BYTES
        };
        let listed = remote.folder(&prefix).and_then(|path| {
            let at = Place { bucket: remote.bucket, path: &path };
            lister.follow(at, String::new(), &mut |entries| {
                // Whatever a page has is taken.
                is_too_large = entries.into_iter().map(&mut take).fold(false, |_, now| now);
                if is_too_large { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
        });
        match listed {
            Ok(last) if is_too_large => return Err(last.unexpected(TOO_LARGE)),
            Ok(_) => {}
            Err(failure) if prefix.is_empty() => return Err(failure),
            // Somebody has removed it since its parent was listed.
            Err(failure) if failure.is(Code::COS_ERR_NOT_FOUND) => {}
            Err(failure) => report.note(&prefix, Err(failure))?,
        }
    }
    // A server may list a file twice, too.
    tree.files.sort_by(|a, b| a.name.cmp(&b.name));
    tree.files.dedup_by(|a, b| a.name == b.name);
    Ok(tree)
}

/// What is known of the files that are to be replaced or left as they are.
#[derive(Debug, Default)]
pub struct Existing {
    files: HashMap<String, RemoteFile>,
    /// Folders that were not listed to their end.
    unlisted: HashSet<String>,
}

/// How many files and folders of the local tree are in a folder.
#[derive(Default)]
struct Wanted<'a> {
    files: usize,
    folders: HashSet<&'a str>,
}

impl Existing {
    /// Looks for `files` below `root`: lists the folders that they are in, unless that would take
    /// more requests than asking for each of them.
    pub(super) fn find(remote: Remote, files: &[LocalFile]) -> Result<Existing> {
        let wanted = folders_of(files);
        let lister = Lister::new(remote.service, remote.call);
        let mut names: HashSet<&str> = files.iter().map(|file| file.name.as_str()).collect();
        let mut existing = Existing::default();
        let mut to_do = vec![""];
        while let Some(prefix) = to_do.pop() {
            let Some(wanted) = wanted.get(prefix) else {
                continue;
            };
            // A name that is refused here is refused again, and reported, when its turn comes.
            let Ok(path) = remote.folder(prefix) else {
                continue;
            };
            let at = Place { bucket: remote.bucket, path: &path };
            let (mut pages, mut found) = (0, HashSet::<&str>::new());
            let most_pages = FEW_PAGES.max(wanted.files + wanted.folders.len());
            let listed = lister.follow(at, String::new(), &mut |entries: Vec<ObjectInfo>| {
                for entry in entries {
                    let segment = entry.name.strip_suffix('/').unwrap_or(&entry.name);
                    let name = format!("{prefix}{segment}");
                    if entry.is_folder() {
                        found.extend(wanted.folders.get(format!("{name}/").as_str()));
                    } else if names.remove(name.as_str()) {
                        existing.files.insert(name.clone(), RemoteFile::of(name, entry));
                    }
                }
                pages += 1;
                if pages < most_pages { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            });
            let is_whole = match listed {
                Ok(_) => pages < most_pages,
                Err(failure) if failure.is(Code::COS_ERR_NOT_FOUND) => true,
                Err(failure) if prefix.is_empty() && !is_unusable_list(&failure) => {
                    return Err(failure);
                }
                Err(failure) if failure.is(Code::COS_ERR_CANCELLED) => return Err(failure),
                Err(_) => false,
            };
            if !is_whole {
                existing.unlisted.insert(prefix.to_owned());
                found.extend(&wanted.folders);
            }
            to_do.extend(found);
        }
        Ok(existing)
    }

    /// The file `name`, which is asked for at `path` if it was not listed.
    pub(super) fn get(
        &self,
        remote: Remote,
        path: &FilePath,
        name: &str,
    ) -> Result<Option<Cow<'_, RemoteFile>>> {
        let folder = name.rfind('/').map_or("", |end| &name[..=end]);
        if let Some(file) = self.files.get(name) {
            return Ok(Some(Cow::Borrowed(file)));
        }
        if !self.unlisted.contains(folder) {
            return Ok(None);
        }
        match remote.service.stat(remote.call, remote.at(path), Ask::OfContent) {
            Ok(reply) => {
                let file = RemoteFile::of(name.to_owned(), reply.data()?);
                Ok(Some(Cow::Owned(file)))
            }
            Err(failure) if failure.is(Code::COS_ERR_NOT_FOUND) => Ok(None),
            Err(failure) => Err(failure),
        }
    }
}

/// Whether the server answers, but not with a list that can be followed to its end.
fn is_unusable_list(failure: &Failure) -> bool {
    failure.is(Code::COS_ERR_NETWORK) && failure.http_status().is_some_and(|status| status < 300)
}

/// The folders of a local tree, each with what is to be looked for in it.
fn folders_of(files: &[LocalFile]) -> HashMap<&str, Wanted<'_>> {
    let mut folders: HashMap<&str, Wanted> = HashMap::new();
    for file in files {
        let mut parent = "";
        for (end, _) in file.name.match_indices('/') {
            let folder = &file.name[..=end];
            folders.entry(parent).or_default().folders.insert(folder);
            parent = folder;
        }
        folders.entry(parent).or_default().files += 1;
    }
    folders
}
