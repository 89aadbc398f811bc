//! What there is where nothing is known but POSIX: also what macOS has no better way for.
#![cfg_attr(target_os = "macos", allow(dead_code))]

use std::fs::File;
use std::io;
use std::net::TcpStream;
use std::path::Path;
use std::ptr;

use crate::os::Stored;

/// Each system has lists of its own kind: none is handed on.
pub mod access_list {
    use std::fs::File;
    use std::io;
    use std::path::Path;

    pub const ACCESS: () = ();
    pub const DEFAULT: () = ();

    pub fn of(_: &Path, _: ()) -> Option<Vec<u8>> {
        None
    }

    pub fn set(_: &File, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    pub fn remove(_: &File) -> bool {
        true
    }

    pub fn without(mode: u32, _: &[u8]) -> u32 {
        mode & 0o700
    }
}

/// What keeps a file shows when it is replaced.
pub fn check_not_fixed(_: &Path, _: bool) -> io::Result<()> {
    Ok(())
}

pub fn reserve(_: &File, _: u64) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub fn rename_new(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

pub fn folding() -> Option<fn(&str) -> String> {
    None
}

pub fn sync_otherwise(_: &File, error: io::Error) -> io::Result<()> {
    Err(error)
}

pub fn send_stored(_: &TcpStream, _: Stored) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

pub const CANCELLATION_OFF: libc::c_int = 1;

pub fn page_wiped_on_fork(_: usize) -> Option<ptr::NonNull<libc::c_void>> {
    None
}

pub fn random() -> Option<u64> {
    None
}
