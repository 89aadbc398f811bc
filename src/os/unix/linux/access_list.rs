//! Access lists (POSIX.1e), as Linux keeps them: a version, then entries of a tag, permissions and
//! an id, all little-endian.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;

pub const ACCESS: &CStr = c"system.posix_acl_access";
pub const DEFAULT: &CStr = c"system.posix_acl_default";

/// The list of the file at `path`; `None` where it has none.
pub fn of(path: &Path, kind: &CStr) -> Option<Vec<u8>> {
    /// What Linux keeps at the most in one attribute.
    const LARGEST: usize = 64 * 1024;
    let name = CString::new(path.as_os_str().as_bytes()).ok()?;
    let mut list = vec![0u8; 1024];
    loop {
        let (place, len) = (list.as_mut_ptr().cast(), list.len());
        // SAFETY: both names are NUL-terminated, and `place` has room for `len` bytes.
        let found = unsafe { libc::lgetxattr(name.as_ptr(), kind.as_ptr(), place, len) };
        match usize::try_from(found) {
            Ok(len) => {
                list.truncate(len);
                return Some(list);
            }
            Err(_) if list.len() < LARGEST => {
                let error = io::Error::last_os_error().raw_os_error();
                if error != Some(libc::ERANGE) {
                    return None;
                }
                list = vec![0; LARGEST];
            }
            Err(_) => return None,
        }
    }
}

/// Gives a file a list.
pub fn set(file: &File, list: &[u8]) -> io::Result<()> {
    let (fd, name) = (file.as_raw_fd(), ACCESS.as_ptr());
    // SAFETY: the descriptor is open for as long as `file` is borrowed, the name is
    // NUL-terminated, and the list has the length that is given.
    match unsafe { libc::fsetxattr(fd, name, list.as_ptr().cast(), list.len(), 0) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Takes a file's list away; tells whether it has none then.
pub fn remove(file: &File) -> bool {
    let (fd, name) = (file.as_raw_fd(), ACCESS.as_ptr());
    // SAFETY: the descriptor is open for as long as `file` is borrowed, the name is
    // NUL-terminated, and no place is given, so none is written to.
    unsafe {
        libc::fremovexattr(fd, name) == 0 || libc::fgetxattr(fd, name, ptr::null_mut(), 0) < 0
    }
}

/// The mode that gives nobody more than `mode` did together with `list`. Its group digit was
/// the mask of the list.
pub fn without(mode: u32, list: &[u8]) -> u32 {
    const NAMED: [u16; 2] = [0x02, 0x08];
    const OWNING_GROUP: u16 = 0x04;
    let (mut group, mut named) = (0, 7);
    for entry in list.get(4..).unwrap_or_default().chunks_exact(8) {
        let tag = u16::from_le_bytes([entry[0], entry[1]]);
        let may = u32::from(u16::from_le_bytes([entry[2], entry[3]])) & 7;
        if tag == OWNING_GROUP {
            group = may;
        } else if NAMED.contains(&tag) {
            // Whoever is named may be allowed less than the group or others are.
            named &= may;
        }
    }
    let (mask, others) = (mode >> 3 & 7, mode & 7);
    mode & 0o700 | (group & mask & named) << 3 | others & named
}

#[cfg(test)]
pub mod tests {
    /// Version 2: owner 6, user 1000 as given, owning group as given, mask as given, others as given.
    pub fn list(user: u16, group: u16, mask: u16, others: u16) -> Vec<u8> {
        let entries = [(1, 6), (2, user), (4, group), (0x10, mask), (0x20, others)];
        let entry = |(tag, may): (u16, u16)| {
            let id = if tag == 2 { 1000 } else { u32::MAX };
            [&tag.to_le_bytes()[..], &may.to_le_bytes(), &id.to_le_bytes()].concat()
        };
        2u32.to_le_bytes().into_iter().chain(entries.into_iter().flat_map(entry)).collect()
    }

    #[test]
    fn what_an_access_list_gave_to_one_is_given_to_nobody_else() {
        for (mode, list, left) in [
            (0o640, list(4, 0, 4, 0), 0o600),
            (0o664, list(6, 4, 6, 4), 0o644),
            (0o644, list(0, 4, 4, 4), 0o600),
            (0o644, list(4, 4, 4, 4), 0o644),
            (0o640, Vec::new(), 0o600),
        ] {
            assert_eq!(super::without(mode, &list), left, "{mode:o} {list:?}");
        }
    }
}
