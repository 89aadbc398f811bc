//! Files: stat, update, move, copy, delete.

use std::ffi::{c_char, c_int};

use super::client::cos_client;
use super::forward::{on_path, on_paths, to_path};
use crate::ops::file;

/// Asks what the service knows of a file.
///
/// @param client    The client.
/// @param bucket    The bucket, without the appid.
/// @param cos_path  The file, such as "/docs/report.txt".
/// @param options   JSON object or NULL: `with_authority` (true), whether to ask who may read the file,
///                  which with the XML API is a request of its own; `timeout_ms`, `retries` for this
///                  call.
/// @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
/// @return 0 with `data.filesize`, `data.filelen` (smaller while an upload is unfinished),
///         `data.sha`, `data.biz_attr`, `data.authority`, `data.forbid`, `data.custom_headers`,
///         `data.ctime`, `data.mtime` (UNIX seconds), `data.access_url`, `data.source_url`; with the
///         XML API also `data.crc64`, `data.etag`, `data.storage_class`, `data.version_id`, of an
///         archived file `data.restoring` (true) or `data.restored_until` (UNIX seconds), without
///         `data.forbid`, and without `data.authority` if this key may not ask for it or
///         `with_authority` is false.
/// @retval COS_ERR_NOT_FOUND  No such file.
/// @retval COS_ERR_NO_BUCKET  No such bucket.
///
/// Blocks until the server has answered. Any thread.
/// JSON API: `op=stat`. XML API: `HEAD Object`, `GET Object acl`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_stat_file(
    client: *const cos_client,
    bucket: *const c_char,
    cos_path: *const c_char,
    options: *const c_char,
    out_json: *mut *mut c_char,
) -> c_int {
    // SAFETY: pointers are as this function's contract says.
    unsafe { on_path(client, bucket, cos_path, options, out_json, file::stat) }
}

/// Changes attributes of a file. What is not given stays as it is, with one exception: **all custom
/// headers are replaced together**. An update that gives one of the five headers or an
/// `x-cos-meta-...` removes all those that it does not give.
///
/// @param client    The client.
/// @param bucket    The bucket, without the appid.
/// @param cos_path  The file.
/// @param options   JSON object that gives at least one attribute; the keys are listed below.
/// @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
///
/// Options (by default, what is not given is not changed):
/// - `biz_attr`: text that the program stores with the file.
/// - `authority`: "eInvalid" (as the bucket), "eWRPrivate" or "eWPrivateRPublic".
/// - `forbid`: 0 allows everything, 1 forbids access, 2 forbids writing; not with the XML API.
/// - `cache_control`, `content_type`, `content_language`, `content_disposition`,
///   `content_encoding`: headers that downloads return.
/// - `x-cos-meta-...`: any number of headers of the program's own; values are not empty.
/// - `clear_headers` (false): true removes all of these headers; not together with any of them.
/// - `timeout_ms`, `retries`: for this call.
///
/// @return 0 without `data`.
/// @retval COS_ERR_NOT_FOUND  No such file.
///
/// Blocks until the server has answered. Any thread. JSON API: `op=update`, repeated only if the
/// request can't have reached the server. XML API: `PUT Object - Copy` onto itself, `PUT Object acl`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_update_file(
    client: *const cos_client,
    bucket: *const c_char,
    cos_path: *const c_char,
    options: *const c_char,
    out_json: *mut *mut c_char,
) -> c_int {
    // SAFETY: pointers are as this function's contract says.
    unsafe { on_path(client, bucket, cos_path, options, out_json, file::update) }
}

/// Deletes a file for good. Deleting the file also gives up an unfinished upload of it.
///
/// @param client    The client.
/// @param bucket    The bucket, without the appid.
/// @param cos_path  The file.
/// @param options   JSON object or NULL: `if_match` (none), the SHA-1, CRC-64 or ETag that a transfer
///                  or cos_stat_file() has told: deletes only a file that still has this content;
///                  `timeout_ms`, `retries` for this call.
/// @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
/// @return 0 without `data`.
/// @retval COS_ERR_NOT_FOUND  No such file.
/// @retval COS_ERR_REFUSED  The file does not have the content of `if_match`; it stays.
///
/// Blocks until the server has answered. Any thread. JSON API: `op=delete`, repeated only if the
/// request can't have reached the server; with `if_match` `op=stat` before it, and before each
/// repetition. XML API: `HEAD Object`, `DELETE Object`, and `Abort Multipart Upload` for what is
/// unfinished at this path; with `if_match` what is unfinished stays.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_del_file(
    client: *const cos_client,
    bucket: *const c_char,
    cos_path: *const c_char,
    options: *const c_char,
    out_json: *mut *mut c_char,
) -> c_int {
    // SAFETY: pointers are as this function's contract says.
    unsafe { on_path(client, bucket, cos_path, options, out_json, file::delete) }
}

