"""The commands of a `console` block, with what the page shows below each."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tandem.blocks.match import lines_of
from tandem.outcome import Failure, Wrong
from tandem.read.pages import Block, Page

INTERRUPT = "^C"


@dataclass(frozen=True, slots=True)
class Command:
    """One `$ ` line with the output shown below it; `line` and `output_line` are the page's."""

    text: str
    line: int
    output: tuple[str, ...]
    output_line: int
    status: int = 0

    @property
    def label(self) -> str:
        return f"`$ {self.text}`"

    @property
    def before_interrupt(self) -> list[str]:
        rows = list(self.output)
        return rows[: rows.index(INTERRUPT)] if INTERRUPT in rows else rows

    @property
    def after_interrupt(self) -> list[str] | None:
        rows = list(self.output)
        return rows[rows.index(INTERRUPT) + 1 :] if INTERRUPT in rows else None


def parse(page: Page, block: Block) -> list[Command]:
    """The commands of a `console` block; raises Wrong where it is not one."""
    commands: list[Command] = []
    lines = block.lines
    index = 0
    while index < len(lines):
        if not lines[index].startswith("$ "):
            what = "a `console` block starts with a command: a line `$ command`"
            raise Wrong(Failure(page.location(block.at(index)), what))
        start, text = index, lines[index][2:].strip()
        while text.endswith("\\") and index + 1 < len(lines):
            index += 1
            text = text[:-1].rstrip() + " " + lines[index].removeprefix("> ").strip()
        index += 1
        if not text:
            raise Wrong(Failure(page.location(block.at(start)), "there is no command after `$ `"))
        first = index
        while index < len(lines) and not lines[index].startswith("$ "):
            index += 1
        output = tuple(lines_of("\n".join(lines[first:index])))
        commands.append(Command(text, block.at(start), output, block.at(first)))
    return _fold_status(page, commands)


def _fold_status(page: Page, commands: list[Command]) -> list[Command]:
    """`$ echo $?` is what the command before it is expected to return."""
    folded: list[Command] = []
    for command in commands:
        if command.text != "echo $?":
            folded.append(command)
        elif not folded or len(command.output) != 1 or not command.output[0].isdigit():
            what = "`$ echo $?` follows a command and shows its exit status below"
            raise Wrong(Failure(page.location(command.line), what))
        else:
            folded[-1] = replace(folded[-1], status=int(command.output[0]))
    return folded
