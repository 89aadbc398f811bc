/** @mainpage libcos
 *
 * A client for Tencent Cloud Object Storage (COS), JSON API v4 and XML API v5. cos.h declares all of
 * it; cos.hpp wraps cos.h for C++17. Link with `-lcos`, or with `libcos.a` and what
 * `pkg-config --static` adds.
 *
 *     cos_client *client = NULL;
 *     char *json = NULL;
 *     int code = cos_client_new("1250000000", "SECRET_ID", "SECRET_KEY",
 *                               "sh", NULL, &client, &json);
 *     if (code == COS_OK) {
 *         cos_string_free(json);
 *         code = cos_upload_file(client, "mybucket", "/a.txt", "a.txt",
 *                                COS_JSON({"insert_only": 0}), NULL,
 *                                &json);
 *     }
 *     puts(json);
 *     cos_string_free(json);
 *     cos_client_free(client);
 *
 * **Calls** return a code and write a reply to `out_json`, on success and on failure: a JSON object
 * `{"code":0,"message":"SUCCESS","request_id":"...","data":{...}}` with what the server answered as
 * it came, but for secrets: a signature that it repeats is `***`. On failure it also has `error`, with
 * - `origin`: "library" or "server", whose code it is;
 * - `phase`: "argument", "local_file", "resolve", "connect", "tls", "send", "receive" or "server";
 * - `argument`: the argument or option that was refused;
 * - `errno`: why a local file can't be used, if the system has a reason: "ENOENT", "EACCES",
 *   "EEXIST", "ENOSPC" and the like, by these names on every system;
 * - `http_status`: if there was an answer; `attempts`: how often the request was tried;
 * - `retryable`: whether the same call may succeed later; `hint`: what usually helps;
 * - `server_code`: the word by which the XML API refuses, such as "NoSuchKey".
 *
 * **Codes** are plain ints. 0 is success, -1 to -4 and all positive codes are the library's, every
 * other negative code is the server's, passed through: see #cos_code. The XML API refuses by words:
 * they have the codes that mean the same, and 4 or 5 where there is none.
 *
 * **Ownership** Arguments are borrowed for the call. What arrives through a `T **out` is yours:
 * strings go to cos_string_free(), bytes to cos_buffer_free(), handles to their own free function;
 * never to free(). After a failure it is NULL or 0; `out_json` is a reply all the same.
 *
 * **Strings** end with NUL and are UTF-8, local paths included, on every system. A cos path starts
 * with '/'; one that ends with '/' is a folder. Not allowed in it: `?*:|<>`, double quote,
 * backslash, control characters, blank segments, "." and "..", and more than 1024 bytes in its URL.
 * A bucket is 1 to 64 of a-z, 0-9 and '-'. With the XML API, not allowed in a cos path are "//" at
 * its start, control characters, blank segments that are not empty, "." and "..", and more than 850
 * bytes.
 *
 * **Options** are a JSON object or NULL. An unknown key, a wrong type or a value out of range is
 * #COS_ERR_PARAM, never ignored; `null` means the default, flags may be true/false or 1/0. Every
 * operation takes `timeout_ms` (1 to 86400000) and `retries` (0 to 10), in place of the client's.
 *
 * **Threads** What takes a `const cos_client *` may be called by any number of threads at once, also
 * while a thread ends. Callbacks run on the calling thread, during the call; threads that a call
 * starts have ended when it returns, and no signal handler of yours runs on them. Only a look-up of
 * a host's name that the system has not answered is left behind, until the system does: such a
 * thread touches nothing of yours and nothing of the client. pthread_cancel()
 * takes effect when the call, callbacks included, has returned. A function blocks only where its
 * comment says so. There is no global state, nothing to initialise and nothing to clean up.
 *
 * **Processes** After fork(), the child may go on with a client that no call was using; a child that
 * is forked in a callback must not return from it. Interrupted system calls are resumed; no SIGPIPE
 * is raised; nothing is written to stdout or stderr, but for the message of a panic: a bug.
 *
 * **Windows** A local path is UTF-8 whatever the code page is: a program gets one from a wide path by
 * `WideCharToMultiByte(CP_UTF8, ...)`, and takes its own arguments from `wmain`. It may have `\` or
 * `/`, a drive or a share, and any length; what `\\?\` begins is taken as it is. Other programs may
 * read, rename and delete a file while it is uploaded. A destination that another program keeps open
 * without sharing it is tried for a moment, then refused, and so is one that is read-only. Names of a
 * folder's files that Windows can't have, such as `a:b`, `aux` or `a.`, are reported as failed, each by
 * itself. Functions and callbacks are `__cdecl`, the default of C. Once loaded, cos.dll stays until the
 * process ends.
 */


#ifndef COS_H
#define COS_H

#include <stddef.h>
#include <stdint.h>

/** @file cos.h
 *
 * The functions, in this order: versions and codes, reading replies, the client, its log,
 * signatures, transfers, files, folders, uploads, downloads, whole directories, buckets, and any
 * other request.
 */

/** Turns its arguments into a string literal: `COS_JSON({"insert_only": 0})`. */
#define COS_JSON(...) #__VA_ARGS__

/** Stands before each function. On Windows it says that the function is in cos.dll; define COS_STATIC
 * to link with the static library there. Elsewhere it is nothing. */
#if defined(_WIN32) && !defined(COS_STATIC)
#define COS_API __declspec(dllimport)
#else
#define COS_API
#endif

/** The version of this header: its first number. */
#define COS_VERSION_MAJOR 0
/** Its second number. */
#define COS_VERSION_MINOR 1
/** Its third number. */
#define COS_VERSION_PATCH 0
/** What cos_abi_version() returns if library and header belong together. */
#define COS_ABI_VERSION 1


/**
 * What a call returns, and `code` in its reply.
 *
 * 0 is success. The negative values -1 to -4 and all positive values are the library's own;
 * every other negative value is the server's, passed through unchanged, or the one that means the
 * same as a word of the XML API. A server may send codes that are not named here: compare numbers,
 * and expect any.
 */
typedef enum {
  /**
   * Success.
   */
  COS_OK = 0,
  /**
   * Bad argument or option, or a local file that is missing or unreadable. Nothing was sent.
   */
  COS_ERR_PARAM = -1,
  /**
   * The server answered with something that is not a reply of its API: an HTML 403 or 404, a bare
   * 5xx; or with a code that is the library's own. The message says what it was.
   */
  COS_ERR_NETWORK = -2,
  /**
   * No answer: name resolution, connect, TLS, timeout or a lost connection.
   */
  COS_ERR_CONNECT = -3,
  /**
   * A bug in this library: a panic that was caught. The client stays usable.
   */
  COS_ERR_INTERNAL = -4,
  /**
   * The caller's callback or `cos_transfer_cancel` stopped the call.
   */
  COS_ERR_CANCELLED = 1,
  /**
   * Reading or writing the local file failed midway: disk full, file shrank or changed.
   */
  COS_ERR_LOCAL_IO = 2,
  /**
   * Bytes arrived but their SHA-1, CRC-64 or length is wrong. Nothing was left at the destination.
   */
  COS_ERR_INTEGRITY = 3,
  /**
   * The server refused for a reason that has no number of its own: `error.server_code` has its word.
   */
  COS_ERR_REFUSED = 4,
  /**
   * The account, or this key of it, may not do this.
   */
  COS_ERR_ACCESS_DENIED = 5,
  /**
   * Unknown secret id (newer servers).
   */
  COS_ERR_SECRET_ID_UNKNOWN = -47,
  /**
   * The signature has expired (newer servers). Is this machine's clock right?
   */
  COS_ERR_SIGN_EXPIRED = -59,
  /**
   * The bucket in the signature is not the bucket of the request.
   */
  COS_ERR_SIGN_BUCKET = -61,
  /**
   * The secret id does not belong to this appid.
   */
  COS_ERR_SIGN_SECRET_ID = -62,
  /**
   * The file in the signature is not the file of the request.
   */
  COS_ERR_SIGN_PATH = -63,
  /**
   * The appid in the signature is not the appid of the request.
   */
  COS_ERR_SIGN_APPID = -70,
  /**
   * Too many requests: wait, then try again.
   */
  COS_ERR_RATE_LIMITED = -71,
  /**
   * A once-signature must not carry an expiry.
   */
  COS_ERR_SIGN_ONCE_EXPIRY = -73,
  /**
   * A reusable signature must carry an expiry.
   */
  COS_ERR_SIGN_MULTI_EXPIRY = -74,
  /**
   * This once-signature was used before.
   */
  COS_ERR_SIGN_REPLAYED = -77,
  /**
   * Unknown secret id (older servers).
   */
  COS_ERR_SECRET_ID_UNKNOWN_V1 = -79,
  /**
   * The request carries no signature.
   */
  COS_ERR_SIGN_EMPTY = -81,
  /**
   * The signature has expired (older servers). Is this machine's clock right?
   */
  COS_ERR_SIGN_EXPIRED_V1 = -96,
  /**
   * The signature does not match: wrong secret key.
   */
  COS_ERR_SIGN_INVALID = -97,
  /**
   * The bucket does not exist.
   */
  COS_ERR_NO_BUCKET = -133,
  /**
   * The storage behind the server timed out; try again.
   */
  COS_ERR_STORAGE_TIMEOUT = -152,
  /**
   * The folder is not empty.
   */
  COS_ERR_FOLDER_NOT_EMPTY = -173,
  /**
   * The file's size is not the size that was announced.
   */
  COS_ERR_SIZE_MISMATCH = -175,
  /**
   * The file exists, and it was not to be overwritten.
   */
  COS_ERR_FILE_EXISTS = -177,
  /**
   * A folder of this name exists.
   */
  COS_ERR_FOLDER_EXISTS = -178,
  /**
   * The server does not accept this path.
   */
  COS_ERR_ILLEGAL_PATH = -180,
  /**
   * The storage behind the server failed; try again.
   */
  COS_ERR_STORAGE = -195,
  /**
   * The service is unavailable for the moment; try again.
   */
  COS_ERR_UNAVAILABLE = -196,
  /**
   * No such file or folder.
   */
  COS_ERR_NOT_FOUND = -197,
  /**
   * Illegal bucket name; on older servers: a move failed.
   */
  COS_ERR_BUCKET_NAME = -199,
  /**
   * Illegal slice size.
   */
  COS_ERR_SLICE_SIZE = -284,
  /**
   * The server is overloaded; try again.
   */
  COS_ERR_OVERLOADED = -300,
  /**
   * The content does not have the SHA-1 that was announced.
   */
  COS_ERR_SHA_MISMATCH = -4016,
  /**
   * The same content is already there under this name.
   */
  COS_ERR_SAME_FILE = -4018,
  /**
   * An unfinished upload of this file exists; it can be resumed.
   */
  COS_ERR_UPLOAD_UNFINISHED = -4019,
  /**
   * An unfinished upload of other content exists under this name; `resume` goes around it.
   */
  COS_ERR_UPLOAD_CONFLICT = -4020,
  /**
   * Unknown operation.
   */
  COS_ERR_NO_SUCH_OP = -5964,
  /**
   * `uploadparts` is malformed.
   */
  COS_ERR_UPLOADPARTS = -5965,
  /**
   * The JSON of the request is malformed.
   */
  COS_ERR_REQUEST_JSON = -5975,
  /**
   * The request names no operation.
   */
  COS_ERR_MISSING_OP = -5980,
  /**
   * Wrong or finished upload session.
   */
  COS_ERR_SESSION = -5983,
  /**
   * The request carries no content.
   */
  COS_ERR_MISSING_CONTENT = -5990,
  /**
   * The form of the request is malformed.
   */
  COS_ERR_REQUEST_FORM = -5993,
  /**
   * Wrong HTTP method.
   */
  COS_ERR_METHOD = -5996,
  /**
   * The network behind the server failed; try again.
   */
  COS_ERR_BACKEND_NETWORK = -5997,
  /**
   * A parameter of the request is wrong.
   */
  COS_ERR_REQUEST_PARAM = -5999,
  /**
   * The upload was announced with a SHA-1 and finished without one.
   */
  COS_ERR_MISSING_SHA = -29094,
} cos_code;

