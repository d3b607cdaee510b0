"""A fault, said of the page's line that caused it, with the fix where it is known."""

from __future__ import annotations

import itertools
import os
import re
import sysconfig
from collections.abc import Sequence

from tandem.blocks.match import lines_of
from tandem.outcome import Failure, Location
from tandem.read.pages import Page
from tandem.walk.events import FRAME, Frame
from tandem.walk.project import Project

PACKAGES = sysconfig.get_path("purelib") + os.sep
MISSING = re.compile(
    r"(?:cannot import name|name|has no attribute|No module named|Could not find|No template named|"
    r"for endpoint|Reverse for) ['\"]?([\w.]+)"
)


class Blame:
    """What knows the files of a project and the page's lines that they came from."""

    def __init__(self, page: Page, project: Project) -> None:
        self.page = page
        self.project = project
        self.typed = 1  # the page's line of what was typed into a session last

    def output(self, text: str, line: int, what: str) -> Failure:
        """A fault with what a command printed, and the frames of the last traceback in that."""
        _, found, last = text.rpartition("Traceback (most recent call last):\n")
        frames = FRAME.findall(last if found else text)
        frames = [Frame(file, int(number), name) for file, number, name in frames]
        return self.told(frames, line, what, "\n".join(lines_of(text)[-30:]))

    def told(self, frames: Sequence[Frame], line: int, what: str, error: str = "") -> Failure:
        """A fault at the page's line nearest to where it happened, with the frames on pages."""
        at = self.page.location(line)
        rows = []
        for frame in frames:
            place = self.place_of(frame)
            if place is None:
                continue
            file = self.project.relative(frame.file)
            said = f" ({file}:{frame.line})" if file else ""
            rows.append(f"{place}{said} in {frame.name}")
            if place.path == self.page.name:
                at = place
        if at.line != line:
            what += f" (from line {line})" if "(line" not in what else ""
        detail = "\n".join(filter(None, [*_folded(rows), error]))
        if fix := self.fix(f"{what}\n{error}"):
            what = f"{what}: {fix}"
        return Failure(at, self.shorter(what), self.shorter(detail))

    def fix(self, error: str) -> str:
        """What a writer would have to do about an error, where that is known."""
        if "no such table" in error or "UndefinedTable" in error:
            return "no command of this page, or of one that it starts from, has made that table"
        for name in MISSING.findall(error):
            for lost in self.project.lost:
                if name.rpartition(".")[2] in lost.names:
                    return (
                        f"`{lost.title}` was replaced on line {lost.location.line}; "
                        "start the block with `# ...` to add to it"
                    )
        return ""

    def place_of(self, frame: Frame) -> Location | None:
        """The page's line of a frame; None for one in no file of the project."""
        if frame.file == "<stdin>":
            return self.page.location(self.typed + frame.line - 1)
        return self.project.place(frame.file, frame.line)

    def shorter(self, text: str) -> str:
        """A message without the paths of this run and this machine."""
        folder, base = str(self.project.folder), str(self.project.folder.parent)
        links = f"{base}/env/site-packages/"
        short_for = {
            folder + os.sep: "",
            folder: ".",
            links: "",
            PACKAGES: "",
            base + os.sep: "../",
        }
        for path, short in short_for.items():
            text = text.replace(path, short)
        return text


def _folded(rows: list[str]) -> list[str]:
    """Rows with each run of equal ones, a recursion's, said once."""
    found = []
    for row, run in itertools.groupby(rows):
        times = sum(1 for _ in run)
        found.append(row if times == 1 else f"{row} ({times} times)")
    return found
