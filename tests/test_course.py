"""The site that the course has built at its end: for everybody, in both frameworks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from checker import ROOT
from test_projects import FINE, programs, running

LAST = max(path.stem for path in (ROOT / "docs" / "tutorial").glob("[0-9]*.md"))
WIDTH = 320
ANYBODY = ("about/", "login/", "signup/")
LOGGED_IN = ("", "notes/new/", "token/", "no-such-page/")

__all__ = ["programs"]  # the fixture


@pytest.mark.parametrize("framework", ["flask", "django"])
def test_everybody_can_use_the_site(
    site: Path,
    browser: Any,
    tmp_path: Path,
    programs: Path,
    framework: str,
) -> None:
    archive = site / "projects" / f"tutorial-{LAST}-{framework}.zip"
    size = {"width": WIDTH, "height": 640}
    with (
        running(archive, tmp_path, programs) as (port, said),
        browser.new_context(viewport=size, bypass_csp=True) as context,  # Axe is a script
    ):
        assert said in FINE
        home = f"http://127.0.0.1:{port}/"
        page = context.new_page()
        found = [fault for path in ANYBODY for fault in faults(page, home + path)]
        password = "a-long-word-of-1842"
        send(page, f"{home}signup/", username="newcomer", password1=password, password2=password)
        assert page.url == home
        send(page, f"{home}notes/new/", title="A title " + "x" * 190, body="https://" + "x" * 400)
        for address in [page.url, *(home + path for path in LOGGED_IN)]:
            found += faults(page, address)
        assert found == []


def send(page: Any, address: str, **fields: str) -> None:
    page.goto(address)
    for name, value in fields.items():
        page.fill(f"[name={name}]", value)
    page.click("main form button")
    page.wait_for_url(lambda url: url != address)


def faults(page: Any, address: str) -> Iterator[tuple[str, ...]]:
    page.goto(address)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for one in Axe().run(page).response["violations"]:
            yield address, scheme, one["id"], one["nodes"][0]["html"]
    if (wide := page.evaluate("document.documentElement.scrollWidth")) > WIDTH:
        yield address, f"{wide} pixels wide"
