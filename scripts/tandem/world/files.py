"""Read what an example may have written: a file, in part, and never something that blocks."""

from __future__ import annotations

import os
import stat
from pathlib import Path

LIMIT = 8 << 20  # bytes; no file that a page shows comes near


def read(path: Path, limit: int = LIMIT) -> str:
    """The first `limit` bytes of a regular file as text; raises OSError for anything else."""
    number = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise OSError(f"{path.name} is no file")
        return os.read(number, limit).decode("utf-8", "replace")
    finally:
        os.close(number)
