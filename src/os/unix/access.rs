//! Who may do what with a file.

use std::ffi::CString;
use std::fs::{self, File, Metadata, Permissions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use super::own::{access_list, check_not_fixed};
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

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::access_list::tests::list;
    use super::*;

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
