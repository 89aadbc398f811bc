//! Opening, reading, writing and naming files.

use std::fs::{self, File, OpenOptions, TryLockError};
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
    FileFsFullSizeInformation, NtCreateFile, NtQueryVolumeInformationFile,
};
use windows_sys::Wdk::System::SystemServices::FILE_FS_FULL_SIZE_INFORMATION;
use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_DISK_FULL, ERROR_IO_PENDING, ERROR_LOCK_VIOLATION,
    ERROR_SHARING_VIOLATION, ERROR_USER_MAPPED_FILE, GENERIC_READ, GENERIC_WRITE, HANDLE,
    INVALID_HANDLE_VALUE, OBJ_CASE_INSENSITIVE, RtlNtStatusToDosError, UNICODE_STRING,
};
use windows_sys::Win32::Security::SECURITY_ATTRIBUTES;
use windows_sys::Win32::Storage::FileSystem::{
    CREATE_NEW, CreateFileW, FILE_ALLOCATION_INFO, FILE_ATTRIBUTE_REPARSE_POINT,
    FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT, FILE_GENERIC_READ, FILE_SHARE_DELETE,
    FILE_SHARE_READ, FILE_SHARE_WRITE, FILE_TYPE_DISK, FileAllocationInfo, GetFileType,
    LOCKFILE_EXCLUSIVE_LOCK, LOCKFILE_FAIL_IMMEDIATELY, LockFileEx, MOVEFILE_WRITE_THROUGH,
    MoveFileExW, OPEN_EXISTING, SetFileInformationByHandle, UnlockFileEx, WRITE_DAC,
};
use windows_sys::Win32::System::IO::{DeviceIoControl, IO_STATUS_BLOCK, OVERLAPPED};
use windows_sys::Win32::System::Ioctl::{FILE_SET_SPARSE_BUFFER, FSCTL_SET_SPARSE};

use super::access::{Access, check_deletable};
use super::known::identity;
use super::names::{check_is_no_device, wide};

const SHARED: u32 = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE;

pub fn open_source(path: &Path, go_on: &dyn Fn() -> bool) -> io::Result<File> {
    check_is_no_device(path)?;
    if fs::metadata(path)?.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory, not a file"));
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

/// So long what looks for viruses may have a file.
const MOMENT: Duration = Duration::from_millis(500);

/// Repeats what fails because another program has the file open: most close it in a moment.
pub fn patiently<T>(
    go_on: &dyn Fn() -> bool,
    work: impl FnMut() -> io::Result<T>,
) -> io::Result<T> {
    within(Duration::from_secs(3), go_on, work)
}

fn within<T>(
    longest: Duration,
    go_on: &dyn Fn() -> bool,
    mut work: impl FnMut() -> io::Result<T>,
) -> io::Result<T> {
    let due = Instant::now() + longest;
    loop {
        match work() {
            Err(error) if is_shared_by_none(&error) => {
                if Instant::now() >= due || !go_on() {
                    let problem = "another program has it open; close it there";
                    let problem = format!("{problem}, then try again: {error}");
                    return Err(io::Error::new(io::ErrorKind::ResourceBusy, problem));
                }
                thread::sleep(Duration::from_millis(20));
            }
            result => return result,
        }
    }
}

/// Whether another program has a file open in a way that does not allow what was tried.
fn is_shared_by_none(error: &io::Error) -> bool {
    let code = error.raw_os_error().unwrap_or_default().cast_unsigned();
    matches!(code, ERROR_SHARING_VIOLATION | ERROR_LOCK_VIOLATION | ERROR_USER_MAPPED_FILE)
}

pub fn is_in_use(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ResourceBusy
}

/// An open directory.
pub struct Directory(File);

pub fn open_directory(path: &Path) -> io::Result<Directory> {
    check_is_no_device(path)?;
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

/// Opens what is in a directory. What leads to another place is refused; what the file system keeps
/// elsewhere itself, such as in a cloud, it fetches.
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
    let (false, Ok(len)) = (segment.contains('\\'), u16::try_from(name.len() * 2)) else {
        return Err(io::ErrorKind::InvalidFilename.into());
    };
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
            SHARED,
            FILE_OPEN,
            options | FILE_SYNCHRONOUS_IO_NONALERT,
            ptr::null(),
            0,
        )
    };
    check_status(status)?;
    // SAFETY: it was opened just now, and nobody else knows it.
    Ok(unsafe { File::from_raw_handle(handle) })
}

fn check_status(status: i32) -> io::Result<()> {
    if status >= 0 {
        return Ok(());
    }
    // SAFETY: the call touches no memory.
    let code = unsafe { RtlNtStatusToDosError(status) };
    Err(io::Error::from_raw_os_error(code.cast_signed()))
}

