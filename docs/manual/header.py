"""Reads include/cos.h and what wraps it: what the manual and the man pages are made of."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HEADER = ROOT / "include" / "cos.h"

# How many characters have room in a line where C and C++ stand beside each other.
BESIDE = 62

# Where each function and type is described: the page, its titles, what is on it. Complete by test.
TOPICS = {
    "client": ("Client", "客户端", [
        "cos_client_new", "cos_client_set_config", "cos_client_set_credentials",
        "cos_client_set_temporary_credentials", "cos_client_with_transfer", "cos_client_free",
        "cos_client"]),
    "uploads": ("Uploads", "上传", [
        "cos_upload_file", "cos_upload_buffer", "cos_upload_stream", "cos_read_fn"]),
    "downloads": ("Downloads", "下载", [
        "cos_download_file", "cos_download_buffer", "cos_download_stream", "cos_buffer_free",
        "cos_write_fn"]),
    "files": ("Files", "文件", [
        "cos_stat_file", "cos_update_file", "cos_del_file", "cos_del_files", "cos_move_file",
        "cos_copy_file"]),
    "folders": ("Lists and folders", "列表与文件夹", [
        "cos_list_folder", "cos_create_folder", "cos_stat_folder", "cos_update_folder",
        "cos_del_folder", "cos_list_buckets"]),
    "trees": ("Trees", "目录树", ["cos_upload_folder", "cos_download_folder"]),
    "signing": ("Signing", "签名", [
        "cos_sign_url", "cos_sign_download", "cos_sign_more", "cos_sign_once"]),
    "request": ("Any request", "任意请求", ["cos_request"]),
    "transfers": ("Transfers", "传输句柄", [
        "cos_transfer_new", "cos_transfer_on_progress", "cos_transfer_progress",
        "cos_transfer_travelled", "cos_transfer_cancel", "cos_transfer_free", "cos_transfer", "cos_progress_fn"]),
    "json": ("JSON readers", "读取 JSON", [
        "cos_json_string", "cos_json_int", "cos_json_length", "cos_json_each", "cos_json_quote",
        "cos_string_free", "cos_each_fn", "COS_JSON"]),
    "log": ("Log", "日志", ["cos_client_set_log", "cos_log_fn", "cos_log_level"]),
    "versions": ("Versions", "版本", [
        "cos_version", "cos_abi_version", "cos_code_name", "COS_VERSION_MAJOR",
        "COS_VERSION_MINOR", "COS_VERSION_PATCH", "COS_ABI_VERSION", "COS_API"]),
}


class Block:
    """A piece of a comment. `kind` is text, code, item, param, return or retval."""

    def __init__(self, kind, text, name=""):
        self.kind, self.text, self.name = kind, text, name


def blocks(comment):
    """A comment in pieces. What a paragraph's lines are is of no meaning, so they are joined."""
    found = []
    fence, may_go_on = None, False
    for line in comment.splitlines():
        tag = re.match(r"@(param|retval)\s+(\w+)\s*(.*)|@(return)\s+(.*)", line)
        if fence is not None:
            if line.startswith("```"):
                found.append(Block("code", "\n".join(fence) + "\n"))
                fence = None
            else:
                fence.append(line)
        elif line.startswith("```"):
            fence, may_go_on = [], False
        elif not line.strip():
            may_go_on = False
        elif tag and tag[4]:
            found.append(Block("return", tag[5]))
            may_go_on = True
        elif tag:
            found.append(Block(tag[1], tag[3], tag[2]))
            may_go_on = True
        elif line.startswith("- "):
            found.append(Block("item", line[2:]))
            may_go_on = True
        elif line.startswith("    ") and not may_go_on:
            if not (found and found[-1].kind == "code"):
                found.append(Block("code", ""))
            found[-1].text += line[4:] + "\n"
        elif may_go_on:
            found[-1].text += " " + line.strip()
        else:
            found.append(Block("text", line.strip()))
            may_go_on = True
    return found


def options_of(item):
    """The options that an item of a list describes: each key, and its default."""
    keys = []
    for part in re.split(r"; (?=`[\w-]+`(?:,| \())", item):
        head = re.match(r"(?:`[^`]+`(?: \([^()]*\))?(?:, )?)+", part)
        keys += re.findall(r"`([^`]+)`(?: \(([^(),]*)\))?", head[0])
    return keys


