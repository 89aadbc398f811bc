#!/usr/bin/env python3
"""Writes codes.go and options.go from the tables of cos.h: generate.py [--check].

With --check nothing is written, and it fails if a file is not what it would write. What reads the
header is that of the package for Python.
"""

import pathlib
import re
import sys
import textwrap

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "python"))
sys.dont_write_bytecode = True
import generate as python  # noqa: E402

WIDTH = 100

# The functions whose options a struct has, by its name. The first one describes them.
STRUCTS = {
    "CallOptions": ("stat_folder", "list_buckets", "request"),
    "ClientOptions": ("client_new",),
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
    "SignURLOptions": ("sign_url",),
}
# Methods that have another name than their function.
METHODS = {"client_new": "new_client", "del_files": "delete_files"}
# What is written in capitals, and names of which a part says the unit.
CAPITALS = {"API", "APPID", "CA", "ID", "IO", "JSON", "MD5", "SHA", "SHA1", "URL", "V1"}
NAMES = {"timeout_ms": "Timeout", "connect_timeout_ms": "ConnectTimeout"}
# What the default does not tell. A pointer is for what may be set to the zero value.
TYPES = {
    "connect_timeout_ms": "time.Duration",
    "delimiter": "*string",
    "forbid": "*int",
    "headers": "map[string]string",
    "listed": "map[string]any",
    "max_idle_connections": "*int",
    "params": "url.Values",
    "range_end": "*int64",
    "range_start": "int64",
    "retries": "*int",
    "sign_expired": "time.Duration",
    "slice_size": "int64",
    "slice_threshold": "*int64",
    "timeout_ms": "time.Duration",
    "traffic_limit": "int64",
}
# Functions that change nothing but what is given: "" is given, too.
UPDATES = ("update_file", "update_folder")
# What the library's words don't say in Go.
EVERYWHERE = {
    "timeout_ms": "How long a request may make no progress before it fails, in place of the client's.",
    "retries": python.EVERYWHERE["retries"],
}
OWN = {
    "timeout_ms": "How long a request may make no progress before it fails. A reply that is not a "
                  "download must arrive whole within this time. Default: 5 min.",
    "connect_timeout_ms": "For a connection: looking the name up, all its addresses, the way through "
                          "a proxy, TLS handshake. Default: 10 s.",
    "sign_expired": "How long the signature of a request is valid, at most 90 days. Default: 5 min.",
    "retries": "How often a failed request is repeated, 0 to 10; 0 means never. Default: 3.",
}
# What is called another way in Go.
SAID = {"`cos_transfer_cancel`": "its context", "`error.server_code`": "Error.ServerCode"}
PROGRESS = ("Progress", "func(done, total int64)", "",
            "Told of the bytes done and the bytes in all, which are 0 until they are known: at most ten "
            "times a second and at the end, never twice at a time. If it panics, the call fails with a "
            "*PanicError.")
MAX_CALLS = ("MaxCalls", "int", "",
             "How many calls run at a time, each on a thread of the system; more wait for their turn. "
             "Default: 1000.")
PROFILE = ("Profile", "string", "",
           "For FromEnv: the section [NAME] of the file that counts, in place of COS_PROFILE. What stands "
           "in it wins over the environment.")
RESET = ("Reset", "[]string", "",
         "Options that go back to their defaults, by their names in cos.h, such as \"proxy\".")


def camel(name):
    words = [word if word in CAPITALS else word.capitalize() for word in name.upper().split("_")]
    return "".join(words).replace("APPID", "AppID")


def field_name(key):
    return NAMES.get(key) or camel(key)


def code_name(name):
    return "OK" if name == "COS_OK" else "Err" + camel(name[len("COS_ERR_"):])


def words(header, text):
    """A text of the header, with the names that Go has."""
    text = re.sub(r"COS_(?:ERR_\w+|OK)", lambda name: code_name(name.group()), text)
    text = re.sub(r"`(\w+)`", lambda key: field_name(key.group(1))
                  if key.group(1) in header.known else key.group(1), text)
    for c, go in SAID.items():
        text = text.replace(c, go)
    return re.sub(r"cos_(?:client_)?(\w+)\(\)", lambda name: camel(name.group(1)), text).replace("`", "")


