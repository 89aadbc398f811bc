"""Writes the manual pages: man.py OUT. Section 3 from include/cos.h, section 1 for the emulator."""

import os
import pathlib
import re
import sys
import textwrap
import time

import header as source
from header import HEADER, ROOT, TOPICS


def escaped(text):
    text = text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    return re.sub(r"[^\x01-\x7f]", lambda found: f"\\[u{ord(found[0]):04X}]", text)


def line(text):
    """A line that begins with no request."""
    return "\\&" + text if text.startswith((".", "\\(aq")) else text


def styled(text):
    """Markdown of a comment as roff: names and code are bold."""
    text = text.replace("#cos_code", "cos_code")
    pieces = re.split(r"`([^`]+)`|\*\*([^*]+)\*\*", text)
    made = ""
    for at in range(0, len(pieces), 3):
        plain = re.sub(r"#?\b((?:cos|COS)_\w+)(\(\))?", "\x01\\1\x02\\2", pieces[at])
        made += escaped(plain)
        strong = next((each for each in pieces[at + 1:at + 3] if each), None)
        if strong:
            made += f"\x01{escaped(strong)}\x02"
    made = made.replace("\x01", "\\fB").replace("\x02", "\\fR")
    lines = textwrap.wrap(made, 79, break_long_words=False, break_on_hyphens=False)
    return "\n".join(line(each) for each in lines)


def code(text):
    lines = "\n".join(line(escaped(each)) for each in text.rstrip("\n").splitlines())
    return f".PP\n.RS 4\n.nf\n{lines}\n.fi\n.RE\n"


def title(name, section, version, date):
    return (f".TH {escaped(name)} {section} \"{date}\" \"libcos {version}\" \"libcos\"\n")


def described(blocks):
    """The description of a function, and what it returns, which has a section of its own."""
    made, returned, options = "", "", False
    for block in blocks:
        text = styled(block.text) if block.kind != "code" else ""
        if block.kind == "text":
            options = block.text.startswith("Options (")
            made += f".PP\n{text}\n"
        elif block.kind == "code":
            made += code(block.text)
        elif block.kind == "item" and options:
            head = re.match(r"((?:`[^`]+`(?: \([^()]*\))?(?:, )?)+): (.*)", block.text)
            keys = ", ".join(f"`{key}`" for key, _ in source.options_of(block.text))
            # What stands out is a single line.
            made += ".TP\n" + styled(head[1] if head else keys).replace("\n", " ")
            made += f"\n{styled(head[2]) if head else text}\n"
        elif block.kind == "item":
            made += f".IP \\(bu 2\n{text}\n"
        elif block.kind == "param":
            made += f".TP\n\\fI{escaped(block.name)}\\fR\n{text}\n"
        elif block.kind == "return":
            returned += f"{text}\n"
        elif block.kind == "retval":
            returned += f".TP\n\\fB{escaped(block.name)}\\fR\n{text}\n"
    return made, returned


def function(entry, header, date):
    topic = source.topic_of(entry.name)
    declaration = source.aligned(entry.declaration)
    # What a list of manual pages shows.
    short = re.split(r"[.:;](?: |$)", entry.summary)[0].replace("`", "")
    if len(short) > 90:
        short = re.split(r", (?:and|such as|to|which) ", short)[0]
    rest = entry.blocks[0].text
    made = title(entry.name, 3, header.version, date)
    made += f".SH NAME\n{escaped(entry.name)} \\- {escaped(short[0].lower() + short[1:])}\n"
    made += ".SH SYNOPSIS\n.nf\n\\fB#include <cos.h>\\fR\n.PP\n"
    made += "\n".join(escaped(each) for each in declaration.splitlines()) + "\n.fi\n"
    body, returned = described(entry.blocks[1:])
    made += f".SH DESCRIPTION\n{styled(rest)}\n{body}"
    if returned:
        made += f".SH \"RETURN VALUE\"\n{returned}"
    for name in re.findall(r"\bcos_\w+_fn\b", entry.declaration):
        made += callback(header.entries[name])
    others = [name for name in TOPICS[topic][2]
              if name in header.functions() and name != entry.name]
    links = [f"\\fB{escaped(name)}\\fR(3)" for name in [*others, "libcos"]]
    return made + ".SH \"SEE ALSO\"\n" + ",\n".join(links) + "\n"


