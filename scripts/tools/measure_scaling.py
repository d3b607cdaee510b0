"""Measure what workers, threads, a connection pool and a cache give to the notes application.

Usage: .venv/bin/python scripts/tools/measure_scaling.py [--seconds N] [--rounds N] [--write]

It follows `guides/data/database`, takes the two projects that the page ends with, adds three views
to each, and serves them by gunicorn with PostgreSQL and Valkey, in a network of its own. Eight
visitors ask as fast as they are answered. Of all rounds the best second counts: other work on the
machine makes a second worse, never better. The ratios are to the same view before the change.
Use it on a machine that does nothing else; `--write` puts the table into the page.
"""

from __future__ import annotations

import argparse
import bisect
import http.client
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tandem.world import namespaces as sandbox
from tandem.world import programs

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "guides" / "production" / "scaling.md"
START = "docs/guides/data/database.md"
TABLE = re.compile(r"(?<=<!-- measured -->\n\n).*?(?=\n<!-- /measured -->)", re.DOTALL)
VISITORS, PORT, NOTES = 8, 8000, 20

REPORT = '''
import time


def report():
    """About 10 ms of computing."""
    return str(sum(number * number for number in range(150_000)))


def wait():
    """What a view does that asks another service."""
    time.sleep(0.05)
    return "done"
'''

FLASK = """
import os

from flask_caching import Cache
from sqlalchemy.pool import NullPool

from notes import create_app
from work import report, wait

pool = {} if os.environ.get("POOL") else {"poolclass": NullPool}
app = create_app({"SQLALCHEMY_ENGINE_OPTIONS": pool})
cache = Cache(
    app,
    config={
        "CACHE_TYPE": "RedisCache",
        "CACHE_REDIS_URL": "redis://localhost:6379/0",
    },
)
app.add_url_rule("/report/", "report", report)
app.add_url_rule("/wait/", "wait", wait)


@app.get("/cached/")
def cached():
    text = cache.get("report")
    if text is None:
        text = report()
        cache.set("report", text, timeout=60)
    return text
"""

SETTINGS = """
import os

from mysite.settings import *

DEBUG = False
ALLOWED_HOSTS = ["localhost"]
ROOT_URLCONF = "measured_urls"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": "redis://localhost:6379/1",
    }
}
if not os.environ.get("POOL"):
    DATABASES["default"]["OPTIONS"] = {}
"""

URLS = """
from django.core.cache import cache
from django.http import HttpResponse
from django.urls import path

from mysite.urls import urlpatterns
from work import report, wait


def cached(request):
    text = cache.get("report")
    if text is None:
        text = report()
        cache.set("report", text, timeout=60)
    return HttpResponse(text)


urlpatterns = [
    path("report/", lambda request: HttpResponse(report())),
    path("wait/", lambda request: HttpResponse(wait())),
    path("cached/", cached),
    *urlpatterns,
]
"""

FILL = {
    "flask": f"""
from measured import app
from notes.models import Note, db

with app.app_context():
    db.session.add_all([Note(title=f"Note {{n}}") for n in range({NOTES})])
    db.session.commit()
""",
    "django": f"""
import django

django.setup()

from notes.models import Note

Note.objects.bulk_create([Note(title=f"Note {{n}}") for n in range({NOTES})])
""",
}
MIGRATE = {"flask": ["flask", "db", "upgrade"], "django": ["python", "manage.py", "migrate"]}
APP = {"flask": "measured:app", "django": "mysite.wsgi:application"}


@dataclass(frozen=True)
class Case:
    """What is asked, of how many workers and threads, with or without a pool.

    `view` and `change` name the row of the table; without a change it is what the others of the
    same view are compared with.
    """

    view: str
    change: str
    path: str
    workers: int = 1
    threads: int = 1
    pool: bool = True


