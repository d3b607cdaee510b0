"""A page of the built site as the checks see it, and words that they share."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tandem_site.markup import Tree


@dataclass(frozen=True, slots=True)
class Built:
    """`path` below the site's folder, the tree that was read from it, where the site is served."""

    path: str
    tree: Tree
    site: Path
    base: str

    @property
    def moved(self) -> bool:
        """Whether this is the page at an address that has moved: it only leads to another."""
        alone = [one.tag for one in self.tree.find("body")] == ["p"]
        return alone and bool(self.tree.xpath("//head/meta[@http-equiv='refresh']"))

    def file(self, address: str) -> str | None:
        """The file of the site that an address on this page names; None for any other host's."""
        root = urlsplit(self.base).path
        if any(char <= " " or char in '\\"<>' for char in address):
            return None
        parts = urlsplit(address)
        # A colon in the first step of a path is a scheme to somebody (RFC 3986, section 4.2).
        if parts.scheme or parts.netloc or ":" in parts.path.partition("/")[0]:
            return None
        folder = posixpath.join(root, posixpath.dirname(self.path), "")
        path = posixpath.normpath(posixpath.join(folder, unquote(parts.path)))
        inside = path == root.rstrip("/") or path.startswith(root)
        return path[len(root) :] if inside else None


def told(element: Tree) -> str:
    """An element as a sentence names it: its tag, and its class or id where it has one."""
    if not isinstance(element.tag, str):
        return "a comment"
    mark = element.get("class") or element.get("id") or ""
    return f"`<{element.tag}{f' of {mark[:40]}' if mark else ''}>`"
