//! The code table: what every call returns, and the names of the numbers.

use std::ffi::CStr;

/// What a call returns, and `code` in its reply.
///
/// 0 is success. The negative values -1 to -4 and all positive values are the library's own;
/// every other negative value is the server's, passed through unchanged, or the one that means the
/// same as a word of the XML API. A server may send codes that are not named here: compare numbers,
/// and expect any.
#[allow(non_camel_case_types)]
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// Success.
    COS_OK = 0,

    /// Bad argument or option, or a local file that is missing or unreadable. Nothing was sent.
    COS_ERR_PARAM = -1,
    /// The server answered with something that is not a reply of its API: an HTML 403 or 404, a bare
    /// 5xx; or with a code that is the library's own. The message says what it was.
    COS_ERR_NETWORK = -2,
    /// No answer: name resolution, connect, TLS, timeout or a lost connection.
    COS_ERR_CONNECT = -3,
    /// A bug in this library: a panic that was caught. The client stays usable.
    COS_ERR_INTERNAL = -4,

    /// The caller's callback or `cos_transfer_cancel` stopped the call.
    COS_ERR_CANCELLED = 1,
    /// Reading or writing the local file failed midway: disk full, file shrank or changed.
    COS_ERR_LOCAL_IO = 2,
    /// Bytes arrived but their SHA-1, CRC-64 or length is wrong. Nothing was left at the destination.
    COS_ERR_INTEGRITY = 3,

    /// The server refused for a reason that has no number of its own: `error.server_code` has its word.
    COS_ERR_REFUSED = 4,
    /// The account, or this key of it, may not do this.
    COS_ERR_ACCESS_DENIED = 5,

    /// Unknown secret id (newer servers).
    COS_ERR_SECRET_ID_UNKNOWN = -47,
    /// The signature has expired (newer servers). Is this machine's clock right?
    COS_ERR_SIGN_EXPIRED = -59,
    /// The bucket in the signature is not the bucket of the request.
    COS_ERR_SIGN_BUCKET = -61,
    /// The secret id does not belong to this appid.
    COS_ERR_SIGN_SECRET_ID = -62,
    /// The file in the signature is not the file of the request.
    COS_ERR_SIGN_PATH = -63,
    /// The appid in the signature is not the appid of the request.
    COS_ERR_SIGN_APPID = -70,
    /// Too many requests: wait, then try again.
    COS_ERR_RATE_LIMITED = -71,
    /// A once-signature must not carry an expiry.
    COS_ERR_SIGN_ONCE_EXPIRY = -73,
    /// A reusable signature must carry an expiry.
    COS_ERR_SIGN_MULTI_EXPIRY = -74,
    /// This once-signature was used before.
    COS_ERR_SIGN_REPLAYED = -77,
    /// Unknown secret id (older servers).
    COS_ERR_SECRET_ID_UNKNOWN_V1 = -79,
    /// The request carries no signature.
    COS_ERR_SIGN_EMPTY = -81,
    /// The signature has expired (older servers). Is this machine's clock right?
    COS_ERR_SIGN_EXPIRED_V1 = -96,
    /// The signature does not match: wrong secret key.
    COS_ERR_SIGN_INVALID = -97,
    /// The bucket does not exist.
    COS_ERR_NO_BUCKET = -133,
    /// The storage behind the server timed out; try again.
    COS_ERR_STORAGE_TIMEOUT = -152,
    /// The folder is not empty.
    COS_ERR_FOLDER_NOT_EMPTY = -173,
    /// The file's size is not the size that was announced.
    COS_ERR_SIZE_MISMATCH = -175,
    /// The file exists, and it was not to be overwritten.
    COS_ERR_FILE_EXISTS = -177,
    /// A folder of this name exists.
    COS_ERR_FOLDER_EXISTS = -178,
    /// The server does not accept this path.
    COS_ERR_ILLEGAL_PATH = -180,
    /// The storage behind the server failed; try again.
    COS_ERR_STORAGE = -195,
    /// The service is unavailable for the moment; try again.
    COS_ERR_UNAVAILABLE = -196,
    /// No such file or folder.
    COS_ERR_NOT_FOUND = -197,
    /// Illegal bucket name; on older servers: a move failed.
    COS_ERR_BUCKET_NAME = -199,
    /// Illegal slice size.
    COS_ERR_SLICE_SIZE = -284,
    /// The server is overloaded; try again.
    COS_ERR_OVERLOADED = -300,
    /// The content does not have the SHA-1 that was announced.
    COS_ERR_SHA_MISMATCH = -4016,
    /// The same content is already there under this name.
    COS_ERR_SAME_FILE = -4018,
    /// An unfinished upload of this file exists; it can be resumed.
    COS_ERR_UPLOAD_UNFINISHED = -4019,
    /// An unfinished upload of other content exists under this name; `resume` goes around it.
    COS_ERR_UPLOAD_CONFLICT = -4020,
    /// Unknown operation.
    COS_ERR_NO_SUCH_OP = -5964,
    /// `uploadparts` is malformed.
    COS_ERR_UPLOADPARTS = -5965,
    /// The JSON of the request is malformed.
    COS_ERR_REQUEST_JSON = -5975,
    /// The request names no operation.
    COS_ERR_MISSING_OP = -5980,
    /// Wrong or finished upload session.
    COS_ERR_SESSION = -5983,
    /// The request carries no content.
    COS_ERR_MISSING_CONTENT = -5990,
    /// The form of the request is malformed.
    COS_ERR_REQUEST_FORM = -5993,
    /// Wrong HTTP method.
    COS_ERR_METHOD = -5996,
    /// The network behind the server failed; try again.
    COS_ERR_BACKEND_NETWORK = -5997,
    /// A parameter of the request is wrong.
    COS_ERR_REQUEST_PARAM = -5999,
    /// The upload was announced with a SHA-1 and finished without one.
    COS_ERR_MISSING_SHA = -29094,
}

