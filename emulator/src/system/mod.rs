//! What differs between operating systems: a file for each.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

use std::{fs::File, io, path::Path};

/// Writes all of `bytes` from `offset` on, whatever other threads write to the same file.
pub(crate) fn write_all_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    system::write_all_at(file, bytes, offset)
}

/// Makes new names in a directory survive a power failure.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    system::sync_directory(path)
}

/// What is over when the program is asked to end: by Ctrl-C, or what else the system has for that. It
/// counts from now on. To be called inside of a runtime.
pub fn asked_to_end() -> io::Result<impl Future<Output = ()>> {
    system::asked_to_end()
}
