"""Which page is being rendered: an extension of Python-Markdown sees its text, not its name."""

from __future__ import annotations

import os
from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath

from markdown import Markdown
from markdown.preprocessors import Preprocessor

State = tuple[tuple[str, int], ...]  # files: the path of each, and when it was changed


def body(text: str) -> str:
    """A page's Markdown without its front matter and without what a builder strips around it."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\t", "    ")
    if text.startswith("---\n"):
        text = text.partition("\n---\n")[2]
    return text.strip()


def find(source: str, docs: Path) -> Path | None:
    """The file below `docs` whose body is `source`; None for text that is no page of it."""
    return _bodies(docs, state(docs)).get(body(source))


@lru_cache(maxsize=2)
def _bodies(docs: Path, now: State) -> dict[str, Path]:
    """The pages by their bodies, the first of those with the same."""
    files = [docs / name for name, _ in now if name.endswith(".md")]
    return {body(file.read_text(encoding="utf-8")): file for file in reversed(files)}


def state(folder: Path) -> State:
    """The files below a folder, each as its path from there and its time, in their order.

    What is made of all files is kept as long as this stays the same.
    """
    found, waiting = [], [""]
    while waiting:
        above = waiting.pop()
        with os.scandir(folder / above) as entries:
            for one in entries:
                if one.is_dir():
                    waiting.append(f"{above}{one.name}/")
                else:
                    found.append((f"{above}{one.name}", one.stat().st_mtime_ns))
    return tuple(sorted(found))


def link(page: Path, target: str, docs: Path) -> str:
    """The relative link from a page to `target`, a Markdown file named from `docs`."""
    up = len(page.relative_to(docs).parts) - 1
    return str(PurePosixPath(*[".."] * up, target))


class Source(Preprocessor):
    """Sees a page's text before all others, and knows then which `page` of `docs` it is."""

    def __init__(self, md: Markdown, docs: Path) -> None:
        super().__init__(md)
        self.docs = docs.resolve()
        self.text = ""

    def run(self, lines: list[str]) -> list[str]:
        self.text = "\n".join(lines)
        self.__dict__.pop("page", None)
        return lines

    @cached_property
    def page(self) -> Path | None:
        return find(self.text, self.docs)
