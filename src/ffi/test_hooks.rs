//! What tests have to provoke because it must not happen. Never part of a library that is shipped.

use std::ffi::{c_char, c_int};

use super::client::cos_client;
use super::guard;
use super::input::handle;
use crate::options::Options;
use crate::threads;
use crate::transfer::Transfer;

/// Panics on a thread of a call.
#[unsafe(no_mangle)]
#[allow(clippy::panic)]
pub unsafe extern "C" fn cos_test_panic(
    client: *const cos_client,
    out_json: *mut *mut c_char,
) -> c_int {
    // SAFETY: pointers are as with any other function.
    unsafe {
        guard::reply(out_json, || {
            let client = handle("client", client)?.core();
            let call = client.snapshot().call(&mut Options::default(), client.stop(None))?;
            let on_progress: threads::OnProgress = Box::new(|_, _| true);
            let transfer = Transfer::default();
            threads::watched(&call.stop, call.log(), &transfer, Some(on_progress), || {
                panic!("a test wanted it")
            })
        })
    }
}
