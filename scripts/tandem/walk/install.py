"""Set-up commands: what changes the machine rather than the project is verified, not run.

`pip install X` holds if the locked environment has X, in the version shown. Making and
entering a virtual environment is understood: the environment is there already.
"""

from __future__ import annotations

import re
from pathlib import Path

INSTALL = re.compile(r"(?:python3? -m )?pip3? install (.+)$")
ENTER = re.compile(
    r"python3? -m venv \S+|(?:source|\.) \S+/bin/activate|deactivate"
    r"|(?:python3? -m )?pip3? install (?:-U|--upgrade) pip"
)
DONE = re.compile(r"Successfully installed (.+)$")


def is_setup(command: str) -> bool:
    """Whether a command is verified here instead of being run."""
    return bool(ENTER.fullmatch(command) or INSTALL.fullmatch(command))


def problems(command: str, folder: Path) -> list[str]:
    """What of a set-up command does not hold in this environment; [] if all does."""
    match = INSTALL.fullmatch(command)
    if match is None or ENTER.fullmatch(command):
        return []
    found = []
    words = iter(match[1].split())
    for word in words:
        word = word.strip("\"'")
        if word in {"-U", "--upgrade"}:
            continue
        if word in {"-r", "--requirement"}:
            file = folder / next(words, "")
            if not file.is_file():
                found.append(f"`{file.name}` does not exist here")
                continue
            lines = (line.partition("#")[0].strip() for line in file.read_text().splitlines())
            found += [problem for line in lines if line and (problem := _missing(line))]
        elif problem := _missing(word):
            found.append(problem)
    return found


def output_problem(line: str) -> str | None:
    """Why a line shown as a set-up command's output cannot be trusted; None if it can."""
    match = DONE.match(line)
    if match is None:
        return "pip is not run here, so only its line `Successfully installed ...` can be shown"
    for word in match[1].split():
        name, _, version = word.rpartition("-")
        shown = f"{name}=={version}" if "..." not in version else name
        if word != "..." and (problem := _missing(shown)):
            return problem
    return None


def _missing(text: str) -> str | None:
    from importlib import metadata

    from packaging.requirements import InvalidRequirement, Requirement

    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return f"`{text}` is not a package that this check can verify"
    try:
        version = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return f"`{requirement.name}` is not in the locked environment (requirements/examples.in)"
    if requirement.specifier and not requirement.specifier.contains(version, prereleases=True):
        return f"the locked environment has {requirement.name} {version}, not `{text}`"
    return None