/// Deletes any number of files of a bucket for good, with the XML API a thousand by one request. A file
/// that is not there counts as deleted. What is unfinished at their paths stays with the XML API.
///
/// @param client     The client.
/// @param bucket     The bucket, without the appid.
/// @param cos_paths  JSON array of the files' paths, such as ["/a.txt", "/docs/b.txt"].
/// @param options    JSON object or NULL: `concurrency` (4), requests under way at a time, 1 to 64;
///                   `timeout_ms`, `retries` for this call, a request at a time.
/// @param out_json   Receives the reply, to be freed with cos_string_free(). May be NULL.
///
/// With a client of cos_client_with_transfer(), cos_transfer_progress() tells how many files are done, of
/// those that were given.
///
/// @return 0 if all are gone. Also on failure, `data` has the numbers `files` of what is gone and
///         `failed` of what is not, and `failures`, an array with `path`, `code`, `message` and, if the
///         XML API has refused it with a word, `server_code`. What can be deleted is deleted. The code
///         is that of the first failure; a server that can't be reached any more ends the call.
/// @retval COS_ERR_PARAM  One of the paths is not that of a file; nothing was sent.
///
/// Blocks until the server has answered. Any thread. JSON API: `op=delete` for each. XML API:
/// `DELETE Multiple Objects`, `DELETE Object`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_del_files(
    client: *const cos_client,
    bucket: *const c_char,
    cos_paths: *const c_char,
    options: *const c_char,
    out_json: *mut *mut c_char,
) -> c_int {
    // SAFETY: pointers are as this function's contract says.
    unsafe {
        let paths = ("cos_paths", cos_paths);
        on_paths(client, bucket, paths, options, out_json, file::delete_many)
    }
}

/// Moves (renames) a file within its bucket or, with the XML API, to another one.
///
/// @param client     The client.
/// @param bucket     The bucket, without the appid.
/// @param cos_path   The file.
/// @param dest_path  Its new absolute path, such as "/archive/report.txt".
/// @param options    JSON object or NULL: `overwrite` (false), whether a file at `dest_path` is
///                   replaced; `dest_bucket` (the same), the bucket that it moves to, in the client's
///                   region, with the XML API alone; `source_region` (the same), the region of
///                   `bucket`, where the client's is another, with the XML API alone; `timeout_ms`,
///                   `retries` for this call.
/// @param out_json   Receives the reply, to be freed with cos_string_free(). May be NULL.
/// @return 0 without `data`.
/// @retval COS_ERR_NOT_FOUND  No such file.
/// @retval COS_ERR_FILE_EXISTS  There is a file at `dest_path`.
/// @retval COS_ERR_INTEGRITY  With the XML API: the file was replaced while it was moved. What it was
///         is at `dest_path`, what it is now at `cos_path`.
///
/// Blocks until the server has answered. Any thread. JSON API: `op=move`, repeated only if the
/// request can't have reached the server. XML API: `HEAD Object`, `PUT Object - Copy`, above 5 GiB
/// `Upload Part - Copy`, `HEAD Object` again, because nothing else would notice that the file was
/// replaced meanwhile, and `DELETE Object`; the two files are there side by side for a moment.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_move_file(
    client: *const cos_client,
    bucket: *const c_char,
    cos_path: *const c_char,
    dest_path: *const c_char,
    options: *const c_char,
    out_json: *mut *mut c_char,
) -> c_int {
    // SAFETY: pointers are as this function's contract says.
    unsafe { to_path(client, bucket, cos_path, dest_path, options, out_json, file::rename) }
}

/// Copies a file on the server, within its bucket or, with the XML API, to another one.
///
/// @param client     The client.
/// @param bucket     The bucket, without the appid.
/// @param cos_path   The file.
/// @param dest_path  The absolute path of the copy.
/// @param options    JSON object or NULL: `overwrite` (false), whether a file at `dest_path` is
///                   replaced; `dest_bucket` (the same), the bucket of the copy, in the client's
///                   region, with the XML API alone; `source_region` (the same), the region of
///                   `bucket`, where the client's is another, with the XML API alone; `timeout_ms`,
///                   `retries` for this call.
/// @param out_json   Receives the reply, to be freed with cos_string_free(). May be NULL.
/// @return 0 without `data`.
/// @retval COS_ERR_NOT_FOUND  No such file.
/// @retval COS_ERR_FILE_EXISTS  There is a file at `dest_path`.
///
/// Blocks until the server has answered. Any thread. JSON API: `op=copy`, repeated only if the
/// request can't have reached the server. XML API: `HEAD Object` and `PUT Object - Copy`, above 5 GiB
/// `Upload Part - Copy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_copy_file(
    client: *const cos_client,
    bucket: *const c_char,
    cos_path: *const c_char,
    dest_path: *const c_char,
    options: *const c_char,
    out_json: *mut *mut c_char,
) -> c_int {
    // SAFETY: pointers are as this function's contract says.
    unsafe { to_path(client, bucket, cos_path, dest_path, options, out_json, file::copy) }
}
