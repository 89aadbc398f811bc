"""How a call runs beside the program, is followed, and is stopped."""

from __future__ import annotations

import collections
import ctypes
import threading
import time
import weakref
from typing import (Any, Callable, Deque, Dict, Generic, List, NamedTuple, Optional, Protocol, Tuple, TypeVar,
                    Union, cast)

from . import _library, errors

T = TypeVar("T")

# How often progress is told and a transfer is asked whether it was cancelled, in seconds.
INTERVAL = 0.1
# How long a stopped call may take to end. The library needs less than a second, and
# more only while it waits for what a stream reads from or writes to.
GRACE = 5.0


class Progress(NamedTuple):
    """How far a transfer has come; `total` is 0 until it is known."""

    done: int
    total: int


class Bar(Protocol):
    """What tqdm and others offer: a number, where it ends, and a method to add to it."""

    n: Any
    total: Any

    def update(self, n: Any, /) -> Any:
        """Adds to the number."""


#: A function that is called with the bytes done and the bytes in all, or a bar such as that of tqdm.
Follower = Union[Callable[[int, int], object], Bar]


def tell(follower: Optional[Follower], progress: Progress) -> None:
    if follower is None:
        return
    if callable(follower):
        follower(*progress)
        return
    if progress.total:
        follower.total = progress.total
    follower.update(progress.done - follower.n)


