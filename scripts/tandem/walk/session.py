"""A `pycon` block's session: an interactive Python in a terminal, typed into as a person would."""

from __future__ import annotations

import faulthandler
import gc
import os
import signal
import sys
import time
from code import InteractiveConsole
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NoReturn

from tandem import frameworks
from tandem.walk.wire import Home
from tandem.world import guard, limits, processes, python, tty, zygote
from tandem.world.tty import Mark, Tty

DONE = 73  # the status of a session that came to its end, which an example cannot know of
FIRST, NEXT = "\x1b]133;A\x07", "\x1b]133;P\x07"


class Session:
    """A session that lives on from block to block, until it ends itself or a file changes."""

    def __init__(self, home: Home, seconds: float, meanwhile: Callable[[], None]) -> None:
        """`meanwhile` takes in what the page's servers print, who would wait for that."""
        self.seconds = seconds
        self.meanwhile = meanwhile
        self.tty = Tty(lambda: _live(home))
        self.output = ""
        self.prompt = ""
        self.echo = False

    @property
    def gone(self) -> bool:
        return not self.tty.open

    def wait(self) -> str:
        """What is printed until the next prompt; raises TimeoutError when none comes in time."""
        deadline = time.monotonic() + self.seconds
        while not self.prompt and self.tty.open:
            self.meanwhile()
            for one in self.tty.pump(0.05):
                if isinstance(one, Mark):
                    self.prompt = one.kind if one.kind in "AP" else self.prompt
                else:
                    self.output += one
            if len(self.output) > limits.OUTPUT:
                raise OverflowError("printed more than 1 MiB")
            if time.monotonic() > deadline:
                raise TimeoutError(f"did not finish in {self.seconds:g} seconds")
        text, self.output = self.output, ""
        if self.echo:
            _, _, text = text.partition("\n")
        self.echo = False
        return tty.shown(text)

    def type(self, line: str) -> str:
        """Type a line at a prompt; returns what is printed until the next one."""
        self.prompt, self.echo = "", True
        self.tty.type(line + "\n")
        return self.wait()

    def run(self, lines: tuple[str, ...]) -> str:
        """Type an example; returns what it printed. Raises Wrong as `wait` raises."""
        printed = ""
        for line in lines:
            if self.gone:
                break
            printed += self.type(line)
        if self.prompt == "P" and not self.gone:
            printed += self.type("")
        return printed

    def children(self) -> list[str]:
        """The commands of processes that the session has started and that still run; ends them."""
        found = [pid for pid in processes.family(self.tty.leader) if pid != self.tty.leader]
        commands = {pid: processes.command(pid) for pid in found}
        processes.end(found)
        return processes.names(commands)

    def status(self) -> str:
        """How the session ended, if not by its own `exit()`; "" else."""
        with suppress(ChildProcessError):
            _, status = os.waitpid(self.tty.leader, 0)
            code = os.waitstatus_to_exitcode(status)
            if code < 0:
                return f"it was ended by {signal.Signals(-code).name}"
            if code != DONE:
                return f"it ended with status {code}, by `os._exit`"
        return ""

    def close(self) -> None:
        self.tty.close()


class _Console(InteractiveConsole):
    """Python's own interactive console; its prompts are marked, and errors end no session."""

    def raw_input(self, prompt: str = "") -> str:
        sys.stdout.flush()
        return super().raw_input(prompt)


def _live(home: Home) -> NoReturn:
    status = 70
    try:
        events = os.dup(home.place.events.fileno())
        trace = os.dup(home.place.trace)
        limits.close_all({0, 1, 2, events, trace})
        limits.apply()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.chdir(home.folder)
        processes.open_to_others(True)
        faulthandler.register(zygote.WHERE, file=trace, all_threads=False)
        gc.enable()
        base = home.place.base / "env"
        python.become(base / "bin" / "python", base / "site-packages", home.environment)
        guard.install(home.place.rules, zygote.say_to(events), fork=True)
        _interact(frameworks.KNOWN[home.framework].shell)
        status = DONE
    except BaseException:
        import traceback

        traceback.print_exc()
        status = 1
    finally:
        sys.stdout.flush()
        os._exit(status)


def _interact(shell: Any) -> None:
    names: Mapping[str, Any] = {"__name__": "__console__", "__doc__": None}
    sys.path.insert(0, os.getcwd())
    python.forget_shadowed([os.getcwd()])
    found = dict(shell())
    sys.ps1, sys.ps2 = f"{FIRST}", f"{NEXT}"
    console = _Console({**names, **found}, "<stdin>")
    with suppress(SystemExit):
        console.interact(banner="", exitmsg="")
