"""Run walks side by side on warm runners, each after the one that it starts from."""

from __future__ import annotations

import hashlib
import heapq
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

from tandem.outcome import BadSetup, Failure, Framework, Outcome, Result
from tandem.read import walkthrough
from tandem.read.walkthrough import Site, Walk
from tandem.run import cache, kept, look, protocol
from tandem.run.cache import Cache
from tandem.run.protocol import Job
from tandem.world import preload

Key = tuple[Path, Framework]


@dataclass(frozen=True, slots=True)
class Options:
    """How to check: `jobs` runners, `seconds` a step, where results and projects are kept."""

    jobs: int
    framework: Framework | None = None
    seconds: float = 60.0
    cache: Path | None = None
    keep: Path | None = None


@dataclass(frozen=True, slots=True)
class Runner:
    """A runner seen from here; `isolated`: the kernel gives each of its walks its own world."""

    link: socket.socket
    isolated: bool


def check(site: Site, options: Options, progress: Callable[[Result], None]) -> list[Result]:
    """Every result of the pages of a site, told to `progress` as they come.

    Raises BadSetup when the environment cannot run examples at all.
    """
    return _Check(site, options, progress).run()


class _Check:
    def __init__(self, site: Site, options: Options, progress: Callable[[Result], None]) -> None:
        self.site = site
        self.options = options
        self.progress = progress
        self.cache = Cache(options.cache) if options.cache else None
        self.environment = cache.environment(options.seconds)
        self.results: dict[tuple[Path, Framework | None], Result] = {}
        self.states: dict[Key, bytes] = {}
        self.starts = frozenset(site.parents.values())

    def run(self) -> list[Result]:
        waiting = [key for key in self.site.needed(self.options.framework) if self.to_run(key)]
        if not waiting:
            self.look()
        else:
            jobs = min(self.options.jobs, len(waiting))
            with (
                tempfile.TemporaryDirectory(prefix="tandem-") as folder,
                _warm(self.needs(waiting), jobs, len(waiting), Path(folder)) as links,
            ):
                self.look()  # while the frameworks are being imported
                waiting = [key for key in waiting if not self.site.problems[key[0]]]
                self.share(waiting, _answering(links))
        if self.cache:
            self.cache.prune()
        return list(self.results.values())

    def to_run(self, key: Key) -> bool:
        """Whether a walk has to be made: its page can be followed and its result is not known."""
        page, problems = self.site.pages[key[0]], self.site.problems[key[0]]
        if page.needs_no_examples or problems:
            return False
        if lacks := self.site.unmet(*key):
            line = page.front_matter_line("requires")
            outcome = Outcome(line, "page", "the page", "not run", reason=lacks)
            self.done(key, Result(page.name, key[1], (outcome,)))
            return False
        return not self.recall(key)

    def look(self) -> None:
        """What is wrong with each page by itself: its source, and what the site makes of it.

        A page with a known result was looked at when it ran.
        """
        known = {path for (path, _), result in self.results.items() if result.cached}
        unknown = {
            page.path: page
            for path, page in self.site.pages.items()
            if not self.site.problems[path] and path not in known
        }
        for page, found in look.problems(unknown.values()):
            self.site.problems[page.path] = found
        for path, page in self.site.pages.items():
            found = self.site.problems[path]
            outcomes = tuple(
                Outcome(failure.location.line, "page", "the page", "failed", 0.0, (failure,))
                for failure in found
            )
            self.done((path, None), Result(page.name, None, outcomes))

    def done(self, key: tuple[Path, Framework | None], result: Result) -> None:
        text = self.site.pages[key[0]].text.encode("utf-8", "surrogatepass")
        result = replace(result, sha256=hashlib.sha256(text).hexdigest())
        self.results[key] = result
        self.progress(result)

    def recall(self, key: Key) -> bool:
        """Take a walk's result from the cache, if it is there with all that is needed of it."""
        name = self.digest(key)
        known = self.cache.result(name) if self.cache else None
        if self.cache is None or known is None:
            return False
        if self.is_start(key) or self.options.keep is not None:
            state = self.cache.state(name)
            if state is None:
                return False
            try:
                self.keep(key, state)
            except kept.BadState:
                return False
        self.done(key, known)
        return True

    def keep(self, key: Key, state: bytes) -> None:
        """Have the state at the end of a walk at hand for what needs it."""
        path, framework = key
        if self.is_start(key):
            self.states[key] = state
        if self.options.keep is not None:
            slug = self.site.pages[path].name.removesuffix(".md").replace("/", "-")
            typed = [line for _, _, line in walkthrough.typed(self.site, path, framework)]
            kept.keep(state, self.options.keep / f"{slug}-{framework}", framework, typed)

    def digest(self, key: Key) -> str:
        """The name of a walk's result in the cache."""
        return walkthrough.digest(self.site, *key, self.environment)

    def is_start(self, key: Key) -> bool:
        return key[0] in self.starts

    def needs(self, keys: list[Key]) -> list[str]:
        texts = [self.site.pages[path].text for path, _ in keys]
        for path, _ in keys:
            texts += [self.site.pages[one].text for one in self.site.ancestors(path)]
        return preload.modules(texts, {framework for _, framework in keys})

    def share(self, waiting: list[Key], runners: list[Runner]) -> None:
        """Give each free runner the next walk that can begin, until none is left."""
        free = list(runners)
        order = _Order(self, waiting)
        with selectors.DefaultSelector() as busy:
            while True:
                while free and (key := order.next()):
                    runner = free.pop()
                    job = self.job(key)
                    protocol.send_job(runner.link, job)
                    busy.register(runner.link, selectors.EVENT_READ, (runner, key, job))
                if not busy.get_map():
                    if order.later:
                        count = sum(map(len, order.later.values()))
                        raise BadSetup(f"{count} walks start from a page that never ends")
                    return
                for selected, _ in busy.select():
                    runner, key, job = selected.data
                    busy.unregister(runner.link)
                    try:
                        answer = protocol.receive_answer(runner.link, job)
                    except (protocol.Closed, protocol.Malformed) as error:
                        self.lost(key, str(error))
                        runners.remove(runner)
                        if not runners:
                            raise BadSetup("every runner was killed from outside") from None
                    else:
                        free.append(runner)
                        result = replace(answer.result, isolated=runner.isolated)
                        self.take(key, result, answer.state)
                    order.ended(key)

    def lost(self, key: Key, why: str) -> None:
        """A runner is gone, perhaps by what it ran: that costs this walk and no other."""
        page = self.site.pages[key[0]]
        what = f"gave no answer: {why}" if why else "was killed"
        failure = Failure(page.location(1), f"the runner that followed this page {what}")
        outcome = Outcome(1, "page", "the page", "failed", 0.0, (failure,))
        self.done(key, Result(page.name, key[1], (outcome,)))

    def job(self, key: Key) -> Job:
        path, framework = key
        page = self.site.pages[path]
        parent = self.site.parents.get(path)
        start = self.states[parent, framework] if parent else None
        own = walkthrough.blocks(page, framework)
        walk = Walk(page, framework, own, start, self.options.seconds)
        return Job(walk, self.is_start(key), self.options.keep is not None)

    def can_begin(self, key: Key) -> bool:
        parent = self.site.parents.get(key[0])
        return parent is None or (parent, key[1]) in self.states

    def rank(self, key: Key) -> tuple[bool, int]:
        """First what others start from, then what takes long, so that none is left for the end.

        Commands take longest: they start something, and some wait for a server.
        """
        return not self.is_start(key), -self.site.pages[key[0]].text.count("$ ")

    def blocked(self, key: Key) -> bool:
        """Whether the page that this one starts from does not hold; then neither does this."""
        parent = self.site.parents.get(key[0])
        if parent is None:
            return False
        before = [self.results.get((parent, None)), self.results.get((parent, key[1]))]
        if all(result is None or result.held for result in before):
            return False
        page = self.site.pages[key[0]]
        at = page.location(page.front_matter_line("starts_from"))
        what = f"starts from {self.site.pages[parent].name}, which does not hold"
        outcome = Outcome(at.line, "page", "the page", "failed", 0.0, (Failure(at, what),))
        self.done(key, Result(page.name, key[1], (outcome,)))
        return True

    def take(self, key: Key, result: Result, state: bytes | None) -> None:
        """Keep what a runner has found out."""
        page = self.site.pages[key[0]]
        left_out = tuple(
            Outcome(block.line, block.kind, "", "not run", reason=reason)
            for block, reason in walkthrough.passed_over(page, key[1])
        )
        now = datetime.now(UTC).isoformat(timespec="seconds")
        result = replace(result, outcomes=result.outcomes + left_out, ran=now)
        if state is not None:
            try:
                self.keep(key, state)
            except kept.BadState as error:
                failure = Failure(page.location(1), str(error))
                bad = Outcome(1, "page", "the page", "failed", 0.0, (failure,))
                result = replace(result, outcomes=(*result.outcomes, bad))
        if self.cache and result.held:
            self.cache.keep(self.digest(key), result, state)
        self.done(key, result)


