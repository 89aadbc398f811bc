"""What a program writes is known to a type checker: mypy --strict finds nothing, and takes back no
comment that says an error is meant. It is read and never run."""

import asyncio
import io
from typing import AsyncIterator, Iterator, List

import cos
from cos import aio


def plain(client: cos.Client) -> None:
    client.upload_file("b", "/a", "a", insert_only=False, meta={"a": "b"}, deadline=1.5)
    client.upload_file("b", "/a", "a", insert_onyl=False)  # type: ignore[call-arg]
    client.upload_file("b", "/a", "a", insert_only="no")  # type: ignore[arg-type]
    client.stat_file("b", "/a", transfer=cos.Transfer(), timeout_ms=1000)
    client.stat_file("b", "/a", progress=print)  # type: ignore[call-arg]
    client.upload_stream("b", "/a", None, io.BytesIO(b""), progress=lambda done, total: None)
    client.upload_stream("b", "/a", 3, [b"a", bytearray(b"b")])
    client.download_stream("b", "/a", io.BytesIO())
    data: bytes = client.download_buffer("b", "/a", range_start=1)
    raw: io.RawIOBase = client.open("b", "/a")
    entries: Iterator[cos.Entry] = client.iter_folder("b", "/", num=10)
    paths: List[str] = [entry.path for entry in client.iter_tree("b", "/")]
    failures: List[cos.Failure] = client.delete_files("b", paths, concurrency=2)
    client.set_config(retries=5, proxy=None)
    url: str = client.presign_get("b", "/a", 60, params={"a": ["b", "c"]})
    try:
        client.update_file("b", "/a", authority="eInvalid")
        client.update_file("b", "/a", authority="other")  # type: ignore[arg-type]
    except cos.NotFound as error:
        code: int = error.code
        print(code == cos.Code.NOT_FOUND, error.hint.upper())
    print(data, raw, entries, failures, url)


async def other(client: aio.Client) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"a"

    await client.upload_stream("b", "/a", 1, pieces(), insert_only=True)
    async for piece in client.iter_download("b", "/a"):
        print(piece.hex())
    async for entry in client.iter_folder("b", "/", prefix="a"):
        print(entry.size or 0)
    await client.delete_files("b", client.iter_tree("b", "/"))
    await asyncio.wait_for(client.exists("b", "/a"), 5)
