//! What the program does to threads, and must not do to those of a call.

use std::mem::MaybeUninit;
use std::ptr;

use super::own;

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
pub struct HeldSignals(pub(super) libc::sigset_t);

impl Drop for HeldSignals {
    fn drop(&mut self) {
        // SAFETY: the set is a whole one, and the call touches no other memory.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.0, ptr::null_mut()) };
    }
}

/// That is asked of the linker, see build.rs.
pub fn stay_loaded() {}

pub fn hold_cancellation() -> HeldCancellation {
    HeldCancellation(set_cancellation(own::CANCELLATION_OFF))
}

/// Whether a thread could be cancelled before; it can be again when this is dropped.
pub struct HeldCancellation(libc::c_int);

impl Drop for HeldCancellation {
    fn drop(&mut self) {
        set_cancellation(self.0);
    }
}

/// Returns the state before.
#[cfg(not(target_os = "android"))]
fn set_cancellation(state: libc::c_int) -> libc::c_int {
    unsafe extern "C" {
        fn pthread_setcancelstate(state: libc::c_int, before: *mut libc::c_int) -> libc::c_int;
    }
    let mut before = state;
    // SAFETY: the state is one that the system knows, and the place for the old one is there.
    unsafe { pthread_setcancelstate(state, &mut before) };
    before
}

/// There is no such thing.
#[cfg(target_os = "android")]
fn set_cancellation(state: libc::c_int) -> libc::c_int {
    state
}