class _Order:
    """In which order walks begin: each after the one it starts from, the best of the rest first.

    `later`: walks that wait, by the walk whose end they wait for.
    """

    def __init__(self, check: _Check, waiting: list[Key]) -> None:
        self.check = check
        self.later: dict[Key, list[Key]] = {}
        self.ready: list[tuple[tuple[bool, int], int, Key]] = []
        for key in waiting:
            self.add(key)

    def add(self, key: Key) -> None:
        """Put a walk where it belongs; one whose start does not hold is done, and all after it."""
        keys = [key]
        while keys:
            key = keys.pop()
            if self.check.blocked(key):
                keys += self.later.pop(key, [])
            elif self.check.can_begin(key):
                heapq.heappush(self.ready, (self.check.rank(key), len(self.ready), key))
            else:
                start = (self.check.site.parents[key[0]], key[1])
                self.later.setdefault(start, []).append(key)

    def ended(self, key: Key) -> None:
        """Told when a walk has its result."""
        for one in self.later.pop(key, []):
            self.add(one)

    def next(self) -> Key | None:
        """The walk to begin now; None if there is none, or none yet."""
        return heapq.heappop(self.ready)[2] if self.ready else None


# A cold Python's modules are noted before any other is imported, and readline is kept out, which
# debuggers import and which changes how every later `input()` reads. The checker is this one,
# whichever the environment has.
START = f"""
import sys
sys.first = frozenset(sys.modules)
sys.modules["readline"] = None
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from tandem.run.warm import main
main()
"""


