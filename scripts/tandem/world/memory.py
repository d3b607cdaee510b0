"""Have the kernel keep what this process has in memory in large pages, where it can.

A process that forks copies its table of pages, and its child frees that again: with pages of
2 MiB in the place of those of 4 KiB, both are done in half the time.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress
from pathlib import Path

LARGE = 2 << 20
MADV_COLLAPSE = 25  # since Linux 6.1; what does not know it refuses, and nothing is changed


def gather() -> None:
    """Put together the pages that hold data now; to be called once before forking."""
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
