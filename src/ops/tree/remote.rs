//! The side of a tree that is in a bucket.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::Mutex;

use super::local::MAX_DEPTH;
use super::report::Report;
use super::{Found, Remote, locked};
use crate::ops::list::{Cursor, Lister};
use crate::protocol::contract::Below;
use crate::reply::object::ObjectInfo;
use crate::reply::{Code, Failure, Result};

/// A tree that has more files, folders, or bytes of names is not gone through to its end: a server
/// could make up entries for ever.
const MOST_FILES: usize = 1_000_000;
pub const MOST_FOLDERS: usize = 100_000;
const MOST_BYTES: usize = 256 * 1024 * 1024;
pub const TOO_LARGE: &str = "the tree has more than 1000000 files, 100000 folders or 256 MiB of names: \
                         take the folders in it one at a time";

/// What is below a folder.
pub enum Entry {
    /// A file.
    File(RemoteFile),
    /// A folder.
    Folder {
        /// From the root, with `/` at the end.
        name: String,
        /// Whether there is more of it than the names of what is in it.
        is_stored: bool,
        /// Whether that has content, which no directory can have.
        has_content: bool,
    },
}

impl Entry {
    /// In bytes.
    pub fn size(&self) -> u64 {
        match self {
            Entry::File(file) => file.size,
            Entry::Folder { .. } => 0,
        }
    }
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
    pub fn of(name: String, entry: ObjectInfo) -> RemoteFile {
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

/// Lists what is below a folder, a page at a time: folder by folder, or all at once where lists go
/// deep. What stands in the way of a folder, and names that can't be taken, go to `report`.
pub(super) struct Survey<'a> {
    remote: Remote<'a>,
    report: &'a Report<'a>,
    names: Names,
    lister: Lister<'a>,
    goes_deep: bool,
    tally: Mutex<Tally>,
    hasher: RandomState,
}

/// Which names can be taken.
#[derive(Clone, Copy)]
pub(super) struct Names {
    /// Why a segment can't.
    pub why_refused: fn(&str) -> Option<&'static str>,
    /// What makes the same of names of which only one can be taken, if there are such.
    pub folding: Option<fn(&str) -> String>,
}

/// What was found so far.
#[derive(Default)]
struct Tally {
    files: usize,
    /// How names are spelled that could be spelled in other ways, as numbers.
    spelled: HashMap<u64, u64>,
    folders: HashSet<String>,
    /// What is not taken, and whether it is a folder.
    refused: HashSet<(String, bool)>,
    /// Of all names.
    bytes: usize,
}

impl Tally {
    fn is_too_large(&self) -> bool {
        self.files > MOST_FILES || self.folders.len() > MOST_FOLDERS || self.bytes > MOST_BYTES
    }
}

/// A list that was not read to its end: of a folder, or of the root with all that is below it.
#[derive(Default)]
pub(super) struct Listing {
    /// The folder, from the root.
    prefix: String,
    cursor: Cursor,
    /// Which names there were, as numbers: a server may list a file twice.
    seen: HashSet<u64>,
}

impl<'a> Survey<'a> {
    /// Nothing is listed yet.
    pub fn new(remote: Remote<'a>, report: &'a Report<'a>, names: Names) -> Survey<'a> {
        let goes_deep = remote.service.limits().lists_go_deep;
        let below = if goes_deep { Below::Everything } else { Below::Folder };
        let lister = Lister::new(remote.service, remote.call, below);
        let (tally, hasher) = Default::default();
        Survey { remote, report, names, lister, goes_deep, tally, hasher }
    }

    /// Reads the next page of a list.
    pub fn look(&self, mut listing: Listing) -> Result<Found<Listing, Entry>> {
        let mut found = Found { items: Vec::new(), parts: Vec::new() };
        let page = self
            .remote
            .folder(&listing.prefix)
            .and_then(|path| self.lister.next(self.remote.at(&path), &mut listing.cursor));
        match page {
            Ok(page) => {
                let mut folders = Vec::new();
                if page.own_size.is_some() {
                    let name = listing.prefix.clone();
                    found.items.push(Entry::Folder { name, is_stored: true, has_content: true });
                }
                for entry in page.entries {
                    self.take(&mut listing, entry, &mut found.items, &mut folders);
                }
                if locked(&self.tally).is_too_large() {
                    return Err(listing.cursor.unexpected(TOO_LARGE));
                }
                // The next page of this folder is listed before other folders.
                found.parts.extend((!page.is_last).then_some(listing));
                found.parts.extend(folders);
                Ok(found)
            }
            Err(failure) if listing.prefix.is_empty() => Err(failure),
            // Somebody has removed it since its parent was listed.
            Err(failure) if failure.is(Code::COS_ERR_NOT_FOUND) => Ok(found),
            Err(failure) => {
                self.report.note(&listing.prefix, Err(failure))?;
                Ok(found)
            }
        }
    }

    /// Takes an entry of a page, and the folders that it is the first one in.
    fn take(
        &self,
        listing: &mut Listing,
        entry: ObjectInfo,
        items: &mut Vec<Entry>,
        folders: &mut Vec<Listing>,
    ) {
        let prefix = &listing.prefix;
        let plain = entry.name.strip_suffix('/').unwrap_or(&entry.name);
        let name = format!("{prefix}{plain}");
        let mut tally = locked(&self.tally);
        tally.bytes +=
            name.len() + entry.sha.as_ref().or(entry.etag.as_ref()).map_or(0, String::len);
        if let Some(Refused { name, is_folder, why }) =
            self.refused(&mut tally, prefix, plain, entry.is_folder())
        {
            if tally.refused.insert((name.clone(), is_folder)) {
                self.report.failed(&name, &Failure::argument("cos_path", why));
            }
            return;
        }
        if self.goes_deep {
            for (end, _) in name.match_indices('/') {
                if !tally.folders.contains(&name[..=end]) {
                    let name = name[..=end].to_owned();
                    tally.folders.insert(name.clone());
                    items.push(Entry::Folder { name, is_stored: false, has_content: false });
                }
            }
        }
        if !listing.seen.insert(self.hasher.hash_one(&entry.name)) {
            return;
        }
        if !entry.is_folder() {
            tally.files += 1;
            items.push(Entry::File(RemoteFile::of(name, entry)));
            return;
        }
        let name = format!("{name}/");
        // Some servers list a folder and not what is in it, although everything was asked for. A
        // folder that is stored as an object has a size.
        let is_to_be_listed = !self.goes_deep || entry.size.is_none();
        // A server that lists a folder twice must not keep us going round.
        if tally.folders.insert(name.clone()) && is_to_be_listed {
            folders.push(Listing { prefix: name.clone(), ..Listing::default() });
        }
        let has_content = entry.size.is_some_and(|size| size > 0);
        items.push(Entry::Folder { name, is_stored: true, has_content });
    }

    /// Which part of a name from the list of `prefix` can't be taken, and why.
    fn refused(
        &self,
        tally: &mut Tally,
        prefix: &str,
        name: &str,
        is_folder: bool,
    ) -> Option<Refused> {
        let (mut depth, mut end) = (prefix.matches('/').count(), 0);
        for segment in name.split(|c| c == '/' && self.goes_deep) {
            end += segment.len();
            let is_folder = is_folder || end < name.len();
            let name = || format!("{prefix}{}", &name[..end]);
            // It comes from the server, and must be one segment of a path.
            if let Some(why) = (self.names.why_refused)(segment) {
                return Some(Refused { name: name(), is_folder, why });
            }
            if let Some(fold) = self.names.folding {
                let name = name();
                let spelled = self.hasher.hash_one(&name);
                let folded = self.hasher.hash_one(fold(&name));
                if *tally.spelled.entry(folded).or_insert(spelled) != spelled {
                    let why = "has the name of another one but for capital letters";
                    return Some(Refused { name, is_folder, why });
                }
            }
            if is_folder && depth >= MAX_DEPTH {
                let why = "is inside too many other folders";
                return Some(Refused { name: name() + "/", is_folder, why });
            }
            depth += 1;
            end += 1;
        }
        None
    }
}

/// A file or folder that is not taken.
struct Refused {
    name: String,
    is_folder: bool,
    why: &'static str,
}
