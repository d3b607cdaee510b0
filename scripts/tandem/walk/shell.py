"""One terminal of a page's reader: a real bash, into which commands are typed as they stand."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from tandem.world import limits, processes, programs, tty, zygote
from tandem.world.tty import Mark, Tty

OPTIONS = ["--noprofile", "--noediting", "-i"]
# Where a prompt stands, a line goes on, an output begins, and what its status was. The exported
# variables and the folder are written down at each prompt: a second terminal starts from them.
# Variables that are told to the shell come in by a file, read at its prompt: as after a press of
# Enter, `$?` and all else that belongs to the last command are what they were.
START = r"""
PS1='\[\e]133;A\a\]'
PS2='\[\e]133;P\a\]'
PS0='\e]133;C\a'
HISTFILE=
PROMPT_COMMAND=__at_prompt
__at_prompt() {{
    local status=$?
    printf '\e]133;D;%s\a' "$status"
    [[ -e {news} ]] && . {news}
    {{ export -p; printf 'builtin cd -- %q\n' "$PWD"; }} >| {state}
    return $status
}}
"""


class Shell:
    """A terminal. `output` is what came since the last command began, as far as it is not taken."""

    def __init__(
        self,
        number: int,
        place: zygote.Place,
        environment: dict[str, str],
        folder: Path,
        start: Path | None,
    ) -> None:
        """`start`: the state of another terminal that this one begins in, `environment` else."""
        run = place.base / "run"
        self.state = run / f"state-{number}"
        rc = run / f"rc-{number}"
        before = f". {shlex.quote(str(start))}\n" if start is not None and start.exists() else ""
        self.news = run / f"news-{number}"
        self.told: dict[str, str] = {}  # the variables that came in by it
        state, news = shlex.quote(str(self.state)), shlex.quote(str(self.news))
        rc.write_text(before + START.format(state=state, news=news))
        bash = shutil.which("bash", path=programs.SYSTEM) or "/bin/bash"
        words = [bash, "--rcfile", str(rc), *OPTIONS]

        def life() -> NoReturn:
            server = socket.socket(socket.AF_UNIX)
            server.bind(str(run / str(os.getsid(0))))
            server.listen(64)
            if os.fork() == 0:
                os.setpgid(0, 0)
                processes.die_with_parent(signal.SIGKILL)
                limits.close_all({0, 1, 2, server.fileno(), place.events.fileno(), place.trace})
                zygote.serve(place, server)
            server.close()
            tty.exec_shell(words, environment, str(folder))

        self.tty = Tty(life)
        self.lines: tuple[str, ...] = ()
        self.left: list[str] = []
        self.typed = ""  # what the terminal shows of keys that were pressed
        self.output = ""
        self.status: int | None = None
        self.begun = False
        self.asks_more = False
        self.ready = False

    @property
    def gone(self) -> bool:
        return not self.tty.open

    @property
    def text(self) -> str:
        """What the terminal shows of the output."""
        return tty.shown(self.output)

    def pump(self, seconds: float) -> bool:
        """Take in what came; returns whether anything did."""
        came = self.tty.pump(seconds)
        for one in came:
            if isinstance(one, Mark):
                self._mark(one)
            elif self.begun:
                self.output += one
            else:
                self.typed += one
        return bool(came)

    def _mark(self, mark: Mark) -> None:
        if mark.kind == "C":
            self.begun = True
        elif mark.kind == "P":
            self.asks_more = True
        elif mark.kind == "D":
            if not self.begun:  # the shell itself has spoken, of a command that it could not read
                self.output = _without_echo(self.typed, self.lines)
            self.status = mark.value
        elif mark.kind == "A":
            self.ready = True

    def begin(self, lines: tuple[str, ...]) -> None:
        """Type the first line of a command; `more` types those that follow."""
        self.typed, self.output, self.status = "", "", None
        self.begun = self.asks_more = self.ready = False
        self.lines = lines
        self.left = list(lines[1:])
        self.tty.type(lines[0] + "\n")

    def tell(self, variables: Mapping[str, str]) -> None:
        """Have variables exported before the next command; done when it is ready again."""
        rows = [f"export {name}={shlex.quote(value)}\n" for name, value in variables.items()]
        self.news.write_text("".join(rows))
        self.told |= variables
        self.begin(("",))

    def more(self) -> bool:
        """Type the next line once the shell asks for it; returns whether one was left."""
        if not self.left:
            return False
        self.asks_more = False
        self.tty.type(self.left.pop(0) + "\n")
        return True

    def listeners(self) -> set[int]:
        """The processes in this terminal."""
        return set(processes.family(self.tty.leader))

    def close(self) -> None:
        self.tty.close()


def _without_echo(typed: str, lines: tuple[str, ...]) -> str:
    """What was shown before any output began, without the lines that were typed."""
    text = typed.replace("\r\n", "\n")
    for line in lines:
        if text.startswith(f"{line}\n"):
            text = text[len(line) + 1 :]
    return text


def environment_of(state: Path, first: dict[str, str]) -> tuple[dict[str, str], Path | None]:
    """The exported variables and the folder of a terminal at its prompt, as its shell wrote."""
    if not state.is_file():
        return first, None
    done = subprocess.run(
        ["/bin/bash", "-c", f". {shlex.quote(str(state))} && pwd && exec env -0"],
        env={"PATH": os.defpath},
        capture_output=True,
        check=False,
        timeout=5,
    )
    folder, _, rest = done.stdout.decode("utf-8", "surrogateescape").partition("\n")
    pairs = [row.partition("=") for row in rest.split("\0") if row]
    hidden = {"_", "SHLVL", "PWD", "OLDPWD"}
    found = {name: value for name, _, value in pairs if name not in hidden}
    return (found, Path(folder)) if found else (first, None)
