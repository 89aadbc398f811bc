//! The file beside the destination in which a download collects its pieces.
//!
//! It holds the bytes; then, for each piece, how far it has come; then a digest of what is being
//! downloaded, and a mark that tells the file from a program's own of that name. A later call for
//! the same object continues it; a call for anything else starts it anew. A lock keeps two calls
//! from sharing one; on a file system without locks the mark does, which outlives a crash: such a
//! file is continued after two days only. When everything is there, what is behind the bytes is cut
//! off and the file renamed.

use std::fs::{self, File, Metadata, TryLockError};
use std::io;
use std::path::{Path, PathBuf, is_separator};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sha1::{Digest, Sha1};

use super::{Object, PIECE};
use crate::content::hash::hex;
use crate::os::{self, Access};
use crate::reply::{Failure, Phase, Result};
use crate::stop::Stop;

/// What comes again as fast as it could be continued, in bytes.
const SMALL: u64 = 64 * 1024;

/// How many names are tried for one destination.
const MOST: usize = 64;

/// Of pieces: with 8 MiB each, far more than any file system takes for one file.
const MOST_PIECES: u64 = 1 << 24;

/// What a partial file ends with.
type Mark = [u8; 16];
const MARK: &Mark = b"libcos partial 2";
/// The same while a call is using the file, on a file system without locks.
const MARK_IN_USE: &Mark = b"libcos in use  2";

/// How the names of partial files end.
const ENDING: &str = ".cos-partial";

/// Where a download is to end up.
#[derive(Debug)]
pub struct Destination {
    /// Absolute, where that can be: the program may change its working directory meanwhile.
    path: PathBuf,
    /// Of the file that is there.
    replaces: Option<Access>,
    overwrite: bool,
}

/// A partial file, locked.
pub struct Partial<'a> {
    destination: &'a Destination,
    path: PathBuf,
    /// Whether another call holds a usual one. A later call would look there.
    is_spare: bool,
    file: File,
    /// What the file ends with during this call.
    mark: &'static Mark,
    /// Whether it has got its name, or none.
    is_gone: AtomicBool,
    len: u64,
    identity: String,
    /// How many bytes of each piece were there when it was opened.
    pub had: Vec<u32>,
    /// Whether some are there by now.
    has_bytes: AtomicBool,
}

/// Whether the last segment of a name is one that only partial files have.
pub fn is_partial_name(name: &str) -> bool {
    let name = name.rsplit('/').next().unwrap_or_default();
    name.starts_with('.') && name.ends_with(ENDING)
}

impl Destination {
    /// Checks that a file can be put at `local_path`. A wait for a program that has the file there open
    /// ends with `stop`.
    pub fn new(local_path: &str, overwrite: bool, stop: &Stop) -> Result<Destination> {
        let refused = |problem: String| Failure::local_file("local_path", problem);
        if local_path.is_empty() || local_path.ends_with(is_separator) {
            return Err(refused("must name a file, not a directory".into()));
        }
        let unusable =
            |error: io::Error| refused(format!("{local_path} can't be written")).because_of(&error);
        let mut path = os::settled(Path::new(local_path));
        os::check_names_a_file(&path).map_err(unusable)?;
        let mut found = what_is_at(&path).map_err(unusable)?;
        // A link stays; the file it leads to is replaced.
        if found.as_ref().is_some_and(Metadata::is_symlink) {
            path = match fs::canonicalize(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    let problem = format!("{local_path} is a symbolic link that leads nowhere");
                    return Err(refused(problem).because(io::ErrorKind::NotFound));
                }
                result => result.map_err(unusable)?,
            };
            found = what_is_at(&path).map_err(unusable)?;
        }
        match &found {
            Some(found) if found.is_dir() => return Err(is_directory(local_path)),
            Some(found) if !found.is_file() => {
                return Err(refused(format!("{local_path} exists and is not a regular file")));
            }
            Some(_) if !overwrite => return Err(exists(&path)),
            _ => {}
        }
        let Some(name) = path.file_name() else {
            return Err(refused("must name a file, not a directory".into()));
        };
        if is_partial_name(&name.to_string_lossy()) {
            return Err(refused(format!(
                "{local_path} must have another name: '.…{ENDING}' is that of an unfinished download"
            )));
        }
        let around = directory_around(&path)?;
        match os::check_replaceable(&path, found.as_ref(), &around, &|| !stop.is_set()) {
            Err(_) if stop.is_set() => return Err(Failure::cancelled(Phase::LocalFile)),
            result => result.map_err(unusable)?,
        }
        let replaces = found.map(|found| os::access_of(&path, &found));
        Ok(Destination { path, replaces, overwrite })
    }

    /// Whether a partial file is beside it, which may be one to continue.
    pub fn has_partial(&self) -> bool {
        fs::symlink_metadata(partial_path(&self.path, 0)).is_ok()
    }
}

