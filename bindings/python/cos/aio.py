"""The client for asyncio: the same calls, awaited. Each runs on a thread of a pool of its own, so that
the event loop goes on. A task that is cancelled stops its call, and no other."""

from __future__ import annotations

import asyncio
import collections.abc
import itertools
import threading
from typing import (TYPE_CHECKING, Any, AsyncIterable, AsyncIterator, Callable, Dict, Iterable,
                    Iterator, List, Mapping, Optional, TypeVar, Union)

from . import calls, client, errors, streams
from .client import Entry, Failure, Params, Path, Presigned, Reply

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from . import options as o

T = TypeVar("T")

# Entries of a list that are fetched at a time.
CHUNK = 200


class Client:
    """As `cos.Client`. Progress is told on the event loop. It ends with `close()` or with an
    `async with` block."""

    def __init__(
        self,
        appid: str,
        secret_id: str,
        secret_key: str,
        region: Optional[str] = None,
        *,
        threads: int = 32,
        library: Optional[str] = None,
        **options: Unpack[o.ClientOptions],
    ) -> None:
        """`threads` is how many calls are under way at a time; more wait for their turn."""
        self.sync = client.Client(
            appid, secret_id, secret_key, region, library=library, **options)
        self._pool = calls.Pool(threads)

    @classmethod
    def from_env(
        cls,
        file: Optional[str] = None,
        *,
        profile: Optional[str] = None,
        threads: int = 32,
        library: Optional[str] = None,
        **options: Unpack[o.ClientOptions],
    ) -> Client:
        """As `cos.Client.from_env`."""
        made = cls.__new__(cls)
        made.sync = client.Client.from_env(file, profile=profile, library=library, **options)
        made._pool = calls.Pool(threads)
        return made

    def close(self) -> None:
        """Closes the connections, when the last call has ended."""
        self._pool.close()
        self.sync.close()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    @property
    def api(self) -> str:
        """ "v4" for the JSON API, "v5" for the XML API."""
        return self.sync.api

    @property
    def version(self) -> str:
        """The version of the library."""
        return self.sync.version

    # What sends nothing, and is not awaited.

    def set_config(self, **options: Unpack[o.ConfigOptions]) -> Reply:
        """Changes what is given; None goes back to the default."""
        return self.sync.set_config(**options)

    def set_credentials(self, appid: str, secret_id: str, secret_key: str) -> Reply:
        """Changes the credentials; a token is forgotten. Calls under way keep the old ones."""
        return self.sync.set_credentials(appid, secret_id, secret_key)

    def set_temporary_credentials(
        self, appid: str, secret_id: str, secret_key: str, token: str
    ) -> Reply:
        """Changes the credentials to temporary ones. Call it before the old ones end."""
        return self.sync.set_temporary_credentials(appid, secret_id, secret_key, token)

    def set_log(self, level: int, function: Optional[Callable[[int, str], object]]) -> None:
        """Gives lines about requests to `function(level, line)`, on the thread of the call."""
        self.sync.set_log(level, function)

    def sign_more(self, bucket: str, cos_path: str, expired: int) -> Reply:
        """JSON API: a signature for any number of requests; `data.sign`."""
        return self.sync.sign_more(bucket, cos_path, expired)

    def sign_once(self, bucket: str, cos_path: str) -> Reply:
        """JSON API: a signature for one deletion, update or move; `data.sign`."""
        return self.sync.sign_once(bucket, cos_path)

    def sign_download(self, bucket: str, cos_path: str, expired: int) -> Reply:
        """A signature for downloads; `data.sign` and `data.url`."""
        return self.sync.sign_download(bucket, cos_path, expired)

    def sign_url(
        self, method: str, bucket: str, cos_path: str, expired: int,
        **options: Unpack[o.SignUrlOptions],
    ) -> Reply:
        """A URL for requests of one kind; `data.url` and `data.headers`."""
        return self.sync.sign_url(method, bucket, cos_path, expired, **options)

    def presign_get(
        self, bucket: str, cos_path: str, expires: int = 3600, **options: Unpack[o.SignUrlOptions]
    ) -> str:
        """A URL that anybody can download the file from, for so many seconds."""
        return self.sync.presign_get(bucket, cos_path, expires, **options)

    def presign_put(
        self, bucket: str, cos_path: str, expires: int = 3600, **options: Unpack[o.SignUrlOptions]
    ) -> Presigned:
        """XML API: a URL that anybody can upload the file to, for so many seconds."""
        return self.sync.presign_put(bucket, cos_path, expires, **options)

    def public_url(self, bucket: str, cos_path: str) -> str:
        """The URL of a file that everybody may read, without a signature."""
        return self.sync.public_url(bucket, cos_path)

    # Calls, which are awaited, and lists.

    async def stat_file(
        self, bucket: str, cos_path: str, **options: Unpack[o.StatFileOptions]
    ) -> Reply:
        """What the service knows of a file: `data.filesize`, `data.mtime` and more."""
        return await self._run(self.sync.stat_file, options, bucket, cos_path)

    async def exists(self, bucket: str, cos_path: str, **options: Unpack[o.CallOptions]) -> bool:
        """Whether there is such a file, or such a folder if the path ends with "/"."""
        return await self._run(self.sync.exists, options, bucket, cos_path)

    async def update_file(
        self, bucket: str, cos_path: str, **options: Unpack[o.UpdateFileOptions]
    ) -> Reply:
        """Changes attributes. What is not given stays, but for the headers: all are replaced."""
        return await self._run(self.sync.update_file, options, bucket, cos_path)

    async def del_file(
        self, bucket: str, cos_path: str, **options: Unpack[o.DelFileOptions]
    ) -> Reply:
        """Deletes a file for good; NotFound if there is none."""
        return await self._run(self.sync.del_file, options, bucket, cos_path)

    async def delete_files(
        self, bucket: str,
        cos_paths: Union[Iterable[Union[str, Entry]], AsyncIterable[Union[str, Entry]]],
        **options: Unpack[o.DeleteFilesOptions],
    ) -> List[Failure]:
        """Deletes files, paths or entries of a list, many at a time, and returns those that are still
        there. Files that are not there count as deleted. An asynchronous list is read to its end first."""
        if isinstance(cos_paths, collections.abc.AsyncIterable):
            cos_paths = [each.path if isinstance(each, Entry) else each async for each in cos_paths]
        return await self._run(self.sync.delete_files, options, bucket, cos_paths)

    async def move_file(
        self, bucket: str, cos_path: str, dest_path: str, **options: Unpack[o.MoveFileOptions]
    ) -> Reply:
        """Moves (renames) a file, also to another bucket, by `dest_bucket`."""
        return await self._run(self.sync.move_file, options, bucket, cos_path, dest_path)

    async def copy_file(
        self, bucket: str, cos_path: str, dest_path: str, **options: Unpack[o.CopyFileOptions]
    ) -> Reply:
        """Copies a file on the server."""
        return await self._run(self.sync.copy_file, options, bucket, cos_path, dest_path)

    async def create_folder(
        self, bucket: str, cos_path: str, **options: Unpack[o.CreateFolderOptions]
    ) -> Reply:
        """Creates a folder. Its parents need not exist."""
        return await self._run(self.sync.create_folder, options, bucket, cos_path)

    async def stat_folder(
        self, bucket: str, cos_path: str, **options: Unpack[o.CallOptions]
    ) -> Reply:
        """What the service knows of a folder."""
        return await self._run(self.sync.stat_folder, options, bucket, cos_path)

    async def update_folder(
        self, bucket: str, cos_path: str, **options: Unpack[o.UpdateFolderOptions]
    ) -> Reply:
        """Changes the `biz_attr` of a folder."""
        return await self._run(self.sync.update_folder, options, bucket, cos_path)

    async def list_folder(
        self, bucket: str, cos_path: str, **options: Unpack[o.ListFolderOptions]
    ) -> Reply:
        """A page of what is in a folder, or with `all` everything: `data.infos`."""
        return await self._run(self.sync.list_folder, options, bucket, cos_path)

    async def iter_folder(
        self, bucket: str, cos_path: str, **options: Unpack[o.ListFolderOptions]
    ) -> AsyncIterator[Entry]:
        """The files and folders in a folder, asked for page by page. `deadline` is for all pages."""
        async for entry in self._iterate(self.sync.iter_folder, options, bucket, cos_path):
            yield entry

    async def iter_tree(
        self, bucket: str, cos_path: str, **options: Unpack[o.CallOptions]
    ) -> AsyncIterator[Entry]:
        """The files in a folder and in all folders below it, asked for page by page."""
        async for entry in self._iterate(self.sync.iter_tree, options, bucket, cos_path):
            yield entry

    async def del_folder(
        self, bucket: str, cos_path: str, **options: Unpack[o.DelFolderOptions]
    ) -> Reply:
        """Deletes an empty folder, or with `recursive` everything below it, too."""
        return await self._run(self.sync.del_folder, options, bucket, cos_path)

    async def delete_tree(
        self, bucket: str, cos_path: str, **options: Unpack[o.CallOptions]
    ) -> List[Failure]:
        """Deletes a folder with everything below it, and returns the files that are still there. If it
        is stopped, nothing more is deleted than what is under way."""
        return await self._run(self.sync.delete_tree, options, bucket, cos_path)

    async def upload_file(
        self, bucket: str, cos_path: str, local_path: Path, **options: Unpack[o.UploadOptions]
    ) -> Reply:
        """Uploads a local file. The same call continues one that was broken off."""
        return await self._follow(self.sync.upload_file, options, bucket, cos_path, local_path)

    async def upload_buffer(
        self, bucket: str, cos_path: str, data: streams.Data, **options: Unpack[o.UploadOptions]
    ) -> Reply:
        """Uploads bytes in memory."""
        return await self._follow(self.sync.upload_buffer, options, bucket, cos_path, data)

    async def upload_stream(
        self, bucket: str, cos_path: str, size: Optional[int],
        content: Union[streams.Content, AsyncIterable[streams.Data]],
        **options: Unpack[o.UploadOptions],
    ) -> Reply:
        """Uploads what a file or an iterable has, asynchronous or not, or what a function returns that
        is asked for so many bytes. What is not asynchronous is read on a thread of the pool.

        `size` is the number of bytes. None asks the file; where nobody knows, or with -1, the XML
        API takes the content all the same.
        """
        given: Dict[str, Any] = dict(options)
        alone = calls.Transfer()
        if hasattr(content, "__aiter__"):
            given["transfer"] = given.get("transfer") or calls.Transfer()
            stops = [alone, given["transfer"]]
            content = _pieces(content, asyncio.get_running_loop(), stops)
        return await self._follow(
            self.sync.upload_stream, given, bucket, cos_path, size, content, alone=alone)

    async def upload_folder(
        self, bucket: str, cos_path: str, local_path: Path,
        **options: Unpack[o.UploadFolderOptions],
    ) -> Reply:
        """Uploads a local directory with everything below it; what is there already stays."""
        return await self._follow(
            self.sync.upload_folder, options, bucket, cos_path, local_path)

    async def download_file(
        self, bucket: str, cos_path: str, local_path: Path,
        **options: Unpack[o.DownloadFileOptions],
    ) -> Reply:
        """Downloads to a local file, which is the old one or the whole new one at any time. The same
        call continues one that was broken off."""
        return await self._follow(
            self.sync.download_file, options, bucket, cos_path, local_path)

    async def download_folder(
        self, bucket: str, cos_path: str, local_path: Path,
        **options: Unpack[o.DownloadFolderOptions],
    ) -> Reply:
        """Downloads a folder with everything below it; what is there already stays."""
        return await self._follow(
            self.sync.download_folder, options, bucket, cos_path, local_path)

    async def download_buffer(
        self, bucket: str, cos_path: str, **options: Unpack[o.DownloadOptions]
    ) -> bytes:
        """Downloads into memory."""
        return await self._follow(self.sync.download_buffer, options, bucket, cos_path)

    async def download_stream(
        self, bucket: str, cos_path: str, write: streams.Sink,
        **options: Unpack[o.DownloadOptions],
    ) -> Reply:
        """Gives the bytes, in order, to a file or a function, on a thread of the pool. They are known
        to be right when the call has returned."""
        return await self._follow(self.sync.download_stream, options, bucket, cos_path, write)

    async def iter_download(
        self, bucket: str, cos_path: str, size: int = 1 << 20,
        **options: Unpack[o.DownloadOptions],
    ) -> AsyncIterator[bytes]:
        """The bytes of a file, at most so many at a time, while they are downloaded. They are known
        to be right when the last ones have come."""
        reader = await self._follow(self.sync.open, options, bucket, cos_path)
        try:
            while True:
                piece = await self._run(lambda transfer: reader.read(size), {})
                if not piece:
                    return
                yield piece
        finally:
            # It may wait a moment, and the client may be closed.
            calls.Future(reader.close).start()

    async def list_buckets(self, **options: Unpack[o.CallOptions]) -> Reply:
        """The buckets of the account: `data.buckets`."""
        return await self._run(self.sync.list_buckets, options)

    async def request(
        self, method: str, bucket: Optional[str] = None, cos_path: Optional[str] = None,
        params: Optional[Params] = None, headers: Optional[Mapping[str, str]] = None,
        body: streams.Data = b"", **options: Unpack[o.CallOptions],
    ) -> Reply:
        """Sends a request that no other method has: `data.status`, `data.headers`, `data.body`."""
        return await self._run(
            self.sync.request, options, method, bucket, cos_path, params, headers, body)

    async def _follow(
        self, method: Callable[..., T], options: Mapping[str, Any], *arguments: Any,
        alone: Optional[calls.Transfer] = None,
    ) -> T:
        """Makes a call that tells of its progress, on the event loop."""
        given = dict(options)
        progress = given.pop("progress", None)
        return await self._run(method, given, *arguments, progress=progress, alone=alone)

    async def _run(
        self, method: Callable[..., T], options: Mapping[str, Any], *arguments: Any,
        progress: Optional[calls.Follower] = None, alone: Optional[calls.Transfer] = None,
    ) -> T:
        """Makes a call. If it is stopped it has ended then: it touches files and streams no more.
        `alone` stops it, and the program's transfer stays as it is."""
        given = dict(options)
        transfer = given["transfer"] = given.get("transfer") or calls.Transfer()
        stop = alone or calls.Transfer()
        future = calls.Future(lambda: calls.for_task(stop, lambda: method(*arguments, **given)))
        ended = self._submit(future)
        # A bar may refuse to be true or false.
        pause = None if progress is None else calls.INTERVAL
        try:
            while not ended.done():
                await asyncio.wait({ended}, timeout=pause)
                calls.tell(progress, transfer.progress())
        except BaseException:
            if not self._pool.forget(future):
                stop.cancel()
                await asyncio.wait({ended}, timeout=calls.GRACE)
            raise
        return future.result()

    def _submit(self, future: calls.Future[T]) -> asyncio.Future[None]:
        loop = asyncio.get_running_loop()
        ended: asyncio.Future[None] = loop.create_future()

        def wake() -> None:
            try:
                loop.call_soon_threadsafe(ended.set_result, None)
            except RuntimeError:
                # The loop was closed, and nobody waits.
                pass

        future.when_ended(wake)
        self._pool.submit(future)
        return ended

    async def _iterate(
        self, method: Callable[..., Iterator[Entry]], options: Mapping[str, Any], *arguments: Any
    ) -> AsyncIterator[Entry]:
        transfer = options.get("transfer") or calls.Transfer()
        entries = method(*arguments, **{**options, "transfer": transfer})

        def following(transfer: calls.Transfer) -> List[Entry]:
            return list(itertools.islice(entries, CHUNK))

        while True:
            chunk = await self._run(following, {"transfer": transfer})
            for entry in chunk:
                yield entry
            if len(chunk) < CHUNK:
                return


def _pieces(
    content: Any, loop: asyncio.AbstractEventLoop, stops: Iterable[calls.Transfer]
) -> Iterator[streams.Data]:
    """What an asynchronous iterable brings, for the thread of an upload."""
    iterator = content.__aiter__()

    async def following() -> Any:
        try:
            return await iterator.__anext__()
        except StopAsyncIteration:
            return None

    while True:
        waiting = asyncio.run_coroutine_threadsafe(following(), loop)
        ended = threading.Event()
        waiting.add_done_callback(lambda _: ended.set())
        while not ended.wait(calls.INTERVAL):
            if any(stop.cancelled for stop in stops):
                waiting.cancel()
                raise errors.cancelled()
        piece = waiting.result()
        if piece is None:
            return
        yield piece
