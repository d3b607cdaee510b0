"""What a built site needs beside its pages: the same for every builder, from the folder alone.

Each page's Markdown next to it, its project as an archive, `llms.txt`, `robots.txt`, the feed,
pages at addresses that have moved, pictures for shared links, a lean search index, one style
sheet, and in each page a Content-Security-Policy and what the theme's HTML lacks. What came out is
judged then, whatever went in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tandem.read.pages import read

from tandem_site import cards, checks, copies, news, policy, projects, search, shape, styles
from tandem_site.markup import fold, write
from tandem_site.markup import read as parsed

# A remark of our scripts, on lines of its own: for those who read the source.
REMARK = re.compile(r"^ */\*.*?\*/\n|^ *//[^\n]*\n", re.DOTALL | re.MULTILINE)
INTRODUCTION = """\
# Tandem

> Flask and Django side by side: each page does one task in both frameworks and shows the HTTP
> exchange that both give. A script follows every page as a reader would; every example runs.

Each page is linked as Markdown. A fence with a title is a file, `http` is a request with its
response, `console` is commands with their output.
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A page of the built site: its path below it (`guides/x/`, "" for the first), its source.

    The source is named from the folder of all of them.
    """

    path: str
    source: str
    meta: dict[str, Any]
    text: str

    @property
    def title(self) -> str:
        return str(self.meta.get("title", ""))

    @property
    def description(self) -> str:
        return str(self.meta.get("description", ""))

    @property
    def section(self) -> str:
        names = self.path.split("/")[:-2]
        return " · ".join(name.replace("-", " ").capitalize() for name in names)


def finish(site: Path, docs: Path, moved: Path, kept: Path, address: str) -> list[str]:
    """Complete a folder that a builder has filled from `docs`, for the site at `address`.

    `kept` holds the projects at the end of the pages, as the check keeps them; `moved` lists
    addresses that pages had before, with those that they have now. Returns why the site may not be
    published, a sentence for each reason, each with its file.
    """
    entries = list(_entries(site, docs))
    for entry in entries:
        text = copies.markdown(entry.text, docs / entry.source, docs)
        (site / entry.path / "index.md").write_text(text, encoding="utf-8")
        if "about" not in entry.meta:  # answers share the picture of their list
            cards.draw(site / "assets" / "cards" / _card(entry.path), entry.title, entry.section)
    (site / "llms.txt").write_text(_llms(entries, address), encoding="utf-8")
    robots = f"User-agent: *\nAllow: /\n\nSitemap: {address}sitemap.xml\n"
    (site / "robots.txt").write_text(robots, encoding="utf-8")
    for script in (site / "assets").glob("*.js"):
        script.write_text(REMARK.sub("", script.read_text(encoding="utf-8")), encoding="utf-8")
    try:
        news.add(site, address, moved.read_text(encoding="utf-8"))
    except ValueError as error:
        return [str(error)]
    found = list(projects.add(site, docs, kept, address))
    return [*found, *_complete(site, entries), *checks.problems(site, address)]


def _complete(site: Path, entries: list[Entry]) -> list[str]:
    """Change and write each page of the theme, and those that have moved; what was not found."""
    files = {file.relative_to(site).as_posix(): file for file in sorted(site.rglob("*.html"))}
    trees = {path: parsed(file) for path, file in files.items()}
    pages = {path: tree for path, tree in trees.items() if tree.find("body/header") is not None}
    articles = {path: tree.find(".//article") for path, tree in pages.items()}
    search.write(
        site,
        [
            search.Entry(entry.path, article, entry.meta)
            for entry in entries
            if (article := articles.get(f"{entry.path}index.html")) is not None
        ],
    )
    shape.pictures(site, pages)
    found = list(shape.change(pages))
    styles.unite(site, pages)
    for path, tree in trees.items():
        policy.add(tree)
        fold(tree)
        write(files[path], tree)
    return found


def address(configuration: Path) -> str:
    """The `site_url` of a `mkdocs.yml`, `!ENV` read; ends with a slash."""
    import mkdocs.config

    url = mkdocs.config.load_config(str(configuration)).site_url
    return str(url).rstrip("/") + "/"


def _entries(site: Path, docs: Path) -> Iterator[Entry]:
    for file in sorted(docs.rglob("*.md")):
        path = file.relative_to(docs).with_suffix("")
        folder = path.parent if path.name == "index" else path
        if not (site / folder / "index.html").is_file():
            continue
        source = file.relative_to(docs).as_posix()
        page = read(file, file.relative_to(docs.parent).as_posix())
        name = "" if folder == Path() else f"{folder.as_posix()}/"
        yield Entry(name, source, page.meta, page.text)


def _card(path: str) -> str:
    """The file name of a page's picture; overrides/main.html makes the same of its address."""
    return (path.strip("/").replace("/", "-") or "index") + ".png"


def _llms(entries: list[Entry], address: str) -> str:
    """The site in the form of https://llmstxt.org: a list of links for each section."""
    rows, section = [INTRODUCTION], None
    for entry in entries:
        if entry.section != section:
            section = entry.section
            rows.append(f"\n## {section or 'Start here'}\n")
        rows.append(f"- [{entry.title}]({address}{entry.path}index.md): {entry.description}")
    return "\n".join(rows) + "\n"
