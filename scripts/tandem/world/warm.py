"""The warm process: imports the frameworks once, then forks the runners that follow pages.

Run as `python -m tandem.world.warm` with its task as JSON in the only argument. It is started with
a clean environment, so that nothing of the caller's is in the memory of an example.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import shutil
import signal
import sys
import tempfile
import traceback
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NoReturn

from tandem.world import guard
from tandem.world import namespaces as sandbox
from tandem.outcome import Failure, Outcome, Result
from tandem.walk.reader import Reader
from tandem.read.walkthrough import Walk
from tandem.world.processes import adopt_orphans, children, die_with_parent, end, sweep


STEPS = 30  # of the longest kind: the time that a whole walk may take


def main() -> NoReturn:
    """Import, fork a runner for each socket, and wait for them."""
    task = json.loads(sys.argv[1])
    die_with_parent(signal.SIGTERM)
    guard.hide()
    gc.disable()
    for name in task["modules"]:
        _import(name)
    if "flask" in task["modules"]:
        _rehearse()
    gc.collect()
    gc.freeze()
    isolated = sandbox.available()
    runners = []
    for number in task["sockets"]:
        pid = os.fork()
        if pid == 0:
            for other in task["sockets"]:
                if other != number:
                    os.close(other)
            _run(Connection(number), Path(task["folder"]), isolated)
        runners.append(pid)
    for number in task["sockets"]:
        os.close(number)

    def stop(*_: object) -> None:
        for pid in runners:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    for pid in runners:
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)
    os._exit(0)


def _import(name: str) -> None:
    """Import a module, if the version that is installed has it: an older one may have less."""
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise


def _rehearse() -> None:
    """Answer a request once, so that what Flask and Werkzeug make on first use is there."""
    from flask import Flask

    app = Flask("rehearsal")
    app.add_url_rule("/<int:number>/", "answer", lambda number: {"number": number})
    app.test_client().get("/1/")


def _own_error(walk: Walk, text: str) -> Result:
    what = "the checker itself failed on this page; this is an error of the checker"
    return _failed(walk, Failure(walk.page.location(1), what, text))


def _lost(walk: Walk) -> Result:
    what = (
        f"the process that followed this page was killed, or took over {STEPS * walk.seconds:g} s"
    )
    return _failed(walk, Failure(walk.page.location(1), what))


def _failed(walk: Walk, failure: Failure) -> Result:
    outcome = Outcome(1, "page", "the page", "failed", 0.0, (failure,))
    return Result(walk.page.name, walk.framework, (outcome,))


def _run(main: Connection, folder: Path, isolated: bool) -> NoReturn:
    """A runner's life: one walk after the other, each in a process of its own."""
    status = 1
    try:
        die_with_parent(signal.SIGTERM)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        signal.signal(signal.SIGALRM, lambda *_: end(children(os.getpid())))
        adopt_orphans()
        main.send(isolated)
        while True:
            walk, keep = main.recv()
            pid = os.fork()
            if pid == 0:
                _follow(main, walk, keep, folder, isolated)
            signal.setitimer(signal.ITIMER_REAL, STEPS * walk.seconds)
            if os.waitpid(pid, 0)[1] != 0:
                sweep()
                main.send((_lost(walk), None))
            signal.setitimer(signal.ITIMER_REAL, 0)
    except (EOFError, SystemExit, BrokenPipeError):
        status = 0
    finally:
        sweep()
        os._exit(status)


def _follow(main: Connection, walk: Walk, keep: bool, folder: Path, isolated: bool) -> NoReturn:
    """Follow one page and send what came of it; in a world of its own, where there is one."""
    base = None
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        die_with_parent(signal.SIGKILL)
        if isolated:
            sandbox.enter()
            reader = Reader(walk, sandbox.BASE, None)
        else:
            adopt_orphans()
            base = tempfile.mkdtemp(dir=folder, prefix="walk-")
            reader = Reader(walk, Path(base), folder / "servers.lock")
        result = reader.follow()
        state = reader.project.snapshot() if keep else None
    except Exception:
        result, state = _own_error(walk, traceback.format_exc()), None
    with suppress(BrokenPipeError):
        main.send((result, state))
    if base is not None:
        shutil.rmtree(base, ignore_errors=True)
    os._exit(0)


if __name__ == "__main__":
    main()
