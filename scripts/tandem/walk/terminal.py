"""A reader's terminals: commands are typed as they stand, and what is shown is compared.

A command that goes on running and listens is a server, and keeps its terminal; the next command
is typed into another one, in the same folder and with the same variables.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tandem.blocks.console import Entry
from tandem.blocks.match import difference, lines_of, mismatch
from tandem.outcome import Failure, Wrong
from tandem.read.pages import Page
from tandem.walk.blame import Blame
from tandem.walk.events import Events
from tandem.walk.running import QUIET, Running
from tandem.walk.servers import Server
from tandem.walk.shell import Shell, environment_of
from tandem.world import limits, processes, zygote

LOOK = 0.05  # seconds between two looks at what listens
ASKING = 0.3  # seconds that a program waits for keys before that is a question without answer
SAID = re.compile(r"^ERROR: (.+)$", re.MULTILINE)  # how set-up commands say what is wrong


@dataclass(frozen=True, slots=True)
class Start:
    """How a reader's first terminal begins: variables, folder, seconds a step may take."""

    place: zygote.Place
    environment: dict[str, str]
    folder: Path
    seconds: float


class Terminal:
    """All terminals of one reader, of which one takes the next command."""

    def __init__(self, page: Page, start: Start, blame: Blame, events: Events) -> None:
        self.page = page
        self.start = start
        self.blame = blame
        self.events = events
        self.shells: list[Shell] = []
        self.free: Shell | None = None  # the terminal that stands at its prompt
        self.running = Running(page, events, start.seconds)
        self.variables: dict[str, str] = {}  # values that the page has named, `$NAME`
        self.state: tuple[Path, int, dict[str, str], Path | None] = (Path(), 0, {}, None)

    def where(self) -> tuple[dict[str, str], Path]:
        """The exported variables and the folder, where the next command would be typed."""
        if not self.shells:
            return {**self.start.environment, **self._news({})}, self.start.folder
        state = self._last().state
        now = state.stat().st_mtime_ns if state.exists() else 0
        if self.state[:2] != (state, now):  # asked of the shell's notes once for each prompt
            self.state = (state, now, *environment_of(state, dict(self.start.environment)))
        found, folder = self.state[2:]
        return {**found, **self._news(self._last().told)}, folder or self.start.folder

    def _last(self) -> Shell:
        return self.free or self.shells[-1]

    def run(self, entry: Entry, *, ends_later: bool, expects_status: bool) -> str | None:
        """Type one command and wait for its end; returns what it printed, None if it goes on.

        `ends_later`: a later block of the page goes on with it. `expects_status`: the next command
        shows the exit status. Raises Wrong where later steps are pointless after it.
        """
        self.running.reload()
        shell = self._shell()
        self.events.clear()
        shell.begin(entry.lines)
        self.free = None
        try:
            self._until(shell, entry, ends_later, expects_status and not entry.interrupts)
        except Wrong:
            self._drop(shell)
            raise
        if self.running.runs_in(shell):
            return None
        if shell.gone:
            self.shells.remove(shell)
        else:
            self.free = shell
        return self._ended(shell, entry, expects_status)

    def compare(self, entry: Entry, rows: list[str], output: str) -> list[Failure]:
        """What of an output is not as the page shows it, nothing shown being nothing asked."""
        behind = len(entry.before) + 1 if entry.interrupts and rows == entry.after else 0
        return self._differs(entry.first + behind, entry.label, rows, lines_of(output))

    def _differs(
        self, first: int, label: str, rows: list[str], got: list[str], *, prefix: bool = False
    ) -> list[Failure]:
        """That what was printed is not what the page shows from a line on, if it is not."""
        index = mismatch(rows, got, prefix=prefix)
        if not rows or index is None:
            return []
        what = f"{label} printed something else than what is shown"
        return [Failure(self.page.location(first + index), what, difference(rows, got))]

    def go_on(self, entry: Entry, title: str) -> list[Failure]:
        """A block that begins with output: that of a running command, which `^C` may end."""
        server = self.running.named(title)
        if server is None or server.shell is None:
            what = "a `console` block starts with a command, a line `$ command`: nothing runs here"
            if title:
                what = (
                    f"nothing that the page has started and that still runs begins with `{title}`"
                )
            raise Wrong(self._failure(entry, what))
        found: list[Failure] = []
        if not server.shows(entry.before):
            got = lines_of(server.shell.text)[server.seen :]
            found = self._differs(entry.first, server.entry.label, entry.before, got, prefix=True)
        if entry.interrupts:
            found += self._interrupt(server, entry)
        return found

    def strays(self, known: set[int]) -> list[str]:
        """End what runs outside every terminal and should not; returns the commands."""
        return self.running.strays(known | {shell.tty.leader for shell in self.shells})

    def stop(self) -> list[Failure]:
        """End all that runs; returns what had ended too early."""
        found = []
        self.running.pump()
        for server in self.running.servers:
            gone = server.shell is not None and (server.shell.ready or server.shell.gone)
            if server.shell is not None and gone:  # said as of one that never came to serve
                status = server.shell.status
                what = f"{server.entry.label} ended with status {status}"
                what += ", not 0" if status else " before the page did"
                found.append(self.blame.output(server.shell.text, server.entry.line, what))
        self.close()
        return found

    def close(self) -> None:
        for shell in self.shells:
            shell.close()
        self.shells.clear()
        self.running.servers.clear()
        self.free = None

    def _shell(self) -> Shell:
        """The terminal that stands at its prompt; a new one beside those where something runs."""
        self.running.pump()
        if self.free is None:
            start = self.shells[-1].state if self.shells else None
            environment, folder = self.start.environment, self.start.folder
            number = len(list((self.start.place.base / "run").glob("rc-*")))
            shell = Shell(number, self.start.place, environment, folder, start)
            self._wait(shell, lambda: shell.ready or shell.gone, "the shell does not start")
            shell.told = dict(self.shells[-1].told) if self.shells else {}
            self.shells.append(shell)
            self.free = shell
        free = self.free
        if news := self._news(free.told):
            free.tell(news)
            self._wait(free, lambda: free.ready or free.gone, "the shell does not answer")
            free.news.unlink()
        return free

    def _news(self, told: Mapping[str, str]) -> dict[str, str]:
        """The page's values that a shell which was told some does not have yet."""
        return {
            name: value
            for name, value in self.variables.items()
            if told.get(name) != value and name not in self.start.environment
        }

    def _pump(self, shell: Shell, seconds: float) -> bool:
        """Take in what came in a terminal, and in those where servers print meanwhile."""
        self.running.pump()
        return shell.pump(seconds)

    def _wait(self, shell: Shell, done: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + self.start.seconds
        while not done():
            self._pump(shell, 0.05)
            if time.monotonic() > deadline:
                raise Wrong(Failure(self.page.location(1), what, _tail(shell.text)))

    def _until(self, shell: Shell, entry: Entry, ends_later: bool, ends: bool) -> None:
        """Go along with a command until it ends, serves, or has had its time.

        `ends`: its exit status is shown next, so that it listens for a moment at most.
        """
        started = time.monotonic()
        deadline, looked, moved = started + self.start.seconds, started, started
        while not (shell.ready or shell.gone):
            if self._pump(shell, 0.02):
                moved = time.monotonic()
            self.events.pump()
            if shell.asks_more and not shell.begun:
                if not shell.more():
                    what = (
                        f"the shell waits for the rest of {entry.label}: it goes on in a line `> `"
                    )
                    raise Wrong(self._failure(entry, what))
                continue
            if len(shell.output) > limits.OUTPUT:
                raise Wrong(
                    self.blame.told(
                        self.events.where(), entry.line, f"{entry.label} printed more than 1 MiB"
                    )
                )
            if not shell.begun or shell.ready:
                continue
            now = time.monotonic()
            if now - looked >= LOOK and now - started >= LOOK:
                looked = now
                if not ends and self.running.take(shell, entry, ends_later, now - moved):
                    return
                if self._asked(shell, entry, now - moved):
                    moved = now
            if now > deadline:
                raise Wrong(self._overdue(shell, entry))
        if shell.left:
            what = f"the shell had the whole of {entry.label} before this line `> `"
            at = entry.line + len(entry.lines) - len(shell.left)
            raise Wrong(Failure(self.page.location(at), what))

    def after_start(self, entry: Entry) -> list[Failure]:
        """What is not as shown of a server that was just started; its `^C` if that is shown too."""
        server = self.running.servers[-1]
        assert server.shell is not None
        got = lines_of(server.shell.text)
        found = self._differs(entry.first, entry.label, entry.before, got, prefix=True)
        if entry.interrupts:
            found += self._interrupt(server, entry)
        return found

    def _interrupt(self, server: Server, entry: Entry) -> list[Failure]:
        """Press Ctrl+C where something runs, and compare what it says to that."""
        shell = server.shell
        assert shell is not None
        self.running.servers.remove(server)
        server.settle(self.start.seconds)
        quiet = time.monotonic()
        while time.monotonic() - quiet < QUIET:
            if self._pump(shell, 0.05):
                quiet = time.monotonic()
        shell.output = ""
        if not (shell.ready or shell.gone):
            shell.tty.interrupt()
        deadline = time.monotonic() + self.start.seconds
        while not (shell.ready or shell.gone):
            self._pump(shell, 0.05)
            if time.monotonic() > deadline:
                self._drop(shell)
                seconds = f"{self.start.seconds:g} seconds"
                what = f"`$ {server.entry.text}` did not end within {seconds} after ^C"
                return [self._failure(entry, what)]
        text = shell.text.removeprefix("^C").removeprefix("\n")
        if shell.gone:
            self.shells.remove(shell)
        elif self.free is None:
            self.free = shell
        else:
            self._drop(shell)
        return self.compare(entry, entry.after, text)

    def _ended(self, shell: Shell, entry: Entry, expects_status: bool) -> str:
        """The output of a command that has ended; raises Wrong if it proves nothing or failed."""
        self.events.pump()
        text = shell.text
        label = entry.label
        if entry.interrupts:
            what = (
                f"{label} ended by itself, with status {shell.status}, before the ^C that is shown"
            )
            raise Wrong(self.blame.output(text, entry.line, what))
        if shell.gone and (name := shell.tty.ended_by()):
            raise Wrong(self.blame.output(text, entry.line, f"{label} ended the shell, by {name}"))
        if early := self.events.early():
            what = f"{label} stopped in its midst by an exit with status 0, which proves nothing"
            raise Wrong(self.blame.told([early], entry.line, what))
        if shell.status and not expects_status:
            what = f"{label} ended with status {shell.status}, not 0"
            if said := SAID.findall(text):
                what = f"{label}: {said[-1]}"
            raise Wrong(self.blame.output(text, entry.line, what))
        if self.events.broken_off() and not expects_status:
            what = f"{label}: a Python that it ran stopped in its midst, by `os._exit` or a signal"
            raise Wrong(self.blame.told([], entry.line, what))
        return text

    def _asked(self, shell: Shell, entry: Entry, still: float) -> bool:
        """Answer a program that waits for keys, as the page shows it; returns whether it did."""
        group = shell.tty.foreground
        waiting = any(
            processes.reads(pid, shell.tty.name)
            for pid in shell.listeners()
            if pid != shell.tty.leader and _group(pid) == group
        )
        if not waiting:
            return False
        *lines, question = shell.text.split("\n")
        complete = [line.rstrip() for line in lines]
        rows = list(entry.rows)
        for index, row in enumerate(rows):
            begins = row.startswith(question.rstrip()) and row.strip() != "..."
            if begins and question.strip() and mismatch(rows[:index], complete) is None:
                answer = row[len(question) :] if len(row) > len(question) else ""
                if not shell.tty.echoes:
                    shell.output += answer
                shell.tty.type(answer + "\n")
                self._until_more(shell)
                return True
        if still > ASKING:
            asks = f": `{question.strip()}`" if question.strip() else ""
            what = f"{entry.label} waits for an answer that the page does not show{asks}"
            raise Wrong(self.blame.told(self.events.where(), entry.line, what))
        return False

    def _until_more(self, shell: Shell) -> None:
        """Wait until a program has taken an answer: it says more, or ends."""
        deadline = time.monotonic() + 1.0
        size = len(shell.output)
        while len(shell.output) == size and not shell.ready and time.monotonic() < deadline:
            self._pump(shell, 0.02)

    def _overdue(self, shell: Shell, entry: Entry) -> Failure:
        what = f"{entry.label} did not finish in {self.start.seconds:g} seconds"
        frames = self.events.where()
        if frames:
            return self.blame.told(frames, entry.line, what)
        return Failure(self.page.location(entry.line), what, _tail(shell.text))

    def _drop(self, shell: Shell) -> None:
        shell.close()
        with suppress(ValueError):
            self.shells.remove(shell)

    def _failure(self, entry: Entry, what: str, detail: str = "") -> Failure:
        return Failure(self.page.location(entry.line), what, detail)


def _group(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except OSError:
        return 0


def _tail(output: str) -> str:
    """The last lines of an output."""
    return "\n".join(lines_of(output)[-30:])
