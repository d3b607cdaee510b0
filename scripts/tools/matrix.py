"""Follow every page on other versions: the Pythons that are here, Flask's and Django's series.

Each cell of the matrix is an environment of its own below .cache/matrix, with the locked
packages and other frameworks; `--newest` takes the newest of everything, pre-releases too. The
table and .cache/matrix.json say for each page what held. `--markdown FILE` writes the pages
that broke, for an issue.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".cache" / "matrix"
RESULTS = ROOT / ".cache" / "matrix.json"
PYTHONS = ("3.12", "3.13", "3.14", "3.15", "3.16")
DJANGOS = ("5.2", "6.0", "6.1")  # 5.2 has long-term support
FLASKS = ("3.1",)
FRAMEWORKS = {"flask", "django"}
UV = str(Path(sys.executable).with_name("uv"))


@dataclass(frozen=True, slots=True)
class Cell:
    """One environment: a Python, and the series of each framework ("" for the newest)."""

    python: str
    flask: str
    django: str

    @property
    def name(self) -> str:
        if not self.flask + self.django:
            return f"py{self.python}-newest"
        return f"py{self.python}-flask{self.flask}-django{self.django}"


@dataclass(slots=True)
class Outcome:
    """What a cell gave: versions, and for each page and framework a word; `error`: why nothing."""

    cell: Cell
    versions: dict[str, str] = field(default_factory=dict)
    pages: dict[str, dict[str, str]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    error: str = ""

    def count(self, word: str) -> int:
        return sum(list(page.values()).count(word) for page in self.pages.values())

    @property
    def broken(self) -> list[str]:
        return sorted(page for page, words in self.pages.items() if "failed" in words.values())


def main() -> int:
    """Returns 1 if a page does not hold somewhere, 2 if no cell could be made, else 0."""
    options = _parser().parse_args()
    if options.merge:
        outcomes = [_from_data(row) for file in options.merge for row in _rows(file)]
    else:
        outcomes = [_run(cell, options) for cell in _cells(options)]
    if not outcomes:
        print("matrix: none of these Pythons is here", file=sys.stderr)
        return 2
    RESULTS.parent.mkdir(exist_ok=True)
    data = {"environments": [{**asdict(one), "cell": one.cell.name} for one in outcomes]}
    RESULTS.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    print(_table(outcomes))
    if options.markdown:
        options.markdown.write_text(_issue(outcomes), encoding="utf-8")
    return int(any(one.broken or one.error for one in outcomes))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("pages", nargs="*", help="pages or folders; docs/ if none is given")
    parser.add_argument("--python", action="append", metavar="3.13", help="only this Python")
    parser.add_argument("--flask", action="append", metavar="3.1", help="only this series")
    parser.add_argument("--django", action="append", metavar="5.2", help="only this series")
    parser.add_argument("--newest", action="store_true", help="the newest, pre-releases too")
    parser.add_argument("--shard", default="1/1", metavar="K/N", help="a part of the pages")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write what broke")
    parser.add_argument("--merge", type=Path, nargs="+", metavar="FILE", help="only join results")
    return parser


def _cells(options: argparse.Namespace) -> Iterator[Cell]:
    """Each Python with all series, or with the newest of everything."""
    for python in options.python or PYTHONS:
        if _find(python) is None:
            print(f"matrix: no python{python} here", file=sys.stderr)
            continue
        if options.newest:
            yield Cell(python, "", "")
            continue
        djangos, flasks = options.django or DJANGOS, options.flask or FLASKS
        for django, flask in zip_longest(djangos, flasks, fillvalue=flasks[-1]):
            yield Cell(python, flask, django)


@functools.cache
def _find(version: str) -> str | None:
    """A Python of this version that runs: this one, one on PATH, or one that pyenv keeps."""
    kept = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    for python in (sys.executable, f"python{version}", *map(str, kept)):
        code = "import sys; print('%d.%d' % sys.version_info[:2])"
        with contextlib.suppress(OSError):
            done = subprocess.run([python, "-c", code], capture_output=True, text=True)
            if done.stdout.strip() == version:
                return python
    return None


def _run(cell: Cell, options: argparse.Namespace) -> Outcome:
    outcome = Outcome(cell)
    venv = FOLDER / cell.name
    try:
        _make(cell, venv)
    except subprocess.CalledProcessError as error:
        outcome.error = (error.stderr or "").strip().splitlines()[-1][:300]
        return outcome
    file = venv / "results.json"
    file.unlink(missing_ok=True)
    command = [venv / "bin" / "python", ROOT / "scripts" / "check_examples.py", "--examples"]
    command += ["--json", file]
    done = subprocess.run([*command, "--shard", options.shard, *options.pages], cwd=ROOT)
    if done.returncode not in {0, 1}:
        outcome.error = f"the check ended with status {done.returncode}"
        return outcome
    data = json.loads(file.read_text(encoding="utf-8"))
    outcome.versions = data["versions"]
    for name, page in data["pages"].items():
        outcome.texts[name] = page["sha256"]
        outcome.pages[name] = {who: _word(walk) for who, walk in page["frameworks"].items()}
    return outcome


def _word(walk: dict[str, Any]) -> str:
    words = {block["outcome"] for block in walk["blocks"]}
    return "failed" if "failed" in words else "held" if "passed" in words else "not run"


def _make(cell: Cell, venv: Path) -> None:
    """The locked packages with this cell's frameworks; nothing is done a second time."""
    locks = [ROOT / "requirements" / f"{name}.txt" for name in ("examples", "site")]
    sources = [ROOT / "requirements" / f"{name}.in" for name in ("examples", "site")]
    wanted = [line for file in locks for line in _pinned(file)]
    tools = _pinned(ROOT / "requirements" / "dev.txt")
    wanted += [line for line in tools if line.startswith("setuptools==")]  # a page speaks of it
    stamp = "\n".join([cell.name, *wanted])
    if not cell.flask and not cell.django:
        stamp = ""  # the newest of tomorrow is another one
    done = venv / "packages.txt"
    if stamp and done.is_file() and done.read_text() == stamp:
        return
    shutil.rmtree(venv, ignore_errors=True)
    python = _find(cell.python) or cell.python
    _uv("venv", "--quiet", "--no-python-downloads", "--python", python, venv)
    install = ["pip", "install", "--quiet", "--python", venv / "bin" / "python"]
    if stamp:
        done.write_text("\n".join(wanted))
        frameworks = [f"flask~={cell.flask}.0", f"django~={cell.django}.0"]
        _uv(*install, "--no-deps", "-r", done, *frameworks)
    else:
        loose = [re.sub(r"[<>=].*", "", row) for file in sources for row in _rows_of(file)]
        _uv(*install, "--prerelease", "allow", "--upgrade", *loose)
    packages = next((venv / "lib").glob("python*/site-packages"))
    (packages / "tandem.pth").write_text(str(ROOT / "scripts") + "\n")
    done.write_text(stamp)


