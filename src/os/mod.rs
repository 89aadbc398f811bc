//! What the operating system offers and the standard library does not.
//!
//! This is the list: all that the rest of the library asks a system for, in plain words. What differs
//! between systems is in a folder of each, which fills all of it. Nobody else knows on which one the
//! library runs.
#![allow(unsafe_code)]

mod memory;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

use std::fs::{File, Metadata, TryLockError};
use std::io::{self, Read};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::thread::{Builder, JoinHandle, Scope, ScopedJoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

pub use memory::{forgetting, zeros};
pub use system::{Access, Directory, ForkMark, HeldCancellation, Stamp};

// Files and their names.

/// Opens a file for reading, if it is an ordinary one. Others can make whoever opens or reads them
/// wait for ever, or have no end. Where another program has to give the file up first, this waits for
/// it, some time, and only while `go_on` says so.
pub fn open_source(path: &Path, go_on: &dyn Fn() -> bool) -> io::Result<File> {
    system::open_source(path, go_on)
}

/// Opens a directory, to reach what is below it whatever takes its name later.
pub fn open_directory(path: &Path) -> io::Result<Directory> {
    system::open_directory(path)
}

/// Opens the file `name` for reading: a path below `directory`, with `/` between segments. No part
/// of it may be a symbolic link, and what is no ordinary file does not block. Waits for another
/// program like [`open_source`].
pub fn open_below(directory: &Directory, name: &str, go_on: &dyn Fn() -> bool) -> io::Result<File> {
    system::open_below(directory, name, go_on)
}

/// Opens a file of the library's own for reading and writing; a new one if there is none. Tells
/// whether it is new. A new one is no more open to others than the file that it is to replace. Links
/// are not followed.
pub fn open_partial(path: &Path, replaces: Option<&Access>) -> io::Result<(File, bool)> {
    system::open_partial(path, replaces)
}

/// Reads what is there from `offset` on, at most as much as `buf` takes; 0 at the end. The file has
/// no position that threads would share.
pub fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    system::read_at(file, buf, offset)
}

/// Fills `buf` from `offset` on.
pub fn read_exact_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<()> {
    let mut filled = 0;
    while filled < buf.len() {
        match read_at(file, &mut buf[filled..], offset + filled as u64) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => filled += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Writes all of `bytes` from `offset` on. Where this process may not have so long a file, that is
/// an error and no signal.
pub fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    system::write_at(file, bytes, offset)
}

/// Reserves disk for a file of `len` bytes, so that a full disk, or a limit of this process, is
/// noticed before the work is done. The file keeps its length. Where the file system can't, nothing
/// is reserved.
pub fn preallocate(file: &File, len: u64) -> io::Result<()> {
    system::preallocate(file, len)
}

/// Makes the bytes of a file survive a power cut, where the file system can.
pub fn sync_data(file: &File) -> io::Result<()> {
    system::sync_data(file)
}

/// Makes all of a file survive a power cut, where the file system can.
pub fn sync_all(file: &File) -> io::Result<()> {
    system::sync_all(file)
}

/// Makes the names in a directory survive a power cut, where the file system can.
pub fn sync_directory(path: &Path) -> io::Result<()> {
    system::sync_directory(path)
}

/// Notes that all of a file was written for which disk was reserved.
pub fn has_no_holes(file: &File) {
    system::has_no_holes(file);
}

/// Locks a file for this call. It keeps nobody from reading it.
pub fn try_lock(file: &File) -> Result<(), TryLockError> {
    system::try_lock(file)
}

/// Ends a lock, also where another process has got the open file.
pub fn unlock(file: &File) -> io::Result<()> {
    system::unlock(file)
}

/// Gives a file the name of another, which is gone then. Where another program has to close that one
/// first, this waits for it, some time, and only while `go_on` says so.
pub fn replace(from: &Path, to: &Path, go_on: &dyn Fn() -> bool) -> io::Result<()> {
    system::replace(from, to, go_on)
}

/// Whether something failed because another program has a file open.
pub fn is_in_use(error: &io::Error) -> bool {
    system::is_in_use(error)
}

/// Renames a file unless something has the new name: then it fails with `AlreadyExists`. Where the
/// file system can't do that in one step, what gets the name in between is replaced.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    system::rename_new(from, to)
}

/// What tells that a file has changed, of which `found` is known.
pub fn stamp_of(file: &File, found: &Metadata) -> Stamp {
    system::stamp_of(file, found)
}

/// Whether `path` is the name of the open file.
pub fn is_same_file(file: &File, path: &Path) -> io::Result<bool> {
    system::is_same_file(file, path)
}

/// Whether an open file is an ordinary one of this user's, with a single name.
pub fn is_own(file: &File) -> io::Result<bool> {
    system::is_own(file)
}

