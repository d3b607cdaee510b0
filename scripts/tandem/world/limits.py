"""What a process of an example may use, and which open files it may inherit."""

from __future__ import annotations

import os
import resource
from collections.abc import Set

OUTPUT = 1 << 20
MEMORY = 1 << 30  # of one process
TOGETHER = 2 << 30  # of memory, for all processes of a walk
FILE = 1 << 28
OPEN_FILES = 256


def apply() -> None:
    """Bound this process and all that it starts."""
    for kind, value in (
        (resource.RLIMIT_DATA, MEMORY),
        (resource.RLIMIT_FSIZE, FILE),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(kind)
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))


def close_all(keep: Set[int]) -> None:
    """Close every open file but these, whatever its number."""
    start = 0
    for number in [*sorted(keep), 1 << 30]:
        if start < number:  # an empty range would close everything
            os.closerange(start, number)
        start = number + 1
