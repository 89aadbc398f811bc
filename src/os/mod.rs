//! What the standard library does not offer of the operating system.
#![allow(unsafe_code)]

use std::alloc::Layout;
use std::ffi::CString;
use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{self, Path, PathBuf};
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Opens a file for reading, if it is an ordinary one. Others can make whoever opens or reads them
/// wait for ever, or have no end.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let regular = |found: Metadata| match found.is_file() {
        true => Ok(()),
        false if found.is_dir() => Err(io::Error::other("it is a directory, not a file")),
        false => Err(io::Error::other("it is not a regular file")),
    };
    // Opening a device may do something already.
    regular(fs::metadata(path)?)?;
    let open = || OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path);
    let file = after_lease(open)?;
    regular(file.metadata()?)?;
    Ok(file)
}

/// Repeats an `open` that does not block while another program holds a lease on the file: the
/// system has asked that program to give it up, and takes it away after some time.
fn after_lease(open: impl Fn() -> io::Result<File>) -> io::Result<File> {
    /// The system takes a lease away after 45 s, unless it is configured otherwise.
    const LONGEST: Duration = Duration::from_secs(60);
    let due = Instant::now() + LONGEST;
    loop {
        match open() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && Instant::now() < due => {
                thread::sleep(Duration::from_millis(10));
            }
            result => return result,
        }
    }
}

/// Reserves disk for a file of `len` bytes, so that a full disk is noticed before the work is done.
/// The file keeps its length. Where the file system can't, nothing is reserved.
pub fn preallocate(file: &File, len: u64) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    if let (1.., Ok(size)) = (len, libc::off_t::try_from(len)) {
        let keep = libc::FALLOC_FL_KEEP_SIZE;
        // SAFETY: the descriptor is open for as long as `file` is borrowed, and the call touches
        // no memory.
        let result = unsafe { libc::fallocate(file.as_raw_fd(), keep, 0, size) };
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            _ if result == 0 => return Ok(()),
            Some(libc::EOPNOTSUPP | libc::ENOSYS | libc::EINTR) => {}
            _ => return Err(error),
        }
    }
    Ok(())
}

/// `path` as it can be used after the working directory has changed. Where the way from the root is
/// closed to this process, or too long, it stays as it is.
pub fn settled(path: &Path) -> PathBuf {
    let directory = |path: &Path| {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let found = fs::metadata(parent.unwrap_or(Path::new("."))).ok()?;
        Some((found.dev(), found.ino()))
    };
    match path::absolute(path) {
        Ok(settled) if directory(&settled) == directory(path) => settled,
        _ => path.to_owned(),
    }
}

/// Fails if this process may not write a file of `len` bytes. Trying it would raise SIGXFSZ.
pub fn check_size_limit(len: u64) -> io::Result<()> {
    let mut limit = MaybeUninit::<libc::rlimit>::uninit();
    // SAFETY: there is place for the limit, which is read only if it was written.
    let most = unsafe {
        match libc::getrlimit(libc::RLIMIT_FSIZE, limit.as_mut_ptr()) {
            0 => limit.assume_init().rlim_cur,
            _ => libc::RLIM_INFINITY,
        }
    };
    match most == libc::RLIM_INFINITY || len <= most {
        true => Ok(()),
        false => {
            let problem = format!("this process may not write files of more than {most} bytes");
            Err(io::Error::new(io::ErrorKind::FileTooLarge, problem))
        }
    }
}

/// Opens a file of the library's own for reading and writing; a new one, with `mode` at the most,
/// if there is none. Tells whether it is new.
pub fn open_own(path: &Path, mode: u32) -> io::Result<(File, bool)> {
    let mut options = OpenOptions::new();
    // Whoever can write to the directory could have put a link, or a pipe, here.
    options.read(true).write(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    match options.clone().create_new(true).mode(mode).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        result => return Ok((result?, true)),
    }
    let opened = match options.open(path) {
        // It may have got the mode of a read-only file it was about to replace.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let file = options.clone().write(false).open(path)?;
            if !is_own(&file)? {
                return Err(error);
            }
            file.set_permissions(Permissions::from_mode(0o600))?;
            options.open(path)
        }
        result => result,
    };
    Ok((opened?, false))
}

