"""A fresh, warm, limited process for each thing that an example does.

A `Worker` is forked from this process, which has the frameworks imported, and runs one
function. It speaks through a socket, one JSON object a line; what it prints comes through
a pipe. It has a session, an environment and limits of its own, and nothing that it starts
outlives it.
"""

from __future__ import annotations

import faulthandler
import fcntl
import gc
import json
import os
import re
import resource
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from typing import Any, NoReturn, cast

from tandem.world import guard, processes

OUTPUT_LIMIT = 1 << 20
REPLY_LIMIT = 1 << 26
MEMORY_LIMIT = 1 << 30
FILE_LIMIT = 1 << 28
OPEN_FILES = 256
FRAME = re.compile(r'  File "(.+)", line (\d+) in (\S+)')


@dataclass(frozen=True, slots=True)
class Frame:
    """One line of a traceback."""

    file: str
    line: int
    name: str


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a step came to nothing: a sentence, and the example's own traceback if it has one."""

    what: str
    error: str = ""
    frames: tuple[Frame, ...] = ()


class Broken(Exception):
    """Raised where a worker did not do its work; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.what)
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Place:
    """Where and how a worker runs: its folder, environment, and what it may write and take."""

    folder: Path
    environment: dict[str, str]
    rules: guard.Rules
    seconds: float


class Channel:
    """The worker's end of the socket."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.pid = os.getpid()
        self.lines = sock.makefile("r", encoding="utf-8", errors="surrogateescape")

    def receive(self) -> Iterator[dict[str, Any]]:
        """Requests, until the checker has no more."""
        for line in self.lines:
            yield json.loads(line)

    def send(self, **message: Any) -> None:
        if os.getpid() == self.pid:  # not from a copy of the worker that an example forked
            self.sock.sendall(json.dumps(message).encode("utf-8", "surrogateescape") + b"\n")


def describe(error: BaseException) -> dict[str, Any]:
    """An exception as plain data: its last lines, and its frames from the outermost in."""
    frames = [
        (f.filename, f.lineno or 0, f.name) for f in traceback.extract_tb(error.__traceback__)
    ]
    if isinstance(error, SyntaxError) and error.filename:
        frames.append((error.filename, error.lineno or 0, "<syntax>"))
    debug = getattr(error, "template_debug", None)  # Django's templates are not in the traceback
    if isinstance(debug, dict) and debug.get("name"):
        frames.append((str(debug["name"]), int(debug.get("line") or 0), "template"))
    first = (str(error).strip().split("\n") or [""])[0]
    return {
        "error": "".join(traceback.format_exception_only(error)).strip(),
        "summary": f"{type(error).__name__}: {first}".removesuffix(": "),
        "frames": frames,
    }


def fault(message: dict[str, Any], what: str) -> Fault:
    """What `describe` gave, as a Fault."""
    frames = tuple(Frame(*frame) for frame in message.get("frames", ()))
    return Fault(what, message.get("error", ""), frames)


