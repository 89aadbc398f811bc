"""Tencent Cloud COS, through libcos.

The methods are the functions of cos.h, which describes them: the same names, the same order of
arguments, options as keywords. They return the reply as a dict or raise CosError.

Uploads and downloads take two keywords more. `progress` is called with the bytes done and the
bytes in all; what it raises ends the call and is raised by it, and so is Ctrl-C. `transfer` is a
Transfer that stops the call from another thread.
"""

import json
import os
import threading
import weakref
from ctypes import (CDLL, CFUNCTYPE, byref, c_char, c_char_p, c_int, c_int64, c_size_t, c_uint64,
                    c_void_p, string_at)

_lib = CDLL("libcos.so.1")
_lib.cos_version.restype = _lib.cos_code_name.restype = c_char_p
_lib.cos_transfer_new.restype = c_void_p

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

    def set_log(self, level, function):
        """Gives lines about requests to `function(level, line)`."""
        def log(level, line, _):
            function(level, line.decode())
        # Calls under way still use the one before.
        self._logs.append(_Log(log))
        if _lib.cos_client_set_log(self._handle, c_int(level), self._logs[-1], None):
            raise ValueError("no such level")

    def sign_more(self, bucket, cos_path, expired):
        return self._call("sign_more", bucket, cos_path, _seconds(expired))

    def sign_once(self, bucket, cos_path):
        return self._call("sign_once", bucket, cos_path)

    def sign_download(self, bucket, cos_path, expired):
        return self._call("sign_download", bucket, cos_path, _seconds(expired))

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
        data = memoryview(data).tobytes()
        return self._transfer("upload_buffer", options, bucket, cos_path, c_char_p(data),
                              c_size_t(len(data)))

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
        try:
            return self._transfer("download_stream", options, bucket, cos_path,
                                  after=(_Write(take), None))
        except CosError:
            if raised:
                raise raised[0]
            raise

    def _call(self, name, *arguments):
        return _call(name, self, *arguments)

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


def _seconds(value):
    if not -2**63 <= value < 2**63:
        raise OverflowError("too far from now")
    return c_int64(value)


def _json(options):
    return json.dumps(options) if options else None
