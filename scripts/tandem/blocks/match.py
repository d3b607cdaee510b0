"""Compare what a page shows with what came; `...` stands for anything, `$NAME` for a value."""

from __future__ import annotations

import difflib
import functools
import re

NAME = re.compile(r"\$([A-Z][A-Z0-9_]*)")
WINDOW = 40  # lines of a difference that are looked at
CONTEXT = 3

Values = dict[str, str]


def lines_of(text: str) -> list[str]:
    """A text's lines without trailing blanks, neither in a line nor at the end."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def mismatch(
    want: list[str], got: list[str], values: Values | None = None, *, prefix: bool = False
) -> int | None:
    """The index of the first line of `want` that does not fit `got`; None if all fit.

    `...` alone on a line fits any run of lines, inside a line any run of characters.
    With `prefix`, more lines may follow in `got`. When `got` goes on after all of `want`,
    the index is that of the last line wanted. `values`: see `fits`.
    """
    index, places = _follow(want, got, values)
    if index < len(want):
        return index
    if prefix or len(got) in places:
        return None
    return max(len(want) - 1, 0)


def _follow(want: list[str], got: list[str], values: Values | None) -> tuple[int, set[int]]:
    """How many lines of `want` fit, and how many of `got` these may have used up."""
    places = {0}
    for index, line in enumerate(want):
        if line.strip() == "...":
            after = set(range(min(places), len(got) + 1))
        else:
            after = {at + 1 for at in places if at < len(got) and fits(line, got[at], values)}
        if not after:
            return index, places
        places = after
    return len(want), places


def fits(want: str, got: str, values: Values | None = None) -> bool:
    """Whether one line (a header's value, a string in JSON) fits.

    A name `$NAME` stands for its value in `values`; one that has none yet gets what stands there.
    """
    if values is None or "$" not in want:
        return _pattern(want).fullmatch(got) is not None
    found = re.fullmatch(_with_names(want, values), got, re.DOTALL)
    if found is None:
        return False
    values.update(found.groupdict())
    return True


def filled(text: str, values: Values) -> str:
    """A text with the values of the names in it; a name without a value stays."""
    return NAME.sub(lambda match: values.get(match[1], match[0]), text)


def difference(want: list[str], got: list[str], values: Values | None = None) -> str:
    """A diff for people: `-` is what the page shows, `+` what came, from where they part."""
    index, places = _follow(want, got, dict(values or {}))
    place = min(places)
    start = max(0, place - CONTEXT)
    rows = [row for row in difflib.ndiff(
        got[start:place] + want[index : index + WINDOW], got[start : place + WINDOW]
    ) if not row.startswith("? ")]  # fmt: skip
    changed = [number for number, row in enumerate(rows) if not row.startswith("  ")]
    last = changed[-1] + CONTEXT + 1 if changed else len(rows)
    cut = last < len(rows) or len(got) > place + WINDOW or len(want) > index + WINDOW
    rows = ["  ..."] * bool(start) + rows[:last] + ["  ..."] * cut
    return "\n".join(["- shown, + came", *(row.rstrip() for row in rows)])


def _with_names(line: str, values: Values) -> str:
    parts, at, seen = [], 0, set()
    for match in NAME.finditer(line):
        parts.append(_source(line[at : match.start()]))
        name = match[1]
        if name in values:
            parts.append(re.escape(values[name]))
        else:
            parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>.+?)")
            seen.add(name)
        at = match.end()
    return "".join([*parts, _source(line[at:])])


def _source(text: str) -> str:
    return ".*".join(re.escape(part) for part in text.split("..."))


@functools.lru_cache(maxsize=4096)
def _pattern(line: str) -> re.Pattern[str]:
    return re.compile(_source(line), re.DOTALL)
