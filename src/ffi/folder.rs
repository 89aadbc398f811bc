//! Folders: create, stat, update, delete, list.

use std::ffi::{c_char, c_int};

use super::client::cos_client;
use super::forward::on_path;
use crate::ops::folder;

/// Creates a folder. Its parents need not exist.
///
/// @param client    The client.
/// @param bucket    The bucket, without the appid.
/// @param cos_path  The folder, ending with '/'; not "/".
/// @param options   JSON object or NULL: `biz_attr` (""), text that the program stores with the
///                  folder; `timeout_ms`, `retries` for this call.
/// @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
/// @return 0 with `data.ctime` (UNIX seconds).
/// @retval COS_ERR_FOLDER_EXISTS  It exists already.
///
/// Blocks until the server has answered. Any thread. JSON API: `op=create`, repeated only if the
/// request can't have reached the server. XML API: `PUT Object`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_create_folder(
    client: *const cos_client,
    bucket: *const c_char,
    cos_path: *const c_char,
    options: *const c_char,
    out_json: *mut *mut c_char,
) -> c_int {
    // SAFETY: pointers are as this function's contract says.
    unsafe { on_path(client, bucket, cos_path, options, out_json, folder::create) }
}

/// Asks what the service knows of a folder. With the JSON API a folder that was never created and is
/// only part of the names of files may be unknown to it (COS_ERR_NOT_FOUND); cos_list_folder() shows
/// those.
///
/// @param client    The client.
/// @param bucket    The bucket, without the appid.
/// @param cos_path  The folder, ending with '/'; "/" is the bucket.
/// @param options   JSON object or NULL: `timeout_ms`, `retries` for this call.
/// @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
/// @return 0 with `data.biz_attr`, `data.ctime`, `data.mtime` (UNIX seconds).
/// @retval COS_ERR_NOT_FOUND  No such folder.
///
/// Blocks until the server has answered. Any thread. JSON API: `op=stat`. XML API:
/// `HEAD Object`, `GET Bucket`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_stat_folder(
    client: *const cos_client,
    bucket: *const c_char,
    cos_path: *const c_char,
    options: *const c_char,
    out_json: *mut *mut c_char,
) -> c_int {
    // SAFETY: pointers are as this function's contract says.
    unsafe { on_path(client, bucket, cos_path, options, out_json, folder::stat) }
}

/// Changes the `biz_attr` of a folder, the only attribute it has.
///
/// @param client    The client.
/// @param bucket    The bucket, without the appid.
/// @param cos_path  The folder, ending with '/'; not "/".
/// @param options   JSON object: `biz_attr` (required), text that the program stores with the
///                  folder; `timeout_ms`, `retries` for this call.
/// @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
/// @return 0 without `data`.
/// @retval COS_ERR_NOT_FOUND  No such folder.
///
/// Blocks until the server has answered. Any thread. JSON API: `op=update`, repeated only if the
/// request can't have reached the server. XML API: `PUT Object - Copy` onto itself, or `PUT Object`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_update_folder(
    client: *const cos_client,
    bucket: *const c_char,
    cos_path: *const c_char,
    options: *const c_char,
    out_json: *mut *mut c_char,
) -> c_int {
    // SAFETY: pointers are as this function's contract says.
    unsafe { on_path(client, bucket, cos_path, options, out_json, folder::update) }
}

/// Lists the files and folders in a folder: a page of them, or all.
///
/// @param client    The client.
/// @param bucket    The bucket, without the appid.
/// @param cos_path  The folder, ending with '/'; "/" is the bucket.
/// @param options   JSON object or NULL; the keys are listed below.
/// @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
///
/// Options (default):
/// - `num` (199): entries a page, 1 to 1000; some servers take no more than 199. With `all` as many
///   as the server takes.
/// - `prefix` (""): only entries whose name starts with this.
/// - `context` (""): where to go on: `data.context` of the page before.
/// - `recursive` (false): list the files of all folders below, and no folders; names are paths from
///   `cos_path` on. With the XML API alone, and without `delimiter`.
/// - `folders` (false): with `recursive`, list also the folders that were created, and not only by
///   files in them.
/// - `delimiter`: passed to the server as it is; with the XML API '/' if it is not given.
/// - `all` (false): follow `context` to the end and return all entries in one reply, at most 64 MiB
///   of them (some 200000 entries) or 100000 pages. A longer list has to be read page by page.
/// - `timeout_ms`, `retries`: for this call, a page at a time.
///
/// @return 0 with `data.infos`, an array of entries; `data.listover`, true when nothing follows;
///         `data.context`, for the next page. An entry has `name`, `ctime` and `mtime`; a file also
///         `sha` or, with the XML API, `etag` and `storage_class`, and `filesize`, `filelen`,
///         `access_url`, `source_url`. The name of a folder ends with '/'. If other clients have
///         stored content under the path of the folder itself, `data.filesize` is the size of it;
///         XML API.
/// @retval COS_ERR_NOT_FOUND  No such folder.
/// @retval COS_ERR_NETWORK  With `all`: the list does not end, or not within what is allowed, or
///         its context is too long for the next request.
///
/// Blocks until the server has answered. Any thread. JSON API: `op=list`. XML API:
/// `GET Bucket` (List Objects).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_list_folder(
    client: *const cos_client,
    bucket: *const c_char,
    cos_path: *const c_char,
    options: *const c_char,
    out_json: *mut *mut c_char,
) -> c_int {
    // SAFETY: pointers are as this function's contract says.
    unsafe { on_path(client, bucket, cos_path, options, out_json, folder::list) }
}

/// Deletes an empty folder, or a folder with everything below it.
///
/// @param client    The client.
/// @param bucket    The bucket, without the appid.
/// @param cos_path  The folder, ending with '/'; not "/".
/// @param options   JSON object or NULL; the keys are listed below.
/// @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
///
/// Options (default):
/// - `recursive` (false): true deletes everything below the folder first, for good.
/// - `concurrency` (4): with `recursive`, deletions under way at a time, 1 to 64.
/// - `timeout_ms`, `retries`: for this call, a request at a time.
///
/// With `recursive` and a client of cos_client_with_transfer(), cos_transfer_progress() tells how many
/// files and folders are done, of those that there are.
///
/// @return 0 without `data`. With `recursive` also on failure `data` has the numbers `files` and
///         `folders` of what is gone and `failed` of what is not, and `failures`, an array with
///         `path` (relative), `code` and `message`. What can be deleted is deleted; the folders in
///         which something stays, stay. The code is that of the first failure, and the same call
///         again goes on. A server that can't be reached any more ends it. A tree of more than
///         1000000 files, 100000 folders or 256 MiB of names is refused (COS_ERR_NETWORK): delete
///         the folders in it one at a time. Memory: some 200 MiB for a million files with paths of
///         40 bytes.
/// @retval COS_ERR_FOLDER_NOT_EMPTY  There is something in it, or it has content of its own.
/// @retval COS_ERR_NOT_FOUND  No such folder.
///
/// Blocks until the server has answered. Any thread. JSON API: `op=delete`, repeated only if the
/// request can't have reached the server, or with `recursive`, which also takes `op=list`. XML API:
/// `GET Bucket`, `DELETE Object`, with `recursive` `DELETE Multiple Objects`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_del_folder(
    client: *const cos_client,
    bucket: *const c_char,
    cos_path: *const c_char,
    options: *const c_char,
    out_json: *mut *mut c_char,
) -> c_int {
    // SAFETY: pointers are as this function's contract says.
    unsafe { on_path(client, bucket, cos_path, options, out_json, folder::delete) }
}