/**
 * Which lines a program wants.
 */
typedef enum {
  /**
   * None.
   */
  COS_LOG_OFF = 0,
  /**
   * A line for every request that failed.
   */
  COS_LOG_FAILURES = 1,
  /**
   * A line for every request.
   */
  COS_LOG_REQUESTS = 2,
} cos_log_level;

/**
 * A client: an account, the place of the service, and the connections to it.
 *
 * One client serves a whole program. All calls that take a `const cos_client *` may be made from
 * any number of threads at once. The client starts no thread of its own and keeps none.
 */
typedef struct cos_client cos_client;

/**
 * A handle to follow an upload or a download, and to stop any call.
 *
 * It serves one call at a time and any number one after the other. Once cancelled it stays
 * cancelled.
 */
typedef struct cos_transfer cos_transfer;

/**
 * Takes an element of an array or a field of an object. Returns 0 to go on, anything else to stop.
 *
 * `key` is the name of the field, NULL in an array; `value` is a string unescaped, any other value
 * as its JSON text. Either is NULL where it is a string that can't be told in C: with U+0000 or
 * half a surrogate pair in it. They are valid until it returns. It must return to its caller: no
 * longjmp, no exception.
 */
typedef int (*cos_each_fn)(const char *key, const char *value, void *user);

/**
 * Takes a line of the log. `line` is valid until it returns; it ends without a line feed.
 *
 * It is called on the thread that made the call, only during the call. It must return to its
 * caller: no longjmp, no exception.
 */
typedef void (*cos_log_fn)(int level, const char *line, void *user);

/**
 * Told of progress: `done` of `total` bytes. Returns 0 to go on, anything else to cancel the call.
 *
 * It is called on the thread that made the call, only during the call: at its start, at least
 * every 100 ms and every MiB, and at its end. `done` never gets smaller; `total` is 0 until the size
 * is known, and for a folder it grows while what is in it is found: what was found travels already.
 * It must return to its caller: no longjmp, no exception.
 */
typedef int (*cos_progress_fn)(uint64_t done, uint64_t total, void *user);

/**
 * Gives the next bytes of a content: writes up to `len` of them to `buf` and returns how many; 0 at
 * the end; less than 0 to stop the upload. It may give fewer than it was asked for, and it may wait
 * for more: as long as it does, the call does not return, even if it was cancelled.
 *
 * It is called on the thread that made the call, only during the call. It must return to its caller:
 * no longjmp, no exception.
 */
typedef int64_t (*cos_read_fn)(uint8_t *buf, size_t len, void *user);

/**
 * Takes bytes of a download, in order. Returns 0 to go on, anything else to cancel the call.
 *
 * It is called on the thread that made the call, only during the call. `data` is valid until it
 * returns. It must return to its caller: no longjmp, no exception.
 */
typedef int (*cos_write_fn)(const uint8_t *data, size_t len, void *user);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of the library that is loaded, such as "0.1.0".
 *
 * @return A static string; not to be freed. Any thread.
 */
COS_API const char *cos_version(void);

/**
 * The version of the binary interface that the loaded library has. It equals COS_ABI_VERSION of
 * the header that a program was compiled with, or the program must be compiled anew. On ELF
 * systems it is the number behind `libcos.so`.
 *
 * @return The number. Any thread.
 */
COS_API int cos_abi_version(void);

/**
 * The name of a code as it is spelled in this header.
 *
 * @param code  What a call returned.
 * @return A static string such as "COS_ERR_NOT_FOUND"; not to be freed. "COS_ERR_SERVER" for a
 *         server's code that has no name here. Never NULL. Any thread.
 */
COS_API const char *cos_code_name(int code);

/**
 * Reads a value from a reply, so that a C program needs no JSON library.
 *
 * @param json     JSON text, such as a reply.
 * @param pointer  RFC 6901 pointer to the value, such as "/data/infos/0/name". "" is the whole.
 * @return The value, to be freed with cos_string_free(): a string unescaped, any other value as
 *         its JSON text. NULL when there is no such value, when an argument is NULL or not UTF-8,
 *         when `json` is not JSON up to there, or when the string contains U+0000. Any thread.
 */
COS_API char *cos_json_string(const char *json, const char *pointer);

/**
 * Writes text as a JSON string, quotes included, for options that a program puts together.
 *
 * @param text  Any text in UTF-8.
 * @return The JSON string, to be freed with cos_string_free(); NULL when `text` is NULL or not
 *         UTF-8. Any thread.
 */
COS_API char *cos_json_quote(const char *text);

/**
 * Reads a whole number from a reply, however it is written: 5, 5.0, 5e0, or any of them in a string,
 * as some servers send their numbers.
 *
 * @param json     JSON text, such as a reply.
 * @param pointer  RFC 6901 pointer to the number, such as "/data/filesize".
 * @param out      Receives the number; left alone on failure.
 * @return 0, or -1 when there is no whole number that fits there, or an argument is NULL. Any
 *         thread.
 */
COS_API
int cos_json_int(const char *json,
                 const char *pointer,
                 int64_t *out);

/**
 * Counts the elements of an array, or the fields of an object, in a reply.
 *
 * @param json     JSON text, such as a reply.
 * @param pointer  RFC 6901 pointer to the array, such as "/data/infos".
 * @return The number, or -1 when there is no array or object there, or an argument is NULL. Any
 *         thread.
 */
COS_API int64_t cos_json_length(const char *json, const char *pointer);

/**
 * Goes through an array or an object in a reply, in order. However long a list is, this takes one
 * pass over it, where every pointer such as "/data/infos/198" is followed from the start.
 *
 * ```c
 * static int print(const char *key, const char *entry, void *user)
 * {
 *     char *name = cos_json_string(entry, "/name");
 *     puts(name);
 *     cos_string_free(name);
 *     return 0;
 * }
 * ...
 * cos_json_each(json, "/data/infos", print, NULL);
 * ```
 *
 * @param json     JSON text, such as a reply.
 * @param pointer  RFC 6901 pointer to the array, such as "/data/infos".
 * @param fn       Takes the elements, on the calling thread.
 * @param user     Handed to `fn` as it is; may be any value.
 * @return How often `fn` was called, or -1 when there is no array or object there, or another
 *         argument is NULL. Any thread.
 */
COS_API int64_t cos_json_each(const char *json, const char *pointer, cos_each_fn fn, void *user);

/**
 * Frees a string that the library handed out through `out_json` or returned as a `char *`. Never
 * use free() for it. NULL is ignored. Any thread.
 *
 * @param string  The string, or NULL.
 */
COS_API void cos_string_free(char *string);

