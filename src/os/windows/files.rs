//! Files and their names.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io;
use std::mem::MaybeUninit;
use std::os::windows::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::os::windows::io::{AsRawHandle, FromRawHandle};
use std::path::{self, Path, PathBuf};
use std::ptr;
use std::thread;
use std::time::{Duration, Instant};

use windows_sys::Wdk::Foundation::OBJECT_ATTRIBUTES;
use windows_sys::Wdk::Storage::FileSystem::{
    FILE_DIRECTORY_FILE, FILE_OPEN, FILE_OPEN_REPARSE_POINT, FILE_SYNCHRONOUS_IO_NONALERT,
    NtCreateFile,
};
use windows_sys::Win32::Foundation::{
    ERROR_LOCK_VIOLATION, ERROR_SHARING_VIOLATION, HANDLE, OBJ_CASE_INSENSITIVE,
    RtlNtStatusToDosError, UNICODE_STRING,
};
use windows_sys::Win32::Storage::FileSystem::{
    BY_HANDLE_FILE_INFORMATION, FILE_ATTRIBUTE_REPARSE_POINT, FILE_FLAG_BACKUP_SEMANTICS,
    FILE_FLAG_OPEN_REPARSE_POINT, FILE_GENERIC_READ, FILE_ID_INFO, FILE_SHARE_DELETE,
    FILE_SHARE_READ, FILE_SHARE_WRITE, FILE_TYPE_DISK, FileIdInfo, GetFileInformationByHandle,
    GetFileInformationByHandleEx, GetFileType, MOVEFILE_WRITE_THROUGH, MoveFileExW,
};
use windows_sys::Win32::System::IO::IO_STATUS_BLOCK;

use super::access::Access;
use super::names::{check_is_no_device, wide};

pub fn open_source(path: &Path, go_on: &dyn Fn() -> bool) -> io::Result<File> {
    check_is_no_device(path)?;
    if fs::metadata(path)?.is_dir() {
        return Err(io::Error::other("it is a directory, not a file"));
    }
    on_disk(patiently(go_on, || File::open(path))?)
}

/// The file, unless it is something else.
fn on_disk(file: File) -> io::Result<File> {
    // SAFETY: the handle is open for as long as `file` is borrowed, and the call touches no memory.
    match unsafe { GetFileType(file.as_raw_handle()) } {
        FILE_TYPE_DISK => Ok(file),
        _ => Err(io::Error::other("it is not a regular file")),
    }
}

/// Repeats what fails because another program has the file open: most close it in a moment.
pub fn patiently<T>(
    go_on: &dyn Fn() -> bool,
    mut work: impl FnMut() -> io::Result<T>,
) -> io::Result<T> {
    const LONGEST: Duration = Duration::from_secs(3);
    let due = Instant::now() + LONGEST;
    loop {
        match work() {
            Err(error) if is_in_use(&error) && Instant::now() < due && go_on() => {
                thread::sleep(Duration::from_millis(20));
            }
            result => return result,
        }
    }
}

fn is_in_use(error: &io::Error) -> bool {
    let code = error.raw_os_error().unwrap_or_default() as u32;
    matches!(code, ERROR_SHARING_VIOLATION | ERROR_LOCK_VIOLATION)
}

/// An open directory.
pub struct Directory(File);

pub fn open_directory(path: &Path) -> io::Result<Directory> {
    let mut options = OpenOptions::new();
    options.read(true).custom_flags(FILE_FLAG_BACKUP_SEMANTICS).open(path).map(Directory)
}

pub fn open_below(directory: &Directory, name: &str, go_on: &dyn Fn() -> bool) -> io::Result<File> {
    let (folders, file) = name.rsplit_once('/').unwrap_or(("", name));
    let mut parent = None;
    for folder in folders.split_terminator('/') {
        let at = parent.as_ref().unwrap_or(&directory.0);
        parent = Some(open_in(at, folder, FILE_DIRECTORY_FILE)?);
    }
    let parent = parent.as_ref().unwrap_or(&directory.0);
    on_disk(patiently(go_on, || open_in(parent, file, 0))?)
}

/// Opens what is in a directory. What leads to another place is refused; what a file system has put
/// elsewhere itself, such as in a cloud, is fetched by it.
fn open_in(directory: &File, segment: &str, options: u32) -> io::Result<File> {
    let file = open_segment(directory, segment, options | FILE_OPEN_REPARSE_POINT)?;
    let found = file.metadata()?;
    if found.is_symlink() {
        return Err(io::Error::other("a symbolic link; links are not followed"));
    }
    if found.file_attributes() & FILE_ATTRIBUTE_REPARSE_POINT == 0 {
        return Ok(file);
    }
    let fetched = open_segment(directory, segment, options)?;
    match identity(&fetched)? == identity(&file)? {
        true => Ok(fetched),
        false => Err(io::Error::other("it was replaced meanwhile")),
    }
}

