"""Read and write where an example may have written: files alone, and nothing that blocks."""

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


def write(path: Path, text: str) -> None:
    """Make `path` a file that holds `text`; raises OSError where anything else is in its place."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags, 0o666), "w", encoding="utf-8") as file:
        # Emptied only once it is known to be a file: what was looked at before may be another.
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(f"{path.name} is no file")
        file.truncate()
        file.write(text)
