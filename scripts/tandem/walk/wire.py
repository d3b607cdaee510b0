"""The wire: a request goes to the application as bytes, through its own development server.

The application runs in a process of its own, which answers on one end of a socket pair for each
request. What a server does to names of headers, to repeated ones, to encodings and bodies
happens here too.
"""

from __future__ import annotations

import faulthandler
import gc
import http.client
import io
import json
import os
import select
import signal
import socket
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, cast

from tandem import frameworks
from tandem.blocks.http import Response
from tandem.walk.events import Frame
from tandem.walk.project import is_loaded
from tandem.world import guard, limits, processes, python, zygote

WAKE = 0.1
MESSAGE = 1 << 20  # bytes of what one end tells the other at most


class Broken(Exception):
    """The application did not do its work: a sentence, its own error, and the frames of that."""

    def __init__(
        self, what: str, error: str = "", frames: tuple[Frame, ...] = (), *, raised: str = ""
    ) -> None:
        """`raised`: the project's exception in a line, where that is all that is wrong."""
        super().__init__(what)
        self.raised = raised
        self.what = what
        self.error = error
        self.frames = frames


@dataclass(frozen=True, slots=True)
class Raised:
    """What a view raised while it answered."""

    error: str
    frames: tuple[Frame, ...]
    stops: bool


@dataclass(frozen=True, slots=True)
class Home:
    """Where an application runs: the framework, what a server serves, variables, folder."""

    framework: str
    target: str
    environment: Mapping[str, str]
    folder: Path
    place: zygote.Place


