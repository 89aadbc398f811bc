"""Content that is neither a local file nor all in memory."""

from __future__ import annotations

import ctypes
import io
import os
import threading
from typing import Any, Callable, Iterable, Iterator, List, Optional, Protocol, TypeVar, Union

from . import _library, calls, errors

T = TypeVar("T")

Data = Union[bytes, bytearray, memoryview]


class Readable(Protocol):
    """A file that is read from."""

    def read(self, size: int, /) -> Optional[Data]:
        """Returns so many bytes or fewer, none at the end."""


class Writable(Protocol):
    """A file that is written to."""

    def write(self, data: bytes, /) -> object:
        """Takes the bytes."""


#: A file, an iterable of bytes, or a function that returns as many bytes as it is asked for or fewer.
Content = Union[Readable, Iterable[Data], Callable[[int], Data]]
#: A file, or a function that takes bytes.
Sink = Union[Writable, Callable[[bytes], object]]


def size_of(content: Any) -> int:
    """How many bytes a file still has; -1 if it does not tell."""
    try:
        here = content.tell()
        end = content.seek(0, os.SEEK_END)
        content.seek(here)
    except (AttributeError, OSError, ValueError):
        return -1
    return int(end - here)


class Callback:
    """A function of Python in the place of a C callback. What it raises ends the call."""

    def __init__(self) -> None:
        self.raised: List[BaseException] = []

    def run(self, work: Callable[[], T]) -> T:
        """Makes the call, and raises what the callback has raised."""
        try:
            return work()
        except errors.CosError:
            if self.raised:
                raise self.raised[0] from None
            raise
        finally:
            self.raised = []


class Giver(Callback):
    """Gives the library what a content has."""

    def __init__(self, content: Any) -> None:
        super().__init__()
        self._read = _reader(content)
        self.function = _library.Read(self._give)

    def _give(self, place: int, size: int, _: object) -> int:
        try:
            piece = self._read(size)
            ctypes.memmove(place, piece, len(piece))
            return len(piece)
        except BaseException as error:
            self.raised.append(error)
            return -1


class Taker(Callback):
    """Takes what the library brings."""

    def __init__(self, sink: Any) -> None:
        super().__init__()
        self._write: Callable[[bytes], Any] = getattr(sink, "write", sink)
        self._is_raw = isinstance(sink, io.RawIOBase)
        self.function = _library.Write(self._take)

    def _take(self, data: int, size: int, _: object) -> int:
        try:
            piece = ctypes.string_at(data, size)
            taken = self._write(piece)
            while self._is_raw and taken is not None and taken < len(piece):
                piece = piece[taken:]
                taken = self._write(piece)
        except BaseException as error:
            self.raised.append(error)
        return len(self.raised)


def _reader(content: Any) -> Callable[[int], bytes]:
    """A function that returns the next bytes of a content, as many as it is asked for or fewer."""
    read = getattr(content, "read", content)
    if isinstance(content, (bytes, bytearray, memoryview)):
        read = io.BytesIO(content).read
    elif not callable(read):
        pieces: Iterator[Any] = filter(len, content)

        def read(_: int) -> Any:
            return next(pieces, b"")

    rest = memoryview(b"")

    def next_bytes(size: int) -> bytes:
        nonlocal rest
        if not rest:
            # Whatever was returned may change later; it has to be bytes.
            rest = memoryview(memoryview(read(size)).tobytes())
        piece, rest = rest[:size].tobytes(), rest[size:]
        return piece

    return next_bytes


class _Closed(Exception):
    """The reader wants no more."""


class _Pipe:
    """Hands one piece at a time from the thread of a download to the one that reads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._piece = memoryview(b"")
        self._has_ended = False

    def write(self, piece: bytes) -> None:
        with self._changed:
            while self._piece and not self._has_ended:
                self._changed.wait()
            if self._has_ended:
                raise _Closed
            self._piece = memoryview(piece)
            self._changed.notify_all()

    def end(self) -> None:
        with self._changed:
            self._has_ended = True
            self._changed.notify_all()

    def wait(self) -> bool:
        """Waits for a piece, and returns whether there is one."""
        with self._changed:
            while not self._piece and not self._has_ended:
                self._changed.wait(calls.INTERVAL)
            return bool(self._piece)

    def take(self, size: int) -> memoryview:
        with self._changed:
            taken, self._piece = self._piece[:size], self._piece[size:]
            self._changed.notify_all()
            return taken


class Reader(io.RawIOBase):
    """A file of a bucket that is read from begin to end, while it is downloaded.

    Memory is a few pieces, however large the file is and however slowly it is read. What the server
    states of the content is compared at its end: if it differs, the last read raises.
    """

    def __init__(
        self, download: Callable[[Callable[[bytes], None]], object], transfer: calls.Transfer
    ) -> None:
        super().__init__()
        self._transfer = transfer
        self._pipe = pipe = _Pipe()
        self._future = calls.Future(lambda: download(pipe.write))
        self._future.when_ended(pipe.end)
        self._future.start()
        try:
            if not pipe.wait():
                self._future.result()
        except BaseException:
            self.close()
            raise

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self.closed:
            raise ValueError("I/O operation on closed file")
        view = memoryview(buffer).cast("B")
        if not view:
            return 0
        if not self._pipe.wait():
            self._future.result()
            return 0
        piece = self._pipe.take(len(view))
        view[: len(piece)] = piece
        return len(piece)

    def close(self) -> None:
        """Stops the download, if it has not ended."""
        if not self.closed and hasattr(self, "_future"):
            self._transfer.cancel()
            self._pipe.end()
            self._future.wait(calls.GRACE)
        super().close()
