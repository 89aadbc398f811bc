//! What the standard library does not offer of the operating system.

use std::ffi::CString;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Reserves `len` bytes of disk for a file, so that a full disk is noticed before the work is done.
/// Where the file system can't, the file only gets its length.
pub fn preallocate(file: &File, len: u64) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    if let (1.., Ok(size)) = (len, libc::off_t::try_from(len)) {
        // SAFETY: the descriptor is open for as long as `file` is borrowed, and the call touches
        // no memory.
        let result = unsafe { libc::fallocate(file.as_raw_fd(), 0, 0, size) };
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            _ if result == 0 => return Ok(()),
            Some(libc::EOPNOTSUPP | libc::ENOSYS | libc::EINTR) => {}
            _ => return Err(error),
        }
    }
    file.set_len(len)
}

/// Renames a file unless something has the new name: then it fails with `AlreadyExists`. Where the
/// file system can't do that in one step, what gets the name in between is replaced.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        let here = libc::AT_FDCWD;
        let old = CString::new(from.as_os_str().as_bytes())?;
        let new = CString::new(to.as_os_str().as_bytes())?;
        let flags = libc::RENAME_NOREPLACE;
        // SAFETY: both are NUL-terminated and stay as they are during the call.
        let result = unsafe { libc::renameat2(here, old.as_ptr(), here, new.as_ptr(), flags) };
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            _ if result == 0 => return Ok(()),
            Some(libc::EINVAL | libc::ENOSYS) => {}
            _ => return Err(error),
        }
    }
    match fs::symlink_metadata(to) {
        Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(from, to),
    }
}
