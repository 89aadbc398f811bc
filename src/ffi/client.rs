//! Clients: created, changed and freed.

use std::ffi::{c_char, c_int};
use std::ptr;

use super::guard;
use super::input::{handle, optional_text, out, text};
use super::transfer::cos_transfer;
use crate::client::Client;
use crate::reply::{Reply, Result};

/// A client: an account, the place of the service, and the connections to it.
///
/// One client serves a whole program. All calls that take a `const cos_client *` may be made from
/// any number of threads at once. The client starts no thread of its own and keeps none.
#[allow(non_camel_case_types)]
pub struct cos_client(Client);

impl cos_client {
    pub(super) fn core(&self) -> &Client {
        &self.0
    }
}

/// Makes a client. Nothing is sent; wrong credentials show in the first call.
///
/// @param appid       The account's number as decimal text, such as "1250000000".
/// @param secret_id   The secret id from the console.
/// @param secret_key  The secret key from the console. It is copied, and wiped by
///                    cos_client_free().
/// @param region      For the XML API "ap-shanghai", "na-ashburn" or any other region's name; for
///                    the JSON API "sh" (or "shanghai"), "gz" ("guangzhou"), "tj" ("tianjin"), "sgp"
///                    ("singapore"), or any other region's short name. NULL if `options` give it or
///                    `hostname` and, for the JSON API, `download_hostname`.
/// @param options     JSON object or NULL; the keys are listed below.
/// @param out_client  Receives the client, to be freed with cos_client_free(); NULL on failure.
/// @param out_json    Receives the reply, to be freed with cos_string_free(). May be NULL.
///
/// Options (default):
/// - `region`: in place of the argument.
/// - `api`: "v4" for the JSON API or "v5" for the XML API. Where it is not given the region tells:
///   names with '-' are the XML API's; all others, and no region, mean the JSON API. "v5" takes the
///   short names as well. It can't be changed later.
/// - `token`: what came with temporary keys, for the XML API; printable ASCII without blanks.
///   cos_client_set_credentials() forgets it.
/// - `scheme` ("https"): "http" or "https", for control requests and downloads.
/// - `hostname`: `host[:port]` of control requests, in place of the region's; with the XML API,
///   `bucket-appid.` is put in front of it, so it is a name there and no address, and downloads go
///   there, too.
/// - `download_hostname`: `host[:port]` of downloads; `bucket-appid.` is put in front of it, so it
///   is a name and no IPv6 address. Names below `localhost` lead to this machine.
/// - `timeout_ms` (300000): a request that makes no progress for so long fails with -3. A reply
///   that is not a download must arrive whole within this time.
/// - `connect_timeout_ms` (10000): for a connection: looking the name up, all its addresses, the way
///   through a proxy, TLS handshake. An address that is silent for 250 ms gets company of the next.
/// - `sign_expired` (300): seconds that the signature of a request is valid, at most 7776000.
/// - `retries` (3): how often a failed request is repeated, 0 to 10; 0 means never. See below.
/// - `ca_file`: PEM file with certificates to trust besides the bundled roots; a regular file of at
///   most 8 MiB, read at once.
/// - `proxy`: `http://[user:password@]host:port`; in user and password, characters that mean
///   something in a URL are written as there: %2F for '/', %40 for '@'. It is asked for https by
///   CONNECT, for http with the whole URL in the request. The environment is never asked.
/// - `user_agent` ("libcos/VERSION"): 1 to 256 printable ASCII characters.
/// - `max_idle_connections` (32): how many connections are kept open between calls, 0 to 1024.
///
/// **Repetition** What failed on the way, with HTTP 408, 429 or 5xx, or with a code that means
/// "later", is repeated after a pause of about 0.25, 1, 4, then 8 s each time, or as long as the
/// server asks for, but at most 30 s. Where a connection that was kept from an earlier request
/// turns out to have ended, the first repetition comes at once. A download that brought bytes
/// before it broke has all its retries again. After -71, HTTP 429 or 503 all requests of the call
/// pause together, longer and longer. Those of cos_upload_folder(), cos_download_folder() and a
/// recursive cos_del_folder() are then tried until they succeed, or until nothing that was refused
/// has succeeded for 15 s times `retries`; what is left then fails without delay.
///
/// **Clock** When a signature is refused as expired or not yet valid and the server's `Date`
/// explains it, the client signs once more with the server's time, and keeps to that for later
/// requests and signatures. The log tells; if the request fails all the same, `error.hint` does.
/// Over http no more than a day of difference is believed.
///
/// **XML API** Calls, options and replies are those of the JSON API; what differs:
/// - A bucket may be given with or without "-appid" at the end of its name.
/// - A signature is for one request: cos_sign_more() and cos_sign_once() are refused with -1.
/// - Content is verified by its CRC-64, which replies have as `data.crc64`; `data.etag` changes with
///   every version of a file. There is no instant upload, no `forbid`, and `data.sha` only if the
///   uploader has stored one as `x-cos-meta-sha1`.
/// - The text of `biz_attr` is stored as `x-cos-meta-biz-attr`; it and all `x-cos-meta-...` may have
///   2048 bytes, of which a character that is not ASCII takes up to 12.
/// - A folder is what the paths of files begin with, whether or not it was created.
/// - A copy, and a file that was moved, has the `authority` of the bucket. Above 5 GiB neither a copy
///   nor a file that was updated or moved keeps its tags.
/// - cos_move_file() copies, then deletes: if it fails in between, both files exist. cos_update_file()
///   copies the file onto itself unless `authority` is all that changes; it may not be allowed to see
///   who could read the file, and then has "authority" in `data.not_kept`.
/// - In a bucket that keeps versions, or once did, the service does not heed `insert_only`:
///   `data.version_id` in the reply to an upload shows that it is such a bucket. From then on the
///   client looks first, as it always does for uploads in slices.
/// - An unfinished upload that was begun through one API can't be continued through the other.
/// - Redirects are not followed. Where the service tells which region a bucket is in, `error.hint`
///   says it.
///
/// @return 0, or -1 (COS_ERR_PARAM) when an argument is refused; `error.argument` names it.
///
/// Does not block: a `ca_file` is read, the network is not touched. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_client_new(
    appid: *const c_char,
    secret_id: *const c_char,
    secret_key: *const c_char,
    region: *const c_char,
    options: *const c_char,
    out_client: *mut *mut cos_client,
    out_json: *mut *mut c_char,
) -> c_int {
    // SAFETY: pointers are as this function's contract says.
    unsafe {
        hand_out(out_client, out_json, || {
            Client::new(
                text("appid", appid)?,
                text("secret_id", secret_id)?,
                text("secret_key", secret_key)?,
                optional_text("region", region)?,
                optional_text("options", options)?,
            )
        })
    }
}

