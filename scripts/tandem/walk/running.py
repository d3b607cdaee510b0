"""All that a page has started and left running: who answers on a port, and who has left unasked."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterable
from http.client import HTTPException

from tandem.blocks.console import Entry
from tandem.blocks.http import Exchange, Response
from tandem.blocks.match import lines_of, mismatch
from tandem.outcome import Failure, Wrong
from tandem.read.pages import Page
from tandem.walk.events import Events
from tandem.walk.servers import Server, connect, is_worker
from tandem.walk.shell import Shell
from tandem.walk.wire import exchange
from tandem.world import processes

RELOAD = 8.0  # seconds that a server with a reloader has to come back after a change
QUIET = 0.25  # seconds without output after which a program has said what it has to say
ENDING = 0.2  # seconds in which a process that was left may end by itself


class Running:
    """The servers and workers of one reader, in the order in which they were started."""

    def __init__(self, page: Page, events: Events, seconds: float) -> None:
        """`seconds`: what one of them has to load, and to answer."""
        self.page = page
        self.events = events
        self.seconds = seconds
        self.servers: list[Server] = []
        self.known = processes.listening()

    def runs_in(self, shell: Shell) -> bool:
        """Whether one of them keeps this terminal."""
        return any(server.shell is shell for server in self.servers)

    def take(self, shell: Shell, entry: Entry, ends_later: bool, still: float) -> bool:
        """Whether a running command is left running: as a server, a worker, or until its `^C`.

        `ends_later`: a later block of the page goes on with it; `still`: the seconds since it
        has said something.
        """
        rows = entry.before
        if ports := self._new_ports([shell.tty.leader]):
            self.known = processes.listening()
            return self._add(Server(entry, shell, (), frozenset(ports), self._pythons))
        ends = entry.interrupts or (ends_later and bool(rows))
        works = still > QUIET and (ends or is_worker(self.events.commands()))
        if works and mismatch(rows, lines_of(shell.text), prefix=True) is None:
            return self._add(Server(entry, shell, (), frozenset(), self._pythons))
        return False

    def _add(self, server: Server) -> bool:
        """Leave a command running; returns whether it still runs once it has loaded."""
        server.settle(self.seconds)
        server.shows(server.entry.before)  # by now `...` takes all that the start has printed
        shell = server.shell
        if shell is None or shell.ready or shell.gone:
            return False
        self.servers.append(server)
        return True

    def named(self, title: str) -> Server | None:
        """The last one whose command is a terminal's title, else begins with it."""
        shown = [one for one in reversed(self.servers) if one.shell is not None]
        exact = [one for one in shown if one.entry.text == title]
        begun = [one for one in shown if one.entry.text.startswith(title)]
        return next(iter(exact or begun), None)

    def commands(self) -> list[list[str]]:
        """The command lines of the Pythons that go on running."""
        self.events.pump()
        return self.events.commands()

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
        self.reload()  # before it has a connection, which would end with it
        sock = connect(port, self.seconds)
        if sock is None:
            return None
        try:
            with sock:
                deadline = time.monotonic() + self.seconds
                return exchange(sock, request, method, deadline, enough, self.meanwhile())
        except (OSError, HTTPException) as error:
            what = f"{one.label}: the server that the page has started gave no answer: {error}"
            raise Wrong(Failure(self.page.location(one.request.line), what)) from None

    def reload(self) -> None:
        """Wait until each runs what was changed."""
        for server in self.servers:
            server.reload(RELOAD)

    def change(self) -> None:
        """Told before a file changes: what runs has loaded what was there by then."""
        for server in self.servers:
            server.settle(self.seconds)
        for server in self.servers:
            server.watch(RELOAD)
            server.changes()

    def changed(self) -> None:
        """Told after a command has changed files: a server may load them again."""
        for server in self.servers:
            server.changes()

    def meanwhile(self) -> dict[int, Callable[[], None]]:
        """Their terminals, and what takes in what they print there.

        A terminal holds some kilobytes: a server that prints more waits until it is read, and so
        does whoever has asked it something.
        """
        return {
            server.shell.tty.master: server.pump
            for server in self.servers
            if server.shell is not None and not server.shell.gone
        }

    def pump(self) -> None:
        """Take in what they have printed."""
        for server in self.servers:
            server.pump()

    def strays(self, known: Iterable[int]) -> list[str]:
        """End what runs outside all that is known and should not; returns the commands.

        What listens is a server that has left its terminal, and stays.
        """
        keep = {*known, *(pid for server in self.servers for pid in server.pids)}
        deadline = time.monotonic() + ENDING
        while fresh := [pid for pid in processes.children(os.getpid()) if pid not in keep]:
            if time.monotonic() > deadline or not any(map(processes.alive, fresh)):
                break
            time.sleep(0.01)  # what is about to end has been left by nobody
        if fresh and (ports := self._new_ports(fresh)):
            entry = Entry(("a server",), 1, (), 1)
            pids = tuple(pid for pid in fresh if _owns(pid, ports))
            self.servers.append(Server(entry, None, pids, frozenset(ports), self._pythons))
            self.known = processes.listening()
            keep |= set(pids)
        return processes.sweep(keep)

    def _pythons(self) -> Collection[int]:
        self.events.pump()
        return self.events.running

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


def _owns(pid: int, ports: set[int]) -> bool:
    family = set(processes.family(pid))
    listening = processes.listening()
    return any(
        processes.owners(inode) & family for port in ports for inode in listening.get(port, ())
    )