use Code::*;

impl Code {
    /// The number itself.
    pub const fn number(self) -> i32 {
        self as i32
    }
}

/// The name of `code` as it is spelled in `cos.h`; `COS_ERR_SERVER` for a number without a name.
pub fn name(code: i32) -> &'static CStr {
    NAMES
        .iter()
        .find(|(named, _)| named.number() == code)
        .map_or(c"COS_ERR_SERVER", |(_, name)| name)
}

/// Whether what failed with a code may succeed when it is done once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// Not before something has been changed.
    No,
    /// The same call may: whether to make it is the caller's decision.
    Call,
    /// Even the same request may, a moment later: the library repeats it.
    Request,
}

/// Whether what failed with `code` may succeed when it is done once more.
pub fn again(code: i32) -> Again {
    advice(code).map_or(Again::No, |(_, again, _)| *again)
}

/// What usually helps against `code`.
pub fn hint(code: i32) -> Option<&'static str> {
    advice(code).map(|(_, _, hint)| *hint).filter(|hint| !hint.is_empty())
}

fn advice(code: i32) -> Option<&'static (Code, Again, &'static str)> {
    ADVICE.iter().find(|(named, ..)| named.number() == code)
}

const CLOCK: &str = "check this machine's clock, or raise sign_expired";

/// What can be done about a code; nothing in general about those that are not here. The tables of the
/// manual say the same.
const ADVICE: &[(Code, Again, &str)] = &[
    (COS_ERR_LOCAL_IO, Again::Call, ""),
    (COS_ERR_INTEGRITY, Again::Call, ""),
    (
        COS_ERR_ACCESS_DENIED,
        Again::No,
        "check the permissions of this key, and that the bucket is this account's",
    ),
    (COS_ERR_SECRET_ID_UNKNOWN, Again::No, "check secret_id"),
    (COS_ERR_SECRET_ID_UNKNOWN_V1, Again::No, "check secret_id"),
    (COS_ERR_SIGN_EXPIRED, Again::No, CLOCK),
    (COS_ERR_SIGN_EXPIRED_V1, Again::No, CLOCK),
    (COS_ERR_SIGN_SECRET_ID, Again::No, "secret_id belongs to another appid"),
    (COS_ERR_SIGN_APPID, Again::No, "secret_id belongs to another appid"),
    (COS_ERR_SIGN_INVALID, Again::No, "check secret_key"),
    (
        COS_ERR_RATE_LIMITED,
        Again::Request,
        "wait before trying again, and send fewer requests at a time",
    ),
    (
        COS_ERR_NO_BUCKET,
        Again::No,
        "check the bucket's name, without the appid, and whether it is in this region: sh and the \
         like are for the JSON API, ap-shanghai and the like for the XML API",
    ),
    (COS_ERR_STORAGE_TIMEOUT, Again::Request, ""),
    (
        COS_ERR_FILE_EXISTS,
        Again::No,
        "to replace the file, set insert_only to false or overwrite to true",
    ),
    (COS_ERR_FOLDER_NOT_EMPTY, Again::No, "delete what is in it first, or set recursive to true"),
    (COS_ERR_SIZE_MISMATCH, Again::Call, "bytes were lost on the way: upload again"),
    (COS_ERR_STORAGE, Again::Request, ""),
    (COS_ERR_UNAVAILABLE, Again::Request, ""),
    (COS_ERR_OVERLOADED, Again::Request, ""),
    (COS_ERR_SHA_MISMATCH, Again::Call, "the bytes were damaged on the way: upload again"),
    (COS_ERR_SESSION, Again::Call, "another upload of this file ended this one: upload again"),
    (COS_ERR_UPLOAD_UNFINISHED, Again::No, "set resume to true"),
    (COS_ERR_UPLOAD_CONFLICT, Again::No, "set resume to true, which goes around it"),
    (COS_ERR_BACKEND_NETWORK, Again::Request, ""),
    (COS_ERR_MISSING_SHA, Again::Call, "bytes were lost on the way: upload again"),
];

