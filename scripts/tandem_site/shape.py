"""What is changed in the theme's HTML after the build: labels that it lacks, work that it defers.

Each change names where it is made. Where the theme's next version has no such place, the build
says which change was lost, instead of publishing pages without it.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from lxml import html
from PIL import Image

from tandem_site.markup import Tree, classes

WORKER, OURS = "assets/javascripts/workers/search.", "assets/search.js?"
# Parts of articles that are laid out when they come near, see docs/assets/tandem.css.
FAR = (
    "//article/div[@class='exchange' or @class='md-typeset__scrollwrap']"
    " | //article/div[contains(@class, 'tabbed-set')]/div[@class='tabbed-content']"
    " | //article/div[contains(@class, 'highlight')]/pre"
    " | //article/div[contains(@class, 'filtered')]//section/ul"
    " | //article/div[contains(@class, 'filtered')]//section/div[@class='md-typeset__scrollwrap']"
)
NEAR = 60  # rows at the beginning of an article, which are seen at once
CONTENTS = "//nav[contains(@class, 'md-nav--secondary')]//nav[@aria-label]"
NAMES = "//article/div[contains(@class, 'phrases')]//td/code"
PART = re.compile(r"(?<=[._])(?=[^._])")  # where a long name may go on in the next line
SCALE = 1.25  # of pixels to those of the style sheet, see scripts/tools/pictures.py
# A picture behind the first heading of an article is fetched when it comes near.
LATER = "preceding::h2[ancestor::article]"
DRAWN = re.compile(r'<svg\b[^>]*?\bwidth="(\d+)"[^>]*?\bheight="(\d+)"')
BOX = re.compile(r'<svg\b[^>]*?\bviewBox="[-\d.]+ [-\d.]+ ([\d.]+) ([\d.]+)"')
# Rather too high than too low, as what is higher than its place lies over what follows: so many
# letters of running text on a narrow screen are as high as a row of code, as are its margins.
LINE, MARGINS = 24, 2
# A partial of ours begins as a copy of the theme's: the digest of what was copied.
COPIED = {
    "partials/palette.html": "fb935107",
    "partials/path.html": "cbde0642",
}


@dataclass(frozen=True, slots=True)
class Change:
    """A change to each element that an XPath finds; `everywhere`: on each page, not on some."""

    what: str
    where: str
    make: Callable[[Any], None]
    everywhere: bool = True


def _without(name: str) -> Callable[[Any], None]:
    return lambda element: element.attrib.pop(name)


def _with(name: str, value: str) -> Callable[[Any], None]:
    return lambda element: element.set(name, value)


def _unscripted(dialog: Tree) -> None:
    """Before the search, which needs JavaScript: where to look without."""
    start = dialog.xpath("string(//a[@data-md-component='logo']/@href)")
    line = '<noscript><p class="unscripted">Search needs JavaScript: see <a>all pages</a>.</p>'
    found = html.fragment_fromstring(f"{line}</noscript>")
    found.find(".//a").set("href", f"{start}#all-pages")
    dialog.addprevious(found)


def _no_landmark(part: Tree) -> None:
    part.attrib.pop("aria-label")
    part.set("role", "presentation")


def _search(config: Tree) -> None:
    """Our worker in the place of the theme's, see docs/assets/search.js."""
    config.text = config.text.replace(WORKER, OURS)


def _wrap(table: Tree) -> None:
    """In the boxes that the theme's script makes around a table, so that it can be scrolled."""
    inner = html.Element("div", {"class": "md-typeset__table"})
    outer = html.Element("div", {"class": "md-typeset__scrollwrap"})
    outer.tail, table.tail = table.tail, None
    table.addprevious(outer)
    outer.append(inner)
    inner.append(table)


def _break(name: Tree) -> None:
    """Let a name go on in the next line behind its dots and underscores, not within a word."""
    first, *parts = PART.split(name.text or "")
    name.text = first
    for part in parts:
        html.etree.SubElement(name, "wbr").tail = part


def _picture(image: Tree, file: Path) -> None:
    """How large a picture is, so that its place is kept, and whether it can wait."""
    if not file.is_file():
        return  # which is refused later
    if image.get("width") is None and (size := _measured(file)):
        image.set("width", str(size[0]))
        image.set("height", str(size[1]))
    if image.xpath(LATER):
        image.set("loading", "lazy")


