#!/usr/bin/env python3
"""Writes cos/codes.py and cos/options.py from the tables of cos.h: generate.py [--check].

With --check nothing is written, and it fails if a file is not what it would write.
"""

import pathlib
import re
import sys
import textwrap

HERE = pathlib.Path(__file__).resolve().parent
HEADER = HERE.parent.parent / "include" / "cos.h"
WIDTH = 99

# The functions whose options a class describes, by its name. The first one describes them.
CLASSES = {
    "ClientOptions": ("client_new", "from_env"),
    "ConfigOptions": ("client_set_config",),
    "StatFileOptions": ("stat_file",),
    "UpdateFileOptions": ("update_file",),
    "DelFileOptions": ("del_file",),
    "DeleteFilesOptions": ("del_files",),
    "MoveFileOptions": ("move_file",),
    "CopyFileOptions": ("copy_file",),
    "CreateFolderOptions": ("create_folder",),
    "UpdateFolderOptions": ("update_folder",),
    "ListFolderOptions": ("list_folder",),
    "DelFolderOptions": ("del_folder",),
    "UploadOptions": ("upload_file", "upload_buffer", "upload_stream"),
    "UploadFolderOptions": ("upload_folder",),
    "DownloadFileOptions": ("download_file",),
    "DownloadOptions": ("download_buffer", "download_stream"),
    "DownloadFolderOptions": ("download_folder",),
    "SignUrlOptions": ("sign_url",),
}
TRANSFERS = ("upload", "download")
EVERYWHERE = {
    "timeout_ms": "Milliseconds without progress after which a request fails, in place of the client's.",
    "retries": "How often a failed request is repeated, 0 to 10, in place of the client's.",
}
# What the default does not tell.
TYPES = {
    "api": 'Literal["v4", "v5"]',
    "authority": 'Literal["eInvalid", "eWRPrivate", "eWPrivateRPublic"]',
    "forbid": "int",
    "headers": "Mapping[str, str]",
    "listed": "Mapping[str, Any]",
    "params": "Mapping[str, Union[str, Sequence[str]]]",
    "range_end": "int",
    "traffic_limit": "int",
}
META = "x-cos-meta-..."


def comments(header):
    """The comment of each function, by its name without cos_."""
    found = {}
    for block in header.split("/**")[1:]:
        comment, _, code = block.partition("*/")
        name = re.match(r"\s*(?:COS_API)?\s*[\w *]+?\bcos_(\w+)\(", code.split(";")[0])
        if name:
            lines = (re.sub(r"^\s*\* ?", "", line) for line in comment.splitlines())
            found[name.group(1)] = "\n".join(lines)
    return found


def option_texts(comment):
    """What a comment says about options: the items of the list, and the text of the parameter."""
    items = re.search(r"Options \([^)]*\)[^\n]*:\n(.*?)(?:\n\n|\Z)", comment, re.S)
    items = re.split(r"\n?^- ", items.group(1), flags=re.M)[1:] if items else []
    inline = re.search(r"@param options +(.*?)(?=\n@param|\n\n|\Z)", comment, re.S)
    return [" ".join(item.split()) for item in items], " ".join(
        inline.group(1).split() if inline else ()
    )


class Header:
    def __init__(self, text):
        self.text = text
        self.comments = comments(text)
        # Described here because of cos_client_set_config(); Client() has it as a keyword of its own.
        self.known = {"region": ("", "the region's name, such as \"ap-shanghai\" or \"sh\"")}
        for name in self.comments:
            for key, default, text in self._own(name):
                self.known.setdefault(key, (default, text))

    def _own(self, function):
        """The options that the comment of a function describes, each with default and text."""
        items, inline = option_texts(self.comments[function])
        for item in items:
            for part in re.split(r"; (?=`\w+`(?:,| \())", item):
                keys, text = re.match(r"((?:`[^`]+`(?: \([^`]*?\))?(?:, )?)+)[:,]? ?(.*)", part).groups()
                if text.startswith(("as with", "for this call")):
                    continue
                for key, default in re.findall(r"`([^`]+)`(?: \(([^`]*?)\))?", keys):
                    yield (key, default, text) if text else (key, "", default)
        for key, default, text in re.findall(r"`(\w+)` \(([^`]*?)\), ([^;]*)", inline):
            yield key, default, text

    def keys(self, function):
        items, inline = option_texts(self.comments[function])
        heads = [item if "; `" in item else re.split(r": ", item)[0] for item in items]
        named = re.findall(r"`([^`]+)`", " ".join(heads + [inline]))
        keys = [key for key in named if key in self.known]
        for other in re.findall(r"keys of cos_(\w+)\(\)", inline):
            keys += self.keys(other)
        if function == "client_new":
            keys.remove("region")
        if function == "client_set_config":
            keys.insert(0, "region")
        return list(dict.fromkeys(keys))

    def option(self, function, key):
        """Default and text of an option, in the words of this function or of the one it points to."""
        for own, default, text in self._own(function):
            if own == key:
                return default, text
        for other in re.findall(r"as with cos_(\w+)\(\)", self.comments[function]):
            if key in self.keys(other):
                return self.option(other, key)
        return self.known[key]


