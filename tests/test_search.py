"""What a reader types into the search, and what is found: see search_queries.tsv."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from tandem.read.pages import read
from tandem_site.search import SYNONYMS
from test_site import ANSWERS, PAGES, address_of

ROOT = Path(__file__).resolve().parents[1]
QUERIES = ROOT / "tests" / "search_queries.tsv"
MISSPELLED = "Misspelled"
SIDES = ("reference/", "contribute/")  # where one looks things up: guides stand before these
FIRST, FIRST_THREE, FIRST_FIVE = 0.80, 0.95, 1.0
# Of questions: their titles and two other ways to ask, of which the page has one among its tags.
QUESTIONS = {
    "All": (0.88, 0.945),
    "Title": (0.99, 1.0),
    "Known": (0.92, 0.96),
    "Unseen": (0.75, 0.88),
}
Open = Callable[..., Any]

# Types each query into the field, waits for its results and returns their addresses in order.
TYPE = """async (queries) => {
  const input = document.querySelector(".md-search__input")
  const said = () => document.querySelector(".md-search-result__meta").textContent.trim()
  const shown = () => [...document.querySelectorAll(".md-search-result__item")]
  const type = (text) => {
    input.focus()
    input.value = text
    input.dispatchEvent(new KeyboardEvent("keyup", { bubbles: true }))
  }
  const until = async (done) => {
    for (const start = performance.now(); !done(); ) {
      if (performance.now() - start > 30000) throw Error(`${input.value}: ${said()}`)
      await new Promise((resolve) => setTimeout(resolve, 4))
    }
  }
  const cleared = () => !shown().length && said() === "Type to start searching"
  const answered = () => {
    const [, count] = said().match(/^(No|\\d+) matching/) ?? []
    return count && shown().length >= Math.min(5, count === "No" ? 0 : Number(count))
  }
  // The first query is answered from the guides, and once more when the answers are there too.
  globalThis.told ??= 0
  const tell = Worker.prototype.answer
  Worker.prototype.answer = function (data) {
    told += data.type === 3
    tell.call(this, data)
  }
  type("request")
  await until(() => told > 1 && shown().length)
  Worker.prototype.answer = tell
  const found = []
  for (const query of queries) {
    type("")
    await until(cleared)
    type(query)
    await until(answered)
    found.push(shown().map((one) => one.querySelector("a").href))
  }
  return found
}"""


@dataclass(frozen=True)
class Query:
    group: str
    text: str
    pages: tuple[str, ...]


def queries() -> list[Query]:
    found, group = [], ""
    for line in QUERIES.read_text(encoding="utf-8").splitlines():
        if line.startswith("# "):
            group = line[2:]
        elif line:
            text, pages = line.split("\t")
            found.append(Query(group, text, tuple(pages.split("|"))))
    return found


def questions() -> list[Query]:
    """Each answer's own title, and the other ways to ask it: see tests/answers/*.tsv."""
    titles = {
        address_of(page).strip("/"): str(read(page, page.name).meta["title"]) for page in ANSWERS
    }
    found = [Query("Title", title, (path,)) for path, title in titles.items()]
    for file in sorted((ROOT / "tests" / "answers").glob("*.tsv")):
        for line in filter(None, file.read_text(encoding="utf-8").splitlines()):
            name, *asked = line.split("\t")
            path = name if "/" in name else f"answers/{file.stem}/{name}"
            known, *unseen = asked
            found += [
                Query("Known", known, (path,)),
                *(Query("Unseen", x, (path,)) for x in unseen),
            ]
    return found


def ask(page: Any, address: str, texts: list[str]) -> list[list[str]]:
    """The pages that each query finds, best first, as paths below docs/ without their suffix."""
    found = []
    for start in range(0, len(texts), 50):
        for links in page.evaluate(TYPE, texts[start : start + 50]):
            paths = [link.removeprefix(address).partition("?")[0].strip("/") for link in links]
            found.append([path or "index" for path in paths])
    return found


def place(query: Query, found: list[str]) -> int:
    """The place of the first page that answers the query, 1 being the first; else 99."""
    return next((n for n, page in enumerate(found, 1) if page in query.pages), 99)


def test_the_list_is_long_and_its_pages_exist() -> None:
    every = queries()
    assert len(every) >= 180
    assert len({query.text for query in every}) == len(every)
    assert sum(query.group == MISSPELLED for query in every) >= 15
    docs = ROOT / "docs"
    pages = {*docs.rglob("*.md")} - {*ANSWERS}
    written = {path.relative_to(docs).as_posix()[:-3] for path in pages}
    written = {page.removesuffix("/index") for page in written}  # as a folder's list is asked for
    covered = {page for query in every for page in query.pages} | {"reference/verified"}
    covered -= {address_of(page).strip("/") for page in ANSWERS}
    assert covered == written


def test_queries_find_their_page(visit: Open, address: str) -> None:
    every = queries()
    results = ask(visit(), address, [query.text for query in every])
    places = {query: place(query, found) for query, found in zip(every, results, strict=True)}
    first = sum(n == 1 for n in places.values()) / len(every)
    three = sum(n <= 3 for n in places.values()) / len(every)
    later = [
        f"{'-' if places[query] == 99 else places[query]}  {query.text!r} wants"
        f" {'|'.join(query.pages)}, finds {' '.join(found[:4]) or 'nothing'}"
        for query, found in zip(every, results, strict=True)
        if places[query] > 1
    ]
    report = (
        f"{len(every)} queries: {first:.1%} first, {three:.1%} in the first three; the others:\n"
    )
    report += "\n".join(later)
    print(f"\n{report}")
    assert first >= FIRST, report
    assert three >= FIRST_THREE, report
    assert not [q.text for q, n in places.items() if q.group == MISSPELLED and n > 5], report


