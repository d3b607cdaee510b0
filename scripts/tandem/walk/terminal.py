"""A reader's terminals: commands are typed as they stand, and what is shown is compared.

A command that goes on running and listens is a server, and keeps its terminal; the next command
is typed into another one, in the same folder and with the same variables.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path

from tandem.blocks.console import Entry
from tandem.blocks.http import Exchange, Response
from tandem.blocks.match import difference, lines_of, mismatch
from tandem.outcome import Failure, Wrong
from tandem.read.pages import Page
from tandem.walk.blame import Blame
from tandem.walk.events import Events
from tandem.walk.servers import Server, connect, is_worker
from tandem.walk.shell import Shell, environment_of
from tandem.walk.wire import exchange
from tandem.world import limits, processes, zygote

SETTLE = 10.0  # seconds that a server, once it listens, has to print what is shown
RELOAD = 8.0  # seconds that a server with a reloader has to come back after a change
SILENT = 2.0  # seconds in which a sleeping server says nothing more
QUIET = 0.25  # seconds without output after which a program has said what it has to say
LOOK = 0.05  # seconds between two looks at what listens
ENDING = 0.2  # seconds in which a process that was left may end by itself
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
        self.servers: list[Server] = []
        self.variables: dict[str, str] = {}  # values that the page has named, `$NAME`
        self.known = processes.listening()
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
        for server in self.servers:
            server.reload(RELOAD)
        shell = self._shell()
        self.events.clear()
        shell.begin(entry.lines)
        self.free = None
        try:
            self._until(shell, entry, ends_later, expects_status and not entry.interrupts)
        except Wrong:
            self._drop(shell)
            raise
        if any(server.shell is shell for server in self.servers):
            return None
        if shell.gone:
            self.shells.remove(shell)
        else:
            self.free = shell
        return self._ended(shell, entry, expects_status)

    def compare(self, entry: Entry, rows: list[str], output: str) -> list[Failure]:
        """What of an output is not as the page shows it, nothing shown being nothing asked."""
        if not rows:
            return []
        got = lines_of(output)
        index = mismatch(rows, got)
        if index is None:
            return []
        first = entry.first + (
            len(entry.before) + 1 if entry.interrupts and rows == entry.after else 0
        )
        what = f"{entry.label} printed something else than what is shown"
        return [Failure(self.page.location(first + index), what, difference(rows, got))]

    def go_on(self, entry: Entry, title: str) -> list[Failure]:
        """A block that begins with output: that of a running command, which `^C` may end."""
        server = self._named(title)
        if server is None or server.shell is None:
            what = "a `console` block starts with a command, a line `$ command`: nothing runs here"
            if title:
                what = (
                    f"nothing that the page has started and that still runs begins with `{title}`"
                )
            raise Wrong(self._failure(entry, what))
        shell = server.shell
        if entry.before and not self._fits(server, entry.before):
            got = lines_of(shell.text)[server.seen :]
            index = mismatch(entry.before, got, prefix=True) or 0
            what = f"`$ {server.entry.text}` printed something else than what is shown"
            found = [
                Failure(
                    self.page.location(entry.first + index), what, difference(entry.before, got)
                )
            ]
        else:
            found = []
        if entry.interrupts:
            return found + self._interrupt(server, entry)
        return found

    def asked(
        self,
        port: int,
        request: bytes,
        method: str,
        one: Exchange,
        enough: Callable[[bytes], bool] | None,
    ) -> Response | None:
        """The answer of what listens on a port to some bytes; None if nothing does.

        Raises Wrong if it gives none.
        """
        for server in self.servers:
            server.reload(RELOAD)  # before it has a connection, which would end with it
        sock = connect(port, self.start.seconds)
        if sock is None:
            return None
        try:
            with sock:
                deadline = time.monotonic() + self.start.seconds
                return exchange(sock, request, method, deadline, enough)
        except (OSError, HTTPException) as error:
            what = f"{one.label}: the server that the page has started gave no answer: {error}"
            raise Wrong(Failure(self.page.location(one.request.line), what)) from None

    def changes(self) -> None:
        """Told before a source file changes: what runs has loaded what was there by then."""
        for server in self.servers:
            server.settle(self.start.seconds)
        for server in self.servers:
            server.watch(RELOAD)
            server.changes()

    def changed(self) -> None:
        """Told after a command has changed source files: a server may load them again."""
        for server in self.servers:
            server.changes()

    def _pythons(self) -> Collection[int]:
        self.events.pump()
        return self.events.running

    def served(self) -> list[list[str]]:
        """The command lines of the Pythons that go on running."""
        self.events.pump()
        return self.events.commands()

    def strays(self, known: set[int]) -> list[str]:
        """End what runs outside every terminal and should not; returns the commands.

        What listens is a server that has left its terminal, and stays.
        """
        keep = known | {shell.tty.leader for shell in self.shells}
        keep |= {pid for server in self.servers for pid in server.pids}
        deadline = time.monotonic() + ENDING
        while fresh := [pid for pid in processes.children(os.getpid()) if pid not in keep]:
            if time.monotonic() > deadline or not any(map(processes.alive, fresh)):
                break
            time.sleep(0.01)  # what is about to end has been left by nobody
        if fresh and (ports := self._new_ports(fresh)):
            entry = Entry(("a server",), 1, (), 1)
            pids = tuple(pid for pid in fresh if self._owns(pid, ports))
            self.servers.append(Server(entry, None, pids, frozenset(ports), self._pythons))
            self.known = processes.listening()
            keep |= set(pids)
        return processes.sweep(keep)

    def stop(self) -> list[Failure]:
        """End all that runs; returns what had ended too early."""
        found = []
        for server in self.servers:
            server.pump()
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
        self.servers.clear()
        self.free = None

    def _shell(self) -> Shell:
        """The terminal that stands at its prompt; a new one beside those where something runs."""
        for server in self.servers:
            if server.shell is not None:
                server.pump()
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

    def _wait(self, shell: Shell, done: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + self.start.seconds
        while not done():
            shell.pump(0.05)
            if time.monotonic() > deadline:
                raise Wrong(Failure(self.page.location(1), what, _tail(shell.text)))

    def _until(self, shell: Shell, entry: Entry, ends_later: bool, ends: bool) -> None:
        """Go along with a command until it ends, serves, or has had its time.

        `ends`: its exit status is shown next, so that it listens for a moment at most.
        """
        started = time.monotonic()
        deadline, looked, moved = started + self.start.seconds, started, started
        while not (shell.ready or shell.gone):
            if shell.pump(0.02):
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
                if not ends and self._goes_on(shell, entry, ends_later, now - moved):
                    return
                if self._asked(shell, entry, now - moved):
                    moved = now
            if now > deadline:
                raise Wrong(self._overdue(shell, entry))
        if shell.left:
            what = f"the shell had the whole of {entry.label} before this line `> `"
            at = entry.line + len(entry.lines) - len(shell.left)
            raise Wrong(Failure(self.page.location(at), what))

    def _goes_on(self, shell: Shell, entry: Entry, ends_later: bool, still: float) -> bool:
        """Whether a running command is left running: as a server, a worker, or until its `^C`."""
        rows = entry.before
        if ports := self._new_ports([shell.tty.leader]):
            server = Server(entry, shell, (), frozenset(ports), self._pythons)
            self.known = processes.listening()
            return self._add(server, entry)
        ends = entry.interrupts or (ends_later and bool(rows))
        works = still > QUIET and (ends or is_worker(self.events.commands()))
        if works and mismatch(rows, lines_of(shell.text), prefix=True) is None:
            return self._add(Server(entry, shell, (), frozenset(), self._pythons), entry)
        return False

    def _add(self, server: Server, entry: Entry) -> bool:
        """Leave a command running; returns whether it still runs once it has loaded."""
        self.servers.append(server)
        shell = server.shell
        assert shell is not None
        server.settle(self.start.seconds)
        self._fits(server, entry.before)  # by now `...` takes all that the start has printed
        if shell.ready or shell.gone:
            self.servers.remove(server)
        return server in self.servers

    def _fits(self, server: Server, rows: list[str]) -> bool:
        """Whether a server's output, from where it was last compared, begins with these rows."""
        assert server.shell is not None
        moved = time.monotonic()
        deadline = moved + SETTLE
        while True:
            got = lines_of(server.shell.text)[server.seen :]
            if mismatch(rows, got, prefix=True) is None:
                size = next(
                    n for n in range(len(got) + 1) if mismatch(rows, got[:n], prefix=True) is None
                )
                open_end = bool(rows) and rows[-1].strip() == "..."
                server.seen += len(got) if open_end else size
                return True
            now = time.monotonic()
            asleep = now - moved > SILENT and all(map(processes.is_asleep, server.family()))
            if asleep or now > deadline or server.shell.ready or server.shell.gone:
                return False
            if server.shell.pump(0.05):
                moved = time.monotonic()

    def _named(self, title: str) -> Server | None:
        """The last server whose command is a terminal's title, else begins with it."""
        shown = [one for one in reversed(self.servers) if one.shell is not None]
        exact = [one for one in shown if one.entry.text == title]
        begun = [one for one in shown if one.entry.text.startswith(title)]
        return next(iter(exact or begun), None)

    def after_start(self, entry: Entry) -> list[Failure]:
        """What is not as shown of a server that was just started; its `^C` if that is shown too."""
        server = self.servers[-1]
        assert server.shell is not None
        found = []
        if (
            entry.before
            and mismatch(entry.before, lines_of(server.shell.text), prefix=True) is not None
        ):
            got = lines_of(server.shell.text)
            index = mismatch(entry.before, got, prefix=True) or 0
            what = f"{entry.label} printed something else than what is shown"
            at = self.page.location(entry.first + index)
            found.append(Failure(at, what, difference(entry.before, got)))
        if entry.interrupts:
            found += self._interrupt(server, entry)
        return found

    def _interrupt(self, server: Server, entry: Entry) -> list[Failure]:
        """Press Ctrl+C where something runs, and compare what it says to that."""
        shell = server.shell
        assert shell is not None
        self.servers.remove(server)
        server.settle(self.start.seconds)
        quiet = time.monotonic()
        while time.monotonic() - quiet < QUIET:
            if shell.pump(0.05):
                quiet = time.monotonic()
        shell.output = ""
        if not (shell.ready or shell.gone):
            shell.tty.interrupt()
        deadline = time.monotonic() + self.start.seconds
        while not (shell.ready or shell.gone):
            shell.pump(0.05)
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
            shell.pump(0.02)

    def _overdue(self, shell: Shell, entry: Entry) -> Failure:
        what = f"{entry.label} did not finish in {self.start.seconds:g} seconds"
        frames = self.events.where()
        if frames:
            return self.blame.told(frames, entry.line, what)
        return Failure(self.page.location(entry.line), what, _tail(shell.text))

    def _new_ports(self, roots: list[int]) -> set[int]:
        """The ports that processes below these have begun to listen on."""
        fresh = {
            port: inodes - self.known.get(port, set())
            for port, inodes in processes.listening().items()
            if inodes - self.known.get(port, set())
        }
        if not fresh:
            return set()
        family = {pid for root in roots for pid in processes.family(root)}
        return {
            port for port, inodes in fresh.items()
            if any(processes.owners(inode) & family for inode in inodes)
        }  # fmt: skip

    def _owns(self, pid: int, ports: set[int]) -> bool:
        family = set(processes.family(pid))
        listening = processes.listening()
        return any(
            processes.owners(inode) & family for port in ports for inode in listening.get(port, ())
        )

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
