"""The project at the end of each page as an archive, for readers who begin with the next one.

The check keeps a folder for each page and framework (`--keep`); what comes from it into the site
are plain files, with a README.md that says how to start them.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tandem.frameworks import KNOWN
from tandem.read import walkthrough
from tandem.read.pages import Page
from tandem.read.walkthrough import Site

FOLDER = "projects"  # of the site, and of what the check keeps
LEFT_OUT = {".venv", "venv", ".git", "__pycache__", ".pytest_cache"}
REQUIREMENTS = "requirements.txt"
LARGEST = 2 << 20  # bytes of one archive: the site's projects have some files of text
DATE = (1980, 1, 1, 0, 0, 0)  # the first that a zip can say: the same files make the same archive
SETS = re.compile(r"(export|unset) +(\w+)")
FAILURES = "## When it goes wrong"
SECRET = "secrets.token_hex"  # in the only command whose output a page puts into a variable here
README = """\
# The notes application in {label}, at the end of "{title}"

This is what a reader of {address} has.
Make an environment, install the versions that the page was checked with, and start it.

On macOS and Linux:

    python3 -m venv .venv
    source .venv/bin/activate
    pip install -r requirements.txt
{started}
On Windows the first two lines are:

    py -m venv .venv
    .venv\\Scripts\\activate
{windows}
Every secret in these files is known to all who read the page: make your own before you publish
anything. Servers that the page has started beside the application, such as a database, are not
in here; the page shows the commands.
"""


@dataclass(frozen=True, slots=True)
class Project:
    """What is kept of a page: `folder`, for which framework, and `name` of its archive."""

    framework: str
    folder: Path
    name: str


@dataclass(frozen=True, slots=True)
class Head:
    """A page without its blocks: its file, and what its front matter says."""

    path: Path
    meta: dict[str, Any]


def begins(page: Head | Page, docs: Path) -> bool:
    """Whether a page builds a project that its readers keep: its front matter says from where on.

    What the pages for contributors build are samples.
    """
    path = page.path.relative_to(docs).as_posix()
    return "starts_from" in page.meta and not path.startswith("contribute/")


def of(page: Head | Page, docs: Path, kept: Path) -> list[Project]:
    """The projects of a page, in the order of the tabs; none where it builds none."""
    if not begins(page, docs) or "about" in page.meta:
        return []  # what an answer shows, nobody goes on with
    slug = page.path.relative_to(docs).with_suffix("").as_posix().replace("/", "-")
    found = [
        Project(key, kept / f"docs-{slug}-{key}", f"{FOLDER}/{slug}-{key}.zip") for key in KNOWN
    ]
    return [one for one in found if any(file.name != REQUIREMENTS for file in _files(one.folder))]


def add(site: Path, docs: Path, kept: Path, address: str) -> Iterator[str]:
    """Write the archives of all pages; yields why one cannot be published, with its file."""
    source = walkthrough.load(sorted(docs.rglob("*.md")), docs.parent)
    for path, page in source.pages.items():
        for project in of(page, docs, kept):
            target = site / project.name
            target.parent.mkdir(exist_ok=True)
            told = _readme(page, project, starts(source, path, project), docs, address)
            _write(target, project, told)
            if (size := target.stat().st_size) > LARGEST:
                target.unlink()
                yield f"{project.name}: {size >> 10} KiB are too much for a project of text"


def _write(target: Path, project: Project, readme: str) -> None:
    texts = {"README.md": readme.encode()}
    texts |= {
        one.relative_to(project.folder).as_posix(): one.read_bytes()
        for one in _files(project.folder)
    }
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in sorted(texts.items()):
            entry = zipfile.ZipInfo(f"notes/{name}", DATE)
            entry.external_attr = 0o100644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)


def _files(folder: Path) -> Iterator[Path]:
    """The plain files of a project, those alone: no links, no environment."""
    for place, folders, names in folder.walk():
        folders[:] = sorted(set(folders) - LEFT_OUT)
        for name in sorted(names):
            file = place / name
            if file.is_file() and not file.is_symlink() and file.name != "README.md":
                yield file


def _readme(page: Page, project: Project, commands: list[str], docs: Path, address: str) -> str:
    more = any(line.startswith("export ") for line in commands)
    windows = '\nand in PowerShell `export NAME=value` is `$env:NAME = "value"`.\n'
    path = page.path.relative_to(docs).with_suffix("").as_posix()
    return README.format(
        label=KNOWN[project.framework].LABEL,
        title=page.meta.get("title", page.name),
        address=f"{address}{path}/",
        started="".join(f"    {line}\n" for line in commands),
        windows=windows if more else "",
    )


def starts(source: Site, path: Path, project: Project) -> list[str]:
    """The commands that bring a project up: the variables that it needs, then the server.

    What pages break on purpose, at their end, is no part of them.
    """
    texts = "".join(
        one.read_text(encoding="utf-8", errors="replace")
        for one in _files(project.folder)
        if one.suffix == ".py"
    )
    sets: dict[str, str] = {}
    named = ""
    for page, line, command in walkthrough.typed(source, path, project.framework):
        if line > _end(page):
            continue
        if found := SETS.match(command):
            kind, name = found.groups()
            sets.pop(name, None)
            is_plain = "$" not in command.replace("$PWD", "") or SECRET in command
            # Without a comma behind it: what has a default need not be set.
            is_needed = re.search(rf'"{name}"(?!,)', texts) or name.startswith("FLASK_")
            if kind == "export" and is_plain and is_needed:
                sets[name] = command
        elif found := re.match(r"flask (--app [\w.:]+) ", command):
            named = f"{found[1]} "
    return [*sets.values(), *_server(project, named)]


def _end(page: Page) -> int:
    """The line where a page begins to break things."""
    rows = page.text.split("\n")
    return rows.index(FAILURES) + 1 if FAILURES in rows else len(rows)


def _server(project: Project, named: str) -> Iterator[str]:
    """The command of the development server; `named` is the application that pages have named."""
    if (project.folder / "manage.py").is_file():
        yield "python manage.py runserver"
    elif any((project.folder / name).is_file() for name in ("app.py", "wsgi.py")):
        yield "flask run"
    elif named:
        yield f"flask {named}run"
