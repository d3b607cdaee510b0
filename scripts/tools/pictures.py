"""Take the pictures of browser windows that stand on pages, from the projects that pages build.

    .venv/bin/python scripts/tools/pictures.py [NAME ...]

For each picture the checker follows its page, up to a heading where one is given, and keeps the
project; the project's own server is started, and Chromium opens the address. What it shows is put
into a drawn window with the address above it, and stored as docs/assets/pictures/NAME.webp.
Without a NAME all are taken. It needs Chromium (`sh scripts/browser.sh .venv/bin/python`).
Exit status: 0 all are written; 1 one is too large; 2 something is missing.
"""

from __future__ import annotations

import argparse
import base64
import io
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from PIL import Image, ImageDraw
from playwright.sync_api import Browser, FilePayload, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
TARGET = DOCS / "assets" / "pictures"
SCALE = 1.25  # device pixels for a pixel of the style sheet: sharp enough, and half the bytes
QUALITY = 55  # of WebP, from 0 to 100
LIMIT = 48 * 1024  # bytes of one picture
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")  # else Playwright's own
SECONDS = 20  # for a server to start
PORTS = {"flask": 5000, "django": 8000}  # as the address says that a reader sees
SERVERS = {
    "flask": ("-m", "flask", "run", "--debug", "--no-reload", "--port"),
    "django": ("manage.py", "runserver", "--noreload"),
}
WINDOW = """<!doctype html><style>
body { margin: 0; background: transparent; font: 14px/1 system-ui, sans-serif; }
figure { margin: 0; border: 1px solid #9aa0a6; border-radius: 8px; overflow: hidden; }
figcaption { display: flex; gap: 6px; align-items: center; padding: 7px 10px; background: #dfe3e8;
  color: #202124; }
i { width: 11px; height: 11px; border-radius: 50%; background: #9aa0a6; }
b { flex: 1; margin-left: 8px; padding: 6px 12px; border-radius: 12px; background: #fff;
  font-weight: 400; }
img { display: block; width: 100%; }
</style><figure><figcaption><i></i><i></i><i></i><b></b></figcaption><img></figure>"""
FILL = """([address, source]) => {
  document.querySelector("b").textContent = address;
  const picture = document.querySelector("img");
  picture.src = source;
  return picture.decode();
}"""


# What a page shows of this machine becomes what a reader's shows: pairs of texts.
NAMED = """pairs => {
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode())
    for (const [here, there] of pairs)
      walk.currentNode.data = walk.currentNode.data.replaceAll(here, there);
}"""
HOME = "/home/ada/notes"


