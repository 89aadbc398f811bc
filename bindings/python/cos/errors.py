"""What a call raises when it fails: a class for each reason that a program may want to tell apart."""

from __future__ import annotations

import errno
import os
from typing import Any, Dict, Optional, Tuple, Type

from .codes import Code


class CosError(Exception):
    """A call that failed. All other classes of this module are kinds of it."""

    #: The number of the reason; `cos.Code` has names for those that are known.
    code: int
    #: The name of the code, such as "COS_ERR_NOT_FOUND".
    name: str
    #: What happened, in words that may change.
    message: str
    #: What usually helps, or an empty string.
    hint: str
    #: Whether the same call may succeed later.
    retryable: bool
    #: How far the call came: "argument", "local_file", "resolve", "connect", "tls", "send",
    #: "receive" or "server"; empty where the call was stopped from here.
    phase: str
    #: The argument or option that was refused.
    argument: Optional[str]
    #: The word by which the XML API refused, such as "NoSuchKey".
    server_code: Optional[str]
    #: What the service's support asks for.
    request_id: Optional[str]
    #: The HTTP status, if there was an answer.
    http_status: Optional[int]
    #: How often the request was tried.
    attempts: int
    #: Everything that the library said.
    reply: Dict[str, Any]

    def __init__(self, code: int, reply: Dict[str, Any], name: str) -> None:
        error = reply.get("error") or {}
        self.code, self.name, self.reply = code, name, reply
        self.message = reply.get("message") or ""
        self.hint = error.get("hint") or ""
        self.retryable = bool(error.get("retryable"))
        self.phase = error.get("phase") or ""
        self.argument = error.get("argument")
        self.server_code = error.get("server_code")
        self.request_id = reply.get("request_id") or None
        self.http_status = error.get("http_status")
        self.attempts = error.get("attempts") or 0
        Exception.__init__(self, str(self))

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.name} ({self.code}): {self.message}{hint}"

    def __reduce__(self) -> Tuple[Any, ...]:
        return type(self), (self.code, self.reply, self.name), self.__dict__


class BadArgument(CosError, ValueError):
    """An argument or an option can't be used; `argument` names it. Nothing was sent."""


class ConfigError(BadArgument):
    """The configuration file or the environment is incomplete or wrong."""


class LocalFileError(CosError, OSError):
    """A local file or directory can't be used, or failed midway."""

    def __init__(self, code: int, reply: Dict[str, Any], name: str) -> None:
        super().__init__(code, reply, name)
        number = _number_in(reply)
        if number is not None:
            self.errno, self.strerror = number, os.strerror(number)

    def __reduce__(self) -> Tuple[Any, ...]:
        kind, arguments, state = super().__reduce__()
        return kind, arguments, {**state, "filename": self.filename}


class LocalFileNotFound(LocalFileError, FileNotFoundError):
    """There is no such local file, or no such directory to write it to."""


class LocalPermissionDenied(LocalFileError, PermissionError):
    """This process may not use the local file."""


class LocalFileExists(LocalFileError, FileExistsError):
    """The local file exists, and it was not to be overwritten."""


class Cancelled(CosError):
    """The caller stopped the call."""


class DeadlineExceeded(Cancelled, TimeoutError):
    """The call took longer than its `deadline`."""


class ConnectionFailed(CosError, ConnectionError):
    """No answer, or an incomplete one; `phase` says where it stopped."""


class UnexpectedReply(CosError):
    """The answer is not one of this API: check region, host and proxy."""


class InternalError(CosError):
    """A bug in the library; the client stays usable."""


class IntegrityError(CosError):
    """Bytes arrived that are not what they should be. Nothing was kept."""


class NotFound(CosError):
    """No such file or folder."""


class NoSuchBucket(CosError):
    """No such bucket: check its name, the appid and the region."""


class FileExists(CosError):
    """The file exists, and it was not to be overwritten."""


class FolderExists(CosError):
    """The folder exists already."""


class FolderNotEmpty(CosError):
    """There is something in the folder."""


class AccessDenied(CosError):
    """The account, or this key of it, may not do this."""


class BadCredentials(AccessDenied):
    """Secret id, secret key, token or signature are not accepted."""


class RateLimited(CosError):
    """Too many requests: wait, then try again with fewer at a time."""


class Unavailable(CosError):
    """The service is in trouble: try again later."""


class UploadUnfinished(CosError):
    """An unfinished upload is in the way, and `resume` was false."""


