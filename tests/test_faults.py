"""Every fault that a page can have is found, and the page without it holds: see README.md."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from checker import (
    HEAD,
    ISOLATED,
    PAGES,
    ROOT,
    Run,
    adopt_orphans,
    all_fit,
    below,
    check,
    listening,
    told,
)  # fmt: skip
from tandem.world import namespaces as sandbox

FOLDERS = sorted(path for path in PAGES.iterdir() if path.is_dir())
# What the caller has exported reaches no example: `unset-secret` and `unset-variable` need these.
CALLER = {"NAME": "Ada", "FLASK_APP": "hello", "GITHUB_TOKEN": "secret"}
PORTS = set(range(47001, 47100))  # those that the pages use
CAN_ISOLATE = sandbox.available()


@dataclass(frozen=True, slots=True)
class Both:
    """The run over all good pages, that over all bad ones, and what both left behind."""

    good: Run
    bad: Run
    processes: set[str]
    ports: set[int]
    files: list[Path]


@pytest.fixture(scope="session")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    good, bad = tmp_path_factory.mktemp("good"), tmp_path_factory.mktemp("bad")
    adopt_orphans(True)
    processes, ports = below(os.getpid()), listening()
    wanted = [page for page in PAGES.glob("*/*.md") if _can_run(page.parent)]
    pages = sorted(wanted, key=lambda page: page.name != "good.md")
    half = sum(page.name == "good.md" for page in pages)
    results = (
        check(*pages[:half], "--seconds", "20", folder=good, **CALLER),
        check(*pages[half:], "--jobs", "6", folder=bad, **CALLER),  # they wait more than they work
    )
    left = {text for pid, text in below(os.getpid()).items() if pid not in processes}
    files = [*(good / "tmp").iterdir(), *(bad / "tmp").iterdir()]
    yield Both(*results, left, (listening() - ports) & PORTS, files)
    adopt_orphans(False)


def _can_run(folder: Path) -> bool:
    return CAN_ISOLATE or folder.name not in ISOLATED


@pytest.mark.parametrize("folder", [*filter(_can_run, FOLDERS)], ids=lambda folder: folder.name)
def test_good(both: Both, folder: Path) -> None:
    page = (folder / "good.md").relative_to(ROOT).as_posix()
    assert [one for one in both.good.told if one.page == page] == []
    result = both.good.data["pages"][page]
    outcomes = [
        block["outcome"] for walk in result["frameworks"].values() for block in walk["blocks"]
    ]
    assert result["held"]
    assert set(outcomes) <= {"passed", "not run"}
    assert "passed" in outcomes or "examples: none" in (folder / "good.md").read_text()


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_bad(both: Both, folder: Path) -> None:
    if not _can_run(folder):
        pytest.skip("this kernel gives a walk no world of its own")
    name = folder.relative_to(ROOT).as_posix()
    want = told((folder / "report.txt").read_text())
    got = [one for one in both.bad.told if one.page.startswith(f"{name}/")]
    assert both.bad.data["pages"][f"{name}/bad.md"]["held"] is False
    if not all_fit(want, got):
        came = "\n".join("\n    ".join([one.head, *one.rows]) for one in got)
        pytest.fail(f"{name}/report.txt does not fit what came:\n{came}", pytrace=False)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_folder(folder: Path) -> None:
    """A page without its twin, or a report that anything would fit, proves nothing."""
    assert {"good.md", "bad.md", "report.txt"} <= {path.name for path in folder.iterdir()}
    report = (folder / "report.txt").read_text().splitlines()
    assert all(HEAD.fullmatch(row) or row.startswith("    ") for row in report)
    for one in told("\n".join(report)):
        match = HEAD.fullmatch(one.head)
        assert match and match["message"].replace("...", "").strip(" :")
        page = ROOT / match["path"]
        assert page.parent == folder and page.name != "good.md"
        assert 0 < int(match["line"]) <= len(page.read_text().splitlines())


def test_statuses(both: Both) -> None:
    assert (both.good.status, both.bad.status) == (0, 1)


def test_summary(both: Both) -> None:
    pages = len(both.bad.data["pages"])
    assert re.fullmatch(
        rf"{len(both.bad.told)} failures, \d+ steps not tried, {pages} pages, \d+ blocks run,"
        r" \d+ not run,"
        r" 0 of \d+ walks cached, \d+\.\d s",
        both.bad.summary,
    )
    assert re.fullmatch(r"\d+ pages, \d+ blocks run, .+ s", both.good.summary)


def test_progress(both: Both) -> None:
    """A line a walk, on the other stream; nothing that steers a terminal where there is none."""
    walks = sum(len(page["frameworks"]) for page in both.good.data["pages"].values())
    assert f"[{walks}/{walks}] " in both.good.stderr
    assert "\x1b" not in both.good.stderr + both.bad.stderr + both.bad.stdout


def test_nothing_is_left(both: Both) -> None:
    assert both.processes == set()
    assert both.ports == set()
    assert both.files == []
