"""`pycon` blocks: split into examples and compare, both as doctest does."""

from __future__ import annotations

import doctest
import functools
import re
from typing import Any

from tandem.blocks.match import difference, lines_of
from tandem.outcome import Failure, Wrong
from tandem.read.pages import Block, Page

FLAGS = doctest.ELLIPSIS


def parse(page: Page, block: Block) -> list[doctest.Example]:
    """The `>>> ` examples of a block; raises Wrong when there are none or they are broken."""
    try:
        examples = _parser().get_examples(block.text, page.name)
    except ValueError as error:
        number = re.search(r"line (\d+) of the docstring for \S+ (.+)", str(error), re.DOTALL)
        at = block.at(int(number[1]) - 1) if number else block.line
        what = number[2] if number else str(error)
        raise Wrong(Failure(page.location(at), f"not a Python session: it {what}")) from None
    if not examples or not block.lines[0].startswith(">>> "):
        what = "a `pycon` block starts with a line `>>> ...`"
        raise Wrong(Failure(page.location(block.at(0)), what))
    return examples


def compare(
    page: Page, block: Block, example: doctest.Example, reply: dict[str, Any]
) -> list[Failure]:
    """What one example gave, against what the page shows."""
    source = example.source.strip().split("\n")[0]
    at = page.location(block.at(example.lineno))
    printed = reply["printed"]
    checker = doctest.OutputChecker()
    if "raised" in reply:
        want = example.exc_msg
        if want is None:
            return [
                Failure(at, f"`{source}` raised an exception that is not shown", reply["error"])
            ]
        if checker.check_output(want, reply["raised"], FLAGS):
            return []
        printed = reply["raised"]
    else:
        want = example.want
        if example.exc_msg is None and checker.check_output(want, printed, FLAGS):
            return []
    shown = want or ""
    at = page.location(at.line + len(example.source.rstrip("\n").split("\n")) if shown else at.line)
    what = f"`{source}` gave something else than what is shown"
    return [Failure(at, what, difference(lines_of(shown), lines_of(printed)))]


@functools.cache
def _parser() -> doctest.DocTestParser:
    return doctest.DocTestParser()
