"""Markdown file → Page: the blocks of a page in the order in which they are read.

Fences and tabs are read line by line, so that each keeps its place in the file. What this
module accepts is narrower than what Markdown allows: what would render differently from
what it looks like in the source is a failure with its line. `tandem.rendered` proves that
both see the same blocks.
"""

from __future__ import annotations

import difflib
import functools
import re
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, Literal, cast

from tandem import frameworks
from tandem.outcome import Failure, Location
from tandem.read import front_matter

Kind = Literal["file", "append", "diff", "http", "console", "pycon", "illustration"]

TAB = re.compile(r'( *)===(!\+|\+!|!|\+)? +"(.*?)" *$')
CONTAINER = re.compile(r"( *)(?:!!!|\?\?\?\+?) |( *)(?:[-*+]|\d+[.)]) ")
FENCE = re.compile(r"( *)(`{3,}|~{3,})(.*)$")
HTML = re.compile(r" *<(?:(\w+)\b[^>]*\bmarkdown\b[^>]*>|/(\w+)>)")
INFO = re.compile(r"(?P<name>[\w+#.-]+)?(?P<options>(?: +[\w-]+=\"[^\"]*\")*) *$")
BRACES = re.compile(r"\{ *(?P<classes>(?:\.[\w+#-]+ *)+)(?P<options>(?: *[\w-]+=\"[^\"]*\")*) *\}$")
OPTION = re.compile(r"([\w-]+)=\"([^\"]*)\"")
ELLIPSIS = re.compile(
    r"\s*(?:(?:#|//|--|;)\s*(?:\.{3}|…)"
    r"|\{#\s*(?:\.{3}|…)\s*#\}|<!--\s*(?:\.{3}|…)\s*-->|/\*\s*(?:\.{3}|…)\s*\*/)\s*$"
)
RUN = {"http", "console", "pycon"}
TITLED = {"http", "console"}  # who sends it; the terminal of which command
ILLUSTRATIONS = {"text", "mermaid"}
OPTIONS = {"title", "hl_lines", "linenums"}
SOLUTION = re.compile(r" *\?\?\?\+? +solution\b")
BEHIND_MARKER = re.compile(r"( *)(?:(?:[-*+:>]|\d+[.)]) +)+(`{3,}|~{3,})")
ENDS_LINE = re.compile(r"[\r\v\f\x1c-\x1e\x85\u2028\u2029]")  # for some programs, not for all
PAIR = frameworks.LABELS


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab that a block stands in; `index` counts from 0 in its set."""

    label: str
    group: int
    index: int
    line: int


@dataclass(frozen=True, slots=True)
class Block:
    """One fence. `line` is that of its opening; its text starts on the next."""

    kind: Kind
    language: str
    text: str
    title: str
    tabs: tuple[Tab, ...]
    line: int
    not_run: bool = False
    form: str = ""
    solution: int = 0

    @property
    def lines(self) -> list[str]:
        return self.text.split("\n") if self.text else []

    def at(self, index: int) -> int:
        """The page's line of the text's line `index` (from 0)."""
        return self.line + 1 + index


@dataclass(frozen=True, slots=True)
class Page:
    """A page: `name` is its path as printed, `problems` what is wrong with its source."""

    path: Path
    name: str
    text: str
    meta: dict[str, Any]
    blocks: tuple[Block, ...]
    tabs: tuple[tuple[Tab, ...], ...]
    problems: tuple[Failure, ...]

    @property
    def has_pairs(self) -> bool:
        return any(tab.label in PAIR for group in self.tabs for tab in group)

    @property
    def needs_no_examples(self) -> bool:
        """Front matter `examples: none`: a page of prose, which shows nothing to run."""
        return self.meta.get("examples") == "none"

    def location(self, line: int) -> Location:
        return Location(self.name, line)

    def front_matter_line(self, key: str) -> int:
        """The line on which the front matter's `key` stands, else 1."""
        for number, line in enumerate(self.text.split("\n"), start=1):
            if line.startswith(f"{key}:"):
                return number
        return 1


def read(path: Path, name: str) -> Page:
    """Read a page; raises OSError or UnicodeDecodeError when that is not possible."""
    return parse(path.read_text(encoding="utf-8"), path, name)


def broken(path: Path, name: str, failure: Failure) -> Page:
    """A page that cannot be read, for that reason."""
    return Page(path, name, "", {}, (), (), (failure,))


def parse(text: str, path: Path, name: str) -> Page:
    """Read a page's text. What is wrong with it stands in the page's `problems`."""
    reader = _Reader(text.replace("\r\n", "\n"), name)
    reader.read()
    return Page(
        path=path,
        name=name,
        text=text,
        meta=reader.meta,
        blocks=tuple(reader.blocks),
        tabs=tuple(tuple(group) for group in reader.groups),
        problems=tuple(sorted(reader.problems, key=lambda one: one.location.line)),
    )


