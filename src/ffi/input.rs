//! Arguments from C, checked and borrowed for the call.

use std::ffi::{CStr, c_char};
use std::slice;

use crate::reply::{Failure, Result};

/// A required string.
///
/// # Safety
/// `text` is NULL or a NUL-terminated string that stays as it is during the call.
pub unsafe fn text<'a>(argument: &str, text: *const c_char) -> Result<&'a str> {
    // SAFETY: the caller's promise.
    let text = unsafe { optional_text(argument, text) }?;
    text.ok_or_else(|| Failure::argument(argument, "must not be NULL"))
}

/// A string that may be NULL.
///
/// # Safety
/// `text` is NULL or a NUL-terminated string that stays as it is during the call.
pub unsafe fn optional_text<'a>(argument: &str, text: *const c_char) -> Result<Option<&'a str>> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: not NULL, and the caller's promise.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map(Some).map_err(|_| Failure::argument(argument, "must be valid UTF-8"))
}

/// A required handle.
///
/// # Safety
/// `handle` is NULL or points to a live `T` that is not freed during the call.
pub unsafe fn handle<'a, T>(argument: &str, handle: *const T) -> Result<&'a T> {
    // SAFETY: the caller's promise.
    let handle = unsafe { handle.as_ref() };
    handle.ok_or_else(|| Failure::argument(argument, "must not be NULL"))
}

/// A required place for a result.
pub fn out<T>(argument: &str, out: *mut T) -> Result<()> {
    if out.is_null() { Err(Failure::argument(argument, "must not be NULL")) } else { Ok(()) }
}

/// Bytes; NULL is fine when there are none.
///
/// # Safety
/// `data` is NULL or points to `len` bytes that stay as they are during the call.
pub unsafe fn bytes<'a>(argument: &str, data: *const u8, len: usize) -> Result<&'a [u8]> {
    match (data.is_null(), len) {
        (_, 0) => Ok(&[]),
        (true, _) => Err(Failure::argument(argument, "must not be NULL when len is not 0")),
        (false, _) if len > isize::MAX as usize => {
            Err(Failure::argument("len", "must not be larger than the address space"))
        }
        // SAFETY: not NULL, of a possible length, and the caller's promise.
        (false, _) => Ok(unsafe { slice::from_raw_parts(data, len) }),
    }
}
