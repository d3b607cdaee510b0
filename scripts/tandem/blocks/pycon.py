"""`pycon` blocks: a Python session, what is typed and what it shows; compared as doctest does."""

from __future__ import annotations

import doctest
import re
from dataclasses import dataclass

from tandem.blocks.match import difference, lines_of, mismatch
from tandem.outcome import Failure, Wrong
from tandem.read.pages import Block, Page

OPTIONS = re.compile(r"#\s*doctest:\s*([^\n'\"]*)$")
OPTION = re.compile(r"([+-])(\w+)")
TRACEBACK = "Traceback (most recent call last):"
STACK = re.compile(r"\s|\.\.\.|\[Previous line repeated")


@dataclass(frozen=True, slots=True)
class Example:
    """What is typed at one prompt `>>> `, and the rows below; `line`, `first` are the page's."""

    lines: tuple[str, ...]
    line: int
    rows: tuple[str, ...]
    first: int
    flags: int
    skipped: bool

    @property
    def label(self) -> str:
        return f"`{self.lines[0].strip()}`"


def parse(page: Page, block: Block) -> list[Example]:
    """The examples of a block; raises Wrong where it is no session or has an unknown option."""
    lines = block.lines
    index = 0
    while index < len(lines) and (not lines[index].strip() or lines[index].startswith("#")):
        index += 1
    if index == len(lines) or not _is_prompt(lines[index], ">>>"):
        at = block.at(index if index < len(lines) else 0)
        raise Wrong(Failure(page.location(at), "a `pycon` block starts with a line `>>> ...`"))
    examples = []
    while index < len(lines):
        start = index
        if not _is_prompt(lines[index], ">>>") and lines[index].startswith(">>>"):
            what = "not a Python session: a blank comes after `>>>`"
            raise Wrong(Failure(page.location(block.at(index)), what))
        typed = [lines[index][4:]]
        index += 1
        while index < len(lines) and _is_prompt(lines[index], "..."):
            typed.append(lines[index][4:])
            index += 1
        first = index
        if index < len(lines) and typed[-1].endswith(":") and lines[index].startswith("..."):
            what = "not a Python session: a blank comes after `...`"
            raise Wrong(Failure(page.location(block.at(index)), what))
        while index < len(lines) and not lines[index].startswith(">>>"):
            index += 1
        rows = tuple(lines_of("\n".join(lines[first:index])))
        flags, skipped = _flags(page, block, start, typed)
        examples.append(
            Example(tuple(typed), block.at(start), rows, block.at(first), flags, skipped)
        )
    return examples


def _is_prompt(line: str, prompt: str) -> bool:
    return line == prompt or line.startswith(f"{prompt} ")


def _flags(page: Page, block: Block, start: int, typed: list[str]) -> tuple[int, bool]:
    flags, skipped = doctest.ELLIPSIS, False
    for index, line in enumerate(typed):
        if not (found := OPTIONS.search(line)):
            continue
        for sign, name in OPTION.findall(found[1]):
            known = doctest.OPTIONFLAGS_BY_NAME.get(name)
            if known is None:
                names = ", ".join(sorted(set(doctest.OPTIONFLAGS_BY_NAME) - _REPORTS))
                what = f"`{sign}{name}` is no option of doctest: there are {names}"
                raise Wrong(Failure(page.location(block.at(start + index)), what))
            flags = flags | known if sign == "+" else flags & ~known
            skipped = skipped or (known == doctest.SKIP and sign == "+")
    return flags, skipped


_REPORTS = {name for name in doctest.OPTIONFLAGS_BY_NAME if name.startswith(("REPORT", "FAIL"))}


def compare(page: Page, example: Example, came: str) -> list[Failure]:
    """What a session printed against what the page shows; a stack's own lines are not compared."""
    got = lines_of(came)
    for rows in (example.rows, _without_remark(example.rows)):
        want = ["" if row == "<BLANKLINE>" else row for row in rows]
        if _fits(want, got, example.flags):
            return []
    raised = _raised(got)
    if raised and not _raised(list(example.rows)):
        what = f"{example.label} raised an exception that is not shown"
        raise Wrong(Failure(page.location(example.line), what, "\n".join(got[-30:])))
    what = f"{example.label} gave something else than what is shown"
    at = example.first if example.rows else example.line
    return [Failure(page.location(at), what, difference(list(example.rows), got))]


def _fits(want: list[str], got: list[str], flags: int) -> bool:
    if mismatch(want, got) is None:
        return True
    checker = doctest.OutputChecker()
    shown = ["\n".join(_without_stacks(rows)) + "\n" if rows else "" for rows in (want, got)]
    return checker.check_output(shown[0], shown[1], flags)


def _without_stacks(rows: list[str]) -> list[str]:
    """Rows without what stands between a traceback's first line and its exception."""
    found: list[str] = []
    inside = False
    for row in rows:
        inside = inside and bool(STACK.match(row))
        if not inside:
            found.append(row)
        inside = inside or row == TRACEBACK
    return found


def _without_remark(rows: tuple[str, ...]) -> tuple[str, ...]:
    """Rows without a paragraph of remarks at their end, which the next example begins with."""
    for index in range(len(rows) - 1, -1, -1):
        if not rows[index].startswith("#"):
            return rows[:index] if not rows[index].strip() and index + 1 < len(rows) else rows
    return ()


def _raised(rows: list[str]) -> bool:
    """Whether a session's own line ended in an exception: its frame is that of no file."""
    return any(row.startswith('  File "<stdin>"') for row in rows) or (TRACEBACK in rows[:1])