type Fields = tuple[tuple[str, str | bytes], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """What is taken: `path` of the project that `page` has built before its heading `until`.

    `size` is that of the window's content in pixels. `form` is filled in and sent (`name`:
    value, and bytes are a file), or only sent if it is empty; with `login` Ada logs in first, and
    with `visitor` this user of the course. `scheme` is the colour scheme that is asked for, and
    `host` a name of this machine that the project answers to. `port` is the page's, if another.
    """

    page: str
    framework: str
    path: str
    size: tuple[int, int]
    until: str = ""
    form: Fields | None = None
    login: bool = False
    visitor: str = ""
    scheme: str = "light"
    host: str = "127.0.0.1"
    port: int = 0


def _landscape() -> bytes:
    """A picture that somebody may put into a note."""
    drawn = Image.new("RGB", (480, 200), "#9cc9f0")
    pen = ImageDraw.Draw(drawn)
    pen.ellipse((340, 30, 410, 100), "#ffd75e")
    pen.polygon([(0, 200), (150, 50), (300, 200)], "#5d7a8c")
    pen.polygon([(180, 200), (350, 90), (480, 200)], "#476374")
    stored = io.BytesIO()
    drawn.save(stored, "PNG")
    return stored.getvalue()


PASSWORDS = {"ada": "engine-of-1843", "grace": "compiler-of-1952"}  # the course says them
FORM = (("title", "   "), ("body", "By Monday."))
SAVED = (("title", "Pay rent"),)
TRIP = (
    ("title", "Pack for the mountains"),
    ("body", "Boots, a map, and a warm jacket."),
    ("picture", _landscape()),
    ("picture_alt", "Two mountains under the sun"),
)
LIST = "/admin/notes/note/"
PICTURES = {
    "hello": Picture("start/hello-world.md", "flask", "/", (520, 90), "Open it in a browser"),
    "form-flask": Picture("guides/pages/forms.md", "flask", "/notes/new/", (520, 200),
                          "When it goes wrong", FORM),
    "form-django": Picture("guides/pages/forms.md", "django", "/notes/new/", (520, 330),
                           "When it goes wrong", FORM),
    "debugger-flask": Picture("start/dev-server.md", "flask", "/divide/", (760, 716),
                              "Save a syntax error", port=5001),
    "debugger-django": Picture("start/dev-server.md", "django", "/divide/", (760, 292),
                               "Save a syntax error"),
    "missing-flask": Picture("start/dev-server.md", "flask", "/nowhere/", (620, 130),
                             "Save a syntax error", port=5001),
    "missing-django": Picture("start/dev-server.md", "django", "/nowhere/", (620, 330),
                              "Save a syntax error"),
    "admin-flask": Picture("guides/users/admin.md", "flask", "/admin/note/", (1000, 410),
                           login=True),
    "admin-django": Picture("guides/users/admin.md", "django", LIST, (1000, 640), login=True),
    "admin-django-dark": Picture("guides/users/admin.md", "django", LIST, (1000, 640),
                                 login=True, scheme="dark"),
    "browsable-api": Picture("guides/apis/rest-framework.md", "django", "/notes/", (800, 560),
                             "See what each refuses by default", host="localhost"),
    "flash": Picture("guides/requests/flash-messages.md", "flask", "/notes/new/", (520, 150),
                     "See where a message waits", SAVED),
    "pagination": Picture("guides/data/pagination.md", "flask", "/notes/?page=2", (520, 260),
                          "Keep the search word"),
    "csrf-flask": Picture("guides/pages/csrf.md", "flask", "/notes/board/", (620, 130),
                          "Put the token into forms", ()),
    "csrf-django": Picture("guides/pages/csrf.md", "django", "/notes/board/", (760, 308),
                           "Put the token into forms", ()),
    "toolbar-flask": Picture("guides/quality/debugging.md", "flask", "/notes/about/", (460, 505),
                             "Read the page of debug mode"),
    "toolbar-django": Picture("guides/quality/debugging.md", "django", "/notes/about/", (460, 505),
                              "Read the page of debug mode"),
    "course-01": Picture("tutorial/01-first-page.md", "flask", "/", (560, 160)),
    "course-02": Picture("tutorial/02-templates.md", "flask", "/", (560, 250)),
    "course-03": Picture("tutorial/03-database.md", "flask", "/", (560, 250), scheme="dark"),
    "course-04": Picture("tutorial/04-list-and-detail.md", "flask", "/notes/1/", (560, 230)),
    "course-05": Picture("tutorial/05-forms.md", "flask", "/notes/new/", (560, 470), form=FORM),
    "course-06": Picture("tutorial/06-log-in.md", "flask", "/", (560, 290), visitor="ada"),
    "course-07": Picture("tutorial/07-your-notes.md", "flask", "/notes/1/edit/", (560, 540),
                         visitor="ada"),
    "course-08": Picture("tutorial/08-search-and-pages.md", "flask", "/?page=2", (560, 680),
                         visitor="grace"),
    "course-09": Picture("tutorial/09-pictures.md", "flask", "/notes/new/", (560, 560),
                         form=TRIP, visitor="ada"),
    "course-10": Picture("tutorial/10-json-api.md", "flask", "/token/", (560, 290), form=(),
                         visitor="ada"),
    "course-11": Picture("tutorial/11-tests.md", "flask", "/notes/1/", (560, 290),
                         visitor="grace"),
    "course-12": Picture("tutorial/12-online.md", "flask", "/", (390, 460), visitor="ada",
                         scheme="dark"),
}  # fmt: skip


class Missing(Exception):
    """Something that a picture needs is not there: a sentence about it."""


def main() -> int:
    """Build the projects, take the pictures, and say how large they are."""
    parser = argparse.ArgumentParser(description="Take the pictures of browser windows.")
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[*PICTURES, []])
    names = parser.parse_args().names or list(PICTURES)
    TARGET.mkdir(exist_ok=True)
    try:
        with tempfile.TemporaryDirectory() as folder, sync_playwright() as started:
            browser = started.chromium.launch(
                executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
            )
            sizes = [_take(browser, name, PICTURES[name], Path(folder)) for name in names[::-1]]
            browser.close()
    except Missing as error:
        print(f"pictures: {error}", file=sys.stderr)
        return 2
    return int(max(sizes) > LIMIT)


