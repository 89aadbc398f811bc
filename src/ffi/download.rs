//! Downloads: to a file, to memory, to the program's function.

use std::ffi::{c_char, c_int, c_void};
use std::ptr;

use super::client::cos_client;
use super::forward::with_local_path;
use super::guard;
use super::input::{handle, optional_text, out, text};
use super::transfer::{cos_transfer, watch};
use crate::ops::download;
use crate::reply::Failure;

/// Takes bytes of a download, in order. Returns 0 to go on, anything else to cancel the call.
///
/// It is called on the thread that made the call, only during the call. `data` is valid until it
/// returns. It must return to its caller: no longjmp, no exception.
#[allow(non_camel_case_types)]
pub type cos_write_fn =
    Option<unsafe extern "C" fn(data: *const u8, len: usize, user: *mut c_void) -> c_int>;

/// Downloads a file to a local file. Large files travel in several ranges at a time. Memory does
/// not grow with the file.
///
/// The bytes are collected in a hidden file beside the destination (`.NAME.cos-partial`), checked,
/// and renamed: at `local_path` there is the old file or the whole new one, whatever happens. A
/// download that was broken off, even by a crash, is continued by the same call as long as the
/// file on the server is the same. A file that is replaced on the server meanwhile is fetched anew.
///
/// A replaced file hands its mode on, and owner, group and access list as far as the process may;
/// what can't be handed on is given to nobody else, and the bits that let a program run as its owner
/// are dropped. A link at `local_path` stays, and the file that it leads to is replaced. On a file
/// system without locks, no two calls may have one destination at a time.
///
/// On Windows it hands on its access list and whether it is hidden. One that is read-only is refused.
/// One that another program has open, and does not share for deletion, is tried for three seconds and
/// then refused, before anything is sent or when all has come; then the same call continues.
///
/// @param client      The client.
/// @param bucket      The bucket, without the appid; private and public buckets are alike.
/// @param cos_path    The file to download.
/// @param local_path  The file to write, in UTF-8. Its directory must exist.
/// @param options     JSON object or NULL; the keys are listed below.
/// @param transfer    To follow or stop the download; NULL if neither is needed. Borrowed.
/// @param out_json    Receives the reply, to be freed with cos_string_free(). May be NULL.
///
/// Options (default):
/// - `overwrite` (true): false never replaces a file: a `local_path` that exists is refused.
/// - `range_start` (0), `range_end` (the last): first and last byte wanted, counted from 0. The
///   local file gets just these. A part of a file is not checked against the sum of the whole.
/// - `concurrency` (4): ranges under way at a time, 1 to 64, each on a connection of its own.
/// - `verify_sha1` (true): check the SHA-1 that the server states; with the XML API, the CRC-64.
/// - `resume` (true): continue a download that was broken off; false starts anew and keeps nothing.
/// - `listed` (none): what a list has shown of the file, an entry of `data.infos`. If `local_path` has
///   that content already, nothing is fetched; `transfer.unchanged` tells. With the JSON API the size
///   and the SHA-1 are not asked for again.
/// - `fetch` (true): with `listed`, false only compares; no local file is written.
/// - `traffic_limit` (none): bits a second, 819200 to 838860800, for each request; with the XML API
///   alone.
/// - `timeout_ms`, `retries`: for this call, a request at a time.
///
/// @return 0 without `data`. Also on failure, `transfer` has `bytes` (size of the file or range),
///         `received_bytes` (over the wire), `resumed_bytes` (kept from earlier calls), `verified`
///         (the bytes have the sum that the server states; false where it states none, for a range,
///         and without `verify_sha1`), that sum as `sha1` or `crc64`, with the XML API `etag`,
///         `seconds`.
/// @retval COS_ERR_NOT_FOUND  No such file.
/// @retval COS_ERR_NETWORK  JSON API: the download host refuses, with `error.http_status`.
/// @retval COS_ERR_INTEGRITY  Wrong bytes arrived, or the file keeps changing; nothing is kept.
/// @retval COS_ERR_LOCAL_IO  Writing failed, such as on a full disk or at the process's limit of
///         file size.
/// @retval COS_ERR_PARAM  With `error.argument` "local_path": it can't be written there. Nothing
///         was sent, unless it came to be so, or was opened, during the call.
/// @retval COS_ERR_CANCELLED  The caller wanted it.
///
/// Blocks until the file is complete. Any thread; starts threads and ends them before it returns.
/// JSON API: `op=stat` and download; with `listed` no `op=stat`, but `op=upload_slice_list` where the
/// contents are the same. XML API: `GET Object`; to continue a download, and where its answer or the
/// list does not tell what the file is, `HEAD Object` as well.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_download_file(
    client: *const cos_client,
    bucket: *const c_char,
    cos_path: *const c_char,
    local_path: *const c_char,
    options: *const c_char,
    transfer: *mut cos_transfer,
    out_json: *mut *mut c_char,
) -> c_int {
    // SAFETY: pointers are as this function's contract says.
    unsafe {
        with_local_path(
            client,
            bucket,
            cos_path,
            local_path,
            options,
            transfer,
            out_json,
            download::file,
        )
    }
}

