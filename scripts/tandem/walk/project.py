"""The folder that a page's reader works in: files written, changed, kept and restored.

Every line that came from a page keeps its place there, so that an error in `app.py`, line
14, can be said of the Markdown line that it was copied from.
"""

from __future__ import annotations

import difflib
import io
import json
import os
import re
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePath

from tandem.outcome import Failure, Location, Wrong
from tandem.read.pages import Block, Page
from tandem.world import files

# What running a project leaves behind and a reader would not keep.
LEFTOVERS = {"__pycache__", ".pytest_cache"}
PASSED_OVER = LEFTOVERS | {".venv", "venv", ".git"}
# What a program may have loaded: after a change it is started again, by its reader if nothing
# else does that. `.env` has no suffix.
LOADED = {".py", ".html", ".txt", ".mo", ".json", ".toml", ".yaml", ".yml", ".ini", ".cfg", ""}
NAME = "notes"
LARGEST = 128 << 20  # bytes of a state that is kept
DEFINED = re.compile(r"^\s*(?:async def|def|class) (\w+)|^(\w+) = |name=[\"'](\w+)", re.MULTILINE)
SOURCES = "sources.json"

Places = list[Location | None]


class TooLarge(Exception):
    """A state that no other page can start from: a sentence about it."""


@dataclass(frozen=True, slots=True)
class Lost:
    """What a file no longer defines since it was replaced on a page's line."""

    title: str
    location: Location
    names: frozenset[str]


class Project:
    """A folder and, for each file in it, the page's line of each of its lines."""

    def __init__(self, base: Path) -> None:
        """`base` is an empty folder; the project, its home and its temporary files go there."""
        self.folder = base / NAME
        self.home = base / "home"
        self.temporary = base / "tmp"
        self.sources: dict[str, Places] = {}
        self.lost: list[Lost] = []
        self.folders = (self.folder, self.home, self.temporary)
        for folder in self.folders:
            folder.mkdir(parents=True, exist_ok=True)

    def clear(self) -> None:
        """Empty the project's folder."""
        for entry in self.folder.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()

    def apply(self, page: Page, block: Block) -> None:
        """Do what a file block shows; raises Wrong when that is not possible."""
        title = PurePath(block.title).as_posix()  # `./a.py` is `a.py`
        path = self.folder / title
        what = ""
        if not path.resolve().is_relative_to(self.folder.resolve()):
            what = "leaves the project's folder by a link"
        elif path.is_dir():
            what = "is a folder"
        elif path.exists() and not path.is_file():
            what = "is no file"
        elif above := [one for one in path.parents if one.is_file()]:
            what = f"cannot be: `{self.relative(str(above[0]))}` is a file"
        if what:
            raise Wrong(Failure(page.location(block.line), f"the title `{block.title}` {what}"))
        if block.kind == "file":
            self._replaced(page, block, title, path)
            own: Places = [page.location(block.at(index)) for index in range(len(block.lines))]
            self._write(title, block.lines, own)
            return
        if not path.is_file():
            near = difflib.get_close_matches(title, self.sources, 1, 0.6)
            meant = f": did you mean `{near[0]}`?" if near else ""
            what = f"`{title}` is to be changed here, but no such file exists yet{meant}"
            raise Wrong(Failure(page.location(block.line), what))
        lines, places = self._read(title)
        if block.kind == "append":
            added = range(1, len(block.lines))
            lines += block.lines[1:]
            places += [page.location(block.at(index)) for index in added]
        else:
            for hunk in _hunks(page, block):
                lines, places = hunk.change(lines, places)
        self._write(title, lines, places)

    def _replaced(self, page: Page, block: Block, title: str, path: Path) -> None:
        """Note which names a file loses that is written again: a forgotten `# ...` shows so."""
        if path.is_file() and title in self.sources:
            before = _names(files.read(path.resolve()))
            if names := before - _names(block.text):
                self.lost.append(Lost(title, page.location(block.line), frozenset(names)))

    def place(self, file: str, line: int) -> Location | None:
        """Where a page shows the line of a file; None if no page does."""
        places = self.sources.get(self.relative(file) or "")
        return places[line - 1] if places and 0 < line <= len(places) else None

    def relative(self, file: str) -> str | None:
        """A file's path in the project, None if it is not in there."""
        path = Path(file)
        path = path if path.is_absolute() else self.folder / path
        try:
            return path.resolve().relative_to(self.folder.resolve()).as_posix()
        except ValueError:
            return None

    def files(self) -> dict[str, int]:
        """Every file below the folder, with the time of its change in nanoseconds."""
        return dict(_files(str(self.folder)))

    def snapshot(self, installed: list[str] | None) -> bytes:
        """The project's state, as an archive: nothing of a walk stays in the file system."""
        sources = {
            file: [[place.path, place.line] if place else None for place in places]
            for file, places in self.sources.items()
        }
        size = sum(
            (Path(folder) / name).lstat().st_size
            for folder, _, names in os.walk(self.folder)
            for name in names
        )
        if size > LARGEST:
            raise TooLarge(f"the project at the end of this page has {size >> 20} MiB")
        said = json.dumps({"sources": sources, "installed": installed}).encode()
        kept = io.BytesIO()
        with tarfile.open(fileobj=kept, mode="w") as archive:
            archive.add(self.folder, NAME, filter=_without_leftovers)
            entry = tarfile.TarInfo(SOURCES)
            entry.size = len(said)
            archive.addfile(entry, io.BytesIO(said))
        return kept.getvalue()

    def restore(self, snapshot: bytes) -> list[str] | None:
        """Begin from a state that `snapshot` gave; returns what is installed."""
        unpack(snapshot, self.folder.parent)
        file = self.folder.parent / SOURCES
        state = json.loads(file.read_text())
        file.unlink()
        self.sources = {
            name: [Location(*place) if place else None for place in places]
            for name, places in state["sources"].items()
        }
        installed: list[str] | None = state["installed"]
        return installed

    def _read(self, title: str) -> tuple[list[str], Places]:
        lines = files.read((self.folder / title).resolve()).split("\n")
        if lines[-1] == "":
            lines.pop()
        places = self.sources.get(title, [])
        return lines, (places + [None] * len(lines))[: len(lines)]

    def _write(self, title: str, lines: list[str], places: Places) -> None:
        path = self.folder / title
        path.parent.mkdir(parents=True, exist_ok=True)
        files.write(path.resolve(), "".join(f"{line}\n" for line in lines))
        self.sources[title] = places


