"""A page as its words: the lines of its file without what stands in fences and front matter."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from tandem.frameworks import LABELS
from tandem.read.pages import Block, Page

HEADING = re.compile(r" *(#{1,6}) +(.+?) *$")
WRITTEN = {"file", "append", "diff"}
ANSWERS = "answers"  # the folder of pages that settle one question each


@dataclass(frozen=True, slots=True)
class Found:
    """What is wrong on a line of a page: the rule's name, and one sentence that says the fix."""

    line: int
    rule: str
    what: str


@dataclass(frozen=True, slots=True)
class Heading:
    """`## A heading`: its line from 1, its level from 1, its words."""

    line: int
    level: int
    words: str


@dataclass(frozen=True)
class Text:
    """A page to be looked at; `path` is its place below docs/, `root` the project's folder."""

    page: Page
    path: str
    root: Path

    @property
    def folder(self) -> str:
        """The section of the site: `guides`, `start`, ...; "" for a page above them."""
        return self.path.rpartition("/")[0].partition("/")[0]

    @property
    def is_lesson(self) -> bool:
        """Whether it has the anatomy of a lesson: the guides and the pages to start with."""
        return self.folder in {"start", "guides"}

    @property
    def is_chapter(self) -> bool:
        """Whether it is a chapter of the course: `tutorial/01-first-page.md` and those behind."""
        return bool(re.fullmatch(r"tutorial/\d\d-[a-z-]+\.md", self.path))

    @property
    def is_part(self) -> bool:
        """Whether it builds a part of the application that is written twice."""
        return bool(re.fullmatch(r"tutorial/realworld/(?!index\.md)[a-z-]+\.md", self.path))

    @property
    def is_answer(self) -> bool:
        """Whether it settles one question: `answers/<topic>/<question>.md`."""
        return self.folder == ANSWERS and self.path.count("/") == 2

    @functools.cached_property
    def lines(self) -> tuple[str, ...]:
        """The page's lines, those of fences and front matter empty, so that numbers stay."""
        rows = self.page.text.replace("\r\n", "\n").split("\n")
        gone = {
            number
            for block in self.page.blocks
            for number in range(block.line, block.at(len(block.lines)) + 1)
        }
        if rows[0] == "---" and "---" in rows[1:]:
            gone |= set(range(1, rows.index("---", 1) + 2))
        return tuple("" if n in gone else row for n, row in enumerate(rows, 1))

    def numbered(self) -> Iterator[tuple[int, str]]:
        """The lines that have words, each with its number from 1."""
        return ((n, line) for n, line in enumerate(self.lines, 1) if line.strip())

    @functools.cached_property
    def headings(self) -> tuple[Heading, ...]:
        found = ((n, HEADING.match(line)) for n, line in self.numbered())
        return tuple(Heading(n, len(match[1]), match[2]) for n, match in found if match)

    @property
    def sections(self) -> list[Heading]:
        return [heading for heading in self.headings if heading.level == 2]

    def section(self, words: str) -> tuple[int, tuple[str, ...]]:
        """The line of a section's heading and the lines below it; (1, ()) where there is none."""
        starts = [*self.sections, Heading(len(self.lines) + 1, 2, "")]
        for one, after in pairwise(starts):
            if one.words == words:
                return one.line, self.lines[one.line : after.line - 1]
        return 1, ()

    def blocks_of(self, label: str) -> list[Block]:
        """The blocks that a reader of one framework has before them."""
        return [
            block
            for block in self.page.blocks
            if all(tab.label == label for tab in block.tabs if tab.label in LABELS)
        ]