/**
 * Makes a client. Nothing is sent; wrong credentials show in the first call.
 *
 * @param appid       The account's number as decimal text, such as "1250000000".
 * @param secret_id   The secret id from the console.
 * @param secret_key  The secret key from the console. It is copied, and wiped by
 *                    cos_client_free().
 * @param region      For the XML API "ap-shanghai", "na-ashburn" or any other region's name; for
 *                    the JSON API "sh" (or "shanghai"), "gz" ("guangzhou"), "tj" ("tianjin"), "sgp"
 *                    ("singapore"), or any other region's short name. NULL if `options` give it or
 *                    `hostname` and, for the JSON API, `download_hostname`.
 * @param options     JSON object or NULL; the keys are listed below.
 * @param out_client  Receives the client, to be freed with cos_client_free(); NULL on failure.
 * @param out_json    Receives the reply, to be freed with cos_string_free(). May be NULL.
 *
 * Options (default):
 * - `region`: in place of the argument.
 * - `api`: "v4" for the JSON API or "v5" for the XML API. Where it is not given the region tells:
 *   names with '-' are the XML API's; all others, and no region, mean the JSON API. "v5" takes the
 *   short names as well. It can't be changed later.
 * - `token`: what came with temporary keys, for the XML API; printable ASCII without blanks.
 *   cos_client_set_credentials() forgets it.
 * - `scheme` ("https"): "http" or "https", for control requests and downloads.
 * - `hostname`: `host[:port]` of control requests, in place of the region's; with the XML API,
 *   `bucket-appid.` is put in front of it, so it is a name there and no address, and downloads go
 *   there, too.
 * - `download_hostname`: `host[:port]` of downloads; `bucket-appid.` is put in front of it, so it
 *   is a name and no IPv6 address. Names below `localhost` lead to this machine.
 * - `timeout_ms` (300000): a request that makes no progress for so long fails with -3. A reply
 *   that is not a download must arrive whole within this time.
 * - `connect_timeout_ms` (10000): for a connection: looking the name up, all its addresses, the way
 *   through a proxy, TLS handshake. An address that is silent for 250 ms gets company of the next.
 * - `sign_expired` (300): seconds that the signature of a request is valid, at most 7776000.
 * - `retries` (3): how often a failed request is repeated, 0 to 10; 0 means never. See below.
 * - `ca_file`: PEM file with certificates to trust besides the bundled roots; a regular file of at
 *   most 8 MiB, read at once.
 * - `proxy`: `http://[user:password@]host:port`; in user and password, characters that mean
 *   something in a URL are written as there: %2F for '/', %40 for '@'. It is asked for https by
 *   CONNECT, for http with the whole URL in the request. The environment is never asked.
 * - `user_agent` ("libcos/VERSION"): 1 to 256 printable ASCII characters.
 * - `max_idle_connections` (32): how many connections are kept open between calls, 0 to 1024.
 *
 * **Repetition** What failed on the way, with HTTP 408, 429 or 5xx, or with a code that means
 * "later", is repeated after a pause of about 0.25, 1, 4, then 8 s each time, or as long as the
 * server asks for, but at most 30 s. Where a connection that was kept from an earlier request
 * turns out to have ended, the first repetition comes at once. A download that brought bytes
 * before it broke has all its retries again. After -71, HTTP 429 or 503 all requests of the call
 * pause together, longer and longer. Those of cos_upload_folder(), cos_download_folder() and a
 * recursive cos_del_folder() are then tried until they succeed, or until nothing that was refused
 * has succeeded for 15 s times `retries`; what is left then fails without delay.
 *
 * **Clock** When a signature is refused as expired or not yet valid and the server's `Date`
 * explains it, the client signs once more with the server's time, and keeps to that for later
 * requests and signatures. The log tells; if the request fails all the same, `error.hint` does.
 * Over http no more than a day of difference is believed.
 *
 * **XML API** Calls, options and replies are those of the JSON API; what differs:
 * - A bucket may be given with or without "-appid" at the end of its name.
 * - A signature is for one request: cos_sign_more() and cos_sign_once() are refused with -1.
 * - Content is verified by its CRC-64, which replies have as `data.crc64`; `data.etag` changes with
 *   every version of a file. There is no instant upload, no `forbid`, and `data.sha` only if the
 *   uploader has stored one as `x-cos-meta-sha1`.
 * - The text of `biz_attr` is stored as `x-cos-meta-biz-attr`; it and all `x-cos-meta-...` may have
 *   2048 bytes, of which a character that is not ASCII takes up to 12.
 * - A folder is what the paths of files begin with, whether or not it was created.
 * - A copy, and a file that was moved, has the `authority` of the bucket. Above 5 GiB neither a copy
 *   nor a file that was updated or moved keeps its tags.
 * - cos_move_file() copies, then deletes: if it fails in between, both files exist. cos_update_file()
 *   copies the file onto itself unless `authority` is all that changes; it may not be allowed to see
 *   who could read the file, and then has "authority" in `data.not_kept`.
 * - In a bucket that keeps versions, or once did, the service does not heed `insert_only`:
 *   `data.version_id` in the reply to an upload shows that it is such a bucket. From then on the
 *   client looks first, as it always does for uploads in slices.
 * - An unfinished upload that was begun through one API can't be continued through the other.
 * - Redirects are not followed. Where the service tells which region a bucket is in, `error.hint`
 *   says it.
 *
 * @return 0, or -1 (COS_ERR_PARAM) when an argument is refused; `error.argument` names it.
 *
 * Does not block: a `ca_file` is read, the network is not touched. Any thread.
 */
COS_API
int cos_client_new(const char *appid,
                   const char *secret_id,
                   const char *secret_key,
                   const char *region,
                   const char *options,
                   cos_client **out_client,
                   char **out_json);

/**
 * Changes settings. Keys that are given replace, the rest stays; a key that is `null` goes back to
 * its default. Either all of it takes effect or nothing. Calls under way keep the settings they
 * began with, so other threads may be in calls.
 *
 * @param client    The client.
 * @param options   JSON object with the keys of cos_client_new().
 * @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
 * @return 0, or -1 when an argument is refused. Does not block.
 */
COS_API int cos_client_set_config(const cos_client *client, const char *options, char **out_json);

/**
 * Changes the credentials, all three together; a token of temporary keys is forgotten. Calls under
 * way keep the ones they began with, so other threads may be in calls.
 *
 * @param client      The client.
 * @param appid       The account's number as decimal text.
 * @param secret_id   The secret id.
 * @param secret_key  The secret key; the old one is wiped when no call uses it any more.
 * @param out_json    Receives the reply, to be freed with cos_string_free(). May be NULL.
 * @return 0, or -1 when an argument is refused. Does not block.
 */
COS_API
int cos_client_set_credentials(const cos_client *client,
                               const char *appid,
                               const char *secret_id,
                               const char *secret_key,
                               char **out_json);

/**
 * Changes the credentials to temporary ones, all four parts together: the keys and the token that a
 * service for temporary keys (STS) hands out to a program that must not know the account's own keys.
 * Calls under way keep the ones they began with, so other threads may be in calls: call it when new
 * keys have come, before the old ones end.
 *
 * @param client      The client, of the XML API.
 * @param appid       The account's number as decimal text.
 * @param secret_id   The temporary secret id.
 * @param secret_key  The temporary secret key; the old one is wiped when no call uses it any more.
 * @param token       What came with them, printable ASCII without blanks. Every request carries it,
 *                    and every URL that is signed.
 * @param out_json    Receives the reply, to be freed with cos_string_free(). May be NULL.
 * @return 0, or -1 when an argument is refused, such as "token" where the client speaks the JSON
 *         API, which has no temporary keys. Does not block. Any thread.
 */
COS_API
int cos_client_set_temporary_credentials(const cos_client *client,
                                         const char *appid,
                                         const char *secret_id,
                                         const char *secret_key,
                                         const char *token,
                                         char **out_json);

/**
 * Makes a second handle for a client, whose every call stops when a transfer is cancelled: also
 * lists, deletions and all others that have no `transfer` argument. Those that have one are stopped
 * by either. Both handles share the connections, the settings, the keys and the log, and what
 * changes these through one of them changes the other. A handle costs little: make one for each call
 * that is to be stopped by itself. Nothing is sent.
 *
 * @param client      The client.
 * @param transfer    What stops the calls, within a second of cos_transfer_cancel(); they return
 *                    COS_ERR_CANCELLED. Of their progress it follows only that of a recursive
 *                    cos_del_folder(). It may be freed before the handle.
 * @param out_client  Receives the handle, to be freed with cos_client_free(), before or after
 *                    `client`; NULL on failure.
 * @param out_json    Receives the reply, to be freed with cos_string_free(). May be NULL.
 * @return 0, or -1 when an argument is refused. Does not block. Any thread.
 */
COS_API
int cos_client_with_transfer(const cos_client *client,
                             const cos_transfer *transfer,
                             cos_client **out_client,
                             char **out_json);

/**
 * Frees a client; with the last handle of a client its connections are closed and its secret key is
 * wiped. NULL is ignored. No call may be under way on it, and none may follow. Any thread.
 *
 * @param client  The client, or NULL.
 */
COS_API void cos_client_free(cos_client *client);

