"""Check every page, build the site and complete it: build.py [--unchecked] [--site-dir DIR]."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from tandem_site.finish import address, finish

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / ".cache" / "verified.json"


def main() -> int:
    """Returns the exit status of the step that failed, else 0."""
    parser = argparse.ArgumentParser(description="Check every page, build the site, complete it.")
    parser.add_argument("--unchecked", action="store_true", help="take the last check's results")
    parser.add_argument("--site-dir", type=Path, default=ROOT / "site", metavar="DIR")
    options = parser.parse_args()
    RESULTS.parent.mkdir(exist_ok=True)
    check = [sys.executable, ROOT / "scripts" / "check_examples.py", "--json", RESULTS]
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--clean"]
    steps = [] if options.unchecked else [check]
    for step in [*steps, [*build, "--site-dir", options.site_dir.resolve()]]:
        environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
        if status := subprocess.run(step, cwd=ROOT, env=environment).returncode:
            return status
    moved = ROOT / "hosting" / "redirects.map"
    finish(options.site_dir.resolve(), ROOT / "docs", moved, address(ROOT / "mkdocs.yml"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
