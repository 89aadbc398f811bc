//! The service's result codes, each with its name and HTTP status.

use crate::store;

/// A result code: the number in the JSON body, its symbolic name (the `message`) and the HTTP status it travels with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// The `code` of the reply.
    pub number: i32,
    /// The `message` of the reply.
    pub name: &'static str,
    /// The HTTP status of the reply.
    pub status: u16,
}

macro_rules! codes {
    ($($constant:ident = $number:literal $name:literal $status:literal)*) => {
        impl Code {
            $(#[doc = concat!("`", $number, "` ", $name, ", HTTP ", $status)]
            pub const $constant: Code = Code { number: $number, name: $name, status: $status };)*
        }
        const ALL: &[Code] = &[$(Code::$constant),*];
    };
}

codes! {
    SECRET_ID_UNKNOWN_NEW = -47 "ERROR_PROXY_AUTH_SECRETID_NOEXIST" 403
    EXPIRED_NEW = -59 "ERROR_PROXY_AUTH_EXPIRED" 403
    SIGN_BUCKET = -61 "ERROR_PROXY_SIGN_BUCKET_NOTMATCH" 403
    SECRET_ID_NOT_OF_APPID = -62 "ERROR_PROXY_AUTH_APPID" 403
    SIGN_FILE_ID = -63 "ERROR_PROXY_FILEID_NOTMATCH" 403
    SIGN_APPID = -70 "ERROR_PROXY_APPID_USERID_NOTMATCH" 403
    RATE_LIMIT = -71 "ERROR_PROXY_FREQ_CONTROL" 503
    ONCE_WITH_EXPIRY = -73 "ERROR_PROXY_AUTH_ONCESIGN_EXPIREDNOTEMPTY" 403
    MULTI_WITHOUT_EXPIRY = -74 "ERROR_PROXY_AUTH_MULTISIGN_EXPIREDEMPTY" 403
    ONCE_WITHOUT_FILE_ID = -76 "ERROR_PROXY_AUTH_ONCESIGN_NOFILEID" 403
    REPLAY = -77 "ERROR_PROXY_AUTH_REPLAY_ATTACH" 403
    SECRET_ID_UNKNOWN = -79 "ERROR_PROXY_AUTH_SECRETID_NOEXIST" 403
    SIGN_EMPTY = -81 "ERROR_PROXY_AUTH_SIGN_EMPTY" 403
    NO_SESSION = -95 "ERROR_PROXY_NO_SESSION" 400
    EXPIRED = -96 "ERROR_PROXY_AUTH_EXPIRED" 403
    SIGN_WRONG = -97 "ERROR_PROXY_AUTH_FAILED" 403
    CORS = -121 "ERROR_CORS_FORBIDDEN" 403
    NO_BUCKET = -133 "ERROR_CMD_BUCKET_NOTEXIST" 404
    NOT_UTF8 = -147 "ERROR_CMD_NOT_UTF8_ENCODING" 400
    STORAGE_TIMEOUT = -152 "ERR_CMD_COS_TIMEOUT" 400
    LIST_NUM_TOO_SMALL = -157 "ERROR_CMD_PARAM_MIN_NUM" 400
    FILE_SURPLUS_SLASH = -160 "ERROR_CMD_PARAM_PAHT_FILE_SURPLUS_SLASH" 400
    FOLDER_MISSING_SLASH = -161 "ERROR_CMD_PARAM_PATH_DIR_MISSING_SLASH" 400
    PATH_ELEMENT_WRONG = -162 "ERROR_CMD_PARAM_PATH_ELEMENT_NOT_MATCH" 400
    PATH_ELEMENT_MISSING = -163 "ERROR_CMD_PARAM_PATH_ELEMENT_MISSING" 400
    PATH_EMPTY = -164 "ERROR_CMD_PARAM_PATH_EMPTY" 400
    LIST_NUM_TOO_LARGE = -165 "ERROR_CMD_COS_MAX_NUM" 400
    INVALID_SHA = -168 "ERROR_CMD_COS_INVALID_SHA" 400
    LIST_NUM_ILLEGAL = -170 "ERROR_CMD_COS_INVALID_LIST_NUM" 400
    FOLDER_NOT_EMPTY = -173 "ERROR_CMD_COS_DIR_NOT_EMPTY" 400
    SIZE_DIFFERS = -175 "ERROR_CMD_COS_FILE_SIZE_NOT_EQU" 400
    FILE_EXISTS = -177 "ERROR_CMD_COS_FILE_EXIST" 409
    PATH_CONFLICT = -178 "ERROR_CMD_COS_PATH_CONFLICT" 409
    PATH_ILLEGAL = -180 "ERROR_CMD_COS_INVALID_PATH" 400
    PARAM_INVALID = -182 "ERROR_CMD_PARAM_INVALID" 400
    STORAGE = -195 "ERROR_CMD_COS_ERROR" 500
    UNAVAILABLE = -196 "ERROR_CMD_BACKEND_NETWORK" 503
    NOT_FOUND = -197 "ERROR_CMD_FILE_NOTEXIST" 404
    BUCKET_NAME_ILLEGAL = -199 "ERROR_CMD_BUCKET_NAME" 400
    SLICE_TOO_SMALL = -283 "ERROR_PROCESS_SLICE_TOO_SMALL" 400
    SLICE_SIZE_WRONG = -284 "ERROR_PROCESS_WRONG_SLICE_SIZE" 400
    FILE_TOO_LARGE = -285 "ERROR_PROCESS_FILE_TOO_LARGE" 400
    OVERLOAD = -300 "ERROR_PROCESS_OVERLOAD" 400
    VALUE_INVALID = -4002 "ErrParamInvalid" 400
    OFFSET_ILLEGAL = -4005 "ErrIllegalOffset" 400
    SHA_DIFFERS = -4016 "ErrNotSameSHA" 409
    SAME_FILE = -4018 "ERROR_SAME_FILE_UPLOAD" 400
    UNFINISHED_SAME = -4019 "_ERROR_FILE_NOT_FINISH_UPLOAD" 409
    UNFINISHED_OTHER = -4020 "_ERROR_FILE_NOT_FINISH_UPLOAD_SHA_DIFFERS" 409
    OP_UNKNOWN = -5964 "ERROR_CGI_PARAM_NO_SUCH_OP" 400
    UPLOADPARTS_MALFORMED = -5965 "ERROR_CGI_PARAM_UPLOADPARTS" 400
    FILESIZE_MISSING = -5971 "ERROR_CGI_PARAM_MISSING_FILESIZE" 400
    JSON_MALFORMED = -5975 "ERROR_CGI_JSON_PARSE_ERROR" 400
    SHA_MISSING = -5979 "ERROR_CGI_PARAM_MISSING_SHA" 400
    OP_MISSING = -5980 "ERROR_CGI_PARAM_MISSING_OP" 400
    SESSION_WRONG = -5983 "ERROR_CGI_WRONG_SESSION" 400
    CONTENT_MISSING = -5990 "ERROR_CGI_MISSING_FILECONTENT" 400
    SLICE_LENGTH = -5991 "ERROR_CGI_SLICE" 400
    FORM_MALFORMED = -5993 "ERROR_CGI_FORM_ERR" 400
    FILESIZE_WRONG = -5995 "ERROR_CGI_FILESIZE" 400
    METHOD_WRONG = -5996 "ERROR_CGI_REQ_METHOD" 400
    BACKEND_NETWORK = -5997 "ERROR_CGI_NETWORK" 503
    SIGN_MALFORMED = -5998 "ERROR_CGI_AUTHORIZATION" 403
    PARAM = -5999 "ERROR_CGI_PARAM" 400
    FINISH_WITHOUT_SHA = -29094 "ERROR_FINISH_MISSING_SHA" 400
}

impl Code {
    /// The code with this number, if the emulator knows it.
    pub fn by_number(number: i32) -> Option<Code> {
        ALL.iter().copied().find(|code| code.number == number)
    }

    /// A failure with this code, and the reason for the request log.
    pub(crate) fn because(self, detail: impl Into<String>) -> Failure {
        Failure { code: self, detail: Some(detail.into()) }
    }
}

/// A refusal: what the client is told, and why, for whoever reads the request log.
#[derive(Debug)]
pub(crate) struct Failure {
    pub code: Code,
    pub detail: Option<String>,
}

impl From<Code> for Failure {
    fn from(code: Code) -> Self {
        Failure { code, detail: None }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Code::STORAGE.because(error.to_string())
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Missing => Code::NOT_FOUND.into(),
            store::Error::Ended(why) => Code::SESSION_WRONG.because(why),
            store::Error::Broken(why) => Code::STORAGE.because(why),
        }
    }
}
