"""The version matrix: which cells there are, what they tell, and what an issue says of them."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from checker import ROOT

SCRIPT = ROOT / "scripts" / "tools" / "matrix.py"


@pytest.fixture(scope="module")
def matrix() -> ModuleType:
    spec = spec_from_file_location("matrix", SCRIPT)
    assert spec and spec.loader
    module = sys.modules["matrix"] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _data(tmp_path: Path, cell: str, django: str, word: str, error: str = "") -> Path:
    versions = {"python": "3.13.0", "flask": "3.1.3", "django": django}
    pages = {"docs/a.md": {"flask": "held", "django": word}, "docs/b.md": {"flask": "held"}}
    row = {"cell": cell, "versions": versions, "pages": pages, "texts": {}, "error": error}
    file = tmp_path / f"{cell}.json"
    file.write_text(json.dumps({"environments": [row]}))
    return file


def _merge(tmp_path: Path, *files: Path) -> tuple[subprocess.CompletedProcess[str], str]:
    """Joins results in a copy, whose own results stay what they are."""
    (tmp_path / "scripts" / "tools").mkdir(parents=True)
    script = tmp_path / "scripts" / "tools" / "matrix.py"
    script.write_text(SCRIPT.read_text())
    issue = tmp_path / "issue.md"
    command = [sys.executable, script, "--merge", *files, "--markdown", issue]
    return subprocess.run(command, capture_output=True, text=True), issue.read_text()


def test_a_table_and_an_issue(tmp_path: Path) -> None:
    held = _data(tmp_path, "py3.13-flask3.1-django6.1", "6.1.3", "held")
    left_out = _data(tmp_path, "py3.13-flask3.1-django5.2", "5.2.19", "not run")
    broken = _data(tmp_path, "py3.13-newest", "6.2b1", "failed")
    done, issue = _merge(tmp_path, held, left_out, broken)
    assert done.returncode == 1
    table = [re.split(r"  +", row) for row in done.stdout.splitlines()]
    assert table == [
        ["Python", "Flask", "Django", "pages", "held", "not run", "failed"],
        ["3.13.0", "3.1.3", "6.1.3", "2", "3", "0", "0"],
        ["3.13.0", "3.1.3", "5.2.19", "2", "2", "1", "0"],
        ["3.13.0", "3.1.3", "6.2b1", "2", "2", "0", "1"],
        ["py3.13-newest: docs/a.md does not hold"],
    ]
    assert issue == (
        "## py3.13-newest\n\npython 3.13.0, flask 3.1.3, django 6.2b1\n\n"
        "- [ ] `docs/a.md` (django)\n"
    )
    data = json.loads((tmp_path / ".cache" / "matrix.json").read_text())
    assert [one["cell"] for one in data["environments"]][-1] == "py3.13-newest"


def test_all_held(tmp_path: Path) -> None:
    done, issue = _merge(tmp_path, _data(tmp_path, "py3.13-newest", "6.2", "held"))
    assert (done.returncode, issue) == (0, "")


def test_an_environment_that_cannot_be_made(tmp_path: Path) -> None:
    file = _data(tmp_path, "py3.15-newest", "6.2", "held", error="no wheel for psycopg")
    done, issue = _merge(tmp_path, file)
    assert done.returncode == 1
    assert "py3.15-newest: no wheel for psycopg" in done.stdout and "no wheel" in issue


def test_cells(matrix: ModuleType) -> None:
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    options = argparse.Namespace(python=[own], flask=None, django=None, newest=False)
    names = [cell.name for cell in matrix._cells(options)]
    assert names == [f"py{own}-flask3.1-django{one}" for one in ("5.2", "6.0", "6.1")]
    options.newest = True
    assert [cell.name for cell in matrix._cells(options)] == [f"py{own}-newest"]


def test_a_python_that_is_not_here(matrix: ModuleType) -> None:
    assert matrix._find("3.99") is None


def test_frameworks_are_not_pinned_by_the_lock(matrix: ModuleType) -> None:
    pinned = list(matrix._pinned(ROOT / "requirements" / "examples.txt"))
    names = {row.partition("==")[0] for row in pinned}
    assert {"werkzeug", "sqlalchemy"} <= names and not names & {"flask", "django"}
    assert all("hash" not in row for row in pinned)
