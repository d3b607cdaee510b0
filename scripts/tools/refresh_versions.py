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

from refresh_packages import Wrong, with_table

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


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit status is 0, 1 (disagreement) or 2 (could not run)."""
    parser = argparse.ArgumentParser(description="Refresh the table of versions.")
    parser.add_argument("--check", action="store_true", help="fail if page and data disagree")
    asked = parser.parse_args(arguments)
    old = PAGE.read_text(encoding="utf-8")
    try:
        new = with_table(old, table(tomllib.loads(DATA.read_text(encoding="utf-8"))), BEGIN, END)
    except (KeyError, ValueError, Wrong) as wrong:
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