def _uv(*arguments: str | Path) -> None:
    subprocess.run([UV, *map(str, arguments)], check=True, capture_output=True, text=True, cwd=ROOT)


def _pinned(lock: Path) -> Iterator[str]:
    """A lock's packages without hashes and without the frameworks."""
    for row in lock.read_text(encoding="utf-8").splitlines():
        text = row.partition(" \\")[0].strip()
        named = "==" in text and not row.startswith((" ", "#"))
        if named and text.partition("==")[0].strip() not in FRAMEWORKS:
            yield text


def _rows_of(file: Path) -> list[str]:
    rows = file.read_text(encoding="utf-8").splitlines()
    return [row for row in rows if row and not row.startswith("#")]


def _rows(file: Path) -> list[dict[str, Any]]:
    return list(json.loads(file.read_text(encoding="utf-8"))["environments"])


def _from_data(row: dict[str, Any]) -> Outcome:
    match = re.fullmatch(r"py([\d.]+)-(?:newest|flask([\d.]+)-django([\d.]+))", row["cell"])
    assert match, row["cell"]
    return Outcome(Cell(match[1], match[2] or "", match[3] or ""), row["versions"], row["pages"],
                   row["texts"], row["error"])  # fmt: skip


def _table(outcomes: list[Outcome]) -> str:
    rows = [("Python", "Flask", "Django", "pages", "held", "not run", "failed")]
    for one in outcomes:
        versions = [one.versions.get(name, "-") for name in ("python", "flask", "django")]
        words = [str(one.count(word)) for word in ("held", "not run", "failed")]
        rows.append((*versions, str(len(one.pages)), *words))
    wide = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(f"{text:<{w}}" for text, w in zip(row, wide, strict=True)) for row in rows]
    for one in outcomes:
        lines += [f"{one.cell.name}: {one.error}"] * bool(one.error)
        lines += [f"{one.cell.name}: {page} does not hold" for page in one.broken]
    return "\n".join(line.rstrip() for line in lines)


def _issue(outcomes: list[Outcome]) -> str:
    """What broke, for people: Markdown, or nothing when all held."""
    rows = []
    for one in outcomes:
        if not one.broken and not one.error:
            continue
        versions = ", ".join(f"{name} {version}" for name, version in one.versions.items())
        rows += [f"## {one.cell.name}", "", *filter(None, (versions, one.error)), ""]
        for page in one.broken:
            who = [name for name, word in one.pages[page].items() if word == "failed"]
            rows.append(f"- [ ] `{page}` ({', '.join(who)})")
        rows.append("")
    return "\n".join(rows)


if __name__ == "__main__":
    sys.exit(main())