/// What has the name `path`, if anything; a link is not followed.
fn what_is_at(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What is known of the directory that a file is to be in.
fn directory_around(path: &Path) -> Result<Metadata> {
    let refused = |problem: String| Failure::local_file("local_path", problem);
    let directory = os::parent(path);
    match fs::metadata(directory) {
        Ok(around) if around.is_dir() => Ok(around),
        Ok(_) => {
            let problem = format!("{} is not a directory", directory.display());
            Err(refused(problem).because(io::ErrorKind::NotADirectory))
        }
        Err(error) => {
            let directory = directory.display();
            let problem = format!("can't be created: the directory {directory} can't be used");
            Err(refused(problem).because_of(&error))
        }
    }
}

fn is_directory(path: &str) -> Box<Failure> {
    let problem = format!("{path} is a directory, not a file");
    Failure::local_file("local_path", problem).because(io::ErrorKind::IsADirectory)
}

fn exists(path: &Path) -> Box<Failure> {
    let problem = format!("{} exists, and overwrite is false", path.display());
    Failure::local_file("local_path", problem).because(io::ErrorKind::AlreadyExists)
}

impl<'a> Partial<'a> {
    /// Opens the partial file of `destination`, or another one beside it if that is in use or not
    /// the library's. `identity` names what is downloaded; `resume` is whether to continue an
    /// earlier download.
    pub fn open(
        destination: &'a Destination,
        object: &Object,
        identity: &str,
        resume: bool,
        stop: &Stop,
    ) -> Result<Partial<'a>> {
        // The size is what the server says, which must not make us ask for any amount of memory.
        if object.pieces() > MOST_PIECES {
            let problem = format!("{} bytes are more than a file can hold here", object.len);
            return Err(Failure::local_io(problem));
        }
        let found = find(destination, object, stop)?;
        let mut partial = Partial {
            destination,
            path: found.path,
            is_spare: found.is_spare,
            file: found.file,
            mark: found.mark,
            is_gone: AtomicBool::new(false),
            len: object.len,
            identity: hex(&Sha1::digest(identity)),
            had: vec![0; object.pieces() as usize],
            has_bytes: AtomicBool::new(false),
        };
        if found.state != State::New {
            partial.narrow()?;
        }
        if found.state == State::LacksOnlyName {
            let tail = partial.tail(|i| piece_len(object.len, i));
            partial.write(&tail, object.len)?;
        }
        if found.state == State::New || !resume || !partial.load() {
            partial.start()?;
        }
        Ok(partial)
    }

    fn narrow(&self) -> Result<()> {
        let Some(access) = &self.destination.replaces else {
            return Ok(());
        };
        os::narrow_partial(&self.file, &self.path, access).map_err(|error| self.failed(&error))
    }

    /// Whether the file continues this download; then it is known how far its pieces have come.
    fn load(&mut self) -> bool {
        let mut found = self.tail(|_| 0);
        let all = self.len + found.len() as u64;
        let is_ours = self.file.metadata().is_ok_and(|metadata| metadata.len() == all)
            && os::read_exact_at(&self.file, &mut found, self.len).is_ok()
            && found[4 * self.had.len()..].starts_with(self.identity.as_bytes())
            && set_mark(&self.file, self.mark).is_ok();
        if is_ours {
            for (i, bytes) in found.as_chunks().0.iter().take(self.had.len()).enumerate() {
                self.had[i] = u32::from_le_bytes(*bytes).min(piece_len(self.len, i as u64));
            }
            *self.has_bytes.get_mut() = self.had.iter().any(|had| *had > 0);
        }
        is_ours
    }

    /// What stands behind the bytes, with `has` bytes of each piece.
    fn tail(&self, has: impl Fn(u64) -> u32) -> Vec<u8> {
        let pieces = (0..self.had.len() as u64).flat_map(|i| has(i).to_le_bytes());
        pieces.chain(self.identity.bytes()).chain(*self.mark).collect()
    }

    /// At every moment, the file is empty or ends with the mark.
    fn start(&mut self) -> Result<()> {
        let tail = self.tail(|_| 0);
        let all = self.len + tail.len() as u64;
        let start = || {
            if self.len <= SMALL {
                self.file.set_len(0)?;
                let empty = vec![0; self.len as usize];
                return os::write_at(&self.file, &[empty, tail].concat(), 0);
            }
            os::write_at(&self.file, self.mark, 0)?;
            self.file.set_len(self.mark.len() as u64)?;
            os::preallocate(&self.file, all)?;
            os::write_at(&self.file, &tail, self.len)
        };
        start().map_err(|error| {
            // Nothing is in it yet.
            self.discard();
            self.failed(&error)
        })
    }

    /// Writes bytes at their place.
    pub fn write(&self, bytes: &[u8], place: u64) -> Result<()> {
        os::write_at(&self.file, bytes, place).map_err(|error| self.failed(&error))
    }

    /// Notes that the first `len` bytes of piece `i` are there; of a small file, unless it is complete
    /// and about to get its name. `durably` before the bytes can be lost to a power cut unnoticed,
    /// because no digest will tell.
    pub fn has(&self, i: u64, len: u32, durably: bool) -> Result<()> {
        let note = || {
            if self.len <= SMALL && u64::from(len) == self.len {
                return Ok(());
            }
            if durably {
                os::sync_data(&self.file)?;
            }
            os::write_at(&self.file, &len.to_le_bytes(), self.len + 4 * i)
        };
        self.has_bytes.fetch_or(len > 0, Ordering::Relaxed);
        note().map_err(|error| self.failed(&error))
    }

    /// Forgets what was noted: all bytes come anew.
    pub fn forget(&self) {
        self.has_bytes.store(false, Ordering::Relaxed);
    }

    /// Whether a later call would find bytes of use in it.
    pub fn can_be_continued(&self) -> bool {
        !self.is_spare && self.has_bytes.load(Ordering::Relaxed)
    }

    /// Reads bytes back from their place.
    pub fn read(&self, buf: &mut [u8], place: u64) -> Result<()> {
        read_back(&self.file, buf, place)
    }

    /// Puts the complete file in its place. A wait for a program that has the old one open ends with
    /// `stop`.
    pub fn finish(&self, stop: &Stop) -> Result<()> {
        let to = &self.destination.path;
        let finish = || {
            // Before the notes are cut off. One piece alone is fetched again as fast as it is stored.
            if self.had.len() > 1 {
                os::sync_all(&self.file)?;
            }
            // A file that has appeared there meanwhile lends its access, too.
            let found = what_is_at(to).ok().flatten().filter(Metadata::is_file);
            let replaced =
                found.filter(|_| self.destination.overwrite).map(|found| os::access_of(to, &found));
            if let Some(access) = replaced.as_ref().or(self.destination.replaces.as_ref()) {
                os::give_access(&self.file, access)?;
            }
            let rename = || {
                if self.destination.overwrite {
                    os::replace(&self.path, to, &|| !stop.is_set())
                } else {
                    os::rename_new(&self.path, to)
                }
            };
            self.file.set_len(self.len)?;
            os::has_no_holes(&self.file);
            // The end must not come back after a power cut, behind the new name.
            if let Err(error) = os::sync_all(&self.file).and_then(|()| rename()) {
                // So that a later call finds what it can use.
                let tail = self.tail(|i| piece_len(self.len, i));
                let _ = os::write_at(&self.file, &tail, self.len);
                return Err(error);
            }
            self.is_gone.store(true, Ordering::Relaxed);
            // The new name should survive a power cut like the bytes. Some file systems can't.
            let _ = os::sync_directory(os::parent(to));
            Ok(())
        };
        finish().map_err(|error: io::Error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                self.discard();
                exists(to)
            }
            // It has appeared meanwhile.
            _ if to.is_dir() => {
                self.discard();
                is_directory(&to.to_string_lossy())
            }
            _ if os::is_in_use(&error) && stop.is_set() => Failure::cancelled(Phase::LocalFile),
            _ if os::is_in_use(&error) => {
                let problem = format!("{} can't be replaced: {error}", to.display());
                Failure::local_file("local_path", problem).because(io::ErrorKind::ResourceBusy)
            }
            _ => self.failed(&error),
        })
    }

    /// Removes the file: it is of no use.
    pub fn discard(&self) {
        self.is_gone.store(true, Ordering::Relaxed);
        let _ = fs::remove_file(&self.path);
    }

    fn failed(&self, error: &io::Error) -> Box<Failure> {
        Failure::local_io(format!("writing {} failed", self.path.display())).because_of(error)
    }
}