CASES = (
    Case("computes", "", "/report/"),
    Case("computes", "4 threads instead of 1", "/report/", threads=4),
    Case("computes", "2 workers instead of 1", "/report/", workers=2),
    Case("computes", "4 workers instead of 1", "/report/", workers=4),
    Case("waits", "", "/wait/"),
    Case("waits", "4 workers instead of 1", "/wait/", workers=4),
    Case("waits", "8 threads instead of 1", "/wait/", threads=8),
    Case("lists notes", "", "/notes/", workers=2, pool=False),
    Case("lists notes", "a pool to PostgreSQL", "/notes/", workers=2),
    Case("computes once", "", "/report/", workers=2),
    Case("computes once", "a cache in Valkey", "/cached/", workers=2),
)


@dataclass
class Load:
    """When eight visitors were answered, and what was no answer."""

    answered: list[float] = field(default_factory=list)
    wrong: set[str] = field(default_factory=set)


def ask(path: str) -> str:
    """One request; returns "200", or what came in its place."""
    link = http.client.HTTPConnection("localhost", PORT, timeout=20)
    try:
        link.request("GET", path)
        answer = link.getresponse()
        answer.read()
        return str(answer.status)
    except OSError as error:
        return repr(error)
    finally:
        link.close()


def visit(path: str, until: float, load: Load) -> None:
    while time.monotonic() < until:
        status = ask(path)
        load.answered.append(time.monotonic())
        if status != "200":
            load.wrong.add(status)


def best_second(path: str, seconds: float) -> int:
    """The most answers that any second of the time had."""
    load, until = Load(), time.monotonic() + seconds
    visitors = [threading.Thread(target=visit, args=(path, until, load)) for _ in range(VISITORS)]
    for visitor in visitors:
        visitor.start()
    for visitor in visitors:
        visitor.join()
    if load.wrong:
        raise SystemExit(f"{path} answered {', '.join(sorted(load.wrong))}")
    times = sorted(load.answered)
    return max(bisect.bisect_right(times, start + 1) - index for index, start in enumerate(times))


def measure(folder: Path, framework: str, case: Case, seconds: float) -> int:
    options = ["--workers", str(case.workers), "--threads", str(case.threads), "--bind"]
    command = ["gunicorn", *options, f"localhost:{PORT}", "--log-level", "error", APP[framework]]
    with served(command, folder, PORT, {"POOL": "1"} if case.pool else {}):
        for _ in range(2 * VISITORS):
            ask(case.path)  # each worker loads the application before the time counts
        return best_second(case.path, seconds)


@contextmanager
def served(
    command: list[str], folder: Path, port: int, more: dict[str, str] | None = None
) -> Iterator[None]:
    """A server, from the moment that it listens until it has ended."""
    process = subprocess.Popen(command, cwd=folder, env={**os.environ, **(more or {})})
    try:
        deadline = time.monotonic() + 20
        while not listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{' '.join(command)} does not serve")
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait()


def listens(port: int) -> bool:
    with suppress(OSError):
        http.client.HTTPConnection("localhost", port, timeout=1).connect()
        return True
    return False


def prepare(folder: Path, framework: str) -> None:
    """Add the views, and make and fill a database of the framework's own."""
    (folder / "work.py").write_text(REPORT)
    if framework == "flask":
        (folder / "measured.py").write_text(FLASK)
    else:
        (folder / "measured_settings.py").write_text(SETTINGS)
        (folder / "measured_urls.py").write_text(URLS)
    run(["createdb", "-h", "localhost", "-U", "notes", framework], folder)
    choose(framework)
    run(MIGRATE[framework], folder)
    run(["python", "-c", FILL[framework]], folder)


def choose(framework: str) -> None:
    os.environ["DATABASE_URL"] = f"postgresql://notes@localhost/{framework}"
    os.environ["DJANGO_SETTINGS_MODULE"] = "measured_settings"


