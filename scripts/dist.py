"""Prepare a built site for a server that compresses nothing itself: dist.py SITE DIST.

`DIST/site` is the site, `DIST/gzip` and `DIST/br` are the same files with each text compressed:
the server chooses a folder, and an address stays a file's name.
"""

from __future__ import annotations

import gzip
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import brotli

TEXTS = {".html", ".css", ".js", ".mjs", ".json", ".map", ".svg", ".txt", ".xml", ".md"}


def prepare(site: Path, dist: Path) -> None:
    """Fill `dist`, which is emptied before."""
    shutil.rmtree(dist, ignore_errors=True)
    for name in ("site", "gzip", "br"):
        shutil.copytree(site, dist / name)
    files = [path for path in site.rglob("*") if path.suffix in TEXTS and path.is_file()]
    with ThreadPoolExecutor() as pool:  # both release the interpreter's lock
        list(pool.map(lambda path: _compress(path, path.relative_to(site), dist), files))


def _compress(path: Path, name: Path, dist: Path) -> None:
    data = path.read_bytes()
    (dist / "gzip" / name).write_bytes(gzip.compress(data, 9, mtime=0))
    (dist / "br" / name).write_bytes(brotli.compress(data, quality=11))


def main() -> int:
    """Returns 2 when there is no built site."""
    site, dist = (Path(name) for name in sys.argv[1:3])
    if not (site / "index.html").is_file():
        print(f"dist: there is no site in {site}: run `make build` first", file=sys.stderr)
        return 2
    prepare(site, dist)
    return 0


if __name__ == "__main__":
    sys.exit(main())
