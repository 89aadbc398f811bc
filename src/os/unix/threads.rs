//! What the program does to threads, and must not do to those of a call.

#[cfg(target_os = "linux")]
use std::io;
use std::mem::MaybeUninit;
use std::ptr;

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

/// Does what raises SIGPIPE where the peer has gone: here it is an error alone.
#[cfg(target_os = "linux")]
pub fn without_sigpipe<T>(work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
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

/// That is asked of the linker, see build.rs.
pub fn stay_loaded() {}

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
