"""Take the pictures of both admins that stand on the admin page, from the project that it builds.

    .venv/bin/python scripts/tools/admin_pictures.py

The checker follows docs/guides/users/admin.md and keeps both projects; their own servers are
started, Ada logs in, and Chromium takes the list of notes. It needs `chromium` or `google-chrome`
on PATH. Exit status: 0 both pictures are written; 1 one is too large; 2 something is missing.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
PAGE = "docs/guides/users/admin.md"
ASSETS = ROOT / "docs" / "assets"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
PASSWORD = "analytical engine"
WIDTH = 1000
LIMIT = 60 * 1024
ADMINS = {
    "flask": (["-m", "flask", "run", "--port"], "/admin/note/", 410),
    "django": (["manage.py", "runserver", "--noreload"], "/admin/notes/note/", 590),
}


def main() -> int:
    """Build the projects, take both pictures, say how large they are."""
    if CHROMIUM is None:
        print("admin_pictures: there is no Chromium on PATH", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        check = [sys.executable, "scripts/check_examples.py", PAGE, "--no-cache"]
        built = subprocess.run([*check, "--keep", folder], cwd=ROOT)
        if built.returncode:
            print(f"admin_pictures: {PAGE} has to hold first", file=sys.stderr)
            return 2
        with sync_playwright() as started:
            browser = started.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
            )
            sizes = [_picture(browser, name, Path(folder)) for name in ADMINS]
            browser.close()
    return int(max(sizes) > LIMIT)


def _picture(browser: Browser, name: str, folder: Path) -> int:
    command, path, height = ADMINS[name]
    project = folder / PAGE.removesuffix(".md").replace("/", "-")
    target = ASSETS / f"admin-{name}.png"
    with _served(project.with_name(f"{project.name}-{name}"), command) as address:
        page = browser.new_page(viewport={"width": WIDTH, "height": height}, color_scheme="light")
        page.goto(f"{address}/accounts/login/?next={path}")
        page.fill("[name=username]", "Ada")
        page.fill("[name=password]", PASSWORD)
        page.click("button")
        page.wait_for_url(f"{address}{path}", wait_until="networkidle")
        page.screenshot(path=target)
        page.close()
    size = target.stat().st_size
    print(f"{target.relative_to(ROOT)}: {size / 1024:.0f} KiB, at most {LIMIT // 1024}")
    return size


@contextmanager
def _served(project: Path, command: list[str]) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = os.environ | {"FLASK_SECRET_KEY": secrets.token_hex()}
    server = subprocess.Popen(
        [sys.executable, *command, str(port)],
        cwd=project,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(port, server)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 20
    while server.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise SystemExit("admin_pictures: the server did not start")


if __name__ == "__main__":
    sys.exit(main())
