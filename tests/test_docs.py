"""Every page of the site holds, for each of its readers: a test a page and framework."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from tandem import report
from tandem.outcome import Framework, Result
from tandem.read import walkthrough
from tandem.run.schedule import Options, check

ROOT = Path(__file__).resolve().parents[1]
DOCS = sorted((ROOT / "docs").rglob("*.md"))
SITE = walkthrough.load(DOCS, ROOT)
WALKS = [key for key in SITE.needed(None) if not SITE.pages[key[0]].needs_no_examples]

Results = dict[tuple[str, Framework | None], Result]


def _name(path: Path) -> str:
    return SITE.pages[path].name


@pytest.fixture(scope="session")
def results(request: pytest.FixtureRequest) -> Results:
    """The results of the pages that are to be tested in this run, checked side by side."""
    wanted = {
        item.callspec.params["path"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and "results" in item.fixturenames and item.callspec
    }
    site = walkthrough.load(sorted(wanted), ROOT)
    options = Options(jobs=2 * (os.cpu_count() or 1), cache=ROOT / ".cache" / "tandem")
    return {(one.page, one.framework): one for one in check(site, options, lambda _: None)}


@pytest.mark.parametrize(
    ("path", "framework"), WALKS, ids=[f"{_name(path)}-{framework}" for path, framework in WALKS]
)
def test_page_holds(path: Path, framework: Framework, results: Results) -> None:
    found = [results[_name(path), None], results[_name(path), framework]]
    told = io.StringIO()
    report.terminal(found, 0.0, told)
    assert all(one.held for one in found), told.getvalue()
    if found[1].left_out:
        pytest.skip(found[1].left_out)
    assert found[1].count("passed") > 0


def test_few_blocks_are_not_run() -> None:
    blocks = [block for path in DOCS for block in SITE.pages[path.resolve()].blocks]
    shown = [block for block in blocks if block.kind != "illustration" or block.not_run]
    other = [block for block in shown if block.not_run or any(tab.index for tab in block.tabs
             if tab.label not in {"Flask", "Django"})]  # fmt: skip
    assert shown
    assert len(other) <= 0.02 * len(shown), [block.line for block in other]