@dataclass(slots=True)
class Worker:
    """A forked process, seen from its parent."""

    pid: int
    sock: socket.socket
    pipe: int
    trace: int
    place: Place
    output: bytearray = field(default_factory=bytearray)
    status: int | None = None
    _replies: bytearray = field(default_factory=bytearray)
    _pipe_open: bool = True
    _sock_open: bool = True

    @classmethod
    def fork(cls, place: Place, work: Callable[[Channel], int | None]) -> Worker:
        """Run `work` in a process of its own; it may reply, and gives the exit status."""
        ours, theirs = socket.socketpair()
        reading, writing = os.pipe()
        trace, traces = os.pipe()
        pid = os.fork()
        if pid == 0:
            _live(place, theirs, writing, traces, work)
        theirs.close()
        os.close(writing)
        os.close(traces)
        ours.setblocking(False)
        os.set_blocking(reading, False)
        return cls(pid, ours, reading, trace, place)

    @property
    def alive(self) -> bool:
        if self.status is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                pid, status = self.pid, signal.SIGKILL
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is None

    def ask(self, **message: Any) -> dict[str, Any]:
        """Send a request and wait for its reply; raises Broken when none comes."""
        self.sock.setblocking(True)
        with suppress(OSError):  # if it has died, `reply` finds out how
            self.sock.sendall(json.dumps(message).encode("utf-8", "surrogateescape") + b"\n")
        self.sock.setblocking(False)
        return self.reply()

    def reply(self) -> dict[str, Any]:
        """Wait for a line from the worker; raises Broken when it dies, hangs or floods."""
        return self.wait(self._take)

    def ended(self) -> int:
        """Wait until the process has ended and all its output is here; returns its status."""
        self.wait(lambda: None if self.alive else True)
        self.pump(0)
        assert self.status is not None
        return self.status

    def wait[T](
        self, done: Callable[[], T | None], seconds: float | None = None, *, kill: bool = True
    ) -> T:
        """Pump until `done` gives something; raises Broken as `reply` does."""
        seconds = self.place.seconds if seconds is None else seconds
        deadline = time.monotonic() + seconds
        while True:
            alive = self.alive
            self.pump(0)
            if (result := done()) is not None:
                return result
            if not alive:
                raise Broken(Fault(self._obituary()))
            left = deadline - time.monotonic()
            if left < 0:
                frames = self._where() if kill else ()
                if kill:
                    self.kill()
                raise Broken(Fault(f"did not finish in {seconds:g} seconds", frames=frames))
            self.pump(min(0.02, left))

    def pump(self, seconds: float) -> None:
        """Take in what the worker has printed and replied, waiting at most `seconds`."""
        reading: list[Any] = [self.pipe] * self._pipe_open + [self.sock] * self._sock_open
        if not reading:
            time.sleep(min(max(seconds, 0), 0.002))
            return
        ready, _, _ = select.select(reading, [], [], max(seconds, 0))
        for source in ready:
            try:
                data = os.read(source if source == self.pipe else source.fileno(), 1 << 16)
            except OSError:
                data = b""
            if source == self.pipe:
                self._pipe_open = bool(data)
                self.output += data
            else:
                self._sock_open = bool(data)
                self._replies += data
        if len(self.output) > OUTPUT_LIMIT or len(self._replies) > REPLY_LIMIT:
            frames = self._where()
            self.kill()
            raise Broken(Fault("printed more than 1 MiB", frames=frames))

    def text(self) -> str:
        """What it has printed since the last call."""
        text = self.output.decode("utf-8", "replace")
        self.output.clear()
        return text

    def family(self) -> set[int]:
        """The running processes that this one is and has started."""
        return set(processes.family(self.pid))

    def orphans(self) -> list[str]:
        """The commands of processes that this one has started and not ended."""
        return [processes.command(pid) for pid in self.family() if pid != self.pid]

    def has_port(self, port: int) -> bool:
        """Whether it, or what it started, listens on a port; True where that is not to be seen."""
        sockets = processes.listening(port)
        return sockets is None or any(processes.holds(pid, sockets) for pid in self.family())

    def kill(self) -> None:
        """End the process and all that it started; does nothing the second time."""
        if self.status is not None:
            processes.send(-self.pid, signal.SIGKILL)
            return
        if len(processes.family(self.pid)) > 1:
            processes.end([self.pid])
        processes.send(self.pid, signal.SIGKILL)
        processes.send(-self.pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)
        self.status = -signal.SIGKILL

    def close(self) -> None:
        """End it and forget it."""
        self.kill()
        self.sock.close()
        os.close(self.pipe)
        os.close(self.trace)

    def _take(self) -> dict[str, Any] | None:
        line, newline, rest = self._replies.partition(b"\n")
        if not newline:
            return None
        self._replies = rest
        try:
            message = json.loads(line)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            raise Broken(Fault("wrote into the checker's own channel"))
        return message

    def _where(self) -> tuple[Frame, ...]:
        """Where the main thread is now, from the outermost frame in."""
        processes.send(self.pid, signal.SIGUSR1)
        dump = b""
        while select.select([self.trace], [], [], 0.5)[0]:
            if not (data := os.read(self.trace, 1 << 16)):
                break
            dump += data
        rows = FRAME.findall(dump.decode("utf-8", "replace"))
        return tuple(Frame(file, int(line), name) for file, line, name in reversed(rows))

    def _obituary(self) -> str:
        status = self.status or 0
        if status < 0:
            return f"was ended by {signal.Signals(-status).name}"
        return f"ended its process with status {status} before it was done"


def _live(
    place: Place,
    sock: socket.socket,
    output: int,
    trace: int,
    work: Callable[[Channel], int | None],
) -> NoReturn:
    """The life of a forked process, which never comes back from here."""
    status = 70
    try:
        os.setsid()
        processes.die_with_parent(signal.SIGKILL)
        processes.open_to_others(True)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        link = fcntl.fcntl(sock.detach(), fcntl.F_DUPFD, 10)  # out of the way of 3 and 4
        trace = fcntl.fcntl(trace, fcntl.F_DUPFD, 10)
        os.dup2(link, 3, inheritable=False)
        os.dup2(trace, 4, inheritable=False)
        sock = socket.socket(fileno=3)
        os.closerange(5, OPEN_FILES)
        _limit()
        sys.dont_write_bytecode = True
        os.environ.clear()
        os.environ.update(place.environment)
        time.tzset()
        os.chdir(place.folder)
        for number in (signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        for stream in (sys.stdout, sys.stderr):  # the same objects: modules may have kept them
            cast(TextIOWrapper, stream).reconfigure(line_buffering=True)
        faulthandler.register(signal.SIGUSR1, file=4, all_threads=False)
        guard.install(place.rules)
        gc.enable()
        status = work(Channel(sock)) or 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def _limit() -> None:
    for kind, value in (
        (resource.RLIMIT_DATA, MEMORY_LIMIT),
        (resource.RLIMIT_FSIZE, FILE_LIMIT),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))
