"""A reader of one framework follows a page: every block in its order, in one folder."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import sys
import sysconfig
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from tandem.blocks import console as commands
from tandem.blocks import http as exchange
from tandem.blocks import pycon as session
from tandem.blocks import syntax
from tandem.outcome import Failure, Location, Outcome, Result, Wrong
from tandem.read.pages import Block
from tandem.read.walkthrough import Walk
from tandem.walk import terminal as console
from tandem.walk.project import Project
from tandem.world import child, guard, processes, programs
from tandem.world.workers import Broken, Channel, Fault, Frame, Place, Worker, fault

PACKAGES = sysconfig.get_path("purelib") + os.sep
COLD = Path(guard.__file__).with_name("cold")


def environment(project: Project, log: str) -> dict[str, str]:
    """The same for every reader on every machine: nothing of the caller's comes through."""
    return {
        "PATH": os.pathsep.join(
            [str(Path(sys.prefix) / "bin"), "/usr/local/bin:/usr/bin:/bin", *programs.folders()]
        ),
        "HOME": str(project.home),
        "TMPDIR": str(project.temporary),
        "LANG": "C.UTF-8",
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        "TERM": "dumb",
        "COLUMNS": "80",
        "PYTHONHASHSEED": "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONPATH": str(COLD),
        guard.VARIABLE: _rules(project, log, fork=True).environment(),
    }


def _rules(project: Project, log: str, *, fork: bool) -> guard.Rules:
    roots = (project.folder, project.home, project.temporary)
    return guard.Rules(tuple(map(str, roots)), os.path.realpath(log), fork)


