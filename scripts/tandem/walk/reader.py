"""A reader of one framework follows a page: every block in its order, in one folder."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from tandem import frameworks
from tandem.blocks import console, http, pycon, syntax
from tandem.blocks.browser import Browser
from tandem.blocks.match import lines_of, mismatch
from tandem.outcome import Failure, Location, Outcome, Result, Wrong
from tandem.read.pages import Block
from tandem.read.walkthrough import Walk
from tandem.walk import servers
from tandem.walk.blame import Blame
from tandem.walk.events import Events
from tandem.walk.loaded import Loaded
from tandem.walk.project import Project, changed
from tandem.walk.terminal import Start, Terminal
from tandem.walk.wire import Raised
from tandem.world import files, guard, processes, programs, setup, zygote

Done = Iterator[Outcome]


def environment(project: Project, base: Path) -> dict[str, str]:
    """The same for every reader on every machine: nothing of the caller's comes through."""
    found = {
        "PATH": os.pathsep.join([str(base / "env" / "bin"), programs.SYSTEM, *programs.folders()]),
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
    }
    if str(base) != "/reader":
        found["TANDEM_BASE"] = str(base)
    return found


class Reader:
    """One walk through one page."""

    def __init__(self, walk: Walk, base: Path) -> None:
        self.walk = walk
        self.page = walk.page
        self.base = base
        self.project = Project(base)
        installed = self.project.restore(walk.start) if walk.start is not None else None
        setup.make(base, installed)
        (self.project.home / ".curlrc").write_text("no-progress-meter\n")
        self.events = Events()
        roots = (self.project.folder, self.project.home, self.project.temporary)
        titles = {block.title: block.text for block in walk.blocks if block.title}
        rules = guard.Rules(tuple(map(str, roots)))
        package = frameworks.KNOWN[walk.framework].PACKAGE
        place = zygote.Place(base, rules, titles, package, self.events.sender, self.events.trace)
        start = Start(place, environment(self.project, base), self.project.folder, walk.seconds)
        self.blame = Blame(self.page, self.project)
        self.terminal = Terminal(self.page, start, self.blame, self.events)
        self.running = self.terminal.running
        self.visitors: dict[str, Browser] = {}
        self.values = self.terminal.variables
        self.loaded = Loaded(walk, place, self.project, self.terminal, self.blame, self.events)

    def snapshot(self) -> bytes:
        """The state in which another page can begin."""
        return self.project.snapshot(setup.installed(self.base))

    def follow(self) -> Result:
        """Read the page to its end, or to the fault after which nothing makes sense."""
        try:
            outcomes = self.through(list(self.walk.blocks), last=True)
        finally:
            self.terminal.close()
            self.loaded.close()
            processes.sweep()
            self.events.close()
        return Result(self.page.name, self.walk.framework, tuple(outcomes))

    def through(self, blocks: list[Block], *, last: bool) -> list[Outcome]:
        """Follow blocks; after a fault that makes the rest pointless, that is not tried."""
        outcomes: list[Outcome] = []
        left = list(blocks)
        while left:
            block = left[0]
            aside = [
                one for one in left if last and block.solution and one.solution == block.solution
            ]
            left = left[len(aside) or 1 :]
            if aside:
                outcomes += self.solution(aside)
                continue
            started = time.monotonic()
            try:
                for outcome in self.step(block, left):
                    outcomes.append(outcome)
            except Stop as stop:
                outcomes += stop.outcomes
            except Wrong as wrong:  # with the block itself
                label = f"`{block.title}`" if block.title else f"`{block.language}` block"
                took = (time.monotonic() - started) * 1000
                outcomes.append(
                    Outcome(block.line, block.kind, label, "failed", took, wrong.failures)
                )
            else:
                continue
            for one in left:
                outcomes += [] if one.kind == "illustration" else self.untried(one)
            return outcomes
        if last:
            known = {failure.location for one in outcomes for failure in one.failures}
            outcomes += self.end(known)
        return outcomes

    def step(self, block: Block, rest: list[Block]) -> Done:
        """What one block gives; raises Stop or Wrong where nothing below it makes sense."""
        if block.not_run:
            yield self.look_at(block)
        elif block.kind == "http":
            yield from self.exchanges(block)
        elif block.kind == "console":
            yield from self.commands(block, rest)
        elif block.kind == "pycon":
            yield from self.type(block)
        elif block.kind != "illustration":
            yield self.change(block)

    def untried(self, block: Block) -> list[Outcome]:
        """The steps of a block that was not come to."""
        count = 1
        try:
            if block.kind == "http":
                count = len(http.parse(self.page, block))
            elif block.kind == "console":
                count = len(console.parse(self.page, block))
            elif block.kind == "pycon":
                count = len(pycon.parse(self.page, block))
        except Wrong:
            count = 1
        return [Outcome(block.line, block.kind, "", "not tried") for _ in range(count)]

    def solution(self, blocks: list[Block]) -> list[Outcome]:
        """Follow the solution of an exercise, and leave everything as it was before."""
        state, values = self.snapshot(), dict(self.values)
        visitors = {title: one.copy() for title, one in self.visitors.items()}
        self.loaded.close()
        outcomes = self.through(blocks, last=False)
        self.loaded.close()
        self.terminal.close()
        self.strays()  # what its servers have left is no fault of what follows
        self.project.clear()
        self.project.restore(state)
        self.visitors = visitors
        self.values.clear()
        self.values.update(values)
        return outcomes

    def outcome(
        self, line: int, kind: str, label: str, started: float, failures: Iterable[Failure]
    ) -> Outcome:
        found = tuple(self.refusals(line)) or tuple(failures)
        took = (time.monotonic() - started) * 1000
        return Outcome(line, kind, label, "failed" if found else "passed", took, found)

    def change(self, block: Block) -> Outcome:
        """Create or change a file; what has loaded the old one is loaded again when needed."""
        started = time.monotonic()
        self.running.change()
        self.project.apply(self.page, block)
        return self.outcome(block.line, block.kind, f"`{block.title}`", started, ())

    def exchanges(self, block: Block) -> Done:
        parsed = http.parse(self.page, block)
        for index, one in enumerate(parsed):
            started = time.monotonic()
            line = one.request.line
            try:
                failures = self.exchange(block, one)
            except Wrong as wrong:
                stopped = self.outcome(line, "http", one.label, started, wrong.failures)
                later = [
                    Outcome(e.request.line, "http", e.label, "not tried")
                    for e in parsed[index + 1 :]
                ]
                raise Stop([stopped, *later]) from None
            yield self.outcome(line, "http", one.label, started, failures)

    def exchange(self, block: Block, one: http.Exchange) -> list[Failure]:
        """Send one request as a visitor, and compare; raises Wrong if nothing can answer."""
        browser = self.visitors.setdefault(block.title, Browser(self.values))
        line = one.request.line
        if block.form and one.request.first[0] not in {"GET", "HEAD"}:
            page, _ = self.send(browser.form_request(block.form), "GET", one, browser)
            if wrong := browser.take_form(page):
                raise Wrong(Failure(self.page.location(block.line), wrong))
        response, raised = self.send(browser.request(one), one.request.first[0], one, browser)
        if raised is not None and raised.stops:
            self.loaded.close()
            what = f"{one.label} ended the application instead of answering"
            raise Wrong(self.blame.told(raised.frames, line, what, raised.error))
        browser.keep(one, response)
        found = http.compare(self.page, one, response, self.values)
        if found and raised is not None:
            what = f"{found[0].what} (line {line})"
            at = found[0].location.line
            found = [self.blame.told(raised.frames, at, what, raised.error)]
        left = self.loaded.orphans() + self.strays()
        what = "{} left a process behind: `{}`"
        return found + [
            Failure(self.page.location(line), what.format(one.label, command)) for command in left
        ]

    def send(
        self, request: bytes, method: str, one: http.Exchange, browser: Browser
    ) -> tuple[http.Response, Raised | None]:
        """The answer to some bytes: of a server that listens on the port asked, else of the app."""
        enough = http.enough(one)
        port = servers.port_of(browser.host(one.request))
        if port is not None:
            answer = self.running.asked(port, request, method, one, enough)
            if answer is not None:
                return answer, None
        return self.loaded.ask(request, method, one, enough)

    def commands(self, block: Block, rest: list[Block]) -> Done:
        entries = console.parse(self.page, block)
        while entries:
            entry = entries.pop(0)
            started = time.monotonic()
            try:
                entry, failures = self.command(entry, entries, block, rest)
            except Wrong as wrong:
                stopped = self.outcome(entry.line, "console", entry.label, started, wrong.failures)
                later = [Outcome(e.line, "console", e.label, "not tried") for e in entries]
                raise Stop([stopped, *later]) from None
            yield self.outcome(entry.line, "console", entry.label, started, failures)

    def command(
        self, entry: console.Entry, rest: list[console.Entry], block: Block, blocks: list[Block]
    ) -> tuple[console.Entry, list[Failure]]:
        """Type one command; takes from `rest` what turns out to be its output."""
        if not entry.lines:
            return entry, self.terminal.go_on(entry, block.title)
        files = self.project.files() if self.running.servers else {}
        later = not rest and any(console.goes_on(one) for one in blocks)
        expects = bool(rest) and rest[0].text.strip() == "echo $?"
        output = self.terminal.run(entry, ends_later=later, expects_status=expects)
        if output is None:
            return entry, self.terminal.after_start(entry)
        got = lines_of(output)
        while rest and rest[0].lines:  # output may look like a command: then it was printed
            longer = entry.joined(rest[0])
            if mismatch(list(longer.rows), got, prefix=True) is not None:
                break
            entry = longer
            rest.pop(0)
        if files and changed(files, self.project.files()):
            self.running.changed()
        found = self.terminal.compare(entry, list(entry.rows), output)
        left = [f"{entry.label} left a process behind: `{one}`" for one in self.strays()]
        return entry, found + [Failure(self.page.location(entry.line), what) for what in left]

    def type(self, block: Block) -> Done:
        """Type a session's examples, in a session that is loaded if it is not or has changed."""
        started = time.monotonic()
        examples = pycon.parse(self.page, block)
        found: list[Failure] = []
        for index, example in enumerate(examples):
            if example.skipped:
                yield Outcome(example.line, "pycon", example.label, "not run", reason="`+SKIP`")
                continue
            try:
                if index and not self.loaded.has_session:
                    what = "the session has ended above: a new one begins in a block of its own"
                    raise Wrong(Failure(self.page.location(example.line), what))
                printed = self.loaded.type(example)
                found += pycon.compare(self.page, example, printed)
                is_last = index + 1 == len(examples)
                for one in self.strays() + (self.loaded.children() if is_last else []):
                    what = f"this line left a process behind: `{one}`"
                    found.append(Failure(self.page.location(example.line), what))
            except Wrong as wrong:
                failures = [*found, *wrong.failures]
                stopped = self.outcome(example.line, "pycon", "`>>> `", started, failures)
                later = [
                    Outcome(e.line, "pycon", e.label, "not tried") for e in examples[index + 1 :]
                ]
                raise Stop([stopped, *later]) from None
        yield self.outcome(block.line, "pycon", "`>>> `", started, found)

    def look_at(self, block: Block) -> Outcome:
        """A block that is not run is still compiled or parsed, where its language allows."""
        found = syntax.problem(block.language, block.text)
        if found is None:
            return Outcome(block.line, block.kind, "", "not run", reason=block.title)
        index, what = found
        failure = Failure(self.page.location(block.at(index)), what)
        return Outcome(block.line, block.kind, "", "failed", 0.0, (failure,))

    def end(self, known: set[Location]) -> Iterator[Outcome]:
        """The end of the page: servers still run, and what was shown last can be read."""
        started = time.monotonic()
        failures = self.terminal.stop()
        for title, places in self.project.sources.items():
            own = [place for place in places if place and place.path == self.page.name]
            path = self.project.folder / title
            if not own or not path.is_file() or self.project.relative(str(path)) is None:
                continue
            if found := syntax.problem(path.suffix.lstrip("."), files.read(path.resolve())):
                at = self.project.place(title, found[0] + 1)
                at = at if at in own else own[0]
                if at not in known:
                    failures.append(Failure(at, f"`{title}`: {found[1]}"))
        last = self.outcome(1, "end", "the end of the page", started, failures)
        if last.failures:
            yield last

    def strays(self) -> list[str]:
        """End what runs and should not; returns the commands."""
        return self.terminal.strays(self.loaded.pids())

    def refusals(self, line: int) -> list[Failure]:
        """What the guard has refused since the last step, said of the line that tried."""
        own = {"env", "run", *(path.name for path in self.project.folders)}
        found = {}
        refused = self.events.refusals()
        for entry in set(os.listdir(self.base)) - own:
            shutil.rmtree(self.base / entry, ignore_errors=True)
            (self.base / entry).unlink(missing_ok=True)
            refused.append((f"wrote outside the project, to `../{entry}`", None))
        for what, frame in refused:
            failure = self.blame.told([frame] if frame else [], line, f"an example {what}")
            found[failure.location, failure.what] = failure
        return list(found.values())


class Stop(Exception):
    """Nothing below makes sense: the outcomes from the fault to the end of its block."""

    def __init__(self, outcomes: list[Outcome]) -> None:
        super().__init__()
        self.outcomes = outcomes
