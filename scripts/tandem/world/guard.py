"""Tell which line of an example tried what it may not: an audit hook that refuses it there.

The kernel keeps examples in where it gives each walk a world of its own; this hook explains, with
the line that tried, and is all there is elsewhere. It is installed in each Python forked from the
warm one. What it refuses it also reports, so that an example that swallows the error is found out
all the same. It guards against mistakes, not against malice.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

LETTERS = frozenset("wax+")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# Audit events that change the file system, with the positions of the paths they change;
# https://docs.python.org/3/library/audit_events.html
CHANGES = {
    "os.chmod": (0,), "os.chown": (0,), "os.link": (1,), "os.mkdir": (0,), "os.remove": (0,),
    "os.rename": (0, 1), "os.rmdir": (0,), "os.symlink": (1,), "os.truncate": (0,),
    "os.utime": (0,), "sqlite3.connect": (0,),
}  # fmt: skip
# All that is looked at. Much more happens: each import and attribute of a type is an event.
WATCHED = {
    "open", "os.fork", "os.forkpty", "os.kill", "os.killpg", "socket.connect",
    "socket.getaddrinfo", "socket.sendmsg", "socket.sendto", *CHANGES,
}  # fmt: skip
DEVICES = ("/dev/null", "/dev/tty", "/dev/pts/", "/dev/shm/", "/proc/self/")


@dataclass(frozen=True, slots=True)
class Rules:
    """What a process may do: `roots` are the folders below which it may write."""

    roots: tuple[str, ...]


def install(rules: Rules, say: Callable[..., None], *, fork: bool = True) -> None:
    """Refuse what `rules` do not allow, from now on and for good, in this process.

    `say(refused=…, place=…)` is told of each refusal; `fork`: whether it may fork.
    """
    sys.addaudithook(_Guard(rules, say, fork))


class _Guard:
    def __init__(self, rules: Rules, say: Callable[..., None], fork: bool) -> None:
        self.roots = tuple(os.path.realpath(root) + os.sep for root in rules.roots)
        self.say = say
        self.fork = fork

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if event not in WATCHED:
            return
        if event == "open":
            path, mode, flags = args
            if flags & WRITING if mode is None else not LETTERS.isdisjoint(mode):
                self.write(path)
        elif event in CHANGES:
            for position in CHANGES[event]:
                self.write(args[position])
        elif event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
            self.connect(args[0], args[1])
        elif event == "socket.getaddrinfo":
            self.host(args[0])
        elif event in {"os.fork", "os.forkpty"} and not self.fork:
            self.refuse("tried to fork")
        elif event in {"os.kill", "os.killpg"}:
            self.kill(args[0])

    def write(self, path: Any) -> None:
        if isinstance(path, int) or path is None:
            return
        name = os.fsdecode(path).removeprefix("file:").split("?")[0]
        if name in {"", ":memory:"} or name.startswith(DEVICES):
            return
        full = os.path.realpath(name)
        if not (full + os.sep).startswith(self.roots):
            self.refuse(f"tried to write outside the project, to `{full}`")

    def connect(self, sock: Any, address: Any) -> None:
        if isinstance(address, tuple) and sock.type != socket.SOCK_DGRAM:
            self.host(address[0])

    def host(self, host: Any) -> None:
        name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
        if name in {None, "", "localhost", socket.gethostname()}:
            return
        try:
            allowed = ip_address(name).is_loopback or ip_address(name).is_unspecified
        except ValueError:
            allowed = False
        if not allowed:
            self.refuse(f"tried to reach `{name}` over the network")

    def kill(self, pid: int) -> None:
        if pid < 0 or (pid > 0 and _session(pid) not in {None, os.getsid(0)}):
            self.refuse(f"tried to send a signal to process {pid}, which is not its own")

    def refuse(self, what: str) -> None:
        frame, place = sys._getframe(2), None
        while frame is not None and place is None:
            file = frame.f_code.co_filename
            if os.path.realpath(file).startswith(self.roots) or file == "<stdin>":
                place = (file, frame.f_lineno, frame.f_code.co_name)
            frame = frame.f_back  # type: ignore[assignment]
        self.say(refused=what, place=place)
        raise PermissionError(f"{what}: an example may not do that")


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except OSError:
        return None
