"""The account and the place of the service, from where the command `cos` has them: a file with lines
NAME = VALUE, and variables of the environment, which win, but not over a profile that the program
names. Lines behind [PROFILE] count only for that profile, and win over those above."""

from __future__ import annotations

import os
import stat
import sys
import warnings
from typing import Dict, List, Optional, Tuple

from .errors import config_error

NAMES = ("appid", "secret_id", "secret_key", "region", "api", "token", "scheme", "hostname",
         "download_hostname", "ca_file", "proxy")
NEEDED = NAMES[:3]
LARGEST = 65536
BLANKS = " \t\r\n"


def read(file: Optional[str] = None, profile: Optional[str] = None) -> Dict[str, str]:
    """What is configured. `file` is in place of $COS_CONFIG, $XDG_CONFIG_HOME/cos.conf or
    ~/.config/cos.conf, the first that is given; only one that was named has to exist."""
    named = file or os.environ.get("COS_CONFIG")
    path = named or default_path()
    lines = _read_file(path, must_exist=bool(named))
    chosen = (os.environ.get("COS_PROFILE") or None) if profile is None else profile
    above, section = _read_lines(path, lines, chosen)
    variables = {name: os.environ.get("COS_" + name.upper()) for name in NAMES}
    environment = {name: value for name, value in variables.items() if value}
    # Who asks for an account must not get another.
    upper = (section, environment) if profile is None else (environment, section)
    settings: Dict[str, str] = {}
    for layer in (above, *upper):
        if "secret_id" in layer:
            # A token belongs to the keys that it came with.
            settings.pop("token", None)
        settings.update(layer)
    for name in NEEDED:
        if name not in settings:
            raise config_error(f"no {name}: set COS_{name.upper()}, or write {name} = ... into {path}")
    return settings


def default_path() -> str:
    if sys.platform == "win32":
        base = os.environ.get("APPDATA") or os.environ.get("USERPROFILE") or ""
    else:
        home = os.environ.get("HOME") or ""
        base = os.environ.get("XDG_CONFIG_HOME") or os.path.join(home, ".config")
    return os.path.join(base, "cos.conf")


def _read_file(path: str, must_exist: bool) -> List[str]:
    # Opening a pipe could make the program wait.
    if not must_exist and not os.path.isfile(path):
        return []
    try:
        with open(path, "rb") as opened:
            data = opened.read(LARGEST)
            mode = os.fstat(opened.fileno()).st_mode
    except OSError as error:
        if not must_exist:
            return []
        raise config_error(f"{path}: {error.strerror}") from error
    if len(data) == LARGEST:
        raise config_error(f"{path}: this is too large to be a configuration")
    if os.name == "posix" and stat.S_ISREG(mode) and mode & 0o044:
        warnings.warn(f"others can read {path}; chmod 600 keeps the secret", stacklevel=4)
    try:
        return data.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError:
        raise config_error(f"{path}: this is not UTF-8 text; save it as UTF-8") from None


def _read_lines(
    path: str, lines: List[str], profile: Optional[str]
) -> Tuple[Dict[str, str], Dict[str, str]]:
    """What stands above all sections, and what in the section of the profile."""
    above: Dict[str, str] = {}
    chosen: Dict[str, str] = {}
    found = profile is None
    section = None
    for number, line in enumerate(lines, 1):
        line = line.strip(BLANKS)
        if line[:1] in ("", "#"):
            continue
        if line[0] == "[" and line[-1] == "]" and line[1:-1].strip(BLANKS):
            section = line[1:-1].strip(BLANKS)
            found = found or section == profile
            continue
        name, equals, given = (part.strip(BLANKS) for part in line.partition("="))
        value = _unquoted(given)
        if not equals or name not in NAMES or value is None:
            # The line is not shown: it may hold a secret.
            raise config_error(f"{path}:{number}: this is not NAME = VALUE with a name of a setting")
        if section is None:
            above[name] = value
        elif section == profile:
            chosen[name] = value
    if not found:
        raise config_error(f"{path} has no section [{profile}]")
    return above, chosen


def _unquoted(value: str) -> Optional[str]:
    """Without the quotes around it; None if one is not closed, or something follows it."""
    if value[:1] not in ("'", '"'):
        return value
    if len(value) < 2 or value.find(value[0], 1) != len(value) - 1:
        return None
    return value[1:-1]
