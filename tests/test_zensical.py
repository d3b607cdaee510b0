"""The same pages from the other builder: Zensical reads the same `mkdocs.yml`.

What it cannot do yet, and so is not compared:
- the search: it has its own index and box, so `docs/assets/search.js` is not used there;
- warnings about pages that `nav` leaves out: it has none, MkDocs's build has, and a link from a
  guide to such a page is a broken one to it, so this build is not strict;
- `edit_uri_template`: it makes no edit link of it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from lxml import html
from tandem.read import rendered
from test_site import PAGES, address_of

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def other(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as Zensical builds it, from a copy of what it reads; `site` has run the check."""
    folder = tmp_path_factory.mktemp("zensical")
    for name in ("docs", "overrides", "scripts/data/answered", "scripts/data/phrasebook"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "mkdocs.yml", folder)
    (folder / ".cache").mkdir()
    shutil.copy(ROOT / ".cache" / "verified.json", folder / ".cache")
    done = subprocess.run(
        [Path(sys.executable).with_name("zensical"), "build"],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return folder / "site"


def _article(site: Path, page: Path) -> html.HtmlElement:
    text = (site / address_of(page) / "index.html").read_text(encoding="utf-8")
    return html.fromstring(text).find(".//article")


def _headings(article: html.HtmlElement) -> list[tuple[str, str | None, str]]:
    found = article.xpath(".//h1 | .//h2 | .//h3 | .//h4")
    return [(one.tag, one.get("id"), " ".join(one.text_content().split())) for one in found]


def _tab_sets(article: html.HtmlElement) -> list[list[str]]:
    sets = article.xpath(".//div[contains(@class, 'tabbed-set')]/div[@class='tabbed-labels']")
    return [[label.text_content().strip() for label in one.iter("label")] for one in sets]


@pytest.mark.parametrize("page", PAGES, ids=address_of)
def test_both_builders_make_the_same_page(page: Path, site: Path, other: Path) -> None:
    ours, theirs = _article(site, page), _article(other, page)
    assert _headings(theirs) == _headings(ours)
    assert _tab_sets(theirs) == _tab_sets(ours)
    text = [html.tostring(one, encoding="unicode") for one in (theirs, ours)]
    assert rendered.blocks(text[0]) == rendered.blocks(text[1])
    notes = [one.xpath("string(.//p[@class='verified'])") for one in (theirs, ours)]
    assert notes[0] == notes[1]


def test_both_have_the_switch_and_the_page_that_is_not_there(site: Path, other: Path) -> None:
    for name in ("index.html", "404.html"):
        tree = html.fromstring((other / name).read_text(encoding="utf-8"))
        assert len(tree.xpath("//div[@class='framework']//input")) == 3
    for folder in (site, other):
        assert "There is no page here" in (folder / "404.html").read_text(encoding="utf-8")
