"""The box below a page's opening: which project it begins with, and where to get that."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path, PurePosixPath
from xml.etree.ElementTree import Element, SubElement

from markdown import Markdown
from markdown.treeprocessors import Treeprocessor
from tandem.frameworks import KNOWN
from tandem.read import front_matter

from tandem_site import projects
from tandem_site.projects import Head, Project
from tandem_site.where import Source

INSTALL = "start/install.md"


class Begin(Treeprocessor):
    """Puts the box behind the first paragraph; `kept` is the folder of what the check keeps.

    It comes after a builder has made addresses of links: its own are whole.
    """

    def __init__(self, md: Markdown, source: Source, kept: Path) -> None:
        super().__init__(md)
        self.source = source
        self.kept = kept

    def run(self, root: Element) -> None:
        file = self.source.page
        if file is None:
            return
        docs = self.source.docs
        page = heads(file, file.stat().st_mtime_ns)
        path = file.relative_to(docs).as_posix()
        if path == INSTALL or not projects.begins(page, docs):
            return
        start = front_matter.page_named(page.meta["starts_from"], file, docs.parent)
        parent = heads(start, start.stat().st_mtime_ns) if start else None
        children = list(root)
        at = next((n for n, one in enumerate(children) if one.tag == "p"), None)
        if at is None:
            return
        box = Element("div", {"class": "begin", "data-search-exclude": ""})
        self.say(SubElement(box, "p"), page, parent, path)
        root.insert(at + 1, box)

    def say(self, place: Element, page: Head, start: Head | None, path: str) -> None:
        docs = self.source.docs
        SubElement(place, "strong").text = "Start here."
        last = place[0]
        if start is None:
            last.tail = " Begin in an empty folder, with "
            last = self.link(place, path, INSTALL, "Flask or Django installed")
            last.tail = "."
        else:
            name = start.path.relative_to(docs).as_posix()
            last.tail = " You go on with the project from the end of "
            last = self.link(place, path, name, str(start.meta.get("title", name)))
            if ready := projects.of(start, docs, self.kept):
                last.tail = ". To begin with this page, unpack that project for "
                last = self.links(place, path, ready, "{} (zip)")
                last.tail = ", and follow its README.md."
            else:
                last.tail = "."
        if ready := projects.of(page, docs, self.kept):
            last.tail = f"{last.tail} At the end you have this: "
            last = self.links(place, path, ready, "{}, finished (zip)")
            last.tail = "."

    def link(self, place: Element, path: str, target: str, text: str) -> Element:
        """A link to another page, as the built site has it."""
        folder = PurePosixPath(target).with_suffix("")
        address = "" if folder.name == "index" else f"{folder}/"
        found = SubElement(place, "a", {"href": f"{_up(path)}{address}"})
        found.text = text
        return found

    def links(self, place: Element, path: str, ready: Iterable[Project], text: str) -> Element:
        """A link to each archive, with "or" between two; `text` has a place for the framework."""
        last = place[-1]
        for number, project in enumerate(ready):
            if number:
                last.tail = " or "
            last = SubElement(place, "a", {"href": f"{_up(path)}{project.name}"})
            last.text = text.format(KNOWN[project.framework].LABEL)
        return last


@lru_cache(maxsize=1024)
def heads(file: Path, changed: int) -> Head:
    """A page as its front matter says it is, read once until the file has changed."""
    return Head(file, front_matter.read(file.read_text(encoding="utf-8")).values)


def _up(path: str) -> str:
    """From where a page is served back to the site's first folder."""
    folder = PurePosixPath(path).with_suffix("")
    return "../" * (len(folder.parts) - (folder.name == "index"))
