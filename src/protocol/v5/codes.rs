//! The words by which the service refuses, and what they mean.

use crate::reply::Code::{self, *};

/// What a refusal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meaning {
    /// The service's word; empty for a refusal without one.
    pub word: &'static str,
    /// The number it has in `cos.h`.
    pub code: Code,
    /// The status that it comes with.
    pub status: u16,
    /// Whether the same request may succeed a moment later.
    pub later: bool,
    /// What helps, where the number's own hint does not say it.
    pub hint: &'static str,
}

const fn no(word: &'static str, status: u16, code: Code) -> Meaning {
    Meaning { word, code, status, later: false, hint: "" }
}

const fn later(word: &'static str, status: u16, code: Code) -> Meaning {
    Meaning { later: true, ..no(word, status, code) }
}

const fn hint(word: &'static str, status: u16, code: Code, hint: &'static str) -> Meaning {
    Meaning { hint, ..no(word, status, code) }
}

const NEW_KEYS: &str = "the temporary keys have expired: get new ones";
const RESTORE: &str = "the object is archived: restore it first";
const HERE: &str = "is the bucket in this region?";

/// All words. Some servers send the ones that are misspelled here.
const MEANINGS: &[Meaning] = &[
    no("NoSuchKey", 404, COS_ERR_NOT_FOUND),
    no("NoSuchBucket", 404, COS_ERR_NO_BUCKET),
    no("NoSuchUpload", 404, COS_ERR_SESSION),
    no("NoSuchVersion", 404, COS_ERR_NOT_FOUND),
    no("NoSuchCopySource", 404, COS_ERR_NOT_FOUND),
    no("NoSuchResource", 404, COS_ERR_NOT_FOUND),
    no("AccessDenied", 403, COS_ERR_ACCESS_DENIED),
    no("Request has expired", 403, COS_ERR_SIGN_EXPIRED),
    no("RequestTimeTooSkewed", 403, COS_ERR_SIGN_EXPIRED),
    hint("ExpiredToken", 400, COS_ERR_SIGN_EXPIRED, NEW_KEYS),
    hint("InvalidToken", 400, COS_ERR_SECRET_ID_UNKNOWN, "check token"),
    no("SignatureDoesNotMatch", 403, COS_ERR_SIGN_INVALID),
    no("InvalidAccessKeyId", 403, COS_ERR_SECRET_ID_UNKNOWN),
    no("InvaildAccessKeyId", 403, COS_ERR_SECRET_ID_UNKNOWN),
    no("AccessForbidden", 403, COS_ERR_REFUSED),
    hint("InvalidObjectState", 403, COS_ERR_REFUSED, RESTORE),
    no("UserNotSourceBucketOwner", 403, COS_ERR_REFUSED),
    no("UserNotTargetBucketOwner", 403, COS_ERR_REFUSED),
    no("FileAlreadyExists", 409, COS_ERR_FILE_EXISTS),
    later("PathConflict", 409, COS_ERR_OVERLOADED),
    later("UploadConflict", 409, COS_ERR_RATE_LIMITED),
    no("ObjectLocked", 409, COS_ERR_REFUSED),
    no("BadDigest", 400, COS_ERR_SHA_MISMATCH),
    no("InvalidSHA1Digest", 400, COS_ERR_SHA_MISMATCH),
    no("InvalidDigest", 400, COS_ERR_REQUEST_PARAM),
    no("EntitySizeNotMatch", 400, COS_ERR_SIZE_MISMATCH),
    no("IncompleteBody", 400, COS_ERR_SIZE_MISMATCH),
    no("EntityTooLarge", 400, COS_ERR_REFUSED),
    no("EntityTooSmall", 400, COS_ERR_SLICE_SIZE),
    no("InvalidPart", 400, COS_ERR_UPLOADPARTS),
    no("InvalidPartOrder", 400, COS_ERR_UPLOADPARTS),
    no("ListPartUploadIdIsEmpty", 400, COS_ERR_REQUEST_PARAM),
    no("InvalidUploadStatus", 400, COS_ERR_SESSION),
    no("UploadIdNotSupported", 405, COS_ERR_SESSION),
    no("InvalidArgument", 400, COS_ERR_REQUEST_PARAM),
    no("InvalidRequest", 400, COS_ERR_REQUEST_PARAM),
    no("BadRequest", 400, COS_ERR_REQUEST_PARAM),
    no("BadRquest", 400, COS_ERR_REQUEST_PARAM),
    no("InvalidDelimiter", 400, COS_ERR_REQUEST_PARAM),
    no("UnexpectedContent", 400, COS_ERR_REQUEST_PARAM),
    no("NotSupportedStorageClass", 400, COS_ERR_REQUEST_PARAM),
    no("InvalidTag", 400, COS_ERR_REQUEST_PARAM),
    no("MalformedXML", 400, COS_ERR_REQUEST_PARAM),
    no("XMLSizeLimit", 400, COS_ERR_REQUEST_PARAM),
    no("MalformedPOSTRequest", 400, COS_ERR_REQUEST_PARAM),
    no("MissingRequestBodyError", 400, COS_ERR_MISSING_CONTENT),
    no("MissingContentLength", 411, COS_ERR_MISSING_CONTENT),
    no("InvalidURI", 400, COS_ERR_ILLEGAL_PATH),
    no("InvalidObjectName", 400, COS_ERR_ILLEGAL_PATH),
    no("KeyTooLong", 400, COS_ERR_ILLEGAL_PATH),
    no("InvalidBucketName", 400, COS_ERR_BUCKET_NAME),
    no("BucketNameTooLong", 400, COS_ERR_BUCKET_NAME),
    no("InvalidCopySource", 400, COS_ERR_REQUEST_PARAM),
    no("InvalidRegionName", 400, COS_ERR_REQUEST_PARAM),
    no("InvalidLocationConstraint", 400, COS_ERR_REQUEST_PARAM),
    later("RequestTimeout", 400, COS_ERR_STORAGE_TIMEOUT),
    later("RequestTimeOut", 400, COS_ERR_STORAGE_TIMEOUT),
    later("UserNetworkTooSlow", 400, COS_ERR_STORAGE_TIMEOUT),
    no("PaymentRequired", 402, COS_ERR_REFUSED),
    no("MethodNotAllowed", 405, COS_ERR_METHOD),
    no("PreconditionFailed", 412, COS_ERR_REFUSED),
    no("InvalidRange", 416, COS_ERR_REFUSED),
    no("UnavailableForLegalReasons", 451, COS_ERR_REFUSED),
    no("DomainAuditFailed", 451, COS_ERR_REFUSED),
    hint("PermanentRedirect", 301, COS_ERR_REFUSED, HERE),
    hint("TemporaryRedirect", 307, COS_ERR_REFUSED, HERE),
    later("InternalError", 500, COS_ERR_STORAGE),
    later("InternalErrror", 500, COS_ERR_STORAGE),
    no("NotImplemented", 501, COS_ERR_NO_SUCH_OP),
    later("ServiceUnavailable", 503, COS_ERR_UNAVAILABLE),
    later("SlowDown", 503, COS_ERR_RATE_LIMITED),
    later("KmsFreqControl", 503, COS_ERR_RATE_LIMITED),
];

