"""What is remembered of a check: taken again for what has not changed, and from nobody else."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from dataclasses import dataclass, replace
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

    def check(self, *arguments: str, **variables: str) -> tuple[int, str, dict[str, Any]]:
        """Exit status, the last line of the report, and the data."""
        data = self.folder / "data.json"
        pages = [self.folder / "docs" / name for name in ("page.md", "child.md")]
        done = subprocess.run(
            command(*pages, "--examples", "--json", data, *arguments),
            cwd=self.folder,
            env={**os.environ, "XDG_CACHE_HOME": str(self.home), **variables},
            capture_output=True,
            text=True,
        )
        found = json.loads(data.read_text())
        return done.returncode, done.stdout.rstrip().rpartition("\n")[2], found

    def cached(self, *arguments: str, **variables: str) -> str:
        """How many walks came from the cache, as the report says it."""
        status, summary, _ = self.check(*arguments, **variables)
        assert status == 0, summary
        return next(part for part in summary.split(", ") if part.endswith("cached"))

    def state(self) -> Path:
        """The project at the end of the page that the other one starts from."""
        (entry,) = (
            entry for entry in self.entries()
            if json.loads(entry.read_text())["result"]["page"] == "docs/page.md"
        )  # fmt: skip
        return entry.with_name("state.tar")

    def entries(self) -> list[Path]:
        return sorted((self.folder / ".cache" / "tandem").glob("*/result.json"))


@pytest.fixture
def place(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Place:
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    (tmp_path / "docs" / "page.md").write_text(PAGE)
    (tmp_path / "docs" / "child.md").write_text(CHILD)
    place = Place(tmp_path, tmp_path_factory.mktemp("home"))
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
    place.state().unlink()
    assert place.cached() == "1 of 2 walks cached"


def test_a_state_that_was_changed_is_made_again(place: Place) -> None:
    state = place.state()
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


def test_a_genuine_entry_is_believed_under_its_own_name_alone(place: Place) -> None:
    """Signed by this user, but for another walk: copied to where this one's would be."""
    child = place.folder / "docs" / "child.md"
    before = set(place.entries())
    child.write_text(CHILD.replace("echo two", "echo  two"))
    assert place.cached() == "1 of 2 walks cached"
    (entry,) = set(place.entries()) - before
    for other in before:
        if json.loads(other.read_text())["result"]["page"] == "docs/child.md":
            shutil.copy(other, entry)
    assert place.cached() == "1 of 2 walks cached"


@pytest.mark.parametrize("field", ["ran", "outcomes"])
def test_a_changed_entry_is_run_again(place: Place, field: str) -> None:
    """What a page gave is believed as it was signed, to the letter."""
    for entry in place.entries():
        data = json.loads(entry.read_text())
        data["result"][field] = "2000-01-01" if field == "ran" else data["result"][field] * 2
        entry.write_text(json.dumps(data))
    assert place.cached() == "0 of 2 walks cached"


def test_the_key_is_nobody_else_s(place: Place) -> None:
    (key,) = place.home.glob("tandem/*")
    assert key.stat().st_mode & 0o777 == 0o600
    assert len(key.read_bytes()) == 32


@pytest.mark.parametrize("fault", ["others may read it", "it is too short", "it is a link"])
def test_a_key_that_is_not_this_user_s_alone_is_replaced(place: Place, fault: str) -> None:
    (key,) = place.home.glob("tandem/key")
    if fault == "others may read it":
        key.chmod(0o644)
    elif fault == "it is too short":
        key.write_bytes(b"key")
    else:
        key.rename(key.with_name("elsewhere"))
        key.symlink_to("elsewhere")
    assert place.cached() == "0 of 2 walks cached"
    assert place.cached() == "2 of 2 walks cached"
    assert not key.is_symlink()
    assert key.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("home", [".cache", "inside"])
def test_no_key_lies_in_a_checkout(place: Place, home: str) -> None:
    """A relative XDG_CACHE_HOME is ignored, and one in the checkout holds no key: it is no home."""
    away = replace(place, home=Path(home) if home == ".cache" else place.folder / home)
    assert away.cached(HOME=str(place.folder)) == "0 of 2 walks cached"
    assert away.cached(HOME=str(place.folder)) == "0 of 2 walks cached"
    assert [*place.folder.rglob("tandem/key")] == []


def test_what_was_run_is_told_and_not_what_the_file_is_afterwards(place: Place) -> None:
    """An editor saves a page that has been followed while another one still is."""
    page, child = (place.folder / "docs" / name for name in ("page.md", "child.md"))
    text = PAGE.replace("one", "four")
    page.write_text(text)
    child.write_text(CHILD.replace("echo two", "sleep 1; echo two"))
    data = place.folder / "data.json"
    with subprocess.Popen(
        command(page, child, "--json", data),
        cwd=place.folder,
        env={**os.environ, "XDG_CACHE_HOME": str(place.home)},
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stderr is not None
        assert "docs/page.md Flask: held" in running.stderr.readline()
        page.write_text(text + "\nSaved in the meantime.\n")
        running.stderr.read()
    told = json.loads(data.read_text())["pages"]["docs/page.md"]["sha256"]
    assert told == hashlib.sha256(text.encode()).hexdigest()
