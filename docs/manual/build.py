"""Makes the manual: build.py OUT. Guides from en/ and zh/, the reference from include/cos.h and cli/."""

import html
import json
import pathlib
import re
import shutil
import string
import sys
import textwrap

import markdown

import header as source
from command import Cli
from header import BESIDE, ROOT, TOPICS

HERE = pathlib.Path(__file__).resolve().parent
LANGUAGES = {"en": "English", "zh": "中文"}

# The pages in the order of reading, below the titles of their groups.
PAGES = {
    ("Start", "开始"): ["index", "install", "start", "programs", "examples"],
    ("Guides", "指南"): [
        "questions", "transfers", "errors", "threads", "apis", "signing", "testing", "moving"],
    ("Reference", "参考"): ["reference", *(f"reference-{topic}" for topic in TOPICS),
                          "options", "codes"],
    ("Programs", "程序"): ["command", "emulator"],
    ("Security", "安全"): ["security"],
}

WORDS = {
    "en": {
        "home": "What it is", "menu": "Menu", "close": "Close", "search": "Search", "none": "Nothing found",
        "here": "On this page", "skip": "To the text", "other": "中文", "contents": "Contents",
        "parameters": "Parameters", "options": "Options", "returns": "Returns",
        "example": "Example", "names": "In other languages", "option": "Option",
        "default": "Default", "meaning": "Meaning", "functions": "Functions",
        "types": "Types and constants", "calls": "Calls", "code": "Code", "note": "",
        "frees": "The object frees itself when it goes out of scope.", "call": "Call", "value": "Value",
        "previous": "Previous", "next": "Next", "table": "Table",
        "word": "Word", "passes": "Passes", "yes": "yes", "no": "no",
    },
    "zh": {
        "home": "这是什么", "menu": "目录", "close": "关闭", "search": "搜索", "none": "没有找到",
        "here": "本页内容", "skip": "跳到正文", "other": "English", "contents": "目录",
        "parameters": "参数", "options": "选项", "returns": "返回", "example": "示例",
        "names": "其他语言中的名称", "option": "选项", "default": "默认值", "meaning": "含义",
        "functions": "函数", "types": "类型与常量", "calls": "调用", "code": "错误码",
        "frees": "对象离开作用域时自动释放。",
        "note": "本页由 cos.h 的注释生成；尚未译成中文的段落保留英文原文。", "call": "调用",
        "value": "值", "previous": "上一页", "next": "下一页", "table": "表格",
        "word": "错误词", "passes": "暂时性", "yes": "是", "no": "否",
    },
}


def catalogue():
    """The translations of what cos.h says, in the format of gettext."""
    text = (HERE / "cos.h.zh.po").read_text(encoding="utf-8")
    found = {}
    for english, chinese in re.findall(r'^msgid ((?:".*"\s*)+)^msgstr ((?:".*"\s*)+)', text, re.M):
        parts = (re.findall(r'^"(.*)"', each, re.M) for each in (english, chinese))
        english, chinese = (json.loads('"' + "".join(each) + '"') for each in parts)
        found[english] = chinese
    return found


def slug(heading, _separator="-"):
    """An anchor. Names of C keep their spelling."""
    plain = re.sub(r"<[^>]+>|`", "", heading).strip()
    if re.fullmatch(r"(cos|COS)_\w+", plain):
        return plain
    return re.sub(r"[^\w.+]+", "-", plain.lower()).strip("-")


def unbroken(text):
    """Joins lines of Chinese: a browser shows a blank where a line ends."""
    pieces = re.split(r"(^```.*?^```)", text, flags=re.M | re.S)
    wide = "[\u2014\u201c\u201d\u2026\u3000-\u9fff\uff00-\uffef]"
    for at in range(0, len(pieces), 2):
        pieces[at] = re.sub(rf"(?<={wide})\n *(?={wide})", "", pieces[at])
    return "".join(pieces)


