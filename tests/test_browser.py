"""What a reader does in a browser: choosing a framework, copying, reading on a phone."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest

WIDE, PHONE, NARROW = ({"width": w, "height": h} for w, h in [(1600, 1000), (390, 844), (320, 640)])
ROUTING = "guides/requests/routing/"
Open = Callable[..., Any]


def shown(page: Any) -> list[tuple[bool, bool]]:
    """Of each pair on the page: whether its Flask and its Django block are to be seen."""
    found = page.evaluate("""() =>
      [...document.querySelectorAll(".tabbed-set")]
        .filter((one) => /^Flask\\s*Django$/.test(
          one.querySelector(":scope > .tabbed-labels").textContent.trim()))
        .map((one) => [...one.querySelectorAll(":scope > .tabbed-content > .tabbed-block")]
          .map((block) => block.getClientRects().length > 0))""")
    return [tuple(one) for one in found]


def choose(page: Any, word: str) -> None:
    page.locator(f".framework-{word.lower()}").click()


def checked(page: Any) -> str:
    return str(page.locator(".framework input:checked").get_attribute("value"))


FLASK, DJANGO, BOTH = (True, False), (False, True), (True, True)


def test_the_choice_follows_to_other_pages_and_visits(visit: Open, address: str) -> None:
    page = visit()
    choose(page, "Django")
    assert set(shown(page)) == {DJANGO}
    assert page.url == f"{address}?framework=django"
    page.goto(address + ROUTING)
    assert set(shown(page)) == {DJANGO}
    assert checked(page) == "django"
    later = page.context.new_page()
    later.goto(address + "start/hello-world/")
    assert set(shown(later)) == {DJANGO}


def test_a_tab_is_a_choice_for_every_pair(visit: Open, address: str) -> None:
    page = visit("?framework=flask")
    page.locator("label[for^=django]").nth(1).click()
    assert set(shown(page)) == {DJANGO}
    assert checked(page) == "django"
    assert "framework=django" in page.url
    page.reload()
    assert set(shown(page)) == {DJANGO}


def test_the_address_wins_and_keeps_its_anchor(visit: Open, address: str) -> None:
    page = visit()
    choose(page, "Flask")
    page.goto(address + ROUTING + "?framework=django#go-on")
    assert set(shown(page)) == {DJANGO}
    assert page.evaluate("scrollY") > 0
    choose(page, "Both")
    assert page.url == f"{address}{ROUTING}?framework=both#go-on"
    page.goto(address + ROUTING + "?framework=nonsense")
    assert set(shown(page)) == {BOTH}


def test_a_tabs_anchor_opens_every_pair(visit: Open) -> None:
    page = visit(f"{ROUTING}#django_2", PHONE)
    assert set(shown(page)) == {DJANGO}
    choose(page, "Flask")
    assert page.url.endswith("?framework=flask")


def test_other_tabs_stay_as_they_are(visit: Open) -> None:
    page = visit("start/install/?framework=both")
    other = page.locator(".tabbed-set", has_text="macOS").first
    assert other.locator(".tabbed-block:visible").count() == 1
    other.get_by_text("Windows", exact=True).click()
    assert other.locator(".tabbed-block:visible", has_text="py --version").count() == 1
    assert set(shown(page)) == {BOTH}
    page.reload()
    assert other.locator(".tabbed-block:visible", has_text="py --version").count() == 1


def test_the_choice_stands_before_paint(visit: Open) -> None:
    page = visit()
    page.route("**/*.js", lambda route: route.fulfill(body=""))
    page.goto(f"{page.url}?framework=django")
    assert page.evaluate("document.documentElement.dataset.framework") == "django"
    assert set(shown(page)) == {DJANGO}


@pytest.mark.parametrize("width", [1440, 1600])
def test_columns_are_wide_enough_and_level(visit: Open, width: int) -> None:
    page = visit("?framework=both", {"width": width, "height": 900})
    characters, tops, overflow = page.evaluate("""() => {
      const pair = document.querySelector(".tabbed-set")
      const code = pair.querySelector("pre > code")
      const style = getComputedStyle(code)
      const probe = document.createElement("span")
      probe.textContent = "x".repeat(100)
      code.append(probe)
      const one = probe.getBoundingClientRect().width / 100
      probe.remove()
      const room = code.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight)
      const tops = [...pair.querySelectorAll(".tabbed-block")]
        .map((block) => block.firstElementChild.getBoundingClientRect().top)
      return [room / one, tops, document.documentElement.scrollWidth - innerWidth]
    }""")
    assert characters >= 72
    assert tops[0] == tops[1]
    assert overflow <= 0
    assert page.locator(".md-sidebar--secondary").is_hidden()


@pytest.mark.parametrize("framework", ["flask", "both"])
@pytest.mark.parametrize("size", [WIDE, {"width": 1280, "height": 900}], ids=["wide", "laptop"])
def test_lines_of_text_are_not_long(visit: Open, framework: str, size: Any) -> None:
    page = visit(f"{ROUTING}?framework={framework}", size)
    lengths = page.evaluate("""() => {
      const probe = document.createElement("span")
      probe.textContent = "Text reads well if a line has about as many letters as this one has now."
      document.querySelector("article > p").append(probe)
      probe.style.whiteSpace = "nowrap"
      const one = probe.getBoundingClientRect().width / probe.textContent.length
      probe.remove()
      const text = "article > :is(p, ul, ol), article > * > p:not(.admonition-title)"
      return [...document.querySelectorAll(text)]
        .map((part) => part.getBoundingClientRect().width / one)
    }""")
    assert max(lengths) <= 80
    assert max(lengths) >= 65


def test_below_columns_both_means_tabs(visit: Open) -> None:
    page = visit("?framework=both", {"width": 1200, "height": 900})
    assert set(shown(page)) == {FLASK}
    page.locator("label[for^=django]").first.click()
    assert set(shown(page)) == {DJANGO}
    page.set_viewport_size(WIDE)
    assert set(shown(page)) == {BOTH}
    assert checked(page) == "both"


@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("heading", ["what-differs", "when-it-goes-wrong"])
def test_switching_does_not_move_what_is_looked_at(visit: Open, size: Any, heading: str) -> None:
    page = visit(f"{ROUTING}?framework=flask#{heading}", size)
    top = f"document.getElementById('{heading}').getBoundingClientRect().top"
    page.wait_for_timeout(300)
    before = page.evaluate(top)
    for word in ["Django", "Both", "Flask"] if size is WIDE else ["Django", "Flask"]:
        choose(page, word)
        page.wait_for_timeout(100)
        assert abs(page.evaluate(top) - before) <= 1, word


def test_the_switch_works_by_keyboard(visit: Open) -> None:
    page = visit("?framework=flask")
    for _ in range(10):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "framework":
            break
    assert page.evaluate("document.activeElement.value") == "flask"
    page.keyboard.press("ArrowRight")
    assert set(shown(page)) == {DJANGO}
    outline = "getComputedStyle(document.activeElement.nextElementSibling).outlineStyle"
    assert page.evaluate(outline) != "none"
    assert page.get_by_role("radiogroup", name="Show examples in").count() == 1


@pytest.mark.parametrize("size", [PHONE, NARROW], ids=["390", "320"])
def test_a_phone_has_targets_and_cuts_nothing_off(visit: Open, size: Any) -> None:
    page = visit(ROUTING, size, has_touch=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for target in page.locator(".framework label:visible, .tabbed-labels > label:visible").all():
        box = target.bounding_box()
        assert box["width"] >= 44 and box["height"] >= 44
    for label in page.locator(".framework label:visible").all():
        box = label.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= size["width"]


def test_a_request_is_copied_as_a_command_for_who_is_shown(visit: Open, address: str) -> None:
    page = visit("?framework=flask")
    panel = page.locator(".exchange").first
    copied = "navigator.clipboard.readText()"
    panel.locator(".request button").first.click()
    assert page.evaluate(copied) == "curl -i -b jar -c jar http://127.0.0.1:5000/notes/1/"
    choose(page, "Django")
    panel.locator(".request button").first.click()
    assert page.evaluate(copied) == "curl -i -b jar -c jar http://127.0.0.1:8000/notes/1/"
    choose(page, "Both")
    own = page.locator(".tabbed-block .request button")
    own.nth(1).click()
    assert page.evaluate(copied) == "curl -i -b jar -c jar -X POST http://127.0.0.1:8000/notes/1/"
    assert page.locator(".response button").count() == 0


def test_every_address_in_copied_commands_is_of_who_is_shown(visit: Open) -> None:
    page = visit("?framework=flask")
    request = page.locator(".exchange [data-copy]").first
    request.evaluate("one => one.dataset.copy = 'a 127.0.0.1:5000/b | c 127.0.0.1:5000/d'")
    choose(page, "Django")
    assert request.get_attribute("data-copy") == "a 127.0.0.1:8000/b | c 127.0.0.1:8000/d"


def test_a_console_copies_its_commands_only(visit: Open) -> None:
    page = visit("start/install/?framework=flask")
    block = page.locator(".language-console", has_text="pip install flask").first
    block.locator("button").click()
    text = page.evaluate("navigator.clipboard.readText()")
    assert [line for line in text.split("\n") if line] == ["pip install flask", "flask --version"]


def test_a_panel_says_who_answers(visit: Open) -> None:
    page = visit("?framework=both")
    said = page.locator(".exchange .who").all_inner_texts()
    assert said == ["Flask and Django answer"] * 2 + ["Flask answers", "Django answers"]


def test_without_javascript_tabs_are_tabs(visit: Open) -> None:
    page = visit("", java_script_enabled=False)
    assert page.locator(".framework").is_hidden()
    assert page.locator(".tabbed-block:visible").count() == 2
    page.locator("label[for=django]").click()
    assert page.locator(".tabbed-block").nth(1).is_visible()
    assert page.locator(".tabbed-block").nth(0).is_hidden()


def test_print_shows_both(visit: Open) -> None:
    page = visit("?framework=django")
    page.emulate_media(media="print")
    assert set(shown(page)) == {BOTH}


def test_the_curl_line_is_quoted_for_a_shell() -> None:
    from tandem_site.curl import commands

    request = 'PUT /notes/{1}/?a=b&c HTTP/1.1\nX-Who: it\'s me\n\n{"a": 1}'
    done = subprocess.run(
        ["sh", "-c", "curl() { printf '%s\\n' \"$@\"; }\n" + commands(request)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split("\n")[:-1] == [
        "-i", "-b", "jar", "-c", "jar", "-X", "PUT", "-H", "X-Who: it's me", "-H", "Content-Type:",
        "--data-raw", '{"a": 1}', "--globoff", "http://127.0.0.1:5000/notes/{1}/?a=b&c",
    ]  # fmt: skip


def test_a_box_has_its_title_across(visit: Open) -> None:
    page = visit(f"{ROUTING}?framework=both", {"width": 1440, "height": 900})
    gaps = page.evaluate("""() => [...document.querySelectorAll(".admonition-title, summary")]
      .filter((one) => one.checkVisibility())
      .map((one) => one.parentElement.clientWidth - one.getBoundingClientRect().width)""")
    assert gaps and max(gaps) <= 1


def test_a_term_is_dotted_and_a_link_is_not(visit: Open) -> None:
    lines = visit(ROUTING).evaluate("""() => ["a.term", "a[href]:not(.term)"].map((kind) =>
      getComputedStyle(document.querySelector(`article p ${kind}`)).textDecorationStyle)""")
    assert lines == ["dotted", "solid"]
