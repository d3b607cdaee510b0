"""What is each framework? The only room that names one.

A framework is one module here with the attributes of `Framework`; `KNOWN` finds the modules. Every
other room asks: how a tab is labelled, what to import beforehand, how an application is found
and served, what its shell has at hand.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

Note = Callable[[BaseException], None]


@dataclass(frozen=True, slots=True)
class Served:
    """An application as its development server serves it.

    `answer` answers the requests on one connected socket, in a thread; `rereads` is told of a file
    that has changed, and returns whether the application goes on with what is in there now.
    """

    answer: Callable[[Any], None]
    rereads: Callable[[Path], bool]


class Framework(Protocol):
    """What a module of this room offers."""

    KEY: str  # as options and data write it
    LABEL: str  # as tabs and reports write it; tabs stand in the order of `ORDER`
    ORDER: int
    PACKAGE: str  # the package to install
    MODULES: tuple[str, ...]  # to import before forking
    COMMAND: str  # its own command line program

    def rehearse(self) -> None:
        """Do once what is made on first use, and have reloaders look often, at what may change."""

    def is_shown(self, titles: Sequence[str], commands: Sequence[str]) -> bool:
        """Whether files and commands without tabs are of this framework."""

    def serve(self, target: str | None, note: Note) -> Served:
        """Load the application as the development server does; `note` takes what views raise.

        `target` is what a running server was told to serve. Raises whatever the project raises.
        """

    def target(self, arguments: Sequence[str]) -> str | None:
        """What the command line of a process says that it serves: "" for what is served without
        being told, None if it is no server's."""

    def shell(self) -> dict[str, Any]:
        """The names that the framework's own shell has at hand, in the working folder."""


def _find() -> dict[str, Framework]:
    modules = [
        cast(Framework, importlib.import_module(f"{__name__}.{one.name}"))
        for one in pkgutil.iter_modules(__path__)
        if not one.name.startswith("_")
    ]
    return {one.KEY: one for one in sorted(modules, key=lambda one: one.ORDER)}


KNOWN = _find()
LABELS = [one.LABEL for one in KNOWN.values()]
