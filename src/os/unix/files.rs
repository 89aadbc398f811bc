//! Files and their names.

use std::ffi::CString;
use std::fs::{self, File, Metadata, OpenOptions, Permissions, TryLockError};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{self, Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::access::{Access, mode_of_partial};
use super::own;
use crate::os::{leads_elsewhere, parent};

#[cfg(test)]
pub use std::os::unix::fs::symlink;

pub fn open_source(path: &Path, go_on: &dyn Fn() -> bool) -> io::Result<File> {
    let regular = |found: Metadata| {
        if found.is_file() {
            Ok(())
        } else if found.is_dir() {
            Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory, not a file"))
        } else {
            Err(io::Error::other("it is not a regular file"))
        }
    };
    // Opening a device may do something already.
    regular(fs::metadata(path)?)?;
    let open = || OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path);
    let file = after_lease(go_on, open)?;
    regular(file.metadata()?)?;
    Ok(file)
}

/// Repeats an `open` that does not block while another program holds a lease on the file: the
/// system has asked that program to give it up, and takes it away after some time.
fn after_lease(go_on: &dyn Fn() -> bool, open: impl Fn() -> io::Result<File>) -> io::Result<File> {
    /// The system takes a lease away after 45 s, unless it is configured otherwise.
    const LONGEST: Duration = Duration::from_secs(60);
    let due = Instant::now() + LONGEST;
    loop {
        match open() {
            Err(error)
                if error.kind() == io::ErrorKind::WouldBlock && Instant::now() < due && go_on() =>
            {
                thread::sleep(Duration::from_millis(10));
            }
            result => return result,
        }
    }
}

/// An open directory.
pub struct Directory(File);

pub fn open_directory(path: &Path) -> io::Result<Directory> {
    File::open(path).map(Directory)
}

pub fn open_below(directory: &Directory, name: &str, go_on: &dyn Fn() -> bool) -> io::Result<File> {
    let (folders, file) = name.rsplit_once('/').unwrap_or(("", name));
    let mut parent = None;
    for folder in folders.split_terminator('/') {
        let at = parent.as_ref().unwrap_or(&directory.0);
        parent = Some(open_in(at, folder, libc::O_DIRECTORY)?);
    }
    let parent = parent.as_ref().unwrap_or(&directory.0);
    after_lease(go_on, || open_in(parent, file, libc::O_NONBLOCK))
}

fn open_in(directory: &File, segment: &str, flags: libc::c_int) -> io::Result<File> {
    let segment = CString::new(segment)?;
    let flags = flags | libc::O_RDONLY | libc::O_NOFOLLOW | libc::O_CLOEXEC | libc::O_NOCTTY;
    // SAFETY: the descriptor is open for as long as `directory` is borrowed, and the name is
    // NUL-terminated.
    let fd = unsafe { libc::openat(directory.as_raw_fd(), segment.as_ptr(), flags) };
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        // SAFETY: it was opened just now, and nobody else knows it.
        _ if fd >= 0 => Ok(unsafe { File::from_raw_fd(fd) }),
        Some(libc::ELOOP) => Err(io::Error::other("a symbolic link; links are not followed")),
        _ => Err(error),
    }
}

pub fn open_partial(path: &Path, replaces: Option<&Access>) -> io::Result<(File, bool)> {
    let mode = replaces.map_or(0o666, |access| mode_of_partial(access, parent(path)));
    let mut options = OpenOptions::new();
    // Whoever can write to the directory could have put a link, or a pipe, here.
    options.read(true).write(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    match options.clone().create_new(true).mode(mode).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        result => return Ok((result?, true)),
    }
    let opened = match options.open(path) {
        // It may have got the mode of a read-only file it was about to replace.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let file = options.clone().write(false).open(path)?;
            if !is_own(&file)? {
                return Err(error);
            }
            file.set_permissions(Permissions::from_mode(0o600))?;
            options.open(path)
        }
        result => result,
    };
    Ok((opened?, false))
}

pub fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    file.read_at(buf, offset)
}

pub fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    check_size_limit(offset + bytes.len() as u64)?;
    file.write_all_at(bytes, offset)
}

