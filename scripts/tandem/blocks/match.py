"""Compare what a page shows with what came, where `...` stands for anything."""

from __future__ import annotations

import difflib
import functools
import re


def lines_of(text: str) -> list[str]:
    """A text's lines without trailing blanks, neither in a line nor at the end."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def mismatch(want: list[str], got: list[str], *, prefix: bool = False) -> int | None:
    """The index of the first line of `want` that does not fit `got`; None if all fit.

    `...` alone on a line fits any run of lines, inside a line any run of characters.
    With `prefix`, more lines may follow in `got`. When `got` goes on after all of `want`,
    the index is that of the last line wanted.
    """
    places = {0}  # how many lines of `got` may be used up by the lines of `want` so far
    for index, line in enumerate(want):
        if line.strip() == "...":
            places = set(range(min(places), len(got) + 1))
        else:
            pattern = _pattern(line)
            places = {at + 1 for at in places if at < len(got) and pattern.fullmatch(got[at])}
        if not places:
            return index
    if prefix or len(got) in places:
        return None
    return max(len(want) - 1, 0)


def fits(want: str, got: str) -> bool:
    """Whether one line (a header's value, a string in JSON) fits."""
    return _pattern(want).fullmatch(got) is not None


def difference(want: list[str], got: list[str], limit: int = 40) -> str:
    """A diff for people: `-` is what the page shows, `+` what came."""
    rows = []
    for row in difflib.ndiff(_resolved(want, got), got):
        if row.startswith("? "):
            continue
        rows.append(row.rstrip())
    if len(rows) > limit:
        changed = next(i for i, row in enumerate(rows) if not row.startswith("  "))
        start = max(0, changed - 3)
        rows = ["  ..."] * bool(start) + rows[start : start + limit] + ["  ... (cut)"]
    return "\n".join(["- shown, + came", *rows])


def _resolved(want: list[str], got: list[str]) -> list[str]:
    """`want` with each line that holds `...` replaced by the first line it fits."""
    return [
        next((g for g in got if "..." in w and w.strip() != "..." and fits(w, g)), w) for w in want
    ]


@functools.lru_cache(maxsize=4096)
def _pattern(line: str) -> re.Pattern[str]:
    return re.compile(".*".join(re.escape(part) for part in line.split("...")), re.DOTALL)