def kind(key, default):
    if key in TYPES:
        return TYPES[key]
    if default in ("true", "false"):
        return "bool"
    return "int" if re.fullmatch(r"\d+", default) else "str"


def sentence(default, text):
    text = text.strip().rstrip(".")
    text = text[0].upper() + text[1:]
    if default == "required":
        return f"{text}. Required."
    return f"{text}. Default: {default}." if default else f"{text}."


def field(declaration, doc):
    doc = doc.replace("\\", "\\\\")
    line = f'    """{doc}"""'
    if len(line) > WIDTH:
        line = textwrap.fill(f'"""{doc}"""', WIDTH, initial_indent="    ", subsequent_indent="    ",
                             break_long_words=False, break_on_hyphens=False)
    return f"    {declaration}\n{line}\n"


def options(header):
    text = '''"""The options of the calls, as keywords. Written by generate.py from cos.h."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional, Sequence, Union

# Annotations are not evaluated at run time.
if TYPE_CHECKING:
    from typing_extensions import Literal, TypedDict

    from .calls import Follower, Transfer
else:
    from typing import TypedDict


class CallOptions(TypedDict, total=False):
    """What every call takes."""

'''
    for key, doc in EVERYWHERE.items():
        text += field(f"{key}: int", doc)
    text += field("deadline: float", "Seconds after which the call is stopped, whatever it does.")
    text += field("transfer: Transfer", "Stops the call from another thread by its `cancel`.")
    text += '''

class TransferOptions(CallOptions, total=False):
    """What every upload and download takes."""

'''
    text += field(
        "progress: Follower",
        "Called with the bytes done and the bytes in all, or a bar such as that of tqdm.")
    for name, functions in CLASSES.items():
        text += class_of(header, name, functions)
    return text


def class_of(header, name, functions):
    function = functions[0]
    keys = [key for key in header.keys(function) if key not in EVERYWHERE]
    base = "TransferOptions" if function.startswith(TRANSFERS) else "CallOptions"
    if function in ("client_new", "sign_url"):
        base, keys = "TypedDict", header.keys(function)
    elif function == "client_set_config":
        base, keys = "ClientOptions", ["region"]
    calls = ", ".join(f"`{each}`" for each in functions).replace("client_", "")
    calls = calls.replace("`new`", "`Client`").replace("`del_files`", "`delete_files`")
    text = f'\n\nclass {name}({base}, total=False):\n    """Options of {calls}."""\n\n'
    for key in keys:
        if key == META:
            text += field("meta: Mapping[str, str]",
                          "Headers of the program's own: {\"a\": \"b\"} is sent as x-cos-meta-a.")
            continue
        default, words = header.option(function, key)
        type_ = kind(key, default)
        # None is the default, also where a client has another value.
        type_ = f"Optional[{type_}]" if function.startswith("client_") else type_
        text += field(f"{key}: {type_}", sentence(default, words))
    return text


def members(header, enumeration, prefix):
    """The numbers of an enumeration of C, by their names without what all of them begin with."""
    body = re.search(rf"typedef enum \{{([^{{}}]*)\}} {enumeration};", header.text).group(1)
    text = ""
    for comment, name, number in re.findall(rf"/\*\*(.*?)\*/\s*{prefix}(\w+) = (-?\d+),", body, re.S):
        text += field(f"{name} = {number}", " ".join(comment.replace("*", " ").split()))
    return text


def codes(header):
    text = '''"""The codes. Written by generate.py from cos.h."""

import enum


class Code(enum.IntEnum):
    """What a call fails with, as `CosError.code`. A server may send numbers that are not here."""

'''
    text += members(header, "cos_code", "COS_(?:ERR_)?")
    text += '''

class LogLevel(enum.IntEnum):
    """Which lines `Client.set_log` asks for."""

'''
    return text + members(header, "cos_log_level", "COS_LOG_")


def main():
    header = Header(HEADER.read_text(encoding="utf-8"))
    wrong = []
    for name, text in (("codes.py", codes(header)), ("options.py", options(header))):
        file = HERE / "cos" / name
        if "--check" not in sys.argv:
            file.write_text(text, encoding="utf-8")
        elif file.read_text(encoding="utf-8") != text:
            wrong.append(name)
    if wrong:
        sys.exit(f"{', '.join(wrong)}: not as cos.h says; run generate.py")


if __name__ == "__main__":
    main()
