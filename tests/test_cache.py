"""What is remembered of a check: taken again for what has not changed, and from nobody else."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from checker import ROOT, command

PAGE = """---
title: A page
---

# A page

```console
$ echo one
one
```
"""
CHILD = """---
title: A child
starts_from: page.md
---

# A child

```console
$ echo two
two
```
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A project of its own with two pages, and a home for the key of its user."""

    folder: Path
    home: Path

    def check(self, *arguments: str) -> tuple[int, str, dict[str, Any]]:
        """Exit status, the last line of the report, and the data."""
        data = self.folder / "data.json"
        pages = [self.folder / "docs" / name for name in ("page.md", "child.md")]
        done = subprocess.run(
            command(*pages, "--json", data, *arguments),
            cwd=self.folder,
            env={**os.environ, "XDG_CACHE_HOME": str(self.home)},
            capture_output=True,
            text=True,
        )
        found = json.loads(data.read_text())
        return done.returncode, done.stdout.rstrip().rpartition("\n")[2], found

    def cached(self, *arguments: str) -> str:
        """How many walks came from the cache, as the report says it."""
        status, summary, _ = self.check(*arguments)
        assert status == 0, summary
        return next(part for part in summary.split(", ") if part.endswith("cached"))

    def entries(self) -> list[Path]:
        return sorted((self.folder / ".cache" / "tandem").glob("*/result.json"))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    (tmp_path / "docs" / "page.md").write_text(PAGE)
    (tmp_path / "docs" / "child.md").write_text(CHILD)
    place = Place(tmp_path, tmp_path / "home")
    assert place.cached() == "0 of 2 walks cached"
    return place


def test_nothing_changed(place: Place) -> None:
    assert place.cached() == "2 of 2 walks cached"


def test_no_cache(place: Place) -> None:
    assert place.cached("--no-cache") == "0 of 2 walks cached"


def test_a_changed_page_is_run_again_alone(place: Place) -> None:
    (place.folder / "docs" / "child.md").write_text(CHILD + "\nOne more sentence.\n")
    assert place.cached() == "1 of 2 walks cached"


def test_what_starts_from_a_changed_page_is_run_again(place: Place) -> None:
    (place.folder / "docs" / "page.md").write_text(PAGE + "\nOne more sentence.\n")
    assert place.cached() == "0 of 2 walks cached"


def test_another_time_limit_is_another_check(place: Place) -> None:
    assert place.cached("--seconds", "19") == "0 of 2 walks cached"


def test_a_state_that_is_gone_is_made_again(place: Place) -> None:
    states = list((place.folder / ".cache" / "tandem").glob("*/state.tar"))
    assert len(states) == 1
    states[0].unlink()
    assert place.cached() == "1 of 2 walks cached"


def test_a_state_that_was_changed_is_made_again(place: Place) -> None:
    (state,) = (place.folder / ".cache" / "tandem").glob("*/state.tar")
    state.write_bytes(state.read_bytes()[:-1] + b"x")
    assert place.cached() == "1 of 2 walks cached"


def test_another_user_s_cache_is_not_believed(place: Place) -> None:
    """A folder that came with a branch was signed with another key, or not at all."""
    shutil.rmtree(place.home)
    assert place.cached() == "0 of 2 walks cached"


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"signature": "", "state": "", "result": {}}'])
def test_what_is_no_entry_is_run_again(place: Place, text: str) -> None:
    for entry in place.entries():
        entry.write_text(text)
    assert place.cached() == "0 of 2 walks cached"


def test_a_forged_result_is_run_again(place: Place) -> None:
    """The page fails now; an entry under its name that says otherwise has no signature of ours."""
    wrong = CHILD.replace("two\n```", "three\n```")
    (place.folder / "docs" / "child.md").write_text(wrong)
    status, _, before = place.check()
    assert status == 1
    entries = place.entries()
    for entry in entries:
        data = json.loads(entry.read_text())
        data["result"]["page"] = "docs/child.md"
        entry.write_text(json.dumps(data))
    status, _, after = place.check()
    assert status == 1
    assert not before["pages"]["docs/child.md"]["held"]
    assert not after["pages"]["docs/child.md"]["held"]


def test_the_key_is_nobody_else_s(place: Place) -> None:
    (key,) = place.home.glob("tandem/*")
    assert key.stat().st_mode & 0o777 == 0o600
    assert len(key.read_bytes()) == 32


def test_what_was_run_is_told_and_not_what_the_file_is_afterwards(place: Place) -> None:
    page = place.folder / "docs" / "page.md"
    import hashlib

    _, _, data = place.check()
    assert data["pages"]["docs/page.md"]["sha256"] == hashlib.sha256(page.read_bytes()).hexdigest()
