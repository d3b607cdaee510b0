"""Results and end states of walks that held, kept under the digest of all they depend on."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
import shutil
import stat
import sys
import sysconfig
import time
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tandem.outcome import Result
from tandem.run.protocol import result_of

KEEP_SECONDS = 14 * 24 * 3600
RESULT = "result.json"
STATE = "state.tar"
KEY_SIZE = 32


class Cache:
    """A folder with one folder a walk: its result and, where a page starts there, its state.

    Entries are signed with a key that lies outside of every checkout: a folder that came with
    somebody's branch is not believed.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.secret = _secret(folder.resolve().parents[1])

    def result(self, key: str) -> Result | None:
        """What the walk gave when it held; None if it is not known."""
        file = self.folder / key / RESULT
        try:
            entry = json.loads(file.read_text())
            signature, state, data = entry["signature"], entry["state"], entry["result"]
            if not hmac.compare_digest(signature, self._signature(key, data, state)):
                return None
            os.utime(file)
            return replace(result_of(data), cached=True)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def state(self, key: str) -> bytes | None:
        """The walk's end state; None if it was not kept, or is another one."""
        try:
            wanted = json.loads((self.folder / key / RESULT).read_text())["state"]
            state = (self.folder / key / STATE).read_bytes()
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return state if hashlib.sha256(state).hexdigest() == wanted else None

    def keep(self, key: str, result: Result, state: bytes | None) -> None:
        """Keep a result that held, and its end state."""
        folder = self.folder / key
        folder.mkdir(parents=True, exist_ok=True)
        if state is not None:
            (folder / STATE).write_bytes(state)
        digest = hashlib.sha256(state).hexdigest() if state is not None else ""
        data = json.loads(json.dumps(asdict(result)))
        entry = {"signature": self._signature(key, data, digest), "state": digest, "result": data}
        (folder / RESULT).write_text(json.dumps(entry))

    def _signature(self, key: str, data: Any, state: str) -> str:
        text = json.dumps([key, state, data], sort_keys=True)
        return hmac.new(self.secret, text.encode(), hashlib.sha256).hexdigest()

    def prune(self) -> None:
        """Forget what no check has asked for in two weeks."""
        limit = time.time() - KEEP_SECONDS
        for file in self.folder.glob(f"*/{RESULT}"):
            if file.stat().st_mtime < limit:
                shutil.rmtree(file.parent, ignore_errors=True)


def _secret(checkout: Path) -> bytes:
    """The key of this user's checks: made on first use, readable by nobody else.

    Where that cannot be, it is a key for this check alone, so that nothing is remembered: what
    lies in a checkout may have come with a branch.
    """
    fresh = secrets.token_bytes(KEY_SIZE)
    home = Path(os.environ.get("XDG_CACHE_HOME", ""))
    # https://specifications.freedesktop.org/basedir-spec/latest/: what is relative is ignored
    file = (home if home.is_absolute() else Path.home() / ".cache") / "tandem" / "key"
    if file.resolve().is_relative_to(checkout):
        return fresh
    if found := _own(file):
        return found
    with suppress(OSError):
        file.unlink(missing_ok=True)
        file.parent.mkdir(parents=True, exist_ok=True)
        number = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(number, "wb") as stream:
            stream.write(fresh)
        return fresh
    return _own(file) or fresh  # another check was faster


def _own(file: Path) -> bytes | None:
    """The key in a file that is this user's and nobody else's to read; None if it is not."""
    try:
        number = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(number, "rb") as stream:
        about = os.fstat(number)
        plain = stat.S_ISREG(about.st_mode) and not about.st_mode & 0o077
        key = stream.read(KEY_SIZE + 1) if plain and about.st_uid == os.geteuid() else b""
    return key if len(key) == KEY_SIZE else None


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
