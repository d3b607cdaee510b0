"""What the tests of the built site share: the site, a server for it, a browser."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run",
]  # fmt: skip
WIDE = {"width": 1600, "height": 1000}
EDIT = "https://git.example/tandem/edit/main/docs/{path}"


def pytest_sessionstart() -> None:
    """Hear Ctrl+C, and what tests start too: under `nohup … &` both would ignore it."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site as it is published: every page checked, warnings as errors, completed."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "build.py", "--site-dir", folder],
        env={**os.environ, "EDIT_URI_TEMPLATE": EDIT},
        capture_output=True,
        text=True,
    )
    if done.returncode:  # told shortly, for every test that needs the site tells it again
        rows = (done.stdout + done.stderr).splitlines()
        wrong = "\n".join(row for row in rows if ": held (" not in row)
        pytest.fail(f"the site is not built:\n{wrong}", pytrace=False)
    return folder


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Nothing: a test's output is for its failures."""


@pytest.fixture(scope="session")
def address(site: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with playwright.sync_playwright() as started:
        # Without a Chromium on PATH it is Playwright's own: see scripts/browser.sh.
        browser = started.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def visit(browser: Any, address: str) -> Iterator[Callable[..., Any]]:
    """Opens a page as a new reader does; errors in its console and foreign requests fail."""
    contexts, wrong = [], []

    def visit(path: str = "", size: Any = WIDE, **options: Any) -> Any:
        context = browser.new_context(viewport=size, **options)
        contexts.append(context)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.on("console", lambda message: message.type == "error" and wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda one: one.url.startswith(address) or wrong.append(one.url))
        page.goto(address + path)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert not wrong
