"""What a page may bring into the site: text, links and pictures of ours, and nothing that acts.

Markdown passes HTML on, and the templates print a page's front matter as it is. So what a page
renders to is read as a browser reads it, and anything else than plain content is refused.
"""

from __future__ import annotations

import re
import unicodedata
from html import unescape
from html.parser import HTMLParser

TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "cite", "code", "col", "colgroup", "dd",
    "del", "details", "div", "dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4",
    "h5", "h6", "hr", "i", "img", "input", "ins", "kbd", "label", "li", "mark", "ol", "p",
    "pre", "q", "s", "samp", "section", "small", "span", "strong", "sub", "summary", "sup",
    "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul", "var", "wbr",
}  # fmt: skip
ATTRIBUTES = {
    "align", "alt", "class", "colspan", "data-search-exclude", "data-tabs", "dir", "height",
    "href", "id", "lang", "loading", "open", "rel", "role", "rowspan", "scope", "src",
    "start", "style", "title", "width",
}  # fmt: skip
TAB_INPUT = {"checked", "for", "id", "name", "type"}  # what tabs are made of
ADDRESSES = {"href": re.compile(r"(?:https?|mailto):|[^:]*(?:[/?#]|$)", re.IGNORECASE),
             "src": re.compile(r"(?!/)[^:]*$")}  # fmt: skip
ALIGNED = re.compile(r"text-align: \w+;")
REMARK = re.compile(r" (?:[\w .,:/']|-(?!-))+ ")
# Joiners are part of words and pictures in some scripts; other marks of format are not seen at all,
# nor are the letters that fill a place in Korean, nor what would steer a terminal.
JOINERS = {"\u200c", "\u200d"}
FILLERS = {"\u115f", "\u1160", "\u3164", "\uffa0"}
ACTING = set('<>"')
# A start tag that every parser reads alike: each value in double quotes, none of them with a tag.
PLAIN = re.compile(r"<[a-zA-Z][\w-]*(?:\s+[\w:@.-]+(?:=\"[^\"<>]*\")?)*\s*/?>")
OWN_IDS = re.compile(r"__tabbed_\d+(?:_\d+)?$")  # of tab sets; the theme has more ids of that kind
OWN_CLASSES = (
    "md-button",
    "md-button--primary",
)  # of the theme's classes, which place and hide what is its own
SITE = re.compile(r"exchange|verified$|headerlink$|framework$|unscripted$|who$|who-|start$|begin$")
SITE_IDS = {"searchindex", "body"}
VOID = {"br", "col", "hr", "img", "input", "wbr"}


def in_front_matter(value: object) -> str | None:
    """Why a value of the front matter cannot stand in a page's head; None if it can."""
    parts = list(value.values()) if isinstance(value, dict) else value
    for part in parts if isinstance(parts, list) else [parts]:
        if isinstance(part, list | dict):
            return "may be a text or a list of texts, no deeper"
        if found := ACTING & set(str(part)):
            return f"may not hold `{min(found)}`: it is printed in the page's head as it stands"
    return None


def problems(html: str) -> list[tuple[str, str]]:
    """What a rendered page may not hold: (how its source begins, why); [] if it is content."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    if reader.rawdata:
        reader.refuse(reader.rawdata, "is not closed")
    return reader.found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[tuple[str, str]] = []
        self.open: list[str] = []

    def refuse(self, source: str, why: str) -> None:
        self.found.append((source.split("\n")[0][:60], why))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self.open.append(tag)
        if tag not in TAGS:
            self.refuse(f"<{tag}", "is not content: write it in backticks or in a fence")
            return
        if not PLAIN.fullmatch(source := self.get_starttag_text() or ""):
            self.refuse(source, "is no tag that every browser reads alike")
        known = ATTRIBUTES | TAB_INPUT if tag in {"input", "label"} else ATTRIBUTES
        for name, value in attrs:
            self.unseen(value or "")
            if name not in known or (name == "style" and not ALIGNED.fullmatch(value or "")):
                self.refuse(name, f"is no attribute that a `<{tag}>` of a page may have")
            elif name == "id" and _id_of_theme(value or ""):
                self.refuse(value or "", "is an id of the theme's own")
            elif name == "class" and (theirs := _of_theme(value or "")):
                self.refuse(theirs, "is a class of the theme's own")
            elif name in ADDRESSES and not ADDRESSES[name].match(_bare(value or "")):
                kind = "a page links to" if name == "href" else "a page shows pictures from"
                self.refuse(value or "", f"is nothing that {kind}")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)  # a browser closes no tag by its `/`

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            while self.open.pop() != tag:
                pass
        else:  # browsers make a tag of some of these
            self.refuse(f"</{tag}", "ends what has not begun")

    def handle_data(self, data: str) -> None:
        if "<" in data:
            self.refuse(data[data.index("<") :], "is not closed")
        self.unseen(data)

    def handle_entityref(self, name: str) -> None:
        self.unseen(unescape(f"&{name};"), f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.unseen(unescape(f"&#{name};"), f"&#{name};")

    def unseen(self, text: str, source: str = "") -> None:
        """Refuse text that is there and is not seen."""
        if hidden := next(filter(_is_unseen, text), None):
            why = f"is a character that nobody sees (U+{ord(hidden):04X})"
            self.refuse(source or hidden, why)

    def handle_comment(self, data: str) -> None:
        if not REMARK.fullmatch(data):
            self.refuse("<!--", "is no short remark on one line: leave it out")

    def handle_decl(self, decl: str) -> None:
        self.refuse("<!", "is not content: write it in backticks or in a fence")

    def unknown_decl(self, data: str) -> None:
        self.handle_decl(data)

    def handle_pi(self, data: str) -> None:
        self.refuse("<?", "is not content: write it in backticks or in a fence")


def _of_theme(classes: str) -> str | None:
    """The first class that a page may not use."""
    for one in classes.split():
        if (one.startswith("md-") and one not in OWN_CLASSES) or SITE.match(one):
            return one
    return None


def _id_of_theme(name: str) -> bool:
    return name in SITE_IDS or (name.startswith("__") and not OWN_IDS.match(name))


def _is_unseen(char: str) -> bool:
    return char in FILLERS or (unicodedata.category(char) == "Cf" and char not in JOINERS)


def _bare(address: str) -> str:
    """An address as a browser takes it: without blanks and control characters, with slashes."""
    return "".join(char for char in address if char > " ").replace("\\", "/")