/**
 * Sets where lines about requests go. By default there is no log. It takes effect with the next
 * call; calls under way keep what they began with.
 *
 * A line has method, path, `op`, `status` (of HTTP), `code`, `sent` and `received` (bytes over the
 * wire), `ms`, `attempt` and `connection` ("new" or "reused"); on failure also `phase` and the
 * message. One more line, of level COS_LOG_FAILURES, tells when a wrong clock of this machine is set
 * right. Credentials and signatures are never in it. Lines about requests on other threads of a
 * call arrive with the calling thread's next report of progress, or at the end of the call.
 *
 * @param client  The client.
 * @param level   COS_LOG_OFF, COS_LOG_FAILURES or COS_LOG_REQUESTS.
 * @param fn      Takes the lines; may be called by several threads at once, one per call. NULL for
 *                no log.
 * @param user    Handed to `fn` as it is; may be any value.
 * @return 0, or -1 when `client` is NULL or there is no such level. Does not block. Any thread.
 */
COS_API
int cos_client_set_log(const cos_client *client,
                       int level,
                       cos_log_fn fn,
                       void *user);

/**
 * Makes a reusable signature for uploads, stats, lists and creations at a path, to hand to another
 * program. It is sent as the header `Authorization`.
 *
 * @param client    The client whose credentials sign.
 * @param bucket    The bucket, without the appid.
 * @param cos_path  The file or folder the signature is for.
 * @param expired   When it ends: seconds from now up to 7776000 (90 days), or a UNIX timestamp.
 *                  Not 0, not in the past, not more than 90 days ahead.
 * @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
 * @return 0 with `data.sign`, or -1 when an argument is refused. Does not block. Any thread.
 *
 * JSON API: the "multi" signature. The XML API has none that is for more than one kind of request:
 * -1, with `error.argument` "api"; cos_sign_url() is what there is.
 */
COS_API
int cos_sign_more(const cos_client *client,
                  const char *bucket,
                  const char *cos_path,
                  int64_t expired,
                  char **out_json);

/**
 * Makes a signature for a single delete, update or move of a file or folder, to hand to another
 * program. It is sent as the header `Authorization`, and a second use of it is refused.
 *
 * @param client    The client whose credentials sign.
 * @param bucket    The bucket, without the appid.
 * @param cos_path  The file or folder the signature is for.
 * @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
 * @return 0 with `data.sign`, or -1 when an argument is refused. Does not block. Any thread.
 *
 * JSON API: the "once" signature. XML API: -1, with `error.argument` "api"; see cos_sign_url().
 */
COS_API
int cos_sign_once(const cos_client *client,
                  const char *bucket,
                  const char *cos_path,
                  char **out_json);

/**
 * Makes a signature for downloads of a file, and a URL that carries it: ready to be fetched by a
 * browser or any HTTP client.
 *
 * @param client    The client whose credentials sign.
 * @param bucket    The bucket, without the appid.
 * @param cos_path  The file; a folder can't be downloaded.
 * @param expired   When it ends: seconds from now up to 7776000 (90 days), or a UNIX timestamp.
 *                  Not 0, not in the past, not more than 90 days ahead.
 * @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
 * @return 0 with `data.sign` (plain, as for the header `Authorization`) and `data.url` (with
 *         the signature in its query), or -1 when an argument is refused. Whether the
 *         file exists is not checked. Does not block. Any thread.
 *
 * JSON API: the "download" signature. XML API: a presigned URL for `GET Object`.
 */
COS_API
int cos_sign_download(const cos_client *client,
                      const char *bucket,
                      const char *cos_path,
                      int64_t expired,
                      char **out_json);

/**
 * Makes a URL that carries a signature for requests of one kind: a browser or any HTTP client that
 * has it can download, upload or delete one file, without keys. For an upload from a browser, send
 * the content with `PUT` to the URL, and the headers of `data.headers` as they are.
 *
 * @param client    The client whose credentials sign.
 * @param method    "GET", "HEAD", "PUT", "POST", "DELETE" or "OPTIONS". The JSON API has URLs for
 *                  "GET" alone.
 * @param bucket    The bucket, without the appid.
 * @param cos_path  The file, or a folder; "/" for the bucket itself.
 * @param expired   When it ends: seconds from now up to 7776000 (90 days), or a UNIX timestamp.
 *                  Not 0, not in the past, not more than 90 days ahead. With temporary keys the URL
 *                  ends with them at the latest.
 * @param options   JSON object or NULL; the keys are listed below.
 * @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
 *
 * Options (default), for the XML API:
 * - `params` ({}): object of parameters that become part of the URL and are signed, such as
 *   `{"response-content-disposition": "attachment; filename=a.txt"}`. A parameter that is there
 *   several times has an array of strings.
 * - `headers` ({}): object of headers that are signed: whoever uses the URL has to send them with
 *   the same values, such as `{"Content-Type": "image/png"}`. Without it only the host is signed,
 *   and other headers may be sent as well.
 *
 * @return 0 with `data.url` and `data.headers` (what has to be sent with it), or -1 when an argument
 *         is refused. Whether the file exists is not checked. Does not block. Any thread.
 *
 * JSON API: the "download" signature. XML API: a presigned URL for that operation.
 */
COS_API
int cos_sign_url(const cos_client *client,
                 const char *method,
                 const char *bucket,
                 const char *cos_path,
                 int64_t expired,
                 const char *options,
                 char **out_json);

/**
 * Makes a handle for the `transfer` argument of uploads and downloads, and for
 * cos_client_with_transfer(), which makes all other calls stop as well.
 *
 * @return The handle, to be freed with cos_transfer_free(). Any thread.
 */
COS_API cos_transfer *cos_transfer_new(void);

/**
 * Frees a handle. No call may be using it. NULL is ignored. Any thread.
 *
 * @param transfer  The handle, or NULL.
 */
COS_API void cos_transfer_free(cos_transfer *transfer);

/**
 * Stops the call that uses the handle, and the calls of the clients that cos_client_with_transfer()
 * made with it, within a second even if the server or the system's resolver is silent; they return
 * COS_ERR_CANCELLED. Every later call with this handle or such a client returns that at once. From
 * any thread, not from a signal handler. NULL is ignored.
 *
 * @param transfer  The handle, or NULL.
 */
COS_API void cos_transfer_cancel(cos_transfer *transfer);

/**
 * Sets the callback that is told of progress. It takes effect with the next call. Any thread.
 *
 * @param transfer  The handle. NULL is ignored.
 * @param fn        The callback, or NULL for none.
 * @param user      Handed to the callback as it is; may be any value.
 */
COS_API void cos_transfer_on_progress(cos_transfer *transfer, cos_progress_fn fn, void *user);

/**
 * Asks how far the call that uses the handle has come, or how far the last one came: for programs
 * that would rather ask than be told. From any thread.
 *
 * @param transfer  The handle, or NULL, which gives 0 of 0.
 * @param done      Receives the bytes done. May be NULL.
 * @param total     Receives the bytes in all, as far as they are known; 0 before. May be NULL.
 */
COS_API void cos_transfer_progress(const cos_transfer *transfer, uint64_t *done, uint64_t *total);

/**
 * Asks how many bytes have travelled in the call that uses the handle, or in the last one: a rate is
 * made of these. What else is done was done by an earlier call, or found at its destination. From any
 * thread.
 *
 * @param transfer  The handle, or NULL, which gives 0.
 * @return the bytes that have travelled.
 */
COS_API
uint64_t cos_transfer_travelled(const cos_transfer *transfer);

/**
 * Asks what the service knows of a file.
 *
 * @param client    The client.
 * @param bucket    The bucket, without the appid.
 * @param cos_path  The file, such as "/docs/report.txt".
 * @param options   JSON object or NULL: `with_authority` (true), whether to ask who may read the file,
 *                  which with the XML API is a request of its own; `timeout_ms`, `retries` for this
 *                  call.
 * @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
 * @return 0 with `data.filesize`, `data.filelen` (smaller while an upload is unfinished),
 *         `data.sha`, `data.biz_attr`, `data.authority`, `data.forbid`, `data.custom_headers`,
 *         `data.ctime`, `data.mtime` (UNIX seconds), `data.access_url`, `data.source_url`; with the
 *         XML API also `data.crc64`, `data.etag`, `data.storage_class`, `data.version_id`, of an
 *         archived file `data.restoring` (true) or `data.restored_until` (UNIX seconds), without
 *         `data.forbid`, and without `data.authority` if this key may not ask for it or
 *         `with_authority` is false.
 * @retval COS_ERR_NOT_FOUND  No such file.
 * @retval COS_ERR_NO_BUCKET  No such bucket.
 *
 * Blocks until the server has answered. Any thread.
 * JSON API: `op=stat`. XML API: `HEAD Object`, `GET Object acl`.
 */
COS_API
int cos_stat_file(const cos_client *client,
                  const char *bucket,
                  const char *cos_path,
                  const char *options,
                  char **out_json);