const NAMES: &[(Code, &CStr)] = &[
    (COS_OK, c"COS_OK"),
    (COS_ERR_PARAM, c"COS_ERR_PARAM"),
    (COS_ERR_NETWORK, c"COS_ERR_NETWORK"),
    (COS_ERR_CONNECT, c"COS_ERR_CONNECT"),
    (COS_ERR_INTERNAL, c"COS_ERR_INTERNAL"),
    (COS_ERR_CANCELLED, c"COS_ERR_CANCELLED"),
    (COS_ERR_LOCAL_IO, c"COS_ERR_LOCAL_IO"),
    (COS_ERR_INTEGRITY, c"COS_ERR_INTEGRITY"),
    (COS_ERR_REFUSED, c"COS_ERR_REFUSED"),
    (COS_ERR_ACCESS_DENIED, c"COS_ERR_ACCESS_DENIED"),
    (COS_ERR_SECRET_ID_UNKNOWN, c"COS_ERR_SECRET_ID_UNKNOWN"),
    (COS_ERR_SIGN_EXPIRED, c"COS_ERR_SIGN_EXPIRED"),
    (COS_ERR_SIGN_BUCKET, c"COS_ERR_SIGN_BUCKET"),
    (COS_ERR_SIGN_SECRET_ID, c"COS_ERR_SIGN_SECRET_ID"),
    (COS_ERR_SIGN_PATH, c"COS_ERR_SIGN_PATH"),
    (COS_ERR_SIGN_APPID, c"COS_ERR_SIGN_APPID"),
    (COS_ERR_RATE_LIMITED, c"COS_ERR_RATE_LIMITED"),
    (COS_ERR_SIGN_ONCE_EXPIRY, c"COS_ERR_SIGN_ONCE_EXPIRY"),
    (COS_ERR_SIGN_MULTI_EXPIRY, c"COS_ERR_SIGN_MULTI_EXPIRY"),
    (COS_ERR_SIGN_REPLAYED, c"COS_ERR_SIGN_REPLAYED"),
    (COS_ERR_SECRET_ID_UNKNOWN_V1, c"COS_ERR_SECRET_ID_UNKNOWN_V1"),
    (COS_ERR_SIGN_EMPTY, c"COS_ERR_SIGN_EMPTY"),
    (COS_ERR_SIGN_EXPIRED_V1, c"COS_ERR_SIGN_EXPIRED_V1"),
    (COS_ERR_SIGN_INVALID, c"COS_ERR_SIGN_INVALID"),
    (COS_ERR_NO_BUCKET, c"COS_ERR_NO_BUCKET"),
    (COS_ERR_STORAGE_TIMEOUT, c"COS_ERR_STORAGE_TIMEOUT"),
    (COS_ERR_FOLDER_NOT_EMPTY, c"COS_ERR_FOLDER_NOT_EMPTY"),
    (COS_ERR_SIZE_MISMATCH, c"COS_ERR_SIZE_MISMATCH"),
    (COS_ERR_FILE_EXISTS, c"COS_ERR_FILE_EXISTS"),
    (COS_ERR_FOLDER_EXISTS, c"COS_ERR_FOLDER_EXISTS"),
    (COS_ERR_ILLEGAL_PATH, c"COS_ERR_ILLEGAL_PATH"),
    (COS_ERR_STORAGE, c"COS_ERR_STORAGE"),
    (COS_ERR_UNAVAILABLE, c"COS_ERR_UNAVAILABLE"),
    (COS_ERR_NOT_FOUND, c"COS_ERR_NOT_FOUND"),
    (COS_ERR_BUCKET_NAME, c"COS_ERR_BUCKET_NAME"),
    (COS_ERR_SLICE_SIZE, c"COS_ERR_SLICE_SIZE"),
    (COS_ERR_OVERLOADED, c"COS_ERR_OVERLOADED"),
    (COS_ERR_SHA_MISMATCH, c"COS_ERR_SHA_MISMATCH"),
    (COS_ERR_SAME_FILE, c"COS_ERR_SAME_FILE"),
    (COS_ERR_UPLOAD_UNFINISHED, c"COS_ERR_UPLOAD_UNFINISHED"),
    (COS_ERR_UPLOAD_CONFLICT, c"COS_ERR_UPLOAD_CONFLICT"),
    (COS_ERR_NO_SUCH_OP, c"COS_ERR_NO_SUCH_OP"),
    (COS_ERR_UPLOADPARTS, c"COS_ERR_UPLOADPARTS"),
    (COS_ERR_REQUEST_JSON, c"COS_ERR_REQUEST_JSON"),
    (COS_ERR_MISSING_OP, c"COS_ERR_MISSING_OP"),
    (COS_ERR_SESSION, c"COS_ERR_SESSION"),
    (COS_ERR_MISSING_CONTENT, c"COS_ERR_MISSING_CONTENT"),
    (COS_ERR_REQUEST_FORM, c"COS_ERR_REQUEST_FORM"),
    (COS_ERR_METHOD, c"COS_ERR_METHOD"),
    (COS_ERR_BACKEND_NETWORK, c"COS_ERR_BACKEND_NETWORK"),
    (COS_ERR_REQUEST_PARAM, c"COS_ERR_REQUEST_PARAM"),
    (COS_ERR_MISSING_SHA, c"COS_ERR_MISSING_SHA"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_the_name_of_its_variant() {
        for (code, name) in NAMES {
            assert_eq!(format!("{code:?}"), name.to_str().unwrap());
        }
        assert_eq!(name(-197), c"COS_ERR_NOT_FOUND");
        assert_eq!(name(-31337), c"COS_ERR_SERVER");
        assert_eq!(name(i32::MIN), c"COS_ERR_SERVER");
    }

    /// What readers are told, in any of three places, is what programs are told.
    #[test]
    fn what_says_again_is_retryable() {
        let page = std::fs::read_to_string("docs/manual/en/codes.md").unwrap();
        let mut codes = Vec::new();
        for row in page.lines() {
            let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
            let numbers = cells[0].split(", ").map(str::parse).collect::<Result<Vec<i32>, _>>();
            if let (true, Ok(numbers), Some(advice)) = (cells.len() > 2, numbers, cells.last()) {
                let is_left_open = advice.contains("`error.retryable`");
                let numbers = numbers.into_iter().filter(|_| !is_left_open);
                codes.extend(numbers.map(|number| (number, advice.contains("again"))));
            }
        }
        assert!(codes.len() > 40, "{codes:?}");
        for (number, says_again) in codes {
            assert_eq!(says_again, again(number) != Again::No, "codes.md, {number}");
        }
        for (code, again, hint) in ADVICE {
            assert!(!hint.contains("again") || *again != Again::No, "{code:?}");
        }
        let source = include_str!("code.rs");
        let (_, variants) = source.split_once("pub enum Code {").unwrap();
        let mut comment = "";
        for line in variants.lines().map(str::trim).take_while(|line| *line != "}") {
            match line.split_once(" = ") {
                Some((_, number)) => {
                    let number = number.trim_end_matches(',').parse().unwrap();
                    assert!(!comment.contains("again") || again(number) != Again::No, "{line}");
                }
                None => comment = line,
            }
        }
    }
}
