"""The table of docs/reference/packages.md: from the pairs, and from what the package index says.

    refresh_packages.py            ask the index for versions and dates, then write data and page
    refresh_packages.py --page     write the page's table from the data, without the network
    refresh_packages.py --check    exit status 1 if the page and the data disagree; writes nothing

The pairs are in scripts/data/packages.toml, written by hand; versions, dates and classifiers are in
scripts/data/packages.json, written here. `uv` tells the newest version and when it was uploaded,
`pip` its metadata; both ask the index that they are configured for.
"""

from __future__ import annotations

import argparse
import difflib
import json
import re
import subprocess
import sys
import tempfile
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PAIRS = ROOT / "scripts" / "data" / "packages.toml"
FACTS = ROOT / "scripts" / "data" / "packages.json"
PAGE = ROOT / "docs" / "reference" / "packages.md"
BEGIN = "<!-- packages: written by scripts/tools/refresh_packages.py -->"
END = "<!-- packages: end -->"
DJANGO = "Framework :: Django :: "
INACTIVE = "Development Status :: 7 - Inactive"
AGES = [(365, "within a year"), (3 * 365, "1 to 3 years")]

Facts = dict[str, Any]


class Wrong(Exception):
    """What a person has to fix, said in one line."""


def load_pairs(text: str) -> list[dict[str, Any]]:
    """The pairs, each with a job and something on both sides."""
    pairs: list[dict[str, Any]] = tomllib.loads(text)["pair"]
    for pair in pairs:
        unknown = set(pair) - {"job", "flask", "flask_has", "django", "django_has"}
        if unknown:
            raise Wrong(f"{pair.get('job')}: unknown key {min(unknown)}")
        for side in ("flask", "django"):
            if not pair.get(side) and not pair.get(f"{side}_has"):
                raise Wrong(f"{pair['job']}: nothing for {side}")
    return pairs


def names_of(pairs: list[dict[str, Any]]) -> list[str]:
    """Every package once, sorted without regard to case."""
    found = {name for pair in pairs for side in ("flask", "django") for name in pair.get(side, [])}
    return sorted(found, key=str.lower)


def normal(name: str) -> str:
    """A package's name as indexes write it: Flask_Login is flask-login."""
    return re.sub(r"[-_.]+", "-", name).lower()


def ask(names: list[str]) -> dict[str, Facts]:
    """Version, day of upload and classifiers of the newest release of each package."""
    with tempfile.TemporaryDirectory() as folder:
        wanted, lock, told = (
            Path(folder) / name for name in ("in.txt", "pylock.toml", "told.json")
        )
        wanted.write_text("\n".join(names) + "\n")
        compile_ = ["compile", "--quiet", "--no-deps", "--format", "pylock.toml"]
        _run([sys.executable, "-m", "uv", "pip", *compile_, "--python", sys.executable,
              str(wanted), "-o", str(lock)])  # fmt: skip
        locked = tomllib.loads(lock.read_text())["packages"]
        wanted.write_text("".join(f"{one['name']}=={one['version']}\n" for one in locked))
        install = ["install", "--quiet", "--dry-run", "--ignore-installed", "--no-deps"]
        _run([sys.executable, "-m", "pip", *install, "--report", str(told), "-r", str(wanted)])
        report = json.loads(told.read_text())["install"]
    classifiers = {
        normal(one["metadata"]["name"]): one["metadata"].get("classifier", []) for one in report
    }
    found = {}
    for one in locked:
        files = [*one.get("wheels", []), *([one["sdist"]] if "sdist" in one else [])]
        said = classifiers[normal(one["name"])]
        found[normal(one["name"])] = {
            "version": one["version"],
            "released": min(file["upload-time"] for file in files).date().isoformat(),
            "django": [row.removeprefix(DJANGO) for row in said if row.startswith(DJANGO)],
            "inactive": INACTIVE in said,
        }
    return {name: found[normal(name)] for name in names}


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        rows = done.stderr.strip().splitlines() or ["no reason given"]
        raise Wrong(f"{' '.join(command[2:4])}: {rows[-1]}")


def state(facts: Facts, checked: date) -> str:
    """What a package's data say of its upkeep: the age of the last release, or its own word."""
    if facts["inactive"]:
        return "inactive"
    age = (checked - date.fromisoformat(facts["released"])).days
    return next((word for days, word in AGES if age <= days), "over 3 years")


def cell(facts: Facts, name: str, checked: date, side: str) -> str:
    """A package in the table: name, version, month, state; among apps, the newest Django named."""
    released = date.fromisoformat(facts["released"])
    kept = state(facts, checked)
    shown = kept if kept == AGES[0][1] else f"**{kept}**"
    newest = max((row for row in facts["django"] if "." in row), key=_number, default=None)
    named = f", names Django {newest}" if newest and side == "django" else ""
    return f"`{name}` {facts['version']}, {released:%b %Y}, {shown}{named}"


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def table(pairs: list[dict[str, Any]], data: Facts) -> str:
    """What stands between the two marks: the day, and a row a pair."""
    checked = date.fromisoformat(data["checked"])
    rows = [
        f"Releases as of {checked:%d %B %Y}.".replace(" 0", " "),
        "",
        "| job | Flask | Django |",
        "| --- | --- | --- |",
    ]
    for pair in pairs:
        sides = []
        for side in ("flask", "django"):
            has = [pair[f"{side}_has"]] if f"{side}_has" in pair else []
            names = pair.get(side, [])
            known = [cell(data["packages"][name], name, checked, side) for name in names]
            sides.append("<br>".join(has + known))
        rows.append(f"| {pair['job']} | {sides[0]} | {sides[1]} |")
    return "\n".join(rows)


def with_table(page: str, new: str, begin: str = BEGIN, end: str = END) -> str:
    """The page with that table between its two marks; Wrong if one is not there once."""
    for mark in (begin, end):
        if page.count(mark) != 1:
            raise Wrong(f"the page has to have the mark {mark} once")
    before, _, rest = page.partition(begin)
    return f"{before}{begin}\n\n{new}\n\n{end}{rest.partition(end)[2]}"


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit status is 0, 1 (disagreement) or 2 (could not run)."""
    parser = argparse.ArgumentParser(description="Refresh the table of packages.")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--page", action="store_true", help="write the page from the data")
    mode.add_argument("--check", action="store_true", help="fail if page and data disagree")
    asked = parser.parse_args(arguments)
    try:
        pairs = load_pairs(PAIRS.read_text(encoding="utf-8"))
        if asked.page or asked.check:
            data = json.loads(FACTS.read_text(encoding="utf-8"))
        else:
            data = {
                "checked": datetime.now(UTC).date().isoformat(),
                "packages": ask(names_of(pairs)),
            }
        differing = sorted(set(names_of(pairs)) ^ set(data["packages"]))
        if differing:
            raise Wrong(f"{', '.join(differing)}: not in both files of data; run without an option")
        old = PAGE.read_text(encoding="utf-8")
        new = with_table(old, table(pairs, data))
    except Wrong as wrong:
        print(f"refresh_packages: {wrong}", file=sys.stderr)
        return 2
    if asked.check:
        sys.stdout.writelines(
            difflib.unified_diff(
                old.splitlines(keepends=True), new.splitlines(keepends=True), "page", "data"
            )
        )
        return int(old != new)
    if not asked.page:
        FACTS.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
    PAGE.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
