"""`requires: django>=6.0` in a page's front matter: which versions its examples need."""

from __future__ import annotations

import platform
from importlib import metadata

from packaging.requirements import InvalidRequirement, Requirement

from tandem.outcome import FRAMEWORKS, Framework
from tandem.read.pages import Page


def problem(page: Page) -> str | None:
    """Why a page's `requires` cannot be read; None if it can, or is not there."""
    for text in _texts(page):
        try:
            wanted = Requirement(text)
        except InvalidRequirement:
            return f"`requires: {text}` is no requirement such as `django>=6.0`"
        if not wanted.specifier:
            return f"`requires: {text}` names no version"
        if _version(wanted.name) is None:
            return f"`requires: {text}` names a package that is not here"
    return None


def unmet(page: Page, framework: Framework) -> str | None:
    """What a reader of one framework lacks here to follow a page; None if nothing.

    A framework's version concerns its own reader alone.
    """
    for text in _texts(page):
        wanted = Requirement(text)
        version = _version(wanted.name)
        other = wanted.name.lower() in FRAMEWORKS and wanted.name.lower() != framework
        if not other and version and not wanted.specifier.contains(version, prereleases=True):
            return f"requires {text}, here is {version}"
    return None


def _texts(page: Page) -> list[str]:
    value = page.meta.get("requires", [])
    return [str(one) for one in (value if isinstance(value, list) else [value])]


def _version(name: str) -> str | None:
    if name.lower() == "python":
        return platform.python_version()
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
