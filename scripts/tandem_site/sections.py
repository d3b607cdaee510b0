"""What a page says, cut at its headings, for the search: read from the page as it was built."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape

from tandem_site.markup import Tree, classes

HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
# These part words, and `<pre>` parts code from text as well.
KEPT = {"p", "code", "pre", "li", "ol", "ul", "sub", "sup"}
NEVER = {"script", "style", "object", "noscript"}
AROUND = {"md-content__button"}  # what stands in an article and is not of the page


@dataclass(slots=True)
class Section:
    """A heading and what follows it, as HTML of `KEPT` only; `place` is its anchor, "" at first."""

    place: str = ""
    depth: float = 0  # in how many elements of the article its heading stands
    title: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)


def cut(article: Tree) -> Iterator[Section]:
    """The sections of an article, the first with what stands before any heading."""
    found: list[Section] = []
    now = Section()
    for part in article:
        if isinstance(part.tag, str) and not AROUND.intersection(classes(part)):
            now = _read(part, 1, found, now)
        now.text.append(_text(part.tail))
    yield from found


def _read(element: Tree, depth: int, found: list[Section], now: Section) -> Section:
    """Add what an element says to the sections; the one that goes on behind it."""
    tag = element.tag
    if tag in NEVER or element.get("data-search-exclude") is not None:
        return now
    if tag in HEADINGS and element.get("id"):
        now = Section(f"#{element.get('id')}" if found else "", depth)
        now.title.append(_title(element))
        found.append(now)
        return now
    if not found:
        found.append(now)
    if tag in KEPT:
        now.text.append(f"<{tag}>")
    now.text.append(_text(element.text))
    for part in element:
        if isinstance(part.tag, str):
            now = _read(part, depth + 1, found, now)
        now.text.append(_text(part.tail))
    if now.depth > depth:  # a heading inside of this element ends with it
        before = next((one for one in reversed(found) if one.depth <= depth), now)
        now.depth, now = float("inf"), before
    if tag in KEPT:
        now.text.append(f"</{tag}>")
    return now


def _title(heading: Tree) -> str:
    links = "a[contains(concat(' ', @class, ' '), ' headerlink ')]"
    return "".join(heading.xpath(f".//text()[not(ancestor::{links})]")).strip()


def _text(text: str | None) -> str:
    return escape(text or "", quote=False)
