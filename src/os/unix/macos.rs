//! What macOS has besides POSIX. Not tried on one: only its types are checked.
//!
//! Connections raise no SIGPIPE, because `socket2` sets SO_NOSIGPIPE, and the standard library flushes
//! files by F_FULLFSYNC.

use std::ffi::CString;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::macos::fs::MetadataExt as _;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::os::parent;

pub use super::portable::{access_list, page_wiped_on_fork, send_stored};

pub fn check_not_fixed(path: &Path, mounts: bool) -> io::Result<()> {
    const FIXED: u32 = libc::UF_IMMUTABLE | libc::UF_APPEND | libc::SF_IMMUTABLE | libc::SF_APPEND;
    let found = fs::symlink_metadata(path)?;
    let problem = if found.st_flags() & FIXED != 0 {
        "an attribute of the file or its directory forbids it"
    } else if mounts && found.dev() != fs::metadata(parent(path))?.dev() {
        "something is mounted there"
    } else {
        return Ok(());
    };
    Err(io::Error::new(io::ErrorKind::PermissionDenied, problem))
}

pub fn reserve(file: &File, len: u64) -> io::Result<()> {
    /// What `st_blocks` counts.
    const BLOCK: u64 = 512;
    let missing = len.saturating_sub(file.metadata()?.blocks().saturating_mul(BLOCK));
    let (1.., Ok(size)) = (missing, libc::off_t::try_from(missing)) else {
        return Ok(());
    };
    let mut asked = libc::fstore_t {
        fst_flags: libc::F_ALLOCATEALL,
        // Behind what the file has; its length stays.
        fst_posmode: libc::F_PEOFPOSMODE,
        fst_offset: 0,
        fst_length: size,
        fst_bytesalloc: 0,
    };
    // SAFETY: the descriptor is open for as long as `file` is borrowed, and the structure is the one
    // that this command reads and writes.
    if unsafe { libc::fcntl(file.as_raw_fd(), libc::F_PREALLOCATE, &raw mut asked) } != -1 {
        return Ok(());
    }
    Err(last_error())
}

pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    let old = CString::new(from.as_os_str().as_bytes())?;
    let new = CString::new(to.as_os_str().as_bytes())?;
    // SAFETY: both are NUL-terminated and stay as they are during the call.
    if unsafe { libc::renamex_np(old.as_ptr(), new.as_ptr(), libc::RENAME_EXCL) } == 0 {
        return Ok(());
    }
    Err(last_error())
}

/// Most volumes take names for the same that differ by case.
pub fn folding() -> Option<fn(&str) -> String> {
    Some(str::to_lowercase)
}

/// Some file systems, such as those of other machines, know only fsync().
pub fn sync_otherwise(file: &File, _: io::Error) -> io::Result<()> {
    // SAFETY: the descriptor is open for as long as `file` is borrowed, and the call touches no memory.
    if unsafe { libc::fsync(file.as_raw_fd()) } == 0 { Ok(()) } else { Err(last_error()) }
}

/// Why the last call failed, which is `Unsupported` where the file system does not know it.
fn last_error() -> io::Error {
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::ENOTSUP | libc::EOPNOTSUPP | libc::EINVAL) => io::ErrorKind::Unsupported.into(),
        _ => error,
    }
}

pub const CANCELLATION_OFF: libc::c_int = 0;

pub fn random() -> Option<u64> {
    let mut number = [0; 8];
    // SAFETY: it writes so many bytes to where they belong.
    let failed = unsafe { libc::getentropy(number.as_mut_ptr().cast(), number.len()) };
    (failed == 0).then(|| u64::from_ne_bytes(number))
}
