"""Run a command as a plain user, although root runs the tests: `plain_user.py FOLDER COMMAND…`.

He owns FOLDER, where he works, and reads the checkout and its Python even where those lie in a
home that is closed to him: in a mount namespace of this command's own, the closed folder is
covered by an empty one with nothing but the ways to them.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from tandem.world import namespaces
from tandem.world.namespaces import MS_BIND, MS_PRIVATE, MS_REC, NOBODY

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    folder, *command = sys.argv[1:]
    os.unshare(os.CLONE_NEWNS)
    namespaces._mount(None, Path("/"), flags=MS_REC | MS_PRIVATE)
    open_ways([Path(sys.base_prefix), Path(sys.prefix), ROOT, Path(folder)])
    for path in (Path(folder), *Path(folder).rglob("*")):
        shutil.chown(path, NOBODY, NOBODY)
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)
    os.chdir(ROOT)
    home = {"HOME": folder, "TMPDIR": folder, "XDG_CACHE_HOME": folder}
    os.execve(command[0], command, {**os.environ, **home})


def open_ways(wanted: list[Path]) -> None:
    """Make every folder above these one that all may pass, without a change to the disk."""
    held = {path: os.open(path, os.O_PATH) for path in wanted}
    while closed := [one for path in wanted if (one := closed_above(path))]:
        namespaces._mount("tmpfs", closed[0], "mode=755")
        for path, number in held.items():
            if path.is_relative_to(closed[0]):
                path.mkdir(parents=True)
                namespaces._mount(f"/proc/self/fd/{number}", path, flags=MS_BIND | MS_REC)


def closed_above(path: Path) -> Path | None:
    """The highest folder above a path that other users may not pass."""
    return next((one for one in reversed(path.parents) if not one.stat().st_mode & 1), None)


if __name__ == "__main__":
    main()
