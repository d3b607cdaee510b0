"""The warm process of a terminal session: does what the session's Python programs ask for.

It is forked into the session before the shell starts, so that its children can join the process
groups that the shell makes: keys such as Ctrl+C reach them as they reach any program.
"""

from __future__ import annotations

import faulthandler
import fcntl
import gc
import json
import os
import selectors
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from tandem.world import guard, limits, packages, processes, python, setup

WHERE = signal.SIGRTMAX - 3  # has a child write down where its main thread is
ASIDE = 128  # where own files are out of the way of those that were handed over
MESSAGE = 1 << 24  # bytes of one request at most


@dataclass(frozen=True, slots=True)
class Place:
    """What a session's programs need to know: the world's folders and what may be done there.

    `base` holds `run` (sockets) and `env` (the reader's Python); `titles` are the texts of the
    page's files by name, `package` is the framework's own; `events` takes a message for each
    thing that happens, `trace` the stack of a process that is asked for it.
    """

    base: Path
    rules: guard.Rules
    titles: dict[str, str]
    package: str
    events: socket.socket
    trace: int


@dataclass(frozen=True, slots=True)
class Request:
    """What a program on PATH hands over, see `client.py`; `files` are the numbers of open files."""

    group: int
    umask: int
    files: list[int]
    folder: str
    arguments: list[str]
    environment: dict[str, str]


def _request(data: bytes) -> Request:
    """A request as it came; raises ValueError for anything else."""
    head, folder, *rest = data.decode("utf-8", "surrogateescape").split("\0")
    group, umask, count, files = head.split(" ")
    words, variables = rest[: int(count)], rest[int(count) :]
    numbers = [int(number) for number in files.split(",") if number]
    pairs = [variable.partition("=") for variable in variables]
    return Request(
        int(group), int(umask), numbers, folder, words, {name: value for name, _, value in pairs}
    )


def serve(place: Place, server: socket.socket) -> NoReturn:
    """Answer the programs of this session, which connect to `server`, until its leader is gone."""
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGTTOU, signal.SIGHUP,
                   signal.SIGPIPE):  # fmt: skip
        signal.signal(number, signal.SIG_IGN)
    waking, woken = socket.socketpair()
    for end in (waking, woken):
        end.setblocking(False)
    signal.set_wakeup_fd(woken.fileno())
    signal.signal(signal.SIGCHLD, lambda *_: None)
    _Zygote(place, server, waking).loop()
    os._exit(0)