class Language:
    def __init__(self, name, cos_h, translations):
        self.name, self.cos_h, self.translations = name, cos_h, translations
        self.words = WORDS[name]
        self.used, self.missing = set(), []
        self.markdown = markdown.Markdown(
            extensions=["tables", "fenced_code", "codehilite", "toc", "sane_lists"],
            extension_configs={
                "codehilite": {"guess_lang": False, "css_class": "code"},
                "toc": {"slugify": slug, "toc_depth": "2-3"},
            })

    # What cos.h says, in this language.

    def told(self, text):
        """HTML of a piece of a comment, and the language that it is in."""
        if self.name != "en":
            if text in self.translations:
                self.used.add(text)
                text = self.translations[text]
            else:
                self.missing.append(text)
                return self.inline(text), ' lang="en"'
        return self.inline(text), ""

    def default(self, text):
        """The default of an option, which may be words."""
        if self.name != "en" and text in self.translations:
            self.used.add(text)
            text = self.translations[text]
        return html.escape(text)

    def paragraph(self, text):
        text, lang = self.told(text)
        return f"<p{lang}>{text}</p>\n"

    def inline(self, text):
        pieces = text.split("`")
        for at in range(0, len(pieces), 2):
            pieces[at] = re.sub(r"#?(?<![\w/.])((?:cos|COS)_\w+)(\(\))?", self.named, pieces[at])
        made = self.markdown.reset().convert("`".join(pieces))
        return re.sub(r"^<p>(.*)</p>$", r"\1", made, flags=re.S)

    def named(self, match):
        name = match[1]
        return f"`{match[0].lstrip('#')}`" if self.place(name) else match[0]

    def place(self, name):
        """Where something of cos.h is described. In guides, COS_API is a variable of the environment."""
        if name in self.cos_h.entries and name != "COS_API":
            if name == "cos_code":
                return "codes.html"
            return f"reference-{source.topic_of(name)}.html#{name}"
        if any(name == code.name for code in self.cos_h.codes):
            return f"codes.html#{name}"
        if any(name == level.name for level in self.cos_h.members["cos_log_level"]):
            return "reference-log.html#cos_log_level"
        return None

    # Pages.

    def guide(self, page):
        text = (HERE / self.name / f"{page}.md").read_text(encoding="utf-8")
        text = re.sub(r"^\{\{(\w+)(?: (\S+))?\}\}$", self.filled, text, flags=re.M)
        made = self.markdown.reset().convert(unbroken(text))
        return linked(made)

    def filled(self, match):
        """What a line such as {{codes}} in a guide stands for."""
        what, which = match[1], match[2]
        if what == "file":
            languages = {".c": "c", ".cpp": "cpp", ".txt": "text"}
            text = (ROOT / which).read_text(encoding="utf-8")
            return f"```{languages[pathlib.Path(which).suffix]}\n{text}```"
        makers = {"codes": self.codes, "options": self.options, "calls": self.calls, "words": self.refusals,
                  "overview": self.overview, "topics": self.topics, "commands": self.commands}
        # Markdown leaves HTML as it is.
        return f"<div>\n{makers[what]()}</div>"

    def fenced(self, language, text):
        return self.markdown.reset().convert(f"```{language}\n{text.rstrip()}\n```")

    def codes(self):
        rows = []
        for code in self.cos_h.codes:
            text, lang = self.told(code.text)
            rows.append(f'<tr id="{code.name}"><td>{code.number}</td>'
                        f"<td><code>{code.name}</code></td><td{lang}>{text}</td></tr>")
        words, entry = self.words, self.cos_h.entries["cos_code"]
        about = self.paragraph(entry.summary) + "".join(map(self.block, entry.blocks[1:]))
        return about + table([words["value"], words["code"], words["meaning"]], rows)

    def refusals(self):
        """The words by which the XML API refuses, and the number that each has."""
        numbers = {code.name: code.number for code in self.cos_h.codes}
        rows = [f'<tr id="{word.replace(" ", "-")}"><td><code>{word}</code></td><td>{status}</td>'
                f"<td>{numbers[code]} <code>{code}</code></td>"
                f'<td>{self.words["yes"] if passes else self.words["no"]}</td></tr>'
                for word, status, code, passes in source.refusals()]
        words = self.words
        return table([words["word"], "HTTP", words["code"], words["passes"]], rows)

    def options(self):
        """Every option once, with each of its descriptions and the calls that it belongs to."""
        about, defaults = {}, {}
        for name, entry in self.cos_h.functions().items():
            for item in entry.options() + short_options(entry):
                text = source.about_options(item.text)
                for key, default in source.options_of(item.text):
                    about.setdefault(key, {}).setdefault(text, []).append(name)
                    defaults.setdefault(key, []).extend([default] if default else [])
        rows = []
        for key in sorted(about):
            texts = ""
            for text, names in about[key].items():
                meaning, lang = self.told(text)
                links = ", ".join(f"<code>{name}</code>" for name in names)
                texts += f"<p class=calls>{links}</p><p{lang}>{meaning}</p>"
            values = "<br>".join(f"<code>{self.default(each)}</code>"
                                 for each in dict.fromkeys(defaults[key]))
            rows.append(f'<tr id="{key}"><td><code>{key}</code></td><td>{values}</td>'
                        f"<td>{texts}</td></tr>")
        words = self.words
        return table([words["option"], words["default"], words["meaning"]], rows)

    def calls(self):
        """Which options a call takes."""
        rows = []
        for name, entry in self.cos_h.functions().items():
            keys = [key for item in entry.options() + short_options(entry)
                    for key in source.options_of(item.text)]
            if keys:
                told = ", ".join(
                    f'<a href="#{key}"><code>{key}</code></a>'
                    + (f" ({self.default(default)})" if default else "") for key, default in keys)
                rows.append(f"<tr><td><code>{name}</code></td><td>{told}</td></tr>")
            for block in entry.of("param"):
                if not keys and block.name == "options":
                    text, lang = self.told(block.text)
                    rows.append(f"<tr><td><code>{name}</code></td><td{lang}>{text}</td></tr>")
        return table([self.words["call"], self.words["options"]], rows)

    def overview(self):
        """What cos.h says of all functions: its first comment."""
        return "".join(self.block(block) for block in self.cos_h.overview).replace(
            "</ul>\n<ul>\n", "")

    def topics(self):
        made = ""
        for topic, (english, chinese, names) in TOPICS.items():
            title = english if self.name == "en" else chinese
            made += f'<h3><a href="reference-{topic}.html">{title}</a></h3>\n<dl class="short">\n'
            for name in names:
                text, lang = self.told(self.cos_h.entries[name].summary)
                made += f"<dt><code>{name}</code></dt><dd{lang}>{text}</dd>\n"
            made += "</dl>\n"
        return made

    def commands(self):
        """What the help of the command cos says."""
        cli = Cli()

        def said(text):
            text = cli.chinese.get(text, text) if self.name == "zh" else text
            return unbroken(html.escape(text, quote=False))

        def listed(options):
            items = "".join(f"<dt><code>{html.escape(each.spelled)}</code></dt>"
                            f"<dd>{said(each.about)}</dd>\n" for each in options)
            return f'<dl class="names">\n{items}</dl>\n' if options else ""

        made = ""
        for command in cli.commands:
            made += f'<h3 id="cos-{command.name}">cos {command.name}</h3>\n'
            made += self.fenced("text", f"cos {command.name} [OPTION...] {command.operands}") + "\n"
            made += "".join(f"<p>{each}</p>\n" for each in said(command.details).strip().split("\n\n"))
            made += listed(command.options)
            if command.examples:
                made += self.fenced("sh", textwrap.dedent(command.examples)) + "\n"
        title = said("Options of every command:").rstrip(":")
        return made + f'<h3 id="options-of-every-command">{title}</h3>\n' + listed(cli.common)

    def block(self, block):
        if block.kind == "code":
            return self.fenced("c", block.text)
        text, lang = self.told(block.text)
        if block.kind == "item":
            return f"<ul>\n<li{lang}>{text}</li>\n</ul>\n"
        return f"<p{lang}>{text}</p>\n"

    def topic(self, topic):
        english, chinese, names = TOPICS[topic]
        functions = self.cos_h.functions()
        made = f"<h1>{english if self.name == 'en' else chinese}</h1>\n"
        intro = (HERE / self.name / "topics.md").read_text(encoding="utf-8")
        intro = re.search(rf"^## {topic}\n(.*?)(?=^## |\Z)", intro, re.S | re.M)[1]
        made += linked(self.markdown.reset().convert(unbroken(intro)))
        before = len(self.missing)
        parts = [self.entry(name) for name in names if name in functions]
        others = [self.entry(name) for name in names if name not in functions]
        if self.words["note"] and len(self.missing) > before:
            made += f'<p class="note">{self.words["note"]}</p>\n'
        return made + "".join(parts + others)

    def entry(self, name):
        entry = self.cos_h.entries[name]
        words = self.words
        summary, rest = entry.summary, entry.blocks[0].text[len(entry.summary):].strip()
        made = f'<h2 id="{name}">{name}</h2>\n' + self.paragraph(summary)
        made += self.declarations(name, entry)
        if rest:
            made += self.paragraph(rest)
        listed = {block.text for block in entry.options()}
        group = None
        for block in entry.blocks[1:]:
            kind = "option" if block.kind == "item" and block.text in listed else block.kind
            if kind == "text" and block.text.startswith("Options ("):
                made += closing(group) + f'<h3>{words["options"]}</h3>\n'
                if re.sub(r"Options \(default\):$", "", block.text):
                    made += self.paragraph(block.text)
                group = None
                continue
            if kind != group:
                made += closing(group) + self.opening(kind)
                group = kind
            if kind == "option":
                keys = source.options_of(block.text)
                text, lang = self.told(source.about_options(block.text))
                heads = ", ".join(
                    f'<a href="options.html#{key}"><code>{key}</code></a>'
                    + (f" ({self.default(default)})" if default else "") for key, default in keys)
                made += f"<dt>{heads}</dt><dd{lang}>{text}</dd>\n"
            elif kind in ("param", "retval"):
                text, lang = self.told(block.text)
                made += f"<dt><code>{block.name}</code></dt><dd{lang}>{text}</dd>\n"
            else:
                made += self.block(block)
        made += closing(group)
        if name == "cos_log_level":
            rows = []
            for level in self.cos_h.members[name]:
                text, lang = self.told(level.text)
                rows.append(f"<tr><td>{level.number}</td><td><code>{level.name}</code></td>"
                            f"<td{lang}>{text}</td></tr>")
            made += table([words["value"], words["code"], words["meaning"]], rows)
        return made.replace("</ul>\n<ul>\n", "") + self.example(name)

    def opening(self, kind):
        """The title of what comes, and the begin of a list where it is one."""
        titles = {"param": "parameters", "return": "returns"}
        made = f"<h3>{self.words[titles[kind]]}</h3>\n" if kind in titles else ""
        return made + ('<dl class="names">\n' if kind in DEFINED else "")

    def declarations(self, name, entry):
        c = source.aligned(entry.declaration)
        cpp = source.cpp_declarations(name) if name in self.cos_h.functions() else []
        made = '<div class="pair">\n' + labelled("C", self.fenced("c", c))
        if cpp:
            made += labelled("C++", self.fenced("cpp", ";\n".join(cpp) + ";"))
        elif name.endswith("_free"):
            made += labelled("C++", f'<p>{self.words["frees"]}</p>')
        return made + "</div>\n"

    def example(self, name):
        made = ""
        pair = [(label, code) for label, code in (("C", EXAMPLES["c"].get(name)),
                                                  ("C++", EXAMPLES["cpp"].get(name))) if code]
        if pair:
            longest = max(len(line) for _, code in pair for line in code.splitlines())
            beside = "pair" if longest <= BESIDE else "stack"
            made += f'<h3>{self.words["example"]}</h3>\n<div class="{beside}">\n'
            for label, code in pair:
                made += labelled(label, self.fenced("c" if label == "C" else "cpp", code))
            made += "</div>\n"
        names = source.wrappers(name, self.cos_h) if name in self.cos_h.functions() else {}
        if names:
            told = " · ".join(f"{language} <code>{spelled}</code>"
                              for language, spelled in names.items())
            made += f'<p class="calls">{self.words["names"]}: {told}</p>\n'
        return made


