"""The archives that pages begin with and end at: plain files that start as their README.md says."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.error import HTTPError, URLError

import pytest
from checker import ROOT
from packaging.utils import canonicalize_name
from tandem.read.pages import read
from tandem_site import projects

LOCK = (ROOT / "requirements" / "examples.txt").read_text().lower()
DOCS = ROOT / "docs"
FINE = {"200", "301", "302", "400", "404"}


@pytest.fixture(scope="session")
def archives(site: Path) -> list[Path]:
    return sorted((site / "projects").glob("*.zip"))


def test_every_page_that_says_where_it_starts_has_them(archives: list[Path]) -> None:
    names = {one.stem.rpartition("-")[0] for one in archives}
    pages = [read(file, file.name) for file in sorted(DOCS.rglob("*.md"))]
    slugs = {
        page.path.relative_to(DOCS).with_suffix("").as_posix().replace("/", "-")
        for page in pages
        if "starts_from" in page.meta and not page.needs_no_examples
        if not page.path.is_relative_to(DOCS / "contribute") and "about" not in page.meta
    }
    assert names == slugs - {"start-install"}  # whose project is an environment alone


def test_what_they_hold(archives: list[Path]) -> None:
    for archive in archives:
        with zipfile.ZipFile(archive) as opened:
            names = set(opened.namelist())
            assert {"notes/README.md", "notes/requirements.txt"} <= names, archive.name
            for entry in opened.infolist():
                parts = entry.filename.split("/")
                assert parts[0] == "notes", entry.filename
                assert not {"..", ".venv", "__pycache__"} & set(parts), entry.filename
                assert entry.external_attr >> 16 == 0o100644, entry.filename  # no link
            needs = opened.read("notes/requirements.txt").decode().split()
            readme = opened.read("notes/README.md").decode()
        assert needs, archive.name
        for name, _, version in (need.partition("==") for need in needs):
            locked = f"{canonicalize_name(name)}=={version}"
            assert re.search(rf"^{re.escape(locked)}(?= |$)", LOCK, re.MULTILINE), locked
        assert "pip install -r requirements.txt" in readme
        assert str(ROOT) not in readme


def commands(folder: Path) -> list[str]:
    """What the README.md says to type after the installation."""
    text = (folder / "README.md").read_text()
    _, _, rest = text.partition("pip install -r requirements.txt\n")
    return [row.strip() for row in rest.partition("On Windows")[0].splitlines() if row.strip()]


def answer(port: int, process: subprocess.Popen[bytes]) -> str:
    """The status of the first answer that a server gives, or what it said instead."""
    wanted = urllib.request.Request(
        f"http://127.0.0.1:{port}/notes/", headers={"Host": "localhost"}
    )
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(wanted, timeout=30) as response:
                return str(response.status)
        except HTTPError as error:
            return str(error.code)
        except (URLError, ConnectionError):
            time.sleep(0.05)
    process.kill()
    return process.communicate()[0].decode()


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """What an environment has on PATH after the installation: the locked programs, this Python."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "python").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    code = "import sys; from flask.cli import main; sys.argv[0] = 'flask'; sys.exit(main())"
    text = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c {shlex.quote(code)} "$@"\n'
    (folder / "flask").write_text(text)
    for file in folder.iterdir():
        file.chmod(0o755)
    return folder


@contextmanager
def running(archive: Path, folder: Path, programs: Path) -> Iterator[tuple[int, str]]:
    """An archive unpacked and started by its README.md's commands: its port, its first answer."""
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(folder / archive.stem)
    project = folder / archive.stem / "notes"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    *sets, server = commands(project)
    server += f" --port {port}" if archive.stem.endswith("flask") else f" --noreload {port}"
    environment = {"PATH": f"{programs}:{os.defpath}", "HOME": str(folder), "LANG": "C.UTF-8"}
    with subprocess.Popen(
        ["bash", "-ec", "\n".join([*sets, f"exec {server}"])],
        cwd=project,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        try:
            yield port, answer(port, process)
        finally:
            process.kill()


def started(archive: Path, folder: Path, programs: Path) -> str:
    with running(archive, folder, programs) as (_, said):
        return said


def test_they_start(archives: list[Path], tmp_path: Path, programs: Path) -> None:
    """Each answers: with its notes, that it has none there, or that it wants HTTPS."""
    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(lambda one: started(one, tmp_path, programs), archives))
    answers = dict(zip([archive.stem for archive in archives], said, strict=True))
    assert {name: one for name, one in answers.items() if one not in FINE} == {}
    assert said.count("200") > 60


def test_a_link_is_not_followed_and_a_large_project_is_refused(tmp_path: Path) -> None:
    docs, kept, site = (tmp_path / name for name in ("docs", "kept", "site"))
    project = kept / "docs-page-flask"
    for folder in (docs, project, site):
        folder.mkdir(parents=True)
    (docs / "page.md").write_text("---\ntitle: Page\nstarts_from: nothing\n---\n\n# Page\n")
    (project / "app.py").write_text("print(1)\n")
    (project / "passwd").symlink_to("/etc/passwd")
    assert list(projects.add(site, docs, kept, "http://localhost/")) == []
    with zipfile.ZipFile(site / "projects" / "page-flask.zip") as opened:
        assert sorted(opened.namelist()) == ["notes/README.md", "notes/app.py"]
    (project / "noise").write_bytes(os.urandom(projects.LARGEST + 1))
    (told,) = projects.add(site, docs, kept, "http://localhost/")
    assert told == "projects/page-flask.zip: 2049 KiB are too much for a project of text"
    assert not (site / "projects" / "page-flask.zip").exists()


def test_the_box_links_where_a_page_begins_and_ends(site: Path) -> None:
    html = (site / "guides" / "requests" / "routing" / "index.html").read_text()
    (box,) = re.findall(r'<div class="begin".*?</div>', html, re.DOTALL)
    found = re.findall(r'href="([^"]+)"', box)
    assert found == [
        "../../../start/project-layout/",
        "../../../projects/start-project-layout-flask.zip",
        "../../../projects/start-project-layout-django.zip",
        "../../../projects/guides-requests-routing-flask.zip",
        "../../../projects/guides-requests-routing-django.zip",
    ]
    nothing = (site / "start" / "hello-world" / "index.html").read_text()
    assert "Begin in an empty folder" in nothing
    assert 'class="begin"' not in (site / "start" / "install" / "index.html").read_text()
