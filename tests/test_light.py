"""A page is light: it asks for little, and is styled and laid out once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Open = Callable[..., Any]
PHONE = {"width": 390, "height": 844}
ROUTING = "guides/requests/routing/"


def test_a_page_asks_for_what_it_shows(visit: Open, address: str) -> None:
    """The search is asked for when it is used: its index by the field, its worker by a letter."""
    page = visit("")
    asked: list[str] = []
    page.on("request", lambda one: asked.append(one.url.removeprefix(address).partition("?")[0]))
    page.goto(f"{address}{ROUTING}", wait_until="networkidle")
    assert len([one for one in asked if one.endswith(".css")]) == 1
    assert len([one for one in asked if one.endswith(".js")]) == 2
    assert not [one for one in asked if "search" in one]
    page.locator(".md-search__input").click()
    page.keyboard.type("url")
    page.locator(".md-search-result__item").first.wait_for()
    assert {"search/index.json", "assets/search.js"} <= set(asked)


@pytest.mark.parametrize("path", ["", ROUTING, "reference/errors/"])
def test_a_page_is_styled_once(browser: Any, address: str, path: str, tmp_path: Path) -> None:
    """Hardly more elements are styled than the page has: it is never styled as a whole again."""
    context = browser.new_context(viewport=PHONE)
    page = context.new_page()
    categories = ["-*", "devtools.timeline"]
    browser.start_tracing(page=page, path=tmp_path / "trace.json", categories=categories)
    page.goto(address + path, wait_until="networkidle")
    browser.stop_tracing()
    elements = page.evaluate("document.querySelectorAll('*').length")
    context.close()
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    styled = [one["args"] for one in events if one["name"] == "UpdateLayoutTree"]
    assert 0 < sum(one.get("elementCount", 0) for one in styled) < elements * 1.5


@pytest.mark.parametrize("path", ["", ROUTING])
def test_nothing_moves_by_itself(visit: Open, path: str) -> None:
    page = visit(path, PHONE)
    moved = page.evaluate("""async () => {
      let sum = 0
      new PerformanceObserver((list) => list.getEntries().forEach((one) => (sum += one.value)))
        .observe({ type: "layout-shift", buffered: true })
      for (let y = 0; y < document.body.scrollHeight; y += 400) {
        scrollTo({ top: y, behavior: "instant" })
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done, 10)))
      }
      return sum
    }""")
    assert moved == 0


def test_what_is_far_is_found_reached_and_printed(visit: Open) -> None:
    page = visit(f"{ROUTING}?framework=flask", PHONE)
    last = page.locator("article > .exchange.far").last
    word = last.evaluate("one => one.textContent.trim().split(/\\n/).at(-1).trim()")
    assert page.evaluate("word => find(word)", word)
    page.emulate_media(media="print")
    assert last.evaluate("one => getComputedStyle(one).contentVisibility") == "visible"


def test_a_link_to_a_place_leads_there(visit: Open) -> None:
    page = visit(f"{ROUTING}?framework=flask", {"width": 1280, "height": 900})
    page.locator(".md-sidebar--secondary a[href$='#when-it-goes-wrong']").click()
    page.wait_for_timeout(500)
    top = page.evaluate("document.getElementById('when-it-goes-wrong').getBoundingClientRect().top")
    assert 0 <= top <= 120


def test_colours_are_chosen_and_kept(visit: Open) -> None:
    page = visit("", color_scheme="light")
    label = page.locator("label[for^=__palette]:visible")

    def is_shown(scheme: str) -> None:
        page.wait_for_function("one => document.body.dataset.mdColorScheme === one", arg=scheme)
        assert label.count() == 1

    is_shown("default")
    page.emulate_media(color_scheme="dark")
    is_shown("slate")
    label.click()
    is_shown("default")
    page.reload()
    is_shown("default")
    label.click()
    is_shown("slate")
