"""What the wheels of this project are made with: the tag of the platform, read from the binary that goes
in, the licences of what is linked into that, and the file itself. It needs Python and readelf, and for the
licences cargo, or the archive of make dist that the binary is in.
"""

import base64
import hashlib
import os
import pathlib
import re
import stat
import struct
import subprocess
import sys
import tempfile
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
MACHINES = {62: "x86_64", 183: "aarch64"}
# What every Linux with glibc has; a binary that needs others has no place in a wheel.
EVERYWHERE = re.compile(r"(libc|libm|libdl|libpthread|librt|libgcc_s|ld-linux.*)\.so\.\d+")

METADATA = """\
Metadata-Version: 2.1
Name: {name}
Version: {version}
Summary: {summary}
License: MIT OR Apache-2.0
Keywords: {keywords}
{classifiers}Classifier: Programming Language :: Python :: 3
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


def readelf(option: str, binary: pathlib.Path) -> str:
    program = os.environ.get("READELF", "readelf")
    command = [program, "--wide", option, str(binary)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE,
                          env={**os.environ, "LC_ALL": "C"}).stdout.decode()


def platform_of(binary: pathlib.Path) -> str:
    """manylinux_X_Y: it runs where glibc is X.Y or newer."""
    head = binary.read_bytes()[:20]
    is_elf = head.startswith(b"\x7fELF")
    said = readelf("--version-info", binary) + readelf("--dynamic", binary) if is_elf else ""
    versions = re.findall(r"Name: GLIBC_(\d+)\.(\d+)", said)
    others = re.findall(r"\(NEEDED\).*\[(.*)\]", said)
    others = [name for name in others if not EVERYWHERE.fullmatch(name)]
    if not versions:
        sys.exit(f"{binary} is not for Linux with glibc: name its platform")
    if others:
        sys.exit(f"{binary} needs {', '.join(others)}, which not every system has")
    major, minor = max((int(major), int(minor)) for major, minor in versions)
    return f"manylinux_{major}_{minor}_{MACHINES[struct.unpack('<H', head[18:20])[0]]}"


def version(manifest: pathlib.Path) -> str:
    """That of a Cargo.toml."""
    return re.search(r'^version = "(.*)"', manifest.read_text(encoding="utf-8"), re.M).group(1)


def module(directory: pathlib.Path) -> dict:
    """The files of a Python module with types, by their paths in the wheel."""
    files = [*directory.glob("*.py"), directory / "py.typed"]
    return {f"{directory.name}/{file.name}": file.read_bytes() for file in sorted(files)}


def notices(binary: pathlib.Path) -> dict:
    """The licences of what is linked into a binary, by their names."""
    with tempfile.TemporaryDirectory() as place:
        subprocess.run([sys.executable, "-B", ROOT / "packaging/notices.py", place, binary], check=True)
        return {file.name: file.read_bytes() for file in sorted(pathlib.Path(place).iterdir())}


def make(directory, platform, files, binary, licenses, entry_points="", **about) -> pathlib.Path:
    """Writes the wheel: `files` are contents by paths, of which `binary` can be run, and `licenses` by their
    names. `about` fills METADATA."""
    name, number = about["name"].replace("-", "_"), about["version"]
    info = f"{name}-{number}.dist-info"
    files = dict(files)
    own = ("LICENSE", "LICENSE-APACHE", "LICENSE-MIT")
    for license_, content in {**{name: (ROOT / name).read_bytes() for name in own}, **licenses}.items():
        files[f"{info}/licenses/{license_}"] = content
    files[f"{info}/METADATA"] = METADATA.format(**about).encode()
    files[f"{info}/WHEEL"] = WHEEL.format(platform=platform).encode()
    if entry_points:
        files[f"{info}/entry_points.txt"] = entry_points.encode()
    files[f"{info}/RECORD"] = record(files, f"{info}/RECORD")
    directory.mkdir(parents=True, exist_ok=True)
    wheel = directory / f"{name}-{number}-py3-none-{platform}.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            # Without a time, so that the same input makes the same file.
            entry = zipfile.ZipInfo(path)
            entry.compress_type = zipfile.ZIP_DEFLATED
            mode = 0o755 if path == binary else 0o644
            entry.external_attr = (stat.S_IFREG | mode) << 16
            archive.writestr(entry, content)
    return wheel


def record(files, own_name):
    lines = []
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        lines.append(f"{name},sha256={digest},{len(content)}\n")
    return ("".join(lines) + f"{own_name},,\n").encode()


def main(usage, build):
    """A program that is given a binary, a directory, and perhaps the platform."""
    if len(sys.argv) not in (3, 4):
        sys.exit(usage)
    binary, directory = map(pathlib.Path, sys.argv[1:3])
    platform = sys.argv[3] if len(sys.argv) == 4 else platform_of(binary)
    print(f"{build(binary, directory, platform, notices(binary))} is made; pip install it.")
