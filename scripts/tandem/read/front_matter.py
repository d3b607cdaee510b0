"""A page's front matter, as the site reads it: by the function of MkDocs itself.

MkDocs also takes lines without dashes for metadata, and lets three dots end a block. What it
would read in another way than a person who looks for two lines `---` is refused.
"""

from __future__ import annotations

import functools
import importlib.util
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, cast

import yaml

from tandem.read import safe

KEYS = {
    "about", "description", "examples", "hide", "icon", "requires", "search", "starts_from",
    "status", "tags", "template", "title",
}  # fmt: skip
ONE = {"title", "description", "starts_from", "about", "examples", "template"}
TEMPLATES = {"home.html", "page.html"}  # of overrides/
LINE = "---"
KEY = re.compile(r"([\w-]+) *:")


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What stands between the dashes, how many lines that takes, and what is wrong: (line, why)."""

    values: dict[str, Any]
    lines: int
    problems: tuple[tuple[int, str], ...]


def read(text: str) -> FrontMatter:
    """The front matter of a page's text."""
    if text.startswith("\ufeff"):
        return FrontMatter({}, 0, ((1, "the page begins with a byte order mark: save it without"),))
    lines = text.split("\n")
    if lines[0] != LINE:
        if lines[0].rstrip() == LINE:
            return FrontMatter({}, 1, ((1, "nothing may stand behind the dashes `---`"),))
        if _mkdocs()(text)[1]:
            why = "the site takes this line as metadata: it belongs between two lines `---`"
            return FrontMatter({}, 0, ((1, why),))
        return FrontMatter({}, 0, ())
    if LINE not in lines[1:]:
        return FrontMatter({}, 1, ((1, "the front matter is not closed by a line `---`"),))
    end = lines.index(LINE, 1)
    inner = lines[1:end]
    try:
        values = yaml.safe_load("\n".join(inner)) if inner else None
        if not isinstance(values, dict):
            raise yaml.YAMLError("it is no list of lines `key: value`")
    except (yaml.YAMLError, ValueError, RecursionError, OverflowError) as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or str(error)
        at = 2 + (mark.line if mark else 0)
        return FrontMatter({}, end + 1, ((at, f"the front matter is not YAML: {reason}"),))
    body, theirs = _mkdocs()(text)
    if theirs != values or body != "\n".join(lines[end + 1 :]).lstrip("\n"):
        at = next((n for n, line in enumerate(inner, 2) if line.rstrip() == "..."), 1)
        why = "the site reads this front matter in another way: two lines `---`, YAML between them"
        return FrontMatter({}, end + 1, ((at, why),))
    return FrontMatter(values, end + 1, tuple(_problems(values, inner)))


def page_named(value: object, path: Path, root: Path) -> Path | None:
    """The page that `starts_from` or `about` of a page names, below `docs/` or beside it."""
    name = str(value)
    if len(name) > 200 or not name.isprintable() or not name.endswith(".md") or name[0] in "/~":
        return None
    docs = (root / "docs").resolve()
    allowed = [docs, path.parent.resolve()]
    for folder in (docs, path.parent):
        file = (folder / PurePosixPath(name)).resolve()
        if any(file.is_relative_to(one) for one in allowed) and file.is_file():
            return file
    return None


def _problems(values: dict[str, Any], lines: list[str]) -> Iterator[tuple[int, str]]:
    from tandem.read.pages import suggest

    seen: set[str] = set()
    for number, line in enumerate(lines, 2):
        if found := KEY.match(line):
            if found[1] in seen:
                yield number, f"`{found[1]}` stands here a second time"
            seen.add(found[1])
    for key, value in values.items():
        at = next((n for n, line in enumerate(lines, 2) if line.startswith(str(key))), 1)
        if not isinstance(key, str) or key not in KEYS:
            yield at, f"unknown front matter `{key}`{suggest(str(key), KEYS)}"
        elif why := _wrong(key, value):
            yield at, f"`{key}` {why}"


def _wrong(key: str, value: object) -> str | None:
    if key == "template" and value not in TEMPLATES:
        return f"is one of {', '.join(sorted(TEMPLATES))}"
    if key == "search":
        known = isinstance(value, dict) and value.keys() <= {"boost", "exclude"}
        return None if known else "has `boost` or `exclude` below it"
    parts = value if isinstance(value, list) else [value]
    if (
        key in {"title", "description", "starts_from", "about", "examples"}
        and value is not parts[0]
    ):
        return "is one text"
    for part in parts:
        if not isinstance(part, str):
            return "is text: put it in quotes"
        if key != "requires" and (why := safe.in_front_matter(part)):
            return why
    return None


@functools.cache
def _mkdocs() -> Callable[[str], tuple[str, dict[str, Any]]]:
    """`mkdocs.utils.meta.get_data`, without all that the package imports around it."""
    package = importlib.util.find_spec("mkdocs")
    assert package is not None and package.submodule_search_locations
    file = Path(package.submodule_search_locations[0], "utils", "meta.py")
    spec = importlib.util.spec_from_file_location("mkdocs_meta", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast(Callable[[str], tuple[str, dict[str, Any]]], module.get_data)
