"""Terms of the glossary: the first mention on a page links to its entry and tells its meaning.

The glossary is a definition list; an entry's meaning is the first sentence of its definition.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from markdown import Markdown
from markdown.extensions.toc import slugify
from markdown.treeprocessors import Treeprocessor

from tandem_site import where
from tandem_site.where import Source

GLOSSARY = "reference/glossary.md"
ENTRY = re.compile(r"^([^\s:#>`|-][^\n]*)\n(?:\n)?: {1,3}([^\n]+)", re.MULTILINE)
WITHIN = {"p", "li", "td", "dd"}  # where a mention is linked
WITHOUT = {"a", "code", "pre", "h1", "h2", "h3", "h4", "abbr"}


def entries(text: str) -> dict[str, str]:
    """Each term of a glossary's Markdown with its meaning as plain words."""
    found = {}
    for term, meaning in ENTRY.findall(text):
        term = re.sub(r"\s*\{.*?\}\s*$|[`*]", "", term).strip()
        meaning = re.sub(r"\[([^\]]+)\]\([^)]*\)|[`*]", r"\1", meaning)
        found[term] = re.split(r"(?<=[.!?]) (?=[A-Z])", meaning.strip())[0]
    return found


def anchor(term: str) -> str:
    """The id of a term's entry on the page of the glossary."""
    return slugify(term, "-")


class Terms(Treeprocessor):
    """Gives the glossary's entries their anchors, and links to them from all other pages."""

    def __init__(self, md: Markdown, source: Source) -> None:
        super().__init__(md)
        self.source = source
        file = source.docs / GLOSSARY
        self.meanings = entries(file.read_text(encoding="utf-8")) if file.is_file() else {}

    def run(self, root: Element) -> None:
        page = self.source.page
        if page is None or not self.meanings:
            return
        if page == self.source.docs / GLOSSARY:
            for entry in root.iter("dt"):
                entry.set("id", entry.get("id") or anchor("".join(entry.itertext())))
            return
        target = where.link(page, GLOSSARY, self.source.docs)
        longest = sorted(self.meanings, key=len, reverse=True)
        words = "|".join(re.escape(term) for term in longest)
        pattern = re.compile(rf"(?<![\w.@/-])({words})(?:s|es)?(?![\w(/-])", re.IGNORECASE)
        known = {term.lower(): term for term in longest}
        seen: set[str] = set()
        for parent, child in list(_texts(root)):
            text = (parent.text if child is None else child.tail) or ""
            for match in pattern.finditer(text):
                term = known[match[1].lower()]
                if term in seen:
                    continue
                seen.add(term)
                link = Element("a", {"class": "term", "title": self.meanings[term]})
                link.set("href", f"{target}#{anchor(term)}")
                link.text, link.tail = match[0], text[match.end() :]
                _insert(parent, child, link, text[: match.start()])
                break  # one link in a stretch of text is enough


def _texts(root: Element, inside: bool = False) -> Iterator[tuple[Element, Element | None]]:
    """Stretches of text where terms are linked: an element's own (None) or a child's tail."""
    inside = inside or root.tag in WITHIN
    if inside:
        yield root, None
    for child in root:
        if child.tag not in WITHOUT:
            yield from _texts(child, inside)
        if inside:
            yield root, child


def _insert(parent: Element, child: Element | None, link: Element, before: str) -> None:
    if child is None:
        parent.text = before
        parent.insert(0, link)
    else:
        child.tail = before
        parent.insert(list(parent).index(child) + 1, link)