class App:
    """The process of an application; loading it raises Broken if it cannot be."""

    def __init__(self, home: Home, seconds: float, where: Callable[[int], list[Frame]]) -> None:
        """`where` tells where the threads of a process are."""
        self.home = home
        self.where = where
        self.seconds = seconds
        self.link, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        reading, writing = os.pipe()
        self.printed, self.pipe = bytearray(), reading
        self.pid = os.fork()
        if self.pid == 0:
            _live(home, theirs, writing)
        theirs.close()
        os.close(writing)
        os.set_blocking(reading, False)
        reply = self._reply(time.monotonic() + seconds)
        self.link.setblocking(False)
        if "ready" not in reply:
            self.close()
            summary = str(reply.get("summary", ""))
            raise Broken(
                "raised an exception", str(reply.get("error", "")), _frames(reply), raised=summary
            )

    def ask(
        self, request: bytes, method: str, enough: Callable[[bytes], bool] | None
    ) -> tuple[Response, Raised | None]:
        """Send a request and read its answer; `enough` may end one that goes on,
        if it is compared as text. Raises Broken."""
        ours, theirs = socket.socketpair()
        deadline = time.monotonic() + self.seconds
        try:
            socket.send_fds(self.link, [b"?"], [theirs.fileno()])
            theirs.close()
            meanwhile = {self.pipe: self._drain}
            response = exchange(ours, request, method, deadline, enough, meanwhile)
        except (OSError, http.client.HTTPException) as error:
            raised = self._raised()
            if raised is not None:
                raise Broken(
                    "ended the application instead of answering", raised.error, raised.frames
                ) from None
            raise self._fault(error, deadline) from None
        finally:
            ours.close()
        return response, self._raised()

    def goes_on(self, changed: Iterable[str]) -> bool:
        """Whether it has taken in all of these files that have changed, or never loads them."""
        try:
            self.link.send(json.dumps([*changed]).encode())
        except OSError:  # it has ended, or that is more than it takes at once
            return False
        deadline = time.monotonic() + self.seconds
        reply: dict[str, Any] = {}
        with suppress(Broken):
            while "goes on" not in reply:  # but of a view that has raised since
                reply = self._reply(deadline)
            self.link.setblocking(False)
        return reply.get("goes on") is True

    def _raised(self) -> Raised | None:
        """The last thing that a view raised since the last request."""
        found = None
        while True:
            try:
                data = self.link.recv(1 << 16)
            except OSError:
                return found
            if not data:
                return found
            with suppress(ValueError, KeyError, TypeError):
                row = json.loads(data)
                found = Raised(str(row["error"]), _frames(row), bool(row.get("stops")))

    def _fault(self, error: Exception, deadline: float) -> Broken:
        status = self._status()
        if status is not None:
            with suppress(Broken):
                self._drain()
            said = "\n".join(self.printed.decode("utf-8", "replace").split("\n")[-30:])
            if status < 0:
                return Broken(f"was ended by {signal.Signals(-status).name}", said)
            return Broken(f"ended its process with status {status} before it was done", said)
        if time.monotonic() >= deadline:
            frames = tuple(self.where(self.pid))
            return Broken(f"did not finish in {self.seconds:g} seconds", frames=frames)
        if "1 MiB" in str(error):
            return Broken("answered with more than 1 MiB")
        return Broken(f"gave no answer that is HTTP: {error}")

    def _status(self) -> int | None:
        """How the process ended; None if it runs."""
        deadline = time.monotonic() + WAKE
        while time.monotonic() < deadline:
            with suppress(ChildProcessError):
                pid, status = os.waitpid(self.pid, os.WNOHANG)
                if pid:
                    self.pid = 0
                    return os.waitstatus_to_exitcode(status)
            time.sleep(0.01)
        return None

    def _reply(self, deadline: float) -> dict[str, Any]:
        self.link.settimeout(0.05)
        while True:
            self._drain()
            try:
                data = self.link.recv(MESSAGE)
            except TimeoutError:
                if time.monotonic() > deadline:
                    frames = tuple(self.where(self.pid))
                    self.close()
                    raise Broken(
                        f"did not finish in {self.seconds:g} seconds", frames=frames
                    ) from None
                continue
            if not data:
                fault = self._fault(OSError(), deadline)
                self.close()
                raise fault
            found = json.loads(data)
            return found if isinstance(found, dict) else {}

    def _drain(self) -> None:
        """Take in what the application prints; raises Broken if it is too much."""
        with suppress(BlockingIOError):
            while data := os.read(self.pipe, 1 << 16):
                self.printed += data
                if len(self.printed) > limits.OUTPUT:
                    frames = tuple(self.where(self.pid))
                    self.close()
                    raise Broken("printed more than 1 MiB", frames=frames)

    def orphans(self) -> list[str]:
        """The commands of processes that it has started and not ended."""
        found = [pid for pid in processes.family(self.pid) if pid != self.pid]
        return processes.names({pid: processes.command(pid) for pid in found})

    def close(self) -> None:
        if self.pid:
            processes.end([self.pid])
            processes.send(self.pid, signal.SIGKILL)
            with suppress(ChildProcessError):
                os.waitpid(self.pid, 0)
            self.pid = 0
        self.link.close()
        with suppress(OSError):
            os.close(self.pipe)


def exchange(
    sock: socket.socket,
    request: bytes,
    method: str,
    deadline: float,
    enough: Callable[[bytes], bool] | None,
    meanwhile: Mapping[int, Callable[[], None]],
) -> Response:
    """Send bytes and read an HTTP response; raises OSError or HTTPException where none comes.

    `meanwhile`: files, and what to call when there is something to read from one.
    """
    wire = _Wire(sock, request, deadline, meanwhile)
    answer = http.client.HTTPResponse(cast(socket.socket, wire), method=method)
    answer.begin()
    headers = tuple((name, value) for name, value in answer.msg.items())
    kind = (answer.msg.get_content_type() or "").lower()
    parsed = "json" in kind.split("+")[-1] or kind in {"text/html", "application/json"}
    body = b""
    while not answer.isclosed():
        part = answer.read1(1 << 16)
        body += part
        if not part:
            break
        if len(body) > limits.OUTPUT:
            raise OSError("more than 1 MiB")
        if enough is not None and not parsed and enough(body):
            break
    return Response(answer.status, headers, body)


