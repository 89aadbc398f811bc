//! Readers of the JSON that replies are, and strings for the JSON of options.

use std::borrow::Cow;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;

use super::{guard, input};
use crate::reply::{json, write};

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
        let found = unsafe { find(json, pointer, json::at) };
        let mut text = Vec::new();
        if found.and_then(|value| terminated(&plain(value)?, &mut text)).is_none() {
            return ptr::null_mut();
        }
        CString::from_vec_with_nul(text).map_or(ptr::null_mut(), CString::into_raw)
    })
}

/// A string unescaped, any other value as it is; `None` for half a surrogate pair.
fn plain(value: &str) -> Option<Cow<'_, str>> {
    if value.starts_with('"') { json::unquote(value) } else { Some(value.into()) }
}

/// A text for C, in `buffer`; `None` for what C can't hold.
fn terminated<'b>(text: &str, buffer: &'b mut Vec<u8>) -> Option<&'b CStr> {
    buffer.clear();
    buffer.reserve_exact(text.len() + 1);
    buffer.extend_from_slice(text.as_bytes());
    buffer.push(0);
    CStr::from_bytes_with_nul(buffer).ok()
}

/// Writes text as a JSON string, quotes included, for options that a program puts together.
///
/// @param text  Any text in UTF-8.
/// @return The JSON string, to be freed with cos_string_free(); NULL when `text` is NULL or not
///         UTF-8. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_json_quote(text: *const c_char) -> *mut c_char {
    guard::value(ptr::null_mut(), || {
        // SAFETY: the pointer is as this function's contract says.
        let text = unsafe { input::text("text", text) };
        // In JSON no character is U+0000.
        let quoted = text.ok().and_then(|text| CString::new(write::text_of(text)).ok());
        quoted.map_or(ptr::null_mut(), CString::into_raw)
    })
}

/// Reads a whole number from a reply, however it is written: 5, 5.0, 5e0, or any of them in a string,
/// as some servers send their numbers.
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
        let found = unsafe { find(json, pointer, json::at) };
        match found.and_then(json::whole).and_then(|number| number.try_into().ok()) {
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
        let length = unsafe { find(json, pointer, json::length) };
        length.and_then(|length| i64::try_from(length).ok()).unwrap_or(-1)
    })
}

/// Takes an element of an array or a field of an object. Returns 0 to go on, anything else to stop.
///
/// `key` is the name of the field, NULL in an array; `value` is a string unescaped, any other value
/// as its JSON text. Either is NULL where it is a string that can't be told in C: with U+0000 or
/// half a surrogate pair in it. They are valid until it returns. It must return to its caller: no
/// longjmp, no exception.
#[allow(non_camel_case_types)]
pub type cos_each_fn = Option<
    unsafe extern "C" fn(key: *const c_char, value: *const c_char, user: *mut c_void) -> c_int,
>;

/// Goes through an array or an object in a reply, in order. However long a list is, this takes one
/// pass over it, where every pointer such as "/data/infos/198" is followed from the start.
///
/// ```c
/// static int print(const char *key, const char *entry, void *user)
/// {
///     char *name = cos_json_string(entry, "/name");
///     puts(name);
///     cos_string_free(name);
///     return 0;
/// }
/// ...
/// cos_json_each(json, "/data/infos", print, NULL);
/// ```
///
/// @param json     JSON text, such as a reply.
/// @param pointer  RFC 6901 pointer to the array, such as "/data/infos".
/// @param fn       Takes the elements, on the calling thread.
/// @param user     Handed to `fn` as it is; may be any value.
/// @return How often `fn` was called, or -1 when there is no array or object there, or another
///         argument is NULL. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_json_each(
    json: *const c_char,
    pointer: *const c_char,
    r#fn: cos_each_fn,
    user: *mut c_void,
) -> i64 {
    guard::value(-1, || {
        // SAFETY: pointers are as this function's contract says.
        let elements = unsafe { find(json, pointer, json::elements) };
        let (Some(elements), Some(each)) = (elements, r#fn) else {
            return -1;
        };
        let mut calls = 0;
        let (mut key_for_c, mut value_for_c) = (Vec::new(), Vec::new());
        for (key, value) in elements {
            let key = key.as_ref().and_then(|key| terminated(key, &mut key_for_c));
            let value = plain(value).and_then(|value| terminated(&value, &mut value_for_c));
            let pointer = |text: Option<&CStr>| text.map_or(ptr::null(), CStr::as_ptr);
            calls += 1;
            // SAFETY: it is a function of this type, as this function's contract says.
            if unsafe { each(pointer(key), pointer(value), user) } != 0 {
                break;
            }
        }
        calls
    })
}

/// What `look` finds in JSON text behind a pointer.
///
/// # Safety
/// Both are NULL or NUL-terminated strings that stay as they are during the call.
unsafe fn find<'a, T>(
    json: *const c_char,
    pointer: *const c_char,
    look: impl FnOnce(&'a str, &'a str) -> Option<T>,
) -> Option<T> {
    // SAFETY: the caller's promise.
    let (json, pointer) =
        unsafe { (input::text("json", json).ok()?, input::text("pointer", pointer).ok()?) };
    look(json, pointer)
}

/// Frees a string that the library handed out through `out_json` or returned as a `char *`. Never
/// use free() for it. NULL is ignored. Any thread.
///
/// @param string  The string, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_string_free(string: *mut c_char) {
    if !string.is_null() {
        // SAFETY: it came from this library and is freed once.
        guard::value((), || drop(unsafe { CString::from_raw(string) }));
    }
}