def callback(entry):
    """The type of a function that the program hands over: there is no page of its own for it."""
    body, returned = described(entry.blocks)
    declaration = entry.declaration
    if len(declaration) > 70 and "\n" not in declaration:
        head, last = declaration.rsplit(", ", 1)
        declaration = f"{head},\n    {last}"
    made = ".SH CALLBACK\n.nf\n" + "\n".join(map(escaped, declaration.splitlines())) + "\n.fi\n"
    return made + body + (f".PP\nIt returns:\n{returned}" if returned else "")


def overview(header, date):
    made = title("libcos", 3, header.version, date)
    made += ".SH NAME\nlibcos \\- a client for Tencent Cloud Object Storage\n"
    made += ".SH SYNOPSIS\n.nf\n\\fB#include <cos.h>\\fR\n.PP\ncc program.c \\-lcos\n.fi\n"
    body = described(header.overview)[0].removeprefix(".PP\n")
    made += f".SH DESCRIPTION\n{body}.SH CODES\n"
    for each in header.codes:
        made += f".TP\n\\fB{escaped(each.name)}\\fR ({escaped(str(each.number))})\n{styled(each.text)}\n"
    made += ".SH FUNCTIONS\n"
    functions = header.functions()
    for english, _, names in TOPICS.values():
        links = [f"\\fB{escaped(name)}\\fR(3)" for name in names if name in functions]
        made += f".TP\n{escaped(english)}\n" + ",\n".join(links) + "\n"
    return made + ".SH \"SEE ALSO\"\n\\fBcos\\-tool\\fR(1),\n\\fBcos\\-emulator\\fR(1)\n"


def emulator(version, date):
    """The text of its --help: a line that begins with capitals, above indented ones, is a title."""
    text = (ROOT / "emulator" / "src" / "help.txt").read_text(encoding="utf-8")
    first, _, text = text.partition("\n")
    parts = re.split(r"^([A-Z][A-Z]+\b[^\n]*)\n(?=  )", text, flags=re.M)
    made = title("cos-emulator", 1, version, date)
    made += ".SH NAME\ncos\\-emulator \\- a stand\\-in for Tencent Cloud COS for tests\n"
    sections = dict(zip(parts[1::2], parts[2::2]))
    usage = sections.pop("USAGE")
    usage = "\n".join(escaped(each.strip()) for each in usage.strip().splitlines())
    made += f".SH SYNOPSIS\n.nf\n{usage}\n.fi\n.SH DESCRIPTION\n{escaped(first)}\n"
    for name, body in sections.items():
        lines = body.strip("\n").splitlines()
        shown = "\n".join(line(escaped(each[2:] if each.startswith("  ") else each)) or ".sp"
                          for each in lines)
        made += f".SH \"{escaped(name)}\"\n.nf\n{shown}\n.fi\n"
    return made + ".SH \"SEE ALSO\"\n\\fBcos\\-tool\\fR(1),\n\\fBlibcos\\fR(3)\n"


def main():
    out = pathlib.Path(sys.argv[1])
    header = source.Header()
    changed = int(os.environ.get("SOURCE_DATE_EPOCH", HEADER.stat().st_mtime))
    date = time.strftime("%Y-%m-%d", time.gmtime(changed))
    for section in ("man1", "man3"):
        (out / section).mkdir(parents=True, exist_ok=True)
    pages = {f"man3/{name}.3": function(entry, header, date)
             for name, entry in header.functions().items()}
    pages["man3/libcos.3"] = overview(header, date)
    pages["man1/cos-emulator.1"] = emulator(header.version, date)
    for name, text in pages.items():
        (out / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
