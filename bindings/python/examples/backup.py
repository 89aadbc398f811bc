#!/usr/bin/env python3
"""Keeps a folder of a bucket like a local directory, and brings it back.

    backup.py save DIRECTORY BUCKET /FOLDER/ [--delete]
    backup.py list BUCKET /FOLDER/
    backup.py restore BUCKET /FOLDER/ DIRECTORY

Only what differs travels, so a second `save` is quick, and one that was broken off goes on. With
--delete, files that are no longer in the directory are deleted from the bucket. The account comes
from where the command `cos` has it: COS_APPID and so on, or ~/.config/cos.conf.
"""

import argparse
import os
import sys
import time

import cos


class Bar:
    """How far it is, on a terminal. `tqdm(unit="B", unit_scale=True)` can stand in its place."""

    def __init__(self):
        self.n, self.total, self.begun = 0, 0, time.monotonic()

    def update(self, n):
        self.n += n
        if sys.stderr.isatty():
            seconds = max(time.monotonic() - self.begun, 0.001)
            part = f"{self.n / self.total:4.0%}" if self.total else "    "
            print(f"\r{part} {self.n / 1e6:.1f} MB, {self.n / 1e6 / seconds:.1f} MB/s ",
                  end="", file=sys.stderr)

    def close(self):
        if sys.stderr.isatty():
            print(file=sys.stderr)


def save(client, arguments):
    report = transfer(client.upload_folder, arguments)
    print(f"{report['uploaded']} uploaded, {report['unchanged']} unchanged")
    if arguments.delete:
        gone = [entry.path for entry in client.iter_tree(arguments.bucket, arguments.folder)
                if not os.path.lexists(os.path.join(arguments.directory, entry.name))]
        failures = client.delete_files(arguments.bucket, gone)
        print(f"{len(gone) - len(failures)} deleted")
        for failure in failures:
            print(f"{failure.path}: {failure.message}", file=sys.stderr)
        return 1 if failures else 0
    return 0


def show(client, arguments):
    count = size = 0
    for entry in client.iter_tree(arguments.bucket, arguments.folder):
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(entry.mtime))
        print(f"{entry.size:>12} {when} {entry.name}")
        count, size = count + 1, size + entry.size
    print(f"{count} files, {size} bytes")
    return 0


def restore(client, arguments):
    report = transfer(client.download_folder, arguments)
    print(f"{report['downloaded']} downloaded, {report['unchanged']} unchanged")
    return 0


def transfer(call, arguments):
    """Uploads or downloads the folder, and says which files failed if it raises."""
    bar = Bar()
    try:
        return call(arguments.bucket, arguments.folder, arguments.directory, progress=bar,
                    concurrency=8)["data"]
    except cos.CosError as error:
        for file in error.reply.get("data", {}).get("files", ()):
            if file["action"] == "failed":
                print(f"{file['path']}: {file['message']}", file=sys.stderr)
        raise
    finally:
        bar.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    for name, work, places in (
        ("save", save, ("directory", "bucket", "folder")),
        ("list", show, ("bucket", "folder")),
        ("restore", restore, ("bucket", "folder", "directory")),
    ):
        command = commands.add_parser(name)
        command.set_defaults(work=work)
        for place in places:
            command.add_argument(place)
        if name == "save":
            command.add_argument("--delete", action="store_true")
    arguments = parser.parse_args()
    try:
        with cos.Client.from_env() as client:
            return arguments.work(client, arguments)
    except cos.NoSuchBucket:
        print(f"there is no bucket {arguments.bucket} in this region", file=sys.stderr)
    except cos.CosError as error:
        print(error, file=sys.stderr)
    except KeyboardInterrupt:
        print("stopped; the same command continues it", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
