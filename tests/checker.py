"""The checker as a person uses it: its command, what it prints, and what it leaves behind."""

from __future__ import annotations

import ctypes
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
COMMAND = ROOT / "scripts" / "check_examples.py"
PAGES = ROOT / "tests" / "pages"
# What only the kernel can keep in: these run where it gives a walk a world of its own.
ISOLATED = {
    "hostile-archive", "hostile-checkout", "hostile-environment", "hostile-fork-bomb",
    "hostile-home", "hostile-kill-all", "hostile-many-files", "hostile-many-processes",
    "hostile-memory", "hostile-memory-left", "hostile-write-checker", "hostile-write-packages",
    "network-by-shell", "write-by-shell", "write-by-shell-to-parent",
}  # fmt: skip
HEAD = re.compile(r"(?P<path>\S+\.md):(?P<line>\d+): (?P<message>.+)")


@dataclass(frozen=True, slots=True)
class Told:
    """One failure as a report tells it: `path:line: Framework: message`, and the rows below."""

    head: str
    rows: tuple[str, ...]

    @property
    def page(self) -> str:
        return self.head.partition(":")[0]

    def fits(self, got: Told) -> bool:
        """Whether a failure is the one told here, where `...` stands for anything."""
        rest = iter(got.rows)
        return fits(self.head, got.head) and all(
            any(fits(row, one) for one in rest) for row in self.rows
        )


@dataclass(frozen=True, slots=True)
class Run:
    """What a call of the command gave; `data` is what `--json` wrote."""

    status: int
    stdout: str
    stderr: str
    data: dict[str, Any]

    @property
    def told(self) -> list[Told]:
        return told(self.stdout)

    @property
    def summary(self) -> str:
        return self.stdout.rstrip("\n").rpartition("\n")[2]


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, str(COMMAND), *map(str, arguments)]


def check(*arguments: str | Path, folder: Path, **variables: str) -> Run:
    """Run the command in the project; its temporary files and its data go to `folder`."""
    (folder / "tmp").mkdir(exist_ok=True)
    data = folder / "results.json"
    done = subprocess.run(
        command("--no-cache", "--seconds", "3", "--json", data, *arguments),
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder / "tmp"), **variables},
        capture_output=True,
        text=True,
        timeout=600,
    )
    results = json.loads(data.read_text()) if data.exists() else {}
    return Run(done.returncode, done.stdout, done.stderr, results)


def told(report: str) -> list[Told]:
    """The failures of a report: rows that are indented belong to the line above them."""
    found: list[Told] = []
    for row in report.splitlines():
        if HEAD.fullmatch(row):
            found.append(Told(row, ()))
        elif found and row.startswith("    "):
            found[-1] = Told(found[-1].head, (*found[-1].rows, row.strip()))
    return found


def all_fit(want: list[Told], got: list[Told]) -> bool:
    """Whether what came is what a report tells, which has to tell something."""
    return bool(want) and len(want) == len(got) and all(map(Told.fits, want, got))


def fits(want: str, got: str) -> bool:
    pattern = ".*".join(re.escape(part) for part in want.split("..."))
    return re.fullmatch(pattern, got) is not None


def adopt_orphans(adopt: bool) -> None:
    """Whether a process whose parent has ended becomes a child of this one (Linux)."""
    ctypes.CDLL(None).prctl(36, int(adopt), 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def below(pid: int) -> dict[int, str]:
    """Every running process below one, with its command."""
    found: dict[int, str] = {}
    for child in _children(pid):
        found |= below(child)
        try:
            state = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0]
            words = Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if state not in "ZX":
            found[child] = b" ".join(words).decode().strip()
    return found


def _children(pid: int) -> Iterator[int]:
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            yield from map(int, file.read_text().split())
        except OSError:
            continue


def listening() -> set[int]:
    """The ports on which this machine listens."""
    found = set()
    for table in ("tcp", "tcp6"):
        for row in Path("/proc/net", table).read_text().splitlines()[1:]:
            _, local, _, state, *_ = row.split()
            if state == "0A":
                found.add(int(local.rpartition(":")[2], 16))
    return found


def built_alone(folder: Path, text: str) -> str:
    """The HTML of a site of one page with this text, built with our extensions in `folder`."""
    (folder / "docs").mkdir()
    (folder / "docs" / "index.md").write_text(text)
    configuration = (ROOT / "mkdocs.yml").read_text().partition("\nnav:")[0]
    configuration = configuration.replace("custom_dir: overrides", "")
    (folder / "mkdocs.yml").write_text(configuration)
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return (folder / "site" / "index.html").read_text()
