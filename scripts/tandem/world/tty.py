"""A pseudo-terminal with a program in it, seen from where a person would sit.

Shells tell terminals by escape codes where a prompt, a command's output and its end are (OSC 133,
https://gitlab.freedesktop.org/Per_Bothner/specifications/blob/master/proposals/semantic-prompts.md).
`Tty.pump` reads what came and sorts it into text and those marks, so that nothing about
an output is guessed.
"""

from __future__ import annotations

import codecs
import errno
import fcntl
import os
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from tandem.world import limits, processes

ROWS, COLUMNS = 1000, 80  # so many rows that nothing asks for a pager
LINE = 4000  # characters; a terminal cuts a typed line at 4,095
MARK = re.compile(r"\x1b\]133;(?P<kind>[A-Z])(?:;(?P<value>-?\d+))?\x07")
CODES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-Z\\^-~])")
INTERRUPT = b"\x03"
ENDING = 0.5  # seconds from the end of a terminal to that of its leader
HEARD = (
    signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM, signal.SIGTSTP, signal.SIGTTIN,
    signal.SIGTTOU, signal.SIGCHLD, signal.SIGPIPE, signal.SIGALRM,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mark:
    """One mark: A a prompt, P the prompt of a line that goes on, C output begins, D it ended."""

    kind: str
    value: int | None


class Tty:
    """The person's end. `leader` is the first process of the terminal's session."""

    def __init__(self, life: Callable[[], NoReturn]) -> None:
        """Run `life` as the leader of a new session on a new terminal."""
        self.master, slave = os.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        self.name = os.ttyname(slave)
        self.leader = os.fork()
        if self.leader == 0:
            _lead(slave, life)
        os.close(slave)
        os.set_blocking(self.master, False)
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.rest = ""
        self.open = True

    def pump(self, seconds: float) -> list[str | Mark]:
        """What has come, in order, waiting at most `seconds` for it."""
        if not self.open:
            return []
        if not select.select([self.master], [], [], max(0.0, seconds))[0]:
            return []
        try:
            data = os.read(self.master, 1 << 16)
        except OSError as error:
            if error.errno != errno.EIO:  # Linux's word for a terminal that nobody holds
                raise
            data = b""
        self.open = bool(data)
        return list(self._sorted(self.decoder.decode(data)))

    def type(self, text: str) -> None:
        """Press keys."""
        data = text.encode("utf-8", "surrogateescape")
        while data and self.open:
            try:
                data = data[os.write(self.master, data) :]
            except BlockingIOError:
                select.select([], [self.master], [], 1.0)
            except OSError:
                return

    def interrupt(self) -> None:
        """Press Ctrl+C."""
        os.write(self.master, INTERRUPT)

    @property
    def echoes(self) -> bool:
        """Whether what is typed is shown; not while a password is asked for."""
        return bool(termios.tcgetattr(self.master)[3] & termios.ECHO)

    @property
    def foreground(self) -> int:
        """The process group that has the keyboard."""
        with suppress(OSError):
            return os.tcgetpgrp(self.master)
        return 0

    def ended_by(self) -> str:
        """The signal that has ended its leader; "" for one that has ended by itself, or runs."""
        deadline = time.monotonic() + ENDING
        with suppress(ChildProcessError):
            while not (ended := os.waitpid(self.leader, os.WNOHANG))[0]:
                if time.monotonic() > deadline:
                    return ""
                time.sleep(0.01)  # it lets go of the terminal before its end can be asked for
            if os.WIFSIGNALED(ended[1]):
                return signal.Signals(os.WTERMSIG(ended[1])).name
        return ""

    def close(self) -> None:
        """End the session with all that is in it."""
        processes.end([self.leader])
        processes.send(self.leader, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self.leader, 0)
        with suppress(OSError):
            os.close(self.master)
        self.open = False

    def _sorted(self, text: str) -> Iterator[str | Mark]:
        text = self.rest + text
        self.rest = ""
        at = 0
        for match in MARK.finditer(text):
            if match.start() > at:
                yield text[at : match.start()]
            value = match["value"]
            yield Mark(match["kind"], int(value) if value is not None else None)
            at = match.end()
        tail = text[at:]
        cut = tail.rfind("\x1b")
        if self.open and cut >= 0 and len(tail) - cut < 40 and not CODES.match(tail, cut):
            tail, self.rest = tail[:cut], tail[cut:]
        if tail:
            yield tail


def _lead(slave: int, life: Callable[[], NoReturn]) -> NoReturn:
    try:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for number in (0, 1, 2):
            os.dup2(slave, number)
        processes.die_with_parent(signal.SIGKILL)
        for number in HEARD:  # as after a login, whatever the checker was started by ignores
            signal.signal(number, signal.SIG_DFL)
        life()
    finally:
        os._exit(70)


def shown(text: str) -> str:
    """What a terminal shows of an output: no colours, and lines that were written over as left."""
    text = CODES.sub("", text).replace("\r\n", "\n")
    if "\r" not in text and "\b" not in text:
        return text
    rows = []
    for row in text.split("\n"):
        line = ""
        for part in row.split("\r"):
            while "\b" in part:
                before, _, after = part.partition("\b")
                part = before[:-1] + after
            line = part + line[len(part) :]
        rows.append(line)
    return "\n".join(rows)


def exec_shell(shell: list[str], environment: dict[str, str], folder: str) -> NoReturn:
    """Become the shell; never returns."""
    limits.close_all({0, 1, 2})
    limits.apply()
    os.chdir(folder)
    os.execve(shell[0], shell, environment)
