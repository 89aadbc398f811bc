//! Whole folders, up and down.

use std::ffi::{c_char, c_int};

use super::client::cos_client;
use super::forward::with_local_path;
use super::transfer::cos_transfer;
use crate::ops::tree;

/// Uploads a local directory with everything below it to a folder: many files at a time, large ones
/// in slices. Files that the folder has already, by size and content, do not travel; files that
/// differ are replaced. Empty directories become folders. Nothing is deleted. What an unfinished
/// upload has left there counts as a file that differs. The first files travel while others are still
/// being found.
///
/// What stands in the way of one file is reported and does not keep the others from travelling:
/// also a connection that always breaks for this one. A server that can't be reached any more ends
/// the call. Symbolic links and special files are reported as "ignored" and never followed, also
/// where they take a file's or a directory's place during the call. Directories may be 256 deep.
///
/// Memory: some 350 MiB for a million files with paths of 40 bytes, the reply included, and 200 bytes
/// more for each file of the largest directory. What waits to be sent is bounded.
///
/// @param client      The client.
/// @param bucket      The bucket, without the appid.
/// @param cos_path    The folder, ending with '/'; "/" is the bucket. It need not exist.
/// @param local_path  The directory to read, in UTF-8.
/// @param options     JSON object or NULL; the keys are listed below.
/// @param transfer    To follow or stop the upload; it counts the bytes of all files. NULL if
///                    neither is needed. Borrowed.
/// @param out_json    Receives the reply, to be freed with cos_string_free(). May be NULL.
///
/// Options (default):
/// - `insert_only` (false): true keeps files that exist and differ, and reports them as failed.
/// - `biz_attr` (""), `slice_threshold`, `slice_size`, `verify_sha1`, `resume`, `content_type`,
///   `cache_control`, `content_disposition`, `content_encoding`, `content_language`, `x-cos-meta-...`,
///   `authority`, `storage_class`, `tagging`, `traffic_limit`, `content_md5`: as with
///   cos_upload_file(), for every file that travels.
/// - `concurrency` (4): files and slices of large files under way at a time, 1 to 64.
/// - `timeout_ms`, `retries`: for this call, a request at a time.
///
/// @return 0 when every file is there; otherwise the code of the first file that failed, or what
///         ended the whole. Also on failure, `data` has the numbers `uploaded`, `unchanged`,
///         `ignored`, `failed`, and `files`, an array with `path` (relative), `action` ("uploaded",
///         "unchanged", "ignored", "failed"), `bytes` (as stored), and where it failed `code`,
///         `message` and, if a local file can't be used, `errno` as with one file;
///         `transfer` has `bytes`, `sent_bytes`, `received_bytes`, `resumed_bytes`, `seconds`.
///
/// Blocks until all is done. Any thread; starts threads and ends them before it returns.
/// JSON API: `op=list` for each folder, `op=stat`, `op=create` and those of cos_upload_file(); one
/// request for a file that does not travel. XML API: `GET Bucket` for 1000 objects at a time,
/// `PUT Object` for folders, and those of cos_upload_file().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_upload_folder(
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
            tree::upload,
        )
    }
}

/// Downloads a folder with everything below it to a local directory: many files at a time, large
/// ones in ranges. Files that the directory has already, by size and content, do not travel; files
/// that differ are replaced, each as with cos_download_file(). Nothing is deleted. The first files
/// travel while others are still being found.
///
/// What stands in the way of one file or folder is reported and does not keep the others from
/// travelling: a name that this library refuses, or a connection that always breaks for this one.
/// A server that can't be reached any more ends the call. No name and no symbolic link leads out of
/// the directory: such files are reported as failed. What was never uploaded to its end is reported
/// as "ignored". Names that Windows does not have, such as `a:b`, `aux.txt` or one with a dot at its
/// end, and those that differ from another only by capital letters, are failures there, too.
///
/// A tree of more than 1000000 files, 100000 folders or 256 MiB of names ends the call when that
/// shows (COS_ERR_NETWORK): take the folders in it one at a time. What is inside more than 256 folders
/// is reported as failed. Memory as with cos_upload_folder(); nothing of it depends on how the files
/// are spread over folders.
///
/// @param client      The client.
/// @param bucket      The bucket, without the appid.
/// @param cos_path    The folder, ending with '/'; "/" is the bucket.
/// @param local_path  The directory to write to, in UTF-8. It is created; its parent must exist.
/// @param options     JSON object or NULL; the keys are listed below.
/// @param transfer    To follow or stop the download; it counts the bytes of all files. NULL if
///                    neither is needed. Borrowed.
/// @param out_json    Receives the reply, to be freed with cos_string_free(). May be NULL.
///
/// Options (default):
/// - `overwrite` (true): false keeps files that exist and differ, and reports them as failed.
/// - `verify_sha1` (true), `resume` (true): as with cos_download_file(), for every file.
/// - `traffic_limit`: as with cos_download_file().
/// - `concurrency` (4): files and ranges of large files under way at a time, 1 to 64.
/// - `timeout_ms`, `retries`: for this call, a request at a time.
///
/// @return 0 when every file is there; otherwise the code of the first file that failed, or what
///         ended the whole. `data` and `transfer` are as with cos_upload_folder(), with
///         `downloaded` in place of `uploaded`.
/// @retval COS_ERR_NOT_FOUND  No such folder.
///
/// Blocks until all is done. Any thread; starts threads and ends them before it returns.
/// JSON API: `op=list` for each folder, and download; one request for a file that does not travel.
/// XML API: `GET Bucket` for 1000 objects at a time, and `GET Object`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_download_folder(
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
            tree::download,
        )
    }
}