class Reader:
    """One walk through one page. `result` holds what each block gave."""

    def __init__(self, walk: Walk, base: Path, lock: Path | None) -> None:
        self.walk = walk
        self.page = walk.page
        self.project = Project(base)
        if walk.start is not None:
            self.project.restore(walk.start)
        (self.project.home / ".curlrc").write_text("no-progress-meter\n")
        self.log = base / "guard.log"
        self.browser = exchange.Browser()
        variables = environment(self.project, str(self.log))
        rules = _rules(self.project, str(self.log), fork=True)
        place = Place(self.project.folder, variables, rules, walk.seconds)
        self.terminal = console.Terminal(
            self.page, self.project, place, self.explain, self.strays, lock
        )
        self.app: Worker | None = None
        self.shell: Worker | None = None
        self.unloadable: Failure | None = None
        self.outcomes: list[Outcome] = []
        self.cold: dict[int, bool] = {}  # Pythons that commands have started: does it run still?

    def follow(self) -> Result:
        """Read the page to its end, whatever fails on the way."""
        doing: dict[str, Callable[[Block], list[Outcome]]] = {
            "http": self.exchanges,
            "console": self.commands,
            "pycon": self.session,
        }
        try:
            for block in self.walk.blocks:
                if block.not_run:
                    self.outcomes.append(self.look_at(block))
                elif block.kind in doing:
                    self.outcomes += self.attempt(block, doing[block.kind])
                elif block.kind != "illustration":
                    self.outcomes += self.attempt(block, self.change)
            self.outcomes += self.finish()
        finally:
            self.terminal.stop()
            self.close()
            processes.sweep()
        return Result(self.page.name, self.walk.framework, tuple(self.outcomes))

    def attempt(self, block: Block, do: Callable[[Block], list[Outcome]]) -> list[Outcome]:
        """Run one block; what is wrong with the block itself is its failure."""
        try:
            return do(block)
        except Wrong as wrong:
            label = f"`{block.title}`" if block.title else f"`{block.language}` block"
            return [Outcome(block.line, block.kind, label, "failed", 0.0, wrong.failures)]

    def outcome(
        self, line: int, kind: str, label: str, started: float, failures: Iterable[Failure]
    ) -> Outcome:
        found = tuple(self.refusals(line)) or tuple(failures)
        took = (time.monotonic() - started) * 1000
        return Outcome(line, kind, label, "failed" if found else "passed", took, found)

    def change(self, block: Block) -> list[Outcome]:
        """Create or change a file; whatever had the old one loaded is closed."""
        started = time.monotonic()
        self.close()
        self.terminal.before_change(block.title)
        self.project.apply(self.page, block)
        return [self.outcome(block.line, block.kind, f"`{block.title}`", started, ())]

    def exchanges(self, block: Block) -> list[Outcome]:
        outcomes = []
        for one in exchange.parse(self.page, block):
            started = time.monotonic()
            failures = self.exchange(one)
            line = one.request.line
            outcomes.append(self.outcome(line, "http", one.label, started, failures))
        return outcomes

    def exchange(self, one: exchange.Exchange) -> list[Failure]:
        line = one.request.line
        try:
            app = self.application(line)
            if app is None:
                return [self.unloadable] if self.unloadable else []
            request = self.browser.request(one.request)
            reply = app.ask(**request)
            left = [*app.orphans(), *self.strays()]
        except Broken as broken:
            self.close()
            return [self.explain(broken.fault, line, f"{one.label} {broken.fault.what}")]
        if reply.get("stopped"):
            what = f"{one.label} ended the application instead of answering"
            return [self.explain(fault(reply, what), line, what)]
        response = exchange.response_of(reply)
        self.browser.keep(request, response)
        found = exchange.compare(self.page, one, response)
        if found and "error" in reply:
            what = f"{found[0].what} (line {line})"
            found = [self.explain(fault(reply, what), found[0].location.line, what)]
        what = "{} left a process behind: `{}`"
        return found + [
            Failure(self.page.location(line), what.format(one.label, command)) for command in left
        ]

    def application(self, line: int) -> Worker | None:
        """The application's worker, loaded if it is not; None if it cannot be."""
        if self.app is None and self.unloadable is None:
            framework, asgi = self.walk.framework, self.terminal.asgi
            self.app = self.worker(lambda channel: child.serve(channel, framework, asgi))
            self.unloadable = self.ready(self.app, line, "the application does not load")
        return None if self.unloadable else self.app

    def worker(self, work: Callable[[Channel], None]) -> Worker:
        terminal = self.terminal.place
        rules = _rules(self.project, str(self.log), fork=False)
        folder = self.project.folder
        return Worker.fork(Place(folder, terminal.environment, rules, self.walk.seconds), work)

    def ready(self, worker: Worker, line: int, what: str) -> Failure | None:
        """Wait until a worker has loaded its part of the project; what is wrong if it cannot."""
        try:
            reply = worker.reply()
        except Broken as broken:
            self.close()
            return self.explain(broken.fault, line, f"{what}: it {broken.fault.what}")
        if "ready" in reply:
            return None
        return self.explain(fault(reply, what), line, f"{what}: {reply['summary']}")

    def commands(self, block: Block) -> list[Outcome]:
        outcomes = []
        for command in commands.parse(self.page, block):
            started = time.monotonic()
            before, modules = self.loaded_from(), self.project.signature({".py"})
            failures = self.terminal.type(command)
            if before != self.loaded_from():
                self.close()
            if modules != self.project.signature({".py"}):
                self.terminal.changing()
            outcomes.append(self.outcome(command.line, "console", command.label, started, failures))
        return outcomes

    def loaded_from(self) -> tuple[object, ...]:
        """What the application was loaded from: when it changes, it has to be loaded anew."""
        return self.terminal.place.environment, self.terminal.asgi, self.project.signature()

    def session(self, block: Block) -> list[Outcome]:
        started = time.monotonic()
        examples = session.parse(self.page, block)
        found: list[Failure] = []
        at = block.line
        try:
            if self.shell is None:
                framework = self.walk.framework
                self.shell = self.worker(lambda channel: child.shell(channel, framework))
                if wrong := self.ready(self.shell, block.line, "the shell does not start"):
                    self.close()
                    return [self.outcome(block.line, "pycon", "`>>> `", started, [wrong])]
            seen: int | None = None
            left: list[str] = []
            for example in examples:
                at = block.at(example.lineno)
                reply = self.shell.ask(source=example.source, line=at)
                found += session.compare(self.page, block, example, reply)
                left = [*self.shell.orphans(), *self.strays()]
                seen = (seen or at) if left else None
            what = "this line left a process behind: `{}`"
            found += [Failure(self.page.location(seen or at), what.format(one)) for one in left]
        except Broken as broken:
            self.close()
            found.append(self.explain(broken.fault, at, f"this line {broken.fault.what}"))
        return [self.outcome(block.line, "pycon", "`>>> `", started, found)]

    def look_at(self, block: Block) -> Outcome:
        """A block that is not run is still compiled or parsed, where its language allows."""
        found = syntax.problem(block.language, block.text)
        if found is None:
            return Outcome(block.line, block.kind, "", "not run", reason=block.title)
        index, what = found
        failure = Failure(self.page.location(block.at(index)), what)
        return Outcome(block.line, block.kind, "", "failed", 0.0, (failure,))

    def finish(self) -> list[Outcome]:
        """The end of the page: servers still stand, and what was shown last can be read."""
        started = time.monotonic()
        failures = self.terminal.stop()
        known = {failure.location for one in self.outcomes for failure in one.failures}
        for title, places in self.project.sources.items():
            own = [place for place in places if place and place.path == self.page.name]
            path = self.project.folder / title
            if not own or not path.is_file():
                continue
            if found := syntax.problem(path.suffix.lstrip("."), path.read_text()):
                at = self.project.place(title, found[0] + 1) or own[0]
                if at not in known:
                    failures.append(Failure(at, f"`{title}`: {found[1]}"))
        last = self.outcome(1, "end", "the end of the page", started, failures)
        return [last] if last.failures else []

    def close(self) -> None:
        """Close the application and the shell, so that the next use loads them anew."""
        for worker in (self.app, self.shell):
            if worker is not None:
                worker.close()
        self.app = self.shell = self.unloadable = None

    def strays(self) -> list[str]:
        """End what runs and should not; returns the commands."""
        servers = [server.worker for server in self.terminal.servers]
        return processes.sweep(one.pid for one in (self.app, self.shell, *servers) if one)

    def refusals(self, line: int) -> list[Failure]:
        """What the guard has refused since the last step, said of the line that tried."""
        base = self.project.folder.parent
        own = (self.project.folder, self.project.home, self.project.temporary, self.log)
        for entry in set(os.listdir(base)) - {path.name for path in own}:
            shutil.rmtree(base / entry, ignore_errors=True)
            (base / entry).unlink(missing_ok=True)
            guard.note(
                str(self.log), what=f"wrote outside the project, to `../{entry}`", place=None
            )
        if not self.log.exists():
            return []
        rows = [json.loads(row) for row in self.log.read_text().splitlines()]
        self.log.unlink()
        self.cold.update({row["pid"]: row["begins"] for row in rows if "pid" in row})
        found = {}
        for row in [row for row in rows if "what" in row]:
            frames = (Frame(*row["place"]),) if row["place"] else ()
            failure = self.explain(
                Fault(row["what"], frames=frames), line, f"an example {row['what']}"
            )
            found[failure.location, failure.what] = failure
        for pid in [pid for pid, runs in self.cold.items() if runs and not processes.alive(pid)]:
            del self.cold[pid]
            if self.terminal.may_break_off:
                continue
            what = "a Python that this command ran stopped in its midst, by `os._exit` or a signal"
            failure = Failure(self.page.location(line), what)
            found[failure.location, failure.what] = failure
        return list(found.values())

    def explain(self, cause: Fault, line: int, what: str) -> Failure:
        """A failure, said of the page's line that caused it, with the example's traceback."""
        at = self.page.location(line)
        rows = []
        for frame in cause.frames:
            place = self.place_of(frame)
            if place is None:
                continue
            file = self.project.relative(frame.file)
            rows.append(
                f"{place}" + (f" ({file}:{frame.line})" if file else "") + f" in {frame.name}"
            )
            if place.path == self.page.name:
                at = place
        rows = _folded(rows)
        if at.line != line:
            what += f" (from line {line})" if "(line" not in what else ""
        detail = "\n".join(filter(None, [*rows, cause.error]))
        return Failure(at, self.shorter(what), self.shorter(detail))

    def shorter(self, text: str) -> str:
        """A message without the paths of this run and this machine."""
        folder = str(self.project.folder)
        base = str(self.project.folder.parent) + os.sep
        for path, short in ((folder + os.sep, ""), (folder, "."), (base, "../"), (PACKAGES, "")):
            text = text.replace(path, short)
        return text

    def place_of(self, frame: Frame) -> Location | None:
        if frame.file.startswith("<pycon "):
            return self.page.location(int(frame.file[7:-1]) + frame.line - 1)
        return self.project.place(frame.file, frame.line)


def _folded(rows: list[str]) -> list[str]:
    """Rows with each run of equal ones, a recursion's, said once."""
    found = []
    for row, run in itertools.groupby(rows):
        times = sum(1 for _ in run)
        found.append(row if times == 1 else f"{row} ({times} times)")
    return found
