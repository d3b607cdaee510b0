"""The warm process: imports the frameworks once, then forks the runners that follow pages.

Run with its task as JSON in the only argument, in a clean environment, so that nothing of the
caller's is in the memory of an example. A runner makes what its walks share, then forks a process
for each: that follows the page in a world of its own and answers on a socket of its own. The
runner's link to the main process is not in that world.
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import json
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import IO, NoReturn

from tandem import frameworks
from tandem.outcome import Failure, Location, Outcome, Result
from tandem.run import protocol
from tandem.run.protocol import Answer, Job
from tandem.walk.project import TooLarge
from tandem.walk.reader import Reader
from tandem.world import limits, memory, namespaces, packages, programs, python
from tandem.world.processes import adopt_orphans, children, die_with_parent, end, sweep

STEPS = 30  # of the longest kind: the time that a whole walk may take
MANY = 8  # walks that save together what `memory.keep` takes
SAYING = 20.0  # seconds that an answer may take from its first byte to its last
LOOKING = 0.5  # seconds between two looks at the memory of a walk
SPENT = f"the programs of this page held more than {limits.TOGETHER >> 30} GiB of memory together"


def main() -> NoReturn:
    """Import, fork a runner for each socket, and wait for them."""
    task = json.loads(sys.argv[1])
    die_with_parent(signal.SIGTERM)
    gc.disable()
    packages.load()
    with python.without_rare():
        for name in task["modules"]:
            _import(name)
        for one in frameworks.KNOWN.values():
            if one.MODULES[0] in task["modules"]:
                one.rehearse()
    python.leaning()
    python.know_packages()
    programs.folders()
    gc.collect()
    if task["walks"] >= MANY:
        memory.keep()
    gc.freeze()
    memory.gather()
    isolated = namespaces.available()
    runners = []
    for number in task["sockets"]:
        pid = os.fork()
        if pid == 0:
            limits.close_all({0, 1, 2, number})
            _run(socket.socket(fileno=number), Path(task["folder"]), isolated)
        runners.append(pid)
    limits.close_all({0, 1, 2})

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


def _run(main: socket.socket, folder: Path, isolated: bool) -> NoReturn:
    """A runner's life: one walk after the other, each in a process of its own."""
    status = 1
    try:
        die_with_parent(signal.SIGTERM)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        adopt_orphans()
        if isolated:
            namespaces.prepare()
        protocol.send(main, {"isolated": isolated})
        nowhere = os.open(os.devnull, os.O_RDWR)
        for number in (1, 2):  # nobody reads on: what fills a pipe would stop every walk
            os.dup2(nowhere, number)
        while True:
            job = protocol.receive_job(main)
            try:
                answer = _walk(job, folder, isolated)
            except OSError:  # what a loaded machine refuses to this walk, it may give to the next
                what = "the checker could not make a process to follow this page in"
                answer = _failed(job, what, traceback.format_exc())
            protocol.send_answer(main, answer)
    except (protocol.Closed, SystemExit):
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        end(children(os.getpid()))
        sweep()
        os._exit(status)


def _walk(job: Job, folder: Path, isolated: bool) -> Answer:
    """Make a walk in a process of its own, and take its answer, if it is one and in time."""
    ours, theirs = socket.socketpair()
    pid = namespaces.fork() if isolated else os.fork()
    if pid == 0:
        limits.close_all({0, 1, 2, theirs.fileno()})
        _follow(theirs, job, folder, isolated)
    theirs.close()
    seconds = STEPS * job.walk.seconds
    try:
        is_over = _has_spent(ours, pid, seconds)
        answer = protocol.receive_answer(ours, job, SAYING)
        if is_over:
            answer = _failed(job, SPENT, line=_first_fault(answer.result))
    except (protocol.Closed, TimeoutError):
        what = f"the process that followed this page was killed, or took over {seconds:g} s"
        answer = _failed(job, what)
    except protocol.Malformed as error:
        answer = _failed(job, f"the process that followed this page gave no answer: {error}")
    finally:
        ours.close()
    end([pid])
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)
    sweep()
    return answer


def _has_spent(answer: socket.socket, pid: int, seconds: float) -> bool:
    """Wait for an answer; whether all that the walk had started was ended, for its memory.

    The walk itself goes on, and tells which of its steps that was. Raises TimeoutError.
    """
    deadline, found = time.monotonic() + seconds, False
    while not select.select([answer], [], [], LOOKING)[0]:
        if memory.is_over(pid, limits.TOGETHER):
            found = True
            end(children(pid))
        if time.monotonic() > deadline:
            raise TimeoutError
    return found


def _first_fault(result: Result) -> int:
    lines = [one.location.line for outcome in result.outcomes for one in outcome.failures]
    return min(lines, default=1)


def _with_state(job: Job, result: Result, reader: Reader) -> Answer:
    """The answer with the state at the end, where it is wanted; a large one is kept for nobody."""
    if not (job.is_start or job.is_kept):
        return Answer(result, None)
    try:
        return Answer(result, reader.snapshot())
    except TooLarge as error:
        what = f"{error}: too large for other pages to start from"
        return _failed(job, what) if job.is_start else Answer(result, None)


def _failed(job: Job, what: str, detail: str = "", *, line: int = 1) -> Answer:
    page = job.walk.page.name
    failure = Failure(Location(page, line), what, detail)
    outcome = Outcome(line, "page", "the page", "failed", 0.0, (failure,))
    return Answer(Result(page, job.walk.framework, (outcome,)), None)


def _follow(link: socket.socket, job: Job, folder: Path, isolated: bool) -> NoReturn:
    """Follow one page and send what came of it; in a world of its own, where there is one."""
    base = None
    held: list[IO[str]] = []
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        if isolated:
            reader = Reader(job.walk, namespaces.BASE)
        else:
            die_with_parent(signal.SIGKILL)
            adopt_orphans()
            base = tempfile.mkdtemp(dir=folder, prefix="walk-")
            if any(block.kind == "console" for block in job.walk.blocks):
                held.append((folder / "servers.lock").open("w"))  # the machine's ports are shared
                fcntl.flock(held[0], fcntl.LOCK_EX)
            reader = Reader(job.walk, Path(base))
        result = reader.follow()
        answer = _with_state(job, result, reader)
    except BaseException:
        what = "the checker itself failed on this page; this is an error of the checker"
        answer = _failed(job, what, traceback.format_exc())
    with suppress(protocol.Closed):
        protocol.send_answer(link, answer)
    if base is not None:
        shutil.rmtree(base, ignore_errors=True)
    os._exit(0)
