//! Uploads: of a file, of memory, of a stream.

use std::ffi::{c_char, c_int, c_void};

use super::client::cos_client;
use super::forward::with_local_path;
use super::guard;
use super::input::{bytes, handle, optional_text, text};
use super::transfer::{cos_transfer, watch};
use crate::ops::upload;
use crate::reply::Failure;

/// Uploads a local file. Below `slice_threshold` it travels in one request, from there on in slices,
/// several at a time. Memory does not grow with the file.
///
/// An upload that was broken off, even by a crash, is continued by the same call: only what is
/// missing travels, and what this call asks for, such as `biz_attr`, holds. When a reply is
/// lost, or another call ends this one's session, the library looks whether the file arrived before
/// it judges. A file that is there stays until the new one takes its place. A file that changed while
/// it was sent leaves nothing behind where no file was.
///
/// JSON API: a file that the server has already, under whatever name, does not travel at all
/// ("instant upload"). An unfinished upload of other content is no obstacle: up to 20 MiB the new one
/// travels in one request; a larger one is uploaded beside it, as `.NAME.DIGEST.cos-upload`, and then
/// moved. If such an upload is broken off, the same call with the same content continues it; if it
/// never comes, that file is left and may be deleted.
///
/// XML API: a file may have several unfinished uploads. One is continued if slices of it have the MD5
/// of this content, and if it has the `storage_class` of this call.
///
/// @param client      The client.
/// @param bucket      The bucket, without the appid.
/// @param cos_path    The file to create, such as "/docs/report.txt".
/// @param local_path  The file to read, in UTF-8.
/// @param options     JSON object or NULL; the keys are listed below.
/// @param transfer    To follow or stop the upload; NULL if neither is needed. Borrowed.
/// @param out_json    Receives the reply, to be freed with cos_string_free(). May be NULL.
///
/// Options (default):
/// - `insert_only` (true): fail with COS_ERR_FILE_EXISTS if there is a file at `cos_path`; false
///   replaces it.
/// - `biz_attr` (""): text that the program stores with the file.
/// - `slice_threshold` (8388608): bytes from which a file is sliced, at most 20971520; with the XML
///   API 16777216, at most 5368709120.
/// - `slice_size` (1048576): bytes a slice: 524288, 1048576, 2097152 or 3145728. The server may
///   choose another. With the XML API 8388608, at most 5368709120; less than 1048576 is raised to
///   that, and so much is added that 10000 slices suffice.
/// - `concurrency` (4): slices under way at a time, 1 to 64, each on a connection of its own.
/// - `verify_sha1` (true): announce the SHA-1 of the file and of its slices, so that the server
///   verifies what arrives and knows what it has. Costs a pass over the file. Without it an
///   unfinished upload is continued, but nothing is saved. With the XML API: compare the CRC-64 of
///   what was sent with the server's, at no such cost.
/// - `resume` (true): continue an unfinished upload, or go around it; false returns
///   COS_ERR_UPLOAD_UNFINISHED or COS_ERR_UPLOAD_CONFLICT. With the XML API false begins anew, and
///   leaves nothing unfinished; what is left otherwise is billed until it is continued or aborted.
/// - `content_type`, `cache_control`, `content_disposition`, `content_encoding`, `content_language`,
///   `x-cos-meta-...`, `authority`: as with cos_update_file(). The JSON API sets them by an update right
///   after the upload: if that fails, the file is there without them. With the XML API the
///   `content_type` is by default that of the name's extension.
/// - `storage_class`, such as "STANDARD_IA"; `tagging`, such as "year=2024&kind=log"; `traffic_limit`
///   (bits a second, 819200 to 838860800, for each request); `content_md5` (false): send the MD5 of
///   what each request carries, which costs a pass over it. All four with the XML API alone.
/// - `timeout_ms`, `retries`: for this call, a request at a time.
///
/// @return 0 with `data.access_url`, `data.source_url`, `data.url`, `data.resource_path`; with the
///         XML API also `data.etag`, `data.crc64`, `data.version_id`. Also on failure, `transfer`
///         has `bytes` (size of the file), `sent_bytes` (over the wire), `resumed_bytes` (sent by
///         earlier calls), `slices` (sent by this one), `instant`, `recovered` (a lost reply was
///         made up for), `seconds`, and `sha1` or `crc64` (a decimal number in a string) of the
///         content, as far as they were computed.
/// @retval COS_ERR_FILE_EXISTS  See `insert_only`. `error.same_content` says whether the file that is
///         there has the content of this one, if that is known.
/// @retval COS_ERR_UPLOAD_CONFLICT  An unfinished upload of other content is in the way, and
///         `resume` is false.
/// @retval COS_ERR_PARAM  With `error.argument` "local_path": the file is missing or unreadable.
/// @retval COS_ERR_LOCAL_IO  The file changed or became unreadable midway. Its size, its times of
///         modification and change (which chmod, rename and new links move, too) and its end are
///         looked at. Not seen is what another program writes through a memory mapping and the
///         system has not noted yet.
/// @retval COS_ERR_SHA_MISMATCH  Bytes were damaged on the way.
/// @retval COS_ERR_INTEGRITY  XML API: the same, seen by the CRC-64. What was stored is deleted.
/// @retval COS_ERR_CANCELLED  The caller wanted it; if all bytes had left by then, the file may be
///         there all the same.
///
/// Blocks until the file is stored. Any thread; starts threads and ends them before it returns.
/// JSON API: `op=upload`, or `upload_slice_init`, `upload_slice_data`, `upload_slice_list` and
/// `upload_slice_finish`; where needed, also `stat`, `update`, `move` and `delete`. XML API:
/// `PUT Object`, or `Initiate`, `Upload Part`, `List Parts` and `Complete Multipart Upload`; where
/// needed, also `List Multipart Uploads`, `Abort Multipart Upload`, `HEAD`, `DELETE` and
/// `PUT Object - Copy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_upload_file(
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
            upload::file,
        )
    }
}

