"""The table of docs/reference/versions.md, from scripts/data/versions.toml.

refresh_versions.py            write the page's table from the data
refresh_versions.py --check    exit status 1 if the page and the data disagree; writes nothing
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "scripts" / "data" / "versions.toml"
PAGE = ROOT / "docs" / "reference" / "versions.md"
BEGIN = "<!-- versions: written by scripts/tools/refresh_versions.py -->"
END = "<!-- versions: end -->"
COLUMNS = ("framework", "version", "released", "fixes", "security", "python")
HEAD = ("framework", "version", "released", "bug fixes until", "security fixes until", "Python")


def table(data: dict[str, Any]) -> str:
    """What stands between the two marks: the day of the check, and a row for each release.

    Raises KeyError if a release lacks one of COLUMNS.
    """
    rows = [HEAD, ("---",) * len(HEAD)]
    rows += [tuple(release[name] for name in COLUMNS) for release in data["release"]]
    day = f"{data['checked']:%d %B %Y}".lstrip("0")
    return "\n".join([f"As of {day}:", "", *(f"| {' | '.join(row)} |" for row in rows)])


def with_table(page: str, new: str) -> str:
    """The page with that table between its marks; ValueError if a mark is not there once."""
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        raise ValueError(f"{PAGE.name}: each of the two marks has to stand there once")
    before, _, rest = page.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{new}\n\n{END}{rest.partition(END)[2]}"


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit status is 0, 1 (disagreement) or 2 (could not run)."""
    parser = argparse.ArgumentParser(description="Refresh the table of versions.")
    parser.add_argument("--check", action="store_true", help="fail if page and data disagree")
    asked = parser.parse_args(arguments)
    old = PAGE.read_text(encoding="utf-8")
    try:
        new = with_table(old, table(tomllib.loads(DATA.read_text(encoding="utf-8"))))
    except (KeyError, ValueError) as wrong:
        print(f"refresh_versions: {wrong}", file=sys.stderr)
        return 2
    if not asked.check:
        PAGE.write_text(new, encoding="utf-8")
        return 0
    if old != new:
        print(f"{PAGE.name} is not what {DATA.name} says: run scripts/tools/refresh_versions.py")
    return int(old != new)


if __name__ == "__main__":
    raise SystemExit(main())
