"""Set-up commands: what changes the machine rather than the project is verified, not done.

Each is a program on the reader's PATH. `pip install X` holds if the locked environment has X, in
the version asked for; from then on the reader has what was installed and nothing else. A virtual
environment is a folder with the programs that the reader has. To add a command: a function that
takes its arguments and a `Machine`, prints what a reader sees and returns the status, and a row in
`PROGRAMS`.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tomllib
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from tandem.world import files, packages
from tandem.world.packages import TOOLS, Packages, canonical

VALUES = {"-c", "--constraint", "-i", "--index-url", "--extra-index-url", "-t", "--target",
          "--prompt", "-p", "--python", "--group"}  # fmt: skip
DEACTIVATE = """deactivate() {
    PATH=$_OLD_PATH; unset _OLD_PATH VIRTUAL_ENV VIRTUAL_ENV_PROMPT
    hash -r; unset -f deactivate
}
"""


@dataclass(frozen=True, slots=True)
class Machine:
    """Where a set-up command is typed: its variables, the world's base, the page's files.

    `own` is the package that each reader has from the first: that of their framework.
    """

    environment: Mapping[str, str]
    base: Path
    titles: Mapping[str, str]
    known: Packages
    own: str

    @property
    def env(self) -> Path:
        return self.base / "env"

    @property
    def site(self) -> Path:
        return self.env / "site-packages"

    def bins(self) -> list[Path]:
        """The folders where programs are found: the reader's, and that of an active environment."""
        active = self.environment.get("VIRTUAL_ENV")
        return [self.env / "bin", *([Path(active, "bin")] if active else [])]


def make(base: Path, names: list[str] | None) -> None:
    """Lay out a reader's Python below `base`; `names`: what is installed, None for all.

    `env/bin` has the programs, `env/site-packages` the packages.
    """
    known, env = packages.load(), base / "env"
    (base / "run").mkdir(exist_ok=True)
    env.mkdir(exist_ok=True)
    if names is None:
        (env / "site-packages").symlink_to(known.folder / "site-packages")
        (env / "bin").symlink_to(known.folder / "bin")
        return
    (env / "site-packages").mkdir()
    (env / "bin").mkdir()
    _programs(env / "bin", known)
    _keep(names, known, env, [env / "bin"])


def installed(base: Path) -> list[str] | None:
    """What a reader has installed by now; None if nothing was, and so all is there."""
    with suppress(OSError, ValueError):
        data = json.loads(files.read(base / "env" / "installed.json", 1 << 16))
        return [str(name) for name in data]
    return None


def make_cold(base: Path) -> None:
    """Lay out what the cold Python needs; does nothing the second time."""
    env = base / "env"
    if not (env / "cold").is_dir():
        _layout(env, env)
        (env / "cold").mkdir()
        (env / "cold" / "python3").symlink_to(_real())


def run(
    name: str,
    arguments: list[str],
    environment: Mapping[str, str],
    base: Path,
    titles: Mapping[str, str],
    own: str,
) -> int:
    """Do a set-up command; returns its status."""
    machine = Machine(environment, base, titles, packages.load(), own)
    status = PROGRAMS[name](arguments, machine)
    sys.stdout.flush()
    return status


def without_version(arguments: list[str]) -> list[str]:
    """The arguments of `py` without its own, such as `-3` or `-3.13`."""
    return arguments[1:] if arguments and re.fullmatch(r"-\d+(\.\d+)?", arguments[0]) else arguments


def _real() -> str:
    return os.path.realpath(sys.base_prefix and getattr(sys, "_base_executable", sys.executable))


def _layout(folder: Path, env: Path) -> None:
    version = f"python3.{sys.version_info.minor}"
    (folder / "lib" / version).mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        (folder / "lib" / version / "site-packages").symlink_to(env / "site-packages")
    home = os.path.dirname(_real())
    (folder / "pyvenv.cfg").write_text(
        f"home = {home}\ninclude-system-site-packages = false\nversion = {sys.version.split()[0]}\n"
    )