/// Uploads bytes in memory. Everything else is as with cos_upload_file().
///
/// @param client    The client.
/// @param bucket    The bucket, without the appid.
/// @param cos_path  The file to create.
/// @param data      The bytes, borrowed for the call. May be NULL if `len` is 0.
/// @param len       How many there are.
/// @param options   JSON object or NULL; the keys of cos_upload_file().
/// @param transfer  To follow or stop the upload; NULL if neither is needed. Borrowed.
/// @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
/// @return As cos_upload_file().
///
/// Blocks until the file is stored. Any thread. The same operations of the APIs.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_upload_buffer(
    client: *const cos_client,
    bucket: *const c_char,
    cos_path: *const c_char,
    data: *const u8,
    len: usize,
    options: *const c_char,
    transfer: *mut cos_transfer,
    out_json: *mut *mut c_char,
) -> c_int {
    // SAFETY: pointers are as this function's contract says.
    unsafe {
        guard::reply(out_json, || {
            upload::buffer(
                handle("client", client)?.core(),
                text("bucket", bucket)?,
                text("cos_path", cos_path)?,
                bytes("data", data, len)?,
                optional_text("options", options)?,
                watch(transfer),
            )
        })
    }
}

/// Gives the next bytes of a content: writes up to `len` of them to `buf` and returns how many; 0 at
/// the end; less than 0 to stop the upload. It may give fewer than it was asked for, and it may wait
/// for more: as long as it does, the call does not return, even if it was cancelled.
///
/// It is called on the thread that made the call, only during the call. It must return to its caller:
/// no longjmp, no exception.
#[allow(non_camel_case_types)]
pub type cos_read_fn =
    Option<unsafe extern "C" fn(buf: *mut u8, len: usize, user: *mut c_void) -> i64>;

/// Uploads what a callback gives: content that is neither a file nor all in memory, such as what is
/// being compressed, or comes from another connection.
///
/// What is neither more than `slice_size` times `concurrency` nor more than `slice_threshold` travels
/// in one request; anything else in slices, each of which is sent while the next ones are read. Memory
/// is `slice_size` times (`concurrency` + 1), however much there is; a server of the JSON API may choose
/// slices of up to four times `slice_size`, larger ones fail with COS_ERR_NETWORK. A lost reply is made
/// up for, and a request that failed is repeated, as with cos_upload_file(); but an upload that was
/// broken off begins anew, and nothing is left of it, as far as the API lets the library remove it.
///
/// @param client    The client.
/// @param bucket    The bucket, without the appid.
/// @param cos_path  The file to create.
/// @param size      How many bytes there are; not more are read. -1 if that is not known, which needs
///                  the XML API. Then `slice_size` times 10000 is the most there can be, 78 GiB unless
///                  the options say more.
/// @param read      Gives the bytes; not NULL.
/// @param user      Handed to `read` as it is; may be any value.
/// @param options   JSON object or NULL; the keys of cos_upload_file(), but `resume` has no meaning.
///                  With the JSON API `verify_sha1` holds for what travels in one request.
/// @param transfer  To follow or stop the upload; NULL if neither is needed. Borrowed. Where the size
///                  is not known, `total` is what was read so far.
/// @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
/// @return As cos_upload_file().
/// @retval COS_ERR_CANCELLED  `read` returned less than 0, or the transfer was cancelled.
/// @retval COS_ERR_PARAM  With `error.argument` "read": it returned more than it was asked for.
/// @retval COS_ERR_LOCAL_IO  `read` returned 0 before `size` bytes; or there is not so much memory.
///
/// Blocks until the file is stored. Any thread; starts threads and ends them before it returns. The
/// same operations of the APIs as cos_upload_file().
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_upload_stream(
    client: *const cos_client,
    bucket: *const c_char,
    cos_path: *const c_char,
    size: i64,
    read: cos_read_fn,
    user: *mut c_void,
    options: *const c_char,
    transfer: *mut cos_transfer,
    out_json: *mut *mut c_char,
) -> c_int {
    // SAFETY: pointers are as this function's contract says.
    unsafe {
        guard::reply(out_json, || {
            let client = handle("client", client)?.core();
            let (bucket, cos_path) = (text("bucket", bucket)?, text("cos_path", cos_path)?);
            let read = read.ok_or_else(|| Failure::argument("read", "must not be NULL"))?;
            upload::stream(
                client,
                bucket,
                cos_path,
                size,
                optional_text("options", options)?,
                watch(transfer),
                &mut |buf| read(buf.as_mut_ptr(), buf.len(), user),
            )
        })
    }
}
