//! Forwards a call to its operation, as most calls need it: C arguments in, a code and a reply out.

use std::ffi::{c_char, c_int};

use super::client::cos_client;
use super::guard;
use super::input::{handle, optional_text, text};
use super::transfer::{cos_transfer, watch};
use crate::client::Client;
use crate::reply::{Reply, Result};
use crate::threads::Watch;

type OnPaths = fn(&Client, &str, &str, Option<&str>) -> Result<Reply>;
type ToPath = fn(&Client, &str, &str, &str, Option<&str>) -> Result<Reply>;
type WithLocalPath = fn(&Client, &str, &str, &str, Option<&str>, Watch) -> Result<Reply>;

/// A call on one file or folder.
///
/// # Safety
/// The pointers are as `cos.h` asks for.
pub unsafe fn on_path(
    client: *const cos_client,
    bucket: *const c_char,
    cos_path: *const c_char,
    options: *const c_char,
    out_json: *mut *mut c_char,
    operation: OnPaths,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe { on_paths(client, bucket, ("cos_path", cos_path), options, out_json, operation) }
}

/// A call on what an argument with a name of its own says of a bucket.
///
/// # Safety
/// The pointers are as `cos.h` asks for.
pub unsafe fn on_paths(
    client: *const cos_client,
    bucket: *const c_char,
    (argument, paths): (&str, *const c_char),
    options: *const c_char,
    out_json: *mut *mut c_char,
    operation: OnPaths,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        guard::reply(out_json, || {
            let client = handle("client", client)?.core();
            let (bucket, paths) = (text("bucket", bucket)?, text(argument, paths)?);
            let options = optional_text("options", options)?;
            operation(client, bucket, paths, options)
        })
    }
}

/// A call on a file and another place in the bucket.
///
/// # Safety
/// The pointers are as `cos.h` asks for.
pub unsafe fn to_path(
    client: *const cos_client,
    bucket: *const c_char,
    cos_path: *const c_char,
    dest_path: *const c_char,
    options: *const c_char,
    out_json: *mut *mut c_char,
    operation: ToPath,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        guard::reply(out_json, || {
            let client = handle("client", client)?.core();
            let (bucket, cos_path) = (text("bucket", bucket)?, text("cos_path", cos_path)?);
            let dest_path = text("dest_path", dest_path)?;
            let options = optional_text("options", options)?;
            operation(client, bucket, cos_path, dest_path, options)
        })
    }
}

/// A transfer between a path in the bucket and one on the local disk.
///
/// # Safety
/// The pointers are as `cos.h` asks for.
#[allow(clippy::too_many_arguments)]
pub unsafe fn with_local_path(
    client: *const cos_client,
    bucket: *const c_char,
    cos_path: *const c_char,
    local_path: *const c_char,
    options: *const c_char,
    transfer: *mut cos_transfer,
    out_json: *mut *mut c_char,
    operation: WithLocalPath,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        guard::reply(out_json, || {
            let client = handle("client", client)?.core();
            let (bucket, cos_path) = (text("bucket", bucket)?, text("cos_path", cos_path)?);
            let local_path = text("local_path", local_path)?;
            let options = optional_text("options", options)?;
            operation(client, bucket, cos_path, local_path, options, watch(transfer))
        })
    }
}
