#!/usr/bin/env python3
"""Writes the licences of all that is in what was built on this machine into a directory: LICENSES.txt, in Debian's
format for that, has those of libcos and the emulator, of the crates that are linked in, and of Rust's standard
library, of which COPYRIGHT-library.html tells more.

A binary in an unpacked archive of make dist was not built so: its licences are those that the archive has.

usage: notices.py DIRECTORY [BINARY]
"""

import os
import re
import shutil
import sys
from pathlib import Path

from crates import run, sources, texts_in, tree

PROJECT = Path(__file__).resolve().parent.parent
# Debian's names, where they are not those of the crates.
NAMES = {"MIT": "Expat", "OR": "or", "AND": "and"}
# Debian's packages for several processors can be there at the same time only if their texts are the same.
TARGETS = [f"{processor}-unknown-linux-gnu{eabi}" for processor, eabi in
           [("x86_64", ""), ("aarch64", ""), ("i686", ""), ("armv7", "eabihf")]]
STANDARD_LIBRARY = "(MIT OR Apache-2.0) AND Unicode-3.0"
# Not the example in the Apache licence, nor a sentence about the copyright.
HOLDER = re.compile(r"(?im)^[ \t/*]*(copyright (?:\(c\)|©|\d{4}|the )[^\[\n]*)$")


def words(expression):
    """The licences in an expression, and what stands between them. Of several to choose from, those with an
    exception are not needed."""
    expression = re.sub(r"\S+ WITH \S+ OR | OR \S+ WITH \S+", "", expression)
    return re.findall(r"[()]|[^\s()]+", expression.replace("/", " OR "))


def atoms(expression):
    return [word for word in words(expression) if word not in ("(", ")", "OR", "AND")]


def in_debians_words(expression):
    text = " ".join(NAMES.get(word, word) for word in words(expression))
    # Debian has "or" bind weaker than "and", and commas in place of parentheses.
    return text.replace("( ", "").replace(" ) and", ", and").replace(" )", "")


def holders(texts, otherwise):
    found = [line.strip() for text in texts for line in HOLDER.findall(text)]
    found = [re.sub(r"(?i)^copyright (\(c\)|©)? *", "", line) for line in found]
    return list(dict.fromkeys(found)) or otherwise


def paragraph(files, owners, expression, comment=None):
    lines = [f"Files: {files}", "Copyright: " + "\n ".join(owners), "License: " + in_debians_words(expression)]
    return "\n".join(lines + ([f"Comment: {comment}"] if comment else []))


def licence_text(atom, crates, texts):
    """A text as a field has it: without the copyright, which is in the paragraphs of those whose it is."""
    if atom == "Apache-2.0":
        return " The full text is /usr/share/common-licenses/Apache-2.0 on Debian, and LICENSE-APACHE of\n" \
               " libcos."
    if atom == "Unicode-3.0":
        text = (rust_notices().parent / "licenses/Unicode-3.0.txt").read_text()
    else:
        named = re.compile(rf"(?i)(LICENSE-)?{re.escape(atom.split('-')[0])}(\.txt|\.md)?$")
        text = next((text for crate in crates for file, text in texts[crate].items()
                     if named.match(file.name) or crates[crate][0] == atom), None)
        if text is None:
            raise SystemExit(f"no crate has the text of the licence {atom}")
    text = HOLDER.sub("", text).strip()
    return "\n".join(f" {line.strip()}" if line.strip() else " ." for line in text.splitlines())


def rust_notices():
    """What comes with the toolchain."""
    notices = Path(run("rustc", "--print", "sysroot").strip()) / "share/doc/rust/COPYRIGHT-library.html"
    if not notices.is_file():
        raise SystemExit(f"{notices} is missing, the notices of Rust's standard library: "
                         "build with a toolchain from rustup, which has them")
    return notices


def main():
    if len(sys.argv) not in (2, 3):
        raise SystemExit(__doc__)
    directory, *binary = [Path(argument).resolve() for argument in sys.argv[1:]]
    directory.mkdir(parents=True, exist_ok=True)
    of_archive = [path.parent.parent / "share/doc/libcos/LICENSES.txt" for path in binary]
    if of_archive and of_archive[0].exists():
        shutil.copy(of_archive[0], directory)
    else:
        write_licences(directory)


def write_licences(directory):
    os.chdir(PROJECT)
    told = dict(line.split(": ", 1) for line in run("rustc", "-vV").splitlines()[1:])
    crates = {}
    for target in {told["host"], *TARGETS}:
        crates |= tree(target, "--locked", "--package", "libcos", "--package", "cos-emulator")
    places = sources("--locked")
    crates = {crate: found for crate, found in sorted(crates.items()) if not places[crate].is_relative_to(PROJECT)}
    texts = {crate: {file: file.read_text(errors="replace") for file in texts_in(places[crate])} for crate in crates}
    own = (PROJECT / "LICENSE-MIT").read_text()
    parts = [
        "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\n"
        "Upstream-Name: libcos\n"
        "Comment: The first paragraph is for libcos itself, the others are for what is linked into it.",
        paragraph("*", holders([own], []), "MIT OR Apache-2.0"),
    ]
    for crate, (licence, _) in crates.items():
        owners = holders(texts[crate].values(), [f"The authors of {crate[0]}"])
        parts.append(paragraph("-".join(crate) + "/*", owners, licence))
    parts.append(paragraph(
        f"rust-std-{told['release']}/*", ["The Rust Project Developers", "1991-2024 Unicode, Inc"], STANDARD_LIBRARY,
        "COPYRIGHT-library.html lists its files and crates, each with its licence."))
    expressions = ["MIT OR Apache-2.0", STANDARD_LIBRARY, *(licence for licence, _ in crates.values())]
    for atom in sorted({atom for expression in expressions for atom in atoms(expression)}):
        parts.append(f"License: {NAMES.get(atom, atom)}\n{licence_text(atom, crates, texts)}")
    (directory / "LICENSES.txt").write_text("\n\n".join(parts) + "\n")
    shutil.copy(rust_notices(), directory)


if __name__ == "__main__":
    main()
