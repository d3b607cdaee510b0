"""Each page for everybody: axe in both schemes, narrow screens, the keyboard, forced colours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from test_site import ANSWERS, PAGES, SEEN, address_of

Open = Callable[..., Any]
PATHS = [address_of(page) for page in SEEN]
EVERY_PAGE = pytest.mark.parametrize("path", [*PATHS, "404.html"])
EVERYTHING = {"resultTypes": ["violations"]}
COLOURS = {**EVERYTHING, "runOnly": ["color-contrast", "link-in-text-block"]}


@EVERY_PAGE
def test_axe_finds_nothing(visit: Open, path: str) -> None:
    page = visit(path, {"width": 1280, "height": 900}, color_scheme="light")
    for scheme, rules in (("light", EVERYTHING), ("dark", COLOURS)):
        page.emulate_media(color_scheme=scheme)
        page.wait_for_function(
            "dark => document.body.dataset.mdColorScheme === (dark ? 'slate' : 'default')",
            arg=scheme == "dark",
        )
        found = Axe().run(page, options=rules).response["violations"]
        assert [
            (one["id"], [node["html"][:120] for node in one["nodes"][:3]]) for one in found
        ] == []


@EVERY_PAGE
def test_nothing_is_cut_off_at_320_pixels(visit: Open, path: str) -> None:
    page = visit(path, {"width": 320, "height": 640})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    wide = page.evaluate("""() => [...document.querySelectorAll("article > *, .tabbed-block > *")]
      .filter((one) => one.getClientRects().length && one.getBoundingClientRect().right > 321
        && getComputedStyle(one).overflowX === "visible")
      .map((one) => one.outerHTML.slice(0, 80))""")
    assert wide == []


def test_everything_is_reached_by_keyboard_and_seen(visit: Open) -> None:
    page = visit("guides/requests/routing/?framework=both")
    wanted = page.evaluate("""() => {
      // What is folded away is reached once its summary has been opened.
      document.querySelectorAll("article details").forEach((one) => (one.open = true))
      const all = [...document.querySelectorAll(
        "article a[href]:not([tabindex='-1']), article button, footer a[href]")]
      all.filter((one) => one.checkVisibility()).forEach((one, i) => (one.dataset.n = i))
      return all.filter((one) => one.checkVisibility()).length
    }""")
    seen, unseen = set(), []
    for _ in range(wanted + 400):  # the navigation and the tabs take steps too
        page.keyboard.press("Tab")
        number, outline = page.evaluate("""() => {
          const one = document.activeElement
          const style = getComputedStyle(one)
          const width = style.outlineStyle === "none" ? 0 : parseFloat(style.outlineWidth)
          return [one.dataset.n, width > 0]
        }""")
        if number is not None:
            seen.add(int(number))
            if not outline:
                unseen.append(number)
        if len(seen) == wanted:
            break
    assert len(seen) == wanted
    assert unseen == []


def test_motion_and_forced_colours_are_respected(visit: Open) -> None:
    page = visit("?framework=django", reduced_motion="reduce", forced_colors="active")
    slow = page.evaluate("""() => [...document.querySelectorAll("*")].filter((one) =>
      parseFloat(getComputedStyle(one).transitionDuration) > 0.01).length""")
    assert slow == 0
    checked, other = page.evaluate("""() => [":checked", ":not(:checked)"].map((state) => {
      const word = document.querySelector(`.framework input${state} + span`)
      return getComputedStyle(word).backgroundColor
    })""")
    assert checked != other


def test_without_javascript_the_page_list_stands_for_the_search(visit: Open, site: Path) -> None:
    page = visit("guides/requests/routing/", java_script_enabled=False)
    assert page.locator(".md-search").is_hidden()
    line = page.locator(".unscripted")
    assert line.inner_text() == "Search needs JavaScript: see all pages."
    line.locator("a").click()
    assert page.url.endswith("#all-pages")
    links = page.locator(".topics a:not(.headerlink)")
    listed = links.evaluate_all("all => all.map((one) => one.pathname.slice(1))")
    guides = {*PAGES} - {*ANSWERS}
    assert sorted({*listed, ""}) == sorted(map(address_of, guides))
