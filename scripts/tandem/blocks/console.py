"""`console` blocks: what is typed into the terminal, and what the page shows below it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tandem.blocks.match import lines_of
from tandem.outcome import Failure, Wrong
from tandem.read.pages import Block, Page

INTERRUPT = "^C"


@dataclass(frozen=True, slots=True)
class Entry:
    """One command: the lines typed, and the rows shown below; `line`, `first` are the page's lines.

    A row `^C` is where Ctrl+C is pressed. An entry without lines goes on where a command runs.
    """

    lines: tuple[str, ...]
    line: int
    rows: tuple[str, ...]
    first: int

    @property
    def text(self) -> str:
        return " ".join(self.lines)

    @property
    def label(self) -> str:
        return f"`$ {self.lines[0]}`" if self.lines else "the running command"

    @property
    def source(self) -> tuple[str, ...]:
        """The lines of the page, as it shows them."""
        typed = (
            [f"$ {self.lines[0]}", *(f"> {line}" for line in self.lines[1:])] if self.lines else []
        )
        return (*typed, *self.rows)

    @property
    def interrupts(self) -> bool:
        return INTERRUPT in self.rows

    @property
    def before(self) -> list[str]:
        """The rows above `^C`, or all."""
        rows = list(self.rows)
        return rows[: rows.index(INTERRUPT)] if self.interrupts else rows

    @property
    def after(self) -> list[str]:
        """The rows below `^C`."""
        rows = list(self.rows)
        return rows[rows.index(INTERRUPT) + 1 :] if self.interrupts else []

    def joined(self, other: Entry) -> Entry:
        """This entry with another's lines as rows of its output."""
        return replace(self, rows=(*self.rows, *other.source))


def parse(page: Page, block: Block) -> list[Entry]:
    """The commands of a block; the first has no lines where the block goes on without `$ `."""
    entries: list[Entry] = []
    lines = block.lines
    index = 0
    if lines and not lines[0].startswith("$ "):
        while index < len(lines) and not lines[index].startswith("$ "):
            index += 1
        rows = tuple(lines_of("\n".join(lines[:index])))
        entries.append(Entry((), block.at(0), rows, block.at(0)))
    while index < len(lines):
        start = index
        typed = [lines[index][2:]]
        index += 1
        while index < len(lines) and (lines[index].startswith("> ") or lines[index] == ">"):
            typed.append(lines[index][2:])
            index += 1
        if not typed[0].strip():
            raise Wrong(Failure(page.location(block.at(start)), "there is no command after `$ `"))
        first = index
        while index < len(lines) and not lines[index].startswith("$ "):
            index += 1
        rows = tuple(lines_of("\n".join(lines[first:index])))
        entries.append(Entry(tuple(typed), block.at(start), rows, block.at(first)))
    if not entries:
        what = "a `console` block starts with a command: a line `$ command`"
        raise Wrong(Failure(page.location(block.line), what))
    return entries


def goes_on(block: Block) -> bool:
    """Whether a block goes on with what a command that runs already prints, or ends it."""
    return block.kind == "console" and bool(block.lines) and not block.lines[0].startswith("$ ")
