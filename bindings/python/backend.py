#!/usr/bin/env python3
"""Builds the wheel: backend.py LIBRARY DIRECTORY [PLATFORM]. It needs nothing but Python and readelf.

The library goes in as it is. What it asks of the C library tells the tag of the platform; that of a
library which is not for Linux with glibc has to be given, such as win_amd64 or macosx_11_0_arm64.

It is also the build backend of `pip install bindings/python`, which takes the library that COS_LIBRARY
names, or what `make lib` has made.
"""

import base64
import hashlib
import os
import pathlib
import re
import struct
import subprocess
import sys
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
MACHINES = {62: "x86_64", 183: "aarch64"}
NAMES = ("libcos.so.1", "libcos.1.dylib", "cos.dll")
# What every Linux with glibc has; a library that needs others has no place in a wheel.
EVERYWHERE = re.compile(r"(libc|libm|libdl|libpthread|librt|libgcc_s|ld-linux.*)\.so\.\d+")

METADATA = """\
Metadata-Version: 2.1
Name: libcos
Version: {version}
Summary: Tencent Cloud Object Storage, JSON API v4 and XML API v5
License: MIT OR Apache-2.0
Keywords: cos,tencent,object-storage,qcloud
Classifier: Operating System :: POSIX :: Linux
Classifier: Programming Language :: Python :: 3
Classifier: Typing :: Typed
Requires-Python: >=3.8
Description-Content-Type: text/markdown

{readme}"""
WHEEL = """\
Wheel-Version: 1.0
Generator: libcos
Root-Is-Purelib: false
Tag: py3-none-{platform}
"""


def readelf(option: str, library: pathlib.Path) -> str:
    program = os.environ.get("READELF", "readelf")
    command = [program, "--wide", option, str(library)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE,
                          env={**os.environ, "LC_ALL": "C"}).stdout.decode()


def platform_of(library: pathlib.Path) -> str:
    """manylinux_X_Y: it runs where glibc is X.Y or newer."""
    head = library.read_bytes()[:20]
    is_elf = head.startswith(b"\x7fELF")
    said = readelf("--version-info", library) + readelf("--dynamic", library) if is_elf else ""
    versions = re.findall(r"Name: GLIBC_(\d+)\.(\d+)", said)
    others = re.findall(r"\(NEEDED\).*\[(.*)\]", said)
    others = [name for name in others if not EVERYWHERE.fullmatch(name)]
    if not versions:
        sys.exit(f"{library} is not for Linux with glibc: name its platform")
    if others:
        sys.exit(f"{library} needs {', '.join(others)}, which not every system has")
    major, minor = max((int(major), int(minor)) for major, minor in versions)
    return f"manylinux_{major}_{minor}_{MACHINES[struct.unpack('<H', head[18:20])[0]]}"


def version() -> str:
    manifest = (ROOT / "Cargo.toml").read_text(encoding="utf-8")
    return re.search(r'^version = "(.*)"', manifest, re.M).group(1)


def build(library: pathlib.Path, directory: pathlib.Path, platform: str) -> pathlib.Path:
    if library.name not in NAMES:
        sys.exit(f"{library}: Python looks for {', '.join(NAMES)}")
    info = f"libcos-{version()}.dist-info"
    readme = (HERE / "README.md").read_text(encoding="utf-8")
    package = [*(HERE / "cos").glob("*.py"), HERE / "cos" / "py.typed"]
    files = {f"cos/{file.name}": file.read_bytes() for file in sorted(package)}
    files["cos/" + library.name] = library.read_bytes()
    for name in ("LICENSE", "LICENSE-APACHE", "LICENSE-MIT"):
        files[f"{info}/licenses/{name}"] = (ROOT / name).read_bytes()
    files[f"{info}/METADATA"] = METADATA.format(version=version(), readme=readme).encode()
    files[f"{info}/WHEEL"] = WHEEL.format(platform=platform).encode()
    files[f"{info}/RECORD"] = record(files, f"{info}/RECORD")
    directory.mkdir(parents=True, exist_ok=True)
    wheel = directory / f"libcos-{version()}-py3-none-{platform}.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            # Without a time, so that the same input makes the same file.
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o755 if name == "cos/" + library.name else 0o644) << 16
            archive.writestr(entry, content)
    return wheel


def record(files, own_name):
    lines = []
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(content)}\n")
    return ("".join(lines) + f"{own_name},,\n").encode()


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    """What pip asks for."""
    library = pathlib.Path(os.environ.get("COS_LIBRARY") or ROOT / "build" / "lib" / "libcos.so.1")
    return build(library, pathlib.Path(wheel_directory), platform_of(library)).name


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    library, directory = map(pathlib.Path, sys.argv[1:3])
    platform = sys.argv[3] if len(sys.argv) == 4 else platform_of(library)
    print(f"{build(library, directory, platform)} is made; pip install it.")


if __name__ == "__main__":
    main()
