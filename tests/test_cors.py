"""The CORS guide in a real browser: what it withholds, and what the server has done by then."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Quiet
from test_projects import answer

GUIDE = (ROOT / "docs" / "guides" / "apis" / "cors.md").read_text()
LOCAL = re.compile(r"127\.0\.0\.1:\d+")


@dataclass(frozen=True, slots=True)
class Running:
    api: str
    allowed: str
    stranger: str

    def starred(self) -> bool:
        """What the server knows of the first note, asked without a browser."""
        with urllib.request.urlopen(f"{self.api}/notes/all.json", timeout=30) as response:
            return bool(json.load(response)[0].get("starred"))


@pytest.fixture(params=["flask", "django"])
def running(request: pytest.FixtureRequest, site: Path, tmp_path: Path) -> Iterator[Running]:
    """The guide's project as it is at the end, and its front end at two origins: one is allowed."""
    with zipfile.ZipFile(site / "projects" / f"guides-apis-cors-{request.param}.zip") as opened:
        opened.extractall(tmp_path)
    project = tmp_path / "notes"
    serve = partial(Quiet, directory=str(project / "frontend"))
    fronts = [ThreadingHTTPServer(("127.0.0.1", 0), serve) for _ in range(2)]
    for front in fronts:
        threading.Thread(target=front.serve_forever, daemon=True).start()
    allowed, stranger = (f"127.0.0.1:{front.server_port}" for front in fronts)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    page = project / "frontend" / "index.html"
    page.write_text(LOCAL.sub(f"127.0.0.1:{port}", page.read_text()))
    for file in (project / "notes" / "__init__.py", project / "mysite" / "settings.py"):
        if file.exists():
            file.write_text(file.read_text().replace("127.0.0.1:3000", allowed))
    run = {"flask": ["-m", "flask", "run", "--port"], "django": ["manage.py", "runserver"]}
    extra = ["--noreload"] if request.param == "django" else []
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, *run[request.param], str(port), *extra],
            cwd=project, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        assert answer(port, process) == "200", (tmp_path / "log").read_text()
        yield Running(f"http://127.0.0.1:{port}", f"http://{allowed}/", f"http://{stranger}/")
    finally:
        process.kill()
        process.wait()
        for front in fronts:
            front.shutdown()
            front.server_close()


def press(page: Any, button: str) -> str:
    """What the front end shows once the button's request has been answered or refused."""
    result = "document.querySelector('#result').textContent"
    page.evaluate(f"{result} = ''")
    page.get_by_role("button", name=button, exact=True).click()
    page.wait_for_function(result)
    return str(page.evaluate(result))


def blocked(page: Any, button: str) -> str:
    """What the browser's console says of a request that it withholds from the page."""
    with page.expect_console_message(lambda one: "CORS policy" in one.text) as told:
        assert press(page, button) == "TypeError: Failed to fetch"
    return str(told.value.text)


def test_what_the_browser_blocks_and_what_has_happened_by_then(
    running: Running, browser: Any
) -> None:
    page = browser.new_page()
    page.goto(running.allowed)
    assert "Buy oat milk" in press(page, "List")
    assert json.loads(press(page, "Star"))["starred"] is True
    assert json.loads(press(page, "Remove the star"))["starred"] is False

    page.goto(running.stranger)
    (shown,) = re.findall(r"```text\n(Access to fetch .*?)```", GUIDE, re.DOTALL)
    told = blocked(page, "List")
    assert LOCAL.sub("", told).startswith(LOCAL.sub("", " ".join(shown.split())))
    assert not running.starred()
    assert "No 'Access-Control-Allow-Origin' header" in blocked(page, "Star")
    assert running.starred()  # the form's method: asked nobody, and the view has run
    assert "preflight" in blocked(page, "Remove the star")
    assert running.starred()  # the preflight came back without permission
    page.close()