/// Downloads a file into memory that the library allocates.
///
/// @param client    The client.
/// @param bucket    The bucket, without the appid.
/// @param cos_path  The file to download.
/// @param options   JSON object or NULL: `range_start`, `range_end`, `concurrency`, `verify_sha1`,
///                  `traffic_limit`, `timeout_ms`, `retries` as with cos_download_file().
/// @param transfer  To follow or stop the download; NULL if neither is needed. Borrowed.
/// @param out_data  Receives the bytes, to be freed with cos_buffer_free(); NULL for an empty file
///                  and on failure.
/// @param out_len   Receives their number; 0 on failure.
/// @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
/// @return As cos_download_file().
/// @retval COS_ERR_LOCAL_IO  There is not so much memory.
///
/// Blocks until all bytes are there. Any thread.
/// JSON API: `op=stat` and download. XML API: `GET Object`; where its answer does not tell what the
/// file is, `HEAD Object` as well.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_download_buffer(
    client: *const cos_client,
    bucket: *const c_char,
    cos_path: *const c_char,
    options: *const c_char,
    transfer: *mut cos_transfer,
    out_data: *mut *mut u8,
    out_len: *mut usize,
    out_json: *mut *mut c_char,
) -> c_int {
    // SAFETY: pointers are as this function's contract says.
    unsafe {
        guard::put(out_data, ptr::null_mut());
        guard::put(out_len, 0);
        guard::reply(out_json, || {
            out("out_data", out_data)?;
            out("out_len", out_len)?;
            let (answer, data) = download::buffer(
                handle("client", client)?.core(),
                text("bucket", bucket)?,
                text("cos_path", cos_path)?,
                optional_text("options", options)?,
                watch(transfer),
            )?;
            if !data.is_empty() {
                guard::put(out_len, data.len());
                guard::put(out_data, Box::into_raw(data.into_boxed_slice()).cast());
            }
            Ok(answer)
        })
    }
}

/// Downloads a file through a callback, in order, a piece at a time.
///
/// The bytes can be checked against the server's sum only at the end: until the call has
/// returned 0, what the callback was given is not known to be right.
///
/// @param client    The client.
/// @param bucket    The bucket, without the appid.
/// @param cos_path  The file to download.
/// @param options   JSON object or NULL: `range_start`, `range_end`, `verify_sha1`,
///                  `traffic_limit`, `timeout_ms`, `retries` as with cos_download_file();
///                  `concurrency` is accepted and 1.
/// @param transfer  To follow or stop the download; NULL if neither is needed. Borrowed.
/// @param write     Takes the bytes.
/// @param user      Handed to `write` as it is; may be any value.
/// @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
/// @return As cos_download_file().
/// @retval COS_ERR_CANCELLED  `write` returned something else than 0.
///
/// Blocks until all bytes were taken. Any thread; starts one thread and ends it before it returns.
/// JSON API: `op=stat` and download. XML API: `GET Object`; where its answer does not tell what the
/// file is, `HEAD Object` as well.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_download_stream(
    client: *const cos_client,
    bucket: *const c_char,
    cos_path: *const c_char,
    options: *const c_char,
    transfer: *mut cos_transfer,
    write: cos_write_fn,
    user: *mut c_void,
    out_json: *mut *mut c_char,
) -> c_int {
    // SAFETY: pointers are as this function's contract says.
    unsafe {
        guard::reply(out_json, || {
            let client = handle("client", client)?.core();
            let (bucket, cos_path) = (text("bucket", bucket)?, text("cos_path", cos_path)?);
            let write = write.ok_or_else(|| Failure::argument("write", "must not be NULL"))?;
            download::stream(
                client,
                bucket,
                cos_path,
                optional_text("options", options)?,
                watch(transfer),
                &mut |data| write(data.as_ptr(), data.len(), user) == 0,
            )
        })
    }
}

/// Frees what cos_download_buffer() handed out. Never use free() for it. NULL is ignored. Any
/// thread.
///
/// @param data  The bytes, or NULL.
/// @param len   Their number, as it was handed out.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_buffer_free(data: *mut u8, len: usize) {
    // SAFETY: it is NULL, or came from cos_download_buffer with this length and is freed once.
    unsafe { guard::free(ptr::slice_from_raw_parts_mut(data, len)) }
}
