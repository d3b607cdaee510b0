"""Files of the site and of `docs/`: pages, pictures, and what is listed; no links, no scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lxml import etree

PICTURES = {".avif", ".jpg", ".png", ".svg", ".webp"}
LISTED = {"assets/search.js", "assets/tandem.css", "assets/tandem.js"}
PUBLISHED = PICTURES | {
    ".css",
    ".gz",
    ".html",
    ".js",
    ".json",
    ".map",
    ".md",
    ".txt",
    ".xml",
    ".zip",
}
HERE = "scripts/tandem_site/checks/files.py"
SVG = "{http://www.w3.org/2000/svg}"
DRAWN = set(
    str.split(
        "circle clipPath defs desc ellipse g line linearGradient marker mask path pattern polygon "
        "polyline radialGradient rect stop svg symbol text title tspan use"
    )
)


def sources(docs: Path) -> Iterator[str]:
    """Files of `docs` that may not be published; ask before a builder follows them."""
    for file in sorted(docs.rglob("*")):
        name = file.relative_to(docs).as_posix()
        if file.is_symlink():
            yield f"docs/{name}: it is a symbolic link: put the file itself there"
        elif file.is_dir():
            continue
        elif not file.is_file():
            yield f"docs/{name}: it is no file"
        elif file.suffix != ".md" and file.suffix not in PICTURES and name not in LISTED:
            yield f"docs/{name}: only pages (.md), pictures and what {HERE} lists are published"
        elif file.suffix == ".svg" and (why := acting(file)):
            yield f"docs/{name}: {why}"


def problems(site: Path, base: str) -> Iterator[str]:
    """What stands in the built site beside its pages and may not."""
    for file in sorted(site.rglob("*")):
        name = file.relative_to(site).as_posix()
        if file.is_symlink():
            yield f"{name}: it is a symbolic link"
        elif file.is_file() and file.suffix not in PUBLISHED:
            yield f"{name}: the site has no files of this kind"
        elif file.suffix == ".svg" and (why := acting(file)):
            yield f"{name}: {why}"


def acting(file: Path) -> str | None:
    """What a drawing (SVG) holds beside lines and text, in a sentence; None if it only draws."""
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        tree = etree.parse(str(file), parser)
    except etree.XMLSyntaxError as error:
        return f"it is no drawing: {error}"
    if tree.docinfo.doctype:
        return "a drawing has no document type"
    for element in tree.iter():
        if element.tag is etree.Comment:
            continue
        if not isinstance(element.tag, str) or element.tag.removeprefix(SVG) not in DRAWN:
            return f"a drawing has no `{str(element.tag).removeprefix(SVG)}`"
        for name, value in element.items():
            bare = etree.QName(name).localname.lower()
            if bare.startswith("on") or (bare == "href" and not value.startswith("#")):
                return f"a drawing has no `{bare}={value[:40]}`"
            if "url(" in value.replace("url(#", "") or bare == "style":
                return f"a drawing asks for nothing else, not for `{value[:40]}`"
    return None