class _Wire(io.RawIOBase):
    """A socket to read an answer from, while the request goes out: some answer before its end."""

    def __init__(
        self,
        sock: socket.socket,
        request: bytes,
        deadline: float,
        meanwhile: Mapping[int, Callable[[], None]],
    ) -> None:
        super().__init__()
        sock.setblocking(False)
        self.sock, self.request, self.deadline, self.meanwhile = sock, request, deadline, meanwhile

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while True:
            left = self.deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            writing: list[Any] = [self.sock] if self.request else []
            reading: list[Any] = [self.sock, *self.meanwhile]
            ready, free, _ = select.select(reading, writing, [], left)
            for file in self.meanwhile.keys() & {*ready}:
                self.meanwhile[file]()
            if free:
                try:
                    self.request = self.request[self.sock.send(self.request) :]
                except OSError:  # it has heard enough
                    self.request = b""
            if self.sock in ready:
                return self.sock.recv_into(buffer)


def _frames(row: Mapping[str, Any]) -> tuple[Frame, ...]:
    found = []
    for one in row.get("frames") or ():
        with suppress(TypeError, ValueError):
            file, line, name = one
            found.append(Frame(str(file), int(line), str(name)))
    return tuple(found)


def describe(error: BaseException) -> dict[str, Any]:
    """An exception as plain data: its last lines, and its frames from the outermost in."""
    frames = [
        (f.filename, f.lineno or 0, f.name) for f in traceback.extract_tb(error.__traceback__)
    ]
    if isinstance(error, SyntaxError) and error.filename:
        frames.append((error.filename, error.lineno or 0, "<syntax>"))
    debug = getattr(error, "template_debug", None)  # of templates, whose lines are in no traceback
    if isinstance(debug, dict) and debug.get("name"):
        frames.append((str(debug["name"]), int(debug.get("line") or 0), "template"))
    first = (str(error).strip().split("\n") or [""])[0]
    text = "".join(traceback.format_exception_only(error)).strip()
    return {
        "error": text[:8000],
        "summary": f"{type(error).__name__}: {first}".removesuffix(": ")[:500],
        "frames": [*frames[:20], *frames[-40:]] if len(frames) > 60 else frames,
        "stops": not isinstance(error, Exception),
    }


def _live(home: Home, link: socket.socket, output: int) -> NoReturn:
    """The life of the application's process, which never comes back from here."""
    status = 70
    try:
        os.setsid()
        processes.die_with_parent(signal.SIGKILL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(output, 1)
        os.dup2(output, 2)
        events, trace = os.dup(home.place.events.fileno()), os.dup(home.place.trace)
        limits.close_all({0, 1, 2, link.fileno(), events, trace})
        limits.apply()
        for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGALRM):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.chdir(home.folder)
        processes.open_to_others(True)
        gc.enable()
        base = home.place.base / "env"
        python.become(base / "bin" / "python", base / "site-packages", home.environment)
        faulthandler.register(zygote.WHERE, file=trace)
        guard.install(home.place.rules, zygote.say_to(events), fork=False)
        _serve(home, link)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def _serve(home: Home, link: socket.socket) -> None:
    import sys

    def say(**row: Any) -> None:
        with suppress(OSError):
            link.send(json.dumps(row).encode("utf-8", "replace"))

    sys.path.insert(0, os.getcwd())
    try:
        served = frameworks.KNOWN[home.framework].serve(
            home.target, lambda error: say(**describe(error))
        )
    except BaseException as error:
        say(**describe(error))
        return
    say(ready=True)
    while True:
        data, numbers, _, _ = socket.recv_fds(link, MESSAGE, 1)
        if not data:
            return
        for number in numbers:
            served.answer(socket.socket(fileno=number))
        if not numbers:
            files = [file for file in json.loads(data) if not served.rereads(Path(file))]
            say(**{"goes on": not any(map(is_loaded, files))})