def test_each_answer_is_asked_for_in_other_words() -> None:
    paths = [address_of(page).strip("/") for page in ANSWERS]
    asked = Counter(one.pages[0] for one in questions() if one.group != "Title")
    assert {path: asked[path] for path in paths if asked[path] < 2} == {}
    there = {address_of(page).strip("/") for page in PAGES}
    assert {path for path in asked if path not in there} == set()


def test_questions_find_their_answer(visit: Open, address: str) -> None:
    """The weights of the ranking were set without a look at the last column of the lists."""
    every = questions()
    results = ask(visit(), address, [query.text for query in every])
    places = [place(query, found) for query, found in zip(every, results, strict=True)]
    groups = {"All": places}
    for query, n in zip(every, places, strict=True):
        groups.setdefault(query.group, []).append(n)
    shares = {
        name: [sum(n <= most for n in some) / len(some) for most in (1, 3)]
        for name, some in groups.items()
    }
    report = "\n".join(
        f"{name}: {len(groups[name])} queries, {first:.1%} first, {three:.1%} in the first three"
        for name, (first, three) in shares.items()
    )
    print(f"\n{report}")
    for name, least in QUESTIONS.items():
        assert all(got >= wanted for got, wanted in zip(shares[name], least, strict=True)), report


def test_looked_up_pages_do_not_drown_guides(visit: Open, address: str) -> None:
    every = [query for query in queries() if not any(p.startswith(SIDES) for p in query.pages)]
    results = ask(visit(), address, [query.text for query in every])
    drowned = [
        f"{query.text!r} finds {found[0]}"
        for query, found in zip(every, results, strict=True)
        if found and found[0].startswith(SIDES)
    ]
    assert len(drowned) <= 0.02 * len(every), "\n".join(drowned)


def test_a_word_of_each_framework_finds_the_same_page(visit: Open, address: str) -> None:
    words = [("middleware", "before_request"), ("url_for", "reverse"), ("Blueprint", "startapp")]
    words += [
        ("render_template", "Django template language"),
        ("flask db upgrade", "makemigrations"),
    ]
    page = visit()
    for pair in words:
        flask, django = ask(page, address, list(pair))
        assert set(flask[:3]) & set(django[:3]), pair


def test_a_word_is_found_by_what_others_say_for_it(visit: Open, address: str) -> None:
    page = visit()
    told = {
        "photo vanished": "guides/requests/file-uploads",
        "url contains nothing": "answers/url-building/none-in-a-link",
    }
    for found, path in zip(ask(page, address, [*told]), told.values(), strict=True):
        assert path in found[:2], found


def test_what_people_say_for_each_other_is_said_once() -> None:
    lines = SYNONYMS.read_text(encoding="utf-8").splitlines()
    for line in lines:
        words = line.split()
        assert line.startswith("# ") or len(set(words)) == len(words) > 1, line


@pytest.mark.parametrize("part", ["a", "aA", "a.", "x_", "/a", "request ", "<b>", "\\(", "é"])
def test_a_long_query_is_answered_at_once(visit: Open, address: str, part: str) -> None:
    page = visit()
    ask(page, address, ["form"])
    start = monotonic()
    ask(page, address, [part * (40_000 // len(part))])
    assert monotonic() - start < 3


def test_a_search_that_could_not_load_tries_again(visit: Open, address: str) -> None:
    page = visit()
    page.context.route("**/search/*.json", lambda route: route.fulfill(body="{"))
    field = page.locator(".md-search__input")
    field.press_sequentially("rou")
    page.get_by_text("No matching documents").wait_for()
    page.context.unroute("**/search/*.json")
    field.press_sequentially("ting")
    page.locator(".md-search-result__item a[href*='routing']").first.wait_for()


def test_a_message_is_found_with_the_noise_around_it(visit: Open, address: str) -> None:
    message = "werkzeug.routing.exceptions.BuildError: Could not build url for endpoint 'post'"
    noise = 'File "/srv/blog/lib/python3.13/site-packages/flask/app.py", line 1121, in url_for'
    plain, pasted = ask(visit(), address, [message, f"{noise} {message}"])
    assert plain[0] == pasted[0]


@pytest.mark.parametrize(
    ("chosen", "name", "path", "shown"),
    [
        ("flask", "register_converter", "guides/requests/routing/", "django"),
        ("django", "astimezone", "guides/data/models/", "flask"),
    ],
)
def test_a_hit_in_a_hidden_tab_opens_it(
    visit: Open, address: str, chosen: str, name: str, path: str, shown: str
) -> None:
    page = visit(f"?framework={chosen}", {"width": 1000, "height": 800})
    [found] = ask(page, address, [name])
    assert path.strip("/") in found
    page.locator(f".md-search-result__item a[href*='{path}']").first.click()
    page.wait_for_url(lambda url: path in url and "h=" not in url)
    assert page.evaluate("document.documentElement.dataset.framework") == shown
    hit = page.locator(f".tabbed-block:visible:has-text('{name}')")
    assert hit.count() > 0


def test_a_hit_that_is_seen_changes_no_tab(visit: Open, address: str) -> None:
    page = visit("?framework=flask", {"width": 1000, "height": 800})
    ask(page, address, ["url_for"])
    page.locator(".md-search-result__item a").first.click()
    page.wait_for_url(lambda url: "url-building" in url and "h=" not in url)
    assert page.evaluate("document.documentElement.dataset.framework") == "flask"