/// Whether an open file is an ordinary one of this user's, with a single name.
pub fn is_own(file: &File) -> io::Result<bool> {
    let found = file.metadata()?;
    // SAFETY: the call always succeeds and touches no memory.
    let user = unsafe { libc::geteuid() };
    Ok(found.is_file() && found.nlink() == 1 && found.uid() == user)
}

/// Whether `path` is the name of the open file.
pub fn is_named(file: &File, path: &Path) -> io::Result<bool> {
    let opened = file.metadata()?;
    let named = fs::symlink_metadata(path);
    Ok(named.is_ok_and(|named| (named.dev(), named.ino()) == (opened.dev(), opened.ino())))
}

/// Bits of a directory's mode: only owners may replace files in it; new files get its group.
const STICKY: u32 = 0o1000;
const SET_GROUP_ID: u32 = 0o2000;

/// Fails if this process can't give another file the name of `path`, which may exist. `directory`
/// is where it is.
pub fn check_replaceable(path: &Path, directory: &Path) -> io::Result<()> {
    let name = CString::new(directory.as_os_str().as_bytes())?;
    let access = libc::W_OK | libc::X_OK;
    // SAFETY: the name is NUL-terminated and stays as it is during the call.
    if unsafe { libc::faccessat(libc::AT_FDCWD, name.as_ptr(), access, libc::AT_EACCESS) } != 0 {
        return Err(io::Error::last_os_error());
    }
    check_not_fixed(directory, false)?;
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let parent = fs::metadata(directory)?;
    // SAFETY: the call always succeeds and touches no memory.
    let user = unsafe { libc::geteuid() };
    let is_sticky = parent.mode() & STICKY != 0;
    if is_sticky && user != 0 && user != found.uid() && user != parent.uid() {
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

impl Access {
    /// That of the file at `path`.
    pub fn of(path: &Path) -> io::Result<Access> {
        let found = fs::symlink_metadata(path)?;
        Ok(Access {
            // The bits that let a program run as its owner are not handed on.
            mode: found.mode() & 0o777,
            uid: found.uid(),
            gid: found.gid(),
            list: access_list::of(path, access_list::ACCESS),
        })
    }

    /// The mode of a new file in `directory` that is to replace one with this access: never more
    /// than that allows, whoever the new file belongs to.
    pub fn mode_of_draft(&self, directory: &Path) -> u32 {
        // SAFETY: the calls always succeed and touch no memory.
        let (user, group) = unsafe { (libc::geteuid(), libc::getegid()) };
        let hands_on_group =
            fs::metadata(directory).map_or(true, |found| found.mode() & SET_GROUP_ID != 0);
        let is_alike = self.list.is_none()
            && (self.uid, self.gid) == (user, group)
            && !hands_on_group
            && access_list::of(directory, access_list::DEFAULT).is_none();
        match is_alike {
            true => self.mode | 0o600,
            false => 0o600,
        }
    }

    /// Gives `file` this access as far as this process may. What it can't have is not given to
    /// anybody else.
    pub fn give(&self, file: &File) -> io::Result<()> {
        let now = file.metadata()?;
        if (now.uid(), now.gid()) != (self.uid, self.gid) {
            let fd = file.as_raw_fd();
            // SAFETY: the descriptor is open for as long as `file` is borrowed, and the calls touch
            // no memory.
            let _ = unsafe {
                libc::fchown(fd, self.uid, self.gid) == 0
                    || libc::fchown(fd, libc::uid_t::MAX, self.gid) == 0
            };
        }
        let keeps_group = file.metadata()?.gid() == self.gid;
        let mode = match &self.list {
            Some(list) if keeps_group && access_list::set(file, list).is_ok() => self.mode,
            Some(list) => access_list::without(self.mode, list),
            None => self.mode,
        };
        // One that the directory gave the new file is not one that the old file had. Where it can't
        // be taken away, a mode that gives its group nothing keeps it without effect.
        let has_other = self.list.is_none() || mode != self.mode;
        let mode = match has_other && !access_list::remove(file) {
            true => mode & 0o707,
            false => mode,
        };
        let (group, others) = (mode >> 3 & 7, mode & 7);
        let mode = match keeps_group {
            true => mode,
            // Members of the old group are others, and others may be members of the new one.
            false => mode & 0o700 | (group & others) << 3 | group & others,
        };
        let now = file.metadata()?.mode() & 0o7777;
        match file.set_permissions(Permissions::from_mode(mode)) {
            _ if now == mode => Ok(()),
            // Some file systems have one mode for all files. It must not be a wider one.
            Err(_) if now & !mode == 0 => Ok(()),
            result => result,
        }
    }

    /// Narrows a draft that was begun when nothing, or something more open, was to be replaced.
    pub fn narrow_draft(&self, file: &File, directory: &Path) -> io::Result<()> {
        let (now, most) = (file.metadata()?.mode() & 0o7777, self.mode_of_draft(directory));
        match now & !most {
            0 => Ok(()),
            _ => file.set_permissions(Permissions::from_mode(now & most | 0o600)),
        }
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

/// `len` zeros, of which the system only keeps those that were written to; `None` where there is
/// no memory for them.
pub fn zeros(len: usize) -> Option<Vec<u8>> {
    let layout = Layout::array::<u8>(len).ok().filter(|layout| layout.size() > 0);
    let Some(layout) = layout else {
        return (len == 0).then(Vec::new);
    };
    // SAFETY: the layout is not empty.
    let place = unsafe { std::alloc::alloc_zeroed(layout) };
    match place.is_null() {
        true => None,
        // SAFETY: it was allocated with the layout of `len` bytes, all of which are zeros.
        false => Some(unsafe { Vec::from_raw_parts(place, len, len) }),
    }
}

/// Renames a file unless something has the new name: then it fails with `AlreadyExists`. Where the
/// file system can't do that in one step, what gets the name in between is replaced.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    {
        let here = libc::AT_FDCWD;
        let old = CString::new(from.as_os_str().as_bytes())?;
        let new = CString::new(to.as_os_str().as_bytes())?;
        let flags = libc::RENAME_NOREPLACE;
        // SAFETY: both are NUL-terminated and stay as they are during the call.
        let result = unsafe { libc::renameat2(here, old.as_ptr(), here, new.as_ptr(), flags) };
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            _ if result == 0 => return Ok(()),
            Some(libc::EINVAL | libc::ENOSYS) => {}
            _ => return Err(error),
        }
    }
    match fs::symlink_metadata(to) {
        Ok(_) => Err(io::ErrorKind::AlreadyExists.into()),
        Err(_) => fs::rename(from, to),
    }
}

/// Opens the file `name`, a path below `directory`, for reading. No part of the path may be a
/// symbolic link, and what is no file does not block.
pub fn open_below(directory: &File, name: &str) -> io::Result<File> {
    let (folders, file) = name.rsplit_once('/').unwrap_or(("", name));
    let mut parent = None;
    for folder in folders.split_terminator('/') {
        let at = parent.as_ref().unwrap_or(directory);
        parent = Some(open_in(at, folder, libc::O_DIRECTORY)?);
    }
    let parent = parent.as_ref().unwrap_or(directory);
    after_lease(|| open_in(parent, file, libc::O_NONBLOCK))
}

fn open_in(directory: &File, segment: &str, flags: libc::c_int) -> io::Result<File> {
    let segment = CString::new(segment)?;
    let flags = flags | libc::O_RDONLY | libc::O_NOFOLLOW | libc::O_CLOEXEC | libc::O_NOCTTY;
    // SAFETY: the descriptor is open for as long as `directory` is borrowed, and the name is
    // NUL-terminated.
    let fd = unsafe { libc::openat(directory.as_raw_fd(), segment.as_ptr(), flags) };
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        // SAFETY: it was opened just now, and nobody else knows it.
        _ if fd >= 0 => Ok(unsafe { File::from_raw_fd(fd) }),
        Some(libc::ELOOP) => Err(io::Error::other("a symbolic link; links are not followed")),
        _ => Err(error),
    }
}

