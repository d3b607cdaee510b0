"""A walk's project as its reader has it at the end: the folder, and the packages that it needs."""

from __future__ import annotations

import ast
import json
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from tandem.frameworks import KNOWN
from tandem.outcome import Framework
from tandem.walk.project import NAME, SOURCES, unpack
from tandem.world import files
from tandem.world.packages import Packages, load

REQUIREMENTS = "requirements.txt"


class BadState(Exception):
    """What should be the state at the end of a walk, and is not."""


def keep(state: bytes, to: Path, framework: Framework, commands: Iterable[str]) -> None:
    """Put the project of a state where `to` says, in the place of what is there.

    It gets a `requirements.txt` with the versions that ran, unless the page has written one:
    what the page has installed, else what its files import and what `commands`, the lines that
    its readers type, start. Raises OSError where nothing can be written, and BadState for what
    is no state: it comes from a page's world.
    """
    to.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=to.parent) as folder:
        project = Path(folder, NAME)
        names = _unpacked(state, Path(folder))
        if not os.path.lexists(project / REQUIREMENTS):  # nor a link to elsewhere
            packages = load()
            if names is None:
                names = {*_imported(project, packages), *_typed(commands, packages)}
                names.add(KNOWN[framework].PACKAGE)
            text = "".join(f"{one}\n" for one in sorted(_pinned(names, packages)))
            (project / REQUIREMENTS).write_text(text, encoding="utf-8")
        shutil.rmtree(to, ignore_errors=True)
        project.rename(to)


def _unpacked(state: bytes, to: Path) -> set[str] | None:
    """Unpack a state; returns the names of what its reader has installed, None if nothing."""
    try:
        unpack(state, to)
        names = json.loads(files.read(to / SOURCES))["installed"]
        if not (to / NAME).is_dir() or (to / NAME).is_symlink():
            raise ValueError
        return None if names is None else set(map(str, names))
    except (tarfile.TarError, OSError, ValueError, KeyError, TypeError):
        raise BadState("what the page has left is no project") from None


def _pinned(names: Iterable[str], packages: Packages) -> Iterator[str]:
    """The versions of packages and of all that they need, as pip takes them."""
    found: set[str] = set()
    for name in packages.lock.intersection(names):
        found |= packages.closure(name).keys()
    for name in found:
        one = packages.distributions[name]
        yield f"{one.name}=={one.version}"


def _imported(project: Path, packages: Packages) -> Iterator[str]:
    """The locked packages that the files of a project import."""
    owners = {
        top.partition(".")[0]: name
        for name in packages.lock
        for top in packages.distributions[name].tops
    }
    for file in project.rglob("*.py"):
        try:
            tree = ast.parse(files.read(file))
        except (OSError, SyntaxError, ValueError, RecursionError):
            continue  # a page may end with a file that is not whole
        for node in ast.walk(tree):
            modules = []
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                modules = [node.module or ""]
            for module in modules:
                if name := owners.get(module.partition(".")[0]):
                    yield name


def _typed(commands: Iterable[str], packages: Packages) -> Iterator[str]:
    """The locked packages whose programs are started."""
    owners = {
        script: name for name in packages.lock for script, _ in packages.distributions[name].scripts
    }
    for command in commands:
        for word in command.split():
            if name := owners.get(word):
                yield name
