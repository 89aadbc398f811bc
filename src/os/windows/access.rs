//! Who may do what with a file: its access list, and attributes.

use std::ffi::c_void;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::{MetadataExt, OpenOptionsExt};
use std::os::windows::io::AsRawHandle;
use std::path::Path;
use std::ptr;

use windows_sys::Win32::Foundation::{ERROR_INSUFFICIENT_BUFFER, HANDLE};
use windows_sys::Win32::Security::{
    DACL_SECURITY_INFORMATION, EqualSid, GetFileSecurityW, GetKernelObjectSecurity,
    GetTokenInformation, INHERITED_ACE, IsWellKnownSid, OWNER_SECURITY_INFORMATION, PSID,
    SE_DACL_AUTO_INHERIT_REQ, SE_DACL_AUTO_INHERITED, SE_DACL_PRESENT, SE_DACL_PROTECTED,
    SetKernelObjectSecurity, TOKEN_INFORMATION_CLASS, TokenOwner, TokenUser, WinWorldSid,
};
use windows_sys::Win32::Storage::FileSystem::{
    DELETE, FILE_ADD_FILE, FILE_ATTRIBUTE_HIDDEN, FILE_ATTRIBUTE_NOT_CONTENT_INDEXED,
    FILE_ATTRIBUTE_READONLY, FILE_ATTRIBUTE_SYSTEM, FILE_BASIC_INFO, FILE_FLAG_BACKUP_SEMANTICS,
    FILE_FLAG_OPEN_REPARSE_POINT, FileBasicInfo, SetFileInformationByHandle,
};

use super::files::patiently;
use super::known::{basic_info, is_remote, names};
use super::names::wide;
use crate::os::parent;

