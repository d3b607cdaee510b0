"""The tables of `reference/errors/`: each message stands where its row says that it is provoked."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import NamedTuple

import markdown
import pytest

DOCS = Path(__file__).resolve().parents[1] / "docs"
PAGE = DOCS / "reference" / "errors" / "index.md"
FENCE = re.compile(r" *(`{3,}|~{3,})")
CODE = re.compile(r"`([^`]+)`")
LINK = re.compile(r"\[[^\]]+\]\(([^)#]+)#([^)]+)\)")


class Row(NamedTuple):
    messages: list[str]
    fix: str
    page: Path
    anchor: str


class Section(NamedTuple):
    level: int
    shown: list[str]  # each fence, and each piece of code in the prose


def _rows() -> list[Row]:
    rows = []
    for line in PAGE.read_text().split("\n"):
        if not line.startswith("| `"):
            continue
        cells = re.fullmatch(r"\| ((?:`[^`]+`(?:\{ #\S+ \})?(?: / )?)+) \| (.+) \| (\S.*) \|", line)
        assert cells, line
        link = LINK.fullmatch(cells[3])
        assert link, line
        target = (PAGE.parent / link[1]).resolve()
        rows.append(Row(CODE.findall(cells[1]), cells[2], target, link[2]))
    return rows


def _spaced(text: str) -> str:
    return " ".join(text.split())


@functools.cache
def _sections(path: Path) -> dict[str, Section]:
    """The sections of a page by their anchors; what stands in a subsection counts above too."""
    headings: list[str] = []
    found: list[Section] = []
    fence, inside = "", ""
    for line in path.read_text().split("\n"):
        mark = FENCE.match(line)
        shown: list[str] = []
        if fence:
            if line.strip() == fence:
                shown, fence, inside = [_spaced(inside)], "", ""
            else:
                inside += line + "\n"
        elif mark:
            fence = mark[1]
        elif heading := re.match(r"(#{1,6}) ", line):
            headings.append(line)
            found.append(Section(len(heading[1]), []))
        if not fence and not mark:
            shown += [_spaced(code) for code in CODE.findall(line)]
        level = 7
        for section in reversed(found):
            if section.level < level:
                section.shown.extend(shown)
                level = section.level
    reader = markdown.Markdown(extensions=["attr_list", "toc"])
    reader.convert("\n\n".join(headings))
    return dict(zip(_ids(reader.toc_tokens), found, strict=True))


def _ids(tokens: list[dict]) -> list[str]:
    return [name for one in tokens for name in (one["id"], *_ids(one["children"]))]


def _shows(shown: str, message: str) -> bool:
    parts = [re.escape(_spaced(part)) for part in message.split("...")]
    return re.search(".{0,200}?".join(parts), shown) is not None


ROWS = _rows()


def test_each_message_has_one_row() -> None:
    assert len(ROWS) > 90
    seen = [(message, row.page) for row in ROWS for message in row.messages]
    assert [one for one in seen if seen.count(one) > 1] == []


def test_what_is_explained_is_listed() -> None:
    explained = {
        (page, anchor)
        for page in set(PAGE.parent.glob("*.md")) - {PAGE}
        for anchor, section in _sections(page).items()
        if section.level == 2 and anchor != "go-on"
    }
    assert explained <= {(row.page, row.anchor) for row in ROWS}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.messages[0])
def test_the_message_is_provoked_there(row: Row) -> None:
    section = _sections(row.page).get(row.anchor)
    assert section, f"no heading #{row.anchor} in {row.page}"
    missing = [
        message
        for message in row.messages
        if not any(_shows(shown, message) for shown in section.shown)
    ]
    assert missing == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.messages[0])
def test_a_cause_and_a_mend(row: Row) -> None:
    sentences = re.sub(r"`[^`]+`", "code", row.fix).split(". ")
    assert len(sentences) == 2 and row.fix.endswith(".")
    assert len(row.fix) <= 160
