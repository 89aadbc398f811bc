"""Starting, steering and stopping the emulator."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import threading
import urllib.parse
from types import TracebackType
from typing import IO, Any, Dict, List, Literal, Mapping, Optional, Sequence, Tuple, Type, TypedDict, Union

from ._admin import Admin, EmulatorError

Api = Literal["v4", "v5"]

FaultAction = Literal[
    "reply", "code", "error", "header", "redirect", "drop", "delay", "hold", "withhold", "lose_reply", "cut",
    "drip", "wrong_length", "garbage", "corrupt", "close_after_reply",
]


class Credential(TypedDict):
    """An account and its keys."""

    appid: str
    secret_id: str
    secret_key: str


class _TemporaryKey(Credential):
    token: str


class TemporaryKey(_TemporaryKey, total=False):
    """Keys that work with their token only, until `expires`, a UNIX time."""

    expires: int


class _BucketConfig(TypedDict):
    name: str


class BucketConfig(_BucketConfig, total=False):
    """A bucket to begin with: its name without the appid, and what differs from a private one in ap-shanghai."""

    public: bool
    region: str
    appid: str


class EmulatorOptions(TypedDict, total=False):
    """What an `Emulator` can be started with."""

    buckets: Sequence[Union[str, BucketConfig]]
    credentials: Sequence[Credential]
    temporary_keys: Sequence[TemporaryKey]
    settings: Mapping[str, object]
    data: Union[str, "os.PathLike[str]"]
    port: int


ACCOUNT: Credential = {
    "appid": "1250000000", "secret_id": "EXAMPLE_SECRET_ID", "secret_key": "EXAMPLE_SECRET_KEY",
}
BUCKETS: Sequence[BucketConfig] = ({"name": "private-bucket"}, {"name": "public-bucket", "public": True})
REGION = "ap-shanghai"
# Seconds in which the program starts, and in which it ends.
PATIENCE = 60


def program() -> str:
    """The path of the program in this package."""
    name = "cos-emulator.exe" if sys.platform == "win32" else "cos-emulator"
    return os.path.join(os.path.dirname(os.path.abspath(__file__)), name)


@dataclasses.dataclass(frozen=True)
class Object:
    """What a list tells of an object."""

    key: str
    size: int
    etag: str
    """Without quotes; the SHA-1 of what the JSON API wrote."""
    headers: Dict[str, str]
    """The content headers and the metadata it was stored with."""
    modified: int
    """A UNIX time."""


@dataclasses.dataclass(frozen=True)
class Request:
    """What was asked and answered, as the log has it."""

    sequence: int
    """Counts requests from 1."""
    connection: int
    """Counts connections from 1: equal numbers mean a reused one."""
    method: str
    target: str
    """As it was sent, with its query."""
    path: str
    """Decoded."""
    op: str
    """The operation: a value of `op=`, "download", or the name of one of the XML API."""
    host: str
    status: Optional[int]
    """The HTTP status of the answer, if there was one."""
    code: Optional[int]
    """The code of the JSON API that was answered."""
    word: Optional[str]
    """The error word of the XML API that was answered."""
    detail: Optional[str]
    """Why it was refused."""
    offset: Optional[int]
    part: Optional[int]
    body_bytes: int
    range: Optional[str]
    user_agent: Optional[str]
    sign: Optional[str]
    sign_place: Optional[str]
    fault: Optional[str]
    """The fault that struck, as JSON."""
    started_ms: int
    finished_ms: Optional[int]


class Bucket:
    """A bucket, and its objects without a client: nothing of that is logged, and no fault strikes it.

    A key is the name of an object, without a slash in front.
    """

    def __init__(self, admin: Admin, config: BucketConfig, account: Credential) -> None:
        self.name: str = config["name"]
        """Without the appid, as in `cos.Client.upload_file("private-bucket", …)`."""
        self.appid: str = config.get("appid", account["appid"])
        self.full_name: str = f"{self.name}-{self.appid}"
        """As the official SDKs write it: "private-bucket-1250000000"."""
        self.region: str = config.get("region", REGION)
        self.public: bool = config.get("public", False)
        self._admin = admin

    def _target(self, key: str) -> str:
        return f"objects/{self.full_name}/{urllib.parse.quote(key, safe='/')}"

    def put(self, key: str, content: Union[bytes, str], headers: Optional[Mapping[str, str]] = None) -> None:
        """Stores an object; text as UTF-8. `headers` are those of the XML API, such as Content-Type and
        x-cos-meta-…"""
        data = content.encode("utf-8") if isinstance(content, str) else content
        self._admin.send("PUT", self._target(key), data, headers)

    def get(self, key: str) -> bytes:
        """The content of an object, which has to be there."""
        return self._admin.send("GET", self._target(key))

    def delete(self, key: str) -> None:
        """Deletes an object, if it is there."""
        self._admin.send("DELETE", self._target(key))

    def list(self, prefix: str = "") -> List[Object]:
        """The objects whose keys begin with the prefix, in the order of their keys."""
        found = self._admin.json("GET", "objects")
        return [
            Object(**entry) for entry in found
            if entry.pop("bucket") == self.full_name and entry["key"].startswith(prefix)
        ]

    def keys(self, prefix: str = "") -> List[str]:
        """Their keys alone."""
        return [entry.key for entry in self.list(prefix)]

    def __repr__(self) -> str:
        return f"<cos_emulator.Bucket {self.full_name}>"


class Emulator:
    """A running emulator. `stop()` or the end of a `with` block ends it, and at the latest the end of this
    process, however that comes about.

    `buckets` are names, or more about each; `credentials` are accounts, of which the first is the one
    that the properties tell. `settings` are those of emulator/README.md. Objects are kept in the
    directory `data`, which stays, or else in one that goes with the emulator.
    """

    def __init__(
        self,
        *,
        buckets: Sequence[Union[str, BucketConfig]] = (),
        credentials: Sequence[Credential] = (),
        temporary_keys: Sequence[TemporaryKey] = (),
        settings: Optional[Mapping[str, object]] = None,
        data: Optional[Union[str, "os.PathLike[str]"]] = None,
        port: int = 0,
    ) -> None:
        accounts = list(credentials) or [ACCOUNT]
        given: List[BucketConfig] = [{"name": each} if isinstance(each, str) else each for each in buckets]
        configs = given or list(BUCKETS)
        config = {
            "credentials": accounts,
            "temporary_keys": list(temporary_keys),
            "buckets": [{"region": REGION, **each} for each in configs],
            "settings": dict(settings or {}),
        }
        self.port: int = 0
        self._process, self.port = _start(config, data, port)
        self._admin = Admin("127.0.0.1", self.port)
        self._account = accounts[0]
        self.buckets: Dict[str, Bucket] = {
            each["name"]: Bucket(self._admin, each, self._account) for each in configs
        }
        """By their names without the appid."""

    @property
    def host(self) -> str:
        """Where it is: "127.0.0.1:PORT"."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """Where it is, which is also the HTTP proxy that leads to it: "http://127.0.0.1:PORT"."""
        return f"http://{self.host}"

    @property
    def appid(self) -> str:
        return self._account["appid"]

    @property
    def secret_id(self) -> str:
        return self._account["secret_id"]

    @property
    def secret_key(self) -> str:
        return self._account["secret_key"]

    @property
    def bucket(self) -> Bucket:
        """The first bucket."""
        return next(iter(self.buckets.values()))

    def options(self, api: Api = "v5") -> Dict[str, Any]:
        """For libcos: `cos.Client(**emulator.options())`, with the XML API or "v4", the JSON API."""
        name = f"localhost:{self.port}"
        return {
            **self._account, "api": api, "scheme": "http", "hostname": name, "download_hostname": name,
        }

    def environment(self, api: Api = "v5") -> Dict[str, str]:
        """The same for programs that read it from the environment: `env={**os.environ, **emulator.environment()}`."""
        return {"COS_" + name.upper(): value for name, value in self.options(api).items()}

    def sdk_options(self) -> Dict[str, Any]:
        """For the official SDK: `CosConfig(**emulator.sdk_options())`, with the region of the first bucket."""
        return {
            "Region": self.bucket.region, "SecretId": self.secret_id, "SecretKey": self.secret_key,
            "Scheme": "http", "Proxies": {"http": self.url},
        }

    def inject(
        self,
        action: FaultAction,
        *,
        op: Optional[str] = None,
        path: Optional[str] = None,
        method: Optional[str] = None,
        offset: Optional[int] = None,
        part: Optional[int] = None,
        skip: int = 0,
        times: Optional[int] = 1,
        **details: object,
    ) -> None:
        """Makes the next requests that match fail, `times` of them, None for all, after `skip` others.

        `inject("error", op="put_object", code="SlowDown", times=2)`. Actions and their details are
        those of emulator/README.md.
        """
        matcher = {"op": op, "path": path, "method": method, "offset": offset, "part": part}
        given = {name: value for name, value in matcher.items() if value is not None}
        self._admin.json(
            "POST", "faults", {**given, "skip": skip, "times": times, "action": {"type": action, **details}},
        )

    def faults(self) -> List[Dict[str, Any]]:
        """The faults that are still to happen."""
        return [entry["fault"] for entry in self._admin.json("GET", "faults")]

    def clear_faults(self) -> None:
        """Disarms all faults."""
        self._admin.json("DELETE", "faults")

    def requests(self, op: Optional[str] = None) -> List[Request]:
        """What was asked so far, oldest first; of one operation, such as "put_object"."""
        records = [Request(**record) for record in self._admin.json("GET", "requests")]
        return [record for record in records if op in (None, record.op)]

    def clear_requests(self) -> None:
        """Forgets what was asked so far."""
        self._admin.json("DELETE", "requests")

    def settings(self, **changes: object) -> Dict[str, Any]:
        """Changes settings; returns all of them."""
        answer: Dict[str, Any] = self._admin.json("PUT", "settings", changes)
        return answer

    def reset(self) -> None:
        """The state of the start: no faults, no objects, nothing in the log, the first settings."""
        for what in ("faults", "settings", "objects", "requests"):
            self._admin.json("DELETE", what)

    def stop(self) -> None:
        """Ends it. Once is enough, more do no harm."""
        stdin = self._process.stdin
        if stdin is not None:
            stdin.close()
        if os.name == "posix":
            # A process that was forked meanwhile has the other end of its input as well.
            self._process.terminate()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Emulator:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType],
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<cos_emulator.Emulator at {self.url}>"


def _start(
    config: Mapping[str, object], data: Optional[Union[str, "os.PathLike[str]"]], port: int,
) -> Tuple["subprocess.Popen[bytes]", int]:
    """The program, and the port it listens on."""
    kept = ["--temporary"] if data is None else ["--data", os.fspath(data)]
    # In a group of its own, it does not get the Ctrl-C that ends the tests, but ends behind them.
    group: Dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    with tempfile.TemporaryDirectory(prefix="cos-emulator-") as directory, tempfile.TemporaryFile() as complaints:
        file = os.path.join(directory, "config.json")
        with open(file, "w", encoding="utf-8") as opened:
            json.dump(config, opened)
        command = [program(), "--port", str(port), "--end-with-stdin", "--config", file, *kept]
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints, **group,
            )
        except OSError as error:
            raise EmulatorError(f"{command[0]} can't be started: {error.strerror}") from error
        line = _first_line(process)
        if not line.startswith("cos-emulator listening on "):
            process.kill()
            process.communicate()
            complaints.seek(0)
            said = complaints.read().decode("utf-8", "replace").strip()
            raise EmulatorError(said or f"{command[0]} has not started within {PATIENCE} seconds")
        return process, int(line.rsplit(":", 1)[1])


def _first_line(process: "subprocess.Popen[bytes]") -> str:
    output: Optional[IO[bytes]] = process.stdout
    assert output is not None
    late = threading.Timer(PATIENCE, process.kill)
    late.start()
    try:
        with output:
            return output.readline().decode("utf-8", "replace")
    finally:
        late.cancel()
