"""The one style sheet shows each page as the theme's whole sheets would, with ours behind them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import material
import pytest
from lxml import html
from PIL import Image, ImageChops
from test_site import PAGES, ROOT, address_of

Open = Callable[..., Any]
PATHS = [*map(address_of, PAGES), "404.html"]
STYLES = Path(material.__file__).parent / "templates" / "assets" / "stylesheets"
THEIRS = "".join(
    file.read_text("utf-8") for name in ("main", "palette") for file in STYLES.glob(f"{name}.*.css")
)
OURS = (ROOT / "docs" / "assets" / "tandem.css").read_text("utf-8")
SHADE = 24  # of 255: edges that a browser smooths differ by some 12 in pictures of the same page
SHEETS = (ROOT / "tests" / "sheets.js").read_text("utf-8")
# How a page is looked at: its width, the colours, the framework, the medium.
WAYS = [
    (320, "light", "flask", "screen"),
    (320, "dark", "django", "screen"),
    (1440, "light", "flask", "screen"),
    (1440, "dark", "flask", "screen"),
    (1440, "light", "both", "screen"),
    (1440, "dark", "both", "screen"),
    (1440, "light", "both", "print"),
]


@pytest.fixture(scope="module")
def sheet(site: Path) -> str:
    (file,) = (site / "assets" / "stylesheets").glob("*.css")
    return file.read_text("utf-8")


@pytest.fixture
def look(visit: Open) -> Callable[..., Any]:
    """Opens a page with all its parts laid out, and the functions of `sheets.js` on it."""

    def look(path: str, **options: Any) -> Any:
        page = visit(f"{path}?framework=flask#-", **options)
        ready(page)
        return page

    return look


def ready(page: Any) -> None:
    page.evaluate(f"() => {{ globalThis.sheets = {SHEETS.strip()} }}")


def dropped(page: Any, sheet: str) -> Any:
    return page.evaluate("([theirs, ours]) => sheets.dropped(theirs, ours)", [THEIRS, sheet])


def matched(page: Any, site: Path, selectors: list[str]) -> set[str]:
    """Those of the selectors that match on a page as it was built, with scripts or without."""
    found: set[str] = set()
    for path in PATHS:
        file = site / path / "index.html" if not path.endswith(".html") else site / path
        found |= set(
            page.evaluate(
                """([text, selectors]) => {
              const built = new DOMParser().parseFromString(text, "text/html")
              built.documentElement.classList.add("js", "js-focus-visible")
              return sheets.matching(built, selectors)
            }""",
                [file.read_text("utf-8"), selectors],
            )
        )
    return found


def cover(site: Path) -> Iterator[str]:
    """Pages that together hold each class that stands on any page, few of them."""
    left = {}
    for path in PATHS:
        file = site / path / "index.html" if not path.endswith(".html") else site / path
        root = html.document_fromstring(file.read_bytes())
        left[path] = {word for one in root.xpath("//@class") for word in one.split()}
    while any(left.values()):
        best = max(left, key=lambda path: len(left[path]))
        yield best
        covered = left[best]
        left = {path: words - covered for path, words in left.items()}


def differing(page: Any, whole: str, ways: list[tuple[int, str, str, str]]) -> list[str]:
    """How the page looks different with the whole sheet, for each way to look at it, in lines.

    Looks at elements of kinds that were not looked at before, in the page's context.
    """
    kinds = page.evaluate(
        """([whole, seen]) => {
      globalThis.whole = new CSSStyleSheet()
      globalThis.whole.replaceSync(whole)
      const known = new Set(seen)
      globalThis.elements = [...document.querySelectorAll("*")].filter((one) => {
        const kind = sheets.kind(one)
        return !known.has(kind) && known.add(kind)
      })
      // The rest of the article has been seen elsewhere, and takes time to be laid out.
      for (const part of document.querySelectorAll("article > *"))
        if (!elements.some((one) => part.contains(one))) part.remove()
      return [...known]
    }""",
        [whole, getattr(page.context, "kinds", [])],
    )
    page.context.kinds = kinds
    found = []
    for width, scheme, framework, medium in ways:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme, media=medium)
        page.wait_for_function(
            "dark => document.body.dataset.mdColorScheme === (dark ? 'slate' : 'default')",
            arg=scheme == "dark",
        )
        found += page.evaluate(
            """framework => {
          document.documentElement.dataset.framework = framework
          const open = framework === "both"
          for (const one of document.querySelectorAll("article details")) one.open = open
          return sheets.differing(elements, whole)
        }""",
            framework,
        )
    return found


def test_no_rule_is_missed(look: Open, site: Path, sheet: str) -> None:
    """No selector that was left out matches on any page, whatever is hovered, opened or printed."""
    page = look("")
    gone = dropped(page, sheet)
    assert len(gone) > 300
    assert matched(page, site, gone) == set()


def test_no_rule_is_missed_by_what_scripts_make(look: Open, sheet: str) -> None:
    """Neither once blocks have buttons, something was found, or something was copied."""
    page = look("guides/requests/routing/")
    gone = dropped(page, sheet)

    def is_complete() -> None:
        assert page.evaluate("gone => sheets.matching(document, gone)", gone) == []

    is_complete()
    page.locator("article .md-code__button").first.click()
    page.locator(".md-dialog--active").wait_for()
    is_complete()
    page.locator(".md-search__input").click()
    page.keyboard.type("url")
    page.locator(".md-search-result__item details").first.wait_for()
    is_complete()
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 320, "height": 640})
    page.locator("header label[for=__drawer]").click()
    is_complete()


def test_each_element_is_shown_as_with_the_whole_sheet(
    look: Open, site: Path, address: str
) -> None:
    """Every property of elements of each kind, in both schemes, on narrow and wide screens."""
    page = None
    for path in cover(site):
        if page is None:
            page = look(path)
        else:
            page.goto(f"{address}{path}?framework=flask#-")
            ready(page)
        assert differing(page, THEIRS + OURS, WAYS) == [], path


@pytest.mark.parametrize(
    ("path", "size", "scheme"),
    [
        ("", {"width": 390, "height": 844}, "dark"),
        ("choose/choose/", {"width": 1280, "height": 900}, "light"),
        ("guides/requests/routing/", {"width": 390, "height": 844}, "light"),
        ("reference/errors/templates/", {"width": 1280, "height": 900}, "dark"),
    ],
)
def test_a_page_looks_the_same(look: Open, path: str, size: Any, scheme: str) -> None:
    """Pixel by pixel, with all its pictures there and nothing in motion."""
    page = look(path, size=size, color_scheme=scheme)
    page.evaluate("""async () => {
      globalThis.still = new CSSStyleSheet()
      still.replaceSync(`*, ::before, ::after {
        transition: none !important; animation: none !important
      }`)
      document.adoptedStyleSheets = [still]
      await document.fonts.ready
      for (const one of document.images) {
        one.loading = "eager"
        await one.decode()
      }
    }""")
    before = picture(page)
    page.evaluate(
        """text => {
      const whole = new CSSStyleSheet()
      whole.replaceSync(text)
      document.querySelector("link[rel=stylesheet]").disabled = true
      document.adoptedStyleSheets = [whole, still]
    }""",
        THEIRS + OURS,
    )
    after = picture(page)
    assert after.size == before.size
    most = max(high for _, high in ImageChops.difference(before, after).getextrema())
    assert most <= SHADE


def picture(page: Any) -> Image.Image:
    return Image.open(BytesIO(page.screenshot(full_page=True))).convert("RGB")


@pytest.mark.parametrize(
    "rule",
    [
        r"\.md-typeset h1\{[^}]*\}",
        r"--md-typeset-table-color:[^;}]*;",
        r"\.md-top\[hidden\]\{[^}]*\}",
    ],
)
def test_a_fault_in_what_is_shown_is_seen(look: Open, rule: str) -> None:
    less, count = re.subn(rule, "", THEIRS)
    assert count
    assert differing(look("choose/choose/"), less + OURS, WAYS[-2:]) != []


@pytest.mark.parametrize(
    "rule", [r"\.md-footer__link:[^{]*\{[^}]*\}", r"html \.md-footer-meta[^{]*a:hover\{[^}]*\}"]
)
def test_a_fault_in_what_is_not_shown_yet_is_seen(
    look: Open, site: Path, sheet: str, rule: str
) -> None:
    less, count = re.subn(rule, "", sheet)
    assert count
    page = look("")
    assert matched(page, site, dropped(page, less)) != set()
