//! Who may do what with a file.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::windows::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use windows_sys::Win32::Storage::FileSystem::{
    DELETE, FILE_ADD_FILE, FILE_ATTRIBUTE_READONLY, FILE_FLAG_BACKUP_SEMANTICS,
    FILE_FLAG_OPEN_REPARSE_POINT,
};

use crate::os::parent;

pub fn check_replaceable(path: &Path, found: Option<&Metadata>, _: &Metadata) -> io::Result<()> {
    let open = |path: &Path, access, flags| {
        OpenOptions::new()
            .access_mode(access)
            .custom_flags(flags | FILE_FLAG_BACKUP_SEMANTICS)
            .open(path)
    };
    open(parent(path), FILE_ADD_FILE, 0)?;
    let Some(found) = found else {
        return Ok(());
    };
    match open(path, DELETE, FILE_FLAG_OPEN_REPARSE_POINT) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    if found.file_attributes() & FILE_ATTRIBUTE_READONLY != 0 {
        let problem = "it is read-only";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, problem));
    }
    Ok(())
}

/// Who may do what with a file.
#[derive(Debug, Clone)]
pub struct Access;

pub fn access_of(_: &Path, _: &Metadata) -> Access {
    Access
}

pub fn give_access(_: &File, _: &Access) -> io::Result<()> {
    Ok(())
}

pub fn narrow_partial(_: &File, _: &Path, _: &Access) -> io::Result<()> {
    Ok(())
}

pub fn is_own(file: &File) -> io::Result<bool> {
    Ok(file.metadata()?.is_file())
}
