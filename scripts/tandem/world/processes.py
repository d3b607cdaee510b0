"""Which processes there are below this one, what they hold, and how they end (Linux's /proc).

Where there is no /proc, nothing is found and nothing is claimed.
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import struct
import sys
import time
from collections.abc import Iterable
from contextlib import suppress

NETLINK_SOCK_DIAG, SOCK_DIAG_BY_FAMILY, DUMP, TCP_LISTEN = 4, 20, 0x301, 10
NLMSG_ERROR, NLMSG_DONE = 2, 3
# read, select, pselect6
READING = {"x86_64": (0, 23, 270), "generic": (63, 72)}
SLEEPING = {"x86_64": (b"35", b"230"), "generic": (b"101", b"115")}  # nanosleep, clock_nanosleep
NAMELESS = 50  # milliseconds that a process has to get its command line
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
            state = _state(f"/proc/{pid}/stat")
        except OSError:
            continue
        if state not in b"ZX":
            found.append(pid)
        waiting += children(pid)
    return found


def _state(stat: str) -> bytes:
    """The letter for what a process or thread does, from its file `stat`."""
    return read(stat).rpartition(b")")[2].split(None, 1)[0]


def read(file: str) -> bytes:
    """What a file of /proc says: hundreds are read a second, and `open` takes thrice as long."""
    number = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        found = b""
        while part := os.read(number, 4096):
            found += part
        return found
    finally:
        os.close(number)


def children(pid: int) -> list[int]:
    """A process's children, by Linux's list of them; none where there is no such list."""
    found: list[int] = []
    with suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            found += map(int, read(f"/proc/{pid}/task/{task}/children").split())
    return found


def listening() -> dict[int, set[str]]:
    """The TCP ports that are listened on, each with its sockets' inodes; {} where none can tell."""
    try:
        return _asked_kernel()
    except (OSError, AttributeError, struct.error):
        return _read_tables()


def _asked_kernel() -> dict[int, set[str]]:
    """By sock_diag(7), which looks at what listens alone: the tables in /proc hold everything."""
    found: dict[int, set[str]] = {}
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_SOCK_DIAG) as link:
        link.settimeout(1)
        for family in (socket.AF_INET, socket.AF_INET6):
            wanted = struct.pack("=BBBBI48x", family, socket.IPPROTO_TCP, 0, 0, 1 << TCP_LISTEN)
            head = struct.pack("=IHHII", 16 + len(wanted), SOCK_DIAG_BY_FAMILY, DUMP, 1, 0)
            link.send(head + wanted)
            ended = False
            while not ended:
                data = link.recv(1 << 16)
                while data:
                    size, kind = struct.unpack_from("=IH", data)
                    if kind == NLMSG_ERROR:
                        raise OSError("sock_diag")
                    if ended := kind == NLMSG_DONE:
                        break
                    (port,) = struct.unpack_from(">H", data, 16 + 4)
                    (inode,) = struct.unpack_from("=I", data, 16 + 68)
                    found.setdefault(port, set()).add(str(inode))
                    data = data[(size + 3) & ~3 :]
    return found


def _read_tables() -> dict[int, set[str]]:
    found: dict[int, set[str]] = {}
    for table in ("/proc/self/net/tcp", "/proc/self/net/tcp6"):
        with suppress(OSError), open(table) as rows:
            next(rows, None)
            for row in map(str.split, rows):
                if row[3] == "0A":
                    found.setdefault(int(row[1].rpartition(":")[2], 16), set()).add(row[9])
    return found


def owners(inode: str) -> set[int]:
    """The processes that hold a socket."""
    wanted, found = f"socket:[{inode}]", set()
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with suppress(OSError):
                for number in os.listdir(f"/proc/{entry}/fd"):
                    if os.readlink(f"/proc/{entry}/fd/{number}") == wanted:
                        found.add(int(entry))
                        break
    return found


