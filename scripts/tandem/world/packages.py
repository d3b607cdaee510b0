"""What a reader has installed: folders of links to the locked packages, and to no others.

The virtual environment of this project holds more than a reader has: the checker itself, what
builds the site, what tests it. A reader's Python looks for packages in a folder of links
instead. The one with all that examples may use is made once for each state of the environment
and lies in the environment; a walk that installs packages gets one of its own with just those.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from packaging.markers import default_environment
from packaging.requirements import InvalidRequirement, Requirement

LOCK = Path(__file__).resolve().parents[3] / "requirements" / "examples.txt"
# Locked for other uses as well; Werkzeug, Uvicorn and httpx change when these are there.
ONLY_IF_ASKED = {"watchdog", "watchfiles", "brotli"}
TOOLS = {"pip", "setuptools", "wheel", "uv", "virtualenv"}  # every reader's, or near enough
PYTHONS = ("python", "python3", f"python3.{sys.version_info.minor}")
CLIENT = Path(__file__).with_name("client.py")
# Set-up commands that `tandem.world.setup` answers.
STUBS = (
    "pip",
    "pip3",
    "virtualenv",
    "uv",
    "sudo",
    "apt",
    "apt-get",
    "brew",
    "dnf",
    "pkill",
    "killall",
    "py",
)
OWN = {"tandem", "tandem_site"}


@dataclass(frozen=True, slots=True)
class Distribution:
    """An installed package: its version, its files' first names, its programs, what it needs."""

    name: str
    version: str
    tops: tuple[str, ...]
    scripts: tuple[tuple[str, str], ...]
    requires: tuple[str, ...]


def canonical(name: str) -> str:
    """A package's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


@dataclass(frozen=True, slots=True)
class Packages:
    """The packages of this environment by canonical name; `lock`: those for examples.

    `folder` holds `site-packages` and `bin` with links to all of `lock`.
    """

    folder: Path
    distributions: dict[str, Distribution]
    lock: frozenset[str]

    def closure(self, text: str) -> dict[str, Distribution]:
        """A requirement's package and all that it needs; raises LookupError if one is missing."""
        found: dict[str, Distribution] = {}
        waiting = [(Requirement(text), True)]
        seen: set[tuple[str, frozenset[str]]] = set()
        while waiting:
            wanted, needed = waiting.pop()
            name, extras = canonical(wanted.name), frozenset(wanted.extras)
            if (name, extras) in seen:
                continue
            seen.add((name, extras))
            one = self.distributions.get(name)
            if one is None:
                if needed:
                    raise LookupError(wanted.name)
                continue  # what comes with an extra; importing it would show that it is not here
            found[name] = one
            waiting += [(need, not extra) for need, extra in _needs(one, extras)]
        return found

    def script(self, program: str) -> str | None:
        """The entry point `module:function` of a program that a package brings."""
        for one in self.distributions.values():
            for name, target in one.scripts:
                if name == program:
                    return target
        return None


@functools.cache
def load() -> Packages:
    """The packages of this environment; reads and makes what is kept in it on first use."""
    purelib = Path(sysconfig.get_path("purelib"))
    names = sorted(e.name for e in os.scandir(purelib) if e.name.endswith(".dist-info"))
    text = LOCK.read_text() if LOCK.is_file() else ""
    parts = [sys.version, sys.prefix, *names, text, _own_digest()]  # links hold the whole path
    digest = hashlib.sha256("\0".join(parts).encode())
    folder = Path(sys.prefix) / "reader" / digest.hexdigest()[:16]
    if not (folder / "packages.json").is_file():
        _make(folder, purelib, text)
    data = json.loads((folder / "packages.json").read_text())
    distributions = {
        name: Distribution(
            row["name"],
            row["version"],
            tuple(row["tops"]),
            tuple((script, target) for script, target in row["scripts"]),
            tuple(row["requires"]),
        )
        for name, row in data["distributions"].items()
    }
    return Packages(folder, distributions, frozenset(data["lock"]))


def _needs(one: Distribution, extras: frozenset[str]) -> Iterator[tuple[Requirement, bool]]:
    """What a package needs here; True for what only one of the extras brings."""
    plain: dict[str, Any] = {**default_environment(), "extra": ""}
    for need in map(Requirement, one.requires):
        if need.marker is None or need.marker.evaluate(plain):
            yield need, False
        elif any(need.marker.evaluate({**plain, "extra": extra}) for extra in extras):
            yield need, True


