"""Tell people and programs what a check has found: terminal, GitHub annotations, JSON."""

from __future__ import annotations

import json
import os
import platform
import re
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TextIO

from tandem.frameworks import KNOWN
from tandem.outcome import Failure, Framework, Result, failures, spoken

COLOURS = {"-": "\x1b[31m", "+": "\x1b[32m"}
COMMANDS = re.compile(r"^\s*(?=::|##\[)", re.MULTILINE)  # of a GitHub runner
RESET = "\x1b[0m"
NAMED = (*(one.PACKAGE for one in KNOWN.values()), "werkzeug", "jinja2", "sqlalchemy")


class Progress:
    """One line a walk as it ends; on a terminal, one line that changes."""

    def __init__(self, stream: TextIO, total: int) -> None:
        self.stream = stream
        self.total = total
        self.done = 0
        self.live = stream.isatty()

    def __call__(self, result: Result) -> None:
        if result.framework is None and result.held:
            return
        self.done += result.framework is not None
        word = "held" if result.held else "FAILED"
        word = "not run" if result.left_out else word
        who = f"{_printable(result.page)} {spoken(result.framework)}"
        text = f"[{self.done}/{self.total}] {who}: {word}"
        if result.cached and self.live:
            return
        if self.live:
            self.stream.write(f"\r\x1b[K{text}")
        elif not result.cached:
            took = sum(outcome.milliseconds for outcome in result.outcomes) / 1000
            self.stream.write(f"{text} ({took:.1f} s)\n")
        self.stream.flush()

    def end(self) -> None:
        if self.live:
            self.stream.write("\r\x1b[K")


def terminal(results: list[Result], seconds: float, stream: TextIO) -> None:
    """Every failure with its explanation, then one line of figures."""
    colour = stream.isatty() and "NO_COLOR" not in os.environ
    for framework, failure in failures(results):
        stream.write(_told(framework, failure, colour) + "\n\n")
    for one in sorted(results, key=lambda one: (one.page, one.framework or "")):
        if untried := one.count("not tried"):
            were = "was" if untried == 1 else "were"
            steps = _counted(untried, "step")
            who = spoken(one.framework)
            stream.write(f"{_printable(one.page)}: {who}: {steps} below {were} not tried\n")
    for one in results:
        if one.left_out:
            who, why = spoken(one.framework), _printable(one.left_out)
            stream.write(f"{_printable(one.page)}: not run for {who}: {why}\n")
    stream.write(summary(results, seconds) + "\n")


def summary(results: list[Result], seconds: float) -> str:
    """`14 pages, 412 blocks run, 3 not run, 0 cached, 12.3 s`, or how much of it failed."""
    walks = [result for result in results if result.framework]
    pages = {result.page for result in results}
    run = sum(one.count("passed") + one.count("failed") for one in walks)
    cached = sum(result.cached for result in walks)
    failed = len(failures(results))
    figures = [
        _counted(len(pages), "page"),
        f"{run} blocks run",
        f"{sum(one.count('not run') for one in walks)} not run",
        f"{cached} of {len(walks)} walks cached",
        f"{seconds:.1f} s",
    ]
    if failed:
        figures.insert(0, _counted(failed, "failure"))
    if untried := sum(one.count("not tried") for one in walks):
        figures.insert(1, f"{_counted(untried, 'step')} not tried")
    if left_out := sum(bool(one.left_out) for one in walks):
        figures.insert(1, f"{_counted(left_out, 'walk')} not made here")
    return ", ".join(figures)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")


def github(results: list[Result], stream: TextIO) -> None:
    """An annotation for each failure, at its line of the changed file."""
    for framework, failure in failures(results):
        at = failure.location
        title = _escape(spoken(framework) or "Page", ",:")
        text = _escape("\n".join([failure.what, *_short(failure.detail)]), "")
        path = _escape(at.path, ",:")
        stream.write(f"::error file={path},line={at.line},title={title}::{text}\n")


def as_json(results: list[Result]) -> dict[str, Any]:
    """Per page, framework and block: outcome, milliseconds; and the versions that ran.

    `sha256` is that of the page's text that was run: a page edited since has another.
    """
    found: dict[str, Any] = {}
    for result in sorted(results, key=lambda one: (one.page, one.framework or "")):
        entry = found.setdefault(
            result.page, {"sha256": result.sha256, "held": True, "frameworks": {}}
        )
        entry["held"] = entry["held"] and result.held
        if result.framework is None:
            entry["problems"] = [
                {"line": failure.location.line, "what": failure.what}
                for outcome in result.outcomes
                for failure in outcome.failures
            ]
            continue
        entry["frameworks"][result.framework] = {
            "ran": result.ran,
            "cached": result.cached,
            "blocks": [
                {
                    "line": outcome.line,
                    "kind": outcome.kind,
                    "label": outcome.label,
                    "outcome": outcome.status,
                    "milliseconds": round(outcome.milliseconds, 1),
                    "reason": outcome.reason,
                    "failures": [str(one.location) + ": " + one.what for one in outcome.failures],
                }
                for outcome in result.outcomes
            ],
        }
    isolated = all(result.isolated for result in results)
    return {"versions": versions(), "isolated": isolated, "pages": found}


def versions() -> dict[str, str]:
    """The versions that an example ran on."""
    from importlib import metadata

    found = {"python": platform.python_version()}
    for name in NAMED:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def write_json(results: list[Result], file: Path) -> None:
    file.write_text(json.dumps(as_json(results), indent=1) + "\n", encoding="utf-8")


def _told(framework: Framework | None, failure: Failure, colour: bool) -> str:
    who = f"{spoken(framework)}: " if framework else ""
    at = _printable(str(failure.location))
    rows = [f"{at}: {who}{_printable(failure.what.replace(chr(10), ' '))}"]
    for row in _short(failure.detail):
        row = _printable(row)
        start = COLOURS.get(row[:1], "") if colour else ""
        rows.append(f"    {start}{row}{RESET if start else ''}")
    if framework:
        rows.append(f"    again: {_again(failure.location.path, framework)}")
    return "\n".join(rows)


def _short(detail: str) -> list[str]:
    """Rows that a person reads: not too long, and the first and last of too many."""
    rows = [row if len(row) <= 200 else row[:197] + "..." for row in detail.rstrip().split("\n")]
    if len(rows) > 50:
        rows = [*rows[:25], f"... ({len(rows) - 40} lines)", *rows[-15:]]
    return rows if detail else []


def _again(path: str, framework: Framework) -> str:
    python = Path(sys.executable)
    if python.is_relative_to(Path.cwd()):
        python = python.relative_to(Path.cwd())
    words = [str(python), sys.argv[0], _printable(path), "--framework", framework]
    return shlex.join(words)


def _printable(text: str) -> str:
    """Without what would steer a terminal, or a runner that reads commands from its log."""
    text = "".join(char if char.isprintable() or char == "\n" else "�" for char in text)
    return COMMANDS.sub(r"\g<0>\\", text)


def _escape(text: str, more: str) -> str:
    for char in "%\r\n" + more:
        text = text.replace(char, f"%{ord(char):02X}")
    return text


def listing(results: Iterable[str], stream: TextIO) -> None:
    for row in results:
        stream.write(row + "\n")
