"""Servers that a page starts: which commands serve, on which port, and whether they are up."""

from __future__ import annotations

import re
import socket
import time
from contextlib import suppress
from dataclasses import dataclass, field

from tandem.blocks.console import Command
from tandem.world.workers import Worker

ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)$", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Kind:
    """What serves until it is stopped: its port if none is given, and whether it speaks HTTP.

    `imports`: whether it loads the project's modules, each of its processes by itself.
    """

    port: int | None  # None: it listens on none
    http: bool = True
    imports: bool = True


SERVERS = {
    "flask run": Kind(5000),
    "manage.py runserver": Kind(8000),
    "django-admin runserver": Kind(8000),
    "gunicorn": Kind(8000),
    "uvicorn": Kind(8000),
    "hypercorn": Kind(8000),
    "daphne": Kind(8000),
    "waitress-serve": Kind(8080),
    "http.server": Kind(8000),
    "nginx": Kind(8080, imports=False),
    "postgres": Kind(5432, http=False, imports=False),
    "valkey-server": Kind(6379, http=False, imports=False),
    "aiosmtpd": Kind(8025, http=False, imports=False),
    "celery worker": Kind(None),
    "manage.py db_worker": Kind(None),
}
RELOADING = {"--debug", "runserver", "--reload", "--dev"}
PORTS = {"--port", "-p", "--bind", "-b", "--listen", "-l"}
NOT_SERVING = {"--help", "--version", "-h", "-v", "--check-config"}


@dataclass(slots=True)
class Server:
    """A server that a page has started and that is up.

    `stale`: the processes of one that reloads by itself, from before a file changed;
    `asked`: whether a command of the page has talked to it.
    """

    command: Command
    worker: Worker
    kind: Kind
    port: int | None
    asgi: str | None
    stale: frozenset[int] = frozenset()
    asked: bool = False
    started: float = field(default_factory=time.monotonic)

    @property
    def reloads(self) -> bool:
        words = self.command.text.split()
        return "--noreload" not in words and bool(RELOADING & set(words))

    def changed(self) -> bool | None:
        """True once other processes serve than before the change, else None."""
        return True if self.worker.family() != self.stale else None

    def is_up(self) -> bool | None:
        """True once it takes connections, else None."""
        if self.port is None:
            return True
        return True if listens(self.port) and self.worker.has_port(self.port) else None

    def answers(self) -> bool | None:
        """True once it answers a plain request, whatever the answer, else None."""
        if self.port is None or not self.kind.http:
            return self.is_up()
        with suppress(OSError), socket.create_connection(("localhost", self.port), 1) as link:
            link.sendall(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
            return True if link.recv(5) == b"HTTP/" else None
        return None


def kind_of(words: list[str]) -> str | None:
    """The key in SERVERS of a command that serves, else None."""
    words = [word for word in words if not ASSIGNMENT.match(word)]
    if words[:1] in (["python"], ["python3"]):
        words = words[2:] if words[1:2] == ["-m"] else words[1:]
    if not words or NOT_SERVING & set(words):
        return None
    for server in SERVERS:
        name, _, action = server.partition(" ")
        if words[0] == name and (not action or action in words[1:]):
            return server
    return None


def asgi_target(server: str, words: list[str]) -> str | None:
    """The `module:name` that an ASGI server is told to serve."""
    workers = any("uvicorn" in word.lower() for word in words)
    if server in {"uvicorn", "hypercorn", "daphne"} or (server == "gunicorn" and workers):
        return next((word for word in words[1:] if re.fullmatch(r"[\w.]+:\w+", word)), None)
    return None


def port_of(words: list[str], default: int) -> int:
    """The port that a server's words name: `--port 8001`, `-b :8001`, `runserver 8001`."""
    positional = bool({"runserver", "http.server"} & set(words))
    before = ""
    for word in words:
        option, _, value = word.partition("=")
        named = before in PORTS or positional
        given = re.fullmatch(r"(?:.*:)?(\d{2,5})", value if option in PORTS else word)
        if given and (option in PORTS or named):
            return int(given[1])
        before = word
    return default


def listens(port: int) -> bool:
    for host in ("127.0.0.1", "::1"):
        try:
            with socket.create_connection((host, port), timeout=0.2):
                return True
        except (OSError, OverflowError):  # a port above 65535
            continue
    return False
