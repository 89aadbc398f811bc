"""The options of the calls, as keywords. Written by generate.py from cos.h."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional, Sequence, Union

# Annotations are not evaluated at run time.
if TYPE_CHECKING:
    from typing_extensions import Literal, TypedDict

    from .calls import Follower, Transfer
else:
    from typing import TypedDict


class CallOptions(TypedDict, total=False):
    """What every call takes."""

    timeout_ms: int
    """Milliseconds without progress after which a request fails, in place of the client's."""
    retries: int
    """How often a failed request is repeated, 0 to 10, in place of the client's."""
    deadline: float
    """Seconds after which the call is stopped, whatever it does."""
    transfer: Transfer
    """Stops the call from another thread by its `cancel`."""


class TransferOptions(CallOptions, total=False):
    """What every upload and download takes."""

    progress: Follower
    """Called with the bytes done and the bytes in all, or a bar such as that of tqdm."""


class ClientOptions(TypedDict, total=False):
    """Options of `Client`, `from_env`."""

    api: Optional[Literal["v4", "v5"]]
    """"v4" for the JSON API or "v5" for the XML API. Where it is not given the region tells: names
    with '-' are the XML API's; all others, and no region, mean the JSON API. "v5" takes the short
    names as well. It can't be changed later."""
    token: Optional[str]
    """What came with temporary keys, for the XML API; printable ASCII without blanks.
    cos_client_set_credentials() forgets it."""
    scheme: Optional[str]
    """"http" or "https", for control requests and downloads. Default: "https"."""
    hostname: Optional[str]
    """`host[:port]` of control requests, in place of the region's; with the XML API,
    `bucket-appid.` is put in front of it, so it is a name there and no address, and downloads go
    there, too."""
    download_hostname: Optional[str]
    """`host[:port]` of downloads; `bucket-appid.` is put in front of it, so it is a name and no
    IPv6 address. Names below `localhost` lead to this machine."""
    timeout_ms: Optional[int]
    """A request that makes no progress for so long fails with -3. A reply that is not a download
    must arrive whole within this time. Default: 300000."""
    connect_timeout_ms: Optional[int]
    """For a connection: looking the name up, all its addresses, the way through a proxy, TLS
    handshake. An address that is silent for 250 ms gets company of the next. Default: 10000."""
    sign_expired: Optional[int]
    """Seconds that the signature of a request is valid, at most 7776000. Default: 300."""
    retries: Optional[int]
    """How often a failed request is repeated, 0 to 10; 0 means never. See below. Default: 3."""
    ca_file: Optional[str]
    """PEM file with certificates to trust besides the bundled roots; a regular file of at most 8
    MiB, read at once."""
    proxy: Optional[str]
    """`http://[user:password@]host:port`; in user and password, characters that mean something in
    a URL are written as there: %2F for '/', %40 for '@'. It is asked for https by CONNECT, for
    http with the whole URL in the request. The environment is never asked."""
    user_agent: Optional[str]
    """1 to 256 printable ASCII characters. Default: "libcos/VERSION"."""
    max_idle_connections: Optional[int]
    """How many connections are kept open between calls, 0 to 1024. Default: 32."""


class ConfigOptions(ClientOptions, total=False):
    """Options of `set_config`."""

    region: Optional[str]
    """The region's name, such as "ap-shanghai" or "sh"."""


class StatFileOptions(CallOptions, total=False):
    """Options of `stat_file`."""

    with_authority: bool
    """Whether to ask who may read the file, which with the XML API is a request of its own.
    Default: true."""


class UpdateFileOptions(CallOptions, total=False):
    """Options of `update_file`."""

    biz_attr: str
    """Text that the program stores with the file."""
    authority: Literal["eInvalid", "eWRPrivate", "eWPrivateRPublic"]
    """"eInvalid" (as the bucket), "eWRPrivate" or "eWPrivateRPublic"."""
    forbid: int
    """0 allows everything, 1 forbids access, 2 forbids writing; not with the XML API."""
    cache_control: str
    """Headers that downloads return."""
    content_type: str
    """Headers that downloads return."""
    content_language: str
    """Headers that downloads return."""
    content_disposition: str
    """Headers that downloads return."""
    content_encoding: str
    """Headers that downloads return."""
    meta: Mapping[str, str]
    """Headers of the program's own: {"a": "b"} is sent as x-cos-meta-a."""
    clear_headers: bool
    """True removes all of these headers; not together with any of them. Default: false."""


class DelFileOptions(CallOptions, total=False):
    """Options of `del_file`."""

    if_match: str
    """The SHA-1, CRC-64 or ETag that a transfer or cos_stat_file() has told: deletes only a file
    that still has this content. Default: none."""


class DeleteFilesOptions(CallOptions, total=False):
    """Options of `delete_files`."""

    concurrency: int
    """Requests under way at a time, 1 to 64. Default: 4."""


class MoveFileOptions(CallOptions, total=False):
    """Options of `move_file`."""

    overwrite: bool
    """Whether a file at `dest_path` is replaced. Default: false."""
    dest_bucket: str
    """The bucket that it moves to, in the client's region, with the XML API alone. Default: the
    same."""
    source_region: str
    """The region of `bucket`, where the client's is another, with the XML API alone. Default: the
    same."""