/// Holds back, on the calling thread, every signal that can be held back without harm: those that
/// the thread's own mistakes raise can't. A thread that is started meanwhile holds them for ever.
pub fn hold_signals() -> HeldSignals {
    const OF_THE_THREAD: [libc::c_int; 6] =
        [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGTRAP, libc::SIGSYS];
    let (mut all, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
    // SAFETY: the sets are written before they are read, by functions that write them whole. These
    // can't fail with these arguments.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        for signal in OF_THE_THREAD {
            libc::sigdelset(all.as_mut_ptr(), signal);
        }
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
        HeldSignals(before.assume_init())
    }
}

/// The signals that a thread held back before; it goes back to them when this is dropped.
pub struct HeldSignals(libc::sigset_t);

impl Drop for HeldSignals {
    fn drop(&mut self) {
        // SAFETY: the set is a whole one, and the call touches no other memory.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.0, ptr::null_mut()) };
    }
}

/// Puts a `pthread_cancel` of the calling thread off: what it does to a thread can't pass through
/// Rust, and would end the process.
pub fn hold_cancellation() -> HeldCancellation {
    HeldCancellation(cancellation::set(cancellation::DISABLE))
}

/// Whether a thread could be cancelled before; it can be again when this is dropped.
pub struct HeldCancellation(libc::c_int);