def _programs(folder: Path, known: Packages) -> None:
    for name in (*packages.PYTHONS, *packages.STUBS):
        with suppress(FileExistsError):
            (folder / name).symlink_to(known.folder / "client")


def _keep(names: list[str], known: Packages, env: Path, bins: list[Path]) -> None:
    packages.link(names, known, env / "site-packages")
    for folder in bins:
        packages.programs(names, known, folder)
    (env / "installed.json").write_text(json.dumps(sorted(names)))


def _install(machine: Machine, wanted: list[str]) -> int:
    """Install requirements with all that they need, and say so as pip does."""
    before = installed(machine.base)
    have = set(before or ())
    found: set[str] = set()
    for text in wanted:
        if canonical(re.split(r"[\[<>=~! ;]", text)[0]) in TOOLS:
            continue
        try:
            requirement = Requirement(text)
            closure = machine.known.closure(text)
        except InvalidRequirement:
            return _no(f"`{text}` is not a package that this check can verify")
        except LookupError as error:
            return _no(f"`{error}` is not in the locked environment (requirements/examples.in)")
        one = closure[canonical(requirement.name)]
        if not requirement.specifier.contains(one.version, prereleases=True):
            return _no(f"the locked environment has {one.name} {one.version}, not `{text}`")
        found |= set(closure)
    for name in sorted(found & have):
        print(f"Requirement already satisfied: {name} ({_version(machine, name)})")
    fresh = sorted(found - have)
    for name in fresh:
        print(f"Collecting {name}")
    if before is None:
        for path in (machine.site, machine.env / "bin"):
            path.unlink()
            path.mkdir()
        for folder in machine.bins():
            _programs(folder, machine.known)
        have = set(machine.known.closure(machine.own))
    _keep(sorted(have | found), machine.known, machine.env, machine.bins())
    if fresh:
        print("Installing collected packages:", ", ".join(fresh))
        done = (f"{name}-{_version(machine, name)}" for name in fresh)
        print("Successfully installed", *done)
    return 0


def _version(machine: Machine, name: str) -> str:
    return machine.known.distributions[name].version


def _no(what: str) -> int:
    print(f"ERROR: {what}", file=sys.stderr)
    return 1


def _pip(arguments: list[str], machine: Machine) -> int:
    action, *words = [word for word in arguments if word not in {"-q", "--quiet"}] or ["help"]
    if action == "install":
        return _pip_install(words, machine, quiet=len(words) + 1 < len(arguments))
    have = installed(machine.base)
    names = sorted(machine.known.lock if have is None else have)
    if action in {"freeze", "list"}:
        for name in names:
            one = machine.known.distributions[name]
            print(
                f"{one.name}=={one.version}" if action == "freeze" else f"{one.name} {one.version}"
            )
        return 0
    if action == "show":
        for name in map(canonical, words):
            if name not in names:
                print(f"WARNING: Package(s) not found: {name}", file=sys.stderr)
                return 1
            one = machine.known.distributions[name]
            print(f"Name: {one.name}\nVersion: {one.version}")
        return 0
    if action in {"--version", "-V"}:
        version = machine.known.distributions["pip"].version
        print(f"pip {version} from {machine.site}/pip (python 3.{sys.version_info.minor})")
        return 0
    return _no(f"`pip {action}` changes or asks what this check does not verify")


def _pip_install(words: list[str], machine: Machine, *, quiet: bool) -> int:
    wanted, missing = _wanted(words, machine)
    if missing:
        return _no(f"Could not open requirements file: `{missing}` does not exist here")
    if not wanted:
        return _no("You must give at least one requirement to install")
    folders = [text for text in wanted if _is_folder(text)]
    named = [text for text in wanted if text not in folders]
    for text in folders:
        if not _folder(text).is_dir():
            return _no(f"`{text}` is no folder here")
        named += _project(_folder(text))
    if quiet:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - for the rest of this process
    status = _install(machine, named)
    if status == 0:
        for text in folders:
            _add_path(machine, _folder(text).resolve())
    return status