DEFINED = ("param", "option", "retval")


def closing(group):
    return "</dl>\n" if group in DEFINED else ""


def labelled(label, content):
    return f'<div><p class="label">{label}</p>\n{content}</div>\n'


def short_options(entry):
    """What a parameter says of options that have no list: as items of one."""
    for block in entry.of("param"):
        if block.name == "options" and "`" in block.text and ": `" in block.text:
            parts = re.findall(r"(`\w+` \([^`]*?\)), ([^;]*)", block.text)
            return [source.Block("item", f"{key}: {about.rstrip('. ')}") for key, about in parts]
    return []


def examples(file):
    """The parts of a program that stand between `// NAME` and `// end`, by their names."""
    text = (HERE / file).read_text(encoding="utf-8")
    found = {}
    for indent, name, code in re.findall(r"^( *)// (cos_\w+)\n(.*?)^\1// end\n", text, re.S | re.M):
        code = re.sub(rf"^{indent}", "", code, flags=re.M)
        found[name] = found[name] + "\n" + code if name in found else code
    return found


EXAMPLES = {"c": examples("reference.c"), "cpp": examples("reference.cpp")}


def table(titles, rows):
    head = "".join(f"<th>{title}</th>" for title in titles)
    return (f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n" + "\n".join(rows)
            + "\n</tbody>\n</table>\n")


