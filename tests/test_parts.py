"""The checker's parts, each by what goes in and what comes out."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tandem import outcome
from tandem.frameworks import KNOWN
from tandem.outcome import Failure, Location, Outcome, Result, Wrong
from tandem.read import pages
from tandem.walk.events import Events
from tandem.walk.project import Project
from tandem.walk.servers import is_worker, port_of
from tandem.world import files, preload, processes, tty


def page(text: str) -> pages.Page:
    return pages.parse(text, Path("page.md"), "page.md")


def blocks(text: str) -> list[tuple[str, str, int]]:
    return [(block.kind, block.title, block.line) for block in page(text).blocks]


def test_fences_of_all_lengths_and_places() -> None:
    text = "- item\n\n    ```text\n    a\n    ```\n\n````text\n```python\n````\n\n~~~text\nb\n~~~\n"
    assert blocks(text) == [("illustration", "", at) for at in (3, 7, 11)]
    assert not page(text).problems


def test_kinds_of_blocks() -> None:
    text = (
        '```python title="a.py"\nx\n```\n\n```html title="a.html"\n{# ... #}\n```\n\n'
        '```diff title="a.py"\n-x\n```\n\n```pycon\n>>> 1\n```\n'
    )
    assert [kind for kind, _, _ in blocks(text)] == ["file", "append", "diff", "pycon"]


def test_tabs_of_a_set_and_of_the_next() -> None:
    text = '=== "Flask"\n\n    a\n\n=== "Django"\n\n    b\n\nWords.\n\n=== "Flask"\n\n    c\n'
    assert [[tab.label for tab in group] for group in page(text).tabs] == [
        ["Flask", "Django"],
        ["Flask"],
    ]
    assert [problem.location.line for problem in page(text).problems] == [11]


def patched(tmp_path: Path, start: str, diff: str) -> str:
    project = Project(tmp_path)
    text = f'```text title="f"\n{start}\n```\n\n```diff title="f"\n{diff}\n```\n'
    source = page(text)
    for block in source.blocks:
        project.apply(source, block)
    return (project.folder / "f").read_text()


def test_a_diff_of_two_hunks(tmp_path: Path) -> None:
    assert patched(tmp_path, "a\nb\nc\nd", "-a\n+A\n@@\n c\n+C\n d") == "A\nb\nc\nC\nd\n"


@pytest.mark.parametrize(
    ("start", "diff", "line"),
    [
        ("a\nb", " a\n-x\n+y", 8),
        ("a\na", "-a\n+b", 7),
        ("a", "+b", 6),
        ("a", "*b", 6),
    ],
)
def test_a_diff_that_does_not_fit(tmp_path: Path, start: str, diff: str, line: int) -> None:
    with pytest.raises(Wrong) as caught:
        patched(tmp_path, start, diff)
    assert caught.value.failures[0].location.line == line


def test_lines_keep_their_place_through_changes(tmp_path: Path) -> None:
    project = Project(tmp_path / "one")
    source = page(
        '```python title="f.py"\na = 1\nb = 2\n```\n\n```diff title="f.py"\n a = 1\n+c = 3\n```\n\n'
        '```python title="f.py"\n# ...\nd = 4\n```\n'
    )
    for block in source.blocks:
        project.apply(source, block)
    again = Project(tmp_path / "two")
    assert again.restore(project.snapshot(["flask"])) == ["flask"]
    for one in (project, again):
        places = [one.place("f.py", number) for number in range(1, 6)]
        assert places == [Location("page.md", line) if line else None for line in (2, 8, 3, 13, 0)]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m\r\n", "red\n"),
        ("10 %\r20 %\r\n", "20 %\n"),
        ("long line\rshort\r\n", "shortline\n"),
        ("ab\b c\n", "a c\n"),
        ("\x1b]0;title\x07text", "text"),
    ],
)
def test_what_a_terminal_shows(text: str, shown: str) -> None:
    assert tty.shown(text) == shown


@pytest.mark.parametrize(
    ("key", "command", "target"),
    [
        ("flask", "/env/bin/flask --app notes run -p 5001", "notes"),
        ("flask", "/env/bin/flask --app=notes run", "notes"),
        ("flask", "/env/bin/flask run", ""),
        ("flask", "/env/bin/flask routes", None),
        ("flask", "/env/bin/uvicorn asgi:application", "asgi asgi:application"),
        ("django", "/env/bin/uvicorn mysite.asgi:application --port 1", "mysite.asgi:application"),
        ("django", "/env/bin/gunicorn mysite.wsgi", ""),
        ("django", "/env/bin/gunicorn -k uvicorn_worker.UvicornWorker a.b:c", "a.b:c"),
        ("django", "/env/bin/python manage.py check", None),
    ],
)
def test_what_a_server_serves(key: str, command: str, target: str | None) -> None:
    assert KNOWN[key].target(command.split()) == target


def test_workers_that_do_not_listen() -> None:
    assert is_worker([["/env/bin/celery", "-A", "notes", "worker"]])
    assert is_worker([["/env/bin/python", "manage.py", "db_worker"]])
    assert not is_worker([["/env/bin/celery", "--version"], ["/env/bin/python", "worker.py"]])


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("localhost:8001", 8001),
        ("127.0.0.1:80", 80),
        ("localhost", None),
        ("notes.example:80", None),
    ],
)
def test_a_host_with_a_port(host: str, port: int | None) -> None:
    assert port_of(host) == port


def test_one_fault_is_told_once() -> None:
    same = Failure(Location("page.md", 3), "answered 500", "NameError")
    results = [
        Result("page.md", "flask", (Outcome(line, "http", "", "failed", 0.0, (same,)),))
        for line in (5, 9)
    ]
    assert [failure for _, failure in outcome.failures(results)] == [same]


@pytest.mark.parametrize("name", preload.modules([" ".join(preload.NAMED)], {"flask", "django"}))
def test_what_is_imported_beforehand_is_there(name: str) -> None:
    """An older version may lack some; the locked ones have all, or a name is misspelt."""
    assert importlib.util.find_spec(name) is not None


def test_a_file_is_written_where_a_file_or_nothing_was(tmp_path: Path) -> None:
    """An example that still runs may put something else there after it was looked at."""
    file, pipe, link = (tmp_path / name for name in ("file", "pipe", "link"))
    file.write_text("a longer text\n")
    files.write(file, "short\n")
    assert file.read_text() == "short\n"
    os.mkfifo(pipe)
    link.symlink_to(file)
    for other in (pipe, link, tmp_path):
        with pytest.raises(OSError):
            files.write(other, "lost\n")
    assert file.read_text() == "short\n"
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)  # now a writer would be let in
    with pytest.raises(OSError, match="pipe is no file"):
        files.write(pipe, "lost\n")
    os.close(reader)


@pytest.mark.skipif(sys.platform != "linux", reason="only /proc tells what a thread does")
@pytest.mark.parametrize(
    ("line", "naps"), [("time.sleep(600)", True), ("threading.Lock().acquire(timeout=600)", False)]
)
def test_a_nap_is_told_from_waiting_for_a_lock(line: str, naps: bool) -> None:
    """A reloader naps between two looks; while it looks, it may wait for a lock."""
    code = "import threading, time; lock = threading.Lock(); lock.acquire(); print(1, flush=True)\n"
    code += line.replace("threading.Lock()", "lock")
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        while not processes.is_asleep(process.pid):
            time.sleep(0.01)
        found = processes.nap(process.pid)
        process.kill()
    assert (found is not None) is naps


def test_the_end_of_a_python_may_be_told_after_its_command() -> None:
    events = Events()
    for row in ({"pid": 5, "arguments": ["python3", "--version"]}, {"pid": 5, "done": True}):
        events.sender.send(json.dumps(row).encode())
    events.clear()  # the next command is typed
    events.sender.send(json.dumps({"pid": 5, "ended": 0}).encode())
    events.pump()
    assert not events.broken_off()
    for row in ({"pid": 5, "arguments": ["python3", "other.py"]}, {"pid": 5, "ended": 0}):
        events.sender.send(json.dumps(row).encode())
    events.pump()
    assert events.broken_off()
    events.close()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep fewer reports")
def test_reports_wait_until_they_are_read() -> None:
    events = Events()
    for pid in range(100):
        events.sender.send(json.dumps({"pid": pid, "ended": 0}).encode(), socket.MSG_DONTWAIT)
    events.pump()
    assert len(events.rows) == 100
    events.close()
