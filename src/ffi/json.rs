use std::ffi::{c_char, c_int};
use std::ptr;

use super::guard;
use super::input::text;
use crate::json;

/// Reads a value from a reply, so that a C program needs no JSON library.
///
/// @param json     JSON text, such as a reply.
/// @param pointer  RFC 6901 pointer to the value, such as "/data/infos/0/name". "" is the whole.
/// @return The value, to be freed with cos_string_free(): a string unescaped, any other value as
///         its JSON text. NULL when there is no such value, when an argument is NULL or not UTF-8,
///         when `json` is not JSON up to there, or when the string contains U+0000. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_json_string(
    json: *const c_char,
    pointer: *const c_char,
) -> *mut c_char {
    guard::value(ptr::null_mut(), || {
        // SAFETY: pointers are as this function's contract says.
        let found = unsafe { find(json, pointer) };
        found.map_or(ptr::null_mut(), |value| match serde_json::from_str::<String>(value) {
            Ok(string) => guard::into_c(string),
            Err(_) if value.starts_with('"') => ptr::null_mut(),
            Err(_) => guard::into_c(value.to_owned()),
        })
    })
}

/// Reads a whole number from a reply.
///
/// @param json     JSON text, such as a reply.
/// @param pointer  RFC 6901 pointer to the number, such as "/data/filesize".
/// @param out      Receives the number; left alone on failure.
/// @return 0, or -1 when there is no whole number that fits there, or an argument is NULL. Any
///         thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_json_int(
    json: *const c_char,
    pointer: *const c_char,
    out: *mut i64,
) -> c_int {
    guard::value(-1, || {
        // SAFETY: pointers are as this function's contract says.
        let found = unsafe { find(json, pointer) };
        match found.and_then(|value| serde_json::from_str(value).ok()) {
            Some(number) if !out.is_null() => {
                // SAFETY: not NULL, and as this function's contract says.
                unsafe { guard::put(out, number) };
                0
            }
            _ => -1,
        }
    })
}

/// Counts the elements of an array, or the fields of an object, in a reply.
///
/// @param json     JSON text, such as a reply.
/// @param pointer  RFC 6901 pointer to the array, such as "/data/infos".
/// @return The number, or -1 when there is no array or object there, or an argument is NULL. Any
///         thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_json_length(json: *const c_char, pointer: *const c_char) -> i64 {
    guard::value(-1, || {
        // SAFETY: pointers are as this function's contract says.
        let found = unsafe { find(json, pointer) };
        let length = found.and_then(json::length);
        length.and_then(|length| i64::try_from(length).ok()).unwrap_or(-1)
    })
}

/// # Safety
/// Both are NULL or NUL-terminated strings that stay as they are during the call.
unsafe fn find<'a>(json: *const c_char, pointer: *const c_char) -> Option<&'a str> {
    // SAFETY: the caller's promise.
    let (json, pointer) = unsafe { (text("json", json).ok()?, text("pointer", pointer).ok()?) };
    json::at(json, pointer)
}

/// Frees a string that the library handed out through `out_json` or returned as a `char *`. Never
/// use free() for it. NULL is ignored. Any thread.
///
/// @param string  The string, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_string_free(string: *mut c_char) {
    if !string.is_null() {
        // SAFETY: it came from this library and is freed once.
        drop(unsafe { std::ffi::CString::from_raw(string) });
    }
}