class CopyFileOptions(CallOptions, total=False):
    """Options of `copy_file`."""

    overwrite: bool
    """Whether a file at `dest_path` is replaced. Default: false."""
    dest_bucket: str
    """The bucket of the copy, in the client's region, with the XML API alone. Default: the
    same."""
    source_region: str
    """The region of `bucket`, where the client's is another, with the XML API alone. Default: the
    same."""


class CreateFolderOptions(CallOptions, total=False):
    """Options of `create_folder`."""

    biz_attr: str
    """Text that the program stores with the folder. Default: ""."""


class UpdateFolderOptions(CallOptions, total=False):
    """Options of `update_folder`."""

    biz_attr: str
    """Text that the program stores with the folder. Required."""


class ListFolderOptions(CallOptions, total=False):
    """Options of `list_folder`."""

    num: int
    """Entries a page, 1 to 1000; some servers take no more than 199. With `all` as many as the
    server takes. Default: 199."""
    prefix: str
    """Only entries whose name starts with this. Default: ""."""
    context: str
    """Where to go on: `data.context` of the page before. Default: ""."""
    recursive: bool
    """List the files of all folders below, and no folders; names are paths from `cos_path` on.
    With the XML API alone, and without `delimiter`. Default: false."""
    folders: bool
    """With `recursive`, list also the folders that were created, and not only by files in them.
    Default: false."""
    delimiter: str
    """Passed to the server as it is; with the XML API '/' if it is not given."""
    all: bool
    """Follow `context` to the end and return all entries in one reply, at most 64 MiB of them
    (some 200000 entries) or 100000 pages. A longer list has to be read page by page. Default:
    false."""


class DelFolderOptions(CallOptions, total=False):
    """Options of `del_folder`."""

    recursive: bool
    """True deletes everything below the folder first, for good. Default: false."""
    concurrency: int
    """With `recursive`, deletions under way at a time, 1 to 64. Default: 4."""


class UploadOptions(TransferOptions, total=False):
    """Options of `upload_file`, `upload_buffer`, `upload_stream`."""

    insert_only: bool
    """Fail with COS_ERR_FILE_EXISTS if there is a file at `cos_path`; false replaces it. Default:
    true."""
    biz_attr: str
    """Text that the program stores with the file. Default: ""."""
    slice_threshold: int
    """Bytes from which a file is sliced, at most 20971520; with the XML API 16777216, at most
    5368709120. Default: 8388608."""
    slice_size: int
    """Bytes a slice: 524288, 1048576, 2097152 or 3145728. The server may choose another. With the
    XML API 8388608, at most 5368709120; less than 1048576 is raised to that, and so much is added
    that 10000 slices suffice. Default: 1048576."""
    concurrency: int
    """Slices under way at a time, 1 to 64, each on a connection of its own. Default: 4."""
    verify_sha1: bool
    """Announce the SHA-1 of the file and of its slices, so that the server verifies what arrives
    and knows what it has. Costs a pass over the file. Without it an unfinished upload is
    continued, but nothing is saved. With the XML API: compare the CRC-64 of what was sent with the
    server's, at no such cost. Default: true."""
    resume: bool
    """Continue an unfinished upload, or go around it; false returns COS_ERR_UPLOAD_UNFINISHED or
    COS_ERR_UPLOAD_CONFLICT. With the XML API false begins anew, and leaves nothing unfinished;
    what is left otherwise is billed until it is continued or aborted. Default: true."""
    content_type: str
    """Headers that downloads return."""
    cache_control: str
    """Headers that downloads return."""
    content_disposition: str
    """Headers that downloads return."""
    content_encoding: str
    """Headers that downloads return."""
    content_language: str
    """Headers that downloads return."""
    meta: Mapping[str, str]
    """Headers of the program's own: {"a": "b"} is sent as x-cos-meta-a."""
    authority: Literal["eInvalid", "eWRPrivate", "eWPrivateRPublic"]
    """"eInvalid" (as the bucket), "eWRPrivate" or "eWPrivateRPublic"."""
    storage_class: str
    """Such as "STANDARD_IA"."""
    tagging: str
    """Such as "year=2024&kind=log"."""
    traffic_limit: int
    """Bits a second, 819200 to 838860800, for each request."""
    content_md5: bool
    """Send the MD5 of what each request carries, which costs a pass over it. All four with the XML
    API alone. Default: false."""


