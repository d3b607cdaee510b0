"""Compare the two applications of docs/tutorial/realworld/: their size, queries, speed, memory.

realworld.py            print the comparison as a Markdown table
realworld.py --write    put it into docs/tutorial/realworld/index.md, between its two marks

The checker follows the last part and keeps both projects. Each is filled with the same users and
articles through its own API, and the statements that reach SQLite are counted on the way. Then
gunicorn serves it with two processes, and the same requests go to both servers in turn. It takes
about three minutes, needs Linux for the memory, and wants a machine that does nothing else.
Exit status: 0 the table is made; 2 something is missing.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import re
import secrets
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from refresh_packages import Wrong, with_table

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
sys.path.insert(0, str(ROOT / "scripts"))

from tandem.read import walkthrough  # noqa: E402

PAGE = DOCS / "tutorial" / "realworld" / "index.md"
LAST = DOCS / "tutorial" / "realworld" / "collection.md"
BEGIN = "<!-- comparison: written by scripts/tools/realworld.py -->"
END = "<!-- comparison: end -->"
SIDES = {"flask": "Flask", "django": "Django"}
MADE = {"migrations", "tests", "__pycache__"}  # folders whose files are no part of the count
TESTING = re.compile(r"pytest\b")
WORKERS, CLIENTS = 2, 4
RUNS, SECONDS = 5, 2.0  # of each kind of request, and for one run
START = 60.0  # seconds that a server has to start
READS = {
    "a page of 20 articles": "articles",
    "a feed of 20 articles": "articles/feed",
    "one article": "articles/article-7",
}
WRITE = "a new article with three tags"
# Runs in a project: fills it, and prints the token of a reader and the statements of each request.
FILL = """
import json, sqlite3, sys
from importlib import import_module

plain, seen = sqlite3.connect, []

def traced(*args, **kwargs):
    connection = plain(*args, **kwargs)
    connection.set_trace_callback(seen.append)
    return connection

sqlite3.connect = sqlite3.dbapi2.connect = traced
from werkzeug.test import Client

module, name, asked = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
client = Client(getattr(import_module(module), name))

def call(method, path, token="", **body):
    headers = {"Host": "localhost"}
    if token:
        headers["Authorization"] = f"Token {token}"
    seen.clear()
    answer = client.open(f"/api/{path}", method=method, json=body or None, headers=headers)
    assert answer.status_code < 300, (path, answer.status, answer.get_data())
    kinds = ("SELECT", "INSERT", "UPDATE", "DELETE")
    return answer.get_json(silent=True), sum(one.lstrip().startswith(kinds) for one in seen)

def person(name):
    user = {"username": name, "email": f"{name}@example.com", "password": "correct horse"}
    return call("POST", "users", user=user)[0]["user"]["token"]

authors = [person(f"author{number}") for number in range(5)]
reader = person("reader")
for number in range(100):
    texts = {"title": f"Article {number}", "description": "Short", "body": "Long text. " * 200}
    tags = [f"tag{number % 7}", f"tag{number % 11}", f"tag{number % 13 + 20}"]
    token = authors[number % 5]
    _, written = call("POST", "articles", token, article={**texts, "tagList": tags})
for number in range(0, 100, 2):
    call("POST", f"articles/article-{number}/favorite", reader)
for number in range(3):
    call("POST", f"profiles/author{number}/follow", reader)
