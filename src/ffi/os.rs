//! What the standard library does not offer of the operating system.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

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
