"""Check every page, build the site and complete it: build.py [--unchecked] [--site-dir DIR]."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

import material
from tandem_site.checks import files
from tandem_site.finish import address, finish
from tandem_site.projects import FOLDER
from tandem_site.shape import copies

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / ".cache" / "verified.json"


def main() -> int:
    """Returns the exit status of the step that failed, else 0.

    1 also where `docs` holds what is not published, or the site what it may not bring.
    """
    parser = argparse.ArgumentParser(description="Check every page, build the site, complete it.")
    parser.add_argument("--unchecked", action="store_true", help="take the last check's results")
    parser.add_argument("--site-dir", type=Path, default=ROOT / "site", metavar="DIR")
    options = parser.parse_args()
    if problems := list(files.sources(ROOT / "docs")):
        return _refuse(problems)
    RESULTS.parent.mkdir(exist_ok=True)
    kept = RESULTS.with_name(FOLDER)
    check = [sys.executable, ROOT / "scripts" / "check_examples.py"]
    check += ["--json", RESULTS, "--keep", kept]
    # -P: no module of the folder where this is called stands in for one that a builder imports.
    build = [sys.executable, "-P", "-m", "tandem_site.unindexed"]
    build += ["build", "--strict", "--quiet", "--clean"]
    steps = [] if options.unchecked else [check]
    for step in [*steps, [*build, "--site-dir", options.site_dir.resolve()]]:
        environment = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
        if status := subprocess.run(step, cwd=ROOT, env=environment).returncode:
            return status
    site, moved = options.site_dir.resolve(), ROOT / "hosting" / "redirects.map"
    problems = [
        *copies(Path(material.__file__).parent / "templates"),
        *finish(site, ROOT / "docs", moved, kept, address(ROOT / "mkdocs.yml")),
    ]
    return _refuse(problems) if problems else 0


def _refuse(problems: list[str]) -> int:
    print(*(f"build: {what}" for what in problems), sep="\n", file=sys.stderr)
    print("build: the site is not fit to be published", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