pub fn open_partial(path: &Path, replaces: Option<&Access>) -> io::Result<(File, bool)> {
    match open_own(path, CREATE_NEW, replaces) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        result => return Ok((result?, true)),
    }
    // Another partial file will do as well.
    Ok((within(MOMENT, &|| true, || open_own(path, OPEN_EXISTING, None))?, false))
}

/// Opens a file for reading and writing, and, where that can be had, for changing its access list.
/// Whoever can write to the directory could have put a link here: that one itself is opened.
fn open_own(path: &Path, how: u32, replaces: Option<&Access>) -> io::Result<File> {
    let path = wide(path)?;
    let mut descriptor = replaces.and_then(Access::descriptor_of_partial);
    let attributes = descriptor.as_mut().map(|descriptor| SECURITY_ATTRIBUTES {
        nLength: size_of::<SECURITY_ATTRIBUTES>() as u32,
        lpSecurityDescriptor: descriptor.as_mut_ptr().cast(),
        bInheritHandle: 0,
    });
    let attributes = attributes.as_ref().map_or(ptr::null(), ptr::from_ref);
    let open = |access| {
        let flags = FILE_FLAG_OPEN_REPARSE_POINT;
        // SAFETY: the path is NUL-terminated, and it, the attributes and what they point at stay as
        // they are during the call.
        let handle = unsafe {
            let none = ptr::null_mut();
            CreateFileW(path.as_ptr(), access, SHARED, attributes, how, flags, none)
        };
        if handle == INVALID_HANDLE_VALUE {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it was opened just now, and nobody else knows it.
        Ok(unsafe { File::from_raw_handle(handle) })
    };
    match open(GENERIC_READ | GENERIC_WRITE | WRITE_DAC) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            open(GENERIC_READ | GENERIC_WRITE)
        }
        result => result,
    }
}

/// A lock keeps everybody else from reading and writing what it is on. This one is on a byte behind
/// every end.
const LOCKED: u64 = i64::MAX as u64 - 1;

