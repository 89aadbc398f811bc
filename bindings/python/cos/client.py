"""The client: the functions of cos.h as methods, and what programs would write around them."""

from __future__ import annotations

import collections.abc
import contextlib
import ctypes
import dataclasses
import itertools
import json
import os
import weakref
from typing import (TYPE_CHECKING, Any, Callable, Dict, Iterable, Iterator, List, Mapping, Optional,
                    Sequence, Tuple, Union)

from . import _library, calls, config, errors, streams
from ._library import integer, text

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from . import options as o

#: What the service answered: `data` has what was asked for.
Reply = Dict[str, Any]
Path = Union[str, "os.PathLike[str]"]
Params = Mapping[str, Union[str, Sequence[str]]]

# As many as one request deletes.
BATCH = 1000


@dataclasses.dataclass(frozen=True)
class Entry:
    """A file or a folder of a list."""

    #: The whole path in the bucket; that of a folder ends with "/".
    path: str
    #: The path from the folder that was listed.
    name: str
    is_folder: bool
    #: In bytes; None for a folder.
    size: Optional[int]
    #: When it was changed last, in UNIX seconds, if the service tells.
    mtime: Optional[int]
    #: What the service told, such as "etag" or "sha".
    info: Dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Failure:
    """A file that could not be deleted."""

    path: str
    code: int
    message: str
    #: The word by which the XML API refused, such as "AccessDenied".
    server_code: Optional[str] = None


@dataclasses.dataclass(frozen=True)
class Presigned:
    """A URL for one kind of request, and the headers that have to be sent with it."""

    url: str
    headers: Dict[str, str]