def linked(made):
    """Links to pages as they are written lead to pages as they are made."""
    return re.sub(r'href="([\w-]+)\.md(#[^"]*)?"', r'href="\1.html\2"', made)


def finished(made, language):
    """Links the names of cos.h, and lets wide things scroll by themselves."""
    def link(match):
        place = language.place(match[1])
        return f'<a href="{place}">{match[0]}</a>' if place else match[0]

    # Not in code, in links, in headings, nor in the row that describes a code.
    pieces = re.split(r"(<pre.*?</pre>|<a .*?</a>|<h\d.*?</h\d>|<tr id=.*?</td><td>.*?</td>)",
                      made, flags=re.S)
    for at in range(0, len(pieces), 2):
        pieces[at] = re.sub(r"<code>((?:cos|COS)_\w+)(?:\(\))?</code>", link, pieces[at])
    made = "".join(pieces)
    if language.name != "en":
        made = wrappable(made)
    made = made.replace("<th>", '<th scope="col">')
    made = re.sub(r"<code>(?=-[\w-]+</code>)", '<code class="flag">', made)
    made = re.sub(r"<tr>.*?</tr>", breakable, made, flags=re.S)
    label = html.escape(language.words["table"])
    made = re.sub(r"<table>.*?</table>", lambda table: f'<div class="wide" tabindex="0" role="region" '
                  f'aria-label="{label}">{stacked(table[0])}</div>', made, flags=re.S)
    return made.replace("<pre>", '<pre tabindex="0">')


