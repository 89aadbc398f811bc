//! Names of files, and what looks like one and is none.

use std::ffi::OsStr;
use std::io;
use std::os::windows::ffi::OsStrExt;
use std::path::{self, Component, Path, Prefix};

/// `path` as the system's functions take it, with a NUL. It is absolute, so that it may be long.
pub fn wide(path: &Path) -> io::Result<Vec<u16>> {
    /// The system adds this much to the name of a directory before it looks whether that is too long.
    const MOST: usize = 260 - 12;
    let path = path::absolute(path)?;
    let mut wide: Vec<u16> = path.as_os_str().encode_wide().collect();
    if wide.contains(&0) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "the name has a NUL in it"));
    }
    if wide.len() >= MOST {
        match path.components().next() {
            Some(Component::Prefix(prefix)) if matches!(prefix.kind(), Prefix::UNC(..)) => {
                // \\server\share becomes \\?\UNC\server\share.
                wide.splice(..2, r"\\?\UNC\".encode_utf16());
            }
            Some(Component::Prefix(prefix)) if matches!(prefix.kind(), Prefix::Disk(_)) => {
                wide.splice(..0, r"\\?\".encode_utf16());
            }
            _ => {}
        }
    }
    wide.push(0);
    Ok(wide)
}

/// Fails if `path` is the name of something else than a file or directory, whatever is there. To
/// open it could already do something, or never end.
pub fn check_is_no_device(path: &Path) -> io::Result<()> {
    let is = |name: &OsStr, of: &str| name.eq_ignore_ascii_case(of);
    let is_device = match path::absolute(path)?.components().next() {
        Some(Component::Prefix(prefix)) => match prefix.kind() {
            Prefix::DeviceNS(name) | Prefix::Verbatim(name) => !leads_to_disk(name),
            Prefix::UNC(_, share) | Prefix::VerbatimUNC(_, share) => {
                is(share, "pipe") || is(share, "mailslot")
            }
            Prefix::Disk(_) | Prefix::VerbatimDisk(_) => false,
        },
        _ => false,
    };
    match is_device {
        true => Err(io::Error::other("it is a device or a pipe, not a file")),
        false => Ok(()),
    }
}

/// Whether a name behind `\\.\` or `\\?\` is that of a disk: `C:`, a volume, a shadow copy of one.
fn leads_to_disk(name: &OsStr) -> bool {
    let name = name.to_string_lossy().to_ascii_lowercase();
    matches!(name.as_bytes(), [b'a'..=b'z', b':'])
        || ["volume{", "harddiskvolume", "globalroot"].iter().any(|start| name.starts_with(start))
}

pub fn is_safe_name(segment: &str) -> bool {
    !matches!(segment, "" | "." | "..") && !segment.contains(['/', '\\', ':', '\0'])
}
