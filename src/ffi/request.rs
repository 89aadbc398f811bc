//! Requests that the program composes, and the list of the buckets.

use std::ffi::{c_char, c_int};

use super::client::cos_client;
use super::guard;
use super::input::{bytes, handle, optional_text, text};
use crate::ops::request::{self, Arguments};

/// Lists the buckets of the account, of all regions; where the client has a `hostname`, those that
/// this server tells of.
///
/// @param client    The client, of the XML API.
/// @param options   JSON object or NULL: `timeout_ms`, `retries` for this call.
/// @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
/// @return 0 with `data.buckets`, an array of objects with `name` (as the argument `bucket` takes it),
///         `full_name` (with the appid), `region` and `ctime` (UNIX seconds).
/// @retval COS_ERR_PARAM  With `error.argument` "api": the JSON API has no such operation.
/// @retval COS_ERR_ACCESS_DENIED  These keys may not list buckets.
///
/// Blocks until the reply is there. Any thread. XML API: `GET Service`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_list_buckets(
    client: *const cos_client,
    options: *const c_char,
    out_json: *mut *mut c_char,
) -> c_int {
    // SAFETY: pointers are as this function's contract says.
    unsafe {
        guard::reply(out_json, || {
            let client = handle("client", client)?.core();
            request::list_buckets(client, optional_text("options", options)?)
        })
    }
}

/// Sends a request that no other function has, such as `PUT /a.txt?tagging`, and hands on the
/// answer. It is signed with all its headers and parameters, repeated after failures that pass (a
/// POST, or a request with the header `x-cos-forbid-overwrite`, only if the server can't have seen it),
/// and refusals become codes as with every call. With a body goes its MD5 as `Content-MD5`, unless
/// `headers` has that.
///
/// @param client    The client, of the XML API.
/// @param method    "GET", "HEAD", "PUT", "POST", "DELETE" or "OPTIONS".
/// @param bucket    The bucket, without the appid; NULL for a request that is not about a bucket.
/// @param cos_path  The file or folder; NULL or "/" for the bucket itself.
/// @param params    JSON object of parameters, or NULL: `{"acl": ""}` is `?acl`. A parameter that is
///                  there several times has an array of strings.
/// @param headers   JSON object of headers, or NULL, such as `{"Content-Type": "application/xml"}`.
/// @param body      The bytes to send with a PUT or POST, borrowed for the call. May be NULL if `len`
///                  is 0.
/// @param len       The number of bytes; 0 for methods other than PUT and POST.
/// @param options   JSON object or NULL: `timeout_ms`, `retries` for this call.
/// @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
/// @return 0 with `data.status` (HTTP status), `data.headers` (an object, names in lower case) and
///         `data.body`, a string; where that is not UTF-8, `data.body_base64` instead.
/// @retval COS_ERR_PARAM  An argument is refused; with `error.argument` "api": the JSON API has no
///         such requests.
/// @retval COS_ERR_NETWORK  The answer is not one of the XML API, or has more than 16 MiB: larger files
///         are for cos_download_file().
/// @retval COS_ERR_INTEGRITY  What was sent or received does not have the CRC-64 that the server
///         states.
/// @retval COS_ERR_REFUSED  The server refused, with a word that has no number of its own:
///         `error.server_code`. An answer that is not modified (304) is one.
///
/// Blocks until the answer is there. Any thread. XML API: any operation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_request(
    client: *const cos_client,
    method: *const c_char,
    bucket: *const c_char,
    cos_path: *const c_char,
    params: *const c_char,
    headers: *const c_char,
    body: *const u8,
    len: usize,
    options: *const c_char,
    out_json: *mut *mut c_char,
) -> c_int {
    // SAFETY: pointers are as this function's contract says.
    unsafe {
        guard::reply(out_json, || {
            let client = handle("client", client)?.core();
            let arguments = Arguments {
                method: text("method", method)?,
                bucket: optional_text("bucket", bucket)?,
                cos_path: optional_text("cos_path", cos_path)?,
                params: optional_text("params", params)?,
                headers: optional_text("headers", headers)?,
                body: bytes("body", body, len)?,
            };
            request::send(client, &arguments, optional_text("options", options)?)
        })
    }
}
