//! Who may do what with a file.

use std::ffi::CString;
use std::fs::{self, File, Metadata, Permissions};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::ptr;

use crate::os::parent;

/// Bits of a directory's mode: only owners may replace files in it; new files get its group.
const STICKY: u32 = 0o1000;
const SET_GROUP_ID: u32 = 0o2000;

pub fn check_replaceable(
    path: &Path,
    found: Option<&Metadata>,
    around: &Metadata,
    _: &dyn Fn() -> bool,
) -> io::Result<()> {
    let directory = parent(path);
    let name = CString::new(directory.as_os_str().as_bytes())?;
    let access = libc::W_OK | libc::X_OK;
    // SAFETY: the name is NUL-terminated and stays as it is during the call.
    if unsafe { libc::faccessat(libc::AT_FDCWD, name.as_ptr(), access, libc::AT_EACCESS) } != 0 {
        return Err(io::Error::last_os_error());
    }
    check_not_fixed(directory, false)?;
    let Some(found) = found else {
        return Ok(());
    };
    // SAFETY: the call always succeeds and touches no memory.
    let user = unsafe { libc::geteuid() };
    let is_sticky = around.mode() & STICKY != 0;
    if is_sticky && user != 0 && user != found.uid() && user != around.uid() {
        let problem =
            "it is somebody else's file, in a directory where only its owner may replace it";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, problem));
    }
    check_not_fixed(path, true)
}

/// Fails if a file or directory is kept as it is by other means than its mode: by an attribute, or,
/// if `mounts` count, because something is mounted there.
#[cfg(target_os = "linux")]
fn check_not_fixed(path: &Path, mounts: bool) -> io::Result<()> {
    let name = CString::new(path.as_os_str().as_bytes())?;
    let mut found = MaybeUninit::<libc::statx>::zeroed();
    let flags = libc::AT_SYMLINK_NOFOLLOW;
    // SAFETY: the name is NUL-terminated and there is place for the result, which is valid as zeros.
    // The system call has no wrapper in older C libraries; where it is missing, it only fails.
    let attributes = unsafe {
        let call = libc::SYS_statx;
        libc::syscall(call, libc::AT_FDCWD, name.as_ptr(), flags, 0u32, found.as_mut_ptr());
        found.assume_init().stx_attributes
    };
    let has = |attribute: libc::c_int| attributes & attribute as u64 != 0;
    let problem = if mounts && has(libc::STATX_ATTR_MOUNT_ROOT) {
        "something is mounted there"
    } else if has(libc::STATX_ATTR_IMMUTABLE) || has(libc::STATX_ATTR_APPEND) {
        "an attribute of the file or its directory forbids it"
    } else {
        return Ok(());
    };
    Err(io::Error::new(io::ErrorKind::PermissionDenied, problem))
}

#[cfg(not(target_os = "linux"))]
fn check_not_fixed(_: &Path, _: bool) -> io::Result<()> {
    Ok(())
}

/// Who may do what with a file: mode, owner, group, and the access list, if it has one.
#[derive(Debug, Clone)]
pub struct Access {
    mode: u32,
    uid: u32,
    gid: u32,
    list: Option<Vec<u8>>,
}

pub fn access_of(path: &Path, found: &Metadata) -> Access {
    Access {
        // The bits that let a program run as its owner are not handed on.
        mode: found.mode() & 0o777,
        uid: found.uid(),
        gid: found.gid(),
        list: access_list::of(path, access_list::ACCESS),
    }
}

/// The mode of a new file in `directory` that is to replace one with this access: never more
/// than that allows, whoever the new file belongs to.
pub fn mode_of_partial(replaces: &Access, directory: &Path) -> u32 {
    // SAFETY: the calls always succeed and touch no memory.
    let (user, group) = unsafe { (libc::geteuid(), libc::getegid()) };
    let hands_on_group =
        fs::metadata(directory).map_or(true, |found| found.mode() & SET_GROUP_ID != 0);
    let is_alike = replaces.list.is_none()
        && (replaces.uid, replaces.gid) == (user, group)
        && !hands_on_group
        && access_list::of(directory, access_list::DEFAULT).is_none();
    if is_alike { replaces.mode | 0o600 } else { 0o600 }
}