class Refused(CosError):
    """The service refused for another reason; `server_code` has the word of the XML API."""


_CLASSES: Dict[int, Type[CosError]] = {
    Code.PARAM: BadArgument,
    Code.NETWORK: UnexpectedReply,
    Code.CONNECT: ConnectionFailed,
    Code.INTERNAL: InternalError,
    Code.CANCELLED: Cancelled,
    Code.LOCAL_IO: LocalFileError,
    Code.INTEGRITY: IntegrityError,
    Code.SHA_MISMATCH: IntegrityError,
    Code.SIZE_MISMATCH: IntegrityError,
    Code.MISSING_SHA: IntegrityError,
    Code.NOT_FOUND: NotFound,
    Code.NO_BUCKET: NoSuchBucket,
    Code.FILE_EXISTS: FileExists,
    Code.SAME_FILE: FileExists,
    Code.FOLDER_EXISTS: FolderExists,
    Code.FOLDER_NOT_EMPTY: FolderNotEmpty,
    Code.ACCESS_DENIED: AccessDenied,
    Code.SECRET_ID_UNKNOWN: BadCredentials,
    Code.SECRET_ID_UNKNOWN_V1: BadCredentials,
    Code.SIGN_EXPIRED: BadCredentials,
    Code.SIGN_EXPIRED_V1: BadCredentials,
    Code.SIGN_BUCKET: BadCredentials,
    Code.SIGN_SECRET_ID: BadCredentials,
    Code.SIGN_PATH: BadCredentials,
    Code.SIGN_APPID: BadCredentials,
    Code.SIGN_ONCE_EXPIRY: BadCredentials,
    Code.SIGN_MULTI_EXPIRY: BadCredentials,
    Code.SIGN_REPLAYED: BadCredentials,
    Code.SIGN_EMPTY: BadCredentials,
    Code.SIGN_INVALID: BadCredentials,
    Code.RATE_LIMITED: RateLimited,
    Code.STORAGE_TIMEOUT: Unavailable,
    Code.STORAGE: Unavailable,
    Code.UNAVAILABLE: Unavailable,
    Code.OVERLOADED: Unavailable,
    Code.BACKEND_NETWORK: Unavailable,
    Code.UPLOAD_UNFINISHED: UploadUnfinished,
    Code.UPLOAD_CONFLICT: UploadUnfinished,
}

_LOCAL: Dict[Optional[int], Type[LocalFileError]] = {
    errno.ENOENT: LocalFileNotFound,
    errno.EACCES: LocalPermissionDenied,
    errno.EEXIST: LocalFileExists,
}


def from_reply(code: int, reply: Dict[str, Any], name: str) -> CosError:
    kind = _CLASSES.get(code, Refused)
    if kind is BadArgument and (reply.get("error") or {}).get("phase") == "local_file":
        kind = LocalFileError
    if kind is LocalFileError:
        kind = _LOCAL.get(_number_in(reply), LocalFileError)
    return kind(code, reply, name)


def _number_in(reply: Dict[str, Any]) -> Optional[int]:
    """The number of the system's reason why a local file can't be used."""
    name = (reply.get("error") or {}).get("errno") or ""
    number: Optional[int] = getattr(errno, name, None)
    return number


def cancelled() -> Cancelled:
    message = "the call was stopped; what it had sent may take effect all the same"
    return Cancelled(Code.CANCELLED, {"code": 1, "message": message}, "COS_ERR_CANCELLED")


def deadline_exceeded(seconds: float) -> DeadlineExceeded:
    message = f"the call was stopped after its deadline of {seconds:g} s"
    return DeadlineExceeded(
        Code.CANCELLED,
        {"code": 1, "message": message, "error": {"retryable": True}},
        "COS_ERR_CANCELLED",
    )


def bad_argument(name: str, message: str) -> BadArgument:
    error = {"phase": "argument", "argument": name}
    reply = {"code": -1, "message": f"{name} {message}", "error": error}
    return BadArgument(Code.PARAM, reply, "COS_ERR_PARAM")


def unexpected(message: str) -> UnexpectedReply:
    return UnexpectedReply(Code.NETWORK, {"code": -2, "message": message}, "COS_ERR_NETWORK")


def config_error(message: str) -> ConfigError:
    reply = {"code": -1, "message": message, "error": {"phase": "argument"}}
    return ConfigError(Code.PARAM, reply, "COS_ERR_PARAM")