class Transfer:
    """Stops calls, from any thread, and tells how far an upload or a download has come.

    Give it to calls as `transfer`, one at a time or one after the other. Once cancelled it stays
    cancelled.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._handles: Dict[_library.Library, _library.Handle] = {}
        self._last: Optional[_library.Library] = None
        self._is_cancelled = False

    def cancel(self) -> None:
        """Stops the call that uses it, which raises Cancelled, and all later ones."""
        with self._lock:
            self._is_cancelled = True
            handles = list(self._handles.items())
        for library, handle in handles:
            with handle as pointer:
                library.functions.cos_transfer_cancel(pointer)

    @property
    def cancelled(self) -> bool:
        return self._is_cancelled

    def progress(self) -> Progress:
        """How far the call that uses it has come, or the last one came."""
        library, handle = self._of_last_call()
        if not library or not handle:
            return Progress(0, 0)
        done, total = ctypes.c_uint64(), ctypes.c_uint64()
        with handle as pointer:
            library.functions.cos_transfer_progress(pointer, ctypes.byref(done), ctypes.byref(total))
        return Progress(done.value, total.value)

    def travelled(self) -> int:
        """How many of the bytes done it has sent or received itself: what a rate is made of."""
        library, handle = self._of_last_call()
        if not library or not handle:
            return 0
        with handle as pointer:
            return int(library.functions.cos_transfer_travelled(pointer))

    def _of_last_call(self) -> Tuple[Optional[_library.Library], Optional[_library.Handle]]:
        with self._lock:
            return self._last, self._handles.get(self._last) if self._last else None

    def handle(self, library: _library.Library) -> _library.Handle:
        """What the C functions take; made by the library that the call goes to."""
        with self._lock:
            self._last = library
            if library not in self._handles:
                functions = library.functions
                made = _library.Handle(functions.cos_transfer_new(), functions.cos_transfer_free)
                weakref.finalize(self, made.close)
                self._handles[library] = made
                if self._is_cancelled:
                    with made as pointer:
                        functions.cos_transfer_cancel(pointer)
            return self._handles[library]


class _Task(threading.local):
    """What this thread works for."""

    stop: Optional[Transfer] = None


_task = _Task()


def for_task(stop: Transfer, work: Callable[[], T]) -> T:
    """Runs what makes calls, each of which `stop` stops, too."""
    _task.stop = stop
    try:
        return work()
    finally:
        _task.stop = None


def stop_of_task() -> List[Transfer]:
    """What stops the calls of this thread, if it works for a task."""
    return [] if _task.stop is None else [_task.stop]


class Future(Generic[T]):
    """The result of a function that runs on another thread."""

    def __init__(self, work: Callable[[], T]) -> None:
        self._work: Optional[Callable[[], T]] = work
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._callbacks: List[Callable[[], object]] = []
        self._result: Optional[T] = None
        self._error: Optional[BaseException] = None

    def run(self) -> None:
        work, self._work = self._work, None
        try:
            if work:
                self._result = work()
        except BaseException as error:
            self._error = error
        del work
        with self._lock:
            self._ended.set()
        for callback in self._callbacks:
            callback()

    def start(self) -> None:
        """Runs on a thread of its own. The program may end meanwhile."""
        threading.Thread(target=self.run, name="cos", daemon=True).start()

    def wait(self, seconds: Optional[float] = None) -> bool:
        """Whether it has ended within this time."""
        return self._ended.wait(seconds)

    def when_ended(self, callback: Callable[[], object]) -> None:
        with self._lock:
            if not self._ended.is_set():
                self._callbacks.append(callback)
                return
        callback()

    def result(self) -> T:
        if self._error is not None:
            error, self._error = self._error, None
            # Where it was made tells nothing; where a stream failed does.
            raise error.with_traceback(None) if isinstance(error, errors.CosError) else error
        return cast(T, self._result)


class Deadline:
    """A moment after which a call is stopped; never, without a number of seconds."""

    def __init__(self, seconds: Optional[float]) -> None:
        if seconds is not None and not (isinstance(seconds, (int, float)) and seconds == seconds):
            raise TypeError(f"deadline must be a number of seconds, not {seconds!r}")
        self.seconds = seconds
        self._at = None if seconds is None else time.monotonic() + seconds

    def left(self) -> Optional[float]:
        return None if self._at is None else max(0.0, self._at - time.monotonic())

    def pause(self) -> float:
        """How long to wait before looking again."""
        left = self.left()
        return INTERVAL if left is None else min(INTERVAL, left)

    def check(self) -> None:
        if self.seconds is not None and self.left() == 0:
            raise errors.deadline_exceeded(self.seconds)


class Call(Generic[T]):
    """A call that is about to be made."""

    def __init__(
        self,
        work: Callable[[], T],
        stop: Transfer,
        transfer: Transfer,
        deadline: Optional[float],
        progress: Optional[Follower] = None,
    ) -> None:
        self.work = work
        #: Stops this call alone.
        self.stop = stop
        #: The program's, which follows the call and may stop others as well.
        self.transfer = transfer
        self.deadline = deadline
        self.progress = progress

    def run(self) -> T:
        """Makes it. The main thread only waits for another one, so that Ctrl-C is heard."""
        is_main = threading.current_thread() is threading.main_thread()
        is_watched = self.deadline is not None or self.progress is not None
        return self._run_watched() if is_main or is_watched else self.work()

    def _run_watched(self) -> T:
        deadline = Deadline(self.deadline)
        future = Future(self.work)
        try:
            future.start()
            while not future.wait(deadline.pause()):
                tell(self.progress, self.transfer.progress())
                deadline.check()
                if self.transfer.cancelled:
                    raise errors.cancelled()
        except BaseException as reason:
            # Until it has ended it may touch files and streams.
            self.stop.cancel()
            if future.wait(GRACE) and type(reason) is errors.Cancelled:
                return future.result()
            raise
        tell(self.progress, self.transfer.progress())
        return future.result()


class Pool:
    """So many threads for calls, started when they are needed."""

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ValueError("threads must be 1 or more")
        self._size = size
        self._waiting: Deque[Future[Any]] = collections.deque()
        self._changed = threading.Condition()
        self._threads = 0
        self._idle = 0
        self._is_closed = False

    def submit(self, future: Future[Any]) -> None:
        with self._changed:
            if self._is_closed:
                raise errors.bad_argument("client", "is closed")
            self._waiting.append(future)
            if self._idle >= len(self._waiting):
                self._changed.notify()
            elif self._threads < self._size:
                self._start_thread_for(future)

    def _start_thread_for(self, future: Future[Any]) -> None:
        try:
            threading.Thread(target=self._work, name="cos", daemon=True).start()
        except RuntimeError:
            # The system has no more. The threads that there are take it.
            if self._threads == 0:
                self._waiting.remove(future)
                raise
            return
        self._threads += 1

    def forget(self, future: Future[Any]) -> bool:
        """Takes back what has not begun."""
        with self._changed:
            try:
                self._waiting.remove(future)
            except ValueError:
                return False
            return True

    def close(self) -> None:
        """Lets the threads end when nothing waits any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._idle += 1
                while not self._waiting and not self._is_closed:
                    self._changed.wait()
                self._idle -= 1
                if not self._waiting:
                    return
                future = self._waiting.popleft()
            future.run()
            del future
