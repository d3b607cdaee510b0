"""The words of a page: headings, sentences, and what links and pictures say of themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus
from itertools import pairwise

from tandem.prose.text import Found, Text

REFUSED = re.compile(
    r"(?-i:\bNote that\b)|\b(?:simply|just|easily|obviously|of course|seamless(?:ly)?|powerful"
    r"|robust|leverage|delve|it is important to note|in today|as you know|in this tutorial)\b",
    re.IGNORECASE,
)
HERE = "scripts/tandem/prose/words.py"
DRAFT = re.compile(r"\bTODO\b")
CODE = re.compile(r"`[^`]*`")
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)]*)\)")
SAYS_NOTHING = re.compile(
    r"(?:click )?(?:here|this|that|it|link|(?:this|the) (?:page|link|document)|more|read more"
    r"|see|source|docs|documentation|\W*)|https?:.*",
    re.IGNORECASE,
)
ALTERNATIVE = 8  # characters that say the least about a picture
# Words that are written with a capital wherever they stand in a heading.
NAMES = {
    "Alembic", "Atom", "Celery", "Chromium", "Content", "Database", "Django", "Docker", "Flask",
    "Gunicorn", "Hello", "Jinja", "Language", "Linux", "Location", "Manager", "Markdown", "Ninja",
    "None", "Note", "Playwright", "Postgres", "Python", "Redis", "Template", "Unicode", "Valkey",
    "Werkzeug", "Windows", "World",
}  # fmt: skip
NAMES |= {word for status in HTTPStatus for word in status.phrase.split()}


def headings(text: Text) -> Iterator[Found]:
    """In sentence case, without a full stop, and no level left out."""
    for before, after in pairwise(text.headings):
        if after.level > before.level + 1:
            what = f"write `{'#' * (before.level + 1)}`: a level is left out"
            yield Found(after.line, "heading", what)
    for one in text.headings:
        words = re.sub(r"\s*\{[^}]*\}$", "", one.words)
        if words[-1:] in ".:;,!":
            yield Found(one.line, "heading", f"take out the `{words[-1]}` at its end")
        plain = re.sub(r"`[^`]*`|\"[^\"]*\"|“[^”]*”", "", words)
        for part in re.split(r"[:?.] | / ", plain):
            rest = [re.sub(r"['’]s$", "", word.strip("(),")) for word in part.split()[1:]]
            for word in rest:
                if re.fullmatch("[A-Z][a-z]+", word) and word not in NAMES:
                    what = f"write `{word.lower()}`: headings are in sentence case (a name goes"
                    yield Found(one.line, "heading", f"{what} into NAMES in {HERE})")


def drafts(text: Text) -> Iterator[Found]:
    """What is still to be written; until then, no other rule has anything to say."""
    for key, value in text.page.meta.items():
        if DRAFT.search(str(value)):
            yield Found(text.page.front_matter_line(key), "draft", _wanted(str(value)))
    for number, line in text.numbered():
        if DRAFT.search(CODE.sub("", line)):
            yield Found(number, "draft", _wanted(line))


def _wanted(line: str) -> str:
    """What to write, in the words that stand behind the `TODO`."""
    said = re.search(r"TODO: *([^\"\]]+)", line)
    return f"write what `TODO` stands for{f': {said[1].strip()}' if said else ''}"


def refused(text: Text) -> Iterator[Found]:
    for number, line in text.numbered():
        if match := REFUSED.search(CODE.sub("", line)):
            yield Found(number, "word", f"do without “{match[0]}”, or say what is meant")


def sentences(text: Text) -> Iterator[Found]:
    """Each on a line of its own, so that a change of one shows as one."""
    for number, line in text.numbered():
        row = CODE.sub("``", line)
        start = row.lstrip("0123456789. ")
        if re.search(r"[a-z)`]\. [A-Z]", row) and not start.startswith(("-", "|", "**")):
            yield Found(number, "sentence", "begin each sentence on a line of its own")


def labels(text: Text) -> Iterator[Found]:
    """Links and pictures say what they are, to those who hear the page too."""
    for number, line in text.numbered():
        for picture, words, address in LINK.findall(line):
            if picture and len(words) < ALTERNATIVE:
                what = f"say in the brackets what `{address}` shows, for those who do not see it"
                yield Found(number, "picture", what)
            elif not picture and (len(words) < 2 or SAYS_NOTHING.fullmatch(words)):
                what = f"say in the brackets where the link leads, instead of “{words}”"
                yield Found(number, "link", what)
        for tag in re.findall(r"<img\b[^>]*>", line):
            if not re.search(rf'\balt="[^"]{{{ALTERNATIVE},}}"', tag):
                yield Found(number, "picture", 'say in `alt="..."` what the picture shows')


RULES = (headings, refused, sentences, labels)
