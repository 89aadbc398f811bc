//! The words of the XML API for what went wrong, each with its HTTP status and message.

use super::xml::Writer;
use crate::{
    http::reply::{Body, Reply},
    store,
};

/// An error word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Word {
    pub code: &'static str,
    pub status: u16,
    pub message: &'static str,
}

macro_rules! words {
    ($($constant:ident = $code:literal $status:literal $message:literal)*) => {
        impl Word {
            $(pub const $constant: Word =
                Word { code: $code, status: $status, message: $message };)*
        }
        const ALL: &[Word] = &[$(Word::$constant),*];
    };
}

words! {
    ACCESS_DENIED = "AccessDenied" 403 "Access Denied."
    ACCESS_FORBIDDEN = "AccessForbidden" 403 "This CORS request is not allowed."
    BAD_DIGEST = "BadDigest" 400 "The Content-MD5 you specified did not match what we received."
    BUCKET_NOT_EMPTY = "BucketNotEmpty" 409 "The bucket you tried to delete is not empty."
    BUCKET_OWNED = "BucketAlreadyOwnedByYou" 409 "The bucket you tried to create is already owned by you."
    ENTITY_TOO_LARGE = "EntityTooLarge" 400 "Your proposed upload exceeds the maximum allowed object size."
    ENTITY_TOO_SMALL = "EntityTooSmall" 400 "Your proposed upload is smaller than the minimum allowed object size."
    EXPIRED_TOKEN = "ExpiredToken" 400 "The provided token has expired."
    FILE_EXISTS = "FileAlreadyExists" 409 "The object you specified already exists and can not be overwritten."
    INCOMPLETE_BODY = "IncompleteBody" 400 "You did not provide the number of bytes specified by the Content-Length HTTP header."
    INTERNAL_ERROR = "InternalError" 500 "We encountered an internal error. Please try again."
    INVALID_ACCESS_KEY = "InvalidAccessKeyId" 403 "The Access Key Id you provided does not exist in our records"
    INVALID_ARGUMENT = "InvalidArgument" 400 "Invalid Argument."
    INVALID_COPY_SOURCE = "InvalidCopySource" 400 "The copy source is invalid."
    INVALID_DELIMITER = "InvalidDelimiter" 400 "The delimiter must be one character."
    INVALID_DIGEST = "InvalidDigest" 400 "The Content-MD5 you specified is not valid."
    INVALID_OBJECT_NAME = "InvalidObjectName" 400 "The specified object name is invalid."
    INVALID_PART = "InvalidPart" 400 "One or more of the specified parts could not be found."
    INVALID_PART_ORDER = "InvalidPartOrder" 400 "The list of parts was not in ascending order."
    INVALID_RANGE = "InvalidRange" 416 "The requested range is not satisfiable."
    INVALID_REQUEST = "InvalidRequest" 400 "Invalid Request."
    INVALID_SHA1 = "InvalidSHA1Digest" 400 "The SHA1 you specified did not match what we received."
    INVALID_TAG = "InvalidTag" 400 "The tag you specified is invalid."
    INVALID_URI = "InvalidURI" 400 "Could not parse the specified URI."
    KEY_TOO_LONG = "KeyTooLong" 400 "Your key is too long."
    LENGTH_MISSING = "MissingContentLength" 411 "You must provide the Content-Length HTTP header."
    MALFORMED_FORM = "MalformedPOSTRequest" 400 "The body of your POST request is not well-formed multipart/form-data."
    MALFORMED_POLICY = "InvalidPolicyDocument" 403 "The policy of the form is not valid."
    MALFORMED_XML = "MalformedXML" 400 "The XML you provided was not well-formed or did not validate against our published schema."
    METHOD_NOT_ALLOWED = "MethodNotAllowed" 405 "The specified method is not allowed against this resource."
    NOT_APPENDABLE = "ObjectNotAppendable" 409 "The object is not appendable."
    NOT_IMPLEMENTED = "NotImplemented" 501 "A header or an operation you asked for is not implemented."
    NO_BODY = "MissingRequestBodyError" 400 "Request body is empty."
    NO_BUCKET = "NoSuchBucket" 404 "The specified bucket does not exist."
    NO_KEY = "NoSuchKey" 404 "The specified key does not exist."
    NO_UPLOAD = "NoSuchUpload" 404 "The specified multipart upload does not exist."
    NO_VERSION = "NoSuchVersion" 404 "The specified version does not exist."
    OBJECT_STATE = "InvalidObjectState" 403 "The operation is not valid for the object's storage class."
    PERMANENT_REDIRECT = "PermanentRedirect" 301 "The bucket you are attempting to access must be addressed using the specified endpoint."
    PRECONDITION_FAILED = "PreconditionFailed" 412 "Precondition not match."
    RESTORING = "RestoreAlreadyInProgress" 409 "Object restore is already in progress."
    SIGNATURE = "SignatureDoesNotMatch" 403 "The Signature you specified is invalid."
    STORAGE_CLASS = "NotSupportedStorageClass" 400 "The storage class you specified is not supported."
    TIME_SKEWED = "RequestTimeTooSkewed" 403 "The difference between the request time and the current time is too large."
    TOO_MANY_FILES = "IncorrectNumberOfFilesInPostRequest" 400 "POST requires exactly one file upload per request."
    UPLOAD_ID_EMPTY = "ListPartUploadIdIsEmpty" 400 "The upload id is empty."
    UPLOAD_OF_JSON_API = "UploadIdNotSupported" 405 "The upload was begun with the JSON API."
    XML_TOO_LARGE = "XMLSizeLimit" 400 "The XML you provided is too large."
}

