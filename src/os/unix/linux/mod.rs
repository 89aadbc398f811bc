//! What Linux has besides POSIX.

pub mod access_list;

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::net::TcpStream;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;

use super::threads::HeldSignals;
use crate::os::Stored;

// Some of these calls have no wrapper in older C libraries, and older systems lack some.

/// Fails if a file or directory is kept as it is by other means than its mode: by an attribute, or,
/// if `mounts` count, because something is mounted there.
pub fn check_not_fixed(path: &Path, mounts: bool) -> io::Result<()> {
    let name = CString::new(path.as_os_str().as_bytes())?;
    let mut found = MaybeUninit::<libc::statx>::zeroed();
    let flags = libc::AT_SYMLINK_NOFOLLOW;
    // SAFETY: the name is NUL-terminated and there is place for the result, which is valid as zeros.
    // Where the call is missing, it only fails.
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

/// Reserves disk for a file, which keeps its length.
pub fn reserve(file: &File, len: u64) -> io::Result<()> {
    let (1.., Ok(size)) = (len, libc::off64_t::try_from(len)) else {
        return Ok(());
    };
    let keep = libc::FALLOC_FL_KEEP_SIZE;
    // SAFETY: the descriptor is open for as long as `file` is borrowed, and the call touches no memory.
    if unsafe { libc::fallocate64(file.as_raw_fd(), keep, 0, size) } == 0 {
        return Ok(());
    }
    Err(unsupported_if(&[libc::EOPNOTSUPP, libc::ENOSYS, libc::EINTR]))
}

/// Renames a file, if the new name is free.
pub fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    let here = libc::AT_FDCWD;
    let old = CString::new(from.as_os_str().as_bytes())?;
    let new = CString::new(to.as_os_str().as_bytes())?;
    // SAFETY: both are NUL-terminated and stay as they are during the call.
    let result = unsafe {
        let (call, flags) = (libc::SYS_renameat2, libc::RENAME_NOREPLACE);
        libc::syscall(call, here, old.as_ptr(), here, new.as_ptr(), flags)
    };
    if result == 0 { Ok(()) } else { Err(unsupported_if(&[libc::EINVAL, libc::ENOSYS])) }
}

/// Why the last call failed, which is `Unsupported` for these reasons.
fn unsupported_if(reasons: &[libc::c_int]) -> io::Error {
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        Some(reason) if reasons.contains(&reason) => io::ErrorKind::Unsupported.into(),
        _ => error,
    }
}

/// Each name is a file of its own.
pub fn folding() -> Option<fn(&str) -> String> {
    None
}

/// Nothing else than what has failed with `error`.
pub fn sync_otherwise(_: &File, error: io::Error) -> io::Result<()> {
    Err(error)
}

/// Sends some bytes of a file.
pub fn send_stored(socket: &TcpStream, stored: Stored) -> io::Result<usize> {
    let len = usize::try_from(stored.len).unwrap_or(usize::MAX);
    let mut offset = libc::off64_t::try_from(stored.offset).map_err(io::Error::other)?;
    let (to, from) = (socket.as_raw_fd(), stored.file.as_raw_fd());
    without_sigpipe(|| {
        // SAFETY: both descriptors are open for as long as they are borrowed, and the offset is
        // written to during the call only.
        let sent = unsafe { libc::sendfile64(to, from, &mut offset, len) };
        // Not every file system can.
        usize::try_from(sent).map_err(|_| unsupported_if(&[libc::EINVAL, libc::ENOSYS]))
    })
}

/// Does what raises SIGPIPE where the peer has gone: here it is an error alone.
fn without_sigpipe<T>(work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let (mut pipe, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
    let mut pending = MaybeUninit::uninit();
    // SAFETY: the sets are written before they are read, by functions that write them whole. These
    // can't fail with these arguments.
    let (pipe, held, is_pending) = unsafe {
        libc::sigemptyset(pipe.as_mut_ptr());
        libc::sigaddset(pipe.as_mut_ptr(), libc::SIGPIPE);
        libc::pthread_sigmask(libc::SIG_BLOCK, pipe.as_ptr(), before.as_mut_ptr());
        libc::sigpending(pending.as_mut_ptr());
        let is_pending = libc::sigismember(pending.as_ptr(), libc::SIGPIPE) == 1;
        (pipe.assume_init(), HeldSignals(before.assume_init()), is_pending)
    };
    let result = work();
    let is_raised = matches!(&result, Err(error) if error.kind() == io::ErrorKind::BrokenPipe);
    if is_raised && !is_pending {
        let at_once = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: the set and the time are whole, and nothing is written to.
        while unsafe { libc::sigtimedwait(&pipe, ptr::null_mut(), &at_once) } < 0
            && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted
        {}
    }
    drop(held);
    result
}

/// What pthread_setcancelstate() takes.
pub const CANCELLATION_OFF: libc::c_int = 1;

/// Memory that a forked process finds empty.
pub fn page_wiped_on_fork(len: usize) -> Option<ptr::NonNull<libc::c_void>> {
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

/// A number that nobody else has.
pub fn random() -> Option<u64> {
    let mut number = [0; 8];
    // SAFETY: it writes at most so many bytes to where they belong.
    let filled = unsafe {
        let (call, flags) = (libc::SYS_getrandom, libc::GRND_NONBLOCK);
        libc::syscall(call, number.as_mut_ptr(), number.len(), flags)
    };
    (filled == number.len() as libc::c_long).then(|| u64::from_ne_bytes(number))
}
