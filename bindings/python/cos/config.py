"""The account and the place of the service, from where the command `cos` has them: a file with lines
NAME = VALUE, and variables of the environment, which win."""

from __future__ import annotations

import os
import stat
import sys
import warnings
from typing import Dict, Optional

from .errors import config_error

NAMES = ("appid", "secret_id", "secret_key", "region", "api", "token", "scheme", "hostname",
         "download_hostname", "ca_file", "proxy")
NEEDED = NAMES[:3]
LARGEST = 65536


def read(file: Optional[str] = None) -> Dict[str, str]:
    """What is configured. `file` is in place of $COS_CONFIG, $XDG_CONFIG_HOME/cos.conf or
    ~/.config/cos.conf, the first that is given; only one that was named has to exist."""
    named = file or os.environ.get("COS_CONFIG")
    path = named or default_path()
    settings = _read_file(path, must_exist=bool(named))
    if os.environ.get("COS_SECRET_ID"):
        # A token belongs to the keys that it came with.
        settings.pop("token", None)
    for name in NAMES:
        value = os.environ.get("COS_" + name.upper())
        if value:
            settings[name] = value
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


def _read_file(path: str, must_exist: bool) -> Dict[str, str]:
    # Opening a pipe could make the program wait.
    if not must_exist and not os.path.isfile(path):
        return {}
    try:
        with open(path, "rb") as opened:
            data = opened.read(LARGEST)
            mode = os.fstat(opened.fileno()).st_mode
    except OSError as error:
        if not must_exist:
            return {}
        raise config_error(f"{path}: {error.strerror}") from error
    if len(data) == LARGEST:
        raise config_error(f"{path}: this is too large to be a configuration")
    if os.name == "posix" and stat.S_ISREG(mode) and mode & 0o044:
        warnings.warn(f"others can read {path}; chmod 600 keeps the secret", stacklevel=4)
    try:
        lines = data.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError:
        raise config_error(f"{path}: this is not UTF-8 text; save it as UTF-8") from None
    settings = {}
    for number, line in enumerate(lines, 1):
        name, equals, value = (part.strip(" \t\r\n") for part in line.partition("="))
        if line.strip(" \t\r\n")[:1] in ("", "#"):
            continue
        if not equals or name not in NAMES:
            # The line is not shown: it may hold a secret.
            raise config_error(f"{path}:{number}: this is not NAME = VALUE with a name of a setting")
        settings[name] = value
    return settings