/**
 * Changes attributes of a file. What is not given stays as it is, with one exception: **all custom
 * headers are replaced together**. An update that gives one of the five headers or an
 * `x-cos-meta-...` removes all those that it does not give.
 *
 * @param client    The client.
 * @param bucket    The bucket, without the appid.
 * @param cos_path  The file.
 * @param options   JSON object that gives at least one attribute; the keys are listed below.
 * @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
 *
 * Options (by default, what is not given is not changed):
 * - `biz_attr`: text that the program stores with the file.
 * - `authority`: "eInvalid" (as the bucket), "eWRPrivate" or "eWPrivateRPublic".
 * - `forbid`: 0 allows everything, 1 forbids access, 2 forbids writing; not with the XML API.
 * - `cache_control`, `content_type`, `content_language`, `content_disposition`,
 *   `content_encoding`: headers that downloads return.
 * - `x-cos-meta-...`: any number of headers of the program's own; values are not empty.
 * - `clear_headers` (false): true removes all of these headers; not together with any of them.
 * - `timeout_ms`, `retries`: for this call.
 *
 * @return 0 without `data`.
 * @retval COS_ERR_NOT_FOUND  No such file.
 *
 * Blocks until the server has answered. Any thread. JSON API: `op=update`, repeated only if the
 * request can't have reached the server. XML API: `PUT Object - Copy` onto itself, `PUT Object acl`.
 */
COS_API
int cos_update_file(const cos_client *client,
                    const char *bucket,
                    const char *cos_path,
                    const char *options,
                    char **out_json);

/**
 * Deletes a file for good. Deleting the file also gives up an unfinished upload of it.
 *
 * @param client    The client.
 * @param bucket    The bucket, without the appid.
 * @param cos_path  The file.
 * @param options   JSON object or NULL: `if_match` (none), the SHA-1, CRC-64 or ETag that a transfer
 *                  or cos_stat_file() has told: deletes only a file that still has this content;
 *                  `timeout_ms`, `retries` for this call.
 * @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
 * @return 0 without `data`.
 * @retval COS_ERR_NOT_FOUND  No such file.
 * @retval COS_ERR_REFUSED  The file does not have the content of `if_match`; it stays.
 *
 * Blocks until the server has answered. Any thread. JSON API: `op=delete`, repeated only if the
 * request can't have reached the server; with `if_match` `op=stat` before it, and before each
 * repetition. XML API: `HEAD Object`, `DELETE Object`, and `Abort Multipart Upload` for what is
 * unfinished at this path; with `if_match` what is unfinished stays.
 */
COS_API
int cos_del_file(const cos_client *client,
                 const char *bucket,
                 const char *cos_path,
                 const char *options,
                 char **out_json);

/**
 * Deletes any number of files of a bucket for good, with the XML API a thousand by one request. A file
 * that is not there counts as deleted. What is unfinished at their paths stays with the XML API.
 *
 * @param client     The client.
 * @param bucket     The bucket, without the appid.
 * @param cos_paths  JSON array of the files' paths, such as ["/a.txt", "/docs/b.txt"].
 * @param options    JSON object or NULL: `concurrency` (4), requests under way at a time, 1 to 64;
 *                   `timeout_ms`, `retries` for this call, a request at a time.
 * @param out_json   Receives the reply, to be freed with cos_string_free(). May be NULL.
 *
 * With a client of cos_client_with_transfer(), cos_transfer_progress() tells how many files are done, of
 * those that were given.
 *
 * @return 0 if all are gone. Also on failure, `data` has the numbers `files` of what is gone and
 *         `failed` of what is not, and `failures`, an array with `path`, `code`, `message` and, if the
 *         XML API has refused it with a word, `server_code`. What can be deleted is deleted. The code
 *         is that of the first failure; a server that can't be reached any more ends the call.
 * @retval COS_ERR_PARAM  One of the paths is not that of a file; nothing was sent.
 *
 * Blocks until the server has answered. Any thread. JSON API: `op=delete` for each. XML API:
 * `DELETE Multiple Objects`, `DELETE Object`.
 */
COS_API
int cos_del_files(const cos_client *client,
                  const char *bucket,
                  const char *cos_paths,
                  const char *options,
                  char **out_json);

/**
 * Moves (renames) a file within its bucket or, with the XML API, to another one.
 *
 * @param client     The client.
 * @param bucket     The bucket, without the appid.
 * @param cos_path   The file.
 * @param dest_path  Its new absolute path, such as "/archive/report.txt".
 * @param options    JSON object or NULL: `overwrite` (false), whether a file at `dest_path` is
 *                   replaced; `dest_bucket` (the same), the bucket that it moves to, in the client's
 *                   region, with the XML API alone; `source_region` (the same), the region of
 *                   `bucket`, where the client's is another, with the XML API alone; `timeout_ms`,
 *                   `retries` for this call.
 * @param out_json   Receives the reply, to be freed with cos_string_free(). May be NULL.
 * @return 0 without `data`.
 * @retval COS_ERR_NOT_FOUND  No such file.
 * @retval COS_ERR_FILE_EXISTS  There is a file at `dest_path`.
 * @retval COS_ERR_INTEGRITY  With the XML API: the file was replaced while it was moved. What it was
 *         is at `dest_path`, what it is now at `cos_path`.
 *
 * Blocks until the server has answered. Any thread. JSON API: `op=move`, repeated only if the
 * request can't have reached the server. XML API: `HEAD Object`, `PUT Object - Copy`, above 5 GiB
 * `Upload Part - Copy`, `HEAD Object` again, because nothing else would notice that the file was
 * replaced meanwhile, and `DELETE Object`; the two files are there side by side for a moment.
 */
COS_API
int cos_move_file(const cos_client *client,
                  const char *bucket,
                  const char *cos_path,
                  const char *dest_path,
                  const char *options,
                  char **out_json);

/**
 * Copies a file on the server, within its bucket or, with the XML API, to another one.
 *
 * @param client     The client.
 * @param bucket     The bucket, without the appid.
 * @param cos_path   The file.
 * @param dest_path  The absolute path of the copy.
 * @param options    JSON object or NULL: `overwrite` (false), whether a file at `dest_path` is
 *                   replaced; `dest_bucket` (the same), the bucket of the copy, in the client's
 *                   region, with the XML API alone; `source_region` (the same), the region of
 *                   `bucket`, where the client's is another, with the XML API alone; `timeout_ms`,
 *                   `retries` for this call.
 * @param out_json   Receives the reply, to be freed with cos_string_free(). May be NULL.
 * @return 0 without `data`.
 * @retval COS_ERR_NOT_FOUND  No such file.
 * @retval COS_ERR_FILE_EXISTS  There is a file at `dest_path`.
 *
 * Blocks until the server has answered. Any thread. JSON API: `op=copy`, repeated only if the
 * request can't have reached the server. XML API: `HEAD Object` and `PUT Object - Copy`, above 5 GiB
 * `Upload Part - Copy`.
 */
COS_API
int cos_copy_file(const cos_client *client,
                  const char *bucket,
                  const char *cos_path,
                  const char *dest_path,
                  const char *options,
                  char **out_json);

/**
 * Creates a folder. Its parents need not exist.
 *
 * @param client    The client.
 * @param bucket    The bucket, without the appid.
 * @param cos_path  The folder, ending with '/'; not "/".
 * @param options   JSON object or NULL: `biz_attr` (""), text that the program stores with the
 *                  folder; `timeout_ms`, `retries` for this call.
 * @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
 * @return 0 with `data.ctime` (UNIX seconds).
 * @retval COS_ERR_FOLDER_EXISTS  It exists already.
 *
 * Blocks until the server has answered. Any thread. JSON API: `op=create`, repeated only if the
 * request can't have reached the server. XML API: `PUT Object`.
 */
COS_API
int cos_create_folder(const cos_client *client,
                      const char *bucket,
                      const char *cos_path,
                      const char *options,
                      char **out_json);

/**
 * Asks what the service knows of a folder. With the JSON API a folder that was never created and is
 * only part of the names of files may be unknown to it (COS_ERR_NOT_FOUND); cos_list_folder() shows
 * those.
 *
 * @param client    The client.
 * @param bucket    The bucket, without the appid.
 * @param cos_path  The folder, ending with '/'; "/" is the bucket.
 * @param options   JSON object or NULL: `timeout_ms`, `retries` for this call.
 * @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
 * @return 0 with `data.biz_attr`, `data.ctime`, `data.mtime` (UNIX seconds).
 * @retval COS_ERR_NOT_FOUND  No such folder.
 *
 * Blocks until the server has answered. Any thread. JSON API: `op=stat`. XML API:
 * `HEAD Object`, `GET Bucket`.
 */
COS_API
int cos_stat_folder(const cos_client *client,
                    const char *bucket,
                    const char *cos_path,
                    const char *options,
                    char **out_json);

/**
 * Changes the `biz_attr` of a folder, the only attribute it has.
 *
 * @param client    The client.
 * @param bucket    The bucket, without the appid.
 * @param cos_path  The folder, ending with '/'; not "/".
 * @param options   JSON object: `biz_attr` (required), text that the program stores with the
 *                  folder; `timeout_ms`, `retries` for this call.
 * @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
 * @return 0 without `data`.
 * @retval COS_ERR_NOT_FOUND  No such folder.
 *
 * Blocks until the server has answered. Any thread. JSON API: `op=update`, repeated only if the
 * request can't have reached the server. XML API: `PUT Object - Copy` onto itself, or `PUT Object`.
 */
COS_API
int cos_update_folder(const cos_client *client,
                      const char *bucket,
                      const char *cos_path,
                      const char *options,
                      char **out_json);

