"""Which processes there are below this one, what they hold, and how they end (Linux's /proc).

Where there is no /proc, nothing is found and nothing is claimed.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER = 1, 4, 36


def die_with_parent(number: int) -> None:
    """Have the kernel send this signal when the parent ends (Linux)."""
    _prctl(PR_SET_PDEATHSIG, number)


def adopt_orphans() -> None:
    """Become the parent of every process below that loses its own (Linux)."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def open_to_others(is_open: bool) -> None:
    """Whether another process of this user may look into this one's memory (Linux)."""
    _prctl(PR_SET_DUMPABLE, int(is_open))


def alive(pid: int) -> bool:
    """Whether a process is there and running."""
    return bool(family(pid))


def family(root: int) -> list[int]:
    """A process and all below it that are running."""
    found = []
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        try:
            with open(f"/proc/{pid}/stat") as stat:
                state = stat.read().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if state not in "ZX":
            found.append(pid)
        waiting += children(pid)
    return found


def children(pid: int) -> list[int]:
    """A process's children, by Linux's list of them; none where there is no such list."""
    found: list[int] = []
    with suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as listed:
                found += map(int, listed.read().split())
    return found


def listening(port: int) -> set[str] | None:
    """The sockets that listen on a TCP port, as /proc names them; None without /proc."""
    found: set[str] = set()
    for table in ("/proc/self/net/tcp", "/proc/self/net/tcp6"):
        try:
            rows = [row.split() for row in Path(table).read_text().splitlines()[1:]]
        except OSError:
            return None
        wanted = [row for row in rows if row[3] == "0A" and row[1].endswith(f":{port:04X}")]
        found |= {f"socket:[{row[9]}]" for row in wanted}
    return found


def holds(pid: int, sockets: set[str]) -> bool:
    with suppress(OSError):
        for number in os.listdir(f"/proc/{pid}/fd"):
            with suppress(OSError):
                if os.readlink(f"/proc/{pid}/fd/{number}") in sockets:
                    return True
    return False


def command(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        words = []
    return b" ".join(words).decode("utf-8", "replace").strip()[:80] or f"process {pid}"


def send(pid: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _prctl(option: int, value: int) -> None:
    if _libc is not None:
        _libc.prctl(option, value, 0, 0, 0)


def end(pids: Iterable[int]) -> None:
    """End processes and all below them at once: none starts another meanwhile.

    The first process of a namespace can stop all others in there; elsewhere each found is
    stopped in turn.
    """
    pids = list(pids)
    first = os.getpid() == 1
    if first:
        send(-1, signal.SIGSTOP)
    else:
        for pid in [one for root in pids for one in family(root)]:
            send(pid, signal.SIGSTOP)
    for pid in [one for root in pids for one in family(root)]:
        send(pid, signal.SIGKILL)
    if first:
        send(-1, signal.SIGCONT)


def sweep(keep: Iterable[int] = ()) -> list[str]:
    """End every process below this one but `keep` and theirs; returns what still ran."""
    roots = set(keep)
    found: dict[int, str] = {}
    while strays := [pid for pid in children(os.getpid()) if pid not in roots]:
        for pid in [one for stray in strays for one in family(stray)]:
            found.setdefault(pid, command(pid))
        end(strays)
        for pid in strays:
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)
    return list(dict.fromkeys(found.values()))
