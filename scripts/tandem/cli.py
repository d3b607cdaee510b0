"""The command line of the checker."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tandem import prose, report
from tandem.outcome import FRAMEWORKS, BadSetup, spoken
from tandem.read import walkthrough
from tandem.read.walkthrough import Site
from tandem.run.schedule import Options, check

EXIT = "exit status: 0 all held; 1 a page is wrong; 2 the command or the environment is wrong"

NOT_ISOLATED = (
    "check_examples: this kernel gives a walk no world of its own: programs other than Python can"
    " read, write and reach all that you can, and pages with commands run one at a time"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Check pages; returns the exit status."""
    options = _parser().parse_args(arguments)
    started = time.monotonic()
    try:
        return _main(options, started)
    except BadSetup as error:
        print(f"check_examples: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        sys.stdout = None
        return 2
    except KeyboardInterrupt:
        print("\ncheck_examples: stopped; nothing is left running", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="check_examples.py",
        description="Follow documentation pages as a reader of each framework would.",
        epilog=EXIT,
    )
    parser.add_argument("pages", nargs="*", type=Path, metavar="PAGE",
                        help="Markdown files or folders; docs/ if none is given")  # fmt: skip
    parser.add_argument("--framework", choices=FRAMEWORKS, help="follow one framework only")
    parser.add_argument("--jobs", type=_positive, default=2 * (os.cpu_count() or 1),
                        metavar="N", help="walks side by side (default: two a core)")  # fmt: skip
    parser.add_argument("--seconds", type=float, default=60.0, metavar="N",
                        help="time that one step may take (default: 20)")  # fmt: skip
    parser.add_argument("--examples", action="store_true",
                        help="follow the examples alone, without the rules for prose")  # fmt: skip
    parser.add_argument("--dependants", action="store_true",
                        help="also check the pages that start from these")  # fmt: skip
    parser.add_argument("--no-cache", action="store_true", help="run everything again")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results as data")
    parser.add_argument("--github", action="store_true", help="print GitHub annotations too")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep each reader's project here")
    parser.add_argument("--shard", type=_shard, metavar="K/N",
                        help="only the K-th of N parts of the pages")  # fmt: skip
    parser.add_argument("--list", action="store_true", help="list what would run, and run nothing")
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return number


def _shard(text: str) -> tuple[int, int]:
    part, _, parts = text.partition("/")
    try:
        number, total = int(part), int(parts)
    except ValueError:
        number = total = 0
    if not 0 < number <= total:
        raise argparse.ArgumentTypeError("such as 2/5")
    return number, total


def _main(options: argparse.Namespace, started: float) -> int:
    root = _root()
    files = _files(options.pages or [root / "docs"])
    if options.dependants:
        everything = walkthrough.load(_files([root / "docs"]), root)
        files += everything.dependants(files)
    if options.shard:
        files = _dealt(files, *options.shard)
    site = walkthrough.load(files, root)
    if options.list:
        report.listing(_listed(site), sys.stdout)
        return 0
    cache = None if options.no_cache else root / ".cache" / "tandem"
    progress = report.Progress(sys.stderr, len(site.needed(options.framework)))
    try:
        results = check(
            site,
            Options(options.jobs, options.framework, options.seconds, cache, options.keep),
            progress,
        )
    finally:
        progress.end()
    if not options.examples:
        results += prose.check([site.pages[path] for path in site.asked], root)
    if not all(result.isolated for result in results):
        print(NOT_ISOLATED, file=sys.stderr)
    report.terminal(results, time.monotonic() - started, sys.stdout)
    if options.github:
        report.github(results, sys.stdout)
    if options.json:
        report.write_json(results, options.json)
    return 0 if all(result.held for result in results) else 1


def _root() -> Path:
    """The project around the working folder, else the one that this checker belongs to."""
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / "mkdocs.yml").is_file():
            return folder
    return Path(__file__).resolve().parents[2]


def _files(given: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in given:
        if path.is_dir():
            found += sorted(path.rglob("*.md"))
        elif path.is_file():
            found.append(path)
        else:
            raise BadSetup(f"there is no page `{path}`")
    if not found:
        raise BadSetup("no page found: zero pages prove nothing")
    return found


def _dealt(files: list[Path], number: int, total: int) -> list[Path]:
    """One part of the pages: dealt like cards, the long ones first, so that parts are even."""
    part = sorted(files, key=lambda file: (-file.stat().st_size, file))[number - 1 :: total]
    if not part:
        raise BadSetup(f"part {number}/{total} of {len(files)} pages is empty")
    return sorted(part)


def _listed(site: Site) -> list[str]:
    rows = []
    for path, framework in site.needed(None):
        page = site.pages[path]
        rows.append(f"{page.name} ({spoken(framework)})")
        for block in walkthrough.blocks(page, framework):
            name = f" {block.title}" if block.title else ""
            rows.append(f"  {block.line:>4} {'not run' if block.not_run else block.kind}{name}")
    return rows
