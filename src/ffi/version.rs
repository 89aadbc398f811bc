//! The version, and what codes are called.

use std::ffi::{CStr, c_char, c_int};

use super::guard;
use crate::reply::code;

const VERSION: &CStr =
    match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => c"",
    };

const ABI_VERSION: c_int = {
    let digit = env!("COS_ABI_VERSION").as_bytes();
    assert!(digit.len() == 1 && digit[0].is_ascii_digit());
    (digit[0] - b'0') as c_int
};

/// The version of the library that is loaded, such as "0.1.0".
///
/// @return A static string; not to be freed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn cos_version() -> *const c_char {
    VERSION.as_ptr()
}

/// The version of the binary interface that the loaded library has. It equals COS_ABI_VERSION of
/// the header that a program was compiled with, or the program must be compiled anew. On ELF
/// systems it is the number behind `libcos.so`.
///
/// @return The number. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn cos_abi_version() -> c_int {
    ABI_VERSION
}

/// The name of a code as it is spelled in this header.
///
/// @param code  What a call returned.
/// @return A static string such as "COS_ERR_NOT_FOUND"; not to be freed. "COS_ERR_SERVER" for a
///         server's code that has no name here. Never NULL. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn cos_code_name(code: c_int) -> *const c_char {
    guard::value(c"COS_ERR_SERVER", || code::name(code)).as_ptr()
}
