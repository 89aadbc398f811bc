//! Transfers: the progress of a call, and its end from another thread.

use std::ffi::{c_int, c_void};
use std::sync::{Mutex, PoisonError};

use super::guard;
use super::user::User;
use crate::threads::Watch;
use crate::transfer::Transfer;

/// A handle to follow an upload or a download, and to stop any call.
///
/// It serves one call at a time and any number one after the other. Once cancelled it stays
/// cancelled.
#[allow(non_camel_case_types)]
#[derive(Default)]
pub struct cos_transfer {
    core: Transfer,
    on_progress: Mutex<Option<(ProgressFn, User)>>,
}

impl cos_transfer {
    pub(super) fn core(&self) -> &Transfer {
        &self.core
    }
}

type ProgressFn = unsafe extern "C" fn(done: u64, total: u64, user: *mut c_void) -> c_int;

/// Told of progress: `done` of `total` bytes. Returns 0 to go on, anything else to cancel the call.
///
/// It is called on the thread that made the call, only during the call: at its start, at least
/// every 100 ms and every MiB, and at its end. `done` never gets smaller; `total` is 0 until the size
/// is known, and for a folder it grows while what is in it is found: what was found travels already.
/// It must return to its caller: no longjmp, no exception.
#[allow(non_camel_case_types)]
pub type cos_progress_fn =
    Option<unsafe extern "C" fn(done: u64, total: u64, user: *mut c_void) -> c_int>;

/// Makes a handle for the `transfer` argument of uploads and downloads, and for
/// cos_client_with_transfer(), which makes all other calls stop as well.
///
/// @return The handle, to be freed with cos_transfer_free(). Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn cos_transfer_new() -> *mut cos_transfer {
    guard::value(std::ptr::null_mut(), || Box::into_raw(Box::default()))
}

/// Frees a handle. No call may be using it. NULL is ignored. Any thread.
///
/// @param transfer  The handle, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_transfer_free(transfer: *mut cos_transfer) {
    // SAFETY: it is NULL, or came from cos_transfer_new and is freed once.
    unsafe { guard::free(transfer) }
}

/// Stops the call that uses the handle, and the calls of the clients that cos_client_with_transfer()
/// made with it, within a second even if the server or the system's resolver is silent; they return
/// COS_ERR_CANCELLED. Every later call with this handle or such a client returns that at once. From
/// any thread, not from a signal handler. NULL is ignored.
///
/// @param transfer  The handle, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_transfer_cancel(transfer: *mut cos_transfer) {
    // SAFETY: it is NULL, or came from cos_transfer_new and is not freed yet.
    if let Some(transfer) = unsafe { transfer.as_ref() } {
        guard::value((), || transfer.core.cancel());
    }
}

/// Sets the callback that is told of progress. It takes effect with the next call. Any thread.
///
/// @param transfer  The handle. NULL is ignored.
/// @param fn        The callback, or NULL for none.
/// @param user      Handed to the callback as it is; may be any value.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_transfer_on_progress(
    transfer: *mut cos_transfer,
    r#fn: cos_progress_fn,
    user: *mut c_void,
) {
    // SAFETY: it is NULL, or came from cos_transfer_new and is not freed yet.
    if let Some(transfer) = unsafe { transfer.as_ref() } {
        let on_progress = r#fn.map(|function| (function, User(user)));
        guard::value((), || {
            *transfer.on_progress.lock().unwrap_or_else(PoisonError::into_inner) = on_progress;
        });
    }
}

/// Asks how far the call that uses the handle has come, or how far the last one came: for programs
/// that would rather ask than be told. From any thread.
///
/// @param transfer  The handle, or NULL, which gives 0 of 0.
/// @param done      Receives the bytes done. May be NULL.
/// @param total     Receives the bytes in all, as far as they are known; 0 before. May be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_transfer_progress(
    transfer: *const cos_transfer,
    done: *mut u64,
    total: *mut u64,
) {
    // SAFETY: it is NULL, or came from cos_transfer_new and is not freed yet; the others are NULL
    // or may be written to.
    unsafe {
        let transfer = transfer.as_ref();
        let progress = || transfer.map_or((0, 0), |transfer| transfer.core.progress());
        let now = guard::value((0, 0), progress);
        guard::put(done, now.0);
        guard::put(total, now.1);
    }
}

/// Asks how many bytes have travelled in the call that uses the handle, or in the last one: a rate is
/// made of these. What else is done was done by an earlier call, or found at its destination. From any
/// thread.
///
/// @param transfer  The handle, or NULL, which gives 0.
/// @return the bytes that have travelled.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_transfer_travelled(transfer: *const cos_transfer) -> u64 {
    // SAFETY: it is NULL, or came from cos_transfer_new and is not freed yet.
    let transfer = unsafe { transfer.as_ref() };
    guard::value(0, || transfer.map_or(0, |transfer| transfer.core.travelled()))
}

/// How a call is followed through its `transfer` argument, which may be NULL.
///
/// # Safety
/// `transfer` is NULL, or came from cos_transfer_new and is not freed during the call.
pub unsafe fn watch<'a>(transfer: *mut cos_transfer) -> Watch<'a> {
    // SAFETY: the caller's promise.
    let Some(transfer) = (unsafe { transfer.as_ref() }) else {
        return Watch::default();
    };
    let on_progress = *transfer.on_progress.lock().unwrap_or_else(PoisonError::into_inner);
    Watch {
        transfer: Some(&transfer.core),
        on_progress: on_progress.map(|(function, user)| {
            // SAFETY: the program promises that its callback can be called with its pointer.
            let call = move |done, total| unsafe { function(done, total, { user }.0) } == 0;
            Box::new(call) as _
        }),
    }
}
