"""Check the pages that are being edited, at each save: watch.py [PAGE ...]; docs/ if none is given.

The failure at the top, nothing above it. What has not changed comes from the cache.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from watchfiles import Change, watch

ROOT = Path(__file__).resolve().parents[1]
CHECK = Path(__file__).with_name("check_examples.py")
CLEAR = "\x1b[2J\x1b[3J\x1b[H"


def check(pages: list[Path]) -> bool:
    """Check pages and show what came, on an empty screen; returns whether they hold."""
    started = time.monotonic()
    names = [
        str(page.relative_to(ROOT)) if page.is_relative_to(ROOT) else str(page) for page in pages
    ]
    command = [sys.executable, str(CHECK), *names]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    print(CLEAR if sys.stdout.isatty() else "", end="")
    if done.returncode:
        print(done.stdout.rstrip() or done.stderr.rstrip())
    else:
        took = time.monotonic() - started
        print(f"{', '.join(names)} held, {took:.1f} s: {done.stdout.rstrip()}")
    print("watching for the next save; Ctrl+C ends", flush=True)
    return done.returncode == 0


def main() -> int:
    """Returns 2 when a page is missing."""
    pages = [Path(name).resolve() for name in sys.argv[1:]]
    if missing := [page for page in pages if not page.is_file()]:
        print(f"watch: there is no page `{missing[0]}`", file=sys.stderr)
        return 2
    if pages:
        check(pages)
    else:
        print("watching docs/ for the next save; Ctrl+C ends", flush=True)
    folders = {page.parent for page in pages} or {ROOT / "docs"}

    def wanted(_: Change, path: str) -> bool:
        return path.endswith(".md") and (not pages or Path(path) in pages)

    failing: set[Path] = set()
    for changes in watch(
        *folders, watch_filter=wanted, debounce=100, step=20, raise_interrupt=False
    ):
        saved = {Path(path).resolve() for kind, path in changes if kind != Change.deleted}
        todo = sorted(one for one in saved | failing if one.is_file())
        if todo:
            failing = set() if check(todo) else set(todo)
    return 0


if __name__ == "__main__":
    sys.exit(main())