def about_options(item):
    """What an item says about its options, without the keys if these stand in front of it."""
    return re.sub(r"^(?:`[^`]+`(?: \([^()]*\))?(?:, )?)+: ", "", item)


class Entry:
    """A function, a type or a macro of cos.h."""

    def __init__(self, name, comment, declaration):
        self.name, self.declaration = name, declaration
        self.blocks = blocks(comment)
        self.summary = re.match(r".*?\.(?= |$)", self.blocks[0].text)[0]

    def of(self, kind):
        return [block for block in self.blocks if block.kind == kind]

    def options(self):
        """The items that describe options, wherever the comment lists them."""
        items, inside = [], False
        for block in self.blocks:
            if block.kind == "text":
                inside = block.text.startswith("Options (")
            elif block.kind == "item" and inside:
                items.append(block)
        return items


class Code:
    def __init__(self, name, number, text):
        self.name, self.number, self.text = name, int(number), text


def plain(comment):
    """The text of a comment without the stars in front of its lines."""
    return "\n".join(re.sub(r"^\s*\* ?", "", line) for line in comment.splitlines()).strip()


class Header:
    def __init__(self):
        text = HEADER.read_text(encoding="utf-8")
        self.version = ".".join(re.findall(r"define COS_VERSION_\w+ (\d+)", text))
        self.overview, self.entries, self.members = [], {}, {}
        enumeration = r"/\*\*((?:(?!\*/).)*)\*/\s*typedef enum \{([^{}]*)\} (\w+);"
        for comment, body, name in re.findall(enumeration, text, re.S):
            members = re.findall(r"/\*\*(.*?)\*/\s*(\w+) = (-?\d+),", body, re.S)
            self.members[name] = [
                Code(member, number, " ".join(plain(about).split()))
                for about, member, number in members]
            declaration = f"typedef enum {{ ... }} {name};"
            self.entries[name] = Entry(name, plain(comment), declaration)
        for section in re.sub(enumeration, "", text, flags=re.S).split("/**")[1:]:
            comment, _, code = section.partition("*/")
            comment = plain(comment)
            if comment.startswith("@mainpage"):
                self.overview = blocks(comment.partition("\n")[2])
            elif not comment.startswith("@file"):
                name, declaration = declared(code)
                self.entries[name] = Entry(name, comment, declaration)
        self.codes = self.members["cos_code"]

    def functions(self):
        return {name: entry for name, entry in self.entries.items()
                if re.search(rf"\b{name}\(", entry.declaration) and name.startswith("cos_")}


def declared(code):
    """The name of what stands below a comment, and its declaration."""
    macro = re.match(r"\s*(?:#if .*\n)?#define (\w+)(.*)", code)
    if macro:
        return macro[1], f"#define {macro[1]}{macro[2]}"
    code = "\n".join(line for line in code.splitlines() if not line.startswith("#"))
    declaration = code.split(";")[0].replace("COS_API", "").strip() + ";"
    pointer = re.match(r"typedef [^;]*\(\*(\w+)\)", declaration)
    name = pointer or re.match(r"typedef .*?(\w+);", declaration, re.S)
    name = name or re.search(r"(\w+)\(", declaration)
    return name[1], declaration


def refusals():
    """The words of the XML API: each with its HTTP status, its code, and whether the failure passes."""
    table = (ROOT / "src" / "protocol" / "v5" / "codes.rs").read_text(encoding="utf-8")
    rows = re.findall(r'^    (no|later|hint)\("([^"]+)", (\d+), (COS_\w+)', table, re.M)
    return sorted((word, status, code, kind == "later")
                  for kind, word, status, code in rows)


def aligned(declaration):
    """A declaration of C, a parameter a line where it is long."""
    head, _, rest = declaration.partition("(")
    if len(declaration) > BESIDE and "\n" not in declaration and "(*" not in declaration:
        rest = rest.replace(", ", ",\n ")
    return f"{head}(" + re.sub(r"\n\s+", "\n" + " " * (len(head) + 1), rest) if rest else head


