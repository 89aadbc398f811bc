//! What a bucket has of a local tree already: the local side and lists of the remote side, brought
//! together a piece at a time.

use std::iter::Peekable;
use std::path::Path;
use std::vec;

use super::local::{self, Item, Scan};
use super::remote::RemoteFile;
use super::report::Report;
use super::{ENOUGH, Found, Remote};
use crate::ops::list::{Cursor, Lister};
use crate::protocol::contract::{Ask, Below, Place};
use crate::reply::object::ObjectInfo;
use crate::reply::{Code, Failure, Result};

/// So many pages are read even for a single file.
const FEW_PAGES: usize = 4;

/// What is known of what stands at the place of a local file or empty directory.
pub enum Existing {
    /// There is nothing.
    Nothing,
    /// It would have taken too many requests to find out.
    Unknown,
    /// This.
    Shown(RemoteFile),
}

impl Existing {
    /// The file there, which is asked for if it was not listed.
    pub(super) fn file(self, remote: Remote, at: Place, name: &str) -> Result<Option<RemoteFile>> {
        match self {
            Existing::Nothing => Ok(None),
            Existing::Shown(file) => Ok(Some(file)),
            Existing::Unknown => match remote.service.stat(remote.call, at, Ask::OfContent) {
                Ok(reply) => Ok(Some(RemoteFile::of(name.to_owned(), reply.data()?))),
                Err(failure) if failure.is(Code::COS_ERR_NOT_FOUND) => Ok(None),
                Err(failure) => Err(failure),
            },
        }
    }
}

/// A local file or empty directory, and what stands at its place.
pub type Compared = (Item, Existing);

/// Where both sides of a tree are looked for.
#[derive(Clone, Copy)]
pub(super) struct Sides<'a> {
    pub directory: &'a Path,
    pub remote: Remote<'a>,
    pub report: &'a Report<'a>,
}

/// A directory that is to be compared with its folder.
pub(super) struct Directory {
    /// From the root, with `/` at the end.
    name: String,
    /// What the list of the folder around it has shown.
    existing: Existing,
}

impl Directory {
    /// The root.
    pub fn root() -> Directory {
        Directory { name: String::new(), existing: Existing::Unknown }
    }

    /// Compares what is in it, and finds the directories in it.
    pub fn look(self, sides: Sides) -> Result<Found<Directory, Compared>> {
        let Sides { directory, remote, report } = sides;
        let mut found = Found { items: Vec::new(), parts: Vec::new() };
        let local = local::read(directory, &self.name, report, &remote.call.stop);
        if local.is_empty && !self.name.is_empty() {
            found.items.push((Item { name: self.name, size: 0 }, self.existing));
            return Ok(found);
        }
        let existing = self.list(remote, &local.entries)?;
        for (entry, existing) in local.entries.into_iter().zip(existing) {
            let name = format!("{}{}", self.name, entry.name);
            if name.ends_with('/') {
                found.parts.push(Directory { name, existing });
            } else {
                found.items.push((Item { name, size: entry.size }, existing));
            }
        }
        Ok(found)
    }

    /// What the folder has of these names, which are in order. It is listed, unless that would take
    /// more requests than asking for each of them.
    fn list(&self, remote: Remote, names: &[local::Entry]) -> Result<Vec<Existing>> {
        let mut existing: Vec<_> = names.iter().map(|_| Existing::Nothing).collect();
        // A path that is refused here is refused again, and reported, when its turn comes.
        let (false, Ok(path)) =
            (matches!(self.existing, Existing::Nothing), remote.folder(&self.name))
        else {
            return Ok(existing);
        };
        let lister = Lister::new(remote.service, remote.call, Below::Folder);
        let (mut cursor, mut pages, mut is_whole) = (Cursor::default(), 0, names.is_empty());
        while !is_whole && pages < FEW_PAGES.max(names.len()) {
            let page = match lister.next(remote.at(&path), &mut cursor) {
                Ok(page) => page,
                Err(failure) if self.name.is_empty() => match ended(failure)? {
                    Ended::NothingThere => return Ok(existing),
                    Ended::Unusable => break,
                },
                Err(failure) if failure.is(Code::COS_ERR_NOT_FOUND) => return Ok(existing),
                Err(failure) if failure.is(Code::COS_ERR_CANCELLED) => return Err(failure),
                Err(_) => break,
            };
            for entry in page.entries {
                let shown = named(entry);
                if let Ok(i) = names.binary_search_by(|local| (*local.name).cmp(&shown.name)) {
                    existing[i] = Existing::Shown(shown);
                }
            }
            (pages, is_whole) = (pages + 1, page.is_last);
        }
        if !is_whole {
            let nothing = |existing: &&mut Existing| matches!(existing, Existing::Nothing);
            existing.iter_mut().filter(nothing).for_each(|it| *it = Existing::Unknown);
        }
        Ok(existing)
    }
}

