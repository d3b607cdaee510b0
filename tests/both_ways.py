"""Type commands into terminals with a warm process and without one; print what came.

Run by test_warm.py with the commands as JSON on standard input; answers with a list, for each
command, of (status, output) in a warm terminal, in one whose programs are the client in Python, and
in a cold one.
"""

from __future__ import annotations

import sys

sys.first = frozenset(sys.modules)  # type: ignore[attr-defined] # as the checker is started
sys.modules["readline"] = None  # type: ignore[assignment]

import importlib
import json
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from tandem import frameworks
from tandem.walk.events import Events
from tandem.walk.project import Project
from tandem.walk.reader import environment
from tandem.walk.shell import Shell
from tandem.world import guard, memory, packages, processes, python, setup, zygote

FILES = Path(__file__).with_name("both_ways")


def main() -> None:
    processes.adopt_orphans()
    commands = json.load(sys.stdin)
    with python.without_rare():
        for one in frameworks.KNOWN.values():
            for name in one.MODULES:
                importlib.import_module(name)
            one.rehearse()
    memory.keep()
    with tempfile.TemporaryDirectory() as folder:
        kinds = ("warm", "slow", "cold")
        found = [terminal(Path(folder, kind), kind, commands) for kind in kinds]
    json.dump(list(zip(*found, strict=True)), sys.stdout)


def slow(base: Path) -> None:
    """Make the programs those of a machine without a compiler."""
    known, folder = packages.load().folder, base / "slow"
    folder.mkdir()
    packages.make_client_without_compiler(folder / "client")
    (folder / "scripts").symlink_to(known / "scripts")
    programs = base / "env" / "bin"
    names = [entry.name for entry in programs.iterdir()]
    programs.unlink()
    programs.mkdir()
    for name in names:
        (programs / name).symlink_to(folder / "client")


def terminal(base: Path, kind: str, commands: list[str]) -> list[tuple[int | None, str]]:
    """Each command's status and output in a terminal of its own."""
    base.mkdir()
    project = Project(base)
    for file in FILES.rglob("*"):
        if file.is_file():
            target = project.folder / file.relative_to(FILES)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
    setup.make(base, None)
    setup.make_cold(base)
    if kind == "slow":
        slow(base)
    events = Events()
    place = zygote.Place(base, guard.Rules((str(base),)), {}, "flask", events.sender, events.trace)
    shell = Shell(0, place, environment(project, base), project.folder, None)
    wait(shell)
    if kind == "cold":  # without its socket, a program becomes the cold Python
        (base / "run" / str(shell.tty.leader)).unlink()
    found = []
    for command in commands:
        shell.begin(tuple(command.split("\n")))
        wait(shell)
        events.pump()
        text = shell.text.replace(f"{base}/", "BASE/").replace(
            str(Path(sys.prefix).resolve()), "ENV"
        )
        found.append((shell.status, text))
    shell.close()
    with suppress(OSError):
        events.close()
    return found


def wait(shell: Shell) -> None:
    deadline = time.monotonic() + 60
    while not (shell.ready or shell.gone):
        shell.pump(0.05)
        if shell.asks_more and not shell.begun:
            shell.more()
        if time.monotonic() > deadline:
            sys.exit(f"no prompt came: {shell.text}")


if __name__ == "__main__":
    os.environ.setdefault("LANG", "C.UTF-8")
    main()
