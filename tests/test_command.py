"""The command line: what it refuses, its options, and how it ends when it is stopped."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from checker import COMMAND, PAGES, ROOT, Run, adopt_orphans, below, check, command

PAIR = PAGES / "pair-differs"
BUSY = """\
---
title: A page that goes on
description: It is stopped in its midst.
---

```console
$ python -m http.server 47099
$ (setsid sleep 1000 &) && sleep 1000
```
"""

INTERRUPTED = """\
---
title: A page that interrupts
description: What it interrupts ends.
---

```console
$ sh -c 'kill -INT $$; echo goes on'
$ echo $?
130
$ sh -c 'kill -QUIT $$; kill -HUP $$; echo goes on'
$ echo $?
131
$ sleep 1000
^C
```
"""


def call(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), cwd=ROOT, capture_output=True, text=True)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def run(kept: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A pair that holds and one that does not, with every option that tells more."""
    pages = (PAIR / "good.md", PAIR / "bad.md")
    return check(*pages, "--github", "--keep", kept, folder=tmp_path_factory.mktemp("run"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("empty", "no page found"),
        ("missing.md", "there is no page `"),
    ],
)
def test_refused(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "empty").mkdir()
    done = call(tmp_path / name)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("check_examples: ") and done.stderr.count("\n") == 1
    assert message in done.stderr


@pytest.mark.parametrize(
    "option", [["--jobs", "0"], ["--framework", "rails"], ["--unknown"], ["--seconds", "soon"]]
)
def test_wrong_option(option: list[str]) -> None:
    done = call(*option)
    assert done.returncode == 2
    assert "check_examples.py: error: " in done.stderr


def test_broken_front_matter(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("---\ntitle: [Notes\n---\n\n# Notes\n")
    run = check(page, folder=tmp_path)
    assert run.status == 1
    assert run.told[0].head.startswith(f"{page}:2: the front matter is not YAML: ")


def test_a_broken_page_stops_no_other(tmp_path: Path) -> None:
    texts = {
        "latin.md": "# Café\n".encode("latin-1"),
        "zeros.md": b'---\nstarts_from: "a\\0b.md"\n---\n# Zeros\n',
        "number.md": b"---\ntitle: " + b"9" * 5000 + b"\n---\n# A number\n",
        "nested.md": b"---\ntitle: " + b"[" * 5000 + b"\n---\n# Nested\n",
        "large.md": b"# Large\n" + b"a " * (1 << 20),
        "brackets.md": b"# Brackets\n" + b"[" * 60_000 + b"`" * 20_000 + b"{" * 20_000,
    }
    for name, text in texts.items():
        (tmp_path / name).write_bytes(text)
    good = PAIR / "good.md"
    run = check(good, *(tmp_path / name for name in texts), folder=tmp_path)
    assert run.status == 1
    assert {Path(one.page).name for one in run.told} == set(texts)
    assert run.data["pages"][good.relative_to(ROOT).as_posix()]["held"]
    assert any("latin.md:1: the page is not UTF-8" in one.head for one in run.told)


def test_framework(tmp_path: Path) -> None:
    run = check(PAGES / "both-wrong" / "bad.md", "--framework", "flask", folder=tmp_path)
    assert [one.head.split(": ")[1] for one in run.told] == ["Flask"]
    (page,) = run.data["pages"].values()
    assert list(page["frameworks"]) == ["flask"]


def test_shards_deal_all_pages_once() -> None:
    """However many parts there are, each page is in one of them."""
    pages = [folder / "good.md" for folder in sorted(PAGES.iterdir())[:7]]
    listed = [
        row.split()[0]
        for part in ("1/3", "2/3", "3/3")
        for row in call(*pages, "--shard", part, "--list").stdout.splitlines()
        if row.endswith(("(Flask)", "(Django)"))
    ]
    everything = call(*pages, "--list").stdout.splitlines()
    want = [row.split()[0] for row in everything if row.endswith(("(Flask)", "(Django)"))]
    assert sorted(listed) == sorted(want) and len(set(want)) >= 6


def test_a_part_without_pages() -> None:
    done = call(PAIR / "good.md", "--shard", "2/2", "--list")
    assert (done.returncode, done.stderr) == (
        2,
        "check_examples: part 2/2 of 1 pages is empty\n",
    )


def test_requires(tmp_path: Path) -> None:
    """A version that is not here keeps its own framework's reader away, visibly."""
    page, child = tmp_path / "page.md", tmp_path / "child.md"
    text = (PAIR / "good.md").read_text()
    page.write_text(text.replace("---\n", "---\nrequires: django>=99\n", 1))
    child.write_text("---\nstarts_from: page.md\n---\n# Child\n\n```console\n$ echo 1\n1\n```\n")
    run = check(page, child, folder=tmp_path)
    assert run.status == 0
    lacks = f"not run for Django: requires django>=99, here is {version('django')}"
    assert f"{page}: {lacks}" in run.stdout and f"{child}: {lacks}" in run.stdout
    assert "2 walks not made here" in run.summary
    walks = run.data["pages"][str(page)]["frameworks"]
    assert [block["outcome"] for block in walks["django"]["blocks"]] == ["not run"]
    assert {block["outcome"] for block in walks["flask"]["blocks"]} == {"passed"}


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("django", "names no version"),
        ("django 6", "is no requirement such as `django>=6.0`"),
        ("no-such-package>=1", "names a package that is not here"),
    ],
)
def test_requires_that_cannot_be_read(tmp_path: Path, value: str, why: str) -> None:
    page = tmp_path / "page.md"
    text = (PAIR / "good.md").read_text()
    page.write_text(text.replace("---\n", f"---\nrequires: {value}\n", 1))
    run = check(page, folder=tmp_path)
    assert [one.head for one in run.told] == [f"{page}:2: `requires: {value}` {why}"]