/// The directory in which `path` is.
pub fn parent(path: &Path) -> &Path {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

/// `path` as it can be used after the working directory has changed. Where the way from the root is
/// closed to this process, or too long, it stays as it is.
pub fn settled(path: &Path) -> PathBuf {
    system::settled(path)
}

/// Fails if `path` can't be the name of a file, because it is that of something else, such as a
/// device, whatever is there.
pub fn check_names_a_file(path: &Path) -> io::Result<()> {
    system::check_names_a_file(path)
}

/// Whether a name that a server gives leads to another place, whatever the system.
pub fn leads_elsewhere(segment: &str) -> bool {
    matches!(segment, "." | "..") || segment.contains(['/', '\0'])
}

/// Why a name that a server gives can't be the name of one file or directory here, and of no other
/// place; `None` where it can.
pub fn why_no_name(segment: &str) -> Option<&'static str> {
    system::why_no_name(segment)
}

/// What makes the same of all names that are one file here; `None` where each name is a file of its
/// own.
pub fn folding() -> Option<fn(&str) -> String> {
    system::folding()
}

/// Makes `link` a symbolic link to a file or directory.
#[cfg(test)]
pub fn symlink(to: &Path, link: &Path) -> io::Result<()> {
    system::symlink(to, link)
}

// Who may do what with a file.

/// Fails if this process can't give another file the name of `path`, where `found` is, in the
/// directory `around`. Waits for another program like [`replace`].
pub fn check_replaceable(
    path: &Path,
    found: Option<&Metadata>,
    around: &Metadata,
    go_on: &dyn Fn() -> bool,
) -> io::Result<()> {
    system::check_replaceable(path, found, around, go_on)
}

/// Who may do what with the file at `path`, which was `found` there and is no link.
pub fn access_of(path: &Path, found: &Metadata) -> Access {
    system::access_of(path, found)
}

/// Gives `file` this access as far as this process may. What it can't have is not given to anybody
/// else.
pub fn give_access(file: &File, access: &Access) -> io::Result<()> {
    system::give_access(file, access)
}

/// Narrows a partial file at `path` that was begun when nothing, or something more open, was to be
/// replaced.
pub fn narrow_partial(file: &File, path: &Path, replaces: &Access) -> io::Result<()> {
    system::narrow_partial(file, path, replaces)
}

// Sockets. None of them blocks: what can't be done at once fails with `WouldBlock`.

/// What a socket has to be ready for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ready {
    /// Reading, if only the end.
    Input,
    /// Writing; a new one has been connected, or can't be.
    Output,
    /// One of the two.
    Either,
}

/// Begins a connection. When the socket is ready for output, it has one or an error.
pub fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    system::connect(address)
}

/// Waits until one of the sockets is ready or has failed, at most for `time`. A signal ends it, too.
pub fn wait(sockets: &[TcpStream], ready: Ready, time: Duration) -> io::Result<()> {
    system::wait(sockets, ready, time)
}

/// Bytes to be sent, in order, once. Some of them the system can take from a file by itself.
pub trait Content: Read {
    /// Where what comes next stands, if it need not be looked at.
    fn stored(&self) -> Option<Stored<'_>> {
        None
    }

    /// Notes that the next `n` bytes were sent from where they stand.
    fn sent(&mut self, _: usize) -> io::Result<()> {
        Ok(())
    }
}

impl Content for &[u8] {}

/// A part of a file.
#[derive(Debug, Clone, Copy)]
pub struct Stored<'a> {
    /// The file.
    pub file: &'a File,
    /// Where the part begins.
    pub offset: u64,
    /// How many bytes it has.
    pub len: u64,
}

/// Sends some bytes of a file, none where it ends before. Fails with `Unsupported` where the system
/// can't do that with this file. Where the peer has gone, that is an error and no signal.
pub fn send_stored(socket: &TcpStream, stored: Stored) -> io::Result<usize> {
    system::send_stored(socket, stored)
}

// Threads and processes.

/// What a thread of a call gets, in bytes. Left unsaid, the standard library asks the environment.
const STACK: usize = 2 * 1024 * 1024;

/// Starts a thread of a call. The program's signal handlers never run on it.
pub fn start<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> io::Result<ScopedJoinHandle<'scope, T>> {
    let _signals = system::hold_signals();
    Builder::new().stack_size(STACK).spawn_scoped(scope, work)
}

/// Starts a thread that nobody waits for, otherwise like [`start`].
pub fn start_alone<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    // It may still be running when the program is done with the library.
    system::stay_loaded();
    let _signals = system::hold_signals();
    Builder::new().stack_size(STACK).spawn(work)
}

/// Puts off what would end the calling thread from outside, such as `pthread_cancel`: that can't
/// pass through Rust, and would end the process.
pub fn hold_cancellation() -> HeldCancellation {
    system::hold_cancellation()
}

/// A mark of this process, for [`is_elsewhere`].
pub fn mark_process() -> ForkMark {
    system::mark_process()
}

/// Whether this is another process than when it was asked last, or the mark was made: one that was
/// forked from it.
pub fn is_elsewhere(mark: &ForkMark) -> bool {
    system::is_elsewhere(mark)
}

// Time and chance.

/// UNIX seconds.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}

/// A number that nobody else has, in this process or another.
pub fn random() -> u64 {
    system::random()
}

/// A number below `bound` that differs from call to call. Not for secrets: it only keeps two
/// signatures of one second apart and spreads retries.
pub fn random_below(bound: u64) -> u64 {
    random() % bound
}