pub fn try_lock(file: &File) -> Result<(), TryLockError> {
    let mut place = at(LOCKED);
    let how = LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY;
    // SAFETY: the handle is open for as long as `file` is borrowed. It was not opened for overlapped
    // use, so the place is read during the call alone.
    if unsafe { LockFileEx(file.as_raw_handle(), how, 0, 1, 0, &mut place) } != 0 {
        return Ok(());
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error().unwrap_or_default().cast_unsigned() {
        ERROR_LOCK_VIOLATION | ERROR_IO_PENDING => Err(TryLockError::WouldBlock),
        _ => Err(TryLockError::Error(error)),
    }
}

pub fn unlock(file: &File) -> io::Result<()> {
    let mut place = at(LOCKED);
    // SAFETY: as above.
    match unsafe { UnlockFileEx(file.as_raw_handle(), 0, 1, 0, &mut place) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

fn at(offset: u64) -> OVERLAPPED {
    let mut place = OVERLAPPED::default();
    place.Anonymous.Anonymous.Offset = offset as u32;
    place.Anonymous.Anonymous.OffsetHigh = (offset >> 32) as u32;
    place
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

/// A write far behind all others would have NTFS fill the space before it with zeros, unless the
/// file may have holes. Then nothing can be reserved: whether there is room is all that is known.
pub fn preallocate(file: &File, len: u64) -> io::Result<()> {
    if set_sparse(file, true).is_ok() {
        return match free_space(file) {
            Ok(free) if free < len => {
                Err(io::Error::from_raw_os_error(ERROR_DISK_FULL.cast_signed()))
            }
            _ => Ok(()),
        };
    }
    let Ok(size) = i64::try_from(len) else {
        return Ok(());
    };
    let wanted = FILE_ALLOCATION_INFO { AllocationSize: size };
    let (handle, len) = (file.as_raw_handle(), size_of_val(&wanted) as u32);
    // SAFETY: the handle is open for as long as `file` is borrowed, and what is wanted is read
    // during the call alone.
    let result = unsafe {
        SetFileInformationByHandle(handle, FileAllocationInfo, (&raw const wanted).cast(), len)
    };
    match io::Error::last_os_error() {
        error if result == 0 && error.kind() == io::ErrorKind::StorageFull => Err(error),
        _ => Ok(()),
    }
}

pub fn has_no_holes(file: &File) {
    let _ = set_sparse(file, false);
}

fn set_sparse(file: &File, is_sparse: bool) -> io::Result<()> {
    let wanted = FILE_SET_SPARSE_BUFFER { SetSparse: is_sparse };
    let (handle, len) = (file.as_raw_handle(), size_of_val(&wanted) as u32);
    let (place, mut none) = ((&raw const wanted).cast(), 0);
    // SAFETY: the handle is open for as long as `file` is borrowed, what is wanted has the length
    // that is given, and nothing is written but how much was.
    let result = unsafe {
        let nothing = ptr::null_mut();
        DeviceIoControl(
            handle,
            FSCTL_SET_SPARSE,
            place,
            len,
            nothing,
            0,
            &mut none,
            ptr::null_mut(),
        )
    };
    match result {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// How many bytes this user may still write to the volume that a file is on.
fn free_space(file: &File) -> io::Result<u64> {
    let mut found = MaybeUninit::<FILE_FS_FULL_SIZE_INFORMATION>::zeroed();
    let mut outcome = MaybeUninit::<IO_STATUS_BLOCK>::zeroed();
    // SAFETY: the handle is open for as long as `file` is borrowed, and there is place for both
    // results, which are valid as zeros.
    let (status, found) = unsafe {
        let status = NtQueryVolumeInformationFile(
            file.as_raw_handle(),
            outcome.as_mut_ptr(),
            found.as_mut_ptr().cast(),
            size_of::<FILE_FS_FULL_SIZE_INFORMATION>() as u32,
            FileFsFullSizeInformation,
        );
        (status, found.assume_init())
    };
    check_status(status)?;
    let unit = u64::from(found.SectorsPerAllocationUnit) * u64::from(found.BytesPerSector);
    Ok(found.CallerAvailableAllocationUnits.cast_unsigned().saturating_mul(unit))
}

pub fn sync_data(file: &File) -> io::Result<()> {
    file.sync_data()
}

pub fn sync_all(file: &File) -> io::Result<()> {
    file.sync_all()
}

pub fn sync_directory(path: &Path) -> io::Result<()> {
    // What makes a file durable needs the right to write.
    let mut options = OpenOptions::new();
    options.write(true).custom_flags(FILE_FLAG_BACKUP_SEMANTICS).open(path)?.sync_all()
}

pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    let (old, new) = (wide(from)?, wide(to)?);
    within(MOMENT, &|| true, || {
        // SAFETY: both are NUL-terminated and stay as they are during the call.
        match unsafe { MoveFileExW(old.as_ptr(), new.as_ptr(), MOVEFILE_WRITE_THROUGH) } {
            0 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        }
    })
}

pub fn replace(from: &Path, to: &Path, go_on: &dyn Fn() -> bool) -> io::Result<()> {
    let is_denied =
        |error: &io::Error| error.raw_os_error() == Some(ERROR_ACCESS_DENIED.cast_signed());
    // That is also said of a file that is open.
    let is_open = || check_deletable(to).map_or_else(|error| is_shared_by_none(&error), |()| true);
    patiently(go_on, || match fs::rename(from, to) {
        Err(error) if is_denied(&error) && is_open() => {
            Err(io::Error::from_raw_os_error(ERROR_SHARING_VIOLATION.cast_signed()))
        }
        result => result,
    })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::os::windows::access::check_replaceable;
    use std::cell::Cell;

    fn opened_for_itself(path: &Path, share: u32) -> File {
        OpenOptions::new().read(true).write(true).share_mode(share).open(path).unwrap()
    }

    #[test]
    fn a_file_that_another_program_has_open_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let (old, new) = (dir.path().join("old"), dir.path().join("new"));
        fs::write(&old, "old").unwrap();
        fs::write(&new, "new").unwrap();
        for share in [0, FILE_SHARE_READ, FILE_SHARE_READ | FILE_SHARE_WRITE] {
            let other = opened_for_itself(&old, share);
            let error = replace(&new, &old, &|| false).unwrap_err();
            assert!(is_in_use(&error), "{error}");
            assert!(error.to_string().contains("another program has it open"), "{error}");
            let looks = Cell::new(0);
            let go_on = || {
                looks.set(looks.get() + 1);
                looks.get() < 3
            };
            assert!(is_in_use(&replace(&new, &old, &go_on).unwrap_err()));
            assert_eq!(looks.get(), 3);
            drop(other);
        }
        // It ends while it is waited for.
        let other = Cell::new(Some(opened_for_itself(&old, 0)));
        let go_on = || other.take().is_some();
        let source = open_source(&old, &go_on).unwrap();
        assert_eq!(source.metadata().unwrap().len(), 3);
        drop(source);
        let other = Cell::new(Some(opened_for_itself(&old, 0)));
        let go_on = || other.take().is_some();
        replace(&new, &old, &go_on).unwrap();
        assert_eq!(fs::read(&old).unwrap(), b"new");
        assert!(!new.exists());
        let other = opened_for_itself(&old, 0);
        let ends = thread::spawn(move || {
            thread::sleep(Duration::from_millis(100));
            drop(other);
        });
        rename_new(&old, &new).unwrap();
        ends.join().unwrap();
        assert_eq!(fs::read(&new).unwrap(), b"new");
    }

    /// As one that is just being made is: another thread's part of a tree may begin there.
    #[test]
    fn a_directory_that_others_must_not_write_to_is_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let (at, path) = (fs::metadata(dir.path()).unwrap(), dir.path().join("new"));
        let mut held = OpenOptions::new();
        held.read(true).share_mode(FILE_SHARE_READ).custom_flags(FILE_FLAG_BACKUP_SEMANTICS);
        let other = held.open(dir.path()).unwrap();
        let error = check_replaceable(&path, None, &at, &|| false).unwrap_err();
        assert!(is_in_use(&error), "{error}");
        let other = Cell::new(Some(other));
        check_replaceable(&path, None, &at, &|| other.take().is_some()).unwrap();
    }

    #[test]
    fn a_partial_file_can_be_read_renamed_and_removed_while_it_is_open() {
        let dir = tempfile::tempdir().unwrap();
        let (partial, done) = (dir.path().join("partial"), dir.path().join("done"));
        let (file, is_new) = open_partial(&partial, None).unwrap();
        assert!(is_new);
        try_lock(&file).unwrap();
        write_at(&file, b"abc", 0).unwrap();
        let (again, is_new) = open_partial(&partial, None).unwrap();
        assert!(!is_new);
        assert!(matches!(try_lock(&again), Err(TryLockError::WouldBlock)));
        assert_eq!(fs::read(&partial).unwrap(), b"abc");
        rename_new(&partial, &done).unwrap();
        assert_eq!(fs::read(&done).unwrap(), b"abc");
        unlock(&file).unwrap();
        try_lock(&again).unwrap();
        fs::write(&partial, "").unwrap();
        let error = rename_new(&partial, &done).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        fs::remove_file(&done).unwrap();
        drop((file, again));
        assert!(!done.exists());
    }

    #[test]
    fn what_is_no_file_is_refused_at_once() {
        let dir = tempfile::tempdir().unwrap();
        for bad in ["NUL", "CON", r"\\.\pipe\surely-absent", r"\\.\COM1"] {
            let error = open_source(Path::new(bad), &|| true).unwrap_err();
            assert!(error.to_string().contains("device or a pipe"), "{bad}: {error}");
        }
        let error = open_source(dir.path(), &|| true).unwrap_err();
        assert!(error.to_string().contains("directory"), "{error}");
    }

    #[test]
    fn paths_may_be_long() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join([r"a directory with a long name\"; 12].concat());
        assert!(deep.as_os_str().len() > 300);
        fs::create_dir_all(&deep).unwrap();
        let (partial, done) = (deep.join("partial"), deep.join("文件"));
        let (file, _) = open_partial(&partial, None).unwrap();
        write_at(&file, b"abc", 0).unwrap();
        drop(file);
        rename_new(&partial, &done).unwrap();
        assert!(open_source(&done, &|| true).is_ok());
        let root = open_directory(&deep).unwrap();
        let file = open_below(&root, "文件", &|| true).unwrap();
        let mut found = [0; 3];
        assert_eq!(read_at(&file, &mut found, 0).unwrap(), 3);
        assert_eq!(read_at(&file, &mut found, 3).unwrap(), 0);
        sync_directory(&deep).unwrap();
    }

    #[test]
    fn names_below_a_directory_are_taken_as_they_are() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join(r"a\b")).unwrap();
        fs::write(dir.path().join(r"a\b\file"), "abc").unwrap();
        let root = open_directory(dir.path()).unwrap();
        let open = |name| open_below(&root, name, &|| true);
        assert_eq!(open("a/b/file").unwrap().metadata().unwrap().len(), 3);
        for bad in ["a/b/none", "none/file", r"a\b\file", "..", "a/../a/b/file", "NUL"] {
            assert!(open(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn more_than_the_disk_has_is_refused_before_it_is_written() {
        let dir = tempfile::tempdir().unwrap();
        let (file, _) = open_partial(&dir.path().join("file"), None).unwrap();
        preallocate(&file, 1 << 20).unwrap();
        assert_eq!(file.metadata().unwrap().len(), 0);
        let error = preallocate(&file, 1 << 62).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{error}");
        has_no_holes(&file);
    }
}