/// Words that only faults send, each with its HTTP status.
const OTHERS: [(&str, u16); 23] = [
    ("ActionAccelerateNotSupported", 400),
    ("AppendPositionErr", 409),
    ("BadRequest", 400),
    ("BucketAlreadyExists", 409),
    ("DomainAuditFailed", 451),
    ("EntitySizeNotMatch", 400),
    ("InvalidBucketName", 400),
    ("InvalidBucketState", 409),
    ("InvalidRegionName", 400),
    ("KmsFreqControl", 503),
    ("NoSuchCORSConfiguration", 404),
    ("NoSuchCopySource", 404),
    ("NoSuchTagSet", 404),
    ("ObjectLocked", 409),
    ("PathConflict", 409),
    ("PaymentRequired", 402),
    ("ServiceUnavailable", 503),
    ("SlowDown", 503),
    ("UnavailableForLegalReasons", 451),
    ("UploadConflict", 409),
    ("UserNetworkTooSlow", 400),
    ("UserNotSourceBucketOwner", 403),
    ("UserNotTargetBucketOwner", 403),
];

/// The status that a word comes with, and what it says.
pub(super) fn lookup(code: &str) -> (u16, &'static str) {
    const INJECTED: &str = "Injected.";
    match ALL.iter().find(|word| word.code == code) {
        Some(word) => (word.status, word.message),
        None => match OTHERS.iter().find(|(other, _)| *other == code) {
            Some((_, status)) => (*status, INJECTED),
            None => (400, INJECTED),
        },
    }
}

impl Word {
    /// A failure with another message than the usual one.
    pub fn saying(self, message: impl Into<String>) -> Failure {
        Failure { message: Some(message.into()), ..self.into() }
    }

    /// A failure, and its reason for the request log.
    pub fn because(self, detail: impl Into<String>) -> Failure {
        Failure { detail: Some(detail.into()), ..self.into() }
    }
}

/// A refusal.
#[derive(Debug)]
pub(crate) struct Failure {
    pub word: Word,
    /// What the client reads, if it is not the word's own message.
    pub message: Option<String>,
    /// For whoever reads the request log.
    pub detail: Option<String>,
    /// Further elements of the reply.
    pub more: Box<[(&'static str, String)]>,
    /// Another header of the reply.
    pub headers: Box<[(&'static str, String)]>,
}

impl From<Word> for Failure {
    fn from(word: Word) -> Failure {
        Failure { word, message: None, detail: None, more: Box::default(), headers: Box::default() }
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Failure {
        match error {
            store::Error::Missing => Word::NO_UPLOAD.into(),
            store::Error::Ended(why) => Word::NO_UPLOAD.because(why),
            store::Error::Broken(why) => Word::INTERNAL_ERROR.because(why),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Failure {
        Word::INTERNAL_ERROR.because(error.to_string())
    }
}

impl Failure {
    /// The same, with the word of a denial in the place of the message.
    pub fn in_message(self) -> Failure {
        match self.word {
            Word::ACCESS_DENIED | Word::ACCESS_FORBIDDEN => self,
            Word { status: 403, code, .. } => {
                Failure { word: Word::ACCESS_DENIED, message: Some(code.into()), ..self }
            }
            _ => self,
        }
    }

    /// The same, with a header.
    pub fn with(self, name: &'static str, value: String) -> Failure {
        Failure { headers: Box::new([(name, value)]), ..self }
    }

    /// What is told of it.
    pub fn message(&self) -> &str {
        self.message.as_deref().unwrap_or(self.word.message)
    }

    pub fn reply(&self, resource: &str, request_id: &str, trace_id: &str) -> Reply {
        let message = self.message();
        let mut reply = refusal(
            (self.word.code, self.word.status, message),
            &self.more,
            resource,
            (request_id, trace_id),
        );
        for (name, value) in &*self.headers {
            reply.named(name, value);
        }
        reply.detail = Some(self.detail.clone().unwrap_or_else(|| message.into()));
        reply
    }
}

/// A reply with an error word; `ids` are those of the request and of the trace.
pub(super) fn refusal(
    (code, status, message): (&str, u16, &str),
    more: &[(&str, String)],
    resource: &str,
    ids: (&str, &str),
) -> Reply {
    let xml = Writer::document("Error", |xml| {
        xml.leaf("Code", code);
        xml.leaf("Message", message);
        for (name, value) in more {
            xml.leaf(name, value);
        }
        xml.leaf("Resource", resource);
        xml.leaf("RequestId", ids.0);
        xml.leaf("TraceId", ids.1);
    });
    let mut reply = Reply::new(status, "application/xml", Body::bytes(xml));
    reply.named("x-cos-trace-id", ids.1);
    reply.word = Some(code.into());
    reply
}
