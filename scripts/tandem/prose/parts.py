"""The parts of a page, their order and their size, as "How to write a page" names them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

from tandem.frameworks import LABELS
from tandem.prose.text import WRITTEN, Found, Text

FAILURES, RECAP, EXERCISE, ON = "When it goes wrong", "Recap", "Exercise", "Go on"
READ = {"learn", "choose", "reference", "tutorial"}  # pages that are read without being followed
MADE = {"reference/verified.md"}  # filled in by the build
SIDES_DOCS = {
    "Flask": re.compile(r"https://flask(?:\.palletsprojects\.com/|-)"),
    "Django": re.compile(r"https://docs\.djangoproject\.com/en/6\.1/"),
}
BOX = re.compile(r"!!! (?:flask|django) ")
TAB = re.compile(r'( *)=== "(Flask|Django)"$')
FIRST, LONGEST, APART = 40, 30, 16  # lines: to a first result, of a block, between two sides


@dataclass(frozen=True)
class Kind:
    """How a page that is followed ends, and how many words it has before a reader of one side."""

    name: str
    last: tuple[str, ...]
    words: tuple[int, int]


LESSON = Kind("lesson", ("What differs", FAILURES, RECAP, EXERCISE, ON), (250, 1400))
CHAPTER = Kind("chapter", (FAILURES, "The contract", RECAP, EXERCISE, ON), (250, 2000))
PART = Kind("part", (FAILURES, RECAP, ON), (250, 2000))


def kind(text: Text) -> Kind | None:
    """What a page is, if it is one to follow."""
    for one, holds in ((LESSON, text.is_lesson), (CHAPTER, text.is_chapter), (PART, text.is_part)):
        if holds:
            return one
    return None


def front(text: Text) -> Iterator[Found]:
    """Title and description, which search engines and the site's search show."""
    meta, at = text.page.meta, text.page.front_matter_line
    title, description = (str(meta.get(key) or "") for key in ("title", "description"))
    if not title:
        yield Found(1, "title", "give the page a `title:` in its front matter")
    if not 40 <= len(description) <= 160:
        what = f"write a `description:` of 40 to 160 characters; this has {len(description)}"
        yield Found(at("description"), "description", what)
    first = [heading for heading in text.headings if heading.level == 1]
    if len(first) != 1:
        line = first[1].line if first else 1
        yield Found(line, "title", f"write one heading `# ...`; the page has {len(first)}")
    if not re.fullmatch(r"(?:[a-z0-9-]+/)*[a-z0-9-]+\.md", text.path):
        yield Found(1, "address", "name the file with small letters, digits and hyphens")


def anatomy(text: Text) -> Iterator[Found]:
    """A page to follow ends with the parts of its kind, one to read with where to go on."""
    sections = text.sections
    if found := kind(text):
        last = found.last
        names = tuple(section.words for section in sections)
        if names[-len(last) :] != last:
            wrong = next((one for one in sections if one.words in last), None)
            what = f"end the page with the sections {', '.join(f'`{name}`' for name in last)}"
            yield Found(wrong.line if wrong else 1, "parts", what)
        elif len(names) == len(last):
            what = f"write a section with steps before `{last[0]}`"
            yield Found(sections[0].line, "parts", what)
        return
    end = sections[-1].words if sections else ""
    if text.folder in READ and text.path not in MADE and end != ON:
        line = sections[-1].line if sections else 1
        yield Found(line, "parts", f"end the page with the section `{ON}`")


def recap(text: Text) -> Iterator[Found]:
    line, rows = text.section(RECAP)
    points = sum(row.startswith("- ") for row in rows)
    if kind(text) and rows and not 3 <= points <= 5:
        yield Found(line, "recap", f"sum up the page in 3 to 5 points; there are {points}")


def exercise(text: Text) -> Iterator[Found]:
    """An exercise has a solution for both sides, which is followed and shows that it works."""
    line, rows = text.section(EXERCISE)
    if not kind(text) or not rows:
        return
    if '??? solution "Solution"' not in rows:
        yield Found(line, "exercise", 'fold the solution below it: `??? solution "Solution"`')
        return
    for side in LABELS:
        kinds = {block.kind for block in text.blocks_of(side) if block.solution}
        if not kinds & {"http", "console", "pycon"}:
            what = f"show a reader of {side} that the solution works, by a block that is run"
            yield Found(line, "exercise", what)


def early(text: Text) -> Iterator[Found]:
    """A reader sees something work soon."""
    for side in LABELS if kind(text) else ():
        steps = text.blocks_of(side)
        typed = [*takewhile(lambda block: block.kind not in {"http", "pycon"}, steps)]
        count = sum(len(block.lines) for block in typed if block.kind in WRITTEN)
        if count > FIRST:
            what = f"show a first result after {FIRST} lines; {side} has {count} before it"
            yield Found(typed[-1].line, "first result", what)


def pieces(text: Text) -> Iterator[Found]:
    for block in text.page.blocks if kind(text) else ():
        if block.kind in WRITTEN and len(block.lines) > LONGEST:
            what = f"split this block of {len(block.lines)} lines: {LONGEST} are read at once"
            yield Found(block.line, "block", what)


def level(text: Text) -> Iterator[Found]:
    """A side that is much longer than the other leaves a hole beside it in columns."""
    lengths: dict[int, dict[str, int]] = {}
    side, depth, pair = "", 0, 0
    for number, line in enumerate(text.page.text.split("\n"), 1):
        if text.lines[number - 1] and (label := TAB.match(line)):
            side, depth = label[2], len(label[1])
            pair = number if side == LABELS[0] else pair
        elif text.lines[number - 1] and not line[: depth + 1].isspace():
            side = ""
        elif side and line.strip() and not line.strip().startswith("```"):
            lengths.setdefault(pair, dict.fromkeys(LABELS, 0))[side] += 1
    for first, sides in lengths.items() if kind(text) else ():
        counts = [sides[label] for label in LABELS]
        if max(counts) - min(counts) > APART:
            what = f"split this pair of {counts[0]} and {counts[1]} lines, so that both sides"
            yield Found(first, "pair", f"{what} are level (at most {APART} apart)")


def length(text: Text) -> Iterator[Found]:
    """The words that a reader of one side has before them.

    The boxes for those who come from the other framework are an aside, and count for nobody.
    """
    if not (found := kind(text)):
        return
    for side in LABELS:
        words = sum(len(row.split()) for row in read_by(text, side))
        least, most = found.words
        if not least <= words <= most:
            what = f"a {found.name} has {least} to {most} words for a reader; {side} has {words}"
            yield Found(1, "length", what)


def read_by(text: Text, side: str) -> Iterator[str]:
    """The lines of words that a reader of one side has before them, headings not among them."""
    outer = -1  # the indent of the other side's tab, or of a box, that the line is in
    for _, line in text.numbered():
        indent = len(line) - len(line.lstrip(" "))
        if indent <= outer:
            outer = -1
        if outer < 0:
            tab = TAB.match(line)
            if BOX.match(line) or (tab and tab[2] != side):
                outer = indent
            elif not re.match(r" *===|#", line):
                yield re.sub(r"\]\([^)]*\)|\{:? *[#.][^}]*\}", "", line)


def sources(text: Text) -> Iterator[Found]:
    line, rows = text.section(ON)
    if text.is_lesson and rows:
        for side, docs in SIDES_DOCS.items():
            if not docs.search("\n".join(rows)):
                yield Found(line, "go on", f"link {side}'s own documentation of the topic")


RULES = (front, anatomy, recap, exercise, early, pieces, level, length, sources)
