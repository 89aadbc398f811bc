"""Tencent Cloud COS, through libcos.

The methods are the functions of cos.h, which describes them: the same names, the same order of
arguments, options as keywords. They return the reply as a dict or raise CosError.

Uploads and downloads take two keywords more. `progress` is called with the bytes done and the
bytes in all; what it raises ends the call and is raised by it, and so is Ctrl-C. `transfer` is a
Transfer that stops the call from another thread.

COS_LIBRARY in the environment names the library, if the system does not find it by its name. On
Windows it is looked for beside this file first.
"""

import json
import os
import sys
import threading
import weakref
from ctypes import (CDLL, CFUNCTYPE, byref, c_char, c_char_p, c_int, c_int64, c_size_t, c_uint64,
                    c_void_p, memmove, string_at)



def library_name(platform):
    """What the library is called on a platform, one of the values of sys.platform."""
    return {"win32": "cos.dll", "darwin": "libcos.1.dylib"}.get(platform, "libcos.so.1")


def _load():
    if os.environ.get("COS_LIBRARY"):
        return CDLL(os.path.abspath(os.environ["COS_LIBRARY"]))
    name = library_name(sys.platform)
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), name)
    # There Python looks neither in the current directory nor on PATH.
    return CDLL(beside if sys.platform == "win32" and os.path.exists(beside) else name)


_lib = _load()
_lib.cos_version.restype = _lib.cos_code_name.restype = c_char_p
_lib.cos_transfer_new.restype = c_void_p

_Read = CFUNCTYPE(c_int64, c_void_p, c_size_t, c_void_p)
_Write = CFUNCTYPE(c_int, c_void_p, c_size_t, c_void_p)
_Log = CFUNCTYPE(None, c_int, c_char_p, c_void_p)

LOG_OFF, LOG_FAILURES, LOG_REQUESTS = range(3)


def version():
    return _lib.cos_version().decode()


class CosError(Exception):
    """A call that failed: `code`, its `name`, the `message`, and the `reply` with everything."""

    def __init__(self, code, reply):
        super().__init__(code, reply)
        self.code = code
        self.name = _lib.cos_code_name(code).decode()
        self.message = reply.get("message", "")
        self.reply = reply

    def __str__(self):
        return f"{self.name} ({self.code}): {self.message}"


class Transfer:
    """Stops an upload or a download, from any thread, and tells how far it has come."""

    def __init__(self):
        self._handle = c_void_p(_lib.cos_transfer_new())
        self._busy = []
        weakref.finalize(self, _free, _lib.cos_transfer_free, self._handle, self._busy)

    def cancel(self):
        _lib.cos_transfer_cancel(self._handle)

    def progress(self):
        done, total = c_uint64(), c_uint64()
        _lib.cos_transfer_progress(self._handle, byref(done), byref(total))
        return done.value, total.value


