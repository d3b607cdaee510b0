"""Check the pages that are being edited, at each save: watch.py [PAGE ...]; docs/ if none is given.

The failure at the top, nothing above it. What has not changed comes from the cache.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from watchfiles import watch

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
    watched = pages or [ROOT / "docs"]
    seen = _saved(watched)
    failing: set[Path] = set()
    if pages:
        failing = set() if check(pages) else set(pages)
    else:
        print("watching docs/ for the next save; Ctrl+C ends", flush=True)
    folders = {page.parent for page in pages} or set(watched)
    waking = watch(
        *folders,
        debounce=100,
        step=20,
        rust_timeout=500,
        yield_on_timeout=True,
        raise_interrupt=False,
    )
    for _ in waking:  # what has changed is looked up: a save during a check counts too
        now = _saved(watched)
        todo = {page for page, when in now.items() if seen.get(page) != when}
        seen = now
        if todo:
            todo |= failing & now.keys()
            failing = set() if check(sorted(todo)) else todo
    return 0


def _saved(watched: list[Path]) -> dict[Path, int]:
    """When each page was saved last."""
    files = [file for path in watched for file in ([path] if path.suffix else path.rglob("*.md"))]
    return {file: file.stat().st_mtime_ns for file in files if file.is_file()}


if __name__ == "__main__":
    sys.exit(main())
