"""The Markdown that stands beside a page: its source, with the rows of the phrasebook in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from tandem.frameworks import LABELS

from tandem_site import phrasebook, where
from tandem_site.phrasebook import Group, Name, Row

DATA = Path(__file__).resolve().parents[1] / "data" / "phrasebook"
PLACE = re.compile(rf"^{re.escape(phrasebook.PLACE)}$", re.MULTILINE)


def markdown(text: str, page: Path, docs: Path) -> str:
    """A page's text, complete; `page` is its file below `docs`."""
    if page.parent != docs / phrasebook.PAGES or not PLACE.search(text):
        return text
    groups = phrasebook.known(DATA)
    if page.stem == "index":
        lines = _all(phrasebook.in_order(groups, docs))
    else:
        lines = _tables(next(one for one in groups if one.slug == page.stem), page, docs)
    made = "\n".join(lines).strip()
    return PLACE.sub(lambda _: made, text, count=1)


def _all(groups: list[Group]) -> Iterator[str]:
    for group in groups:
        yield from ("", f"### [{group.title}]({group.slug}.md)", "")
        for row, place in phrasebook.places(group):
            yield f"- [{_code(phrasebook.summary(row))}]({group.slug}.md#{place})"


def _tables(group: Group, page: Path, docs: Path) -> Iterator[str]:
    for title, rows in group.parts:
        yield from ("", f"## {title}", "")
        yield f"| {' | '.join([*LABELS, 'What to know'])} |"
        yield "| --- | --- | --- |"
        for row in rows:
            sides = [_names(names) or row.nothing for names in row.sides.values()]
            cells = [one.replace("|", r"\|") for one in (*sides, _told(row, page, docs))]
            yield f"| {' | '.join(cells)} |"


def _names(names: tuple[Name, ...]) -> str:
    """Names and the modules that they come from: a module once, behind the last of its names."""
    found = [_code(one.show) for one in names]
    for number, one in enumerate(names):
        after = names[number + 1].module if number + 1 < len(names) else ""
        if one.module and one.module != after:
            found[number] += f" ({one.module})"
    return "<br>".join(found)


def _told(row: Row, page: Path, docs: Path) -> str:
    told = [f"**Deprecated**: {row.deprecated}"] if isinstance(row.deprecated, str) else []
    told += ["**Deprecated**."] if row.deprecated is True else []
    told += [row.note] if row.note else []
    if row.at:
        label = phrasebook.label(docs, row.at.partition("#")[0])
        told.append(f"[{label}]({where.link(page, row.at, docs)})")
    return " ".join(told)


def _code(text: str) -> str:
    return f"`` {text} ``" if "`" in text else f"`{text}`"