@dataclass(slots=True)
class _Container:
    """A tab, a list item or an admonition that is open; `content` is its text's indent."""

    content: int
    tab: Tab | None
    filled: bool = False
    solution: int = 0


class _Reader:
    """Walks the lines once; all state of the walk is here."""

    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.raw = text.split("\n")
        self.lines = [_untabbed(line) for line in self.raw]
        self.name = name
        self.solutions = 0
        self.ended: tuple[str, int] | None = None  # the tab that ended last, and where
        self.meta: dict[str, Any] = {}
        self.blocks: list[Block] = []
        self.groups: list[list[Tab]] = []
        self.problems: list[Failure] = []
        self.open: list[_Container] = []
        self.html: list[str] = []  # elements around the line that hold Markdown

    def problem(self, line: int, what: str) -> None:
        self.problems.append(Failure(Location(self.name, line), what))

    def read(self) -> None:
        for number, line in enumerate(self.raw, 1):
            if found := ENDS_LINE.search(line):
                what = f"a character in this line, U+{ord(found[0]):04X}, ends lines for some"
                self.problem(number, f"{what} programs and not for others: take it out")
        index = self.front_matter()
        while index < len(self.lines):
            index = self.line(index)
        self.close(0)
        for group in self.groups:
            self.check_labels(group)

    def front_matter(self) -> int:
        found = front_matter.read(self.text)
        self.meta = found.values
        for line, what in found.problems:
            self.problem(line, what)
        return found.lines

    def line(self, index: int) -> int:
        """Read the line, or the whole fence, at `index`; returns where to go on."""
        line = self.lines[index]
        if not line.strip():
            return index + 1
        indent = len(line) - len(line.lstrip(" "))
        fence = FENCE.match(line)
        places = {0, *(container.content for container in self.open)}
        closed = None if fence and indent not in places else self.close(indent)
        if closed is not None:
            self.ended = closed.label, index + 1
        for container in self.open:
            container.filled = True
        if match := TAB.match(line):
            self.tab(match, index, closed)
        elif match := BEHIND_MARKER.match(line):
            what = "a fence does not stand behind a list marker: indent it on a line of its own"
            self.problem(index + 1, what)
            ends = [
                n for n in range(index + 1, len(self.lines)) if self.lines[n].strip() == match[2]
            ]
            return ends[0] + 1 if ends else index + 1
        elif match := CONTAINER.match(line):
            self.container(line, indent)
        elif fence:
            return self.fence(fence, index)
        elif match := HTML.match(line):
            self.html += [match[1]] if match[1] else []
            if match[2] and match[2] in self.html:
                self.html.remove(match[2])
        return index + 1

    def container(self, line: str, indent: int) -> None:
        solution = next((one.solution for one in reversed(self.open) if one.solution), 0)
        if SOLUTION.match(line):
            self.solutions += 1
            solution = self.solutions
        self.open.append(_Container(indent + 4, None, solution=solution))

    def close(self, indent: int) -> Tab | None:
        """Close what a line at `indent` is no longer part of; returns the last tab closed."""
        closed = None
        while self.open and indent < self.open[-1].content:
            container = self.open.pop()
            closed = container.tab
            if container.tab and not container.filled:
                label = container.tab.label
                self.problem(
                    container.tab.line,
                    f"the tab `{label}` is empty: its content is indented by 4 spaces",
                )
        return closed

    def tab(self, match: re.Match[str], index: int, closed: Tab | None) -> None:
        indent, new, label = len(match[1]), "!" in (match[2] or ""), match[3]
        if closed is None or new:
            self.groups.append([])
        group = closed.group if closed and not new else len(self.groups) - 1
        tab = Tab(label, group, len(self.groups[group]), index + 1)
        self.groups[group].append(tab)
        self.open.append(_Container(indent + 4, tab))

    def check_labels(self, group: list[Tab]) -> None:
        labels = [tab.label for tab in group]
        if labels == PAIR:
            return
        for tab in group:
            near = difflib.get_close_matches(tab.label.title(), PAIR, 1, 0.7)
            if near and tab.label not in PAIR:
                self.problem(tab.line, f"the tab `{tab.label}` is not known: write `{near[0]}`")
                return
        framework = next((tab for tab in group if tab.label in PAIR), None)
        if framework is None:
            return
        if missing := [label for label in PAIR if label not in labels]:
            what = f"the tab `{framework.label}` has no twin `{missing[0]}`"
        else:
            first, *others = (f"`{label}`" for label in PAIR)
            what = f"a pair has {len(PAIR)} tabs, {first} first, then {', then '.join(others)}"
        self.problem(framework.line, what)

    def fence(self, match: re.Match[str], index: int) -> int:
        indent, marker, info = len(match[1]), match[2], match[3].strip()
        base = self.open[-1].content if self.open else 0
        if indent != base:
            what = f"the fence is indented by {indent} spaces where its place is at {base}"
            if self.ended and indent > base:
                label, line = self.ended
                what += f": the tab `{label}` ended on line {line}, which is not indented"
            self.problem(index + 1, what)
        if self.html:
            self.problem(
                index + 1, f"a fence inside `<{self.html[-1]}>` is not followed: move it out"
            )
        end = self.find_end(index, indent, marker)
        margin = " " * indent
        text = [
            raw[indent:] if raw.startswith(margin) else line[indent:]
            for raw, line in zip(
                self.raw[index + 1 : end], self.lines[index + 1 : end], strict=True
            )
        ]
        tabs = tuple(container.tab for container in self.open if container.tab)
        solution = next((one.solution for one in reversed(self.open) if one.solution), 0)
        block = Block("illustration", "", "\n".join(text), "", tabs, index + 1, solution=solution)
        if classified := self.classify(block, info):
            self.blocks.append(classified)
        return end + 1

    def find_end(self, index: int, indent: int, marker: str) -> int:
        """The index of the closing line, or where reading goes on if there is none."""
        astray = None
        for number in range(index + 1, len(self.lines)):
            line = self.lines[number]
            if line.strip() == marker and line.startswith(" " * indent + marker):
                if astray is not None:
                    self.problem(
                        astray + 1,
                        f"this line is indented less than the fence on line {index + 1}",
                    )
                return number
            other = FENCE.match(line)
            if other and other[3].strip() and other[2] == marker and len(other[1]) <= indent:
                break
            if line.strip() and not line.startswith(" " * indent) and astray is None:
                astray = number
        marks = f"{len(marker)} {'backticks' if marker[0] == '`' else 'tildes'}"
        self.problem(index + 1, f"the fence is not closed: its end is a line of {marks}")
        return len(self.lines) if astray is None else astray - 1

    def classify(self, block: Block, info: str) -> Block | None:
        match = BRACES.match(info) or INFO.match(info)
        if match is None:
            self.problem(block.line, f"`{info}` is not a language with options in double quotes")
            return None
        groups = match.groupdict()
        names = [part.strip() for part in (groups.get("classes") or "").split(".") if part.strip()]
        language, *classes = names or [groups.get("name") or ""]
        options = dict(OPTION.findall(match["options"] or ""))
        allowed = OPTIONS | {"form"} if language == "http" else OPTIONS
        kinds = {"option": (set(options), allowed), "class": (set(classes), {"not-run"})}
        for what, (words, fitting) in kinds.items():
            for word in words - fitting:
                self.problem(block.line, f"unknown {what} `{word}`{suggest(word, fitting)}")
                return None
        block = replace(
            block,
            language=language,
            title=plain_title(options.get("title", "")),
            form=options.get("form", ""),
            not_run="not-run" in classes,
        )
        return self.kind(block)

    def kind(self, block: Block) -> Block | None:
        language, title = block.language, block.title
        if not language:
            self.problem(block.line, "untitled fence without a language: make it `text`")
        elif language not in RUN | ILLUSTRATIONS and language not in _languages():
            known = RUN | ILLUSTRATIONS | _languages()
            self.problem(block.line, f"unknown language `{language}`{suggest(language, known)}")
        elif block.not_run:
            if title:
                return block
            self.problem(block.line, 'a block that is not run says why: title="why"')
        elif language in RUN:
            if not title or language in TITLED:
                return replace(block, kind=cast(Kind, language))
            self.problem(block.line, f"a `{language}` block is no file: it has no title")
        elif not title:
            if language in ILLUSTRATIONS:
                return block
            self.problem(
                block.line, f"untitled `{language}` block: give it a title, or make it `text`"
            )
        elif not _inside(title):
            self.problem(block.line, f"the title `{title}` leaves the project's folder")
        elif title != (short := str(PurePosixPath(title))):
            self.problem(block.line, f"the title `{title}` is that of `{short}`: write it so")
        elif language == "diff":
            return replace(block, kind="diff")
        else:
            lines = block.lines
            append = bool(lines) and ELLIPSIS.match(lines[0]) is not None
            return replace(block, kind="append" if append else "file")
        return None


def _untabbed(line: str) -> str:
    """A line whose indentation has no tabs, as Markdown reads it; those behind it stay."""
    rest = line.lstrip(" \t")
    return line[: len(line) - len(rest)].expandtabs(4) + rest


def plain_title(title: str) -> str:
    """The one name of a file that may be written with `./` before it; other titles as they are."""
    return str(PurePosixPath(title)) if title.startswith("./") else title


def _inside(title: str) -> bool:
    path = PurePosixPath(title)
    clean = title.isprintable() and not set(title) & set("\\~:")
    return clean and not path.is_absolute() and ".." not in path.parts and bool(path.parts)


@functools.cache
def _languages() -> frozenset[str]:
    """Every name that Pygments, which colours the site's blocks, has for a language."""
    from pygments.lexers._mapping import LEXERS

    return frozenset(alias for entry in LEXERS.values() for alias in entry[2])


def suggest(word: str, known: set[str] | frozenset[str]) -> str:
    near = difflib.get_close_matches(word, sorted(known), 1)
    return f"; did you mean `{near[0]}`?" if near else ""