def topic_of(name):
    return next(topic for topic, (_, _, names) in TOPICS.items() if name in names)


def cpp_declarations(name):
    """How cos.hpp declares what wraps a function, from its text."""
    text = (ROOT / "include" / "cos.hpp").read_text(encoding="utf-8")
    member = re.sub(r"^cos_(client_|transfer_)?", "", name)
    if name.endswith("_free"):
        return []
    if name in ("cos_client_new", "cos_transfer_new"):
        member = "Client" if "client" in name else "Transfer"
        text = text[text.index(f"class {member} {{"):]
        found = re.findall(rf"^    ({member}\((?:[^{{}};]|\{{\}})*?\))\s*(?=[{{:]|$)", text, re.M)
        return [shorter(each) for each in found if each != "Client()"]
    if name.startswith("cos_transfer_"):
        text = text[text.index("class Transfer {"):text.index("class Buffer {")]
    elif name.startswith("cos_json") or name in ("cos_version", "cos_abi_version", "cos_code_name"):
        text = text[:text.index("class [[nodiscard]] Result")]
    else:
        text = text[text.index("class Client {"):text.index("private:", text.index("class Client {"))]
    pattern = (r"^ *((?:inline )?[\w: ]+(?:<[^\n]*?>)? [*&]?" + member +
               r"\((?:[^{};]|\{\})*?\)(?: const)?(?: noexcept)?)\s*\{(?!\})")
    found = re.findall(pattern, text, re.M)
    return [shorter(each) for each in found]


def shorter(declaration):
    """On lines that are indented like those of cos.h."""
    one = " ".join(declaration.replace("inline ", "").split())
    if len(one) <= BESIDE:
        return one
    head, _, rest = one.partition("(")
    parameters = re.split(r", (?![^<(]*[>)](?!$|,| const))", rest)
    return head + "(\n    " + ",\n    ".join(parameters)


def camel(name):
    first, *others = name.split("_")
    return first + "".join(other.title() for other in others)


# Names that are not made by a rule.
SPELLED = {
    "cos_client_new": {
        "Python": "cos.Client", "Node": "new Client", "Go": "cos.NewClient", "Lua": "cos.client"},
    "cos_transfer_new": {"Python": "cos.Transfer", "Lua": "cos.transfer"},
}


def wrappers(name, header):
    """What a function is called in the packages of other languages, as far as it has a name there."""
    if name in SPELLED or name.startswith("cos_json"):
        return SPELLED.get(name, {})
    noun = "transfer" if name.startswith("cos_transfer_") else "client"
    method = re.sub(r"^cos_(client_|transfer_)?", "", name)
    method = "close" if method == "free" else method
    found = {}
    if re.search(rf"^def {method}\(", binding("python/cos/__init__.py"), re.M):
        found["Python"] = f"cos.{method}"
    else:
        file = "python/cos/calls.py" if noun == "transfer" else "python/cos/client.py"
        of_class = binding(file).partition(f"\nclass {noun.title()}:\n")[2].partition("\nclass ")[0]
        if re.search(rf"^    def {method}\(", of_class, re.M):
            found["Python"] = f"{noun}.{method}"
    node = binding("node/index.d.ts")
    if noun == "client" and re.search(rf"^  {camel(method)}\(", node, re.M):
        found["Node"] = f"client.{camel(method)}"
    elif re.search(rf"function {camel(method)}\(", node):
        found["Node"] = camel(method)
    # Go has capitals of its own, such as SignURL.
    exported = rf"^func (\(c \*Client\) )?(?=[A-Z])((?i:{method.replace('_', '')}))\("
    of_go = re.search(exported, binding("go/*.go"), re.M)
    if of_go and noun == "client":
        found["Go"] = ("client." if of_go[1] else "cos.") + of_go[2]
    of_lua = re.search(rf"^function ({noun.title()}:|cos\.){method}\(", binding("lua/library/cos.lua"), re.M)
    if of_lua:
        found["Lua"] = of_lua[1].lower() + method
    return found


def binding(files):
    """The text of files below bindings/."""
    return "".join(file.read_text(encoding="utf-8") for file in sorted((ROOT / "bindings").glob(files)))
