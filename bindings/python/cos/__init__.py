"""Tencent Cloud COS, through libcos: the JSON API v4 and the XML API v5, by the same calls.

    import cos

    client = cos.Client("1250000000", "SECRET_ID", "SECRET_KEY", "ap-shanghai")
    client.upload_file("mybucket", "/hello.txt", "hello.txt", insert_only=False)
    for entry in client.iter_folder("mybucket", "/"):
        print(entry.path, entry.size)

`Client` has the calls, `cos.aio.Client` the same ones for asyncio. What fails raises a `CosError`.
"""

from . import aio, options
from ._library import load as _load, path as _path
from .calls import Progress, Transfer
from .client import Client, Entry, Failure, Presigned, Reply
from .codes import Code, LogLevel
from .errors import (AccessDenied, BadArgument, BadCredentials, Cancelled, ConfigError,
                     ConnectionFailed, CosError, DeadlineExceeded, FileExists, FolderExists,
                     FolderNotEmpty, IntegrityError, InternalError, LocalFileError, LocalFileExists,
                     LocalFileNotFound, LocalPermissionDenied, NoSuchBucket, NotFound, RateLimited,
                     Refused, Unavailable, UnexpectedReply, UploadUnfinished)
from .streams import Reader

__all__ = [
    "AccessDenied", "BadArgument", "BadCredentials", "Cancelled", "Client", "Code", "ConfigError",
    "ConnectionFailed", "CosError", "DeadlineExceeded", "Entry", "Failure", "FileExists",
    "FolderExists", "FolderNotEmpty", "IntegrityError", "InternalError", "LocalFileError",
    "LocalFileExists", "LocalFileNotFound", "LocalPermissionDenied", "LogLevel", "NoSuchBucket",
    "NotFound", "Presigned", "Progress", "RateLimited", "Reader", "Refused", "Reply", "Transfer",
    "Unavailable", "UnexpectedReply", "UploadUnfinished", "aio", "options", "version",
]


def version() -> str:
    """The version of the library that is loaded."""
    return _load(_path()).version()