class _Zygote:
    def __init__(self, place: Place, server: socket.socket, waking: socket.socket) -> None:
        self.place = place
        self.server = server
        self.waking = waking
        self.children: dict[int, socket.socket] = {}

    def loop(self) -> None:
        selector = selectors.DefaultSelector()
        selector.register(self.server, selectors.EVENT_READ)
        selector.register(self.waking, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is self.server:
                    self.accept(selector)
                elif key.fileobj is self.waking:
                    with suppress(BlockingIOError):
                        self.waking.recv(4096)
                    self.reap(selector)
                elif isinstance(key.fileobj, socket.socket):
                    self.lost(key.fileobj, selector)

    def accept(self, selector: selectors.BaseSelector) -> None:
        link, _ = self.server.accept()
        files: list[int] = []
        try:
            head, files, _, _ = socket.recv_fds(link, 4, 64)
            size = int.from_bytes(head, "big")
            if size > MESSAGE:
                raise ValueError("too long")
            data = b""
            while len(data) < size:
                part = link.recv(min(1 << 16, size - len(data)))
                if not part:
                    raise ValueError("cut off")
                data += part
            request = _request(data)
            pid = os.fork()
            if pid == 0:
                self.child(link, files, request)
            self.children[pid] = link
            link.sendall(b"pid %d\n" % pid)
            selector.register(link, selectors.EVENT_READ)
        except (OSError, ValueError, KeyError):
            link.close()
        finally:
            for number in files:
                os.close(number)

    def say(self, **event: Any) -> None:
        with suppress(OSError):
            self.place.events.send(json.dumps(event).encode(), socket.MSG_DONTWAIT)

    def lost(self, link: socket.socket, selector: selectors.BaseSelector) -> None:
        """A program that waits for a child is gone, as after `kill -9`: so is its child."""
        if link not in self.children.values():
            return  # its child ended in the meantime
        with suppress(OSError):
            if link.recv(1):
                return
        selector.unregister(link)
        for pid, one in self.children.items():
            if one is link:
                processes.send(pid, signal.SIGKILL)

    def reap(self, selector: selectors.BaseSelector) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            link = self.children.pop(pid, None)
            code = os.waitstatus_to_exitcode(status)
            self.say(pid=pid, ended=code)
            if link is not None:
                with suppress(OSError):
                    link.sendall(b"status %d\n" % code)
                with suppress(KeyError, ValueError):
                    selector.unregister(link)
                link.close()

    def child(self, link: socket.socket, files: list[int], request: Request) -> NoReturn:
        """The life of a forked child: it becomes the program that was asked for."""
        status = 70
        try:
            # Told here and not by the parent, which a quick child would be faster than.
            self.say(pid=os.getpid(), arguments=request.arguments)
            with suppress(OSError):
                os.setpgid(0, request.group)
            own = (link.detach(), self.place.events.fileno(), self.place.trace)
            here, events, trace = (fcntl.fcntl(one, fcntl.F_DUPFD, ASIDE) for one in own)
            theirs = [fcntl.fcntl(one, fcntl.F_DUPFD, ASIDE) for one in files]
            signal.set_wakeup_fd(-1)
            limits.close_all({here, events, trace, *theirs})
            for number, target in zip(theirs, request.files, strict=True):
                os.dup2(number, target)
                os.close(number)
            for number, name in enumerate(("stdin", "stdout", "stderr")):
                if number not in request.files:  # what a cold Python makes of a closed stream
                    setattr(sys, name, None)
            link = socket.socket(fileno=here)
            processes.open_to_others(True)
            for caught in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP, signal.SIGPIPE}:
                with suppress(OSError, ValueError):
                    signal.signal(caught, signal.SIG_DFL)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGPIPE, signal.SIG_IGN)
            limits.apply()
            os.umask(request.umask)
            os.chdir(request.folder)
            faulthandler.register(WHERE, file=trace, all_threads=False)
            gc.enable()
            status = self.work(request, link, say_to(events))
            if status < 0:
                signal.signal(-status, signal.SIG_DFL)
                os.kill(os.getpid(), -status)
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(status & 0xFF)

    def work(self, request: Request, link: socket.socket, say: python.Say) -> int:
        path, *arguments = request.arguments
        environment = request.environment
        base = self.place.base
        name = os.path.basename(path)
        is_python = name in packages.PYTHONS
        if name == "py":
            is_python, arguments = True, setup.without_version(arguments)
        if is_python and arguments and os.path.realpath(arguments[0]) == packages.client():
            path, *arguments = arguments  # so a reloader starts the program that it runs in
            name, is_python = os.path.basename(path), False
        if (
            is_python
            and len(arguments) > 1
            and arguments[0] == "-m"
            and arguments[1] in setup.MODULES
        ):
            name, arguments, is_python = arguments[1], arguments[2:], False
        if not is_python and name in setup.PROGRAMS:
            titles, own = self.place.titles, self.place.package
            status = setup.run(name, arguments, environment, base, titles, own)
            say(done=True)
            return status
        executable = Path(path).with_name("python") if not is_python else Path(path)
        target = None if is_python else packages.load().script(name)
        words = arguments if is_python else ["-c", ""]
        if (not is_python and target is None) or not python.is_warm(
            words, environment, base / "env" / "site-packages"
        ):
            setup.make_cold(base)
            words = [] if not is_python or name != "py" else arguments
            link.sendall(b"cold " + "\0".join(words).encode("utf-8", "surrogateescape") + b"\n")
            say(done=True)
            return 0
        link.close()
        site = base / "env" / "site-packages"
        python.become(executable, site, environment)
        guard.install(self.place.rules, say)
        if target is not None:
            return python.run_program(path, target, arguments, say)
        return python.run(arguments, say)


def say_to(number: int) -> Callable[..., None]:
    """A function that sends what happens, as a message of the process that calls it first."""
    pid = os.getpid()
    link = socket.socket(fileno=number)

    def say(**event: Any) -> None:
        if os.getpid() == pid or "refused" in event:  # not from a copy that an example forked
            with suppress(OSError):
                link.send(json.dumps({"pid": pid, **event}).encode(), socket.MSG_DONTWAIT)

    return say
