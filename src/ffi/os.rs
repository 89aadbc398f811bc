//! What the standard library does not offer of the operating system.

use std::ffi::CString;
use std::fs::{self, File, Metadata, OpenOptions};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Opens a file for reading, if it is an ordinary one. Others can make whoever opens or reads them
/// wait for ever, or have no end.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let regular = |metadata: Metadata| match metadata.is_file() {
        true => Ok(()),
        false => Err(io::Error::other("it is not a regular file")),
    };
    // Opening a device may do something already.
    regular(fs::metadata(path)?)?;
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    regular(file.metadata()?)?;
    Ok(file)
}

/// Reserves `len` bytes of disk for a file, so that a full disk is noticed before the work is done.
/// Where the file system can't, the file only gets its length.
pub fn preallocate(file: &File, len: u64) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    if let (1.., Ok(size)) = (len, libc::off_t::try_from(len)) {
        // SAFETY: the descriptor is open for as long as `file` is borrowed, and the call touches
        // no memory.
        let result = unsafe { libc::fallocate(file.as_raw_fd(), 0, 0, size) };
        let error = io::Error::last_os_error();
        match error.raw_os_error() {
            _ if result == 0 => return Ok(()),
            Some(libc::EOPNOTSUPP | libc::ENOSYS | libc::EINTR) => {}
            _ => return Err(error),
        }
    }
    file.set_len(len)
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
    match open_in(parent, file, libc::O_NONBLOCK) {
        // Another program holds a lease on it, and is asked to give it up while this one waits.
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => open_in(parent, file, 0),
        result => result,
    }
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

    #[test]
    fn a_forked_process_is_known_without_its_number() {
        let mark = ForkMark::default();
        assert!(!mark.is_elsewhere());
        assert!(mark.page.is_none() || is_elsewhere_in_a_child(&mark));
        assert!(!mark.is_elsewhere());
    }
}
