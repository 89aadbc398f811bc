//! Signatures and signed URLs.

use std::ffi::{c_char, c_int};

use super::client::cos_client;
use super::guard;
use super::input::{handle, optional_text, text};
use crate::ops::sign;

/// Makes a reusable signature for uploads, stats, lists and creations at a path, to hand to another
/// program. It is sent as the header `Authorization`.
///
/// @param client    The client whose credentials sign.
/// @param bucket    The bucket, without the appid.
/// @param cos_path  The file or folder the signature is for.
/// @param expired   When it ends: seconds from now up to 7776000 (90 days), or a UNIX timestamp.
///                  Not 0, not in the past, not more than 90 days ahead.
/// @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
/// @return 0 with `data.sign`, or -1 when an argument is refused. Does not block. Any thread.
///
/// JSON API: the "multi" signature. The XML API has none that is for more than one kind of request:
/// -1, with `error.argument` "api"; cos_sign_url() is what there is.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_sign_more(
    client: *const cos_client,
    bucket: *const c_char,
    cos_path: *const c_char,
    expired: i64,
    out_json: *mut *mut c_char,
) -> c_int {
    // SAFETY: pointers are as this function's contract says.
    unsafe {
        guard::reply(out_json, || {
            let client = handle("client", client)?.core();
            sign::more(client, text("bucket", bucket)?, text("cos_path", cos_path)?, expired)
        })
    }
}

/// Makes a signature for a single delete, update or move of a file or folder, to hand to another
/// program. It is sent as the header `Authorization`, and a second use of it is refused.
///
/// @param client    The client whose credentials sign.
/// @param bucket    The bucket, without the appid.
/// @param cos_path  The file or folder the signature is for.
/// @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
/// @return 0 with `data.sign`, or -1 when an argument is refused. Does not block. Any thread.
///
/// JSON API: the "once" signature. XML API: -1, with `error.argument` "api"; see cos_sign_url().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_sign_once(
    client: *const cos_client,
    bucket: *const c_char,
    cos_path: *const c_char,
    out_json: *mut *mut c_char,
) -> c_int {
    // SAFETY: pointers are as this function's contract says.
    unsafe {
        guard::reply(out_json, || {
            let client = handle("client", client)?.core();
            sign::once(client, text("bucket", bucket)?, text("cos_path", cos_path)?)
        })
    }
}

/// Makes a signature for downloads of a file, and a URL that carries it: ready to be fetched by a
/// browser or any HTTP client.
///
/// @param client    The client whose credentials sign.
/// @param bucket    The bucket, without the appid.
/// @param cos_path  The file; a folder can't be downloaded.
/// @param expired   When it ends: seconds from now up to 7776000 (90 days), or a UNIX timestamp.
///                  Not 0, not in the past, not more than 90 days ahead.
/// @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
/// @return 0 with `data.sign` (plain, as for the header `Authorization`) and `data.url` (with
///         the signature in its query), or -1 when an argument is refused. Whether the
///         file exists is not checked. Does not block. Any thread.
///
/// JSON API: the "download" signature. XML API: a presigned URL for `GET Object`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_sign_download(
    client: *const cos_client,
    bucket: *const c_char,
    cos_path: *const c_char,
    expired: i64,
    out_json: *mut *mut c_char,
) -> c_int {
    // SAFETY: pointers are as this function's contract says.
    unsafe {
        guard::reply(out_json, || {
            let client = handle("client", client)?.core();
            sign::download(client, text("bucket", bucket)?, text("cos_path", cos_path)?, expired)
        })
    }
}

/// Makes a URL that carries a signature for requests of one kind: a browser or any HTTP client that
/// has it can download, upload or delete one file, without keys. For an upload from a browser, send
/// the content with `PUT` to the URL, and the headers of `data.headers` as they are.
///
/// @param client    The client whose credentials sign.
/// @param method    "GET", "HEAD", "PUT", "POST", "DELETE" or "OPTIONS". The JSON API has URLs for
///                  "GET" alone.
/// @param bucket    The bucket, without the appid.
/// @param cos_path  The file, or a folder; "/" for the bucket itself.
/// @param expired   When it ends: seconds from now up to 7776000 (90 days), or a UNIX timestamp.
///                  Not 0, not in the past, not more than 90 days ahead. With temporary keys the URL
///                  ends with them at the latest.
/// @param options   JSON object or NULL; the keys are listed below.
/// @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
///
/// Options (default), for the XML API:
/// - `params` ({}): object of parameters that become part of the URL and are signed, such as
///   `{"response-content-disposition": "attachment; filename=a.txt"}`. A parameter that is there
///   several times has an array of strings.
/// - `headers` ({}): object of headers that are signed: whoever uses the URL has to send them with
///   the same values, such as `{"Content-Type": "image/png"}`. Without it only the host is signed,
///   and other headers may be sent as well.
///
/// @return 0 with `data.url` and `data.headers` (what has to be sent with it), or -1 when an argument
///         is refused. Whether the file exists is not checked. Does not block. Any thread.
///
/// JSON API: the "download" signature. XML API: a presigned URL for that operation.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_sign_url(
    client: *const cos_client,
    method: *const c_char,
    bucket: *const c_char,
    cos_path: *const c_char,
    expired: i64,
    options: *const c_char,
    out_json: *mut *mut c_char,
) -> c_int {
    // SAFETY: pointers are as this function's contract says.
    unsafe {
        guard::reply(out_json, || {
            sign::url(
                handle("client", client)?.core(),
                text("method", method)?,
                text("bucket", bucket)?,
                text("cos_path", cos_path)?,
                expired,
                optional_text("options", options)?,
            )
        })
    }
}