counts = {path: call("GET", path, reader if path == "articles/feed" else "")[1] for path in asked}
print(json.dumps({"token": reader, "written": written, "counts": counts}))
"""


class Missing(Exception):
    """Something that the comparison needs is not there: a sentence about it."""


@dataclass(frozen=True, slots=True)
class Size:
    """What there is to read: Python files with code in them, and their lines of code."""

    files: int
    lines: int


def size(project: Path) -> Size:
    """Count a project's Python files; what a command has made, and tests, are left out.

    A line counts if it is neither blank nor only a comment.
    """
    counts = []
    for file in sorted(project.rglob("*.py")):
        if not MADE & set(file.relative_to(project).parts[:-1]):
            rows = [row.strip() for row in file.read_text(encoding="utf-8").splitlines()]
            counts.append(sum(1 for row in rows if row and not row.startswith("#")))
    return Size(sum(1 for count in counts if count), sum(counts))


def with_needs(names: set[str]) -> set[str]:
    """Those packages, and all that they need, by what the installed ones say."""
    found: set[str] = set()
    waiting = [canonicalize_name(name) for name in names]
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        try:
            needs = [Requirement(text) for text in requires(name) or []]
        except PackageNotFoundError:
            raise Missing(f"{name} is not installed: run `make setup`") from None
        found.add(name)
        waiting += [
            canonicalize_name(need.name)
            for need in needs
            if need.marker is None or need.marker.evaluate({"extra": ""})
        ]
    return found


def named(framework: str) -> set[str]:
    """The packages that a reader installs by name, with the framework, without test runners."""
    source = walkthrough.load(sorted(LAST.parent.glob("*.md")), ROOT)
    names = {canonicalize_name(framework)}
    for _, _, command in walkthrough.typed(source, LAST, framework):
        if command.startswith("pip install "):
            words = command.split()[2:]
            names |= {canonicalize_name(one) for one in words if not TESTING.match(one)}
    return {str(name) for name in names}


def build(folder: Path) -> dict[str, Path]:
    """Both projects as readers have them at the end of the last part."""
    page, kept = LAST.relative_to(ROOT), folder / "kept"
    check = [sys.executable, str(ROOT / "scripts" / "check_examples.py"), "--examples"]
    command = [*check, str(page), "--no-cache", "--keep", str(kept)]
    if subprocess.run(command, cwd=ROOT, capture_output=True).returncode:
        raise Missing(f"{page} has to hold first")
    return {side: next(kept.glob(f"*realworld-collection-{side}")) for side in SIDES}


def application(project: Path) -> str:
    """Where a server finds the application, as gunicorn writes it."""
    is_django = (project / "manage.py").is_file()
    return "conduit.wsgi:application" if is_django else "wsgi:app"


def environment() -> dict[str, str]:
    """A new key, and nothing that would change what the frameworks do."""
    left = ("FLASK_", "DJANGO_", "PYTHON", "GUNICORN", "WEB_CONCURRENCY")
    inherited = {name: text for name, text in os.environ.items() if not name.startswith(left)}
    return inherited | {"SECRET_KEY": secrets.token_hex()}


def empty(project: Path, env: dict[str, str]) -> None:
    """Begin with an empty database, made by the project's own migrations."""
    for name in ("db.sqlite3", "instance/conduit.db"):
        (project / name).unlink(missing_ok=True)
    is_django = (project / "manage.py").is_file()
    migrate = ["manage.py", "migrate"] if is_django else ["-m", "flask", "db", "upgrade"]
    subprocess.run(
        [sys.executable, *migrate], cwd=project, env=env, check=True, capture_output=True
    )