def run(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def rounds(folders: dict[str, Path], seconds: float, number: int) -> dict[Case, dict[str, int]]:
    best: dict[Case, dict[str, int]] = defaultdict(dict)
    for turn in range(number):
        for case in CASES:
            for framework, folder in folders.items():
                choose(framework)
                got = measure(folder, framework, case, seconds)
                best[case][framework] = max(got, best[case].get(framework, 0))
                print(
                    f"[{turn + 1}/{number}] {case.view}, {case.change}: {framework} {got}/s",
                    file=sys.stderr,
                )
    return best


def table(best: dict[Case, dict[str, int]]) -> str:
    rows = ["| A view that | gets | Flask | Django |", "| --- | --- | --- | --- |"]
    base: dict[str, int] = {}
    for case in CASES:
        if not case.change:
            base = best[case]
            continue
        ratios = " | ".join(f"×{best[case][one] / base[one]:.1f}" for one in ("flask", "django"))
        rows.append(f"| {case.view} | {case.change} | {ratios} |")
    return "\n".join([*rows, "", description()]) + "\n"


def description() -> str:
    """The machine and the day, in one sentence for the page."""
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("Flask", "Django", "gunicorn", "psycopg")
    )
    model = re.search(r"model name\s*: (.+)", _read("/proc/cpuinfo"))
    memory = re.search(r"MemTotal:\s*(\d+)", _read("/proc/meminfo"))
    machine = [f"{os.cpu_count()} cores", model[1] if model else platform.machine()]
    if memory:
        machine.append(f"{int(memory[1]) / 2**20:.0f} GiB")
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d} on {', '.join(machine)}, "
        f"{platform.system()}, Python {platform.python_version()}, {packages}."
    )


def _read(path: str) -> str:
    return Path(path).read_text() if Path(path).is_file() else ""


def measured(folder: Path, seconds: float, number: int) -> str:
    """The table, measured in `folder` and a network of its own."""
    kept = folder / "kept"
    os.environ["PATH"] = os.pathsep.join(
        [str(Path(sys.prefix) / "bin"), os.environ["PATH"], *programs.folders()]
    )
    os.environ["HOME"] = str(folder)
    try:
        sandbox.enter_network()
    except OSError:
        print("no network of its own: the usual ports have to be free", file=sys.stderr)
    data = folder / "pgdata"
    run(["initdb", "-D", str(data), "-U", "notes", "--auth=trust", "--no-sync"], kept)
    postgres = ["postgres", "-D", str(data), "-F", "-c", "unix_socket_directories="]
    valkey = ["valkey-server", "--save", "", "--loglevel", "nothing"]
    with (
        served([*postgres, "-c", "log_min_messages=fatal"], kept, 5432),
        served(valkey, kept, 6379),
    ):
        stem = START.removesuffix(".md").replace("/", "-")
        folders = {one: kept / f"{stem}-{one}" for one in ("flask", "django")}
        for framework, project in folders.items():
            prepare(project, framework)
        return table(rounds(folders, seconds, number))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds", type=float, default=4.0, help="how long each row is asked")
    parser.add_argument("--rounds", type=int, default=3, help="how often; the best counts")
    parser.add_argument("--write", action="store_true", help="put the table into the page")
    parser.add_argument("--within", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.within:
        print(measured(options.within, options.seconds, options.rounds), end="")
        return
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        check = [sys.executable, str(ROOT / "scripts/check_examples.py"), START]
        run([*check, "--no-cache", "--keep", str(Path(name) / "checked")], ROOT)
        # What root keeps of a walk is another user's, a copy of it is ours.
        shutil.copytree(Path(name) / "checked", Path(name) / "kept", symlinks=True)
        # Another process, since the way into a network of one's own is one without return.
        again = [sys.executable, __file__, "--within", name]
        again += ["--seconds", str(options.seconds), "--rounds", str(options.rounds)]
        done = subprocess.run(again, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(done.returncode)
    found = done.stdout
    if load > 1:
        found += f"Other programs kept the machine busy (load {load:.1f}): measure again.\n"
    print(found, end="")
    if options.write:
        text, count = TABLE.subn(lambda _: found, PAGE.read_text())
        if not count:
            raise SystemExit(f"{PAGE} has no place for the table")
        PAGE.write_text(text)


if __name__ == "__main__":
    main()
