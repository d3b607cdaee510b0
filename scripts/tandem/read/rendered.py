"""What the site renders of a page, to prove that it is what the checker saw.

The page is rendered by Python-Markdown with the extensions that `mkdocs.yml` names, as the
site is, but without colours. Then its code blocks and those that `tandem.pages` read have to
be the same, in the same tabs, in the same order.
"""

from __future__ import annotations

import difflib
import functools
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser
from typing import Any

import markdown

from tandem.blocks.match import difference
from tandem.outcome import Failure
from tandem.read import safe
from tandem.read.pages import Block, Page, plain_title

EXTENSIONS = (
    "abbr", "admonition", "attr_list", "def_list", "footnotes", "md_in_html", "tables",
    "toc", "pymdownx.details", "pymdownx.highlight", "pymdownx.inlinehilite",
    "pymdownx.superfences", "pymdownx.tabbed",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shown:
    """A code block as the site has it: its title, its text, the labels of its tabs."""

    title: str
    text: str
    tabs: tuple[str, ...]

    def lines(self) -> list[str]:
        return [f"tabs: {', '.join(self.tabs)}", f"title: {self.title}", *self.text.split("\n")]


def problems(page: Page) -> list[Failure]:
    """Where the rendered page has another code block than the source; [] if all agree."""
    body = page.text.replace("\r\n", "\n")
    if body.startswith("---\n"):
        body = body.partition("\n---\n")[2]
    html = _converter().reset().convert(body)
    if acting := [_at(page, source, why) for source, why in safe.problems(html)]:
        return acting
    shown = blocks(html)
    want = [expected(block) for block in page.blocks]
    matcher = difflib.SequenceMatcher(None, want, shown, autojunk=False)
    for kind, i, i_end, j, j_end in matcher.get_opcodes():
        if kind == "equal":
            continue
        if j_end - j > i_end - i:
            first = shown[j].text.strip().split("\n")[0].strip()
            what = f"the site shows a code block that no fence makes: `{first}`"
            rows = enumerate(page.text.split("\n"), 1)
            return [Failure(page.location(next((n for n, row in rows if first in row), 1)), what)]
        at = page.location(page.blocks[i].line)
        if kind == "delete":
            return [Failure(at, "the site does not show this block as code")]
        what = "the site shows this block in another way than it stands here"
        return [Failure(at, what, difference(want[i].lines(), shown[j].lines()))]
    return []


def forget() -> None:
    """Begin with a fresh converter: one that was stopped in its midst keeps what it had begun."""
    _converter.cache_clear()


def _at(page: Page, source: str, why: str) -> Failure:
    """What may not stand on a page, at the first line of its text that has it."""
    aside = {n for block in page.blocks for n in range(block.line, block.at(len(block.lines)) + 1)}
    if page.text.startswith("---\n"):
        aside |= set(range(1, page.text.partition("\n---\n")[0].count("\n") + 2))
    rows = [(n, row) for n, row in enumerate(page.text.split("\n"), 1) if n not in aside]
    line = next((n for n, row in rows if source.lower() in row.lower()), 1)
    return Failure(page.location(line), f"`{source}` {why}")


def expected(block: Block) -> Shown:
    """What a block of a page has to look like on the site."""
    return Shown(block.title, _plain(block.text), tuple(tab.label for tab in block.tabs))


def blocks(html: str) -> list[Shown]:
    """The code blocks of a rendered page, in order; an exchange counts as one block."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.found


def _plain(text: str) -> str:
    """A block's text without blank lines, which a panel of an exchange may drop."""
    return "\n".join(line.rstrip() for line in text.split("\n") if line.strip())


@functools.cache
def _converter() -> markdown.Markdown:
    plain = {"name": "*", "class": "", "format": _format, "validator": _accept}
    return markdown.Markdown(
        extensions=list(EXTENSIONS),
        extension_configs={
            "pymdownx.superfences": {"custom_fences": [plain], "preserve_tabs": True},
            "pymdownx.tabbed": {"alternate_style": True},
        },
    )


def _accept(
    language: str, inputs: dict[str, str], options: dict[str, str], attrs: dict[str, str], md: Any
) -> bool:
    """Any option will do here: `tandem.pages` has looked at them."""
    options.update(inputs)
    return True


def _format(
    source: str, language: str, css_class: str, options: dict[str, str], md: Any, **_: Any
) -> str:
    title = (
        f'<span class="filename">{escape(options["title"])}</span>' if "title" in options else ""
    )
    return f"<div>{title}<pre>{escape(source)}</pre></div>"


@dataclass(slots=True)
class _Open:
    tag: str
    classes: frozenset[str]
    labels: list[str]
    seen: int = 0


class _Reader(HTMLParser):
    """Collects `<pre>` texts with the titles before them and the tabs around them."""

    VOID = frozenset({"input", "br", "hr", "img", "meta", "link", "wbr", "source", "col"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Shown] = []
        self.stack: list[_Open] = []
        self.text: list[str] = []
        self.title = ""
        self.exchange: list[str] | None = None

    def inside(self, name: str) -> bool:
        return any(name in one.classes or one.tag == name for one in self.stack)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in self.VOID:
            return
        classes = frozenset((dict(attrs).get("class") or "").split())
        if "tabbed-block" in classes:
            self.set().seen += 1
        self.stack.append(_Open(tag, classes, []))
        if tag in {"pre", "label"} or classes & {"filename", "sender"}:
            self.text = []
        if "exchange" in classes:
            self.exchange = []

    def set(self) -> _Open:
        """The tab set around here."""
        return next(one for one in reversed(self.stack) if "tabbed-set" in one.classes)

    def handle_data(self, data: str) -> None:
        if not self.inside("exchange-chrome") or self.inside("sender"):
            self.text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.VOID:
            return
        while self.stack and self.stack[-1].tag != tag:
            self.stack.pop()
        if not self.stack:
            return
        closed = self.stack.pop()
        text = "".join(self.text)
        if tag == "label" and self.inside("tabbed-labels"):
            self.set().labels.append(text.strip())
        elif closed.classes & {"filename", "sender"}:
            self.title = plain_title(text)
        elif tag == "pre" and self.exchange is not None:
            self.exchange.append(text)
        elif tag == "pre":
            self.add(text)
        elif "exchange" in closed.classes and self.exchange is not None:
            self.add("\n".join(self.exchange))
            self.exchange = None

    def add(self, text: str) -> None:
        sets = [one for one in self.stack if "tabbed-set" in one.classes]
        tabs = tuple(one.labels[one.seen - 1] for one in sets)
        self.found.append(Shown(self.title, _plain(text), tabs))
        self.title = ""