def fill(project: Path, env: dict[str, str]) -> dict[str, Any]:
    """Fill the database through the API; the reader's token, and the statements of requests."""
    module, _, name = application(project).partition(":")
    told = json.dumps(list(READS.values()))
    done = subprocess.run(
        [sys.executable, "-c", FILL, module, name, told],
        cwd=project, env=env | {"PYTHONPATH": str(project)}, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode:
        raise Missing(f"{project.name} could not be filled: {done.stderr[-500:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@contextmanager
def served(project: Path, env: dict[str, str]) -> Iterator[tuple[int, int]]:
    """A server for a project: its port, and the number of its first process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--workers", str(WORKERS), "--bind", f"127.0.0.1:{port}", "--no-control-socket"]
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", *options, application(project)],
        cwd=project, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait(port, server)
        yield port, server.pid
    finally:
        server.terminate()
        server.wait()


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START
    while server.poll() is None and time.monotonic() < deadline:
        try:
            if ask(port, "tags") == 200:
                return
        except OSError:
            time.sleep(0.05)
    raise Missing(f"the server {server.args!r} did not start")


def ask(port: int, path: str, token: str = "") -> int:
    """Send one request, read the whole answer, and return its status."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        headers = {"Authorization": f"Token {token}"} if token else {}
        connection.request("GET", f"/api/{path}", headers=headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def processor(first: int) -> float:
    """Seconds that a server's workers have spent on a processor."""
    total = 0
    for process in _children(first):
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / os.sysconf("SC_CLK_TCK")


def _children(first: int) -> list[str]:
    return Path(f"/proc/{first}/task/{first}/children").read_text().split()


def load(port: int, path: str, token: str, seconds: float) -> int:
    """Requests answered in that time, with CLIENTS that each wait for one before the next."""
    end = time.monotonic() + seconds

    def client() -> int:
        count = 0
        while time.monotonic() < end:
            if ask(port, path, token) != 200:
                raise Missing(f"{path} was not answered")
            count += 1
        return count

    with ThreadPoolExecutor(CLIENTS) as pool:
        return sum(one.result() for one in [pool.submit(client) for _ in range(CLIENTS)])


def memory(first: int) -> float:
    """MiB of a server's processes; what they share is counted once (PSS)."""
    total = 0
    for process in (str(first), *_children(first)):
        rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
        total += int(re.findall(r"^Pss: +(\d+) kB", rollup, re.MULTILINE)[0])
    return total / 1024


def compare(projects: dict[str, Path], seconds: float) -> list[tuple[str, str, str]]:
    """The rows of the table: what is measured, and its value on each side."""
    env = environment()
    sizes, wanted = {side: size(one) for side, one in projects.items()}, {}
    filled = {}
    for side, project in projects.items():
        wanted[side] = named(side)
        empty(project, env)
        filled[side] = fill(project, env)
    rows = [
        ("Python files", *(str(sizes[side].files) for side in SIDES)),
        ("lines of Python", *(f"{sizes[side].lines:,}" for side in SIDES)),
        ("packages that you install by name", *(str(len(wanted[side])) for side in SIDES)),
        ("packages in all", *(str(len(with_needs(wanted[side]))) for side in SIDES)),
    ]
    for label, path in READS.items():
        counts = (str(filled[side]["counts"][path]) for side in SIDES)
        rows.append((f"queries for {label}", *counts))
    rows.append((f"queries for {WRITE}", *(str(filled[side]["written"]) for side in SIDES)))
    tokens = {side: filled[side]["token"] for side in SIDES}
    with served(projects["flask"], env) as flask, served(projects["django"], env) as django:
        servers = {"flask": flask, "django": django}
        for label, path in READS.items():
            rows += _timed(servers, label, path, tokens if path.endswith("feed") else {}, seconds)
        used = (f"{memory(one[1]):,.0f} MiB" for one in servers.values())
        rows.append(("memory after these requests", *used))
    return [(label, one, other) for label, one, other in rows]


def _timed(
    servers: dict[str, tuple[int, int]],
    label: str,
    path: str,
    tokens: dict[str, str],
    seconds: float,
) -> Iterator[tuple[str, ...]]:
    """The rows of one request: how many a second, and what one costs the processor."""
    rates: dict[str, list[float]] = {side: [] for side in servers}
    costs: dict[str, list[float]] = {side: [] for side in servers}
    for _ in range(RUNS):
        for side, (port, first) in servers.items():
            before = processor(first)
            start = time.monotonic()
            count = load(port, path, tokens.get(side, ""), seconds)
            rates[side].append(count / (time.monotonic() - start))
            costs[side].append((processor(first) - before) / count * 1000)
    middle = statistics.median
    yield (f"requests a second, {label}", *(f"{middle(one):,.0f}" for one in rates.values()))
    yield (f"processor time, {label}", *(f"{middle(one):.1f} ms" for one in costs.values()))


def table(rows: list[tuple[str, str, str]], day: datetime) -> str:
    """What stands between the two marks: where it was measured, and a row for each number."""
    date = f"{day:%d %B %Y}".lstrip("0")
    versions = ", ".join(f"{label} {version(label)}" for label in SIDES.values())
    lines = [
        f"Measured on {date} with {versions} and Python {platform.python_version()}, "
        f"on {os.cpu_count()} cores of {_processor()}:",
        "",
        "| measured | Flask | Django |",
        "| --- | ---: | ---: |",
    ]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    text = info.read_text() if info.is_file() else ""
    found = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    name = found[1] if found else platform.machine()
    return re.sub(r"\((?:R|TM)\)| CPU|@.*", "", name).strip()


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description="Compare the two RealWorld applications.")
    parser.add_argument("--write", action="store_true", help="put the table into the page")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for each of the runs")
    asked = parser.parse_args(arguments)
    try:
        with tempfile.TemporaryDirectory() as name:
            rows = compare(build(Path(name)), asked.seconds)
        new = table(rows, datetime.now(UTC))
        print(new)
        if asked.write:
            PAGE.write_text(with_table(PAGE.read_text("utf-8"), new, BEGIN, END), "utf-8")
    except (Missing, Wrong, OSError) as error:
        print(f"realworld: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