def wrappable(made):
    """Lets lines end at a mark of Chinese beside a straight quote, where a browser sees no gap."""
    pieces = re.split(r"(<pre.*?</pre>|<[^>]*>)", made, flags=re.S)
    for at in range(0, len(pieces), 2):
        pieces[at] = re.sub(r'(?<=[、，；：）])(?=")|(?<=")(?=（)', "<wbr>", pieces[at])
    return "".join(pieces)


def stacked(table):
    """A table that is too wide for a phone: there each cell gets a line, with its column's title in front.
    The roles say what the cells are also where they are not laid out as those of a table."""
    titles = [html.escape(bare(title)) for title in re.findall(r"<th [^>]*>(.*?)</th>", table, re.S)]
    firsts = re.findall(r"<tr[^>]*>\s*<td>(.*?)</td>", table, re.S)
    if len(titles) < 3 and max(len(bare(first)) for first in firsts) < 20:
        return table

    def labelled_cells(row):
        cells = iter(titles)
        return re.sub("<td", lambda _: f'<td role="cell" data-label="{next(cells)}"', row[0])

    table = re.sub(r"<tr.*?</tr>", labelled_cells, table, flags=re.S)
    for tag, role in (("thead", "rowgroup"), ("tbody", "rowgroup"), ("tr", "row"), ("th", "columnheader")):
        table = re.sub(rf"<{tag}((?: [^>]*)?)>", rf'<{tag}\1 role="{role}">', table)
    return table.replace("<table>", '<table class="stack" role="table">')


def breakable(row):
    """A row of many columns, in whose names a line may end."""
    if row[0].count("<td>") < 5:
        return row[0]
    return re.sub(r"(<code>)([^<]*)", lambda code: code[1] + re.sub(
        r"(?<=\w{6}[_.(])(?=\w)|(?<=\w{5}[a-z])(?=[A-Z])", "<wbr>", code[2]), row[0])


def same_anchors(english, chinese, page):
    """Gives the headings of a translation the anchors of the original."""
    pattern = r'<h([23])(?: id="([^"]*)")?>'
    originals = re.findall(pattern, english)
    levels = [level for level, _ in re.findall(pattern, chinese)]
    if levels != [level for level, _ in originals]:
        sys.exit(f"zh/{page}: its headings are not those of en/{page}")
    ids = iter(originals)

    def give(match):
        anchor = next(ids)[1]
        return f'<h{match[1]} id="{anchor}">' if anchor else f"<h{match[1]}>"

    return re.sub(pattern, give, chinese)


def title_of(made):
    return re.search(r"<h1[^>]*>(.*?)</h1>", made, re.S)[1]


def bare(made):
    """The words of a piece of HTML."""
    made = re.sub(r"<pre.*?</pre>", " ", made, flags=re.S).replace("<wbr>", "")
    return html.unescape(" ".join(re.sub(r"<[^>]+>", " ", made).split()))


