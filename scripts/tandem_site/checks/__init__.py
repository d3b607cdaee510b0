"""What the built site may hold: each check is a function and a row in one of the lists here.

A check of a page gets a `Built` page, a check of the site the folder; both give one sentence for
each thing that is wrong, which begins with the file. What is judged is what is published.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from tandem_site.checks import content, feed, files, outline, scripts
from tandem_site.checks.built import Built
from tandem_site.markup import read

PAGE: list[Callable[[Built], Iterator[str]]] = [
    content.problems,
    outline.problems,
    scripts.problems,
]
SITE: list[Callable[[Path, str], Iterator[str]]] = [
    feed.problems,
    files.problems,
]


def problems(site: Path, base: str) -> list[str]:
    """What is wrong with the site in a folder that is served at `base`, each fault told once."""
    found: dict[str, list[str]] = {}
    for file in sorted(site.rglob("*.html")):
        path = file.relative_to(site).as_posix()
        for what in _of_page(path, file, site, base):
            found.setdefault(what, []).append(path)
    told = []
    for what, paths in found.items():
        more = f" (and on {len(set(paths)) - 1} more pages)" if len(set(paths)) > 1 else ""
        told.append(f"{paths[0]}: {what}{more}")
    return told + [what for check in SITE for what in check(site, base)]


def _of_page(path: str, file: Path, site: Path, base: str) -> Iterator[str]:
    try:
        page = Built(path, read(file), site, base)
    except ValueError as error:
        yield str(error)
        return
    for check in PAGE:
        yield from check(page)