def client() -> str:
    """The file that every program on a reader's PATH is a link to."""
    return os.path.realpath(load().folder / "client")


def link(names: Iterable[str], packages: Packages, site: Path) -> None:
    """Put links to the files of some packages into `site`, which is a reader's site-packages."""
    purelib = Path(sysconfig.get_path("purelib"))
    for name in names:
        for top in packages.distributions[name].tops:
            with suppress(FileExistsError):
                (site / top).symlink_to(purelib / top)


def programs(names: Iterable[str], packages: Packages, folder: Path) -> None:
    """Put the programs of some packages into `folder`, a reader's `bin`."""
    for name in names:
        for script, _ in packages.distributions[name].scripts:
            with suppress(FileExistsError):
                (folder / script).symlink_to(packages.folder / "client")


def _own_digest() -> str:
    return hashlib.sha256(
        b"".join(file.read_bytes() for file in (Path(__file__), CLIENT, CLIENT.with_suffix(".c")))
    ).hexdigest()


def _make(folder: Path, purelib: Path, lock: str) -> None:
    """Write `packages.json` and the folders of links, whole or not at all."""
    found = {one.name: one for one in _distributions(purelib)}
    found = {canonical(name): one for name, one in found.items()}
    named = {canonical(name) for name in re.findall(r"^([\w.-]+)(?=[=\[ ])", lock, re.MULTILINE)}
    wanted = frozenset((named & set(found) or set(found)) - ONLY_IF_ASKED)
    folder.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=folder.parent))
    packages = Packages(fresh, found, wanted)
    data = {
        "distributions": {name: asdict(one) for name, one in found.items()},
        "lock": sorted(wanted),
    }
    (fresh / "packages.json").write_text(json.dumps(data))
    (fresh / "site-packages").mkdir()
    (fresh / "bin").mkdir()
    _make_client(fresh / "client")
    link(wanted, packages, fresh / "site-packages")
    at_last = Packages(folder, found, wanted)
    programs(wanted, at_last, fresh / "bin")
    (fresh / "scripts").mkdir()
    for one in found.values():
        for name, target in one.scripts:  # for the cold Python, as pip would write them
            module, _, function = target.partition(":")
            first = function.partition(".")[0]
            text = f"import sys\n\nfrom {module} import {first}\n\nsys.exit({function}())\n"
            (fresh / "scripts" / name).write_text(text)
    for name in (*PYTHONS, *STUBS):
        with suppress(FileExistsError):
            (fresh / "bin" / name).symlink_to(folder / "client")
    fresh.chmod(0o755)
    try:
        fresh.rename(folder)
    except OSError:  # another check was faster
        shutil.rmtree(fresh, ignore_errors=True)
    for old in folder.parent.iterdir():
        if old != folder and old.stat().st_mtime < folder.stat().st_mtime - 86400:
            shutil.rmtree(old, ignore_errors=True)


def _make_client(target: Path) -> None:
    """Put the program there that hands over to warm processes: in C where it can be compiled."""
    source = CLIENT.with_suffix(".c")
    compiler = shutil.which("cc") if sys.platform == "linux" else None
    if compiler:
        words = [compiler, "-O2", "-o", str(target), str(source)]
        if subprocess.run(words, capture_output=True, check=False).returncode == 0:
            return
    make_client_without_compiler(target)


def make_client_without_compiler(target: Path) -> None:
    """The same in Python, which takes longer to start."""
    python = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    _, _, rest = CLIENT.read_text().partition("\n")
    target.write_text(f"#!{python} -IS\n{rest}")
    target.chmod(0o755)


def _distributions(purelib: Path) -> Iterator[Distribution]:
    for one in metadata.distributions(path=[str(purelib)]):
        name = one.metadata["Name"]
        if canonical(name) == "tandem-docs":
            continue
        tops = {file.parts[0] for file in one.files or () if file.parts and file.parts[0] != ".."}
        tops = {top for top in tops if not top.endswith(".pth") and top != "__pycache__"}
        scripts = [
            (point.name, point.value)
            for point in one.entry_points
            if point.group == "console_scripts"
        ]
        requires = []
        for text in one.requires or ():
            with suppress(InvalidRequirement):
                requires.append(str(Requirement(text)))
        yield Distribution(name, one.version, tuple(sorted(tops)), tuple(scripts), tuple(requires))
