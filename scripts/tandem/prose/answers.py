"""What an answer is: one question, settled in a few sentences, each side proven by a block."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import takewhile

from tandem.frameworks import LABELS
from tandem.prose.parts import read_by
from tandem.prose.text import Found, Text
from tandem.read import front_matter

WORDS = 150  # for a reader of one side, without the last lines of links
TITLE = 90  # characters: what a list of results shows of it
PROOFS = {"http", "console", "pycon"}
LAST = "**See also:**"


def question(text: Text) -> Iterator[Found]:
    """The title is the question, as it is searched for, and names the guide that it belongs to."""
    if not text.is_answer:
        return
    meta, at = text.page.meta, text.page.front_matter_line
    title = str(meta.get("title") or "")
    if len(title) > TITLE:
        what = f"ask in at most {TITLE} characters; this has {len(title)}"
        yield Found(at("title"), "title", what)
    about = str(meta.get("about") or "")
    if not about or front_matter.page_named(about, text.page.path, text.root) is None:
        what = "name the guide that it belongs to: `about: guides/requests/sessions.md`"
        yield Found(at("about"), "about", what)
    first = next((one for one in text.headings if one.level == 1), None)
    if first and first.words.replace("`", "") != title:
        yield Found(first.line, "title", "ask the same in the heading and in `title:`")
    for one in text.headings:
        if one.level > 1:
            yield Found(one.line, "parts", "an answer has no headings below its question")


def short(text: Text) -> Iterator[Found]:
    for side in LABELS if text.is_answer else ():
        said = takewhile(lambda row: not row.startswith(LAST), read_by(text, side))
        if (words := sum(len(row.split()) for row in said)) > WORDS:
            what = f"an answer has at most {WORDS} words for a reader; {side} has {words}"
            yield Found(1, "length", what)


def proven(text: Text) -> Iterator[Found]:
    for side in LABELS if text.is_answer else ():
        if not PROOFS & {block.kind for block in text.blocks_of(side)}:
            what = f"show a reader of {side} that it is so, by a block that is run"
            yield Found(1, "proof", what)


def further(text: Text) -> Iterator[Found]:
    """The last lines lead on here, and to the documentation of what the answer is about."""
    if not text.is_answer:
        return
    rows = [*text.numbered()]
    start = next((n for n, (_, line) in enumerate(rows) if line.startswith(LAST)), None)
    if start is None:
        last = rows[-1][0] if rows else 1
        yield Found(last, "parts", f"end with a line `{LAST} ...` of links")
        return
    line, said = rows[start][0], " ".join(row for _, row in rows[start:])
    if not re.search(r"\]\((?!https?:)[^)]*\.md[)#]", said):
        yield Found(line, "go on", "link a page of this site in the last lines, such as the guide")
    if "](https://" not in said:
        yield Found(line, "go on", "link an official page in the last lines")


RULES = (question, short, proven, further)