impl Drop for Partial<'_> {
    fn drop(&mut self) {
        if self.mark != MARK && !self.is_gone.load(Ordering::Relaxed) {
            let _ = set_mark(&self.file, MARK);
        }
        // A process that was forked meanwhile has the file open, too, and would keep the lock.
        let _ = os::unlock(&self.file);
    }
}

/// `.name.cos-partial` beside the destination, or a digest of the name where that is too long.
fn partial_path(destination: &Path, i: usize) -> PathBuf {
    let name = destination.file_name().unwrap_or_default().to_string_lossy();
    let number = match i {
        0 => String::new(),
        i => format!(".{i}"),
    };
    let name = match name.len() {
        ..200 => name.into_owned(),
        _ => hex(&Sha1::digest(name.as_bytes())),
    };
    destination.with_file_name(format!(".{name}{number}{ENDING}"))
}

/// Whether a file holds all of `object` and nothing else: a download of it was broken off when only
/// the name was missing.
fn is_all_of(object: &Object, file: &File, stop: &Stop) -> bool {
    let Some(stated) = &object.sum else {
        return false;
    };
    os::is_own(file).unwrap_or(false)
        && file.metadata().is_ok_and(|found| found.len() == object.len)
        && stated
            .same_of(object.len, stop, |buf, at| read_back(file, buf, at))
            .is_ok_and(|found| found == *stated)
}

