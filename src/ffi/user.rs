//! The pointer that the program's functions get back.

use std::ffi::c_void;

/// The program's pointer beside a callback. It is only ever handed back, on the thread of a call.
#[derive(Clone, Copy)]
pub struct User(pub *mut c_void);

// SAFETY: the library never looks at what it points to.
unsafe impl Send for User {}

// SAFETY: the library never looks at what it points to.
unsafe impl Sync for User {}
