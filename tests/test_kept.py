"""What is kept of a walk: a project with its packages, or nothing of what a page's world sends."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest
from tandem.run import kept


def state(files: dict[str, str], installed: object = None) -> bytes:
    """A state as a walk sends it, with these files of the project."""
    said = json.dumps({"sources": {}, "installed": installed})
    texts = {f"notes/{name}": text for name, text in files.items()} | {"sources.json": said}
    kept = io.BytesIO()
    with tarfile.open(fileobj=kept, mode="w") as archive:
        for name, text in texts.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text.encode())
            archive.addfile(entry, io.BytesIO(text.encode()))
    return kept.getvalue()


def names(folder: Path) -> set[str]:
    rows = (folder / "requirements.txt").read_text().splitlines()
    return {row.partition("==")[0].lower() for row in rows}


def test_what_files_import_and_commands_start_is_needed(tmp_path: Path) -> None:
    files = {"app.py": "import flask_sqlalchemy\n", "broken.py": "def f(:"}
    kept.keep(state(files), tmp_path / "kept", "flask", ["gunicorn app:app"])
    assert {"flask", "flask-sqlalchemy", "sqlalchemy", "gunicorn"} <= names(tmp_path / "kept")
    assert "django" not in names(tmp_path / "kept")


def test_what_was_installed_is_needed_and_nothing_else(tmp_path: Path) -> None:
    one = state({"app.py": "import flask_sqlalchemy\n"}, ["django", "no-such-package"])
    kept.keep(one, tmp_path / "kept", "django", ["gunicorn app:app"])
    assert names(tmp_path / "kept") == {"django", "asgiref", "sqlparse"}


def test_a_page_s_own_requirements_stay_and_what_was_kept_before_goes(tmp_path: Path) -> None:
    kept.keep(state({"old.py": ""}), tmp_path / "kept", "flask", [])
    kept.keep(state({"requirements.txt": "Flask\n"}), tmp_path / "kept", "flask", [])
    assert [one.name for one in (tmp_path / "kept").iterdir()] == ["requirements.txt"]
    assert (tmp_path / "kept" / "requirements.txt").read_text() == "Flask\n"


@pytest.mark.parametrize(
    "data",
    [b"", b"no archive", state({"../../evil.py": "x"}), state({"app.py": ""}, 3), state({})],
    ids=["empty", "no archive", "beside the folder", "no names", "no project"],
)
def test_what_is_no_state_is_refused_and_leaves_nothing(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(kept.BadState):
        kept.keep(data, tmp_path / "a" / "kept", "flask", [])
    assert [*tmp_path.rglob("*")] == [tmp_path / "a"]