fn read_back(file: &File, buf: &mut [u8], place: u64) -> Result<()> {
    os::read_exact_at(file, buf, place)
        .map_err(|error| Failure::local_io("reading the file back failed").because_of(&error))
}

/// How many bytes piece `i` of `len` bytes has.
fn piece_len(len: u64, i: u64) -> u32 {
    // PIECE fits in 32 bits.
    PIECE.min(len.saturating_sub(i * PIECE)) as u32
}

/// A file that a download can collect its pieces in, open and claimed.
struct Found {
    path: PathBuf,
    is_spare: bool,
    file: File,
    mark: &'static Mark,
    state: State,
}

#[derive(PartialEq, Eq)]
enum State {
    /// It was made for this download.
    New,
    /// It may be of an earlier download of the same object, or of another one.
    OfBefore,
    /// It has all bytes, and nothing behind them.
    LacksOnlyName,
}

/// The first file beside the destination that a download of `object` can use.
fn find(destination: &Destination, object: &Object, stop: &Stop) -> Result<Found> {
    let (mut is_spare, mut problem) = (false, None);
    for i in 0..MOST {
        let path = partial_path(&destination.path, i);
        let (file, mark, state) = match claim(&path, destination.replaces.as_ref()) {
            Ok(Claim::New(file)) => (file, MARK, State::New),
            Ok(Claim::Held(file)) => (file, MARK, State::OfBefore),
            Ok(Claim::Unlocked(file)) => (file, MARK_IN_USE, State::OfBefore),
            Ok(Claim::InUse) => {
                is_spare = true;
                continue;
            }
            Ok(Claim::Foreign(file)) if is_all_of(object, &file, stop) => {
                (file, MARK, State::LacksOnlyName)
            }
            Ok(Claim::Foreign(_)) => continue,
            // Somebody else's that can't even be looked at: another name may be free.
            Err(error) if fs::symlink_metadata(&path).is_ok() => {
                problem = Some((path, error));
                continue;
            }
            Err(error) => {
                problem = Some((path, error));
                break;
            }
        };
        return Ok(Found { path, is_spare, file, mark, state });
    }
    let refused = |problem| Failure::local_file("local_path", problem);
    Err(match problem {
        Some((path, error)) => {
            refused(format!("{} can't be written", path.display())).because_of(&error)
        }
        None => {
            refused(format!("has {MOST} files that end with {ENDING} beside it: delete old ones"))
        }
    })
}

