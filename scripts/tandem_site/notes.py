"""What the check has proven, in words: a note under each page, and the page that lists all.

Their source is the JSON that `check_examples.py --json` writes, and beside it what `make matrix`
has found on other versions, if it was run. A page whose text is not the one that was run gets
no note.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from markdown import Markdown
from markdown.treeprocessors import Treeprocessor
from tandem.prose.text import ANSWERS

from tandem_site import where
from tandem_site.where import Source

PLACE = "[[verified]]"  # the paragraph that becomes the list of all pages
HERE = "[[checked]]"  # the paragraph that becomes the page's own note, else it is the page's end
LIST = "reference/verified.md"
UNCHECKED = "This build was made without a check, so nothing is claimed here."
MATRIX = "matrix.json"  # beside the check's results
SHOWN = {"python": "Python", "flask": "Flask", "django": "Django"}


@dataclass(frozen=True, slots=True)
class Note:
    """What held: blocks run and not run, by both readers together, and the day of the run."""

    name: str
    run: int
    not_run: int
    day: str


def read(results: Path, docs: Path, only: Path | None = None) -> tuple[dict[str, str], list[Note]]:
    """Versions, and a note for each page that held and is still the text that was run.

    `only`: for this page alone, without a look at the texts of the others.
    """
    try:
        data = _parsed(results, results.stat().st_mtime_ns)
    except (OSError, ValueError):
        return {}, []
    pages = data["pages"]
    if only is not None:
        name = only.relative_to(docs.parent).as_posix()
        pages = {name: pages[name]} if name in pages else {}
    return data["versions"], list(_notes(pages, docs))


@lru_cache(maxsize=1)
def _parsed(results: Path, changed: int) -> dict[str, Any]:
    """The check's results, read once for all pages until the file has changed."""
    data: dict[str, Any] = json.loads(results.read_text(encoding="utf-8"))
    return data


def _notes(pages: dict[str, Any], docs: Path) -> Iterator[Note]:
    for name, entry in pages.items():
        file = docs.parent / name
        if not entry["held"] or not entry["frameworks"] or not file.is_file():
            continue
        if hashlib.sha256(file.read_bytes()).hexdigest() != entry["sha256"]:
            continue
        readers = list(entry["frameworks"].values())
        rows = {
            (block["line"], block["kind"]): block["outcome"]
            for reader in readers
            for block in reader["blocks"]
        }
        not_run = sum(outcome == "not run" for outcome in rows.values())
        day = max(reader["ran"] for reader in readers)[:10]
        path = file.relative_to(docs).as_posix()
        yield Note(path, len(rows) - not_run, not_run, day)


def spoken(day: str) -> str:
    """A date as people write it: `2026-11-25` is 25 November 2026."""
    return f"{datetime.fromisoformat(day):%-d %B %Y}"


def on(versions: dict[str, str]) -> str:
    return ", ".join(f"{word} {versions[key]}" for key, word in SHOWN.items() if key in versions)


@dataclass(frozen=True, slots=True)
class Column:
    """What the pages gave in one environment of the matrix: its versions, a word for each page."""

    versions: dict[str, str]
    pages: dict[str, str]


def columns(results: Path, docs: Path) -> list[Column]:
    """The environments of the matrix with the pages whose text is still the one that ran."""
    try:
        data = json.loads(results.with_name(MATRIX).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    found = []
    for environment in data["environments"]:
        words = {}
        for name, outcomes in environment["pages"].items():
            file = docs.parent / name
            text = hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""
            if text == environment["texts"].get(name):
                given = set(outcomes.values())
                word = next(one for one in ("failed", "held", "not run") if one in given)
                words[file.relative_to(docs).as_posix()] = word
        found.append(Column(environment["versions"], words))
    return found


class Notes(Treeprocessor):
    """Puts the note under a page or in the place of HERE, and the list in the place of PLACE."""

    def __init__(self, md: Markdown, source: Source, results: Path) -> None:
        super().__init__(md)
        self.source = source
        self.results = results

    def run(self, root: Element) -> None:
        page, docs = self.source.page, self.source.docs
        places = [one for one in root.iter("p") if (one.text or "").strip() == PLACE]
        if places:
            versions, notes = read(self.results, docs)
            for place in places:
                self.list(place, versions, notes)
        here = next((one for one in root.iter("p") if (one.text or "").strip() == HERE), None)
        if here is not None:
            here.text = UNCHECKED
        if page is None or places:
            return
        versions, notes = read(self.results, docs, page)
        for note in notes:
            place = SubElement(root, "p") if here is None else here
            place.text = None
            place.set("class", "verified")
            self.note(place, note, page, versions)

    def note(self, place: Element, note: Note, page: Path, versions: dict[str, str]) -> None:
        left = f", {note.not_run} not run" if note.not_run else ""
        link = SubElement(place, "a", {"href": where.link(page, LIST, self.source.docs)})
        link.text = "Verified"
        link.tail = f" on {spoken(note.day)}: {note.run} blocks run{left}, on {on(versions)}."

    def list(self, place: Element, versions: dict[str, str], notes: Sequence[Note]) -> None:
        place.text = ""
        if not notes:
            place.text = UNCHECKED
            return
        place.tag = "div"
        total = sum(note.run for note in notes)
        days = sorted({note.day for note in notes})
        said = f"{len(notes)} pages, {total} blocks run, on {on(versions)}"
        SubElement(place, "p").text = f"{said}; the oldest result is of {spoken(days[0])}."
        rows = _table(place, "Page", "Run", "Not run", "Checked on")
        for note in sorted(_by_topic(notes), key=lambda one: one.name):
            day = spoken(note.day)
            _row(rows, note.name, str(note.run), str(note.not_run), day)
        if found := columns(self.results, self.source.docs):
            SubElement(place, "p").text = "The same pages on other versions:"
            heads = [on(column.versions) for column in found]
            rows = _table(place, "Page", *heads)
            for name in sorted({name for column in found for name in column.pages}):
                _row(rows, name, *(column.pages.get(name, "") for column in found))


def _by_topic(notes: Sequence[Note]) -> Iterator[Note]:
    """The notes, those of a topic's answers as one."""
    topics: dict[str, list[Note]] = {}
    for note in notes:
        folder = note.name.rpartition("/")[0]
        if folder.startswith(f"{ANSWERS}/"):
            topics.setdefault(folder, []).append(note)
        else:
            yield note
    for name, ones in topics.items():
        run, not_run = sum(one.run for one in ones), sum(one.not_run for one in ones)
        yield Note(name, run, not_run, min(one.day for one in ones))


def _table(place: Element, *heads: str) -> Element:
    """A table with a row of heads; returns where its other rows go."""
    table = SubElement(place, "table")
    head = SubElement(SubElement(table, "thead"), "tr")
    for word in heads:
        SubElement(head, "th", {"scope": "col"}).text = word
    return SubElement(table, "tbody")


def _row(rows: Element, page: str, *values: str) -> None:
    row = SubElement(rows, "tr")
    target = page if page.endswith(".md") else f"{ANSWERS}/index.md"
    link = SubElement(SubElement(row, "td"), "a", {"href": f"../{target}"})
    link.text = page.removesuffix(".md")
    for value in values:
        SubElement(row, "td").text = value
