"""Lists of answers: at the end of the guide that they are about, of each other, and all by topic.

An answer is a page of `docs/answers/` whose front matter names its guide as `about`. A question
that a guide answers in one place has no page: a file for the topic leads there, as `title` and
`at` (a page below docs/ with an anchor) in tables `[[answered]]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement

import yaml
from markdown import Markdown
from markdown.treeprocessors import Treeprocessor
from tandem.prose.text import ANSWERS
from tandem.read import front_matter

from tandem_site import tables, where
from tandem_site.where import Source, State

PLACE = "[[answers]]"  # the paragraph that becomes the list of all answers
LIST = f"{ANSWERS}/index.md"


@dataclass(frozen=True, slots=True)
class Answer:
    """A question, where it is answered (a page below docs/, an anchor behind it), and its guide."""

    title: str
    at: str
    about: str


@dataclass(frozen=True, slots=True)
class Topic:
    """A page in the navigation: the words that lead to it, and those that lead to its group."""

    page: str
    label: str
    group: str


def known(docs: Path, answered: Path) -> tuple[Answer, ...]:
    """All answers of a site, by their questions; `answered` is the folder of those in guides."""
    there = where.state(answered) if answered.is_dir() else ()
    return _known(docs, where.state(docs / ANSWERS), answered, there)


@lru_cache(maxsize=2)
def _known(docs: Path, now: State, answered: Path, there: State) -> tuple[Answer, ...]:
    found = []
    for name in [name for name, _ in now if re.fullmatch(r"[^/]+/[^/]+\.md", name)]:
        file = docs / ANSWERS / name
        meta = front_matter.read(file.read_text(encoding="utf-8")).values
        title = str(meta.get("title", file.stem))
        found.append(Answer(title, f"{ANSWERS}/{name}", str(meta.get("about", ""))))
    for name in [name for name, _ in there if name.endswith(".toml")]:
        for row in tables.rows(tables.read(answered / name), "answered", name):
            title, at = (tables.text(row, key, name) for key in ("title", "at"))
            found.append(Answer(title, at, at.partition("#")[0]))
    return tuple(sorted(found, key=lambda one: one.title.casefold()))


def topics(configuration: Path) -> list[Topic]:
    """The pages that the `nav` of a `mkdocs.yml` names, in its order; none where there is none."""
    if not configuration.is_file():
        return []
    return list(_topics(configuration, configuration.stat().st_mtime_ns))


@lru_cache(maxsize=2)
def _topics(configuration: Path, changed: int) -> tuple[Topic, ...]:
    # The rest of the file has tags that only MkDocs knows.
    nav = configuration.read_text(encoding="utf-8").partition("\nnav:")[2]
    nav = re.split(r"^(?=\w)", nav, maxsplit=1, flags=re.MULTILINE)[0]
    return tuple(_named(yaml.safe_load(nav) or [], ""))


def _named(entries: list[Any], group: str) -> Iterator[Topic]:
    for entry in entries:
        # A page may stand there without words of its own.
        words = Path(entry).stem.replace("-", " ").capitalize() if isinstance(entry, str) else ""
        for label, value in ({words: entry} if words else entry).items():
            if isinstance(value, list):
                yield from _named(value, label)
            else:
                yield Topic(value, label, group)


class Answers(Treeprocessor):
    """Puts the lists where they belong; `answered` is the folder of what guides answer.

    It runs before headings get their ids and links become addresses.
    """

    def __init__(self, md: Markdown, source: Source, answered: Path) -> None:
        super().__init__(md)
        self.source = source
        self.answered = answered

    def run(self, root: Element) -> None:
        page, docs = self.source.page, self.source.docs
        if page is None or not (docs / ANSWERS).is_dir():
            return
        path = page.relative_to(docs).as_posix()
        found = known(docs, self.answered)
        own = next((one for one in found if one.at == path), None)
        for place in [one for one in root.iter("p") if (one.text or "").strip() == PLACE]:
            self.all(place, page, found)
        if own is not None:
            others = [one for one in found if one.about == own.about and one != own]
            self.end(root, page, "More on this topic", others)
        else:
            self.end(root, page, "Answers", [one for one in found if one.about == path])

    def end(self, root: Element, page: Path, title: str, answers: Sequence[Answer]) -> None:
        """A part at the end of a page; the search finds the questions on their own pages."""
        if answers:
            part = SubElement(root, "div", {"class": "answers", "data-search-exclude": ""})
            SubElement(part, "h2").text = title
            self.questions(part, page, answers)

    def all(self, place: Element, page: Path, answers: Sequence[Answer]) -> None:
        """Every answer, below its topic, in the order of the navigation."""
        place.tag, place.text = "div", None
        place.set("class", "answers filtered")
        place.set("data-search-exclude", "")
        SubElement(place, "p").text = f"{len(answers)} questions:"
        group, part = "", place
        for topic in topics(self.source.docs.parent / "mkdocs.yml"):
            about = [one for one in answers if one.about == topic.page]
            if about and topic.group != group:
                group, part = topic.group, SubElement(place, "section")
                SubElement(part, "h2").text = group
            if about:
                section = SubElement(part, "section")
                heading = SubElement(section, "h3")
                target = self.link(page, topic.page)
                SubElement(heading, "a", {"href": target}).text = topic.label
                self.questions(section, page, about)

    def questions(self, place: Element, page: Path, answers: Sequence[Answer]) -> None:
        rows = SubElement(place, "ul")
        for one in answers:
            link = SubElement(SubElement(rows, "li"), "a", {"href": self.link(page, one.at)})
            link.text = one.title

    def link(self, page: Path, target: str) -> str:
        return where.link(page, target, self.source.docs)
