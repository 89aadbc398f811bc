"""Sizes of all files below a folder, asked for with asyncio: many.py BUCKET /FOLDER/."""

import asyncio
import sys

import cos


async def main(bucket: str, folder: str) -> None:
    async with cos.aio.Client.from_env(threads=64) as client:
        paths = [entry.path async for entry in client.iter_tree(bucket, folder)]
        replies = await asyncio.gather(*(client.stat_file(bucket, path) for path in paths))
    sizes = [int(reply["data"]["filesize"]) for reply in replies]
    print(f"{len(sizes)} files, {sum(sizes)} bytes")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