class _Silence(Exception):
    """No runner answers."""


@contextmanager
def _warm(modules: list[str], jobs: int, walks: int, folder: Path) -> Iterator[list[socket.socket]]:
    """Links to runners with these modules imported; every process is gone at the end."""
    for name in modules:
        if find_spec(name.partition(".")[0]) is None:
            raise BadSetup(f"`{name}` is not installed: run `make setup`")
    pairs = [socket.socketpair() for _ in range(jobs)]
    sockets = [theirs.fileno() for _, theirs in pairs]
    task = json.dumps(
        {"modules": modules, "sockets": sockets, "walks": walks, "folder": str(folder)}
    )
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", START, task],
        stdin=subprocess.DEVNULL,
        env={"PATH": os.defpath, "LANG": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "0",
             "PYTHONIOENCODING": "utf-8"},
        stdout=subprocess.PIPE,  # never a file: the examples' processes keep these streams
        stderr=subprocess.STDOUT,
        pass_fds=sockets,
        start_new_session=True,
    )  # fmt: skip
    for _, theirs in pairs:
        theirs.close()
    try:
        yield [ours for ours, _ in pairs]
    except _Silence:
        process.kill()
        said = process.communicate()[0].decode("utf-8", "replace").strip()
        raise BadSetup(f"the warm process ended before it was ready:\n{said}") from None
    finally:
        for ours, _ in pairs:
            ours.close()
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if process.stdout:
            process.stdout.close()


def _answering(links: list[socket.socket]) -> list[Runner]:
    """The runners behind the links, once each has said that it is there."""
    try:
        return [Runner(link, bool(protocol.receive(link)[0]["isolated"])) for link in links]
    except protocol.Closed:
        raise _Silence from None