def test_list() -> None:
    page = PAIR / "good.md"
    done = call(page, "--list")
    text = page.read_text().splitlines()
    name = page.relative_to(ROOT).as_posix()
    rows = done.stdout.splitlines()
    django = rows.index(f"{name} (Django)")
    assert (done.returncode, rows[0]) == (0, f"{name} (Flask)")
    assert [row.split()[1:] for row in rows[1:django]] == [["file", "app.py"], ["http"]]
    for row in rows[1:django] + rows[django + 1 :]:
        assert text[int(row.split()[0]) - 1].lstrip().startswith("```")


def test_keep(run: Run, kept: Path) -> None:
    """A folder a page and framework, with what the page's reader has at the end."""
    found = {folder.name: {path.name for path in folder.iterdir()} for folder in kept.iterdir()}
    name = "tests-pages-pair-differs"
    flask = {"app.py", "requirements.txt"}
    django = {"manage.py", "settings.py", "urls.py", "requirements.txt"}
    assert found == {
        f"{name}-{page}-{framework}": files
        for page in ("good", "bad")
        for framework, files in (("flask", flask), ("django", django))
    }


def test_github(run: Run) -> None:
    notes = [row for row in run.stdout.splitlines() if row.startswith("::")]
    (told,) = run.told
    path, line, *_ = told.head.split(":")
    assert len(notes) == 1
    assert notes[0].startswith(f"::error file={path},line={line},title=Django::`GET /`: the body ")
    assert "%0A- Hello%0A+ Hello!" in notes[0]


