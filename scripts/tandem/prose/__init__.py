"""What a page of the site has to be besides true: its parts, words and links, its code's form.

Each rule is a function `Text → Iterator[Found]`; a new one goes into the module of its kind, and
into that module's `RULES`. What all pages share with each other is looked at by the tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from tandem.outcome import Failure, Location, Outcome, Result
from tandem.prose import answers, code, links, parts, words
from tandem.prose.text import Found, Text
from tandem.read.limited import TooLong, within
from tandem.read.pages import Page

SECONDS = 5.0  # that the rules may take for one page
RULES = (*parts.RULES, *answers.RULES, *words.RULES, *links.RULES)


def check(pages: Iterable[Page], root: Path) -> list[Result]:
    """The pages below `root`/docs that break a rule, each failure as `rule: what to write`.

    Pages that are broken as pages are passed over: what is wrong with them comes first.
    """
    root = root.resolve()
    docs = root / "docs"
    texts = [
        Text(page, page.path.relative_to(docs).as_posix(), root)
        for page in pages
        if page.path.is_relative_to(docs) and not page.problems
    ]
    if not texts:
        return []
    found: dict[str, list[Found]] = {text.path: [] for text in texts}
    for text in texts:
        try:
            with within(SECONDS):
                found[text.path] += _of_each(text)
        except TooLong:
            found[text.path].append(Found(1, "length", "the page is too long to be looked at"))
    for text, one in code.look(texts):
        found[text.path].append(one)
    return [_result(text.page, ones) for text in texts if (ones := found[text.path])]


def _of_each(text: Text) -> Iterator[Found]:
    if drafts := [*words.drafts(text)]:
        yield from drafts
        return
    for rule in RULES:
        yield from rule(text)


def _result(page: Page, found: list[Found]) -> Result:
    outcomes = tuple(
        Outcome(one.line, "prose", one.rule, "failed", failures=(_failure(page, one),))
        for one in sorted(found, key=lambda one: one.line)
    )
    return Result(page.name, None, outcomes)


def _failure(page: Page, one: Found) -> Failure:
    return Failure(Location(page.name, one.line), f"{one.rule}: {one.what}")
