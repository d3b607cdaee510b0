"""Pages of the built site as trees, and written again.

lxml reads HTML with libxml2, which cuts it into tags as HTML 5 says since version 2.14. What is
written is made of the tree, so that a browser finds the elements that were judged.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from lxml import html

Tree = Any  # lxml has no types of its own
KEPT = ("pre", "code", "kbd", "script", "textarea")  # where each space is shown, or means something
SPACE = re.compile(r"[ \t\n\r\f]+")


def read(file: Path) -> Tree:
    """The root of a page; raises ValueError for a file without HTML."""
    try:
        parser = html.HTMLParser(encoding="utf-8", huge_tree=True)
        return html.document_fromstring(file.read_bytes(), parser=parser)
    except (OSError, html.etree.ParserError) as error:
        raise ValueError(f"{file.name} is no page: {error}") from None


def write(file: Path, tree: Tree) -> None:
    text: bytes = html.tostring(tree, encoding="utf-8", doctype="<!doctype html>")
    # libxml2 is older than this element, and writes an end of it, which HTML does not have.
    file.write_bytes(text.replace(b"</wbr>", b"") + b"\n")


def classes(element: Tree) -> list[str]:
    return (element.get("class") or "").split()


def fold(tree: Tree) -> None:
    """Fold the space between words and between elements: outside of code, one says as much."""
    waiting = [tree]
    while waiting:
        element = waiting.pop()
        if element.tag in KEPT:
            continue
        element.text = element.text and SPACE.sub(" ", element.text)
        for child in element:
            child.tail = child.tail and SPACE.sub(" ", child.tail)
            waiting.append(child)
