"""The crates that are linked in, and the licences that lie beside their sources. CARGO is cargo's command."""

import json
import os
import re
import subprocess
from pathlib import Path

CARGO = os.environ.get("CARGO", "cargo")


def run(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def tree(target, *arguments):
    """The crates that are compiled for a target and linked in: `{(name, version): (licence, needs)}`."""
    listing = run(CARGO, "tree", "--quiet", *arguments, "--target", target, "--edges", "normal,no-proc-macro",
                  "--prefix", "depth", "--format", " {p}|{l}")
    crates, above = {}, []
    # An empty line stands between the trees of two packages.
    for line in filter(None, listing.splitlines()):
        depth, name, version, rest = re.match(r"(\d+) (\S+) v([^\s|]+)(.*)", line).groups()
        crate = name, version
        above[int(depth):] = [crate]
        licence = rest.split("|")[1].removesuffix(" (*)")
        crates.setdefault(crate, (licence, []))
        needs = crates[above[-2]][1] if len(above) > 1 else []
        if crate not in needs:
            needs.append(crate)
    return crates


def sources(*arguments):
    """Where the sources of all crates are, whatever they are for."""
    packages = json.loads(run(CARGO, "metadata", "--quiet", "--format-version", "1", *arguments))["packages"]
    return {(p["name"], p["version"]): Path(p["manifest_path"]).parent for p in packages}


def texts_in(directory):
    """The licences that lie beside a crate's sources."""
    names = re.compile(r"(?i)(licen[cs]e|copying|copyright|notice|unlicense)([-_.].*)?$")
    return sorted(file for file in directory.iterdir() if file.is_file() and names.match(file.name))
