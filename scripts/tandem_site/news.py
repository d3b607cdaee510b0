"""What is new as an Atom feed, and a page at each address that has moved.

The feed is made of docs/whats-new.md, an entry for each dated heading; the moved addresses are
those of hosting/redirects.map, for hosts that know no redirects.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import urljoin
from xml.etree import ElementTree

import markdown
from markdown.extensions.toc import slugify

ATOM = "http://www.w3.org/2005/Atom"
HEADING = re.compile(r"## (?P<day>\d{4}-\d\d-\d\d): (?P<title>.+)")
ROW = re.compile(r"(/\S*/)\s+(/\S*/);")

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


def entries(text: str, base: str) -> Iterator[Entry]:
    """The dated sections of a page; links in them become whole addresses below `base`."""
    for part in re.split(r"(?m)^(?=## )", text)[1:]:
        head, _, body = part.partition("\n")
        match = HEADING.fullmatch(head.strip())
        if match is None:
            continue
        html = re.sub(
            r'href="(?!https?:)([^"#]*?)(?:index)?\.md(#[^"]*)?"',
            lambda link: f'href="{urljoin(base, _folder(link[1]))}{link[2] or ""}"',
            markdown.markdown(body.strip()),
        )
        anchor = slugify(head.removeprefix("## ").strip(), "-")
        yield Entry(match["day"], match["title"], anchor, html)


def _folder(path: str) -> str:
    return path if path.endswith("/") or not path else f"{path}/"


def feed(found: list[Entry], base: str) -> bytes:
    """The Atom feed of the site at `base`; an entry's id never changes with its text."""
    ElementTree.register_namespace("", ATOM)
    root = ElementTree.Element(f"{{{ATOM}}}feed")

    def add(parent: ElementTree.Element, tag: str, text: str = "", **attributes: str) -> None:
        ElementTree.SubElement(parent, f"{{{ATOM}}}{tag}", attributes).text = text or None

    add(root, "title", "Tandem: what's new")
    add(root, "id", urljoin(base, "whats-new/"))
    add(root, "updated", f"{max(one.day for one in found)}T00:00:00Z")
    add(root, "link", href=urljoin(base, "feed.xml"), rel="self", type="application/atom+xml")
    add(root, "link", href=urljoin(base, "whats-new/"), rel="alternate", type="text/html")
    author = ElementTree.SubElement(root, f"{{{ATOM}}}author")
    add(author, "name", "The maintainers of Tandem")
    for one in found:
        entry = ElementTree.SubElement(root, f"{{{ATOM}}}entry")
        place = urljoin(base, f"whats-new/#{one.anchor}")
        add(entry, "title", one.title)
        add(entry, "id", place)
        add(entry, "link", href=place)
        add(entry, "updated", f"{one.day}T00:00:00Z")
        add(entry, "content", one.html, type="html")
    ElementTree.indent(root)
    text: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return text + b"\n"


def moved(text: str) -> dict[str, str]:
    """Old address → new address."""
    return dict(ROW.findall(re.sub(r"(?m)^#.*$", "", text)))


def add(site: Path, base: str, news: str, redirects: str) -> None:
    """Write both into the folder of a built site; raises ValueError for news without a date."""
    found = list(entries(news, base))
    if not found:
        raise ValueError("what is new has no heading `## YYYY-MM-DD: Title`")
    (site / "feed.xml").write_bytes(feed(found, base))
    for old, new in moved(redirects).items():
        file = site / old.strip("/") / "index.html"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(STUB.format(to=escape(urljoin(base, new.lstrip("/")))), encoding="utf-8")