pub fn give_access(file: &File, access: &Access) -> io::Result<()> {
    let mut now = file.metadata()?;
    if (now.uid(), now.gid()) != (access.uid, access.gid) {
        let fd = file.as_raw_fd();
        // SAFETY: the descriptor is open for as long as `file` is borrowed, and the calls touch
        // no memory.
        let _ = unsafe {
            libc::fchown(fd, access.uid, access.gid) == 0
                || libc::fchown(fd, libc::uid_t::MAX, access.gid) == 0
        };
        now = file.metadata()?;
    }
    let keeps_group = now.gid() == access.gid;
    let mode = match &access.list {
        Some(list) if keeps_group && access_list::set(file, list).is_ok() => access.mode,
        Some(list) => access_list::without(access.mode, list),
        None => access.mode,
    };
    // One that the directory gave the new file is not one that the old file had. Where it can't
    // be taken away, a mode that gives its group nothing keeps it without effect.
    let has_other = access.list.is_none() || mode != access.mode;
    let mode = if has_other && !access_list::remove(file) { mode & 0o707 } else { mode };
    let mode = if keeps_group {
        mode
    } else {
        // Members of the old group are others, and others may be members of the new one.
        let (group, others) = (mode >> 3 & 7, mode & 7);
        mode & 0o700 | (group & others) << 3 | group & others
    };
    let now = file.metadata()?.mode() & 0o7777;
    if now == mode {
        return Ok(());
    }
    match file.set_permissions(Permissions::from_mode(mode)) {
        // Some file systems have one mode for all files. It must not be a wider one.
        Err(_) if now & !mode == 0 => Ok(()),
        result => result,
    }
}

pub fn narrow_partial(file: &File, path: &Path, replaces: &Access) -> io::Result<()> {
    let most = mode_of_partial(replaces, parent(path));
    let now = file.metadata()?.mode() & 0o7777;
    match now & !most {
        0 => Ok(()),
        _ => file.set_permissions(Permissions::from_mode(now & most | 0o600)),
    }
}

/// Access lists (POSIX.1e), as Linux keeps them: a version, then entries of a tag, permissions and
/// an id, all little-endian.
#[cfg(target_os = "linux")]
mod access_list {
    use super::*;
    use std::ffi::CStr;

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
}

#[cfg(not(target_os = "linux"))]
mod access_list {
    use super::*;

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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    /// Version 2: owner 6, user 1000 as given, owning group as given, mask as given, others as given.
    fn list(user: u16, group: u16, mask: u16, others: u16) -> Vec<u8> {
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
            assert_eq!(access_list::without(mode, &list), left, "{mode:o} {list:?}");
        }
    }

    #[test]
    fn an_access_list_goes_along_where_the_file_system_has_them() {
        let dir = tempfile::tempdir().unwrap();
        let (old, new) = (dir.path().join("old"), dir.path().join("new"));
        let (old_file, new_file) = (File::create(&old).unwrap(), File::create(&new).unwrap());
        let of = |path: &Path| access_of(path, &fs::symlink_metadata(path).unwrap());
        let has_lists = access_list::set(&old_file, &list(4, 0, 4, 0)).is_ok();
        let access = of(&old);
        assert_eq!(access.list.is_some(), has_lists);
        give_access(&new_file, &access).unwrap();
        let given = of(&new);
        assert_eq!((given.mode, &given.list), (access.mode, &access.list));
        // A list that came from the directory is not one that the old file had.
        assert!(access_list::remove(&old_file));
        let access = of(&old);
        give_access(&new_file, &access).unwrap();
        assert_eq!(of(&new).list, None);
    }
}
