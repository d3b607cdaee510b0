"""The warm process: imports the frameworks once, then forks the runners that follow pages.

Run as `python -m tandem.warm` with its task as JSON in the only argument. It is started with
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

from . import sandbox
from .outcome import Failure, Outcome, Result
from .reader import Reader
from .walkthrough import Walk
from .processes import adopt_orphans, die_with_parent, sweep


def main() -> NoReturn:
    """Import, fork a runner for each socket, and wait for them."""
    task = json.loads(sys.argv[1])
    die_with_parent(signal.SIGTERM)
    for name in task["modules"]:
        importlib.import_module(name)
    if "flask" in task["modules"]:
        _rehearse()
    gc.collect()
    gc.disable()
    gc.freeze()
    runners = []
    for number in task["sockets"]:
        pid = os.fork()
        if pid == 0:
            for other in task["sockets"]:
                if other != number:
                    os.close(other)
            _run(Connection(number), Path(task["folder"]))
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


def _rehearse() -> None:
    """Answer a request once, so that what Flask and Werkzeug make on first use is there."""
    from flask import Flask

    app = Flask("rehearsal")
    app.add_url_rule("/<int:number>/", "answer", lambda number: {"number": number})
    app.test_client().get("/1/")


def _own_error(walk: Walk, text: str) -> Result:
    what = "the checker itself failed on this page; this is an error of the checker"
    failure = Failure(walk.page.location(1), what, text)
    outcome = Outcome(1, "page", "the page", "failed", 0.0, (failure,))
    return Result(walk.page.name, walk.framework, (outcome,))


def _run(main: Connection, folder: Path) -> NoReturn:
    """A runner's life: one walk after the other, until there are no more."""
    status = 1
    try:
        die_with_parent(signal.SIGTERM)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        adopt_orphans()
        isolated = sandbox.enter(folder)
        main.send(isolated)
        lock = None if isolated else folder / "servers.lock"
        while True:
            walk, keep = main.recv()
            base = Path(tempfile.mkdtemp(dir=folder, prefix="walk-"))
            state = None
            try:
                reader = Reader(walk, base, lock)
                result = reader.follow()
            except Exception:
                main.send((_own_error(walk, traceback.format_exc()), None))
                continue
            if keep:
                state = Path(tempfile.mkdtemp(dir=folder, prefix="state-"))
                reader.project.snapshot(state)
            main.send((result, state))
            shutil.rmtree(base, ignore_errors=True)
    except (EOFError, SystemExit, BrokenPipeError):
        status = 0
    finally:
        sweep()
        os._exit(status)


if __name__ == "__main__":
    main()
