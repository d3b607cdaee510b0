"""How fast is the check? Pages checked against the same programs in fresh processes.

Prints milliseconds a page of both, paired and in turn, and as its last line their ratio:
`ratio 0.07` says that a page, isolated and compared, costs 7 % of a fresh process that
imports the same program and sends the same request. Then what an unchanged site costs.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CHECK = Path(__file__).parents[1] / "check_examples.py"

FLASK = """from flask import Flask

app = Flask(__name__)


@app.get("/notes/<int:note_id>/")
def detail(note_id):
    return {{"id": note_id, "title": "Note {number}"}}
"""

MANAGE = """import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site_settings")

from django.core.management import execute_from_command_line

execute_from_command_line(sys.argv)
"""

SETTINGS = """SECRET_KEY = "only for this benchmark"
ROOT_URLCONF = "site_urls"
ALLOWED_HOSTS = ["localhost"]
"""

DJANGO = """from django.http import JsonResponse
from django.urls import path


def detail(request, note_id):
    return JsonResponse({{"id": note_id, "title": "Note {number}"}})


urlpatterns = [path("notes/<int:note_id>/", detail)]
"""

ANSWER = '{{"id": {number}, "title": "Note {number}"}}'

FRESH_FLASK = """
response = app.test_client().get("/notes/{number}/")
assert response.json == {{"id": {number}, "title": "Note {number}"}}, response.json
"""

FRESH_DJANGO = """import os

os.environ["DJANGO_SETTINGS_MODULE"] = "site_settings"
import django

django.setup()
from django.test import Client

response = Client(headers={{"host": "localhost"}}).get("/notes/{number}/")
assert response.json() == {{"id": {number}, "title": "Note {number}"}}, response
"""


def main() -> int:
    """Measure and print; returns 1 when a page or a program does not hold."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--pages", type=int, default=100, help="half Flask, half Django")
    parser.add_argument("--runs", type=int, default=5, help="pairs of runs; the median counts")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tandem-bench-") as folder:
        base = Path(folder)
        write(base, options.pages)
        pairs = []
        for run in range(options.runs + 1):
            ours = check(base / "pages", options.jobs)
            theirs = fresh(base / "programs", options.jobs)
            if run:  # the first pair warms the file cache
                pairs.append((ours, theirs))
        unchanged(base / "pages", options.jobs)
    scale = 1000 / options.pages
    for name, index in (("checked", 0), ("fresh processes", 1)):
        figures = sorted(pair[index] * scale for pair in pairs)
        middle = statistics.median(figures)
        print(f"{name}: {middle:.1f} ms a page ({figures[0]:.1f} to {figures[-1]:.1f})")
    print(f"ratio {statistics.median(a / b for a, b in pairs):.2f}")
    return 0


def write(base: Path, count: int) -> None:
    """The pages, and the same programs as files of their own."""
    for number in range(count):
        values = {"number": number}
        files = {"app.py": FLASK.format(**values)}
        program = {"main.py": FLASK.format(**values) + FRESH_FLASK.format(**values)}
        if number % 2:
            files = {
                "manage.py": MANAGE,
                "site_settings.py": SETTINGS,
                "site_urls.py": DJANGO.format(**values),
            }
            program = {**files, "main.py": FRESH_DJANGO.format(**values)}
        blocks = [f'```python title="{name}"\n{text}```\n' for name, text in files.items()]
        blocks.append(
            f"```http\nGET /notes/{number}/ HTTP/1.1\n\n"
            f"HTTP/1.1 200 OK\nContent-Type: application/json\n\n{ANSWER.format(**values)}\n```\n"
        )
        page = base / "pages" / f"page-{number:03}.md"
        page.parent.mkdir(exist_ok=True)
        page.write_text(f"# Page {number}\n\n" + "\n".join(blocks))
        folder = base / "programs" / f"{number:03}"
        folder.mkdir(parents=True)
        for name, text in program.items():
            (folder / name).write_text(text)


def check(pages: Path, jobs: int, *more: str) -> float:
    """Seconds that the checker takes for all pages."""
    more = more or ("--no-cache",)
    command = [sys.executable, str(CHECK), str(pages), "--jobs", str(jobs), *more]
    return timed(command)


def fresh(programs: Path, jobs: int) -> float:
    """Seconds that all programs take, each in a fresh process, `jobs` at a time."""
    started = time.perf_counter()
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(lambda folder: timed([sys.executable, "main.py"], folder),
                      sorted(programs.iterdir())))  # fmt: skip
    return time.perf_counter() - started


def timed(command: list[str], folder: Path | None = None) -> float:
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"bench: {' '.join(command[:3])} failed:\n{done.stdout}{done.stderr}")
    return time.perf_counter() - started


def unchanged(pages: Path, jobs: int) -> None:
    """What a second check costs when nothing, or one page, has changed."""
    check(pages, jobs, "--jobs", str(jobs))
    again = check(pages, jobs, "--jobs", str(jobs))
    page = pages / "page-000.md"
    page.write_text(page.read_text() + "\nOne more sentence.\n")
    print(f"nothing changed: {again:.2f} s, one page changed: "
          f"{check(pages, jobs, '--jobs', str(jobs)):.2f} s")  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
