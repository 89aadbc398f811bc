"""The shared library: where it is, how its functions are called, and who frees what it hands out."""

from __future__ import annotations

import ctypes
import functools
import json
import os
import sys
import threading
from typing import Any, Callable, Dict, Optional

from . import errors

# cos_abi_version() of the cos.h that this package was written for.
ABI_VERSION = 1

Read = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
Write = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_void_p)
Log = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)


def library_name(platform: str) -> str:
    """What the library is called on a platform, one of the values of sys.platform."""
    return {"win32": "cos.dll", "darwin": "libcos.1.dylib"}.get(platform, "libcos.so.1")


def path(named: Optional[str] = None) -> str:
    """The file that is loaded: the one that was named, else the package's own, else the system's."""
    named = named or os.environ.get("COS_LIBRARY")
    if named:
        return os.path.abspath(named)
    name = library_name(sys.platform)
    own = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
    return own if os.path.exists(own) else name


@functools.lru_cache(maxsize=None)
def load(file: str) -> Library:
    return Library(file)


class Library:
    def __init__(self, file: str) -> None:
        try:
            functions = ctypes.CDLL(file)
            functions.cos_abi_version.restype = ctypes.c_int
        except (OSError, AttributeError) as error:
            raise ImportError(
                f"{file} is not a libcos that can be loaded: {error}. "
                "COS_LIBRARY or the argument `library` names another one."
            ) from error
        if functions.cos_abi_version() != ABI_VERSION:
            raise ImportError(
                f"{file} has version {functions.cos_abi_version()} of the binary interface, "
                f"and this package needs {ABI_VERSION}"
            )
        functions.cos_version.restype = ctypes.c_char_p
        functions.cos_code_name.restype = ctypes.c_char_p
        functions.cos_transfer_new.restype = ctypes.c_void_p
        for name in ("client_free", "transfer_free", "transfer_cancel", "transfer_progress",
                     "buffer_free", "string_free"):
            getattr(functions, "cos_" + name).restype = None
        self.functions = functions

    def version(self) -> str:
        return str(self.functions.cos_version().decode())

    def call(self, name: str, *arguments: Any) -> Dict[str, Any]:
        """Calls a function that answers with a code and a reply."""
        answer = ctypes.c_void_p()
        try:
            code = getattr(self.functions, "cos_" + name)(*arguments, ctypes.byref(answer))
            reply: Dict[str, Any] = json.loads(ctypes.string_at(answer))
        finally:
            self.functions.cos_string_free(answer)
        if code != 0:
            name_of_code = self.functions.cos_code_name(ctypes.c_int(code)).decode()
            raise errors.from_reply(code, reply, name_of_code)
        return reply


class Handle:
    """What the library made and has to be given back once, but not while a call uses it."""

    def __init__(self, address: Optional[int], free: Callable[[ctypes.c_void_p], object]) -> None:
        self._address = address
        self._free = free
        self._lock = threading.Lock()
        self._calls = 0
        self._is_closed = False

    def __enter__(self) -> ctypes.c_void_p:
        with self._lock:
            if self._is_closed:
                raise errors.bad_argument("client", "is closed")
            self._calls += 1
            return ctypes.c_void_p(self._address)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._calls -= 1
        self._free_if_unused()

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
        self._free_if_unused()

    def _free_if_unused(self) -> None:
        with self._lock:
            if not self._is_closed or self._calls > 0:
                return
            address, self._address = self._address, None
        if address:
            self._free(ctypes.c_void_p(address))


def text(value: Any, name: str) -> Optional[bytes]:
    """A string for C. Local paths are UTF-8 on every system."""
    if value is None:
        return None
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
        if isinstance(value, bytes):
            value = os.fsdecode(value)
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, not {type(value).__name__}")
    if "\0" in value:
        raise ValueError(f"{name} has a null character in it")
    # Names of files that are not UTF-8 are refused by the library.
    return value.encode("utf-8", "surrogateescape")


def integer(value: int, name: str) -> ctypes.c_int64:
    if not isinstance(value, int):
        raise TypeError(f"{name} must be a whole number, not {type(value).__name__}")
    if not -(2**63) <= value < 2**63:
        raise OverflowError(f"{name} has more than 64 bits")
    return ctypes.c_int64(value)


def options(values: Any) -> Optional[bytes]:
    return json.dumps(values).encode() if values else None
