"""What a step of a page gave: the values that every other module passes on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from tandem import frameworks

Framework = str  # a key of `tandem.frameworks.KNOWN`
FRAMEWORKS: tuple[Framework, ...] = tuple(frameworks.KNOWN)
Status = Literal["passed", "failed", "not run", "not tried"]


def spoken(framework: Framework | None) -> str:
    """The framework's name as a reader writes it; "" for a fault of the page itself."""
    return frameworks.KNOWN[framework].LABEL if framework else ""


@dataclass(frozen=True, slots=True)
class Location:
    """A line of a Markdown file; `path` as it is printed, `line` counted from 1."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that is wrong, said in one sentence, with what explains it below."""

    location: Location
    what: str
    detail: str = ""


class Wrong(Exception):
    """Raised where a step finds failures; the page is wrong, not the checker."""

    def __init__(self, *failures: Failure) -> None:
        super().__init__("; ".join(f"{one.location}: {one.what}" for one in failures))
        self.failures = failures


class BadSetup(Exception):
    """The command line or the environment is wrong: one sentence that says what to do."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one block gave to the reader of one framework."""

    line: int
    kind: str
    label: str
    status: Status
    milliseconds: float = 0.0
    failures: tuple[Failure, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """What one page gave to the reader of one framework (None: the page itself)."""

    page: str
    framework: Framework | None
    outcomes: tuple[Outcome, ...]
    cached: bool = False
    ran: str = ""
    isolated: bool = True
    sha256: str = ""  # of the page's text that was read

    @property
    def held(self) -> bool:
        return all(outcome.status != "failed" for outcome in self.outcomes)

    @property
    def left_out(self) -> str:
        """Why the whole walk was not made here; "" if it was."""
        first = self.outcomes[0] if len(self.outcomes) == 1 else None
        return first.reason if first and (first.kind, first.status) == ("page", "not run") else ""

    def count(self, status: Status) -> int:
        return sum(outcome.status == status for outcome in self.outcomes)


def failures(results: Iterable[Result]) -> list[tuple[Framework | None, Failure]]:
    """Every failure once, in the order of files and lines.

    A fault that stops the application fails each later exchange in the same way: it is
    reported where it was met first.
    """
    seen: dict[tuple[Framework | None, Location, str], Failure] = {}
    for result in results:
        for outcome in result.outcomes:
            for failure in outcome.failures:
                key = (result.framework, failure.location, failure.detail or failure.what)
                seen.setdefault(key, failure)
    found = [(key[0], failure) for key, failure in seen.items()]
    return sorted(found, key=lambda one: (one[1].location.path, one[1].location.line, one[0] or ""))