def _take(browser: Browser, name: str, picture: Picture, folder: Path) -> int:
    project = _built(picture, folder)
    shown = f"http://{picture.host}:{picture.port or PORTS[picture.framework]}"
    if picture.page.startswith("tutorial/"):
        shown = "http://127.0.0.1:…"  # both frameworks show the same, each at its own port
    with _served(project, picture.framework) as port:
        address = f"http://{picture.host}:{port}"
        page = _page(browser, picture.size, picture.scheme)
        if picture.login:
            page.goto(f"{address}/accounts/login/?next={picture.path}")
            _send(page, (("username", "Ada"), ("password", "analytical engine")))
        elif picture.visitor:
            page.goto(f"{address}/login/?next={picture.path}")
            password = PASSWORDS[picture.visitor]
            _send(page, (("username", picture.visitor), ("password", password)))
        else:
            page.goto(f"{address}{picture.path}")
        if picture.form is not None:
            page.evaluate("document.querySelector('form').noValidate = true")
            _send(page, picture.form)
        page.wait_for_load_state("networkidle")
        page.evaluate(NAMED, _names(project, address, shown))
        shown = page.url.replace(address, shown)
        content = page.screenshot()
        page.close()
    target = TARGET / f"{name}.webp"
    target.write_bytes(_framed(browser, picture, shown, content))
    size = target.stat().st_size
    print(f"{target.relative_to(ROOT)}: {size / 1024:.0f} KiB, at most {LIMIT // 1024}")
    return size


def _names(project: Path, address: str, shown: str) -> list[tuple[str, str]]:
    library = Path(os.__file__).parent
    return [
        (address, shown),
        (str(project), HOME),
        (str(Path(sys.prefix)), f"{HOME}/.venv"),
        (str(library), f"/usr/lib/{library.name}"),
    ]


def _page(browser: Browser, size: tuple[int, int], scheme: str) -> Page:
    width, height = size
    return browser.new_page(
        viewport={"width": width, "height": height},
        device_scale_factor=SCALE,
        color_scheme="dark" if scheme == "dark" else "light",
    )


def _send(page: Page, fields: Fields) -> None:
    for field, value in fields:
        if isinstance(value, bytes):
            file = {"name": "picture.png", "mimeType": "image/png", "buffer": value}
            page.set_input_files(f"[name={field}]", cast(FilePayload, file))
        else:
            page.fill(f"[name={field}]", value)
    # Without a field it is the page's last form: in the course, a first one logs out.
    form = page.locator(f"form:has([name={fields[0][0]}])" if fields else "form")
    with page.expect_navigation():
        form.last.locator("button, [type=submit]").first.click()


def _framed(browser: Browser, picture: Picture, address: str, content: bytes) -> bytes:
    width, height = picture.size
    page = _page(browser, (width + 2, height + 60), picture.scheme)
    page.set_content(WINDOW)
    page.evaluate(FILL, [address, "data:image/png;base64," + base64.b64encode(content).decode()])
    shot = page.locator("figure").screenshot(omit_background=True)
    page.close()
    stored = io.BytesIO()
    Image.open(io.BytesIO(shot)).save(stored, "WEBP", quality=QUALITY, method=6)
    return stored.getvalue()


def _built(picture: Picture, folder: Path) -> Path:
    """The project that a reader of the page has where the picture is taken."""
    slug = picture.page.removesuffix(".md").replace("/", "-")
    name = re.sub(r"\W+", "-", f"{picture.until or 'whole'} {picture.page}")
    place = folder / name / picture.framework
    # What a page starts from is kept with it, as that page has left it.
    built = folder.glob(f"whole-*/*/kept/*-{slug}-{picture.framework}")
    if not picture.until and (found := next(built, None)):
        return found
    kept = place / "kept"
    if not place.exists():
        shutil.copytree(DOCS, place / "docs")
        page = place / "docs" / picture.page
        if picture.until:
            before, heading, _ = page.read_text().partition(f"\n## {picture.until}\n")
            if not heading:
                raise Missing(f"docs/{picture.page} has no heading `{picture.until}`")
            page.write_text(before)
        check = [sys.executable, str(ROOT / "scripts" / "check_examples.py")]
        what = [f"docs/{picture.page}", "--framework", picture.framework, "--seconds", "60"]
        command = [*check, *what, "--no-cache", "--keep", str(kept)]
        if subprocess.run(command, cwd=place, capture_output=True).returncode:
            raise Missing(f"docs/{picture.page} has to hold first")
    return next(kept.glob(f"*-{slug}-{picture.framework}"))


@contextmanager
def _served(project: Path, framework: str) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, *SERVERS[framework], str(port)],
        cwd=project,
        env=os.environ | {"FLASK_SECRET_KEY": secrets.token_hex()},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(port, server)
        yield port
    finally:
        server.terminate()
        server.wait()


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise Missing(f"the server in {server.args!r} did not start")


if __name__ == "__main__":
    sys.exit(main())