pub fn check_replaceable(
    path: &Path,
    found: Option<&Metadata>,
    _: &Metadata,
    go_on: &dyn Fn() -> bool,
) -> io::Result<()> {
    // Who makes the directory has it for itself until it is made.
    patiently(go_on, || open(parent(path), FILE_ADD_FILE, 0))?;
    let Some(found) = found else {
        return Ok(());
    };
    if found.file_attributes() & FILE_ATTRIBUTE_READONLY != 0 {
        let problem = "it is read-only; take that attribute away from it first";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, problem));
    }
    match patiently(go_on, || check_deletable(path)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Fails if this process may not delete what is at `path`, or another program does not let it.
pub fn check_deletable(path: &Path) -> io::Result<()> {
    open(path, DELETE, FILE_FLAG_OPEN_REPARSE_POINT).map(|_| ())
}

fn open(path: &Path, access: u32, flags: u32) -> io::Result<File> {
    let flags = flags | FILE_FLAG_BACKUP_SEMANTICS;
    OpenOptions::new().access_mode(access).custom_flags(flags).open(path)
}

/// Who may do what with a file. Its owner is not kept: lists name whom they are about.
#[derive(Debug, Clone)]
pub struct Access {
    /// `None` where the file system has no lists.
    list: Option<Descriptor>,
    /// Those that have to do with who is shown it.
    attributes: u32,
}

impl Access {
    /// What a partial file is made with. Nothing is added to it that the directory hands on.
    pub fn descriptor_of_partial(&self) -> Option<Vec<u32>> {
        self.list.as_ref().map(|list| list.protected().0)
    }
}

pub fn access_of(path: &Path, found: &Metadata) -> Access {
    const KEPT: u32 =
        FILE_ATTRIBUTE_HIDDEN | FILE_ATTRIBUTE_SYSTEM | FILE_ATTRIBUTE_NOT_CONTENT_INDEXED;
    let list = Descriptor::of_path(path).unwrap_or_else(|_| Descriptor::of_owner_alone());
    let list = Some(list).filter(|list| list.entries().is_some());
    Access { list, attributes: found.file_attributes() & KEPT }
}

pub fn give_access(file: &File, access: &Access) -> io::Result<()> {
    let now = basic_info(file)?.FileAttributes;
    if now & access.attributes != access.attributes {
        // Zeros leave the times as they are.
        let all = FILE_BASIC_INFO {
            FileAttributes: now | access.attributes,
            ..FILE_BASIC_INFO::default()
        };
        let (handle, len) = (file.as_raw_handle(), size_of_val(&all) as u32);
        // SAFETY: the handle is open for as long as `file` is borrowed, and the attributes are read
        // during the call alone. Nobody gets a right by them: what fails does no harm.
        unsafe { SetFileInformationByHandle(handle, FileBasicInfo, (&raw const all).cast(), len) };
    }
    access.list.as_ref().map_or(Ok(()), |list| list.give(file))
}

pub fn narrow_partial(file: &File, _: &Path, replaces: &Access) -> io::Result<()> {
    match &replaces.list {
        Some(list) if Descriptor::of(file)?.entries() != list.entries() => {
            list.protected().give(file)
        }
        _ => Ok(()),
    }
}

/// A security descriptor in one piece, aligned as the system wants it.
#[derive(Debug, Clone)]
struct Descriptor(Vec<u32>);

impl Descriptor {
    fn of_path(path: &Path) -> io::Result<Descriptor> {
        let path = wide(path)?;
        let wanted = DACL_SECURITY_INFORMATION;
        Descriptor::read(|place, len, needed| {
            // SAFETY: the path is NUL-terminated, and there is place for as much as is said.
            unsafe { GetFileSecurityW(path.as_ptr(), wanted, place, len, needed) }
        })
    }

    fn of(file: &File) -> io::Result<Descriptor> {
        Descriptor::part_of(file, DACL_SECURITY_INFORMATION)
    }

    fn part_of(file: &File, wanted: u32) -> io::Result<Descriptor> {
        let handle = file.as_raw_handle();
        Descriptor::read(|place, len, needed| {
            // SAFETY: the handle is open for as long as `file` is borrowed, and there is place for as
            // much as is said.
            unsafe { GetKernelObjectSecurity(handle, wanted, place, len, needed) }
        })
    }

    fn read(ask: impl Fn(*mut c_void, u32, &mut u32) -> i32) -> io::Result<Descriptor> {
        read_words(ask).map(Descriptor)
    }

    /// One that lets the owner of a file do everything, and nobody else anything.
    fn of_owner_alone() -> Descriptor {
        const SELF_RELATIVE: u32 = 0x8000;
        let control = SELF_RELATIVE | u32::from(SE_DACL_PRESENT | SE_DACL_PROTECTED);
        const ALL: u32 = 0x001f_01ff;
        Descriptor(vec![
            // Version 1; no owner, group and audit; a list behind these 20 bytes.
            1 | control << 16,
            0,
            0,
            0,
            20,
            // Version 2, 28 bytes, one entry.
            2 | 28 << 16,
            1,
            // "Allowed", 20 bytes, for S-1-3-4, the owner.
            20 << 16,
            ALL,
            0x0101,
            0x0300_0000,
            4,
        ])
    }

    fn control(&self) -> u16 {
        (self.0.first().copied().unwrap_or_default() >> 16) as u16
    }

    /// The same, to which a directory adds nothing.
    fn protected(&self) -> Descriptor {
        let mut words = self.0.clone();
        if let Some(first) = words.first_mut() {
            *first |= u32::from(SE_DACL_PROTECTED) << 16;
        }
        Descriptor(words)
    }

    /// The entries of the list, whether they were inherited or not; `None` where there is no list.
    fn entries(&self) -> Option<Vec<u8>> {
        let bytes: Vec<u8> = self.0.iter().flat_map(|word| word.to_le_bytes()).collect();
        let start = *self.0.get(4)? as usize;
        if self.control() & SE_DACL_PRESENT == 0 || start == 0 {
            return None;
        }
        let number = |at: usize| Some(u16::from_le_bytes([*bytes.get(at)?, *bytes.get(at + 1)?]));
        let count = number(start + 4)?;
        let (mut all, mut at) = (Vec::new(), start + 8);
        for _ in 0..count {
            let len = usize::from(number(at + 2)?);
            let entry = bytes.get(at..at + len)?;
            all.extend([*entry.first()?, entry.get(1)? & !(INHERITED_ACE as u8)]);
            all.extend(&entry[2..]);
            at += len;
        }
        Some(all)
    }

    /// Gives a file this list.
    fn give(&self, file: &File) -> io::Result<()> {
        let now = Descriptor::of(file)?;
        let is_alike = now.entries() == self.entries();
        let differs = (now.control() ^ self.control()) & SE_DACL_PROTECTED != 0;
        if is_alike && !differs {
            return Ok(());
        }
        let mut words = self.0.clone();
        if self.control() & SE_DACL_AUTO_INHERITED != 0 {
            // Without it, the system forgets which entries were inherited.
            words[0] |= u32::from(SE_DACL_AUTO_INHERIT_REQ) << 16;
        }
        let (handle, place) = (file.as_raw_handle(), words.as_mut_ptr().cast());
        // SAFETY: the handle is open for as long as `file` is borrowed, and the descriptor is a whole
        // one, which the system gave.
        match unsafe { SetKernelObjectSecurity(handle, DACL_SECURITY_INFORMATION, place) } {
            // Not everybody may change lists, on a server for example. It must not be a wider one.
            0 if is_alike => Ok(()),
            0 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    }
}

/// Reads what tells how much place it needs.
fn read_words(ask: impl Fn(*mut c_void, u32, &mut u32) -> i32) -> io::Result<Vec<u32>> {
    const ATTEMPTS: usize = 8;
    let mut words = vec![0u32; 128];
    for _ in 0..ATTEMPTS {
        let mut needed = 0;
        let len = size_of_val(&*words) as u32;
        if ask(words.as_mut_ptr().cast(), len, &mut needed) != 0 {
            return Ok(words);
        }
        let error = io::Error::last_os_error();
        if error.raw_os_error() != Some(ERROR_INSUFFICIENT_BUFFER.cast_signed()) {
            return Err(error);
        }
        words = vec![0; (needed as usize).div_ceil(4).max(words.len())];
    }
    Err(io::ErrorKind::OutOfMemory.into())
}

pub fn is_own(file: &File) -> io::Result<bool> {
    let found = file.metadata()?;
    Ok(found.is_file() && names(file)? == 1 && has_our_owner(file)?)
}

/// Whether a file belongs to the user for whom this thread acts, as far as users of this machine can
/// own it.
fn has_our_owner(file: &File) -> io::Result<bool> {
    if is_remote(file) {
        return Ok(true);
    }
    let mut owner = Descriptor::part_of(file, OWNER_SECURITY_INFORMATION)?.0;
    let start = owner.get(1).map_or(0, |start| *start as usize / 4);
    if start == 0 || start >= owner.len() {
        return Ok(true);
    }
    let owner: PSID = owner[start..].as_mut_ptr().cast();
    // SAFETY: the system has written the owner there, and it stays until the end of this function.
    if unsafe { IsWellKnownSid(owner, WinWorldSid) } != 0 {
        // So says a file system without owners.
        return Ok(true);
    }
    // A user who administers may have new files belong to the administrators.
    Ok(is_ours(owner, TokenUser)? || is_ours(owner, TokenOwner)?)
}

fn is_ours(owner: PSID, which: TOKEN_INFORMATION_CLASS) -> io::Result<bool> {
    /// Stands for the token of this thread, or else that of the process.
    const EFFECTIVE: HANDLE = ptr::without_provenance_mut(-6isize as usize);
    let found = read_words(|place, len, needed| {
        // SAFETY: there is place for as much as is said.
        unsafe { GetTokenInformation(EFFECTIVE, which, place, len, needed) }
    })?;
    // SAFETY: what was asked for begins with a pointer to a user, which stands behind it.
    Ok(unsafe { EqualSid(owner, found.as_ptr().cast::<PSID>().read_unaligned()) } != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::windows::files::{open_partial, try_lock};
    use std::fs;

    fn access(path: &Path) -> Access {
        access_of(path, &fs::symlink_metadata(path).unwrap())
    }

    fn entries(path: &Path) -> Option<Vec<u8>> {
        Descriptor::of_path(path).unwrap().entries()
    }

    #[test]
    fn the_list_of_the_old_file_goes_along() {
        let dir = tempfile::tempdir().unwrap();
        let (old, partial) = (dir.path().join("old"), dir.path().join("partial"));
        let (file, _) = open_partial(&old, None).unwrap();
        let usual = Descriptor::of(&file).unwrap();
        Descriptor::of_owner_alone().give(&file).unwrap();
        drop(file);
        let wanted = access(&old);
        assert!(wanted.list.is_some());
        // A partial file is as narrow from the beginning, or when it is continued.
        for was_there in [false, true] {
            if was_there {
                fs::write(&partial, "").unwrap();
                assert_ne!(entries(&partial), entries(&old));
            }
            let (file, is_new) = open_partial(&partial, Some(&wanted)).unwrap();
            assert_eq!(is_new, !was_there);
            narrow_partial(&file, &partial, &wanted).unwrap();
            assert_eq!(entries(&partial), entries(&old));
            give_access(&file, &wanted).unwrap();
            assert_eq!(entries(&partial), entries(&old));
            assert!(is_own(&file).unwrap());
            usual.give(&file).unwrap();
            assert_eq!(Descriptor::of(&file).unwrap().entries(), usual.entries());
            drop(file);
            fs::remove_file(&partial).unwrap();
        }
    }

    #[test]
    fn what_others_could_have_put_there_is_not_our_own() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        let (file, _) = open_partial(&path, None).unwrap();
        assert!(is_own(&file).unwrap());
        try_lock(&file).unwrap();
        fs::hard_link(&path, dir.path().join("other")).unwrap();
        assert!(!is_own(&file).unwrap());
    }

    #[test]
    fn a_read_only_file_is_not_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        fs::write(&path, "").unwrap();
        let around = fs::metadata(dir.path()).unwrap();
        let check = || {
            let found = fs::symlink_metadata(&path).ok();
            check_replaceable(&path, found.as_ref(), &around, &|| false)
        };
        check().unwrap();
        let mut permissions = fs::metadata(&path).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&path, permissions.clone()).unwrap();
        assert!(check().unwrap_err().to_string().contains("read-only"));
        #[expect(clippy::permissions_set_readonly_false, reason = "it is about Windows")]
        permissions.set_readonly(false);
        fs::set_permissions(&path, permissions).unwrap();
        fs::remove_file(&path).unwrap();
        check().unwrap();
    }
}
