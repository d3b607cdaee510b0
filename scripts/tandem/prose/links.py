"""Links within the site: their pages, anchors and pictures are there, and a page has its place."""

from __future__ import annotations

import difflib
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote

from markdown.extensions.toc import slugify, unique

from tandem.prose.text import HEADING, Found, Text
from tandem.read.walkthrough import SIZE

LINK = re.compile(r"(!?)\[(?:[^\]\\]|\\.)*\]\(<?([^)\s>]+)>?[^)]*\)")
OTHER = re.compile(r"[a-z][a-z0-9+.-]*:|//|/")  # another site's, or an address of the site's root
ID = re.compile(r"""\{[^}\n]*#([\w-]+)[^}\n]*\}|\bid=["']([^"'\s]+)["']""")
FENCE = re.compile(r" *(`{3,}|~{3,})")
TERM = re.compile(r"^([^\s:#>`|-][^\n]*)\n(?:\n)?: {1,3}[^\n]", re.MULTILINE)


def links(text: Text) -> Iterator[Found]:
    for number, line in text.numbered():
        for picture, address in LINK.findall(re.sub(r"`[^`]*`", "``", line)):
            if not OTHER.match(address):
                yield from _one(text, number, picture, unquote(address))


def _one(text: Text, number: int, picture: str, address: str) -> Iterator[Found]:
    path, _, anchor = address.partition("#")
    rule = "picture" if picture else "link"
    try:
        file = (text.page.path.parent / path).resolve() if path else text.page.path
        there = file.is_file()
    except (OSError, ValueError):  # such as a name with a NUL, or one that is too long
        yield Found(number, rule, "this is no path")
        return
    if not file.is_relative_to(text.root / "docs"):
        yield Found(number, rule, f"`{path}` is outside of docs/, which is all that is published")
    elif not there:
        what = f"`{path}` is no file{_near(file)}: name it from this page's folder"
        yield Found(number, rule, what)
    elif anchor and file.suffix == ".md" and anchor not in (known := _anchors(file)):
        near = difflib.get_close_matches(anchor, known, 1, 0.5)
        hint = f": did you mean `#{near[0]}`?" if near else ", no heading of it has that id"
        yield Found(number, rule, f"`{path or text.page.path.name}` has no `#{anchor}`{hint}")


def _near(file: Path) -> str:
    names = [one.name for one in file.parent.glob("*")] if file.parent.is_dir() else []
    near = difflib.get_close_matches(file.name, names, 1, 0.6)
    return f" (did you mean `{near[0]}`?)" if near else ""


def _anchors(file: Path) -> set[str]:
    known = file.stat()
    return _anchors_at(file, known.st_mtime_ns) if known.st_size <= SIZE else set()


@functools.lru_cache(maxsize=512)
def _anchors_at(file: Path, changed: int) -> set[str]:
    """The ids that a page has: of its headings, of a glossary's terms, and those it names."""
    found: set[str] = set()
    lines = [*_outside_fences(file.read_text("utf-8", "replace"))]
    for line in lines:
        named = {first or second for first, second in ID.findall(line)}
        found |= named
        if (match := HEADING.match(line)) and not named:
            unique(slugify(_plain(match[2]), "-"), found)
    for term in TERM.findall("\n".join(lines)):
        found.add(slugify(_plain(re.sub(r"\s*\{.*?\}\s*$", "", term)), "-"))
    return found


def _outside_fences(text: str) -> Iterator[str]:
    closing = ""
    for line in text.splitlines():
        fence = FENCE.match(line)
        if not closing and not fence:
            yield line
        elif fence and not closing:
            closing = fence[1]
        elif line.strip() == closing:
            closing = ""


def _plain(words: str) -> str:
    words = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", words)
    return re.sub(r"[`*]", "", words)


def navigation(text: Text) -> Iterator[Found]:
    """Every page has its place in the navigation, where the project has one.

    Answers are listed by their topics instead, so that the tree does not grow with them.
    """
    if text.is_answer:
        return
    configuration = text.root / "mkdocs.yml"
    nav = configuration.read_text("utf-8").partition("\nnav:")[2] if configuration.is_file() else ""
    if nav and not re.search(rf"(?<![\w/.-]){re.escape(text.path)}\b", nav):
        yield Found(1, "navigation", f"add `{text.path}` to `nav:` in mkdocs.yml")


RULES = (links, navigation)