impl Drop for HeldCancellation {
    fn drop(&mut self) {
        cancellation::set(self.0);
    }
}

/// Tells a process from those that are forked from it, whatever number they have: in a namespace of
/// its own, a child may have the number of its parent.
pub struct ForkMark {
    /// A page that a forked process finds empty; `None` where the system has no such thing.
    page: Option<ptr::NonNull<libc::c_void>>,
    process: AtomicU32,
}

// SAFETY: the page belongs to this value, and is used as an atomic number alone.
unsafe impl Send for ForkMark {}

// SAFETY: as above.
unsafe impl Sync for ForkMark {}

impl ForkMark {
    const PAGE: usize = size_of::<AtomicU32>();

    /// Whether this is another process than when it was asked last, or made.
    pub fn is_elsewhere(&self) -> bool {
        let was_empty = self.page.is_some_and(|page| {
            // SAFETY: the page is mapped for as long as the mark lives, and aligned.
            let mark = unsafe { page.cast::<AtomicU32>().as_ref() };
            mark.swap(1, Ordering::AcqRel) == 0
        });
        let process = std::process::id();
        was_empty | (self.process.swap(process, Ordering::AcqRel) != process)
    }
}

impl Default for ForkMark {
    /// A mark of this process.
    fn default() -> ForkMark {
        let mark =
            ForkMark { page: page_wiped_on_fork(ForkMark::PAGE), process: AtomicU32::new(0) };
        mark.is_elsewhere();
        mark
    }
}

impl Drop for ForkMark {
    fn drop(&mut self) {
        if let Some(page) = self.page {
            // SAFETY: it was mapped with this length, and nobody has it any more.
            unsafe { libc::munmap(page.as_ptr(), ForkMark::PAGE) };
        }
    }
}

#[cfg(target_os = "linux")]
fn page_wiped_on_fork(len: usize) -> Option<ptr::NonNull<libc::c_void>> {
    let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANON);
    // SAFETY: a new mapping touches nothing that is there, and is given back where it is of no use.
    unsafe {
        let page = libc::mmap(ptr::null_mut(), len, access, kind, -1, 0);
        if page == libc::MAP_FAILED {
            return None;
        }
        if libc::madvise(page, len, libc::MADV_WIPEONFORK) != 0 {
            libc::munmap(page, len);
            return None;
        }
        ptr::NonNull::new(page)
    }
}

#[cfg(not(target_os = "linux"))]
fn page_wiped_on_fork(_: usize) -> Option<ptr::NonNull<libc::c_void>> {
    None
}