/// Fails if this process may not write a file of `len` bytes. Trying it would raise SIGXFSZ.
fn check_size_limit(len: u64) -> io::Result<()> {
    let mut limit = MaybeUninit::<libc::rlimit>::uninit();
    // SAFETY: there is place for the limit, which is read only if it was written.
    let most = unsafe {
        match libc::getrlimit(libc::RLIMIT_FSIZE, limit.as_mut_ptr()) {
            0 => limit.assume_init().rlim_cur,
            _ => libc::RLIM_INFINITY,
        }
    };
    // The limit may have 32 bits, or a sign.
    if most == libc::RLIM_INFINITY || u128::from(len) <= most as u128 {
        return Ok(());
    }
    let problem = format!("this process may not write files of more than {most} bytes");
    Err(io::Error::new(io::ErrorKind::FileTooLarge, problem))
}

pub fn preallocate(file: &File, len: u64) -> io::Result<()> {
    check_size_limit(len)?;
    match own::reserve(file, len) {
        Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(()),
        result => result,
    }
}

pub fn sync_data(file: &File) -> io::Result<()> {
    file.sync_data().or_else(|error| own::sync_otherwise(file, error))
}

pub fn sync_all(file: &File) -> io::Result<()> {
    file.sync_all().or_else(|error| own::sync_otherwise(file, error))
}

/// Files need no sign that they may have holes.
pub fn has_no_holes(_: &File) {}

pub fn try_lock(file: &File) -> Result<(), TryLockError> {
    file.try_lock()
}

pub fn unlock(file: &File) -> io::Result<()> {
    file.unlock()
}

/// A file that is open can be replaced like any other.
pub fn replace(from: &Path, to: &Path, _: &dyn Fn() -> bool) -> io::Result<()> {
    fs::rename(from, to)
}

pub fn is_in_use(_: &io::Error) -> bool {
    false
}

pub fn sync_directory(path: &Path) -> io::Result<()> {
    sync_all(&File::open(path)?)
}

pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    match own::rename_new(from, to) {
        Err(error) if error.kind() == io::ErrorKind::Unsupported => {}
        result => return result,
    }
    match fs::symlink_metadata(to) {
        Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(from, to),
    }
}

/// Its time of modification can be put back, that of the last change of any kind (`ctime`) can't.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The size of the file, in bytes.
    pub len: u64,
    mtime: (i64, i64),
    ctime: (i64, i64),
}

pub fn stamp_of(_: &File, found: &Metadata) -> Stamp {
    Stamp {
        len: found.len(),
        mtime: (found.mtime(), found.mtime_nsec()),
        ctime: (found.ctime(), found.ctime_nsec()),
    }
}

pub fn is_same_file(file: &File, path: &Path) -> io::Result<bool> {
    let opened = file.metadata()?;
    let named = fs::symlink_metadata(path);
    Ok(named.is_ok_and(|named| (named.dev(), named.ino()) == (opened.dev(), opened.ino())))
}

pub fn is_own(file: &File) -> io::Result<bool> {
    let found = file.metadata()?;
    // SAFETY: the call always succeeds and touches no memory.
    let user = unsafe { libc::geteuid() };
    Ok(found.is_file() && found.nlink() == 1 && found.uid() == user)
}

pub fn settled(path: &Path) -> PathBuf {
    if path.is_absolute() {
        return path.to_owned();
    }
    let directory = |path: &Path| {
        let found = fs::metadata(parent(path)).ok()?;
        Some((found.dev(), found.ino()))
    };
    match path::absolute(path) {
        Ok(settled) if directory(&settled) == directory(path) => settled,
        _ => path.to_owned(),
    }
}

/// Every name can be that of a file.
pub fn check_names_a_file(_: &Path) -> io::Result<()> {
    Ok(())
}

pub fn why_no_name(segment: &str) -> Option<&'static str> {
    let is_unsafe = segment.is_empty() || leads_elsewhere(segment);
    is_unsafe.then_some("has a name that leads elsewhere")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_not_safe() {
        for bad in ["", ".", "..", "a/b", "../x", "/etc", "a\0b"] {
            assert!(why_no_name(bad).is_some(), "{bad:?}");
        }
        for good in ["a", "...", "..a", " ", "中文"] {
            assert_eq!(why_no_name(good), None, "{good:?}");
        }
    }
}
