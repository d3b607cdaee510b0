"""What is new as an Atom feed, and a page at each address that has moved.

The feed is made of the built page that docs/whats-new.md became, an entry for each dated heading,
so that it holds what the page shows; the moved addresses are those of hosting/redirects.map, for
hosts that know no redirects.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import urljoin
from xml.etree import ElementTree

from lxml import html

from tandem_site.markup import Tree, classes, read

ATOM = "http://www.w3.org/2005/Atom"
PAGE = "whats-new/"
HEADING = re.compile(r"(?P<day>\d{4}-\d\d-\d\d): (?P<title>.+)")
ADDRESS = r"(/(?:\w[\w-]*/)+)"
ROW = re.compile(rf"{ADDRESS}\s+{ADDRESS};")
WITHOUT = {"button", "input", "label", "svg"}  # what only works on the page

STUB = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>This page has moved</title>
<meta name="robots" content="noindex">
<meta http-equiv="refresh" content="0; url={to}">
<link rel="canonical" href="{to}">
</head>
<body><p>This page has moved to <a href="{to}">{to}</a>.</p></body>
</html>
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One piece of news: its day, its title, its anchor on the page, its text as HTML."""

    day: str
    title: str
    anchor: str
    html: str


def entries(page: Tree, address: str) -> Iterator[Entry]:
    """The dated sections of the page that stands at `address`, with whole addresses in links."""
    for heading in page.xpath("//article//h2[@id]"):
        said = "".join(heading.xpath("text() | *[not(@class='headerlink')]//text()"))
        match = HEADING.fullmatch(" ".join(said.split()))
        if match is None:
            continue
        parts = []
        for part in heading.itersiblings():
            if part.tag == "h2" or "verified" in classes(part):
                break
            parts.append(html.tostring(_alone(part, address), encoding="unicode").strip())
        yield Entry(match["day"], match["title"], heading.get("id"), "\n".join(parts))


def _alone(part: Tree, address: str) -> Tree:
    """A part of the page as it stands elsewhere: plain elements, links to whole addresses."""
    part = deepcopy(part)
    part.tail = None
    for element in list(part.iter()):
        if element.tag in WITHOUT or "headerlink" in classes(element):
            element.drop_tree()
            continue
        target = element.get("href")
        element.attrib.clear()
        if target is not None:
            element.set("href", urljoin(address, target))
    return part


def feed(found: list[Entry], base: str) -> bytes:
    """The Atom feed of the site at `base`; an entry's id never changes with its text."""
    ElementTree.register_namespace("", ATOM)
    root = ElementTree.Element(f"{{{ATOM}}}feed")

    def add(parent: ElementTree.Element, tag: str, text: str = "", **attributes: str) -> None:
        ElementTree.SubElement(parent, f"{{{ATOM}}}{tag}", attributes).text = text or None

    add(root, "title", "Tandem: what's new")
    add(root, "id", urljoin(base, PAGE))
    add(root, "updated", f"{max(one.day for one in found)}T00:00:00Z")
    add(root, "link", href=urljoin(base, "feed.xml"), rel="self", type="application/atom+xml")
    add(root, "link", href=urljoin(base, PAGE), rel="alternate", type="text/html")
    author = ElementTree.SubElement(root, f"{{{ATOM}}}author")
    add(author, "name", "The maintainers of Tandem")
    for one in found:
        entry = ElementTree.SubElement(root, f"{{{ATOM}}}entry")
        place = urljoin(base, f"{PAGE}#{one.anchor}")
        add(entry, "title", one.title)
        add(entry, "id", place)
        add(entry, "link", href=place)
        add(entry, "updated", f"{one.day}T00:00:00Z")
        add(entry, "content", one.html, type="html")
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def moved(text: str) -> dict[str, str]:
    """Old address → new address; raises ValueError, which names the line, for any other row."""
    found = {}
    for number, row in enumerate(text.splitlines(), 1):
        if not row.strip() or row.startswith("#"):
            continue
        match = ROW.fullmatch(row.strip())
        if match is None:
            raise ValueError(
                f"redirects.map:{number}: a row is `/old/address/ /new/address/;` with letters,"
                " digits and hyphens between the slashes"
            )
        found[match[1]] = match[2]
    return found


def add(site: Path, base: str, redirects: str) -> None:
    """Write both into the folder of a built site, which is served at `base`.

    Raises ValueError for news without a date, and for a row that leads from or to a wrong address.
    """
    found = list(entries(read(site / PAGE / "index.html"), urljoin(base, PAGE)))
    if not found:
        raise ValueError("docs/whats-new.md: no heading is `## YYYY-MM-DD: Title`")
    (site / "feed.xml").write_bytes(feed(found, base))
    rows = moved(redirects)
    for old, new in rows.items():
        if (site / old.strip("/") / "index.html").exists():
            raise ValueError(f"redirects.map: there is a page at {old}, which has not moved")
        if not (site / new.strip("/") / "index.html").is_file():
            raise ValueError(f"redirects.map: there is no page at {new}, where {old} leads")
    for old, new in rows.items():
        file = site / old.strip("/") / "index.html"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(STUB.format(to=escape(urljoin(base, new.lstrip("/")))), encoding="utf-8")
