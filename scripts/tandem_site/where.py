"""Which page is being rendered: an extension of Python-Markdown sees its text, not its name."""

from __future__ import annotations

from functools import cached_property, lru_cache
from pathlib import Path, PurePosixPath

from markdown import Markdown
from markdown.preprocessors import Preprocessor


def body(text: str) -> str:
    """A page's Markdown without its front matter and without what a builder strips around it."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\t", "    ")
    if text.startswith("---\n"):
        text = text.partition("\n---\n")[2]
    return text.strip()


def find(source: str, docs: Path) -> Path | None:
    """The file below `docs` whose body is `source`; None for text that is no page of it."""
    wanted = body(source)
    for file in sorted(docs.rglob("*.md")):
        if _body_of(file, file.stat().st_mtime_ns) == wanted:
            return file
    return None


@lru_cache(maxsize=4096)
def _body_of(file: Path, changed: int) -> str:
    """The body of a file, read once for all pages until the file has changed."""
    return body(file.read_text(encoding="utf-8"))


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