/// A local tree and a list of all that is below its folder, both in the order of the names, gone
/// through side by side.
pub(super) struct Comparison<'a> {
    remote: Remote<'a>,
    scan: Peekable<Scan<'a>>,
    /// How many names of the local tree were compared.
    compared: usize,
    /// The last page.
    page: Peekable<vec::IntoIter<RemoteFile>>,
    /// How many pages there were.
    pages: usize,
    /// Up to which name the pages reach.
    listed: Listed,
}

#[derive(PartialEq, Eq)]
enum Listed {
    /// This one.
    To(String),
    /// The last one.
    ToTheEnd,
    /// None, because the list can't be used.
    Never,
}

impl<'a> Comparison<'a> {
    /// Nothing was looked at yet.
    pub fn new(sides: Sides<'a>) -> Comparison<'a> {
        let Sides { directory, remote, report } = sides;
        Comparison {
            remote,
            scan: Scan::new(directory, report, &remote.call.stop).peekable(),
            compared: 0,
            page: Vec::new().into_iter().peekable(),
            pages: 0,
            listed: Listed::To(String::new()),
        }
    }

    /// Compares as much as the pages tell of, and turns at most one page if that is nothing.
    pub fn look(mut self) -> Result<Found<Comparison<'a>, Compared>> {
        let mut items = Vec::new();
        while items.len() < ENOUGH
            && let Some(Item { name, .. }) = self.scan.peek()
        {
            let is_listed = match &self.listed {
                Listed::To(last) => name <= last,
                Listed::ToTheEnd | Listed::Never => true,
            };
            // There are as many pages as names at the most; other files are asked for one by one.
            let may_be_listed = self.pages < FEW_PAGES + self.compared;
            if !is_listed && may_be_listed {
                if items.is_empty() {
                    let name = name.clone();
                    self.turn_page(&name)?;
                    continue;
                }
                break;
            }
            let existing = if is_listed { self.find() } else { Existing::Unknown };
            items.extend(self.scan.next().map(|local| (local, existing)));
            self.compared += 1;
        }
        let parts = if self.scan.peek().is_some() { vec![self] } else { Vec::new() };
        Ok(Found { items, parts })
    }

    /// Reads the page that should have `name`, or the one behind the last if that is as near.
    fn turn_page(&mut self, name: &str) -> Result<()> {
        let Listed::To(last) = &self.listed else {
            return Ok(());
        };
        self.pages += 1;
        // All names that begin like this one are behind it, and few others are in between.
        let before = &name[..name.char_indices().next_back().map_or(0, |(end, _)| end)];
        let behind = before.max(last.as_str());
        let Remote { service, call, root, .. } = self.remote;
        let lister = Lister::new(service, call, Below::Everything);
        let (page, listed) = match lister.behind(self.remote.at(root), behind) {
            Ok(page) => {
                let is_last = page.is_last;
                let page: Vec<_> = page.entries.into_iter().map(named).collect();
                let is_in_order = page.is_sorted_by(|a, b| a.name < b.name)
                    && page.first().is_none_or(|first| first.name.as_str() > behind);
                let listed = match page.last() {
                    _ if !is_in_order => Listed::Never,
                    _ if is_last => Listed::ToTheEnd,
                    Some(last) => Listed::To(last.name.clone()),
                    None => Listed::Never,
                };
                (page, listed)
            }
            Err(failure) => match ended(failure)? {
                Ended::NothingThere => (Vec::new(), Listed::ToTheEnd),
                Ended::Unusable => (Vec::new(), Listed::Never),
            },
        };
        (self.page, self.listed) = (page.into_iter().peekable(), listed);
        Ok(())
    }

    /// What the last page has of the next local name.
    fn find(&mut self) -> Existing {
        let (Some(local), true) = (self.scan.peek(), self.listed != Listed::Never) else {
            return Existing::Unknown;
        };
        while self.page.next_if(|file| file.name < local.name).is_some() {}
        match self.page.next_if(|file| file.name == local.name) {
            Some(file) => Existing::Shown(file),
            None => Existing::Nothing,
        }
    }
}

/// How a list ended that brought no page.
enum Ended {
    NothingThere,
    /// The server answers, but not with a list that can be followed to its end.
    Unusable,
}

fn ended(failure: Box<Failure>) -> Result<Ended> {
    let is_answer = failure.http_status().is_some_and(|status| status < 300);
    match failure {
        missing if missing.is(Code::COS_ERR_NOT_FOUND) => Ok(Ended::NothingThere),
        unusable if unusable.is(Code::COS_ERR_NETWORK) && is_answer => Ok(Ended::Unusable),
        failure => Err(failure),
    }
}

/// An entry of a list, by a name that ends with `/` if it is a folder.
fn named(entry: ObjectInfo) -> RemoteFile {
    let mut name = entry.name.clone();
    if entry.is_folder() && !name.ends_with('/') {
        name.push('/');
    }
    RemoteFile::of(name, entry)
}