/// Hands out the client that `make` makes.
///
/// # Safety
/// The pointers are NULL or may be written to.
unsafe fn hand_out(
    out_client: *mut *mut cos_client,
    out_json: *mut *mut c_char,
    make: impl FnOnce() -> Result<Client>,
) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        guard::put(out_client, ptr::null_mut());
        guard::reply(out_json, || {
            out("out_client", out_client)?;
            guard::put(out_client, Box::into_raw(Box::new(cos_client(make()?))));
            Ok(Reply::done())
        })
    }
}

/// Changes settings. Keys that are given replace, the rest stays; a key that is `null` goes back to
/// its default. Either all of it takes effect or nothing. Calls under way keep the settings they
/// began with, so other threads may be in calls.
///
/// @param client    The client.
/// @param options   JSON object with the keys of cos_client_new().
/// @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
/// @return 0, or -1 when an argument is refused. Does not block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_client_set_config(
    client: *const cos_client,
    options: *const c_char,
    out_json: *mut *mut c_char,
) -> c_int {
    // SAFETY: pointers are as this function's contract says.
    unsafe {
        guard::reply(out_json, || {
            let client = handle("client", client)?;
            client.core().set_config(Some(text("options", options)?))?;
            Ok(Reply::done())
        })
    }
}

/// Changes the credentials, all three together; a token of temporary keys is forgotten. Calls under
/// way keep the ones they began with, so other threads may be in calls.
///
/// @param client      The client.
/// @param appid       The account's number as decimal text.
/// @param secret_id   The secret id.
/// @param secret_key  The secret key; the old one is wiped when no call uses it any more.
/// @param out_json    Receives the reply, to be freed with cos_string_free(). May be NULL.
/// @return 0, or -1 when an argument is refused. Does not block.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_client_set_credentials(
    client: *const cos_client,
    appid: *const c_char,
    secret_id: *const c_char,
    secret_key: *const c_char,
    out_json: *mut *mut c_char,
) -> c_int {
    // SAFETY: pointers are as this function's contract says.
    unsafe {
        guard::reply(out_json, || {
            let client = handle("client", client)?;
            client.core().set_credentials(
                text("appid", appid)?,
                text("secret_id", secret_id)?,
                text("secret_key", secret_key)?,
                None,
            )?;
            Ok(Reply::done())
        })
    }
}

