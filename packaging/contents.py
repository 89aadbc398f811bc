#!/usr/bin/env python3
"""Writes what an artifact is made of: LICENSES.txt, the licences of all that is in it, and libcos.cdx.json, the same
components as CycloneDX lists them for programs.

usage: contents.py PLATFORM RUST_TARGET VERSION DIRECTORY FILE…

Each FILE is listed with its checksum. CARGO is cargo's command, and SOURCE_DATE_EPOCH the time that is written down.
"""

import hashlib
import os
import sys
import tempfile
import uuid
from datetime import datetime, timezone
from pathlib import Path

import ziglang
from crates import run, sources, texts_in, tree
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

ZIG = Path(ziglang.__file__).parent
DEBIAN = Path("/usr/share/doc")


class Part:
    """Something that is linked in."""

    def __init__(self, kind, name, version, licence, texts=(), needs=()):
        self.kind, self.name, self.version = kind, name, version
        self.licence = licence.replace("/", " OR ")
        self.texts, self.needs = texts, needs


def library_crates(target):
    crates, found = tree(target, "--locked"), sources("--locked")
    del crates[next(crate for crate in crates if crate[0] == "libcos")]
    return [Part("cargo", *crate, licence, texts_in(found[crate]), needs)
            for crate, (licence, needs) in crates.items()]


def standard_library(target):
    """The standard library and its crates. Debian's sources of those are without their licences."""
    rustc = os.environ["RUSTC"]
    root = Path(run(rustc, "--print", "sysroot").strip()) / "lib/rustlib/src/rust/library"
    crates = tree(target, "--manifest-path", str(root / "std/Cargo.toml"), "--features", "panic-unwind,backtrace")
    foreign = [(name, version) for name, version in crates if version != "0.0.0" and
               not (root / name.replace("-", "_")).is_dir() and not name.startswith("rustc-std-workspace")]
    with tempfile.TemporaryDirectory() as scratch:
        manifest = Path(scratch) / "Cargo.toml"
        package = '[package]\nname = "texts"\nversion = "0.0.0"\n[lib]\npath = "lib.rs"\n[dependencies]\n'
        manifest.write_text(package + "".join(f'{name} = "={version}"\n' for name, version in foreign))
        found = sources("--manifest-path", str(manifest))
        parts = [Part("cargo", *crate, crates[crate][0], texts_in(found[crate])) for crate in foreign]
    version = run(rustc, "--version").split()[1]
    texts = [Path(f"/usr/src/rustc-{version}/COPYRIGHT"), Path("LICENSE-APACHE"), *of_rust()]
    return [Part("generic", "rust-std", version, "(MIT OR Apache-2.0) AND Unicode-DFS-2016", texts, foreign), *parts]


def of_rust():
    """What Debian has written down about the standard library's files, and the terms of the Unicode tables in it."""
    paragraphs = (DEBIAN / "rust-web-src/copyright").read_text().split("\n\n")
    yield "\n\n".join(p for p in paragraphs if p.startswith(("Files: library/", "License: Unicode-Data")))


def runtime(platform):
    """What the linkers add."""
    zig = run(ZIG / "zig", "version").strip()
    if platform.startswith("windows"):
        return [
            debian("mingw-w64-x86-64-dev", "ZPL-2.1"),
            debian("gcc-mingw-w64-x86-64-win32-runtime", "GPL-3.0-or-later WITH GCC-exception-3.1"),
        ]
    libc = ("musl", "MIT", "lib/libc/musl/COPYRIGHT") if platform.endswith("musl") else \
        ("glibc", "LGPL-2.1-or-later", "lib/libc/glibc/LICENSES")
    parts = [
        ("zig-compiler-rt", "MIT", "LICENSE"),
        ("llvm-libunwind", "Apache-2.0 WITH LLVM-exception", "lib/libunwind/LICENSE.TXT"),
        libc,
    ]
    return [Part("generic", name, f"zig-{zig}", licence, [ZIG / text]) for name, licence, text in parts]


def debian(package, licence):
    version = run("dpkg-query", "-W", "-f", "${Version}", package)
    return Part("deb", package, version, licence, [DEBIAN / package / "copyright"])


def licences(parts):
    """A list of all, then each text once, under the names of those to which it belongs."""
    holders = {}
    for part in parts:
        if not part.texts:
            raise SystemExit(f"{part.name} {part.version} has no text of its licence, {part.licence}")
        for text in part.texts:
            text = text if isinstance(text, str) else text.read_text(errors="replace")
            text = "\n".join(line.rstrip() for line in text.strip("\n").splitlines())
            holders.setdefault(text, []).append(f"{part.name} {part.version}")
    lines = ["What is in this copy of libcos besides itself, with the licence of each. The texts follow.", ""]
    lines += [f"{part.name} {part.version}: {part.licence}" for part in parts]
    for text, names in holders.items():
        lines += ["", "-" * 100, *names, "-" * 100, "", text]
    return "\n".join(lines) + "\n"


def component(part):
    """A part as CycloneDX has it."""
    purl = PackageURL("cargo" if part.kind == "cargo" else "generic", None, part.name, part.version)
    if part.kind == "deb":
        purl = PackageURL("deb", "debian", part.name, part.version)
    return Component(type=ComponentType.LIBRARY, name=part.name, version=part.version, purl=purl,
                     bom_ref=str(purl), licenses=[LicenseExpression(part.licence)])


def components(platform, version, parts, directory, files):
    """The list for programs, valid by its schema."""
    main = Component(type=ComponentType.LIBRARY, name="libcos", version=version, bom_ref="libcos",
                     purl=PackageURL("generic", None, "libcos", version),
                     licenses=[LicenseExpression("MIT OR Apache-2.0")],
                     properties=[Property(name="libcos:platform", value=platform)])
    for name in files:
        digest = hashlib.sha256((directory / name).read_bytes()).hexdigest()
        main.components.add(Component(type=ComponentType.FILE, name=name, bom_ref=f"file:{name}",
                                      hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest)]))
    # Two versions of a crate may be in it, and the standard library's may be the same as one of ours.
    listed = {(part.name, part.version): component(part) for part in parts}
    bom = Bom(components=listed.values())
    bom.metadata.component = main
    bom.metadata.timestamp = datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), timezone.utc)
    needed = {need for part in parts for need in part.needs}
    bom.register_dependency(main, [c for key, c in listed.items() if key not in needed])
    for part in parts:
        bom.register_dependency(listed[part.name, part.version], [listed[need] for need in part.needs])
    content = repr(sorted(str(key) for key in listed)) + version + platform
    bom.serial_number = uuid.uuid5(uuid.NAMESPACE_URL, content)
    text = JsonV1Dot6(bom).output_as_string(indent=2)
    problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if problem:
        raise SystemExit(f"the list of components is not valid: {problem.data.message}")
    return text + "\n"


def main():
    platform, target, version, directory, *files = sys.argv[1:]
    parts = [*library_crates(target), *standard_library(target), *runtime(platform)]
    parts.sort(key=lambda part: (part.name, part.version))
    documents = Path(directory) / "share/doc/libcos"
    (documents / "LICENSES.txt").write_text(licences(parts))
    text = components(platform, version, parts, Path(directory), files)
    (documents / "libcos.cdx.json").write_text(text)


if __name__ == "__main__":
    main()