def is_asleep(pid: int) -> bool:
    """Whether all threads of a process wait for something; True for one that is gone."""
    with suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            if _state(f"/proc/{pid}/task/{task}/stat") not in b"SIZXt":
                return False
    return True


def pauses(pid: int) -> int:
    """How often the first thread of a process has gone to sleep."""
    with suppress(OSError, IndexError, ValueError):
        status = read(f"/proc/{pid}/task/{pid}/status")
        return int(status.partition(b"\nvoluntary_ctxt_switches:")[2].split(None, 1)[0])
    return 0


def nap(pid: int) -> int | None:
    """Which of its pauses the first thread of a process is in, if it sleeps for a time now.

    A thread that waits for a lock pauses too, but not so. Where the kernel does not tell what a
    thread does, every pause is taken for such a sleep. A process that is gone does not sleep.
    """
    if not (before := pauses(pid)):
        return None
    try:
        number = read(f"/proc/{pid}/syscall").split(None, 1)[0]
    except (OSError, IndexError):
        return before
    known = SLEEPING.get(os.uname().machine, SLEEPING["generic"])
    return before if number in known and pauses(pid) == before else None


def reads(pid: int, terminal: str) -> bool:
    """Whether a process waits for keys of a terminal: in read(2), or in a select of it alone.

    Numbers of system calls: x86-64 and the generic table of newer architectures.
    """
    plain, *selects = READING.get(os.uname().machine, READING["generic"])
    try:
        words = read(f"/proc/{pid}/syscall").split(None, 2)[:2]
        number, first = (int(word, 0) for word in words)
        if number == plain:
            held = first
        elif number in selects and first == 1:  # how many files: the first, which is its input
            held = 0
        else:
            return False
        return os.readlink(f"/proc/{pid}/fd/{held}") in {terminal, "/dev/tty"}
    except (OSError, ValueError):
        return False


def command(pid: int) -> str:
    """The command line of a process; "" for one that is about to be gone and has none any more.

    One that has a program of its own since a moment has not got its line yet.
    """
    words = b""
    for _ in range(NAMELESS):
        with suppress(OSError):
            words = read(f"/proc/{pid}/cmdline")
        if words or not alive(pid):
            break
        time.sleep(0.001)
    return words.replace(b"\0", b" ").decode("utf-8", "replace").strip()[:80]


def names(commands: dict[int, str]) -> list[str]:
    """What to call processes, each command once; those without one only where no other has one.

    Of many that start and end, some are met in the midst of their end, and would be told beside
    their own kind as if they were something else.
    """
    named = [text for text in commands.values() if text]
    return list(dict.fromkeys(named)) or [f"process {pid}" for pid in commands]


def send(pid: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _prctl(option: int, value: int) -> None:
    if _libc is not None:
        _libc.prctl(option, value, 0, 0, 0)


def end(pids: Iterable[int]) -> None:
    """End processes and all below them; each is stopped first, so that none starts another."""
    pids = list(pids)
    stopped: set[int] = set()
    while fresh := {one for root in pids for one in family(root)} - stopped:
        for pid in fresh:
            send(pid, signal.SIGSTOP)
        stopped |= fresh
    for pid in stopped:
        send(pid, signal.SIGKILL)


def sweep(keep: Iterable[int] = ()) -> list[str]:
    """End every process below this one but `keep` and theirs; returns what still ran.

    With nothing to keep, the first process of a namespace stops all others in there at once: what
    forks faster than it is found does not get away.
    """
    roots = set(keep)
    found: dict[int, str] = {}
    while strays := [pid for pid in children(os.getpid()) if pid not in roots]:
        if not roots and os.getpid() == 1:
            send(-1, signal.SIGSTOP)
        for pid in [one for stray in strays for one in family(stray)]:
            found.setdefault(pid, command(pid))
        end(strays)
        for pid in strays:
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)
        if not roots and os.getpid() == 1:
            send(-1, signal.SIGCONT)
    return names(found)