@cache
def _measured(file: Path) -> tuple[int, int] | None:
    """The width and height of a picture in pixels of the style sheet."""
    if file.suffix != ".svg":
        with Image.open(file) as picture:
            return round(picture.width / SCALE), round(picture.height / SCALE)
    text = file.read_text(encoding="utf-8")
    found = DRAWN.search(text) or BOX.search(text)
    return (round(float(found[1])), round(float(found[2]))) if found else None


def _size(part: Tree, rows: int) -> None:
    """About how many lines a part of an article is high, before a browser has laid it out."""
    part.set("class", " ".join([*classes(part), "far"]))
    part.set("style", f"--rows: {rows}")


def _rows(part: Tree) -> int:
    kinds = classes(part)
    if part.tag == "pre":
        return int(part.text_content().rstrip().count("\n")) + 1 + MARGINS
    if part.tag == "tr":
        return max(map(_rows, part), default=1)
    if "tabbed-content" in kinds:
        return max(map(_rows, part), default=0)
    if part.tag == "li":
        return math.ceil(len(part.text_content()) / LINE) + 1
    if part.tag in {"div", "table", "thead", "tbody", "ul", "ol"}:
        return sum(map(_rows, part))
    return math.ceil(len(part.text_content()) / LINE) + MARGINS


CHANGES = [
    Change(
        "checkboxes without `autocomplete`, which HTML does not know there",
        "//input[@type='checkbox'][@autocomplete]",
        _without("autocomplete"),
    ),
    Change(
        "labels without an empty `tabindex`",
        "//label[@tabindex='']",
        _without("tabindex"),
        everywhere=False,
    ),
    Change(
        "a line for readers without JavaScript",
        "//div[@data-md-component='search'][@role='dialog']",
        _unscripted,
    ),
    Change(
        "a name for the search",
        "//div[@data-md-component='search'][@role='dialog']",
        _with("aria-label", "Search"),
    ),
    Change(
        "a name for the breadcrumbs",
        "//nav[contains(@class, 'md-path')]",
        _with("aria-label", "Breadcrumbs"),
        everywhere=False,
    ),
    Change(
        "the form of the search as one that asks for no index beforehand",
        "//form[@name='search']",
        _without("name"),
    ),
    Change(
        "an article that the theme's script leaves alone, see docs/assets/tandem.js",
        "//div[@data-md-component='content']",
        _without("data-md-component"),
    ),
    Change(
        "a header without a script in its midst, where a browser may stop and paint half of it",
        "//header//script",
        lambda script: script.drop_tree(),
    ),
    Change(
        "our script before the theme's",
        "//body/script[contains(@src, 'assets/javascripts/bundle.')]",
        lambda script: script.getparent().append(script),
    ),
    Change(
        "scripts that wait for the page",
        "//body/script[@src]",
        _with("defer", ""),
    ),
    Change(
        "our search in the place of the theme's",
        f"//script[@id='__config'][contains(text(), '{WORKER}')]",
        _search,
    ),
]


def pictures(site: Path, trees: dict[str, Tree]) -> None:
    """Say of each picture on each page (path → tree) how large it is, and whether it can wait."""
    for path, tree in trees.items():
        for image in tree.xpath("//img[@src]"):
            _picture(image, (site / path).parent / image.get("src").partition("#")[0])


def change(trees: dict[str, Tree]) -> Iterator[str]:
    """Make each change on each page (path → tree); what has lost its place, in a sentence each."""
    for tree in trees.values():
        for part in tree.xpath(CONTENTS):  # one landmark, and not one more for each heading
            _no_landmark(part)
        for name in tree.xpath(NAMES):
            _break(name)
        for table in tree.xpath("//article//table[not(@class)]"):
            _wrap(table)
        above = 0
        for part in tree.xpath(FAR):
            rows = max(1, _rows(part))
            if above > NEAR:
                _size(part, rows)
            above += rows
    for one in CHANGES:
        missed = []
        for path, tree in trees.items():
            found = tree.xpath(one.where)
            for element in found:
                one.make(element)
            if not found:
                missed.append(path)
        if missed and (one.everywhere or len(missed) == len(trees)):
            yield f"{missed[0]}: the theme has no place for {one.what}: no `{one.where}`"


def copies(theme: Path) -> Iterator[str]:
    """Partials that the theme at this folder changed after we copied them, in a sentence each."""
    for name, digest in COPIED.items():
        file = theme / name
        now = hashlib.sha256(file.read_bytes()).hexdigest()[:8] if file.is_file() else ""
        if now != digest:
            yield (
                f"overrides/{name} is made from the theme's file, which has changed: compare them,"
                f" then write `{now}` for it in {Path(__file__).name}"
            )
