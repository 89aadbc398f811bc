//! What the program does to threads, and must not do to those of a call.

use windows_sys::Win32::System::LibraryLoader::{
    GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_PIN, GetModuleHandleExW,
};

/// There are no signals here.
pub fn hold_signals() -> HeldSignals {
    HeldSignals
}

/// Nothing.
pub struct HeldSignals;

/// What ends a thread from outside here can't be put off.
pub fn hold_cancellation() -> HeldCancellation {
    HeldCancellation
}

/// Nothing.
pub struct HeldCancellation;

pub fn stay_loaded() {
    let how = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN;
    let here = stay_loaded as fn();
    let mut module = std::ptr::null_mut();
    // SAFETY: the address is one in this library, and there is place for the result. It can't fail
    // with an address where code runs.
    unsafe { GetModuleHandleExW(how, here as *const u16, &mut module) };
}