class _Hunk:
    """One run of lines of a diff: `old` must stand in the file exactly once."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.rows: list[tuple[str, str, Location]] = []

    def change(self, lines: list[str], places: Places) -> tuple[list[str], Places]:
        old = [(text, at) for sign, text, at in self.rows if sign != "+"]
        texts = [text for text, _ in old]
        starts = [i for i in range(len(lines)) if lines[i : i + len(texts)] == texts]
        if len(starts) != 1 or not old:
            raise Wrong(self._misfit(lines, old, len(starts)))
        start = starts[0]
        new_lines: list[str] = []
        new_places: Places = []
        taken = start
        for sign, text, at in self.rows:
            if sign == "+":
                new_lines.append(text)
                new_places.append(at)
                continue
            if sign == " ":
                new_lines.append(text)
                new_places.append(places[taken])
            taken += 1
        return (
            lines[:start] + new_lines + lines[taken:],
            places[:start] + new_places + places[taken:],
        )

    def _misfit(self, lines: list[str], old: list[tuple[str, Location]], times: int) -> Failure:
        if not old:
            what = "a diff needs a line that stays or goes, to find its place"
            return Failure(self.rows[0][2], what)
        if times:
            what = f"these lines stand in `{self.title}` {times} times: show more lines around them"
            return Failure(old[0][1], what)
        fitting = 0
        for start in range(len(lines)):
            run = 0
            while run < len(old) and lines[start + run : start + run + 1] == [old[run][0]]:
                run += 1
            fitting = max(fitting, run)
        text, at = old[fitting]
        after = f" after `{old[fitting - 1][0].strip()}`" if fitting else ""
        return Failure(at, f"`{self.title}` has no line `{text}`{after}", "\n".join(lines))


def _files(folder: str) -> Iterator[tuple[str, int]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in PASSED_OVER:
                    yield from _files(entry.path)
            elif entry.is_file():
                yield entry.path, entry.stat().st_mtime_ns


def changed(before: Mapping[str, int], now: Mapping[str, int]) -> set[str]:
    """The files that are new, gone or changed."""
    return {file for file, _ in before.items() ^ now.items()}


def is_loaded(file: str) -> bool:
    """Whether a program may have loaded a file, other than what it reads whenever it is asked."""
    return os.path.splitext(file)[1] in LOADED


def _names(text: str) -> set[str]:
    return {name for groups in DEFINED.findall(text) for name in groups if name}


def unpack(snapshot: bytes, to: Path) -> None:
    """Put what `snapshot` gave into a folder; what would land beside it is refused."""
    with tarfile.open(fileobj=io.BytesIO(snapshot)) as archive:
        archive.extractall(to, filter="tar")


def _without_leftovers(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    path = PurePath(entry.name)
    if path.name in LEFTOVERS or path.suffix == ".pyc":
        return None
    return entry if entry.isreg() or entry.isdir() or entry.issym() else None


def _hunks(page: Page, block: Block) -> list[_Hunk]:
    hunks = [_Hunk(block.title)]
    for index, line in enumerate(block.lines):
        at = page.location(block.at(index))
        if line.startswith("@@"):
            hunks.append(_Hunk(block.title))
        elif line[:1] in {"", " ", "+", "-"}:
            hunks[-1].rows.append((line[:1] or " ", line[1:], at))
        else:
            raise Wrong(Failure(at, "a line of a diff starts with `+`, `-` or a space"))
    hunks = [hunk for hunk in hunks if hunk.rows]
    if not hunks:
        raise Wrong(Failure(page.location(block.line), "this diff is empty"))
    return hunks