class Client:
    """An account, the place of the service, and the connections to it.

    Give it to any number of threads. It ends with `close()` or with a `with` block.
    """

    def __init__(
        self,
        appid: str,
        secret_id: str,
        secret_key: str,
        region: Optional[str] = None,
        *,
        library: Optional[str] = None,
        **options: Unpack[o.ClientOptions],
    ) -> None:
        """Nothing is sent: wrong credentials show in the first call.

        `library` is the file of the shared library, if it is not the one in this package.
        """
        self._library = _library.load(_library.path(library))
        self._logs: List[Any] = []
        made = ctypes.c_void_p()
        self._library.call(
            "client_new", text(appid, "appid"), text(secret_id, "secret_id"),
            text(secret_key, "secret_key"), text(region, "region"), _library.options(options),
            ctypes.byref(made),
        )
        self._handle = _library.Handle(made.value, self._library.functions.cos_client_free)
        self._close = weakref.finalize(self, self._handle.close)
        self._api = options.get("api") or ("v5" if "-" in (region or "") else "v4")

    @classmethod
    def from_env(
        cls,
        file: Optional[str] = None,
        *,
        profile: Optional[str] = None,
        library: Optional[str] = None,
        **options: Unpack[o.ClientOptions],
    ) -> Client:
        """Makes a client of what is configured for the command `cos`: in `file`, $COS_CONFIG or
        ~/.config/cos.conf, and in the environment, whose COS_APPID, COS_SECRET_ID, COS_SECRET_KEY,
        COS_REGION and so on win. `profile` or COS_PROFILE chooses a section [NAME] of the file; what
        stands in that of `profile` wins over the environment, too. The options win over all."""
        settings: Dict[str, Any] = {**config.read(file, profile), **options}
        appid, secret_id, secret_key = (settings.pop(name) for name in config.NEEDED)
        region = settings.pop("region", None)
        return cls(appid, secret_id, secret_key, region, library=library, **settings)

    def close(self) -> None:
        """Closes the connections and wipes the secret key, when the last call has ended."""
        self._close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def api(self) -> str:
        """ "v4" for the JSON API, "v5" for the XML API."""
        return self._api

    @property
    def version(self) -> str:
        """The version of the library."""
        return self._library.version()

    # Settings.

    def set_config(self, **options: Unpack[o.ConfigOptions]) -> Reply:
        """Changes what is given; None goes back to the default."""
        return self._now("client_set_config", json.dumps(options).encode())

    def set_credentials(self, appid: str, secret_id: str, secret_key: str) -> Reply:
        """Changes the credentials; a token is forgotten. Calls under way keep the old ones."""
        return self._now("client_set_credentials", text(appid, "appid"),
                         text(secret_id, "secret_id"), text(secret_key, "secret_key"))

    def set_temporary_credentials(
        self, appid: str, secret_id: str, secret_key: str, token: str
    ) -> Reply:
        """Changes the credentials to temporary ones. Call it before the old ones end."""
        return self._now("client_set_temporary_credentials", text(appid, "appid"),
                         text(secret_id, "secret_id"), text(secret_key, "secret_key"),
                         text(token, "token"))

    def set_log(self, level: int, function: Optional[Callable[[int, str], object]]) -> None:
        """Gives lines about requests to `function(level, line)`, on the thread of the call.

        If it raises an exception, sys.unraisablehook() tells of it, and the call goes on.
        """

        def log(level: int, line: bytes, _: object) -> None:
            if function:
                function(level, line.decode())

        # Calls under way still use the one before.
        self._logs.append(_library.Log(log))
        with self._handle as client:
            refused = self._library.functions.cos_client_set_log(
                client, ctypes.c_int(level), self._logs[-1] if function else None, None)
        if refused:
            raise ValueError(f"{level} is no level: see LogLevel")

    # Signatures. Nothing is sent, and whether the file exists is not looked at.

    def sign_more(self, bucket: str, cos_path: str, expired: int) -> Reply:
        """JSON API: a signature for any number of requests; `data.sign`."""
        return self._now("sign_more", text(bucket, "bucket"), text(cos_path, "cos_path"),
                         integer(expired, "expired"))

    def sign_once(self, bucket: str, cos_path: str) -> Reply:
        """JSON API: a signature for one deletion, update or move; `data.sign`."""
        return self._now("sign_once", text(bucket, "bucket"), text(cos_path, "cos_path"))

    def sign_download(self, bucket: str, cos_path: str, expired: int) -> Reply:
        """A signature for downloads; `data.sign` and `data.url`."""
        return self._now("sign_download", text(bucket, "bucket"), text(cos_path, "cos_path"),
                         integer(expired, "expired"))

    def sign_url(
        self, method: str, bucket: str, cos_path: str, expired: int,
        **options: Unpack[o.SignUrlOptions],
    ) -> Reply:
        """A URL for requests of one kind; `data.url` and `data.headers`."""
        return self._now("sign_url", text(method, "method"), text(bucket, "bucket"),
                         text(cos_path, "cos_path"), integer(expired, "expired"),
                         _library.options(options))

    def presign_get(
        self, bucket: str, cos_path: str, expires: int = 3600, **options: Unpack[o.SignUrlOptions]
    ) -> str:
        """A URL that anybody can download the file from, for so many seconds."""
        return str(self.sign_url("GET", bucket, cos_path, expires, **options)["data"]["url"])

    def presign_put(
        self, bucket: str, cos_path: str, expires: int = 3600, **options: Unpack[o.SignUrlOptions]
    ) -> Presigned:
        """XML API: a URL that anybody can upload the file to, for so many seconds."""
        data = self.sign_url("PUT", bucket, cos_path, expires, **options)["data"]
        return Presigned(data["url"], data["headers"])

    def public_url(self, bucket: str, cos_path: str) -> str:
        """The URL of a file that everybody may read, without a signature."""
        return str(self.sign_download(bucket, cos_path, 60)["data"]["url"]).partition("?")[0]

    # Files.

    def stat_file(self, bucket: str, cos_path: str, **options: Unpack[o.StatFileOptions]) -> Reply:
        """What the service knows of a file: `data.filesize`, `data.mtime` and more."""
        return self._call("stat_file", options, bucket, cos_path)

    def exists(self, bucket: str, cos_path: str, **options: Unpack[o.CallOptions]) -> bool:
        """Whether there is such a file, or such a folder if the path ends with "/"."""
        try:
            if cos_path.endswith("/"):
                # The JSON API does not know all folders, but lists what is in them.
                self._call("list_folder", {**options, "num": 1}, bucket, cos_path)
            else:
                self._call("stat_file", {**options, "with_authority": False}, bucket, cos_path)
        except errors.NotFound:
            return False
        return True

    def update_file(
        self, bucket: str, cos_path: str, **options: Unpack[o.UpdateFileOptions]
    ) -> Reply:
        """Changes attributes. What is not given stays, but for the headers: all are replaced."""
        return self._call("update_file", options, bucket, cos_path)

    def del_file(self, bucket: str, cos_path: str, **options: Unpack[o.DelFileOptions]) -> Reply:
        """Deletes a file for good; NotFound if there is none."""
        return self._call("del_file", options, bucket, cos_path)

    def delete_files(
        self, bucket: str, cos_paths: Iterable[Union[str, Entry]],
        **options: Unpack[o.DeleteFilesOptions],
    ) -> List[Failure]:
        """Deletes files, paths or entries of a list, many at a time, and returns those that are still
        there. Files that are not there count as deleted."""
        left = _Left(options)
        paths = map(_path_of, cos_paths)
        failures: List[Failure] = []
        while True:
            # What a page of the JSON API depends on is not known: a list is read to its end first.
            batch = list(itertools.islice(paths, BATCH if self._api == "v5" else None))
            if not batch:
                return failures
            failures += self._delete(bucket, batch, left.options())

    def move_file(
        self, bucket: str, cos_path: str, dest_path: str, **options: Unpack[o.MoveFileOptions]
    ) -> Reply:
        """Moves (renames) a file, also to another bucket, by `dest_bucket`."""
        return self._call("move_file", options, bucket, cos_path, text(dest_path, "dest_path"))

    def copy_file(
        self, bucket: str, cos_path: str, dest_path: str, **options: Unpack[o.CopyFileOptions]
    ) -> Reply:
        """Copies a file on the server."""
        return self._call("copy_file", options, bucket, cos_path, text(dest_path, "dest_path"))

    # Folders, whose paths end with "/".

    def create_folder(
        self, bucket: str, cos_path: str, **options: Unpack[o.CreateFolderOptions]
    ) -> Reply:
        """Creates a folder. Its parents need not exist."""
        return self._call("create_folder", options, bucket, cos_path)

    def stat_folder(self, bucket: str, cos_path: str, **options: Unpack[o.CallOptions]) -> Reply:
        """What the service knows of a folder."""
        return self._call("stat_folder", options, bucket, cos_path)

    def update_folder(
        self, bucket: str, cos_path: str, **options: Unpack[o.UpdateFolderOptions]
    ) -> Reply:
        """Changes the `biz_attr` of a folder."""
        return self._call("update_folder", options, bucket, cos_path)

    def list_folder(
        self, bucket: str, cos_path: str, **options: Unpack[o.ListFolderOptions]
    ) -> Reply:
        """A page of what is in a folder, or with `all` everything: `data.infos`."""
        return self._call("list_folder", options, bucket, cos_path)

    def iter_folder(
        self, bucket: str, cos_path: str, **options: Unpack[o.ListFolderOptions]
    ) -> Iterator[Entry]:
        """The files and folders in a folder, asked for page by page. `deadline` is for all pages."""
        left, context = _Left(options), options.get("context", "")
        while True:
            page: Dict[str, Any] = {**left.options(), "context": context, "all": False}
            data = self.list_folder(bucket, cos_path, **page)["data"]
            for info in data["infos"]:
                yield _entry(cos_path, info)
            # Some servers write flags as numbers, and numbers as strings.
            if data["listover"] in (True, "1", "true"):
                return
            last, context = context, data.get("context")
            if not context or context == last:
                raise errors.unexpected("the list goes on and does not say where")

    def iter_tree(
        self, bucket: str, cos_path: str, **options: Unpack[o.CallOptions]
    ) -> Iterator[Entry]:
        """The files in a folder and in all folders below it, asked for page by page."""
        left = _Left(options)
        if self._api == "v5":
            page: Dict[str, Any] = {**left.options(), "num": BATCH, "recursive": True}
            yield from self.iter_folder(bucket, cos_path, **page)
            return
        folders = [cos_path]
        while folders:
            folder = folders.pop()
            try:
                for entry in self.iter_folder(bucket, folder, **left.options()):
                    if entry.is_folder:
                        folders.append(entry.path)
                    else:
                        yield dataclasses.replace(entry, name=entry.path[len(cos_path):])
            except errors.NotFound:
                # Others may delete folders meanwhile.
                if folder == cos_path:
                    raise

    def del_folder(
        self, bucket: str, cos_path: str, **options: Unpack[o.DelFolderOptions]
    ) -> Reply:
        """Deletes an empty folder, or with `recursive` everything below it, too."""
        return self._call("del_folder", options, bucket, cos_path)

    def delete_tree(
        self, bucket: str, cos_path: str, **options: Unpack[o.CallOptions]
    ) -> List[Failure]:
        """Deletes a folder with everything below it, and returns the files that are still there. If it
        is stopped, nothing more is deleted than what is under way."""
        left = _Left(options)
        files = self.iter_tree(bucket, cos_path, **left.options())
        failures = self.delete_files(bucket, files, **left.options())
        if not failures and cos_path != "/":
            # Only folders are left.
            try:
                self._call("del_folder", {**left.options(), "recursive": True}, bucket, cos_path)
            except errors.NotFound:
                pass
        return failures

    # Uploads.

    def upload_file(
        self, bucket: str, cos_path: str, local_path: Path, **options: Unpack[o.UploadOptions]
    ) -> Reply:
        """Uploads a local file. The same call continues one that was broken off."""
        return self._transfer_file("upload_file", options, bucket, cos_path, local_path)

    def upload_buffer(
        self, bucket: str, cos_path: str, data: streams.Data, **options: Unpack[o.UploadOptions]
    ) -> Reply:
        """Uploads bytes in memory."""
        return self._transfer("upload_buffer", options, bucket, cos_path, *_bytes(data))

    def upload_stream(
        self, bucket: str, cos_path: str, size: Optional[int], content: streams.Content,
        **options: Unpack[o.UploadOptions],
    ) -> Reply:
        """Uploads what a file has, what an iterable brings, or what a function returns that is asked
        for so many bytes until it returns none. It is read on another thread.

        `size` is the number of bytes; no more are read. None asks the file; where nobody knows, or with -1, the XML
        API takes the content all the same.
        """
        giver = streams.Giver(content)
        length = streams.size_of(content) if size is None else size
        return giver.run(lambda: self._transfer(
            "upload_stream", options, bucket, cos_path, integer(length, "size"), giver.function,
            None))

    def upload_folder(
        self, bucket: str, cos_path: str, local_path: Path,
        **options: Unpack[o.UploadFolderOptions],
    ) -> Reply:
        """Uploads a local directory with everything below it; what is there already stays."""
        return self._transfer_file("upload_folder", options, bucket, cos_path, local_path)

    # Downloads.

    def download_file(
        self, bucket: str, cos_path: str, local_path: Path,
        **options: Unpack[o.DownloadFileOptions],
    ) -> Reply:
        """Downloads to a local file, which is the old one or the whole new one at any time. The same
        call continues one that was broken off."""
        return self._transfer_file("download_file", options, bucket, cos_path, local_path)

    def download_folder(
        self, bucket: str, cos_path: str, local_path: Path,
        **options: Unpack[o.DownloadFolderOptions],
    ) -> Reply:
        """Downloads a folder with everything below it; what is there already stays."""
        return self._transfer_file("download_folder", options, bucket, cos_path, local_path)

    def download_buffer(
        self, bucket: str, cos_path: str, **options: Unpack[o.DownloadOptions]
    ) -> bytes:
        """Downloads into memory."""
        received: List[bytes] = []

        def keep(data: ctypes.c_void_p, size: ctypes.c_size_t) -> None:
            # string_at() takes no more than 2 GiB.
            content = (ctypes.c_char * size.value).from_address(data.value) if data.value else None
            received.append(content.raw if content else b"")

        self._transfer("download_buffer", options, bucket, cos_path, keep=keep)
        return received[0]

    def download_stream(
        self, bucket: str, cos_path: str, write: streams.Sink,
        **options: Unpack[o.DownloadOptions],
    ) -> Reply:
        """Gives the bytes, in order, to a file or a function, on another thread. They are known to be
        right when the call has returned."""
        return self._download_stream(bucket, cos_path, write, options)

    def open(
        self, bucket: str, cos_path: str, **options: Unpack[o.DownloadOptions]
    ) -> streams.Reader:
        """A file to read from while it is downloaded; see `io.BufferedReader`, `io.TextIOWrapper`."""
        alone = calls.Transfer()
        return streams.Reader(
            lambda write: self._download_stream(bucket, cos_path, write, options, alone), alone)

    # Buckets and everything else; XML API.

    def list_buckets(self, **options: Unpack[o.CallOptions]) -> Reply:
        """The buckets of the account: `data.buckets`."""
        return self._call("list_buckets", options)

    def request(
        self, method: str, bucket: Optional[str] = None, cos_path: Optional[str] = None,
        params: Optional[Params] = None, headers: Optional[Mapping[str, str]] = None,
        body: streams.Data = b"", **options: Unpack[o.CallOptions],
    ) -> Reply:
        """Sends a request that no other method has: `data.status`, `data.headers`, `data.body`."""
        return self._call("request", options, bucket, cos_path, _library.options(params),
                          _library.options(headers), *_bytes(body), method=method)

    # How calls are made.

    def _now(self, name: str, *arguments: Any) -> Reply:
        """A call that does not block."""
        with self._handle as client:
            return self._library.call(name, client, *arguments)

    def _call(
        self, name: str, options: Mapping[str, Any], *arguments: Any, method: Optional[str] = None
    ) -> Reply:
        """A call that has no transfer argument."""
        own, stop = _split(options, "transfer", "deadline")
        first = () if method is None else (text(method, "method"),)
        given = first + _places(*arguments) + (_library.options(own),)
        return self._run(lambda client: self._library.call(name, client, *given), stop)

    def _run(
        self, work: Callable[[ctypes.c_void_p], calls.T], stop: Dict[str, Any],
        alone: Optional[calls.Transfer] = None,
    ) -> calls.T:
        """Makes a call by a handle of the client that the program's transfer stops, and `alone`, as
        a deadline does: this call ends, and the program's transfer stays as it is."""
        limit = alone or calls.Transfer()
        stops = [limit, stop["transfer"], *calls.stop_of_task()]

        def stoppable() -> calls.T:
            with self._stopped_by(*stops) as client:
                return work(client)

        return calls.Call(stoppable, limit, **stop).run()

    @contextlib.contextmanager
    def _stopped_by(self, *transfers: calls.Transfer) -> Iterator[ctypes.c_void_p]:
        """A handle of the client whose every call each of the transfers stops."""
        with contextlib.ExitStack() as stack:
            client = stack.enter_context(self._handle)
            for transfer in transfers:
                made = ctypes.c_void_p()
                with transfer.handle(self._library) as pointer:
                    self._library.call("client_with_transfer", client, pointer, ctypes.byref(made))
                client = made
                stack.callback(self._library.functions.cos_client_free, client)
            yield client

    def _transfer(
        self, name: str, options: Mapping[str, Any], bucket: str, cos_path: str, *arguments: Any,
        after: Tuple[Any, ...] = (),
        keep: Optional[Callable[[ctypes.c_void_p, ctypes.c_size_t], None]] = None,
        alone: Optional[calls.Transfer] = None,
    ) -> Reply:
        """An upload or a download, which a transfer follows and stops."""
        own, stop = _split(options, "transfer", "deadline", "progress")
        handle = stop["transfer"].handle(self._library)
        given = _places(bucket, cos_path) + arguments + (_library.options(own),)

        def work(client: ctypes.c_void_p) -> Reply:
            with handle as pointer:
                if keep is None:
                    return self._library.call(name, client, *given, pointer, *after)
                data, size = ctypes.c_void_p(), ctypes.c_size_t()
                try:
                    reply = self._library.call(
                        name, client, *given, pointer, ctypes.byref(data), ctypes.byref(size))
                    keep(data, size)
                    return reply
                finally:
                    self._library.functions.cos_buffer_free(data, size)

        return self._run(work, stop, alone)

    def _download_stream(
        self, bucket: str, cos_path: str, write: streams.Sink, options: Mapping[str, Any],
        alone: Optional[calls.Transfer] = None,
    ) -> Reply:
        taker = streams.Taker(write)
        return taker.run(lambda: self._transfer(
            "download_stream", options, bucket, cos_path, after=(taker.function, None), alone=alone))

    def _transfer_file(
        self, name: str, options: Mapping[str, Any], bucket: str, cos_path: str, local_path: Path
    ) -> Reply:
        place = os.fspath(local_path)
        try:
            return self._transfer(name, options, bucket, cos_path, text(place, "local_path"))
        except errors.LocalFileError as error:
            error.filename = place
            raise

    def _delete(self, bucket: str, paths: List[str], options: Dict[str, Any]) -> List[Failure]:
        try:
            self._call("del_files", options, bucket, json.dumps(paths))
        except errors.CosError as error:
            failures = (error.reply.get("data") or {}).get("failures")
            if error.phase != "server" or not failures:
                raise
            return [Failure(each["path"], each["code"], each["message"], each.get("server_code"))
                    for each in failures]
        return []


