"""What helps a contributor works: first page, watch, hook, editor files, news."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import shutil
import subprocess
import sys
import tomllib
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from checker import PAGES, ROOT, check

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
        run = check(file, "--seconds", "20", folder=tmp_path)
        assert run.status == 0, run.stdout
        assert all(
            (file.parent / link).is_file()
            for link in re.findall(r"\]\(([^):]+\.md)\)", file.read_text())
        )
        assert _built_parts(file.read_text()) == ["What differs", "When it goes wrong", "Go on"]
    finally:
        file.unlink(missing_ok=True)


def _built_parts(text: str) -> list[str]:
    return re.findall(r"^## (.+)$", text, re.MULTILINE)[-3:]


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
    """In a clone of its own, whose Python only says what it was asked."""
    clone = tmp_path / "clone"
    (clone / ".venv" / "bin").mkdir(parents=True)
    (clone / "docs" / "guides").mkdir(parents=True)
    python = clone / ".venv" / "bin" / "python"
    python.write_text('#!/bin/sh\necho "$*" >> asked\ncase "$*" in *wrong*) exit 1;; esac\n')
    python.chmod(0o755)
    git = ["git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org"]

    def run(*words: str) -> int:
        return subprocess.run([*git, *words], cwd=clone, capture_output=True).returncode

    run("init", "-q")
    run("config", "core.hooksPath", str(ROOT / ".githooks"))
    for name in ("a.py", "docs/guides/page.md", "docs/top.md", "README.md"):
        (clone / name).write_text("x\n")
    run("add", "a.py", "docs", "README.md")
    assert run("commit", "-q", "-m", "one") == 0
    assert (clone / "asked").read_text().splitlines() == [
        "-m ruff check a.py",
        "-m ruff format --check a.py",
        "scripts/check_examples.py docs/guides/page.md docs/top.md",
    ]
    (clone / "docs" / "wrong.md").write_text("x\n")
    run("add", "docs")
    assert run("commit", "-q", "-m", "two") == 1


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
