"""The codes. Written by generate.py from cos.h."""

import enum


class Code(enum.IntEnum):
    """What a call fails with, as `CosError.code`. A server may send numbers that are not here."""

    OK = 0
    """Success."""
    PARAM = -1
    """Bad argument or option, or a local file that is missing or unreadable. Nothing was sent."""
    NETWORK = -2
    """The server answered with something that is not a reply of its API: an HTML 403 or 404, a
    bare 5xx; or with a code that is the library's own. The message says what it was."""
    CONNECT = -3
    """No answer: name resolution, connect, TLS, timeout or a lost connection."""
    INTERNAL = -4
    """A bug in this library: a panic that was caught. The client stays usable."""
    CANCELLED = 1
    """The caller's callback or `cos_transfer_cancel` stopped the call."""
    LOCAL_IO = 2
    """Reading or writing the local file failed midway: disk full, file shrank or changed."""
    INTEGRITY = 3
    """Bytes arrived but their SHA-1, CRC-64 or length is wrong. Nothing was left at the
    destination."""
    REFUSED = 4
    """The server refused for a reason that has no number of its own: `error.server_code` has its
    word."""
    ACCESS_DENIED = 5
    """The account, or this key of it, may not do this."""
    SECRET_ID_UNKNOWN = -47
    """Unknown secret id (newer servers)."""
    SIGN_EXPIRED = -59
    """The signature has expired (newer servers). Is this machine's clock right?"""
    SIGN_BUCKET = -61
    """The bucket in the signature is not the bucket of the request."""
    SIGN_SECRET_ID = -62
    """The secret id does not belong to this appid."""
    SIGN_PATH = -63
    """The file in the signature is not the file of the request."""
    SIGN_APPID = -70
    """The appid in the signature is not the appid of the request."""
    RATE_LIMITED = -71
    """Too many requests: wait, then try again."""
    SIGN_ONCE_EXPIRY = -73
    """A once-signature must not carry an expiry."""
    SIGN_MULTI_EXPIRY = -74
    """A reusable signature must carry an expiry."""
    SIGN_REPLAYED = -77
    """This once-signature was used before."""
    SECRET_ID_UNKNOWN_V1 = -79
    """Unknown secret id (older servers)."""
    SIGN_EMPTY = -81
    """The request carries no signature."""
    SIGN_EXPIRED_V1 = -96
    """The signature has expired (older servers). Is this machine's clock right?"""
    SIGN_INVALID = -97
    """The signature does not match: wrong secret key."""
    NO_BUCKET = -133
    """The bucket does not exist."""
    STORAGE_TIMEOUT = -152
    """The storage behind the server timed out; try again."""
    FOLDER_NOT_EMPTY = -173
    """The folder is not empty."""
    SIZE_MISMATCH = -175
    """The file's size is not the size that was announced."""
    FILE_EXISTS = -177
    """The file exists, and it was not to be overwritten."""
    FOLDER_EXISTS = -178
    """A folder of this name exists."""
    ILLEGAL_PATH = -180
    """The server does not accept this path."""
    STORAGE = -195
    """The storage behind the server failed; try again."""
    UNAVAILABLE = -196
    """The service is unavailable for the moment; try again."""
    NOT_FOUND = -197
    """No such file or folder."""
    BUCKET_NAME = -199
    """Illegal bucket name; on older servers: a move failed."""
    SLICE_SIZE = -284
    """Illegal slice size."""
    OVERLOADED = -300
    """The server is overloaded; try again."""
    SHA_MISMATCH = -4016
    """The content does not have the SHA-1 that was announced."""
    SAME_FILE = -4018
    """The same content is already there under this name."""
    UPLOAD_UNFINISHED = -4019
    """An unfinished upload of this file exists; it can be resumed."""
    UPLOAD_CONFLICT = -4020
    """An unfinished upload of other content exists under this name; `resume` goes around it."""
    NO_SUCH_OP = -5964
    """Unknown operation."""
    UPLOADPARTS = -5965
    """`uploadparts` is malformed."""
    REQUEST_JSON = -5975
    """The JSON of the request is malformed."""
    MISSING_OP = -5980
    """The request names no operation."""
    SESSION = -5983
    """Wrong or finished upload session."""
    MISSING_CONTENT = -5990
    """The request carries no content."""
    REQUEST_FORM = -5993
    """The form of the request is malformed."""
    METHOD = -5996
    """Wrong HTTP method."""
    BACKEND_NETWORK = -5997
    """The network behind the server failed; try again."""
    REQUEST_PARAM = -5999
    """A parameter of the request is wrong."""
    MISSING_SHA = -29094
    """The upload was announced with a SHA-1 and finished without one."""


class LogLevel(enum.IntEnum):
    """Which lines `Client.set_log` asks for."""

    OFF = 0
    """None."""
    FAILURES = 1
    """A line for every request that failed."""
    REQUESTS = 2
    """A line for every request."""