fn find(word: &str) -> Option<Meaning> {
    MEANINGS.iter().find(|meaning| meaning.word == word).copied()
}

/// What a refusal with this word, message and status means. Some servers say `AccessDenied` and have
/// the word that tells why in the message.
pub fn meaning(word: &str, message: &str, status: u16) -> Meaning {
    // What is wrong with a token is 400 or 403.
    let denies = |meaning: &&Meaning| meaning.status == 403 || meaning.word.ends_with("Token");
    let denied = || MEANINGS.iter().filter(denies).find(|meaning| message.contains(meaning.word));
    let in_message = if word == "AccessDenied" { denied().copied() } else { None };
    in_message.or_else(|| find(word)).unwrap_or_else(|| match without_word(status) {
        wordless if word.is_empty() => wordless,
        wordless => Meaning { code: COS_ERR_REFUSED, ..wordless },
    })
}

/// What the status of a refusal means.
fn without_word(status: u16) -> Meaning {
    let code = match status {
        404 => COS_ERR_NOT_FOUND,
        403 => COS_ERR_ACCESS_DENIED,
        405 => COS_ERR_METHOD,
        503 => COS_ERR_UNAVAILABLE,
        500.. => COS_ERR_STORAGE,
        _ => COS_ERR_REFUSED,
    };
    let hint = if matches!(status, 301 | 302 | 307 | 308) { HERE } else { "" };
    let later = (status >= 500 && status != 501) || matches!(status, 408 | 429);
    Meaning { word: "", code, status, later, hint }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_decides_whatever_the_status() {
        for status in [200, 400, 403, 404, 503] {
            assert_eq!(meaning("NoSuchKey", "", status).code, COS_ERR_NOT_FOUND);
            assert!(!meaning("NoSuchKey", "", status).later);
            assert!(meaning("SlowDown", "", status).later);
        }
        assert_eq!(meaning("ExpiredToken", "", 403).hint, NEW_KEYS);
    }

    #[test]
    fn what_is_denied_may_stand_in_the_message() {
        let denied = |message: &str| meaning("AccessDenied", message, 403).code;
        assert_eq!(denied("Access Denied."), COS_ERR_ACCESS_DENIED);
        assert_eq!(denied("Request has expired"), COS_ERR_SIGN_EXPIRED);
        assert_eq!(denied("SignatureDoesNotMatch"), COS_ERR_SIGN_INVALID);
        assert_eq!(denied("InvaildAccessKeyId"), COS_ERR_SECRET_ID_UNKNOWN);
        assert_eq!(denied("RequestTimeTooSkewed"), COS_ERR_SIGN_EXPIRED);
        assert_eq!(meaning("AccessDenied", "ExpiredToken", 403).hint, NEW_KEYS);
    }

    #[test]
    fn an_unknown_word_is_a_refusal_whatever_its_status() {
        for status in [400, 403, 404, 405, 418, 500, 503] {
            assert_eq!(meaning("Odd", "", status).code, COS_ERR_REFUSED);
        }
        assert_eq!(meaning("-46628", "", 400).code, COS_ERR_REFUSED);
        assert_eq!((meaning("Odd", "", 307).hint, meaning("Odd", "", 304).hint), (HERE, ""));
        assert!(!meaning("Odd", "", 400).later);
        assert!(meaning("Odd", "", 500).later);
        assert!(!meaning("NotImplemented", "", 501).later);
        assert_eq!(meaning("", "", 404).code, COS_ERR_NOT_FOUND);
        assert_eq!((meaning("", "", 302).hint, meaning("", "", 304).hint), (HERE, ""));
    }

    #[test]
    fn each_word_stands_there_once() {
        let mut words: Vec<_> = MEANINGS.iter().map(|meaning| meaning.word).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), MEANINGS.len());
        // What helps later is repeated, and said so.
        for meaning in MEANINGS.iter().filter(|meaning| meaning.later) {
            let again = crate::reply::code::again(meaning.code.number());
            assert_eq!(again, crate::reply::code::Again::Request, "{}", meaning.word);
        }
    }
}
