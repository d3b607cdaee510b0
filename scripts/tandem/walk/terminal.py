"""`console` blocks: run each command in the project, as typed, and compare its output."""

from __future__ import annotations

import fcntl
import os
import re
import shlex
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from tandem.blocks.console import Command
from tandem.blocks.match import difference, lines_of, mismatch
from tandem.outcome import Failure
from tandem.read.pages import Page
from tandem.walk import install, servers
from tandem.walk.project import Project
from tandem.walk.servers import Server
from tandem.world import child
from tandem.world.workers import Broken, Fault, Place, Worker, fault

SETTLE = 10.0  # seconds that a server, once it listens, has to print what is shown
RELOAD = 8.0  # seconds that a server with a reloader has to see a change, and again to be up
QUIET = 0.3  # seconds without output after which a server has said what it has to say
LOADING = 2.0  # seconds until a server that was just started has loaded and seen the files
HUNTING = re.compile(r"(?:sudo )?(?:pkill|killall)\b")
BIN = str(Path(sys.prefix) / "bin")
LOCAL = {"localhost", "127.0.0.1", "::1"}
Explain = Callable[[Fault, int, str], Failure]


class Terminal:
    """Where a page's commands are typed: folder, environment and servers live on in it."""

    def __init__(
        self,
        page: Page,
        project: Project,
        place: Place,
        explain: Explain,
        strays: Callable[[], list[str]],
        lock: Path | None,
    ) -> None:
        """`explain` makes a failure of a fault; `strays` ends and names what was left running.

        `lock` is held while servers are up, where all walks share the machine's ports.
        """
        self.page = page
        self.project = project
        self.place = place
        self.explain = explain
        self.strays = strays
        self.lock = lock
        self.held: list[IO[str]] = []
        self.servers: list[Server] = []
        self.may_break_off = False  # whether the last command may end in its midst

    @property
    def asgi(self) -> str | None:
        """The ASGI application that a server of this page serves, as `module:name`."""
        return next((server.asgi for server in reversed(self.servers) if server.asgi), None)

    def before_change(self, file: str) -> None:
        """Told before a file changes: servers have loaded what was there, as for a reader."""
        if file.endswith(".py"):
            for server in self.servers:
                if server.kind.imports:
                    time.sleep(max(0.0, server.started + LOADING - time.monotonic()))
            self.changing()

    def changing(self) -> None:
        """Source files change: a server that reloads by itself will be waited for."""
        for server in self.servers:
            if server.reloads:
                server.stale = frozenset(server.worker.family())

    def type(self, command: Command) -> list[Failure]:
        """Type one command and read its output; returns what is not as shown."""
        for server in [server for server in self.servers if server.stale]:
            with suppress(Broken):  # it may have no reason to reload
                server.worker.wait(server.changed, seconds=RELOAD, kill=False)
                server.worker.wait(server.is_up, seconds=RELOAD, kill=False)
            server.stale = frozenset()
        if install.is_setup(command.text):
            return self._verify(command)
        if HUNTING.match(command.text):
            what = f"{command.label} would end processes of others: end a server by a line `^C`"
            return [self.failure(command, what)]
        if (at := self._astray(command)) is not None:
            what = f"{command.label} may reach this machine only, not `{at}`"
            return [self.failure(command, what)]
        try:
            words = shlex.split(command.text)
        except ValueError as error:
            return [self.failure(command, f"{command.label} cannot be read: {error}")]
        if words[0] == "cd" and len(words) == 2:
            return self._change_folder(command, words[1])
        if words[0] in {"export", "unset"}:
            return self._change_environment(command)
        kind = servers.kind_of(words)
        self.may_break_off = kind is not None or command.status != 0
        for other in self.servers:
            other.asked = other.asked or str(other.port) in command.text
        if kind is not None and command.status == 0:
            return self._serve(command, words, kind)
        return self._run(command, words)

    def failure(self, command: Command, what: str, detail: str = "") -> Failure:
        return Failure(self.page.location(command.line), what, detail)

    def _verify(self, command: Command) -> list[Failure]:
        """What is installed is looked at; the environment is entered and left by PATH."""
        path = self.place.environment["PATH"].removeprefix(BIN + os.pathsep)
        if command.text.endswith("/activate"):
            path = BIN + os.pathsep + path
        if command.text == "deactivate" or command.text.endswith("/activate"):
            variables = {**self.place.environment, "PATH": path}
            self.place = replace(self.place, environment=variables)
        found = [
            self.failure(command, f"{command.label}: {problem}")
            for problem in install.problems(command.text, self.place.folder)
        ]
        for index, line in enumerate(command.output):
            if line.strip() != "..." and (problem := install.output_problem(line)):
                found.append(Failure(self.page.location(command.output_line + index), problem))
        return found

    def _astray(self, command: Command) -> str | None:
        url: str
        for url in re.findall(r"https?://[^\s'\"]+", command.text):
            if command.text.startswith("curl ") and urlsplit(url).hostname not in LOCAL:
                return url
        return None

    def _change_folder(self, command: Command, to: str) -> list[Failure]:
        folder = (self.place.folder / to).resolve()
        if not folder.is_dir() or not folder.is_relative_to(self.project.folder.resolve()):
            return [self.failure(command, f"{command.label}: there is no such folder here")]
        self.place = replace(self.place, folder=folder)
        return []

    def _change_environment(self, command: Command) -> list[Failure]:
        kept = self.project.temporary / "environment"
        line = f"set -e\n{command.text}\nenv -0 > {shlex.quote(str(kept))}"
        failures = self._run(command, [], line)
        if kept.is_file():
            pairs = [row.partition("=") for row in kept.read_text().split("\0") if row]
            shell = {"_", "SHLVL", "PWD", "OLDPWD"}
            values = {name: value for name, _, value in pairs if name not in shell}
            self.place = replace(self.place, environment=values)
            kept.unlink()
        return failures

    def _start(self, text: str, words: list[str]) -> tuple[Worker, bool]:
        """A command in a warm process if it is Python underneath (True), else in a shell."""
        environment = dict(self.place.environment)
        while words and (match := servers.ASSIGNMENT.match(words[0])):
            environment[match[1]] = match[2]
            words = words[1:]
        place = replace(self.place, environment=environment)
        cold = not words or _needs_shell(text) or not environment["PATH"].startswith(BIN)
        arguments = None if cold else _python(words, place.folder)
        if arguments is None:
            return Worker.fork(place, lambda _: os.execvp("bash", ["bash", "-c", text])), False
        return Worker.fork(place, lambda channel: child.python(channel, arguments)), True

    def _run(self, command: Command, words: list[str], text: str = "") -> list[Failure]:
        """Run a command to its end; `text` is what the shell gets if it is not as typed."""
        label = command.label
        worker, warm = self._start(text or command.text, words)
        try:
            status, raised = self._finish(worker, warm)
            output = worker.text()
            left = self.strays()
        except Broken as broken:
            known = replace(broken.fault, error=broken.fault.error or _tail(worker.text()))
            return [self.explain(known, command.line, f"{label} {known.what}")]
        finally:
            worker.close()
        found = [self.failure(command, f"{label} left a process behind: `{one}`") for one in left]
        if status != command.status:
            what = f"{label} ended with status {status}, not {command.status}"
            return [*found, self.explain(replace(raised, error=_tail(output)), command.line, what)]
        return found + self._compare(command, list(command.output), output)

    def _finish(self, worker: Worker, warm: bool) -> tuple[int, Fault]:
        """Wait for a command's end; a warm one has to say itself that it came to its end."""
        raised = Fault("")
        while warm:
            message = worker.reply()
            if "early" in message:
                file, line, name = message["early"]
                said = "stopped in its midst by an exit with status 0, which proves nothing"
                raise Broken(fault({"frames": [[file, line, name]]}, said))
            if "done" in message:
                worker.ended()
                return message["done"], raised
            raised = fault(message, "")
        return worker.ended(), raised

    def _compare(
        self, command: Command, shown: list[str], output: str, *, prefix: bool = False
    ) -> list[Failure]:
        """What of an output is not as shown; `shown` is all of it or its part after `^C`."""
        if not shown:
            return []
        got = lines_of(output)
        index = mismatch(shown, got, prefix=prefix)
        if index is None:
            return []
        after = shown == command.after_interrupt
        first = command.output_line + (len(command.before_interrupt) + 1 if after else 0)
        what = f"{command.label} printed something else than what is shown"
        return [Failure(self.page.location(first + index), what, difference(shown, got))]

    def _serve(self, command: Command, words: list[str], name: str) -> list[Failure]:
        if self.lock is not None and not self.held:
            self.held.append(self.lock.open("w"))
            fcntl.flock(self.held[0], fcntl.LOCK_EX)
        worker, _ = self._start(command.text, words)
        kind = servers.SERVERS[name]
        port = kind.port and servers.port_of(words, kind.port)
        server = Server(command, worker, kind, port, servers.asgi_target(name, words))
        self.servers.append(server)
        shown = command.before_interrupt
        try:
            worker.wait(server.is_up, kill=False)
            worker.wait(lambda: self._fitting(worker, shown), seconds=SETTLE, kill=False)
        except Broken as broken:
            return self._stillborn(server, broken.fault)
        if command.after_interrupt is not None:
            return self._interrupt(server)
        return []

    def _fitting(self, worker: Worker, shown: list[str]) -> bool | None:
        got = lines_of(worker.output.decode("utf-8", "replace"))
        return True if mismatch(shown, got, prefix=True) is None else None

    def _stillborn(self, server: Server, cause: Fault) -> list[Failure]:
        """Why a server is not up, or does not print what is shown."""
        command, alive, up = server.command, server.worker.alive, server.is_up()
        output = server.worker.text()
        if alive and up:
            shown = command.before_interrupt
            return self._compare(command, shown, output, prefix=True)
        self.servers.remove(server)
        server.worker.close()
        what = f"{command.label} does not listen on port {server.port}"
        if not alive:
            what = f"{command.label} ended with status {server.worker.status} instead of serving"
        return [self.explain(replace(cause, error=_tail(output)), command.line, what)]

    def _interrupt(self, server: Server) -> list[Failure]:
        self.servers.remove(server)
        worker, command = server.worker, server.command
        try:
            worker.wait(server.answers, kill=False)
            self._until_quiet(worker)  # what it says of the request just made is not to be shown
            worker.output.clear()
            os.killpg(worker.pid, signal.SIGINT)
            worker.ended()
        except Broken as broken:
            return [self.failure(command, f"{command.label} after ^C {broken.fault.what}")]
        finally:
            output = worker.text()
            worker.close()
        output = output.removeprefix("\n")  # a terminal has no line end after its `^C`
        return self._compare(command, command.after_interrupt or [], output)

    def _until_quiet(self, worker: Worker) -> None:
        """Wait until a server has nothing more to say: a reader does not press keys before."""
        seen, deadline = -1, time.monotonic() + SETTLE
        while len(worker.output) != seen and time.monotonic() < deadline:
            seen = len(worker.output)
            time.sleep(QUIET)
            worker.pump(0)

    def stop(self) -> list[Failure]:
        """Stop every server; returns those that had died meanwhile."""
        self.may_break_off = True
        found = []
        for server in self.servers:
            what = ""
            try:
                if not server.asked:  # it may have had no time yet to fail
                    server.worker.wait(server.answers, kill=False)
            except Broken as broken:
                what = f"{server.command.label} {broken.fault.what} instead of answering"
            if not server.worker.alive:
                what = f"{server.command.label} ended with status {server.worker.status} too early"
            if what:
                found.append(self.failure(server.command, what, _tail(server.worker.text())))
            server.worker.close()
        self.servers.clear()
        while self.held:
            self.held.pop().close()
        return found


def _tail(output: str) -> str:
    """The last lines of an output."""
    return "\n".join(lines_of(output)[-30:])


def _needs_shell(text: str) -> bool:
    """Whether a command uses more of the shell than words and quotes."""
    rest = re.sub(r"'[^']*'", "", text)
    if re.search(r"[$`\\]", rest):
        return True
    rest = re.sub(r'"[^"]*"', "", rest)
    return re.search(r"[|&;<>()*?\[\]{}~#!]", rest) is not None


def _python(words: list[str], folder: Path) -> list[str] | None:
    """The arguments of `python` that do what a command does; None if it is not Python."""
    if words[0] in {"python", "python3"}:
        if words[1:2] in (["-c"], ["-m"]):
            return words[1:] if len(words) > 2 else None
        return words[1:] if len(words) > 1 and (folder / words[1]).is_file() else None
    script = Path(sys.prefix) / "bin" / words[0]
    if "/" in words[0] or not script.is_file():
        return None
    with script.open("rb") as file:
        shebang = file.readline(200)
    return [str(script), *words[1:]] if b"python" in shebang else None