class UploadFolderOptions(TransferOptions, total=False):
    """Options of `upload_folder`."""

    insert_only: bool
    """True keeps files that exist and differ, and reports them as failed. Default: false."""
    biz_attr: str
    """Text that the program stores with the file."""
    slice_threshold: int
    """Bytes from which a file is sliced, at most 20971520; with the XML API 16777216, at most
    5368709120. Default: 8388608."""
    slice_size: int
    """Bytes a slice: 524288, 1048576, 2097152 or 3145728. The server may choose another. With the
    XML API 8388608, at most 5368709120; less than 1048576 is raised to that, and so much is added
    that 10000 slices suffice. Default: 1048576."""
    verify_sha1: bool
    """Announce the SHA-1 of the file and of its slices, so that the server verifies what arrives
    and knows what it has. Costs a pass over the file. Without it an unfinished upload is
    continued, but nothing is saved. With the XML API: compare the CRC-64 of what was sent with the
    server's, at no such cost. Default: true."""
    resume: bool
    """Continue an unfinished upload, or go around it; false returns COS_ERR_UPLOAD_UNFINISHED or
    COS_ERR_UPLOAD_CONFLICT. With the XML API false begins anew, and leaves nothing unfinished;
    what is left otherwise is billed until it is continued or aborted. Default: true."""
    content_type: str
    """Headers that downloads return."""
    cache_control: str
    """Headers that downloads return."""
    content_disposition: str
    """Headers that downloads return."""
    content_encoding: str
    """Headers that downloads return."""
    content_language: str
    """Headers that downloads return."""
    meta: Mapping[str, str]
    """Headers of the program's own: {"a": "b"} is sent as x-cos-meta-a."""
    authority: Literal["eInvalid", "eWRPrivate", "eWPrivateRPublic"]
    """"eInvalid" (as the bucket), "eWRPrivate" or "eWPrivateRPublic"."""
    storage_class: str
    """Such as "STANDARD_IA"."""
    tagging: str
    """Such as "year=2024&kind=log"."""
    traffic_limit: int
    """Bits a second, 819200 to 838860800, for each request."""
    content_md5: bool
    """Send the MD5 of what each request carries, which costs a pass over it. All four with the XML
    API alone. Default: false."""
    concurrency: int
    """Files and slices of large files under way at a time, 1 to 64. Default: 4."""


class DownloadFileOptions(TransferOptions, total=False):
    """Options of `download_file`."""

    overwrite: bool
    """False never replaces a file: a `local_path` that exists is refused. Default: true."""
    range_start: int
    """First and last byte wanted, counted from 0. The local file gets just these. A part of a file
    is not checked against the sum of the whole. Default: 0."""
    range_end: int
    """First and last byte wanted, counted from 0. The local file gets just these. A part of a file
    is not checked against the sum of the whole. Default: the last."""
    concurrency: int
    """Ranges under way at a time, 1 to 64, each on a connection of its own. Default: 4."""
    verify_sha1: bool
    """Check the SHA-1 that the server states; with the XML API, the CRC-64. Default: true."""
    resume: bool
    """Continue a download that was broken off; false starts anew and keeps nothing. Default:
    true."""
    listed: Mapping[str, Any]
    """What a list has shown of the file, an entry of `data.infos`. If `local_path` has that
    content already, nothing is fetched; `transfer.unchanged` tells. With the JSON API the size and
    the SHA-1 are not asked for again. Default: none."""
    fetch: bool
    """With `listed`, false only compares; no local file is written. Default: true."""
    traffic_limit: int
    """Bits a second, 819200 to 838860800, for each request; with the XML API alone. Default:
    none."""


class DownloadOptions(TransferOptions, total=False):
    """Options of `download_buffer`, `download_stream`."""

    range_start: int
    """First and last byte wanted, counted from 0. The local file gets just these. A part of a file
    is not checked against the sum of the whole. Default: 0."""
    range_end: int
    """First and last byte wanted, counted from 0. The local file gets just these. A part of a file
    is not checked against the sum of the whole. Default: the last."""
    concurrency: int
    """Ranges under way at a time, 1 to 64, each on a connection of its own. Default: 4."""
    verify_sha1: bool
    """Check the SHA-1 that the server states; with the XML API, the CRC-64. Default: true."""
    traffic_limit: int
    """Bits a second, 819200 to 838860800, for each request; with the XML API alone. Default:
    none."""


class DownloadFolderOptions(TransferOptions, total=False):
    """Options of `download_folder`."""

    overwrite: bool
    """False keeps files that exist and differ, and reports them as failed. Default: true."""
    verify_sha1: bool
    """Check the SHA-1 that the server states; with the XML API, the CRC-64. Default: true."""
    resume: bool
    """Continue a download that was broken off; false starts anew and keeps nothing. Default:
    true."""
    traffic_limit: int
    """Bits a second, 819200 to 838860800, for each request; with the XML API alone. Default:
    none."""
    concurrency: int
    """Files and ranges of large files under way at a time, 1 to 64. Default: 4."""


class SignUrlOptions(TypedDict, total=False):
    """Options of `sign_url`."""

    params: Mapping[str, Union[str, Sequence[str]]]
    """Object of parameters that become part of the URL and are signed, such as
    `{"response-content-disposition": "attachment; filename=a.txt"}`. A parameter that is there
    several times has an array of strings. Default: {}."""
    headers: Mapping[str, str]
    """Object of headers that are signed: whoever uses the URL has to send them with the same
    values, such as `{"Content-Type": "image/png"}`. Without it only the host is signed, and other
    headers may be sent as well. Default: {}."""