/**
 * Lists the files and folders in a folder: a page of them, or all.
 *
 * @param client    The client.
 * @param bucket    The bucket, without the appid.
 * @param cos_path  The folder, ending with '/'; "/" is the bucket.
 * @param options   JSON object or NULL; the keys are listed below.
 * @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
 *
 * Options (default):
 * - `num` (199): entries a page, 1 to 1000; some servers take no more than 199. With `all` as many
 *   as the server takes.
 * - `prefix` (""): only entries whose name starts with this.
 * - `context` (""): where to go on: `data.context` of the page before.
 * - `recursive` (false): list the files of all folders below, and no folders; names are paths from
 *   `cos_path` on. With the XML API alone, and without `delimiter`.
 * - `folders` (false): with `recursive`, list also the folders that were created, and not only by
 *   files in them.
 * - `delimiter`: passed to the server as it is; with the XML API '/' if it is not given.
 * - `all` (false): follow `context` to the end and return all entries in one reply, at most 64 MiB
 *   of them (some 200000 entries) or 100000 pages. A longer list has to be read page by page.
 * - `timeout_ms`, `retries`: for this call, a page at a time.
 *
 * @return 0 with `data.infos`, an array of entries; `data.listover`, true when nothing follows;
 *         `data.context`, for the next page. An entry has `name`, `ctime` and `mtime`; a file also
 *         `sha` or, with the XML API, `etag` and `storage_class`, and `filesize`, `filelen`,
 *         `access_url`, `source_url`. The name of a folder ends with '/'. If other clients have
 *         stored content under the path of the folder itself, `data.filesize` is the size of it;
 *         XML API.
 * @retval COS_ERR_NOT_FOUND  No such folder.
 * @retval COS_ERR_NETWORK  With `all`: the list does not end, or not within what is allowed, or
 *         its context is too long for the next request.
 *
 * Blocks until the server has answered. Any thread. JSON API: `op=list`. XML API:
 * `GET Bucket` (List Objects).
 */
COS_API
int cos_list_folder(const cos_client *client,
                    const char *bucket,
                    const char *cos_path,
                    const char *options,
                    char **out_json);

/**
 * Deletes an empty folder, or a folder with everything below it.
 *
 * @param client    The client.
 * @param bucket    The bucket, without the appid.
 * @param cos_path  The folder, ending with '/'; not "/".
 * @param options   JSON object or NULL; the keys are listed below.
 * @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
 *
 * Options (default):
 * - `recursive` (false): true deletes everything below the folder first, for good.
 * - `concurrency` (4): with `recursive`, deletions under way at a time, 1 to 64.
 * - `timeout_ms`, `retries`: for this call, a request at a time.
 *
 * With `recursive` and a client of cos_client_with_transfer(), cos_transfer_progress() tells how many
 * files and folders are done, of those that there are.
 *
 * @return 0 without `data`. With `recursive` also on failure `data` has the numbers `files` and
 *         `folders` of what is gone and `failed` of what is not, and `failures`, an array with
 *         `path` (relative), `code` and `message`. What can be deleted is deleted; the folders in
 *         which something stays, stay. The code is that of the first failure, and the same call
 *         again goes on. A server that can't be reached any more ends it. A tree of more than
 *         1000000 files, 100000 folders or 256 MiB of names is refused (COS_ERR_NETWORK): delete
 *         the folders in it one at a time. Memory: some 200 MiB for a million files with paths of
 *         40 bytes.
 * @retval COS_ERR_FOLDER_NOT_EMPTY  There is something in it, or it has content of its own.
 * @retval COS_ERR_NOT_FOUND  No such folder.
 *
 * Blocks until the server has answered. Any thread. JSON API: `op=delete`, repeated only if the
 * request can't have reached the server, or with `recursive`, which also takes `op=list`. XML API:
 * `GET Bucket`, `DELETE Object`, with `recursive` `DELETE Multiple Objects`.
 */
COS_API
int cos_del_folder(const cos_client *client,
                   const char *bucket,
                   const char *cos_path,
                   const char *options,
                   char **out_json);

/**
 * Uploads a local file. Below `slice_threshold` it travels in one request, from there on in slices,
 * several at a time. Memory does not grow with the file.
 *
 * An upload that was broken off, even by a crash, is continued by the same call: only what is
 * missing travels, and what this call asks for, such as `biz_attr`, holds. When a reply is
 * lost, or another call ends this one's session, the library looks whether the file arrived before
 * it judges. A file that is there stays until the new one takes its place. A file that changed while
 * it was sent leaves nothing behind where no file was.
 *
 * JSON API: a file that the server has already, under whatever name, does not travel at all
 * ("instant upload"). An unfinished upload of other content is no obstacle: up to 20 MiB the new one
 * travels in one request; a larger one is uploaded beside it, as `.NAME.DIGEST.cos-upload`, and then
 * moved. If such an upload is broken off, the same call with the same content continues it; if it
 * never comes, that file is left and may be deleted.
 *
 * XML API: a file may have several unfinished uploads. One is continued if slices of it have the MD5
 * of this content, and if it has the `storage_class` of this call.
 *
 * @param client      The client.
 * @param bucket      The bucket, without the appid.
 * @param cos_path    The file to create, such as "/docs/report.txt".
 * @param local_path  The file to read, in UTF-8.
 * @param options     JSON object or NULL; the keys are listed below.
 * @param transfer    To follow or stop the upload; NULL if neither is needed. Borrowed.
 * @param out_json    Receives the reply, to be freed with cos_string_free(). May be NULL.
 *
 * Options (default):
 * - `insert_only` (true): fail with COS_ERR_FILE_EXISTS if there is a file at `cos_path`; false
 *   replaces it.
 * - `biz_attr` (""): text that the program stores with the file.
 * - `slice_threshold` (8388608): bytes from which a file is sliced, at most 20971520; with the XML
 *   API 16777216, at most 5368709120.
 * - `slice_size` (1048576): bytes a slice: 524288, 1048576, 2097152 or 3145728. The server may
 *   choose another. With the XML API 8388608, at most 5368709120; less than 1048576 is raised to
 *   that, and so much is added that 10000 slices suffice.
 * - `concurrency` (4): slices under way at a time, 1 to 64, each on a connection of its own.
 * - `verify_sha1` (true): announce the SHA-1 of the file and of its slices, so that the server
 *   verifies what arrives and knows what it has. Costs a pass over the file. Without it an
 *   unfinished upload is continued, but nothing is saved. With the XML API: compare the CRC-64 of
 *   what was sent with the server's, at no such cost.
 * - `resume` (true): continue an unfinished upload, or go around it; false returns
 *   COS_ERR_UPLOAD_UNFINISHED or COS_ERR_UPLOAD_CONFLICT. With the XML API false begins anew, and
 *   leaves nothing unfinished; what is left otherwise is billed until it is continued or aborted.
 * - `content_type`, `cache_control`, `content_disposition`, `content_encoding`, `content_language`,
 *   `x-cos-meta-...`, `authority`: as with cos_update_file(). The JSON API sets them by an update right
 *   after the upload: if that fails, the file is there without them. With the XML API the
 *   `content_type` is by default that of the name's extension.
 * - `storage_class`, such as "STANDARD_IA"; `tagging`, such as "year=2024&kind=log"; `traffic_limit`
 *   (bits a second, 819200 to 838860800, for each request); `content_md5` (false): send the MD5 of
 *   what each request carries, which costs a pass over it. All four with the XML API alone.
 * - `timeout_ms`, `retries`: for this call, a request at a time.
 *
 * @return 0 with `data.access_url`, `data.source_url`, `data.url`, `data.resource_path`; with the
 *         XML API also `data.etag`, `data.crc64`, `data.version_id`. Also on failure, `transfer`
 *         has `bytes` (size of the file), `sent_bytes` (over the wire), `resumed_bytes` (sent by
 *         earlier calls), `slices` (sent by this one), `instant`, `recovered` (a lost reply was
 *         made up for), `seconds`, and `sha1` or `crc64` (a decimal number in a string) of the
 *         content, as far as they were computed.
 * @retval COS_ERR_FILE_EXISTS  See `insert_only`. `error.same_content` says whether the file that is
 *         there has the content of this one, if that is known.
 * @retval COS_ERR_UPLOAD_CONFLICT  An unfinished upload of other content is in the way, and
 *         `resume` is false.
 * @retval COS_ERR_PARAM  With `error.argument` "local_path": the file is missing or unreadable.
 * @retval COS_ERR_LOCAL_IO  The file changed or became unreadable midway. Its size, its times of
 *         modification and change (which chmod, rename and new links move, too) and its end are
 *         looked at. Not seen is what another program writes through a memory mapping and the
 *         system has not noted yet.
 * @retval COS_ERR_SHA_MISMATCH  Bytes were damaged on the way.
 * @retval COS_ERR_INTEGRITY  XML API: the same, seen by the CRC-64. What was stored is deleted.
 * @retval COS_ERR_CANCELLED  The caller wanted it; if all bytes had left by then, the file may be
 *         there all the same.
 *
 * Blocks until the file is stored. Any thread; starts threads and ends them before it returns.
 * JSON API: `op=upload`, or `upload_slice_init`, `upload_slice_data`, `upload_slice_list` and
 * `upload_slice_finish`; where needed, also `stat`, `update`, `move` and `delete`. XML API:
 * `PUT Object`, or `Initiate`, `Upload Part`, `List Parts` and `Complete Multipart Upload`; where
 * needed, also `List Multipart Uploads`, `Abort Multipart Upload`, `HEAD`, `DELETE` and
 * `PUT Object - Copy`.
 */
COS_API
int cos_upload_file(const cos_client *client,
                    const char *bucket,
                    const char *cos_path,
                    const char *local_path,
                    const char *options,
                    cos_transfer *transfer,
                    char **out_json);

