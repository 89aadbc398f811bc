//! The side of a tree that is in a bucket.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::ControlFlow;

use serde::Deserialize;

use super::local::{LocalFile, MAX_DEPTH};
use super::report::Report;
use crate::client::Call;
use crate::ops::file::stat_operation;
use crate::ops::folder::Lister;
use crate::os;
use crate::path::{Bucket, FilePath, FolderPath};
use crate::reply::{Code, Failure, Result, lenient_u64};

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
    /// Whether its upload was never finished.
    pub is_unfinished: bool,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(default)]
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

impl RemoteFile {
    fn of(name: String, entry: Entry) -> RemoteFile {
        RemoteFile {
            is_unfinished: entry.is_unfinished(),
            name,
            size: entry.filesize.unwrap_or(0),
            mtime: entry.mtime.unwrap_or(0),
            sha: entry.sha,
        }
    }
}

/// Lists everything below `root`. What stands in the way of a folder, and names that could lead
/// elsewhere, go to `report`.
pub fn list(
    call: &Call,
    bucket: &Bucket,
    root: &FolderPath,
    report: &Report,
) -> Result<RemoteTree> {
    let lister = Lister::new(call, bucket);
    let mut tree = RemoteTree::default();
    let mut to_do = vec![String::new()];
    let (mut seen, mut bytes) = (HashSet::new(), 0);
    while let Some(prefix) = to_do.pop() {
        let mut is_too_large = false;
        let mut take = |entry: Entry| {
            let segment = entry.name.strip_suffix('/').unwrap_or(&entry.name);
            let name = format!("{prefix}{segment}");
            bytes += name.len() + entry.sha.as_ref().map_or(0, String::len);
            if !os::is_safe_name(segment) {
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
        let path = FolderPath::new("cos_path", &format!("{}{prefix}", root.as_str()));
        let listed = path.and_then(|path| {
            lister.follow(&path, String::new(), &mut |entries| {
                // Whatever a page has is taken.
                is_too_large = entries.into_iter().map(&mut take).fold(false, |_, now| now);
                match is_too_large {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                }
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
    pub fn find(
        call: &Call,
        bucket: &Bucket,
        root: &FolderPath,
        files: &[LocalFile],
    ) -> Result<Existing> {
        let wanted = folders_of(files);
        let lister = Lister::new(call, bucket);
        let mut names: HashSet<&str> = files.iter().map(|file| file.name.as_str()).collect();
        let mut existing = Existing::default();
        let mut to_do = vec![""];
        while let Some(prefix) = to_do.pop() {
            let Some(wanted) = wanted.get(prefix) else {
                continue;
            };
            // A name that is refused here is refused again, and reported, when its turn comes.
            let Ok(path) = FolderPath::new("cos_path", &format!("{}{prefix}", root.as_str()))
            else {
                continue;
            };
            let (mut pages, mut found) = (0, HashSet::<&str>::new());
            let most_pages = FEW_PAGES.max(wanted.files + wanted.folders.len());
            let listed = lister.follow(&path, String::new(), &mut |entries: Vec<Entry>| {
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
                match pages < most_pages {
                    true => ControlFlow::Continue(()),
                    false => ControlFlow::Break(()),
                }
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
    pub fn get(
        &self,
        call: &Call,
        bucket: &Bucket,
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
        match call.run(&stat_operation(bucket, path)) {
            Ok(reply) => {
                let entry = Entry { name: name.to_owned(), ..reply.data()? };
                Ok(Some(Cow::Owned(RemoteFile::of(name.to_owned(), entry))))
            }
            Err(failure) if failure.is(Code::COS_ERR_NOT_FOUND) => Ok(None),
            Err(failure) => Err(failure),
        }
    }
}

/// Whether the server answers, but not with a list that can be followed to its end.
fn is_unusable_list(failure: &Failure) -> bool {
    failure.is(Code::COS_ERR_NETWORK) && failure.http_status.is_some_and(|status| status < 300)
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