class Client:
    """A client; give it to any number of threads. It ends with close() or a `with` block."""

    def __init__(self, appid, secret_id, secret_key, region=None, **options):
        self._handle = c_void_p()
        self._logs = []
        _call("client_new", appid, secret_id, secret_key, region, _json(options),
              byref(self._handle))
        self._busy = []
        self._free = weakref.finalize(self, _free, _lib.cos_client_free, self._handle, self._busy)

    def close(self):
        self._free()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def set_config(self, **options):
        return self._call("client_set_config", json.dumps(options))

    def set_credentials(self, appid, secret_id, secret_key):
        return self._call("client_set_credentials", appid, secret_id, secret_key)

    def set_temporary_credentials(self, appid, secret_id, secret_key, token):
        return self._call("client_set_temporary_credentials", appid, secret_id, secret_key, token)

    def set_log(self, level, function):
        """Gives lines about requests to `function(level, line)`."""
        def log(level, line, _):
            function(level, line.decode())
        # Calls under way still use the one before.
        self._logs.append(_Log(log))
        if _lib.cos_client_set_log(self._handle, c_int(level), self._logs[-1], None):
            raise ValueError("no such level")

    def sign_more(self, bucket, cos_path, expired):
        return self._call("sign_more", bucket, cos_path, _int64(expired))

    def sign_once(self, bucket, cos_path):
        return self._call("sign_once", bucket, cos_path)

    def sign_download(self, bucket, cos_path, expired):
        return self._call("sign_download", bucket, cos_path, _int64(expired))

    def sign_url(self, method, bucket, cos_path, expired, **options):
        return self._call("sign_url", method, bucket, cos_path, _int64(expired), _json(options))

    def stat_file(self, bucket, cos_path, **options):
        return self._call("stat_file", bucket, cos_path, _json(options))

    def update_file(self, bucket, cos_path, **options):
        return self._call("update_file", bucket, cos_path, _json(options))

    def del_file(self, bucket, cos_path, **options):
        return self._call("del_file", bucket, cos_path, _json(options))

    def move_file(self, bucket, cos_path, dest_path, **options):
        return self._call("move_file", bucket, cos_path, dest_path, _json(options))

    def copy_file(self, bucket, cos_path, dest_path, **options):
        return self._call("copy_file", bucket, cos_path, dest_path, _json(options))

    def create_folder(self, bucket, cos_path, **options):
        return self._call("create_folder", bucket, cos_path, _json(options))

    def stat_folder(self, bucket, cos_path, **options):
        return self._call("stat_folder", bucket, cos_path, _json(options))

    def update_folder(self, bucket, cos_path, **options):
        return self._call("update_folder", bucket, cos_path, _json(options))

    def list_folder(self, bucket, cos_path, **options):
        return self._call("list_folder", bucket, cos_path, _json(options))

    def del_folder(self, bucket, cos_path, **options):
        return self._call("del_folder", bucket, cos_path, _json(options))

    def upload_file(self, bucket, cos_path, local_path, **options):
        return self._transfer("upload_file", options, bucket, cos_path, local_path)

    def upload_buffer(self, bucket, cos_path, data, **options):
        return self._transfer("upload_buffer", options, bucket, cos_path, *_bytes(data))

    def upload_stream(self, bucket, cos_path, size, content, **options):
        """Uploads what a file or another iterable of bytes has, or what a function returns, which is
        asked for so many bytes until it returns none. All of it happens on another thread. What is
        raised ends the call. A size of -1 means that it is not known, which needs the XML API."""
        raised, read = [], _reader(content)

        def give(place, size, _):
            try:
                piece = read(size)
                memmove(place, piece, len(piece))
                return len(piece)
            except BaseException as error:
                raised.append(error)
                return -1
        return self._stream("upload_stream", raised, options, bucket, cos_path, _int64(size),
                            _Read(give), None)

    def upload_folder(self, bucket, cos_path, local_path, **options):
        return self._transfer("upload_folder", options, bucket, cos_path, local_path)

    def download_file(self, bucket, cos_path, local_path, **options):
        return self._transfer("download_file", options, bucket, cos_path, local_path)

    def download_folder(self, bucket, cos_path, local_path, **options):
        return self._transfer("download_folder", options, bucket, cos_path, local_path)

    def download_buffer(self, bucket, cos_path, **options):
        """Returns the bytes."""
        data, size = c_void_p(), c_size_t()
        try:
            self._transfer("download_buffer", options, bucket, cos_path,
                           after=(byref(data), byref(size)))
            return (c_char * size.value).from_address(data.value).raw if data else b""
        finally:
            _lib.cos_buffer_free(data, size)

    def download_stream(self, bucket, cos_path, write, **options):
        """Gives the bytes to `write`, on another thread. What it raises ends the call."""
        raised = []

        def take(data, size, _):
            try:
                write(string_at(data, size))
            except BaseException as error:
                raised.append(error)
            return len(raised)
        return self._stream("download_stream", raised, options, bucket, cos_path,
                            after=(_Write(take), None))

    def list_buckets(self, **options):
        return self._call("list_buckets", _json(options))

    def request(self, method, bucket=None, cos_path=None, params=None, headers=None, body=b"",
                **options):
        return self._call("request", method, bucket, cos_path, _json(params), _json(headers),
                          *_bytes(body), _json(options))

    def _call(self, name, *arguments):
        return _call(name, self, *arguments)

    def _stream(self, name, raised, options, *arguments, after=()):
        try:
            return self._transfer(name, options, *arguments, after=after)
        except CosError:
            if raised:
                raise raised[0]
            raise

    def _transfer(self, name, options, *arguments, after=()):
        """Calls on another thread, while this one asks for progress and listens to Ctrl-C."""
        progress = options.pop("progress", None) or (lambda done, total: None)
        transfer = options.pop("transfer", None) or Transfer()
        arguments += (_json(options), transfer, *after)
        result = []

        def work():
            try:
                result.append(self._call(name, *arguments))
            except BaseException as error:
                result.append(error)
        thread = threading.Thread(target=work)
        try:
            thread.start()
            while thread.is_alive():
                thread.join(0.1)
                progress(*transfer.progress())
        except BaseException:
            transfer.cancel()
            raise
        finally:
            _wait(thread)
        if isinstance(result[0], BaseException):
            raise result[0]
        return result[0]


def _free(free, handle, busy):
    """Leaves what is in use: at the end of a program, daemon threads may be in calls."""
    address, handle.value = handle.value, None
    if not busy:
        free(c_void_p(address))


def _wait(thread):
    """What the call uses must outlive it, however often Ctrl-C is pressed."""
    while thread.is_alive():
        try:
            thread.join()
        except KeyboardInterrupt:
            pass


def _call(name, *arguments):
    reply = c_void_p()
    used = [argument._busy for argument in arguments if hasattr(argument, "_busy")]
    for busy in used:
        busy.append(name)
    try:
        code = _lib["cos_" + name](*map(_argument, arguments), byref(reply))
        answer = json.loads(string_at(reply))
    finally:
        for busy in used:
            busy.pop()
        _lib.cos_string_free(reply)
    if code != 0:
        raise CosError(code, answer)
    return answer


def _argument(value):
    if isinstance(value, (int, float, bytes)):
        # ctypes would take a number for an address, and bytes up to the first zero.
        raise TypeError(f"a string is wanted, not {type(value).__name__}")
    if isinstance(value, (str, os.PathLike)):
        value = os.fsencode(value) if isinstance(value, os.PathLike) else value.encode()
        if b"\0" in value:
            raise ValueError("embedded null character")
    return getattr(value, "_handle", value)


def _int64(value):
    if not -2**63 <= value < 2**63:
        raise OverflowError("more than 64 bits")
    return c_int64(value)


def _bytes(data):
    data = memoryview(data).tobytes()
    return c_char_p(data), c_size_t(len(data))


def _reader(content):
    """A function that returns the next bytes of a content, as many as it is asked for or fewer."""
    read = getattr(content, "read", content)
    if not callable(read):
        pieces = filter(len, content)

        def read(_):
            return next(pieces, b"")
    rest = memoryview(b"")

    def next_bytes(size):
        nonlocal rest
        if not rest:
            rest = memoryview(memoryview(read(size)).tobytes())
        piece, rest = rest[:size].tobytes(), rest[size:]
        return piece
    return next_bytes


def _json(options):
    return json.dumps(options) if options else None
