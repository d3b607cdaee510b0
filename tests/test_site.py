"""The built site shows what was checked, and asks no other host for anything."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
from pathlib import Path

import markdown
import pytest
from checker import built_alone
from tandem.read import rendered, walkthrough
from tandem_site import phrasebook

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
ANSWERS = sorted((DOCS / "answers").glob("*/*.md"))
# Answers are many and made alike: what takes a browser or long looks at some of them.
SEEN = sorted(({*PAGES} - {*ANSWERS}) | {*ANSWERS[::60]})


def address_of(page: Path) -> str:
    """Where a page of `docs` stands below the site: `guides/x/`, "" for the first."""
    path = page.relative_to(DOCS).with_suffix("")
    folder = path.parent if path.name == "index" else path
    return "" if folder == Path() else f"{folder.as_posix()}/"


def _built(site: Path, page: Path) -> str:
    return (site / address_of(page) / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_what_is_rendered_is_what_was_checked(page: Path, site: Path) -> None:
    html = _built(site, page)
    article = html[html.index("<article") : html.index("</article>")]
    source = walkthrough.load([page], ROOT).pages[page.resolve()]
    assert not source.problems
    assert rendered.blocks(article) == [rendered.expected(block) for block in source.blocks]


def test_a_panel_says_who_asks_and_who_answers(site: Path) -> None:
    html = (site / "index.html").read_text(encoding="utf-8")
    assert '<div class="exchange' in html
    panels = re.findall(r'<div class="(request|response)\b[^>]*><span[^>]*><span[^>]*>(\w+)<', html)
    assert panels == [("request", "Request"), ("response", "Response")] * (len(panels) // 2)
    assert panels


def test_a_block_that_is_not_followed_is_marked(tmp_path: Path) -> None:
    text = '# Page\n\n```{ .console .not-run title="needs a cloud" }\n$ deploy\n```\n'
    assert "not-run" in built_alone(tmp_path, text)


def test_every_page_says_what_was_run(site: Path) -> None:
    found = 0
    for page in PAGES:
        html = _built(site, page)
        note = re.search(r'<p class="verified"><a href="([^"]+)">Verified</a> on ([^<]+)</p>', html)
        source = walkthrough.load([page], ROOT).pages[page.resolve()]
        assert (note is None) == source.needs_no_examples
        if note:
            assert re.fullmatch(
                r"\d+ \w+ \d{4}: \d+ blocks run(, \d+ not run)?, on Python [\d.]+, Flask [\d.]+,"
                r" Django [\d.]+\.",
                note[2],
            )
            found += 1
    listed = _built(site, DOCS / "reference" / "verified.md")
    topics = {page.parent for page in ANSWERS}
    assert listed.count("<tr>") == 1 + found - len(ANSWERS) + len(topics)


def test_a_page_edited_since_says_nothing(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "index.md").write_text("# Page\n\nOne.\n")
    digest = hashlib.sha256((docs / "index.md").read_bytes()).hexdigest()
    block = {"line": 3, "kind": "http", "outcome": "passed"}
    reader = {"ran": "2026-11-25T10:00:00+00:00", "blocks": [block]}
    entry = {"sha256": digest, "held": True, "frameworks": {"flask": reader}}
    results = tmp_path / "results.json"
    data = {"versions": {"flask": "3.1.3"}, "pages": {"docs/index.md": entry}}
    results.write_text(json.dumps(data))
    options = {"tandem_site.extension": {"results": str(results), "docs": str(docs)}}

    def rendered_now() -> str:
        converter = markdown.Markdown(extensions=list(options), extension_configs=options)
        return converter.convert((docs / "index.md").read_text())

    assert "Verified</a> on 25 November 2026: 1 blocks run, on Flask 3.1.3." in rendered_now()
    (docs / "index.md").write_text("# Page\n\nTwo.\n")
    assert "Verified" not in rendered_now()


def test_a_page_says_where_its_note_stands(site: Path) -> None:
    """The first page shows what was run beside what it is about, above the list of all pages."""
    html = (site / "index.html").read_text(encoding="utf-8")
    assert html.count('<p class="verified">') == 1
    assert html.index('<p class="verified">') < html.index('id="all-pages"')
    assert "[[checked]]" not in html


def test_the_matrix_is_listed_by_page_and_version(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "verified.md").write_text("# List\n\n[[verified]]\n")
    (docs / "page.md").write_text("# Page\n")
    digest = hashlib.sha256((docs / "page.md").read_bytes()).hexdigest()
    reader = {"ran": "2026-11-25T10:00:00+00:00", "blocks": []}
    entry = {"sha256": digest, "held": True, "frameworks": {"flask": reader}}
    results = tmp_path / "verified.json"
    results.write_text(json.dumps({"versions": {}, "pages": {"docs/page.md": entry}}))
    cell = {"versions": {"django": "5.2.1"}, "pages": {"docs/page.md": {"django": "not run"}}}
    matrix = {"environments": [{**cell, "texts": {"docs/page.md": digest}}]}
    results.with_name("matrix.json").write_text(json.dumps(matrix))
    options = {"tandem_site.extension": {"results": str(results), "docs": str(docs)}}
    html = markdown.markdown(
        (docs / "verified.md").read_text(), extensions=list(options), extension_configs=options
    )
    assert '<th scope="col">Django 5.2.1</th>' in html
    assert re.search(r'<a href="../page.md">page</a></td>\s*<td>not run</td>', html)


def test_a_page_stands_beside_its_markdown_and_its_picture(site: Path) -> None:
    listed = (site / "llms.txt").read_text(encoding="utf-8")
    for page in PAGES:
        path = address_of(page)
        made = page.parent == DOCS / phrasebook.PAGES  # with the rows: see test_phrasebook.py
        assert made or (site / path / "index.md").read_bytes() == page.read_bytes()
        assert f"/{path}index.md)" in listed
        html = _built(site, page)
        image = re.search(r'property="og:image" content="[^"]*/(assets/cards/[^"]+)"', html)
        assert image
        assert (site / image[1]).read_bytes().startswith(b"\x89PNG")
        assert 'rel="edit"' in html
    assert "Sitemap: " in (site / "robots.txt").read_text()


def test_the_search_index_is_lean(site: Path) -> None:
    guides, answers = (site / "search" / name for name in ("index.json", "answers.json"))
    assert len(gzip.compress(guides.read_bytes(), 9)) <= 2048 * (len(PAGES) - len(ANSWERS))
    assert len(gzip.compress(answers.read_bytes(), 9)) <= 2048 * len(ANSWERS)
    assert not (site / "search" / "search_index.json").exists()
