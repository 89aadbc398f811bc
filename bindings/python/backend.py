#!/usr/bin/env python3
"""Builds the wheel: backend.py LIBRARY DIRECTORY [PLATFORM].

The library goes in as it is. What it asks of the C library tells the tag of the platform; that of a
library which is not for Linux with glibc has to be given, such as win_amd64 or macosx_11_0_arm64.

It is also the build backend of `pip install bindings/python`, which takes the library that COS_LIBRARY
names, or what `make lib` has made. That needs nothing but Python and readelf, and makes a wheel for this
machine alone, without the licences of what is in the library.
"""

import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
NAMES = ("libcos.so.1", "libcos.1.dylib", "cos.dll")

sys.path.insert(0, str(ROOT / "packaging"))
import make_wheel  # noqa: E402


def build(
    library: pathlib.Path, directory: pathlib.Path, platform: str, licenses: dict
) -> pathlib.Path:
    if library.name not in NAMES:
        sys.exit(f"{library}: Python looks for {', '.join(NAMES)}")
    place = "cos/" + library.name
    files = {**make_wheel.module(HERE / "cos"), place: library.read_bytes()}
    return make_wheel.make(
        directory, platform, files, place, licenses,
        name="libcos",
        version=make_wheel.version(ROOT / "Cargo.toml"),
        summary="Tencent Cloud Object Storage, JSON API v4 and XML API v5",
        keywords="cos,tencent,object-storage,qcloud",
        classifiers="",
        readme=(HERE / "README.md").read_text(encoding="utf-8"),
    )


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """What pip asks for."""
    library = pathlib.Path(os.environ.get("COS_LIBRARY") or ROOT / "build" / "lib" / "libcos.so.1")
    directory = pathlib.Path(wheel_directory)
    return build(library, directory, make_wheel.platform_of(library), {}).name


if __name__ == "__main__":
    make_wheel.main(__doc__, build)
