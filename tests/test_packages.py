"""The table of packages: its page, its data, and the script that makes the one from the other."""

from __future__ import annotations

import importlib.util
import json
from datetime import date
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "refresh_packages", ROOT / "scripts" / "tools" / "refresh_packages.py"
    )
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


refresh = _script()
ONE = {"version": "1.0", "released": "2026-01-31", "django": [], "inactive": False}
PAIRS = '[[pair]]\njob = "Log in"\nflask = ["Flask-Login"]\ndjango_has = "built in"\n'


def test_page_and_data_agree() -> None:
    assert refresh.main(["--check"]) == 0


def test_every_package_has_its_data() -> None:
    pairs = refresh.load_pairs(refresh.PAIRS.read_text())
    assert refresh.names_of(pairs) == list(json.loads(refresh.FACTS.read_text())["packages"])


@pytest.fixture
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """A small page, its pairs and its data, in the places of the real ones."""
    files = {name: tmp_path / name for name in ("PAIRS", "FACTS", "PAGE")}
    files["PAIRS"].write_text(PAIRS)
    files["FACTS"].write_text(
        json.dumps({"checked": "2026-11-05", "packages": {"Flask-Login": ONE}})
    )
    files["PAGE"].write_text(f"# Before\n\n{refresh.BEGIN}\n{refresh.END}\n\nAfter\n")
    for name, path in files.items():
        monkeypatch.setattr(refresh, name, path)
    return files


def test_check_sees_an_old_table_and_page_mends_it(
    copies: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    before = copies["PAGE"].read_text()
    assert refresh.main(["--check"]) == 1
    assert (
        "+| Log in | `Flask-Login` 1.0, Jan 2026, within a year | built in |"
        in capsys.readouterr()[0]
    )
    assert copies["PAGE"].read_text() == before
    assert refresh.main(["--page"]) == 0
    assert refresh.main(["--check"]) == 0
    after = copies["PAGE"].read_text()
    assert after.startswith("# Before\n") and after.endswith("\n\nAfter\n")
    assert "Releases as of 5 November 2026." in after


def test_a_pair_without_data_is_told(
    copies: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    copies["PAIRS"].write_text(PAIRS.replace('["Flask-Login"]', '["Flask-Login", "Flask-New"]'))
    assert refresh.main(["--check"]) == 2
    assert "Flask-New" in capsys.readouterr().err


def test_what_the_index_says_is_written(
    copies: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        refresh, "ask", lambda names: {name: ONE | {"version": "9"} for name in names}
    )
    assert refresh.main([]) == 0
    assert "`Flask-Login` 9, " in copies["PAGE"].read_text()
    assert json.loads(copies["FACTS"].read_text())["packages"]["Flask-Login"]["version"] == "9"
    assert refresh.main(["--check"]) == 0


@pytest.mark.parametrize(
    ("released", "inactive", "said"),
    [
        ("2026-11-05", False, "within a year"),
        ("2025-11-05", False, "within a year"),
        ("2025-11-04", False, "1 to 3 years"),
        ("2023-11-06", False, "1 to 3 years"),
        ("2023-11-05", False, "over 3 years"),
        ("2026-11-05", True, "inactive"),
    ],
)
def test_state(released: str, inactive: bool, said: str) -> None:
    facts = ONE | {"released": released, "inactive": inactive}
    assert refresh.state(facts, date(2026, 11, 5)) == said


def test_newest_django_is_by_number() -> None:
    facts = ONE | {"django": ["4", "4.2", "10.0", "6.1"]}
    assert refresh.cell(facts, "x", date(2026, 11, 5), "django").endswith("names Django 10.0")
    assert "Django" not in refresh.cell(facts, "x", date(2026, 11, 5), "flask")


@pytest.mark.parametrize(
    "text",
    [
        PAIRS.replace("flask =", "flaks ="),
        PAIRS.replace('django_has = "built in"\n', ""),
    ],
)
def test_a_wrong_pair_is_refused(text: str) -> None:
    with pytest.raises(refresh.Wrong):
        refresh.load_pairs(text)