/// What became of an attempt to get hold of a partial file.
enum Claim {
    /// It was made, is open and locked.
    New(File),
    /// It was there, is open and locked.
    Held(File),
    /// It is open, on a file system without locks, and no other call's.
    Unlocked(File),
    /// Another call holds it, or may do so.
    InUse,
    /// The file of that name is none of the library's, or somebody else's.
    Foreign(File),
}

/// Opens or creates a partial file and locks it.
fn claim(path: &Path, replaces: Option<&Access>) -> io::Result<Claim> {
    /// How often other calls may end their use of the name between this one's looks at it.
    const ATTEMPTS: usize = 8;
    for _ in 0..ATTEMPTS {
        let (file, is_new) = match os::open_partial(path, replaces) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            result => result?,
        };
        match os::try_lock(&file) {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Claim::InUse),
            // Not every file system has locks. A new file is nobody else's all the same.
            Err(TryLockError::Error(_)) if is_new => return Ok(Claim::Unlocked(file)),
            Err(TryLockError::Error(_)) => match claim_unlocked(file, path)? {
                Some(claim) => return Ok(claim),
                None => continue,
            },
        }
        // Between open and lock its owner may have renamed it: then it is somebody's finished file.
        if os::is_same_file(&file, path)? {
            return Ok(if is_new {
                Claim::New(file)
            } else if os::is_own(&file)? && mark_of(&file)?.is_some() {
                Claim::Held(file)
            } else {
                Claim::Foreign(file)
            });
        }
    }
    Err(io::Error::other("there is another file behind the name at every look"))
}

/// Decides about a file that was there, on a file system without locks. `None`: look again.
fn claim_unlocked(file: File, path: &Path) -> io::Result<Option<Claim>> {
    let mark = match mark_of(&file)? {
        Some(mark) if os::is_own(&file)? => mark,
        _ => return Ok(Some(Claim::Foreign(file))),
    };
    if mark != *MARK && !is_abandoned(&file)? {
        return Ok(Some(Claim::InUse));
    }
    // Renaming decides which of several calls gets the file.
    let aside = path.with_extension(format!("{:016x}{ENDING}", os::random()));
    match fs::rename(path, &aside) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        renamed => renamed?,
    }
    set_mark(&file, MARK_IN_USE)?;
    match os::rename_new(&aside, path) {
        // Another call was faster: that one has the name.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            fs::remove_file(aside)?;
            Ok(None)
        }
        renamed => renamed.map(|()| Some(Claim::Unlocked(file))),
    }
}

/// Whether nobody has written to a file for so long that no call can be using it.
fn is_abandoned(file: &File) -> io::Result<bool> {
    const LONG: Duration = Duration::from_secs(2 * 24 * 60 * 60);
    Ok(file.metadata()?.modified()?.elapsed().is_ok_and(|age| age > LONG))
}

/// The mark of a file that is new or was begun by this library.
fn mark_of(file: &File) -> io::Result<Option<Mark>> {
    let len = file.metadata()?.len();
    // An empty file was made a moment ago by another call.
    let mut end = *MARK_IN_USE;
    match len.checked_sub(end.len() as u64) {
        Some(start) => os::read_exact_at(file, &mut end, start)?,
        None if len > 0 => return Ok(None),
        None => {}
    }
    Ok([MARK, MARK_IN_USE].contains(&&end).then_some(end))
}