/// A number that nobody else has, in this process or another.
pub fn random() -> u64 {
    #[cfg(target_os = "linux")]
    {
        let mut number = [0; 8];
        // SAFETY: it writes at most so many bytes to where they belong.
        let filled = unsafe {
            libc::getrandom(number.as_mut_ptr().cast(), number.len(), libc::GRND_NONBLOCK)
        };
        if filled == number.len() as libc::ssize_t {
            return u64::from_ne_bytes(number);
        }
    }
    // Where the system gives none: what differs between processes and moments.
    let moment = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() as u64;
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u64(moment);
    hasher.write_u32(std::process::id());
    hasher.finish()
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
mod cancellation {
    use libc::c_int;

    pub const DISABLE: c_int = if cfg!(target_os = "macos") { 0 } else { 1 };

    unsafe extern "C" {
        fn pthread_setcancelstate(state: c_int, before: *mut c_int) -> c_int;
    }

    /// The state before.
    pub fn set(state: c_int) -> c_int {
        let mut before = state;
        // SAFETY: the state is one that the system knows, and the place for the old one is there.
        unsafe { pthread_setcancelstate(state, &mut before) };
        before
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
mod cancellation {
    pub const DISABLE: libc::c_int = 0;

    pub fn set(state: libc::c_int) -> libc::c_int {
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the answer is in a process forked from this one, which takes the parent's number for
    /// its own, as it may be in a namespace.
    fn is_elsewhere_in_a_child(mark: &ForkMark) -> bool {
        let mut status = 0;
        // SAFETY: the child does nothing that needs another thread, and ends.
        unsafe {
            let child = libc::fork();
            if child == 0 {
                mark.process.store(std::process::id(), Ordering::Release);
                libc::_exit(mark.is_elsewhere().into());
            }
            assert_eq!(libc::waitpid(child, &mut status, 0), child);
        }
        libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == 1
    }

    /// Version 2: owner 6, user 1000 as given, owning group as given, mask as given, others as given.
    #[cfg(target_os = "linux")]
    fn list(user: u16, group: u16, mask: u16, others: u16) -> Vec<u8> {
        let entries = [(1, 6), (2, user), (4, group), (0x10, mask), (0x20, others)];
        let entry = |(tag, may): (u16, u16)| {
            let id = if tag == 2 { 1000 } else { u32::MAX };
            [&tag.to_le_bytes()[..], &may.to_le_bytes(), &id.to_le_bytes()].concat()
        };
        2u32.to_le_bytes().into_iter().chain(entries.into_iter().flat_map(entry)).collect()
    }

    #[cfg(target_os = "linux")]
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

    #[cfg(target_os = "linux")]
    #[test]
    fn an_access_list_goes_along_where_the_file_system_has_them() {
        let dir = tempfile::tempdir().unwrap();
        let (old, new) = (dir.path().join("old"), dir.path().join("new"));
        let (old_file, new_file) = (File::create(&old).unwrap(), File::create(&new).unwrap());
        let has_lists = access_list::set(&old_file, &list(4, 0, 4, 0)).is_ok();
        let access = Access::of(&old).unwrap();
        assert_eq!(access.list.is_some(), has_lists);
        access.give(&new_file).unwrap();
        let given = Access::of(&new).unwrap();
        assert_eq!((given.mode, &given.list), (access.mode, &access.list));
        // A list that came from the directory is not one that the old file had.
        assert!(access_list::remove(&old_file));
        let access = Access::of(&old).unwrap();
        access.give(&new_file).unwrap();
        assert_eq!(Access::of(&new).unwrap().list, None);
    }

    #[test]
    fn zeros_take_memory_when_they_are_written_to() {
        assert_eq!(zeros(0), Some(Vec::new()));
        assert_eq!(zeros(3), Some(vec![0; 3]));
        assert_eq!(zeros(usize::MAX), None);
        assert_eq!(zeros(isize::MAX as usize), None);
    }

    #[test]
    fn a_forked_process_is_known_without_its_number() {
        let mark = ForkMark::default();
        assert!(!mark.is_elsewhere());
        assert!(mark.page.is_none() || is_elsewhere_in_a_child(&mark));
        assert!(!mark.is_elsewhere());
    }
}
