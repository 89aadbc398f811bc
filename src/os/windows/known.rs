//! What the system tells of an open file.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::mem::MaybeUninit;
use std::os::windows::fs::{MetadataExt, OpenOptionsExt};
use std::os::windows::io::AsRawHandle;
use std::path::Path;

use windows_sys::Win32::Storage::FileSystem::{
    BY_HANDLE_FILE_INFORMATION, FILE_BASIC_INFO, FILE_FLAG_BACKUP_SEMANTICS,
    FILE_FLAG_OPEN_REPARSE_POINT, FILE_ID_INFO, FILE_INFO_BY_HANDLE_CLASS,
    FILE_REMOTE_PROTOCOL_INFO, FileBasicInfo, FileIdInfo, FileRemoteProtocolInfo,
    GetFileInformationByHandle, GetFileInformationByHandleEx,
};

/// How long a file is, and when it and what belongs to it were changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The size of the file, in bytes.
    pub len: u64,
    written: u64,
    /// A program can put the time of writing back; few know this one.
    changed: i64,
}

pub fn stamp_of(file: &File, found: &Metadata) -> Stamp {
    let changed = basic_info(file).map_or(0, |basic| basic.ChangeTime);
    Stamp { len: found.len(), written: found.last_write_time(), changed }
}

/// Its times and attributes.
pub fn basic_info(file: &File) -> io::Result<FILE_BASIC_INFO> {
    // SAFETY: it is the structure of this class, and valid as zeros.
    unsafe { ask(file, FileBasicInfo) }
}

/// Whether a server keeps it, which has users of its own.
pub fn is_remote(file: &File) -> bool {
    // SAFETY: as above.
    unsafe { ask::<FILE_REMOTE_PROTOCOL_INFO>(file, FileRemoteProtocolInfo) }.is_ok()
}

/// How many names it has.
pub fn names(file: &File) -> io::Result<u32> {
    Ok(by_handle(file)?.nNumberOfLinks)
}

/// What tells a file from all others: its volume, and its number there.
#[derive(PartialEq, Eq)]
pub struct Identity(u64, u128);

/// Which file it is.
pub fn identity(file: &File) -> io::Result<Identity> {
    // SAFETY: as above.
    if let Ok(found) = unsafe { ask::<FILE_ID_INFO>(file, FileIdInfo) } {
        return Ok(Identity(
            found.VolumeSerialNumber,
            u128::from_le_bytes(found.FileId.Identifier),
        ));
    }
    // Not every file system has the long numbers.
    let found = by_handle(file)?;
    let number = u128::from(found.nFileIndexHigh) << 32 | u128::from(found.nFileIndexLow);
    Ok(Identity(found.dwVolumeSerialNumber.into(), number))
}

pub fn is_same_file(file: &File, path: &Path) -> io::Result<bool> {
    let flags = FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT;
    let named = OpenOptions::new().access_mode(0).custom_flags(flags).open(path);
    let opened = identity(file)?;
    Ok(named.and_then(|named| identity(&named)).is_ok_and(|named| named == opened))
}

/// # Safety
///
/// `T` is the structure of this class, and valid as zeros.
unsafe fn ask<T>(file: &File, class: FILE_INFO_BY_HANDLE_CLASS) -> io::Result<T> {
    let mut found = MaybeUninit::<T>::zeroed();
    let (place, len) = (found.as_mut_ptr().cast(), size_of::<T>() as u32);
    // SAFETY: the handle is open for as long as `file` is borrowed, there is place for the result,
    // and whoever calls has promised the rest.
    unsafe {
        match GetFileInformationByHandleEx(file.as_raw_handle(), class, place, len) {
            0 => Err(io::Error::last_os_error()),
            _ => Ok(found.assume_init()),
        }
    }
}

fn by_handle(file: &File) -> io::Result<BY_HANDLE_FILE_INFORMATION> {
    let mut found = MaybeUninit::zeroed();
    // SAFETY: the handle is open for as long as `file` is borrowed, and there is place for the
    // result, which is read only if it was written.
    unsafe {
        match GetFileInformationByHandle(file.as_raw_handle(), found.as_mut_ptr()) {
            0 => Err(io::Error::last_os_error()),
            _ => Ok(found.assume_init()),
        }
    }
}
