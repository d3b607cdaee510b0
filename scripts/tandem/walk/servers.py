"""What a page starts and leaves running: servers are what listens, workers what does not."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from tandem.blocks.console import Entry
from tandem.blocks.match import lines_of, mismatch
from tandem.walk.shell import Shell
from tandem.world import processes

# Commands that go on without listening, by words of the process's own command line. Anything
# else that goes on is waited for to its end, unless the page ends it by a line `^C`.
WORKERS = (("celery", "worker"), ("celery", "beat"), ("db_worker",))
RELOADING = {"--debug", "runserver", "--reload", "--dev"}
NAPS = 3  # of a reloader since a change: between two it has looked at the files
IDLE = 3  # looks in a row that find every process asleep: it has loaded what it loads
WAITING = 10  # of a reloader whose server does not listen: it waits for the next change
PAUSE = 0.03  # seconds between two looks
SETTLE = 10.0  # seconds that a server, once it listens, has to print what is shown
SILENT = 2.0  # seconds in which a sleeping server says nothing more
HERE = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\]):(\d{1,5})")


@dataclass(slots=True)
class Server:
    """Something that runs in a terminal of the page. `seen`: how much of its output was compared.

    `ports` is empty for a worker; `pythons` tells which Pythons run on the page, `stale` are its
    processes from before a file changed, and `naps` those sleeps of its Pythons seen since then.
    """

    entry: Entry
    shell: Shell | None
    pids: tuple[int, ...]
    ports: frozenset[int]
    pythons: Callable[[], Iterable[int]]
    seen: int = 0
    stale: frozenset[int] = frozenset()
    naps: dict[int, set[int]] = field(default_factory=dict)

    @property
    def roots(self) -> set[int]:
        return {self.shell.tty.leader} if self.shell else set(self.pids)

    @property
    def reloads(self) -> bool:
        words = self.entry.text.split()
        return "--noreload" not in words and bool(RELOADING & set(words))

    def family(self) -> frozenset[int]:
        return frozenset(pid for root in self.roots for pid in processes.family(root))

    def settle(self, seconds: float) -> None:
        """Wait until it has loaded what it loads: none of its processes has anything to do."""
        still, deadline = 0, time.monotonic() + seconds
        while still < IDLE and time.monotonic() < deadline:
            self.pump()
            still = still + 1 if self._is_still() else 0
            time.sleep(PAUSE)

    def changes(self) -> None:
        """Source files change now: `reload` will wait until it has seen that."""
        if self.reloads:
            self.stale = self.family()
            self.naps = {}

    def watch(self, seconds: float) -> None:
        """Wait until its reloader knows the files: what changes before is no change to it.

        An earlier change comes first: a reloader that starts the server again may have loaded
        the file that changes next, and not have looked at it yet.
        """
        if not self.reloads:
            return
        self.reload(seconds)
        deadline = time.monotonic() + seconds
        self.naps = {}
        while time.monotonic() < deadline and not self._has_looked(1):
            self.pump()
            time.sleep(PAUSE)

    def reload(self, seconds: float) -> None:
        """Wait until it runs what was changed, or has looked and found no reason to."""
        if not self.stale:
            return
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.pump()
            if self.family() == self.stale:
                if self._has_looked(NAPS):
                    break
            elif self.is_up():
                self.settle(seconds)
                break
            elif self._is_still() and self._has_looked(WAITING):
                break
            time.sleep(PAUSE)
        self.stale = frozenset()

    def _is_still(self) -> bool:
        return all(map(processes.is_asleep, self.family()))

    def _has_looked(self, naps: int) -> bool:
        """Whether one of its Pythons was seen in so many sleeps since files changed."""
        for pid in self.family().intersection(self.pythons()):
            if (nap := processes.nap(pid)) is not None:
                self.naps.setdefault(pid, set()).add(nap)
        return any(len(seen) >= naps for seen in self.naps.values())

    def pump(self) -> None:
        if self.shell is not None:
            while self.shell.pump(0):
                pass

    def shows(self, rows: list[str]) -> bool:
        """Whether its output, from where it was last compared, begins with these rows."""
        if self.shell is None:
            return not rows
        moved = time.monotonic()
        deadline = moved + SETTLE
        while True:
            got = lines_of(self.shell.text)[self.seen :]
            if mismatch(rows, got, prefix=True) is None:
                size = next(
                    n for n in range(len(got) + 1) if mismatch(rows, got[:n], prefix=True) is None
                )
                open_end = bool(rows) and rows[-1].strip() == "..."
                self.seen += len(got) if open_end else size
                return True
            now = time.monotonic()
            asleep = now - moved > SILENT and self._is_still()
            if asleep or now > deadline or self.shell.ready or self.shell.gone:
                return False
            if self.shell.pump(0.05):
                moved = time.monotonic()

    def is_up(self) -> bool:
        """Whether all its ports take connections and it has them."""
        if not self.ports:
            return True
        family = self.family()
        return (
            all(
                any(pid in family for pid in processes.owners(inode))
                for port in self.ports
                for inode in processes.listening().get(port, ())
            )
            and self.ports <= processes.listening().keys()
        )


def is_worker(commands: Sequence[Sequence[str]]) -> bool:
    """Whether one of these command lines is that of a worker that does not listen."""
    for words in commands:
        plain = {word.rpartition("/")[2] for word in words}
        if any(set(worker) <= plain for worker in WORKERS):
            return True
    return False


def port_of(host: str) -> int | None:
    """The port of a `Host` header, if it names one."""
    found = HERE.fullmatch(host)
    return int(found[1]) if found else None


def connect(port: int, seconds: float) -> socket.socket | None:
    """A connection to a port of this machine; None if nothing listens there."""
    for host in ("127.0.0.1", "::1"):
        with suppress(OSError, OverflowError):
            return socket.create_connection((host, port), timeout=seconds)
    return None