def test_json(run: Run) -> None:
    assert run.status == 1
    assert run.data["versions"] == {
        "python": platform.python_version(),
        **{name: version(name) for name in run.data["versions"] if name != "python"},
    }
    assert {"flask", "django"} <= set(run.data["versions"])
    good, bad = (PAIR / name for name in ("good.md", "bad.md"))
    for path, held in ((good, True), (bad, False)):
        page = run.data["pages"][path.relative_to(ROOT).as_posix()]
        assert page["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert page["held"] is held
    flask, django = (page["frameworks"][name]["blocks"] for name in ("flask", "django"))
    assert [(one["kind"], one["outcome"]) for one in flask] == [
        ("file", "passed"),
        ("http", "passed"),
    ]
    assert [one["outcome"] for one in django] == ["passed", "passed", "passed", "failed"]
    assert all(one["milliseconds"] >= 0 and one["line"] > 0 for one in flask + django)
    (told,) = run.told
    assert django[-1]["failures"] == [told.head.replace(" Django:", "", 1)]


def older() -> str | None:
    """A Python that is too old for the checker, if one is at hand."""
    for name in ("/usr/bin/python3", *(f"python3.{minor}" for minor in range(11, 7, -1))):
        if path := shutil.which(name):
            code = "import sys; sys.exit(sys.version_info >= (3, 12))"
            if subprocess.run([path, "-c", code], capture_output=True).returncode == 0:
                return path
    return None


def test_older_python(tmp_path: Path) -> None:
    python = older()
    if python is None:
        pytest.skip("no older Python here")
    alone = shutil.copy(COMMAND, tmp_path)
    done = subprocess.run([python, alone], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert re.fullmatch(
        r"check_examples: Python 3\.12 or newer is needed, this is 3\.\d+: run `make setup`\n",
        done.stderr,
    )


def test_python_without_packages(tmp_path: Path) -> None:
    alone = shutil.copy(COMMAND, tmp_path)
    done = subprocess.run([sys.executable, "-I", "-S", alone], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith(": run `make setup` first\n") and done.stderr.count("\n") == 1


@pytest.fixture
def before() -> Iterator[set[int]]:
    """What runs below this process already; all that loses its parent will do so too."""
    adopt_orphans(True)
    yield set(below(os.getpid()))
    adopt_orphans(False)


@pytest.fixture
def busy(tmp_path: Path, before: set[int]) -> subprocess.Popen[str]:
    """A check in the midst of a page: a server, a command and a daemon are running."""
    page, folder = tmp_path / "page.md", tmp_path / "tmp"
    page.write_text(BUSY)
    folder.mkdir()
    process = subprocess.Popen(
        command(page, "--no-cache"),
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert soon(lambda: list(below(process.pid).values()).count("sleep 1000") == 2, 15)
    return process


def soon(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether a condition comes true in time."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def test_interrupt(busy: subprocess.Popen[str], before: set[int], tmp_path: Path) -> None:
    busy.send_signal(signal.SIGINT)
    _, told = busy.communicate(timeout=15)
    assert busy.returncode == 130
    assert told.endswith("check_examples: stopped; nothing is left running\n")
    assert "Traceback" not in told
    assert set(below(os.getpid())) <= before
    assert list((tmp_path / "tmp").iterdir()) == []


def test_path(tmp_path: Path) -> None:
    """What Homebrew has installed on a Mac is found, and before what the system has."""
    page = tmp_path / "page.md"
    page.write_text(
        "---\ntitle: A path\ndescription: Where programs are.\n---\n\n```console\n"
        '$ echo "$PATH"\n.../env/bin:/usr/local/bin:/opt/homebrew/bin:/usr/bin:/bin...\n```\n'
    )
    assert call(page, "--no-cache").returncode == 0


def test_interrupts_are_ignored(tmp_path: Path) -> None:
    """As under `nohup … &`: that is for the checker, and not for the commands of its pages."""
    page = tmp_path / "page.md"
    page.write_text(INTERRUPTED)
    words = ["sh", "-c", 'trap "" INT QUIT HUP; exec "$@"', "sh", *command(page, "--no-cache")]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout.count("\n")) == (0, 1), done.stdout


def test_kill(busy: subprocess.Popen[str], before: set[int]) -> None:
    busy.kill()
    busy.communicate(timeout=15)
    assert soon(lambda: set(below(os.getpid())) <= before, 5), below(os.getpid())
