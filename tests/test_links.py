"""The HTML of every page: valid, and no link of the site leads nowhere."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import html5lib
import pytest
from lxml import html
from test_site import PAGES, SEEN, address_of

HOST = "http://site.example/"


def _tree(site: Path, path: str) -> html.HtmlElement:
    file = site / path / "index.html" if not path.endswith(".html") else site / path
    return html.fromstring(file.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def anchors(site: Path) -> dict[str, set[str]]:
    """The ids of each page, by its path."""
    found = {}
    for page in PAGES:
        path = address_of(page)
        found[path] = {one.get("id") for one in _tree(site, path).iter() if one.get("id")}
    return found


@pytest.mark.parametrize("path", [*map(address_of, SEEN), "404.html"])
def test_html_is_valid(site: Path, path: str) -> None:
    file = site / path if path.endswith(".html") else site / path / "index.html"
    parser = html5lib.HTMLParser(strict=False)
    parser.parse(file.read_text(encoding="utf-8"))
    assert [(place, code) for place, code, _ in parser.errors] == []
    ids = Counter(one.get("id") for one in _tree(site, path).iter() if one.get("id"))
    assert [name for name, count in ids.items() if count > 1] == []
    assert not [one for one in _tree(site, path).iter("img") if one.get("alt") is None]


@pytest.mark.parametrize("page", PAGES, ids=address_of)
def test_links_and_anchors_lead_somewhere(
    page: Path, site: Path, anchors: dict[str, set[str]]
) -> None:
    path = address_of(page)
    broken = []
    for element in _tree(site, path).iter():
        for name in ("href", "src"):
            link = element.get(name) if isinstance(element.tag, str) else None
            if not link or link.startswith(("data:", "mailto:", "javascript:")):
                continue
            url, anchor = urldefrag(urljoin(HOST + path, link))
            if not url.startswith(HOST):
                continue
            target = unquote(urlsplit(url).path).lstrip("/")
            if target.removesuffix("index.html") in anchors:
                ids = anchors[target.removesuffix("index.html")]
                if anchor and unquote(anchor) not in ids:
                    broken.append(link)
            elif not (site / target).is_file():
                broken.append(link)
    assert broken == []
