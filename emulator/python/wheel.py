#!/usr/bin/env python3
"""Builds the wheel: wheel.py PROGRAM DIRECTORY [PLATFORM].

The program goes in as it is. What it asks of the C library tells the tag of the platform; that of a
program which is not for Linux with glibc has to be given.
"""

import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NAMES = ("cos-emulator", "cos-emulator.exe")

sys.path.insert(0, str(ROOT / "packaging"))
import make_wheel  # noqa: E402

ENTRY_POINTS = """\
[console_scripts]
cos-emulator = cos_emulator.__main__:main

[pytest11]
cos_emulator = cos_emulator.plugin
"""


def build(
    program: pathlib.Path, directory: pathlib.Path, platform: str, licenses: dict
) -> pathlib.Path:
    if program.name not in NAMES:
        sys.exit(f"{program}: the package looks for {', '.join(NAMES)}")
    place = "cos_emulator/" + program.name
    files = {**make_wheel.module(HERE / "cos_emulator"), place: program.read_bytes()}
    return make_wheel.make(
        directory, platform, files, place, licenses, ENTRY_POINTS,
        name="cos-emulator",
        version=make_wheel.version(HERE.parent / "Cargo.toml"),
        summary="A stand-in for Tencent Cloud COS, for the tests of programs that use it",
        keywords="cos,tencent,qcloud,emulator,testing,pytest",
        classifiers="Classifier: Framework :: Pytest\n",
        readme=(HERE / "README.md").read_text(encoding="utf-8"),
    )


if __name__ == "__main__":
    make_wheel.main(__doc__, build)