class _Left:
    """The options of a series of calls: its deadline is for all of them."""

    def __init__(self, options: Mapping[str, Any]) -> None:
        self._options = dict(options)
        self._deadline = calls.Deadline(self._options.pop("deadline", None))

    def options(self) -> Dict[str, Any]:
        left = self._deadline.left()
        if left is None:
            return dict(self._options)
        self._deadline.check()
        return {**self._options, "deadline": left}


def _path_of(given: Any) -> str:
    path = given.path if isinstance(given, Entry) else given
    if not isinstance(path, str):
        raise TypeError(f"cos_paths must have strings or entries, not {type(path).__name__}")
    return path


def _split(options: Mapping[str, Any], *names: str) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """The options of the library, and those of this package, which have these names."""
    own = dict(options)
    stop = {name: own.pop(name, None) for name in names}
    transfer, progress, meta = stop["transfer"], stop.get("progress"), own.pop("meta", None)
    if transfer is None:
        stop["transfer"] = calls.Transfer()
    elif not isinstance(transfer, calls.Transfer):
        raise TypeError(f"transfer must be a cos.Transfer, not {type(transfer).__name__}")
    if progress is not None and not (callable(progress) or hasattr(progress, "update")):
        raise TypeError(f"progress must be a function or a bar, not {type(progress).__name__}")
    if meta is None:
        meta = {}
    elif not isinstance(meta, collections.abc.Mapping):
        raise TypeError(f"meta must be a mapping, not {type(meta).__name__}")
    own.update(("x-cos-meta-" + name, value) for name, value in meta.items())
    return own, stop


def _places(*arguments: Any) -> Tuple[Any, ...]:
    """The bucket and the path, if there are any, as C takes them; what follows is so already."""
    places = zip(arguments, ("bucket", "cos_path"))
    return tuple(text(value, name) for value, name in places) + arguments[2:]


def _bytes(data: streams.Data) -> Tuple[ctypes.c_char_p, ctypes.c_size_t]:
    content = data if isinstance(data, bytes) else memoryview(data).tobytes()
    return ctypes.c_char_p(content), ctypes.c_size_t(len(content))


def _entry(folder: str, info: Dict[str, Any]) -> Entry:
    name = info["name"]
    size, mtime = info.get("filesize"), info.get("mtime")
    return Entry(
        path=folder + name,
        name=name,
        is_folder=name.endswith("/"),
        size=None if size is None else int(size),
        mtime=None if mtime is None else int(mtime),
        info=info,
    )
