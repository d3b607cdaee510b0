"""The memory of processes: copied as seldom as can be when they fork, and bounded as a sum."""

from __future__ import annotations

import ctypes
import gc
import sys
from contextlib import suppress
from pathlib import Path
from sysconfig import get_config_var

from tandem.world import processes

LARGE = 2 << 20
IMMORTAL = 0xFFFFFFFF  # in the lower half of an object's count
MADV_COLLAPSE = 25  # since Linux 6.1; what does not know it refuses, and nothing is changed


def gather() -> None:
    """Put together the pages that hold data now; to be called once before forking.

    A process that forks copies its table of pages, and its child frees that again: with pages of
    2 MiB in the place of those of 4 KiB, both are done in half the time.
    """
    if sys.platform != "linux":
        return
    madvise = ctypes.CDLL(None).madvise
    with suppress(OSError):
        for row in Path("/proc/self/maps").read_text().splitlines():
            place, may, _, _, _, *file = row.split(maxsplit=5)
            if may == "rw-p" and file in ([], ["[heap]"]):
                first, end = (int(address, 16) for address in place.split("-"))
                first = (first + LARGE - 1) // LARGE * LARGE
                size = (end - first) // LARGE * LARGE
                if size > 0:
                    madvise(ctypes.c_void_p(first), ctypes.c_size_t(size), MADV_COLLAPSE)


def keep() -> None:
    """Have no use of what is in memory now change it; to be called once before forking.

    An object holds the count of its uses, so that a child which only reads it has its page copied,
    in hundreds of processes for all that was imported. What is immortal is not counted
    (https://peps.python.org/pep-0683/), and what is imported here is never freed.
    """
    if sys.implementation.name != "cpython" or not (3, 12) <= sys.version_info < (3, 15):
        return
    if sys.byteorder != "little" or sys.maxsize < 1 << 32 or get_config_var("Py_GIL_DISABLED"):
        return
    seen: dict[int, object] = {}
    fresh = {id(one): one for one in gc.get_objects()}
    while fresh:
        seen |= fresh
        found = gc.get_referents(*fresh.values())
        fresh = {id(one): one for one in found if id(one) not in seen}
    del found, fresh
    for number in seen:
        ctypes.c_uint32.from_address(number).value = IMMORTAL


def is_over(root: int, limit: int) -> bool:
    """Whether a process and all below it hold more than `limit` bytes together (Linux).

    Looked at twice a second, and so roughly first: there a page that a process shares with those
    that it was forked from counts for each. Where that is too much, it counts once.
    """
    pids = processes.family(root)
    if sum(_held(pid, "status", (b"RssAnon:", b"RssShmem:")) for pid in pids) <= limit:
        return False
    return sum(_held(pid, "smaps_rollup", (b"Pss_Anon:", b"Pss_Shmem:")) for pid in pids) > limit


def _held(pid: int, file: str, names: tuple[bytes, ...]) -> int:
    """The sum of some rows of a file in /proc; 0 for a process that is gone."""
    with suppress(OSError):
        rows = map(bytes.split, processes.read(f"/proc/{pid}/{file}").splitlines())
        return sum(int(row[1]) << 10 for row in rows if row and row[0] in names)
    return 0
