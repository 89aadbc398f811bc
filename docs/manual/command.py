"""Reads the sources of the command cos: what its help says of each command and option, in both languages."""

import json
import re

from header import ROOT

STRINGS = r'(?:"(?:[^"\\\n]|\\.)*"|[A-Z_]+)(?:\s*(?:"(?:[^"\\\n]|\\.)*"|[A-Z_]+))*'


def source(name):
    return (ROOT / "cli" / name).read_text(encoding="utf-8")


def joined(literals, names=None):
    """The text of literals that stand one after the other; a name among them stands for its own text."""
    pieces = re.findall(r'"(?:[^"\\\n]|\\.)*"|[A-Z_]+', literals)
    return "".join(json.loads(each) if each[0] == '"' else names[each] for each in pieces)


class Option:
    def __init__(self, mark, letter, name, value, about):
        self.mark, self.about = mark, about
        self.spelled = (f"-{letter}, " if letter else "") + f"--{name}" + (f" {value}" if value else "")


class Command:
    def __init__(self, fields, options):
        self.name, self.operands = fields["name"], fields["operands"]
        self.summary, self.details = fields["summary"], fields["details"]
        self.examples = fields.get("examples", "")
        self.options = [each for each in options if each.mark in fields["options"]]


class Cli:
    def __init__(self):
        table, marks = source("options.c"), dict(re.findall(r"(\w+) = '(.)'", source("options.h")))
        row = r"""\{('.'|[A-Z_]+), ('.'|0), "([\w-]+)", (?:NULL|"(\w+(?::\w+|=\w+)?)"), ("[^"]*"),"""
        options = [
            Option(mark[1] if mark[0] == "'" else marks[mark], letter.strip("'0"), name, value, joined(about))
            for mark, letter, name, value, about in re.findall(row, table)]
        common = re.search(r'COMMON_OPTIONS\[\] = "(.*)"', table)[1]
        self.common = [each for each in options if each.mark in common]
        names = {"OPTIONS_OF_TRANSFERS": re.search(r'define OPTIONS_OF_TRANSFERS "(.*)"', source("sync.h"))[1]}
        found = {}
        for file in sorted((ROOT / "cli").glob("cmd_*.c")):
            text = file.read_text(encoding="utf-8")
            for name, body in re.findall(r"^const struct command (\w+) = \{\n(.*?)^\};", text, re.M | re.S):
                fields = re.findall(rf"\.(name|operands|options|summary|details|examples) =\s+({STRINGS}),", body)
                found[name] = Command({key: joined(value, names) for key, value in fields}, options)
        order = re.search(r"COMMANDS\[\] = \{(.*?)\}", source("main.c"), re.S)[1]
        self.commands = [found[name] for name in re.findall(r"&(\w+)", order)]
        pairs = re.findall(rf"\{{({STRINGS}),\s*({STRINGS})\}}", source("messages.h"))
        self.chinese = {joined(english): joined(chinese) for english, chinese in pairs}