/// Changes the credentials to temporary ones, all four parts together: the keys and the token that a
/// service for temporary keys (STS) hands out to a program that must not know the account's own keys.
/// Calls under way keep the ones they began with, so other threads may be in calls: call it when new
/// keys have come, before the old ones end.
///
/// @param client      The client, of the XML API.
/// @param appid       The account's number as decimal text.
/// @param secret_id   The temporary secret id.
/// @param secret_key  The temporary secret key; the old one is wiped when no call uses it any more.
/// @param token       What came with them, printable ASCII without blanks. Every request carries it,
///                    and every URL that is signed.
/// @param out_json    Receives the reply, to be freed with cos_string_free(). May be NULL.
/// @return 0, or -1 when an argument is refused, such as "token" where the client speaks the JSON
///         API, which has no temporary keys. Does not block. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_client_set_temporary_credentials(
    client: *const cos_client,
    appid: *const c_char,
    secret_id: *const c_char,
    secret_key: *const c_char,
    token: *const c_char,
    out_json: *mut *mut c_char,
) -> c_int {
    // SAFETY: pointers are as this function's contract says.
    unsafe {
        guard::reply(out_json, || {
            let client = handle("client", client)?;
            client.core().set_credentials(
                text("appid", appid)?,
                text("secret_id", secret_id)?,
                text("secret_key", secret_key)?,
                Some(text("token", token)?),
            )?;
            Ok(Reply::done())
        })
    }
}

/// Makes a second handle for a client, whose every call stops when a transfer is cancelled: also
/// lists, deletions and all others that have no `transfer` argument. Those that have one are stopped
/// by either. Both handles share the connections, the settings, the keys and the log, and what
/// changes these through one of them changes the other. A handle costs little: make one for each call
/// that is to be stopped by itself. Nothing is sent.
///
/// @param client      The client.
/// @param transfer    What stops the calls, within a second of cos_transfer_cancel(); they return
///                    COS_ERR_CANCELLED. Of their progress it follows only that of a recursive
///                    cos_del_folder(). It may be freed before the handle.
/// @param out_client  Receives the handle, to be freed with cos_client_free(), before or after
///                    `client`; NULL on failure.
/// @param out_json    Receives the reply, to be freed with cos_string_free(). May be NULL.
/// @return 0, or -1 when an argument is refused. Does not block. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_client_with_transfer(
    client: *const cos_client,
    transfer: *const cos_transfer,
    out_client: *mut *mut cos_client,
    out_json: *mut *mut c_char,
) -> c_int {
    // SAFETY: pointers are as this function's contract says.
    unsafe {
        hand_out(out_client, out_json, || {
            let transfer = handle("transfer", transfer)?;
            Ok(handle("client", client)?.core().followed_by(transfer.core()))
        })
    }
}

/// Frees a client; with the last handle of a client its connections are closed and its secret key is
/// wiped. NULL is ignored. No call may be under way on it, and none may follow. Any thread.
///
/// @param client  The client, or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cos_client_free(client: *mut cos_client) {
    // SAFETY: it is NULL, or came from cos_client_new and is freed once.
    unsafe { guard::free(client) }
}
