"""Results and end states of walks that held, kept under the digest of all they depend on."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import sysconfig
import time
from dataclasses import asdict
from pathlib import Path

from tandem.outcome import Outcome, Result

KEEP_SECONDS = 14 * 24 * 3600
RESULT = "result.json"
STATE = "state.tar"


class Cache:
    """A folder with one folder a walk: its result and, where a page starts there, its state."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def result(self, key: str) -> Result | None:
        """What the walk gave when it held; None if it is not known."""
        file = self.folder / key / RESULT
        try:
            data = json.loads(file.read_text())
            os.utime(file)
        except (OSError, ValueError):
            return None
        outcomes = tuple(Outcome(**{**row, "failures": ()}) for row in data.pop("outcomes"))
        return Result(**{**data, "outcomes": outcomes, "cached": True})

    def state(self, key: str) -> bytes | None:
        """The walk's end state; None if it was not kept."""
        try:
            return (self.folder / key / STATE).read_bytes()
        except OSError:
            return None

    def keep(self, key: str, result: Result, state: bytes | None) -> None:
        """Keep a result that held, and its end state."""
        folder = self.folder / key
        folder.mkdir(parents=True, exist_ok=True)
        if state is not None:
            (folder / STATE).write_bytes(state)
        (folder / RESULT).write_text(json.dumps(asdict(result)))

    def prune(self) -> None:
        """Forget what no check has asked for in two weeks."""
        limit = time.time() - KEEP_SECONDS
        for file in self.folder.glob(f"*/{RESULT}"):
            if file.stat().st_mtime < limit:
                shutil.rmtree(file.parent, ignore_errors=True)


def environment(seconds: float) -> str:
    """A digest of the checker itself and of everything installed beside it."""
    checker = Path(__file__).parents[1]
    installed = sorted(
        entry.name
        for entry in os.scandir(sysconfig.get_path("purelib"))
        if entry.name.endswith(".dist-info")
    )
    whole = hashlib.sha256(f"{sys.version}\0{sys.platform}\0{seconds}\0{installed}".encode())
    for file in sorted(checker.rglob("*.py")):
        whole.update(file.read_bytes())
    return whole.hexdigest()
