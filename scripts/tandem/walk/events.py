"""What the Pythons of a walk report: that they began, were refused something, stopped early."""

from __future__ import annotations

import json
import os
import re
import select
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tandem.world import processes, zygote

FRAME = re.compile(r'  File "(.+)", line (\d+)(?:,? in (\S+))?')
MOST = 10_000  # reports of one step that are kept
SIZE = 1 << 16
# Linux keeps only ten datagrams (unix(7), net.unix.max_dgram_qlen); macOS knows no packets.
KIND = socket.SOCK_SEQPACKET if sys.platform == "linux" else socket.SOCK_DGRAM


@dataclass(frozen=True, slots=True)
class Frame:
    """One line of a traceback."""

    file: str
    line: int
    name: str


class Events:
    """The end where reports arrive; `sender` and `trace` are for the processes of the walk."""

    def __init__(self) -> None:
        self.link, self.sender = socket.socketpair(socket.AF_UNIX, KIND)
        self.link.setblocking(False)
        self.stack, self.trace = os.pipe()
        self.rows: list[dict[str, Any]] = []
        self.refused: list[dict[str, Any]] = []
        self.running: dict[int, list[str]] = {}
        # Kept from one command to the next: that a Python has ended may be told after its command.
        self.done: set[int] = set()

    def pump(self) -> None:
        """Take in what has been reported."""
        while True:
            try:
                data = self.link.recv(SIZE)
            except BlockingIOError:
                return
            with suppress(ValueError):
                row = json.loads(data)
                if (
                    isinstance(row, dict)
                    and isinstance(row.get("pid"), int)
                    and len(self.rows) < MOST
                ):
                    self._take(row)

    def _take(self, row: dict[str, Any]) -> None:
        if "refused" in row:
            self.refused.append(row)
        elif isinstance(row.get("arguments"), list):
            self.running[row["pid"]] = [str(word) for word in row["arguments"]]
            self.done.discard(row["pid"])
        if row.get("done"):
            self.done.add(row["pid"])
        if "ended" in row:
            self.running.pop(row["pid"], None)
        self.rows.append(row)

    def clear(self) -> None:
        """Forget what was reported before the next command."""
        self.pump()
        self.rows.clear()

    def commands(self) -> list[list[str]]:
        """The command lines of Pythons that run now."""
        return list(self.running.values())

    def early(self) -> Frame | None:
        """Where an example ended a run by an exit with status 0 from its midst."""
        return next((_frame(row["early"]) for row in self.rows if "early" in row), None)

    def broken_off(self) -> bool:
        """Whether a Python ended with status 0 without having come to its end."""
        return any(row.get("ended") == 0 and row["pid"] not in self.done for row in self.rows)

    def refusals(self) -> list[tuple[str, Frame | None]]:
        """What the guard has refused since the last call: the sentence, and the line that tried."""
        self.pump()
        found = [(str(row["refused"]), _frame(row.get("place"))) for row in self.refused]
        self.refused.clear()
        return found

    def where(self, pids: Sequence[int] | None = None) -> list[Frame]:
        """Where the Pythons that run now are, the outermost frame first."""
        for pid in list(self.running) if pids is None else pids:
            processes.send(pid, zygote.WHERE)
        dump = b""
        while select.select([self.stack], [], [], 0.5 if not dump else 0.1)[0]:
            dump += os.read(self.stack, SIZE)
            if len(dump) > SIZE:
                break
        rows = FRAME.findall(dump.decode("utf-8", "replace"))
        return [Frame(file, int(line), name) for file, line, name in reversed(rows)]

    def close(self) -> None:
        for end in (self.link, self.sender):
            end.close()
        for number in (self.stack, self.trace):
            os.close(number)


def _frame(place: Any) -> Frame | None:
    if isinstance(place, list) and len(place) == 3 and isinstance(place[1], int):
        return Frame(str(place[0]), place[1], str(place[2]))
    return None
