"""The built site shows what was checked, and asks no other host for anything."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from tandem import rendered, walkthrough

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
FOREIGN = re.compile(
    r'<(?:script|img|iframe|link(?! rel="canonical"))[^>]*(?:src|href)="(?:https?:)?//'
)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built as it is published, with warnings as errors."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    done = subprocess.run(
        [*command, "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def _built(site: Path, page: Path) -> str:
    path = page.relative_to(DOCS).with_suffix("")
    folder = path.parent if path.name == "index" else path
    return (site / folder / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_what_is_rendered_is_what_was_checked(page: Path, site: Path) -> None:
    html = _built(site, page)
    article = html[html.index("<article") : html.index("</article>")]
    source = walkthrough.load([page], ROOT).pages[page.resolve()]
    assert not source.problems
    assert rendered.blocks(article) == [rendered.expected(block) for block in source.blocks]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_no_other_host_is_asked(page: Path, site: Path) -> None:
    assert not FOREIGN.findall(_built(site, page))


def test_a_panel_says_who_asks_and_who_answers(site: Path) -> None:
    html = (site / "index.html").read_text(encoding="utf-8")
    assert '<div class="exchange">' in html
    panels = re.findall(r'<div class="(request|response)\b[^>]*><span[^>]*><span[^>]*>(\w+)<', html)
    assert panels == [("request", "Request"), ("response", "Response")] * (len(panels) // 2)
    assert panels


def test_a_block_that_is_not_followed_is_marked(tmp_path: Path) -> None:
    text = '# Page\n\n```{ .console .not-run title="needs a cloud" }\n$ deploy\n```\n'
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text(text)
    configuration = (ROOT / "mkdocs.yml").read_text().partition("\nnav:")[0]
    configuration = configuration.replace("custom_dir: overrides", "")
    (tmp_path / "mkdocs.yml").write_text(configuration)
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert "not-run" in (tmp_path / "site" / "index.html").read_text()