def comment(text, indent):
    start = indent + "// "
    # A tab is as wide as four blanks.
    return textwrap.fill(text, WIDTH - 3 * len(indent), initial_indent=start, subsequent_indent=start,
                         break_long_words=False, break_on_hyphens=False) + "\n"


def kind(function, key, default):
    if key in TYPES:
        return TYPES[key]
    if key == "biz_attr" and function in UPDATES:
        return "*string"
    plain = python.kind("", default)
    return "*bool" if default == "true" else {"str": "string"}.get(plain, plain)


def fields(header, function):
    """Name, type, tag and text of each field."""
    is_client = function.startswith("client_")
    keys = [key for key in header.keys(function) if is_client or key not in EVERYWHERE]
    if function == "client_set_config":
        keys = ["region"] + [key for key in header.keys("client_new") if key != "api"]
    if not is_client and function != "sign_url":
        keys += EVERYWHERE
    for key in keys:
        if key == python.META:
            yield ("Meta", "map[string]string", "x-cos-meta-",
                   "Headers of the program's own: {\"a\": \"b\"} is sent as x-cos-meta-a.")
        elif key in EVERYWHERE and not is_client:
            yield field_name(key), TYPES[key], key, EVERYWHERE[key]
        else:
            default, text = header.option(function, key)
            text = OWN.get(key) if is_client and key in OWN else python.sentence(default, text)
            yield field_name(key), kind(function, key, default), key, words(header, text)
    if function.startswith(python.TRANSFERS):
        yield PROGRESS
    if function == "client_new":
        yield MAX_CALLS
        yield PROFILE
    if function == "client_set_config":
        yield RESET


def options(header):
    text = """// Code generated by generate.py from cos.h. DO NOT EDIT.

package cos

import (
	"net/url"
	"time"
)
"""
    for name, functions in STRUCTS.items():
        methods = [camel(METHODS.get(each) or each.replace("client_", "")) for each in functions]
        what = " and ".join(filter(None, (", ".join(methods[:-1]), methods[-1])))
        if name == "CallOptions":
            what = "calls that have no others"
        text += f"\n// {name} are the options of {what}.\ntype {name} struct {{\n"
        for field, type_, tag, words_ in fields(header, functions[0]):
            text += comment(words_, "\t")
            text += f"\t{field} {type_}" + (f" `cos:\"{tag}\"`\n" if tag else "\n")
        text += "}\n"
    return text


def members(header, enumeration):
    body = re.search(rf"typedef enum \{{([^{{}}]*)\}} {enumeration};", header.text).group(1)
    for words_, name, number in re.findall(r"/\*\*(.*?)\*/\s*(\w+) = (-?\d+),", body, re.S):
        yield name, number, words(header, " ".join(words_.replace("*", " ").split()))


def codes(header):
    text = """// Code generated by generate.py from cos.h. DO NOT EDIT.

package cos

// What a call fails with: errors.Is(err, cos.ErrNotFound). A server may send numbers that are not here.
const (
"""
    for name, number, about in members(header, "cos_code"):
        if name != "COS_OK":
            text += comment(about, "\t") + f"\t{code_name(name)} Code = {number}\n"
    text += ")\n\n// Which lines a program wants.\nconst (\n"
    for name, number, about in members(header, "cos_log_level"):
        text += comment(about, "\t") + f"\t{camel(name[len('COS_'):])} LogLevel = {number}\n"
    return text + ")\n"


def main():
    header = python.Header(python.HEADER.read_text(encoding="utf-8"))
    wrong = []
    for name, text in (("codes.go", codes(header)), ("options.go", options(header))):
        file = HERE / name
        if "--check" not in sys.argv:
            file.write_text(text, encoding="utf-8")
        elif file.read_text(encoding="utf-8") != text:
            wrong.append(name)
    if wrong:
        sys.exit(f"{', '.join(wrong)}: not as cos.h says; run generate.py")


if __name__ == "__main__":
    main()