def sections(page, made):
    """What the search finds: each section, option and code, with the place where it stands."""
    title = bare(title_of(made))
    found = []
    for part in re.split(r"(?=<h1|<h[23] id=)", made):
        head = re.match(r'<h([123])(?: id="([^"]*)")?>(.*?)</h\1>', part, re.S)
        if not head:
            continue
        anchor = "" if head[1] == "1" else f"#{head[2]}"
        rows = re.findall(r'<tr id="([^"]+)"[^>]*>(.*?)</tr>', part, re.S)
        rest = re.sub(r'<tr id="[^"]+".*?</tr>', "", part[head.end():], flags=re.S)
        found.append([bare(head[3]), title, f"{page}.html{anchor}", bare(rest)])
        for name, row in rows:
            found.append([name, title, f"{page}.html#{name}", bare(row)])
    return found


def navigation(language, titles, page):
    at = list(LANGUAGES).index(language)
    made = ""
    for group, pages in PAGES.items():
        made += f"<h2>{group[at]}</h2>\n<ul>\n"
        for each in pages:
            here = ' aria-current="page"' if each == page else ""
            title = WORDS[language]["home"] if each == "index" else titles[each]
            made += f'<li><a href="{each}.html"{here}>{title}</a></li>\n'
        made += "</ul>\n"
    return made


def contents(made, words):
    heads = re.findall(r'<h([23]) id="([^"]+)">(.*?)</h\1>', made, re.S)
    if len(heads) < 3:
        return ""
    items = "".join(f'<li class="level{level}"><a href="#{anchor}">'
                    f'{re.sub("<[^>]+>", "", title)}</a></li>\n' for level, anchor, title in heads)
    return (f'<nav class="here" aria-label="{words["here"]}"><p>{words["here"]}</p>\n'
            f"<ul>\n{items}</ul></nav>\n")


def main():
    out = pathlib.Path(sys.argv[1])
    shutil.rmtree(out, ignore_errors=True)
    cos_h = source.Header()
    listed = {"cos_code"}.union(*(names for _, _, names in TOPICS.values()))
    if listed != set(cos_h.entries):
        sys.exit(f"TOPICS in header.py is not what cos.h has: {listed ^ set(cos_h.entries)}")
    translations = catalogue()
    languages = {name: Language(name, cos_h, translations) for name in LANGUAGES}
    made = {name: {} for name in LANGUAGES}
    order = [page for pages in PAGES.values() for page in pages]
    for name, language in languages.items():
        for page in order:
            topic = page.partition("reference-")[2]
            made[name][page] = language.topic(topic) if topic else language.guide(page)
    stale = set(translations) - languages["zh"].used
    if stale:
        sys.exit("cos.h.zh.po: cos.h does not say any more:\n" + "\n".join(sorted(stale)))
    template = string.Template((HERE / "page.html").read_text(encoding="utf-8"))
    for name, language in languages.items():
        directory = out / name
        directory.mkdir(parents=True)
        titles = {page: title_of(made[name][page]) for page in order}
        index = []
        for at, page in enumerate(order):
            text = made[name][page]
            if name != "en":
                text = same_anchors(made["en"][page], text, page)
            text = finished(text, language)
            index += sections(page, text)
            other = next(each for each in LANGUAGES if each != name)
            around = ""
            for word, which in (("previous", at - 1), ("next", at + 1)):
                if 0 <= which < len(order):
                    around += (f'<a rel="{word[:4]}" href="{order[which]}.html"><small>'
                               f"{language.words[word]}</small> {titles[order[which]]}</a>\n")
            head, _, body = text.partition("</h1>")
            fields = dict(language.words)
            fields.update(
                lang="zh-CN" if name == "zh" else name, language=name, version=cos_h.version,
                title=re.sub("<[^>]+>", "", titles[page]), nav=navigation(name, titles, page),
                toc=contents(text, language.words), head=head + "</h1>", body=body,
                other_language=other, other_lang="zh-CN" if other == "zh" else other,
                page=page, around=around)
            (directory / f"{page}.html").write_text(template.substitute(fields), encoding="utf-8")
        text = json.dumps(index, ensure_ascii=False, separators=(",", ":"))
        (out / f"search-{name}.js").write_text(f"var searchIndex = {text};\n", encoding="utf-8")
    for file in ("style.css", "site.js", "index.html"):
        shutil.copy(HERE / file, out / file)
    for text in dict.fromkeys(languages["zh"].missing):
        print(f"not translated: {text}")


if __name__ == "__main__":
    main()