fn open_segment(directory: &File, segment: &str, options: u32) -> io::Result<File> {
    let mut name: Vec<u16> = segment.encode_utf16().collect();
    let len = u16::try_from(name.len() * 2).map_err(|_| io::ErrorKind::InvalidFilename)?;
    if segment.contains('\\') {
        return Err(io::ErrorKind::InvalidFilename.into());
    }
    let name = UNICODE_STRING { Length: len, MaximumLength: len, Buffer: name.as_mut_ptr() };
    let at = OBJECT_ATTRIBUTES {
        Length: size_of::<OBJECT_ATTRIBUTES>() as u32,
        RootDirectory: directory.as_raw_handle(),
        ObjectName: &name,
        Attributes: OBJ_CASE_INSENSITIVE,
        SecurityDescriptor: ptr::null(),
        SecurityQualityOfService: ptr::null(),
    };
    let mut handle: HANDLE = ptr::null_mut();
    let mut outcome = MaybeUninit::<IO_STATUS_BLOCK>::zeroed();
    // SAFETY: the name and the handle of the directory live until the call has returned, and there
    // is place for both results.
    let status = unsafe {
        NtCreateFile(
            &mut handle,
            FILE_GENERIC_READ,
            &at,
            outcome.as_mut_ptr(),
            ptr::null(),
            0,
            FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
            FILE_OPEN,
            options | FILE_SYNCHRONOUS_IO_NONALERT,
            ptr::null(),
            0,
        )
    };
    if status < 0 {
        // SAFETY: the call touches no memory.
        let code = unsafe { RtlNtStatusToDosError(status) };
        return Err(io::Error::from_raw_os_error(code.cast_signed()));
    }
    // SAFETY: it was opened just now, and nobody else knows it.
    Ok(unsafe { File::from_raw_handle(handle) })
}

pub fn open_partial(path: &Path, _: Option<&Access>) -> io::Result<(File, bool)> {
    let mut options = OpenOptions::new();
    // Whoever can write to the directory could have put a link here.
    options.read(true).write(true).custom_flags(FILE_FLAG_OPEN_REPARSE_POINT);
    match options.clone().create_new(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        result => return Ok((result?, true)),
    }
    Ok((patiently(&|| true, || options.open(path))?, false))
}

pub fn read_at(file: &File, buf: &mut [u8], offset: u64) -> io::Result<usize> {
    file.seek_read(buf, offset)
}

pub fn write_at(file: &File, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.seek_write(bytes, offset)? {
            0 => return Err(io::ErrorKind::WriteZero.into()),
            n => {
                bytes = &bytes[n..];
                offset += n as u64;
            }
        }
    }
    Ok(())
}

pub fn preallocate(_: &File, _: u64) -> io::Result<()> {
    Ok(())
}

pub fn sync_directory(path: &Path) -> io::Result<()> {
    // What makes a file durable needs the right to write.
    let mut options = OpenOptions::new();
    options.write(true).custom_flags(FILE_FLAG_BACKUP_SEMANTICS).open(path)?.sync_all()
}

pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    let (old, new) = (wide(from)?, wide(to)?);
    // SAFETY: both are NUL-terminated and stay as they are during the call.
    match unsafe { MoveFileExW(old.as_ptr(), new.as_ptr(), MOVEFILE_WRITE_THROUGH) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// How long a file is and when it was written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The size of the file, in bytes.
    pub len: u64,
    written: u64,
}

pub fn stamp_of(found: &Metadata) -> Stamp {
    Stamp { len: found.len(), written: found.last_write_time() }
}

/// What tells a file from all others: its volume, and its number there.
#[derive(PartialEq, Eq)]
struct Identity(u64, [u8; 16]);

fn identity(file: &File) -> io::Result<Identity> {
    let mut found = MaybeUninit::<FILE_ID_INFO>::zeroed();
    let (handle, len) = (file.as_raw_handle(), size_of::<FILE_ID_INFO>() as u32);
    // SAFETY: the handle is open for as long as `file` is borrowed, and there is place for the
    // result, which is valid as zeros.
    let found = unsafe {
        let is_known =
            GetFileInformationByHandleEx(handle, FileIdInfo, found.as_mut_ptr().cast(), len) != 0;
        is_known.then(|| found.assume_init())
    };
    if let Some(found) = found {
        return Ok(Identity(found.VolumeSerialNumber, found.FileId.Identifier));
    }
    // Not every file system has the long numbers.
    let mut found = MaybeUninit::<BY_HANDLE_FILE_INFORMATION>::zeroed();
    // SAFETY: as above.
    let found = unsafe {
        if GetFileInformationByHandle(handle, found.as_mut_ptr()) == 0 {
            return Err(io::Error::last_os_error());
        }
        found.assume_init()
    };
    let number = u128::from(found.nFileIndexHigh) << 32 | u128::from(found.nFileIndexLow);
    Ok(Identity(found.dwVolumeSerialNumber.into(), number.to_le_bytes()))
}

pub fn is_same_file(file: &File, path: &Path) -> io::Result<bool> {
    let flags = FILE_FLAG_BACKUP_SEMANTICS | FILE_FLAG_OPEN_REPARSE_POINT;
    let named = OpenOptions::new().access_mode(0).custom_flags(flags).open(path);
    let opened = identity(file)?;
    Ok(named.is_ok_and(|named| identity(&named).is_ok_and(|named| named == opened)))
}

pub fn settled(path: &Path) -> PathBuf {
    path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

#[cfg(test)]
pub fn symlink(to: &Path, link: &Path) -> io::Result<()> {
    use std::os::windows::fs::{symlink_dir, symlink_file};

    match fs::metadata(to).is_ok_and(|found| found.is_dir()) {
        true => symlink_dir(to, link),
        false => symlink_file(to, link),
    }
}
