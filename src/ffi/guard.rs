//! What every exported function goes through: panics stop here, the thread is not cancelled midway,
//! and answers become C strings.

use std::any::Any;
use std::ffi::{CString, c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use memchr::memchr;

use crate::os;
use crate::reply::{Failure, Reply, Result};

#[cfg(not(panic = "unwind"))]
compile_error!("libcos must be able to catch its own panics: build it with panic = \"unwind\"");

/// Runs the body of a call: its code is returned, its JSON goes to `out_json`.
///
/// # Safety
/// `out_json` is NULL or may be written to.
pub unsafe fn reply(out_json: *mut *mut c_char, body: impl FnOnce() -> Result<Reply>) -> c_int {
    let _cancellation = os::hold_cancellation();
    // SAFETY: the caller's promise.
    unsafe { put(out_json, ptr::null_mut()) };
    let result = os::forgetting(|| catch_unwind(AssertUnwindSafe(body)))
        .unwrap_or_else(|panic| Err(internal(&*panic)));
    let reply = result.unwrap_or_else(Reply::from);
    if out_json.is_null() {
        return reply.code;
    }
    let (code, json) = match into_c(reply.json) {
        Ok(json) => (reply.code, Some(json)),
        Err(failure) => {
            let reply = Reply::from(failure);
            (reply.code, into_c(reply.json).ok())
        }
    };
    // SAFETY: the caller's promise.
    unsafe { put(out_json, json.map_or(ptr::null_mut(), CString::into_raw)) };
    code
}

/// Runs a body that returns a plain value; `fallback` is for a panic.
pub fn value<T>(fallback: T, body: impl FnOnce() -> T) -> T {
    let _cancellation = os::hold_cancellation();
    catch_unwind(AssertUnwindSafe(body)).unwrap_or(fallback)
}

/// Frees what the library handed out in a box. NULL is ignored.
///
/// # Safety
/// `pointer` is NULL, or came from `Box::into_raw` and is freed once.
pub unsafe fn free<T: ?Sized>(pointer: *mut T) {
    if !pointer.is_null() {
        // SAFETY: the caller's promise.
        value((), || drop(unsafe { Box::from_raw(pointer) }));
    }
}

/// Writes through an out pointer, if there is one.
///
/// # Safety
/// `out` is NULL or may be written to.
pub unsafe fn put<T>(out: *mut T, value: T) {
    if !out.is_null() {
        // SAFETY: the caller's promise.
        unsafe { out.write(value) };
    }
}

/// A string for C. JSON text has no NUL in it.
fn into_c(text: String) -> Result<CString> {
    let mut bytes = text.into_bytes();
    let len = bytes.len() + 1;
    bytes.try_reserve_exact(1).map_err(|_| Failure::no_memory(len))?;
    if memchr(0, &bytes).is_some() {
        return Err(Failure::internal("a reply with NUL"));
    }
    // SAFETY: there is no NUL in it.
    Ok(unsafe { CString::from_vec_unchecked(bytes) })
}

fn internal(panic: &(dyn Any + Send)) -> Box<Failure> {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no details");
    Failure::internal(text)
}
