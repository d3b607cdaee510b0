"""What helps a contributor works: first page, watch, hook, editor files, news."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import socket
import subprocess
import sys
import tomllib
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from checker import PAGES, ROOT, check
from tandem import prose
from tandem.prose.parts import LESSON
from tandem.read import pages

DOCS = ROOT / "docs"
SCRIPTS = ROOT / "scripts"
SLUG = "guides/data/a-page-of-a-test"


def _script(name: str) -> ModuleType:
    spec = spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec and spec.loader
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _new_page(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, SCRIPTS / "new_page.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_new_page_holds(tmp_path: Path) -> None:
    file = DOCS / f"{SLUG}.md"
    try:
        done = _new_page(SLUG)
        assert done.returncode == 0
        assert f"- A page of a test: {SLUG}.md" in done.stdout
        again = _new_page(SLUG)
        assert (again.returncode, again.stderr) == (
            2,
            f"page: docs/{SLUG}.md is there already\n",
        )
        run = check(file, "--seconds", "20", "--examples", folder=tmp_path)
        assert run.status == 0, run.stdout
        found = prose.check([pages.read(file, SLUG)], ROOT)
        assert {outcome.label for one in found for outcome in one.outcomes} == {"draft"}
        assert all(
            (file.parent / link).is_file()
            for link in re.findall(r"\]\(([^):]+\.md)\)", file.read_text())
        )
        assert _built_parts(file.read_text()) == [*LESSON.last]
    finally:
        file.unlink(missing_ok=True)


def _built_parts(text: str) -> list[str]:
    return re.findall(r"^## (.+)$", text, re.MULTILINE)[-len(LESSON.last) :]


@pytest.mark.parametrize("slug", ["", "page", "../x/y", "Guides/Data", "/etc/x", "guides/data/"])
def test_no_place_for_a_page(slug: str) -> None:
    done = _new_page(slug)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "page: say where: make page SLUG=guides/data/soft-delete\n"


def test_the_watch_shows_the_failure_at_the_top(tmp_path: Path) -> None:
    """On a terminal: the screen is emptied, then the failure, at each save."""
    page = tmp_path / "page.md"
    page.write_text((PAGES / "pair-differs" / "good.md").read_text())
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, SCRIPTS / "watch.py", page], stdout=theirs, stderr=theirs, cwd=ROOT
    )
    try:
        first = _read(ours)
        assert "page.md held, " in first
        page.write_text((PAGES / "pair-differs" / "bad.md").read_text())
        screen = _read(ours).rpartition("\x1b[H")[2]
        assert re.match(r"\S+page\.md:\d+: Django: `GET /`: the body ", screen)
        page.write_text((PAGES / "pair-differs" / "good.md").read_text())
        assert "page.md held, " in _read(ours).rpartition("\x1b[H")[2]
    finally:
        process.terminate()
        process.wait(10)
        os.close(ours)
        os.close(theirs)


def _read(terminal: int) -> str:
    said = ""
    while "Ctrl+C ends\r\n" not in said:
        assert select.select([terminal], [], [], 30)[0], said
        said += os.read(terminal, 1 << 16).decode()
    return said


def test_the_watch_of_a_missing_page() -> None:
    command = [sys.executable, SCRIPTS / "watch.py", "none.md"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2 and "there is no page" in done.stderr


def test_the_hook_follows_what_is_staged(tmp_path: Path) -> None:
    """In a clone of its own, whose Python only says what it was asked, and what it saw."""
    clone = tmp_path / "clone"
    (clone / ".venv" / "bin").mkdir(parents=True)
    (clone / "docs" / "guides").mkdir(parents=True)
    python = clone / ".venv" / "bin" / "python"
    asked = clone / ".venv" / "asked"
    python.write_text(
        f'#!/bin/sh\necho "$*" >> {asked}\ncat docs/top.md >> {asked}\n'
        'case "$*" in *wrong*) exit 1;; esac\n'
    )
    python.chmod(0o755)
    git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]

    def run(*words: str) -> int:
        return subprocess.run([*git, *words], cwd=clone, capture_output=True).returncode

    run("init", "-q")
    run("config", "core.hooksPath", str(ROOT / ".githooks"))
    for name in ("a.py", "docs/guides/a page.md", "docs/top.md", "README.md"):
        (clone / name).write_text("staged\n")
    run("add", "a.py", "docs", "README.md")
    (clone / "docs" / "top.md").write_text("saved since\n")
    assert run("commit", "-q", "-m", "one") == 0
    assert asked.read_text().splitlines() == [
        "-m ruff check a.py",
        "staged",
        "-m ruff format --check a.py",
        "staged",
        "scripts/check_examples.py --dependants docs/guides/a page.md docs/top.md",
        "staged",
    ]
    assert (clone / "docs" / "top.md").read_text() == "saved since\n"
    (clone / "docs" / "wrong.md").write_text("x\n")
    run("add", "docs/wrong.md")
    assert run("commit", "-q", "-m", "two") != 0


def test_the_editor_finds_failures_in_a_report() -> None:
    tasks = json.loads((ROOT / ".vscode" / "tasks.json").read_text())["tasks"]
    (pattern,) = [task["problemMatcher"]["pattern"] for task in tasks]
    page = PAGES / "pair-differs" / "bad.md"
    done = subprocess.run(
        [sys.executable, SCRIPTS / "check_examples.py", page],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    found = [re.match(pattern["regexp"], row) for row in done.stdout.splitlines()]
    (match,) = [one for one in found if one]
    assert match[pattern["file"]] == page.relative_to(ROOT).as_posix()
    assert int(match[pattern["line"]]) > 0 and match[pattern["message"]].startswith("Django: ")


def test_the_port_of_the_server() -> None:
    serve = _script("serve")
    with socket.create_server((serve.HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ValueError, match=f"port {port} is taken"):
            serve.port_for({"PORT": str(port)})
    assert serve.port_for({"PORT": str(port)}) == port
    for wrong in ("none", "0", "70000", "-1"):
        with pytest.raises(ValueError, match="is no port"):
            serve.port_for({"PORT": wrong})
    with socket.socket() as first:
        first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if serve.is_free(serve.PORT):
            first.bind((serve.HOST, serve.PORT))
            first.listen()
        assert serve.port_for({}) > serve.PORT


def test_dependants(tmp_path: Path) -> None:
    """The pages that start from the ones given, and no others."""
    (tmp_path / "docs").mkdir()
    shutil.copy(ROOT / "mkdocs.yml", tmp_path)
    for name, start in (("a", "nothing"), ("b", "a.md"), ("c", "b.md"), ("d", "nothing")):
        text = f"---\ntitle: {name}\nstarts_from: {start}\n---\n\n# T\n\n```console\n$ true\n```\n"
        (tmp_path / "docs" / f"{name}.md").write_text(text)
    command = [sys.executable, SCRIPTS / "check_examples.py", "--list"]
    done = subprocess.run(
        [*command, "--dependants", "docs/b.md"], cwd=tmp_path, capture_output=True, text=True
    )
    rows = [row.partition(" (")[0] for row in done.stdout.splitlines() if "(" in row]
    assert rows == ["docs/a.md", "docs/b.md", "docs/c.md"]


def test_snippets_and_forms_can_be_read() -> None:
    snippets = json.loads((ROOT / ".vscode" / "tandem.code-snippets").read_text())
    assert {one["prefix"] for one in snippets.values()} >= {"pair", "http", "console", "pycon"}
    forms = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml"))
    assert len(forms) == 3
    for form in forms:
        data = yaml.safe_load(form.read_text())
        if form.stem == "config":
            continue
        assert {"name", "description", "body"} <= data.keys()
        known = [part["id"] for part in data["body"] if part["type"] != "markdown"]
        assert len(known) == len(set(known))


@pytest.mark.parametrize(
    "name", ["CONTRIBUTING", "CODE_OF_CONDUCT", "SECURITY", "CHANGELOG", "README"]
)
def test_links_of_the_project_lead_somewhere(name: str) -> None:
    text = (ROOT / f"{name}.md").read_text()
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        assert link.startswith("https://") or (ROOT / link).exists(), link
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"(?:`|^\$ )make ([a-z]+)", text, re.MULTILINE)) <= targets


def test_the_changelog_and_the_project_agree() -> None:
    numbers = re.findall(r"^## (\d+\.\d+\.\d+) \(\d{4}-\d\d-\d\d\)$",
                         (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)  # fmt: skip
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert numbers[0] == project["version"]
    assert numbers == sorted(numbers, reverse=True)


def test_a_first_page_from_a_clone(tmp_path: Path) -> None:
    """Every file that `make page` and `make watch` need is in the repository."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout
    for name in ("scripts/new_page.md", "scripts/new_page.py", "scripts/watch.py", "Makefile"):
        assert name in listed.splitlines() or shutil.which("git") is None