/**
 * Uploads bytes in memory. Everything else is as with cos_upload_file().
 *
 * @param client    The client.
 * @param bucket    The bucket, without the appid.
 * @param cos_path  The file to create.
 * @param data      The bytes, borrowed for the call. May be NULL if `len` is 0.
 * @param len       How many there are.
 * @param options   JSON object or NULL; the keys of cos_upload_file().
 * @param transfer  To follow or stop the upload; NULL if neither is needed. Borrowed.
 * @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
 * @return As cos_upload_file().
 *
 * Blocks until the file is stored. Any thread. The same operations of the APIs.
 */
COS_API
int cos_upload_buffer(const cos_client *client,
                      const char *bucket,
                      const char *cos_path,
                      const uint8_t *data,
                      size_t len,
                      const char *options,
                      cos_transfer *transfer,
                      char **out_json);

/**
 * Uploads what a callback gives: content that is neither a file nor all in memory, such as what is
 * being compressed, or comes from another connection.
 *
 * What is neither more than `slice_size` times `concurrency` nor more than `slice_threshold` travels
 * in one request; anything else in slices, each of which is sent while the next ones are read. Memory
 * is `slice_size` times (`concurrency` + 1), however much there is; a server of the JSON API may choose
 * slices of up to four times `slice_size`, larger ones fail with COS_ERR_NETWORK. A lost reply is made
 * up for, and a request that failed is repeated, as with cos_upload_file(); but an upload that was
 * broken off begins anew, and nothing is left of it, as far as the API lets the library remove it.
 *
 * @param client    The client.
 * @param bucket    The bucket, without the appid.
 * @param cos_path  The file to create.
 * @param size      How many bytes there are; not more are read. -1 if that is not known, which needs
 *                  the XML API. Then `slice_size` times 10000 is the most there can be, 78 GiB unless
 *                  the options say more.
 * @param read      Gives the bytes; not NULL.
 * @param user      Handed to `read` as it is; may be any value.
 * @param options   JSON object or NULL; the keys of cos_upload_file(), but `resume` has no meaning.
 *                  With the JSON API `verify_sha1` holds for what travels in one request.
 * @param transfer  To follow or stop the upload; NULL if neither is needed. Borrowed. Where the size
 *                  is not known, `total` is what was read so far.
 * @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
 * @return As cos_upload_file().
 * @retval COS_ERR_CANCELLED  `read` returned less than 0, or the transfer was cancelled.
 * @retval COS_ERR_PARAM  With `error.argument` "read": it returned more than it was asked for.
 * @retval COS_ERR_LOCAL_IO  `read` returned 0 before `size` bytes; or there is not so much memory.
 *
 * Blocks until the file is stored. Any thread; starts threads and ends them before it returns. The
 * same operations of the APIs as cos_upload_file().
 */
COS_API
int cos_upload_stream(const cos_client *client,
                      const char *bucket,
                      const char *cos_path,
                      int64_t size,
                      cos_read_fn read,
                      void *user,
                      const char *options,
                      cos_transfer *transfer,
                      char **out_json);

/**
 * Downloads a file to a local file. Large files travel in several ranges at a time. Memory does
 * not grow with the file.
 *
 * The bytes are collected in a hidden file beside the destination (`.NAME.cos-partial`), checked,
 * and renamed: at `local_path` there is the old file or the whole new one, whatever happens. A
 * download that was broken off, even by a crash, is continued by the same call as long as the
 * file on the server is the same. A file that is replaced on the server meanwhile is fetched anew.
 *
 * A replaced file hands its mode on, and owner, group and access list as far as the process may;
 * what can't be handed on is given to nobody else, and the bits that let a program run as its owner
 * are dropped. A link at `local_path` stays, and the file that it leads to is replaced. On a file
 * system without locks, no two calls may have one destination at a time.
 *
 * On Windows it hands on its access list and whether it is hidden. One that is read-only is refused.
 * One that another program has open, and does not share for deletion, is tried for three seconds and
 * then refused, before anything is sent or when all has come; then the same call continues.
 *
 * @param client      The client.
 * @param bucket      The bucket, without the appid; private and public buckets are alike.
 * @param cos_path    The file to download.
 * @param local_path  The file to write, in UTF-8. Its directory must exist.
 * @param options     JSON object or NULL; the keys are listed below.
 * @param transfer    To follow or stop the download; NULL if neither is needed. Borrowed.
 * @param out_json    Receives the reply, to be freed with cos_string_free(). May be NULL.
 *
 * Options (default):
 * - `overwrite` (true): false never replaces a file: a `local_path` that exists is refused.
 * - `range_start` (0), `range_end` (the last): first and last byte wanted, counted from 0. The
 *   local file gets just these. A part of a file is not checked against the sum of the whole.
 * - `concurrency` (4): ranges under way at a time, 1 to 64, each on a connection of its own.
 * - `verify_sha1` (true): check the SHA-1 that the server states; with the XML API, the CRC-64.
 * - `resume` (true): continue a download that was broken off; false starts anew and keeps nothing.
 * - `listed` (none): what a list has shown of the file, an entry of `data.infos`. If `local_path` has
 *   that content already, nothing is fetched; `transfer.unchanged` tells. With the JSON API the size
 *   and the SHA-1 are not asked for again.
 * - `fetch` (true): with `listed`, false only compares; no local file is written.
 * - `traffic_limit` (none): bits a second, 819200 to 838860800, for each request; with the XML API
 *   alone.
 * - `timeout_ms`, `retries`: for this call, a request at a time.
 *
 * @return 0 without `data`. Also on failure, `transfer` has `bytes` (size of the file or range),
 *         `received_bytes` (over the wire), `resumed_bytes` (kept from earlier calls), `verified`
 *         (the bytes have the sum that the server states; false where it states none, for a range,
 *         and without `verify_sha1`), that sum as `sha1` or `crc64`, with the XML API `etag`,
 *         `seconds`.
 * @retval COS_ERR_NOT_FOUND  No such file.
 * @retval COS_ERR_NETWORK  JSON API: the download host refuses, with `error.http_status`.
 * @retval COS_ERR_INTEGRITY  Wrong bytes arrived, or the file keeps changing; nothing is kept.
 * @retval COS_ERR_LOCAL_IO  Writing failed, such as on a full disk or at the process's limit of
 *         file size.
 * @retval COS_ERR_PARAM  With `error.argument` "local_path": it can't be written there. Nothing
 *         was sent, unless it came to be so, or was opened, during the call.
 * @retval COS_ERR_CANCELLED  The caller wanted it.
 *
 * Blocks until the file is complete. Any thread; starts threads and ends them before it returns.
 * JSON API: `op=stat` and download; with `listed` no `op=stat`, but `op=upload_slice_list` where the
 * contents are the same. XML API: `GET Object`; to continue a download, and where its answer or the
 * list does not tell what the file is, `HEAD Object` as well.
 */
COS_API
int cos_download_file(const cos_client *client,
                      const char *bucket,
                      const char *cos_path,
                      const char *local_path,
                      const char *options,
                      cos_transfer *transfer,
                      char **out_json);

/**
 * Downloads a file into memory that the library allocates.
 *
 * @param client    The client.
 * @param bucket    The bucket, without the appid.
 * @param cos_path  The file to download.
 * @param options   JSON object or NULL: `range_start`, `range_end`, `concurrency`, `verify_sha1`,
 *                  `traffic_limit`, `timeout_ms`, `retries` as with cos_download_file().
 * @param transfer  To follow or stop the download; NULL if neither is needed. Borrowed.
 * @param out_data  Receives the bytes, to be freed with cos_buffer_free(); NULL for an empty file
 *                  and on failure.
 * @param out_len   Receives their number; 0 on failure.
 * @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
 * @return As cos_download_file().
 * @retval COS_ERR_LOCAL_IO  There is not so much memory.
 *
 * Blocks until all bytes are there. Any thread.
 * JSON API: `op=stat` and download. XML API: `GET Object`; where its answer does not tell what the
 * file is, `HEAD Object` as well.
 */
COS_API
int cos_download_buffer(const cos_client *client,
                        const char *bucket,
                        const char *cos_path,
                        const char *options,
                        cos_transfer *transfer,
                        uint8_t **out_data,
                        size_t *out_len,
                        char **out_json);

/**
 * Downloads a file through a callback, in order, a piece at a time.
 *
 * The bytes can be checked against the server's sum only at the end: until the call has
 * returned 0, what the callback was given is not known to be right.
 *
 * @param client    The client.
 * @param bucket    The bucket, without the appid.
 * @param cos_path  The file to download.
 * @param options   JSON object or NULL: `range_start`, `range_end`, `verify_sha1`,
 *                  `traffic_limit`, `timeout_ms`, `retries` as with cos_download_file();
 *                  `concurrency` is accepted and 1.
 * @param transfer  To follow or stop the download; NULL if neither is needed. Borrowed.
 * @param write     Takes the bytes.
 * @param user      Handed to `write` as it is; may be any value.
 * @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
 * @return As cos_download_file().
 * @retval COS_ERR_CANCELLED  `write` returned something else than 0.
 *
 * Blocks until all bytes were taken. Any thread; starts one thread and ends it before it returns.
 * JSON API: `op=stat` and download. XML API: `GET Object`; where its answer does not tell what the
 * file is, `HEAD Object` as well.
 */