def _wanted(words: list[str], machine: Machine) -> tuple[list[str], str]:
    """What `pip install` is told to install, and the first file of requirements that is not there.

    A file that the page shows only further down counts: nothing is installed here for real.
    """
    wanted: list[str] = []
    rest = iter(words)
    for word in rest:
        option, _, value = word.partition("=")
        if option in {"-r", "--requirement"}:
            file = value or next(rest, "")
            text = Path(file).read_text() if Path(file).is_file() else machine.titles.get(file)
            if text is None:
                return [], file
            wanted += [row for line in text.split("\n") if (row := line.partition("#")[0].strip())]
        elif word in {"-e", "--editable"}:
            wanted.append(next(rest, ""))
        elif word in VALUES:
            next(rest, None)
        elif not word.startswith("-"):
            wanted.append(word)
    return wanted, ""


def _is_folder(text: str) -> bool:
    return text.startswith(".") or (os.sep in text and _folder(text).is_dir())


def _folder(text: str) -> Path:
    return Path(text.partition("[")[0])


def _project(folder: Path) -> list[str]:
    """What a project in a folder says that it needs."""
    with suppress(OSError, tomllib.TOMLDecodeError):
        data = tomllib.loads((folder / "pyproject.toml").read_text())
        return [str(one) for one in data.get("project", {}).get("dependencies", [])]
    return []


def _add_path(machine: Machine, folder: Path) -> None:
    folder = folder / "src" if (folder / "src").is_dir() else folder
    (machine.site / f"__editable__.{folder.name}.pth").write_text(f"{folder}\n")


def _venv(arguments: list[str], machine: Machine) -> int:
    """Make a virtual environment: the programs that the reader has, and `activate`."""
    rest = iter(arguments)
    folders = []
    for word in rest:
        if word in VALUES:
            next(rest, None)
        elif not word.startswith("-"):
            folders.append(Path(word).absolute())
    for folder in folders or [Path(".venv").absolute()]:
        (folder / "bin").mkdir(parents=True, exist_ok=True)
        _programs(folder / "bin", machine.known)
        if (have := installed(machine.base)) is not None:
            packages.programs(have, machine.known, folder / "bin")
        _layout(folder, machine.env)
        (folder / "bin" / "activate").write_text(
            f"{DEACTIVATE}_OLD_PATH=$PATH\n"
            f"export VIRTUAL_ENV={folder} VIRTUAL_ENV_PROMPT={folder.name}\n"
            f"export PATH={folder}/bin:$PATH\nhash -r\n"
        )
    return 0


def _uv(arguments: list[str], machine: Machine) -> int:
    match arguments:
        case ["venv", *rest]:
            return _venv(rest, machine)
        case ["pip", *rest]:
            return _pip(rest, machine)
        case ["add" | "tool", *rest]:
            return _pip_install(rest, machine, quiet=False)
    return _no(f"`uv {' '.join(arguments[:1])}` is not verified by this check")


def _system(arguments: list[str], machine: Machine) -> int:
    """A package of the operating system: whether it is there shows when it is used."""
    return 0


def _sudo(arguments: list[str], machine: Machine) -> int:
    if arguments and (known := PROGRAMS.get(arguments[0])):
        return known(arguments[1:], machine)
    return _no("`sudo` is not run here: a page's commands are those of a plain user")


def _hunt(arguments: list[str], machine: Machine) -> int:
    return _no("this would end processes of others: end a server by a line `^C`")


PROGRAMS: dict[str, Callable[[list[str], Machine], int]] = {
    "pip": _pip,
    "pip3": _pip,
    "venv": _venv,
    "virtualenv": _venv,
    "uv": _uv,
    "sudo": _sudo,
    "apt": _system,
    "apt-get": _system,
    "brew": _system,
    "dnf": _system,
    "pkill": _hunt,
    "killall": _hunt,
}
MODULES = {"pip", "venv", "virtualenv"}  # of these, by `python -m`
