"""How many of the frameworks' public names the phrasebook has, by kind, and which it leaves out.

    phrasebook_coverage.py             a table: names of each kind, in the phrasebook, left out
    phrasebook_coverage.py --missing   the names that are in neither, and the patterns that leave
                                       nothing out; exit status 1 if there are any

What is public is asked of the installed packages: `__all__`, the attributes of classes, the default
settings, the tags and filters of the engines, the options of the commands. Names that are left out
on purpose are in scripts/data/phrasebook_left_out.toml, by patterns, with a reason each.
"""

from __future__ import annotations

import argparse
import fnmatch
import re
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "scripts"), str(ROOT / "scripts" / "tools")]

from phrasebook_installed import start  # noqa: E402
from phrasebook_public import KINDS, Kind  # noqa: E402
from tandem_site import phrasebook  # noqa: E402

DATA = ROOT / "scripts" / "data" / "phrasebook"
LEFT_OUT = ROOT / "scripts" / "data" / "phrasebook_left_out.toml"
# Proxies, and the classes of what they stand for.
BEHIND = {
    "flask.request": "flask.Request",
    "flask.current_app": "flask.Flask",
    "flask_login.current_user": "flask_login.UserMixin",
}


@dataclass(frozen=True)
class Count:
    """The names of a kind, by where they are."""

    kind: Kind
    found: frozenset[str]
    left_out: frozenset[str]
    missing: frozenset[str]

    @property
    def share(self) -> float:
        whole = len(self.found) + len(self.missing) + len(self.left_out)
        return len(self.found) / whole if whole else 1.0


def plain(name: str) -> str:
    """A name as the kinds have it: an import path, a call with an argument, or what it is."""
    match = phrasebook.PATH.fullmatch(name)
    if not match:
        name = name.replace("django-admin ", "manage.py ")
        return re.sub(r"\(\) \}\}$", " }}", name).partition("[")[0]
    path = f"{match['module']}.{match['name']}"
    for proxy, owner in BEHIND.items():
        if path.startswith(proxy + "."):
            path = owner + path.removeprefix(proxy)
    return path + (match["call"] if (match["call"] or "()") != "()" else "")


def in_rows(side: str) -> set[str]:
    """The names of one side that stand in rows."""
    groups = phrasebook.known(DATA)
    found = {plain(one.name) for group in groups for row in group.rows for one in row.sides[side]}
    # An argument of a class and the class share one line of documentation.
    return found | {one.partition("(")[0] for one in found if one.endswith("=)")}


def count(kind: Kind, rows: set[str], left_out: list[dict[str, Any]]) -> Count:
    start()
    every = set(kind.names())
    patterns = [
        pattern
        for one in left_out
        if one.get("side", kind.side) == kind.side and one.get("kind", kind.label) == kind.label
        for pattern in one["names"]
    ]
    found = every & rows
    out = {
        name
        for name in every - found
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)
    }
    return Count(kind, frozenset(found), frozenset(out), frozenset(every - found - out))


def stale(counts: list[Count]) -> list[str]:
    """The patterns of the names left out to which no such name is left."""
    left_out = tomllib.loads(LEFT_OUT.read_text(encoding="utf-8"))["left_out"]
    gone = []
    for one in left_out:
        names_of = {
            name
            for each in counts
            if one.get("side", each.kind.side) == each.kind.side
            and one.get("kind", each.kind.label) == each.kind.label
            for name in each.left_out
        }
        gone += [pattern for pattern in one["names"] if not fnmatch.filter(names_of, pattern)]
    return gone


def all_counts() -> list[Count]:
    left_out = tomllib.loads(LEFT_OUT.read_text(encoding="utf-8"))["left_out"]
    rows = {side: in_rows(side) for side in ("flask", "django")}
    return [count(kind, rows[kind.side], left_out) for kind in KINDS]


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit status is 0, or 1 if --missing finds a name."""
    parser = argparse.ArgumentParser(description="Measure the phrasebook's coverage.")
    parser.add_argument("--missing", action="store_true", help="the names that are in no row")
    asked = parser.parse_args(arguments)
    counts = all_counts()
    if asked.missing:
        for pattern in (gone := stale(counts)):
            print(f"{LEFT_OUT.name}: nothing is called {pattern}")
        for one in counts:
            for name in sorted(one.missing):
                print(f"{one.kind.side}\t{one.kind.label}\t{name}")
        return int(bool(gone) or any(one.missing for one in counts))
    print(f"{'side':7} {'kind':34} {'names':>6} {'rows':>6} {'out':>6} {'missing':>8} {'share':>6}")
    for one in counts:
        whole = len(one.found) + len(one.left_out) + len(one.missing)
        print(
            f"{one.kind.side:7} {one.kind.label:34} {whole:6} {len(one.found):6}"
            f" {len(one.left_out):6} {len(one.missing):8} {one.share:6.0%}"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