COS_API
int cos_download_stream(const cos_client *client,
                        const char *bucket,
                        const char *cos_path,
                        const char *options,
                        cos_transfer *transfer,
                        cos_write_fn write,
                        void *user,
                        char **out_json);

/**
 * Frees what cos_download_buffer() handed out. Never use free() for it. NULL is ignored. Any
 * thread.
 *
 * @param data  The bytes, or NULL.
 * @param len   Their number, as it was handed out.
 */
COS_API void cos_buffer_free(uint8_t *data, size_t len);

/**
 * Uploads a local directory with everything below it to a folder: many files at a time, large ones
 * in slices. Files that the folder has already, by size and content, do not travel; files that
 * differ are replaced. Empty directories become folders. Nothing is deleted. What an unfinished
 * upload has left there counts as a file that differs. The first files travel while others are still
 * being found.
 *
 * What stands in the way of one file is reported and does not keep the others from travelling:
 * also a connection that always breaks for this one. A server that can't be reached any more ends
 * the call. Symbolic links and special files are reported as "ignored" and never followed, also
 * where they take a file's or a directory's place during the call. Directories may be 256 deep.
 *
 * Memory: some 350 MiB for a million files with paths of 40 bytes, the reply included, and 200 bytes
 * more for each file of the largest directory. What waits to be sent is bounded.
 *
 * @param client      The client.
 * @param bucket      The bucket, without the appid.
 * @param cos_path    The folder, ending with '/'; "/" is the bucket. It need not exist.
 * @param local_path  The directory to read, in UTF-8.
 * @param options     JSON object or NULL; the keys are listed below.
 * @param transfer    To follow or stop the upload; it counts the bytes of all files. NULL if
 *                    neither is needed. Borrowed.
 * @param out_json    Receives the reply, to be freed with cos_string_free(). May be NULL.
 *
 * Options (default):
 * - `insert_only` (false): true keeps files that exist and differ, and reports them as failed.
 * - `biz_attr` (""), `slice_threshold`, `slice_size`, `verify_sha1`, `resume`, `content_type`,
 *   `cache_control`, `content_disposition`, `content_encoding`, `content_language`, `x-cos-meta-...`,
 *   `authority`, `storage_class`, `tagging`, `traffic_limit`, `content_md5`: as with
 *   cos_upload_file(), for every file that travels.
 * - `concurrency` (4): files and slices of large files under way at a time, 1 to 64.
 * - `timeout_ms`, `retries`: for this call, a request at a time.
 *
 * @return 0 when every file is there; otherwise the code of the first file that failed, or what
 *         ended the whole. Also on failure, `data` has the numbers `uploaded`, `unchanged`,
 *         `ignored`, `failed`, and `files`, an array with `path` (relative), `action` ("uploaded",
 *         "unchanged", "ignored", "failed"), `bytes` (as stored), and where it failed `code`,
 *         `message` and, if a local file can't be used, `errno` as with one file;
 *         `transfer` has `bytes`, `sent_bytes`, `received_bytes`, `resumed_bytes`, `seconds`.
 *
 * Blocks until all is done. Any thread; starts threads and ends them before it returns.
 * JSON API: `op=list` for each folder, `op=stat`, `op=create` and those of cos_upload_file(); one
 * request for a file that does not travel. XML API: `GET Bucket` for 1000 objects at a time,
 * `PUT Object` for folders, and those of cos_upload_file().
 */
COS_API
int cos_upload_folder(const cos_client *client,
                      const char *bucket,
                      const char *cos_path,
                      const char *local_path,
                      const char *options,
                      cos_transfer *transfer,
                      char **out_json);

/**
 * Downloads a folder with everything below it to a local directory: many files at a time, large
 * ones in ranges. Files that the directory has already, by size and content, do not travel; files
 * that differ are replaced, each as with cos_download_file(). Nothing is deleted. The first files
 * travel while others are still being found.
 *
 * What stands in the way of one file or folder is reported and does not keep the others from
 * travelling: a name that this library refuses, or a connection that always breaks for this one.
 * A server that can't be reached any more ends the call. No name and no symbolic link leads out of
 * the directory: such files are reported as failed. What was never uploaded to its end is reported
 * as "ignored". Names that Windows does not have, such as `a:b`, `aux.txt` or one with a dot at its
 * end, and those that differ from another only by capital letters, are failures there, too.
 *
 * A tree of more than 1000000 files, 100000 folders or 256 MiB of names ends the call when that
 * shows (COS_ERR_NETWORK): take the folders in it one at a time. What is inside more than 256 folders
 * is reported as failed. Memory as with cos_upload_folder(); nothing of it depends on how the files
 * are spread over folders.
 *
 * @param client      The client.
 * @param bucket      The bucket, without the appid.
 * @param cos_path    The folder, ending with '/'; "/" is the bucket.
 * @param local_path  The directory to write to, in UTF-8. It is created; its parent must exist.
 * @param options     JSON object or NULL; the keys are listed below.
 * @param transfer    To follow or stop the download; it counts the bytes of all files. NULL if
 *                    neither is needed. Borrowed.
 * @param out_json    Receives the reply, to be freed with cos_string_free(). May be NULL.
 *
 * Options (default):
 * - `overwrite` (true): false keeps files that exist and differ, and reports them as failed.
 * - `verify_sha1` (true), `resume` (true): as with cos_download_file(), for every file.
 * - `traffic_limit`: as with cos_download_file().
 * - `concurrency` (4): files and ranges of large files under way at a time, 1 to 64.
 * - `timeout_ms`, `retries`: for this call, a request at a time.
 *
 * @return 0 when every file is there; otherwise the code of the first file that failed, or what
 *         ended the whole. `data` and `transfer` are as with cos_upload_folder(), with
 *         `downloaded` in place of `uploaded`.
 * @retval COS_ERR_NOT_FOUND  No such folder.
 *
 * Blocks until all is done. Any thread; starts threads and ends them before it returns.
 * JSON API: `op=list` for each folder, and download; one request for a file that does not travel.
 * XML API: `GET Bucket` for 1000 objects at a time, and `GET Object`.
 */
COS_API
int cos_download_folder(const cos_client *client,
                        const char *bucket,
                        const char *cos_path,
                        const char *local_path,
                        const char *options,
                        cos_transfer *transfer,
                        char **out_json);

/**
 * Lists the buckets of the account, of all regions; where the client has a `hostname`, those that
 * this server tells of.
 *
 * @param client    The client, of the XML API.
 * @param options   JSON object or NULL: `timeout_ms`, `retries` for this call.
 * @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
 * @return 0 with `data.buckets`, an array of objects with `name` (as the argument `bucket` takes it),
 *         `full_name` (with the appid), `region` and `ctime` (UNIX seconds).
 * @retval COS_ERR_PARAM  With `error.argument` "api": the JSON API has no such operation.
 * @retval COS_ERR_ACCESS_DENIED  These keys may not list buckets.
 *
 * Blocks until the reply is there. Any thread. XML API: `GET Service`.
 */
COS_API
int cos_list_buckets(const cos_client *client,
                     const char *options,
                     char **out_json);

/**
 * Sends a request that no other function has, such as `PUT /a.txt?tagging`, and hands on the
 * answer. It is signed with all its headers and parameters, repeated after failures that pass (a
 * POST, or a request with the header `x-cos-forbid-overwrite`, only if the server can't have seen it),
 * and refusals become codes as with every call. With a body goes its MD5 as `Content-MD5`, unless
 * `headers` has that.
 *
 * @param client    The client, of the XML API.
 * @param method    "GET", "HEAD", "PUT", "POST", "DELETE" or "OPTIONS".
 * @param bucket    The bucket, without the appid; NULL for a request that is not about a bucket.
 * @param cos_path  The file or folder; NULL or "/" for the bucket itself.
 * @param params    JSON object of parameters, or NULL: `{"acl": ""}` is `?acl`. A parameter that is
 *                  there several times has an array of strings.
 * @param headers   JSON object of headers, or NULL, such as `{"Content-Type": "application/xml"}`.
 * @param body      The bytes to send with a PUT or POST, borrowed for the call. May be NULL if `len`
 *                  is 0.
 * @param len       The number of bytes; 0 for methods other than PUT and POST.
 * @param options   JSON object or NULL: `timeout_ms`, `retries` for this call.
 * @param out_json  Receives the reply, to be freed with cos_string_free(). May be NULL.
 * @return 0 with `data.status` (HTTP status), `data.headers` (an object, names in lower case) and
 *         `data.body`, a string; where that is not UTF-8, `data.body_base64` instead.
 * @retval COS_ERR_PARAM  An argument is refused; with `error.argument` "api": the JSON API has no
 *         such requests.
 * @retval COS_ERR_NETWORK  The answer is not one of the XML API, or has more than 16 MiB: larger files
 *         are for cos_download_file().
 * @retval COS_ERR_INTEGRITY  What was sent or received does not have the CRC-64 that the server
 *         states.
 * @retval COS_ERR_REFUSED  The server refused, with a word that has no number of its own:
 *         `error.server_code`. An answer that is not modified (304) is one.
 *
 * Blocks until the answer is there. Any thread. XML API: any operation.
 */
COS_API
int cos_request(const cos_client *client,
                const char *method,
                const char *bucket,
                const char *cos_path,
                const char *params,
                const char *headers,
                const uint8_t *body,
                size_t len,
                const char *options,
                char **out_json);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* COS_H */