/// Puts a mark at the end of a file in place of the one that is there.
fn set_mark(file: &File, mark: &Mark) -> io::Result<()> {
    match file.metadata()?.len().checked_sub(mark.len() as u64) {
        Some(start) => os::write_at(file, mark, start),
        None => os::write_at(file, mark, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::object::ObjectInfo;

    fn destination(directory: &Path) -> Destination {
        Destination::new(directory.join("file").to_str().unwrap(), true, &Stop::default()).unwrap()
    }

    #[test]
    fn a_relative_path_does_not_move_with_the_working_directory() {
        let destination = Destination::new("surely-absent", true, &Stop::default()).unwrap();
        assert_eq!(destination.path, std::env::current_dir().unwrap().join("surely-absent"));
    }

    /// A process that was forked during a call has its files open, too.
    #[test]
    fn the_lock_ends_with_the_call_whoever_has_the_file_open() {
        let dir = tempfile::tempdir().unwrap();
        let destination = destination(dir.path());
        let object = Object::whole(10, &ObjectInfo::default(), true);
        let open =
            || Partial::open(&destination, &object, "identity", true, &Stop::default()).unwrap();
        let first = open();
        first.has(0, 5, false).unwrap();
        let child = first.file.try_clone().unwrap();
        assert!(open().is_spare);
        drop(first);
        let second = open();
        assert!(!second.is_spare);
        assert_eq!(second.had, [5]);
        drop(child);
    }

    #[test]
    fn pieces_continue_where_the_same_download_left_them() {
        let dir = tempfile::tempdir().unwrap();
        let destination = destination(dir.path());
        let object = Object::whole(PIECE + 10, &ObjectInfo::default(), true);
        let had = |identity, resume| {
            let partial =
                Partial::open(&destination, &object, identity, resume, &Stop::default()).unwrap();
            partial.had.clone()
        };
        let partial = Partial::open(&destination, &object, "a", true, &Stop::default()).unwrap();
        assert_eq!(partial.had, [0, 0]);
        partial.has(0, 7, false).unwrap();
        // More bytes than the piece has.
        partial.has(1, 11, false).unwrap();
        drop(partial);
        assert_eq!(had("a", true), [7, 10]);
        assert_eq!(had("b", true), [0, 0]);
        assert_eq!(had("a", true), [0, 0]);
    }

    /// What is left when the process ends between the last two steps.
    #[test]
    fn a_file_that_lacks_only_its_name_is_continued() {
        let dir = tempfile::tempdir().unwrap();
        let destination = destination(dir.path());
        let sha = hex(&Sha1::digest(b"abc"));
        let shown = ObjectInfo { mtime: Some(1), sha: Some(sha), ..ObjectInfo::default() };
        let object = Object::whole(3, &shown, true);
        let partial = dir.path().join(".file.cos-partial");
        fs::write(&partial, "abd").unwrap();
        let open = || Partial::open(&destination, &object, "a", true, &Stop::default()).unwrap();
        assert_eq!(open().had, [0]);
        assert_eq!(fs::read(&partial).unwrap(), b"abd", "it may be anybody's");
        fs::write(&partial, "abc").unwrap();
        let continued = open();
        assert_eq!(continued.had, [3]);
        continued.finish(&Stop::default()).unwrap();
        assert_eq!(fs::read(&destination.path).unwrap(), b"abc");
        assert!(!partial.exists());
    }

    #[test]
    fn a_directory_that_appears_at_the_destination_is_named_and_nothing_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let destination = destination(dir.path());
        let object = Object::whole(3, &ObjectInfo::default(), true);
        let partial = Partial::open(&destination, &object, "a", true, &Stop::default()).unwrap();
        fs::create_dir(&destination.path).unwrap();
        let failure = partial.finish(&Stop::default()).unwrap_err();
        let named = format!("{} is a directory, not a file", destination.path.display());
        assert!(failure.message().ends_with(&named), "{failure:?}");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failed_rename_leaves_what_can_be_continued() {
        let dir = tempfile::tempdir().unwrap();
        let destination = destination(dir.path());
        let object = Object::whole(3, &ObjectInfo::default(), true);
        let partial = Partial::open(&destination, &object, "a", true, &Stop::default()).unwrap();
        partial.write(b"abc", 0).unwrap();
        partial.has(0, 3, false).unwrap();
        let elsewhere = dir.path().join("elsewhere");
        fs::rename(&partial.path, &elsewhere).unwrap();
        assert!(partial.finish(&Stop::default()).is_err());
        fs::rename(&elsewhere, &partial.path).unwrap();
        drop(partial);
        let partial = Partial::open(&destination, &object, "a", true, &Stop::default()).unwrap();
        assert_eq!(partial.had, [3]);
        partial.finish(&Stop::default()).unwrap();
        assert_eq!(fs::read(&destination.path).unwrap(), b"abc");
    }
}
