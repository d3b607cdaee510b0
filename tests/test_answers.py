"""Answers: their rules, their lists, their skeleton, and what they are for search engines."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import markdown
import pytest
from checker import ROOT, check
from lxml import html
from new_answer import topics
from tandem import prose
from tandem.outcome import failures
from tandem.read import pages
from tandem_site import answers, tables
from test_site import ANSWERS, DOCS, address_of

Open = Callable[..., Any]
SLUG = "an-answer-of-a-test"
LARGEST = 60 << 10  # bytes of an answer's HTML, without the navigation that all pages share
ANSWER = (ROOT / "tests" / "answer.md").read_text()
GUIDE = "---\ntitle: Counting\n---\n\n# Counting\n\nWords.\n"
NAV = "\nnav:\n  - Guides:\n      - Small ones:\n          - Count: guides/counting.md\n"
FAULTS = {
    "title: Is the count": ("title: " + "Is the count " * 9, "title: ask in at most 90"),
    "about: guides/counting.md\n": ("", "about: name the guide that it belongs to"),
    "about: guides/counting.md": ("about: guides/none.md", "about: name the guide"),
    "# Is the count": ("# What is the count", "title: ask the same in the heading"),
    "**Why:**": ("## Why\n\nIt is", "parts: an answer has no headings below"),
    "Both count": ("Both count " + "one more " * 75, "length: an answer has at most 150 words"),
    "```http": ("```text", "proof: show a reader of Flask that it is so"),
    "**See also:** ": ("", "parts: end with a line `**See also:** ...`"),
    "](../../guides/counting.md)": ("](https://site.example/)", "go on: link a page of this site"),
    "](https://docs": ("](../../index.md#docs", "go on: link an official page"),
}


def _told(folder: Path, text: str) -> list[str]:
    """What the rules say of an answer with this text, in a project with a guide."""
    for name, content in (("guides/counting", GUIDE), ("index", "# Home\n"), ("answers/x/y", text)):
        file = folder / "docs" / f"{name}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
    (folder / "mkdocs.yml").write_text(f"site_name: A test\n{NAV}")
    page = pages.read(folder / "docs/answers/x/y.md", "docs/answers/x/y.md")
    return [one.what for _, one in failures(prose.check([page], folder))]


def test_an_answer_that_keeps_the_rules(tmp_path: Path) -> None:
    assert _told(tmp_path, ANSWER) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told(tmp_path: Path, fault: str) -> None:
    other, said = FAULTS[fault]
    assert fault in ANSWER
    assert any(one.startswith(said) for one in _told(tmp_path, ANSWER.replace(fault, other, 1)))


def _new(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, ROOT / "scripts" / "new_answer.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True)


def test_a_new_answer_holds(tmp_path: Path) -> None:
    file = DOCS / "answers" / "routing" / f"{SLUG}.md"
    try:
        assert _new("routing", SLUG).returncode == 0
        run = check(file, "--seconds", "20", "--examples", folder=tmp_path)
        assert run.status == 0, run.stdout
        found = prose.check([pages.read(file, file.name)], ROOT)
        assert {outcome.label for one in found for outcome in one.outcomes} == {"draft"}
        assert "about: guides/requests/routing.md" in file.read_text()
        again = _new("routing", SLUG)
        said = f"answer: docs/answers/routing/{SLUG}.md is there already\n"
        assert (again.returncode, again.stderr) == (2, said)
    finally:
        file.unlink(missing_ok=True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "answer: say what it is about: make answer TOPIC=sessions SLUG="),
        (["sessions"], "answer: say what it is about: make answer TOPIC=sessions SLUG="),
        (["sessions", "x" * 101], "answer: say what it is about: make answer TOPIC=sessions SLUG="),
        (["sessions", "../x"], "answer: say what it is about: make answer TOPIC=sessions SLUG="),
        (["session", "x"], "answer: no page is named session: did you mean sessions?"),
        (["q", "x"], "answer: no page is named q; there are "),
    ],
)
def test_no_place_for_an_answer(arguments: list[str], said: str) -> None:
    done = _new(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(said)


def test_an_answer_is_about_the_guide_of_two_pages_with_one_name(tmp_path: Path) -> None:
    """Also in a clone whose folder has the name of the answers."""
    docs = tmp_path / "answers" / "docs"
    names = ["guides/pages/forms", "reference/errors/forms", "answers/forms/x", "learn/mtv/index"]
    for name in names:
        (docs / name).parent.mkdir(parents=True)
        (docs / f"{name}.md").touch()
    found = {name: page.relative_to(docs).as_posix() for name, page in topics(docs).items()}
    assert found == {"forms": "guides/pages/forms.md", "mtv": "learn/mtv/index.md"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('answered = "x"\n', "begin each with"),
        ('[[answered]]\nat = "x.md"\n', 'say `title = "..."`'),
        ('[[answered]]\ntitle = "Who?"\nat = 1\n', 'say `at = "..."`'),
        ("[[answered]\n", "line 1"),
    ],
)
def test_a_wrong_list_of_answers_is_told(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "docs" / "answers").mkdir(parents=True)
    (tmp_path / "empty.toml").touch()
    (tmp_path / "x.toml").write_text(text)
    with pytest.raises(tables.Wrong, match=f"x.toml: .*{re.escape(said)}"):
        answers.known(tmp_path / "docs", tmp_path)


def test_topics_are_read_whatever_follows_the_navigation(tmp_path: Path) -> None:
    file = tmp_path / "mkdocs.yml"
    file.write_text("nav:\n".join(["a: 1\n", "  - index.md\n  - G:\n      - One: g/one-two.md\n"])
                    + "      - g/one-two.md\n\nhooks: !x y\n")  # fmt: skip
    found = [(one.page, one.label, one.group) for one in answers.topics(file)]
    one = "g/one-two.md"
    assert found == [("index.md", "Index", ""), (one, "One", "G"), (one, "One two", "G")]


def test_guides_and_answers_list_answers(tmp_path: Path) -> None:
    _told(tmp_path, ANSWER)
    docs, answered = tmp_path / "docs", tmp_path / "answered"
    (docs / "answers" / "x" / "z.md").write_text(ANSWER.replace("Is the count", "Was the count"))
    (docs / "answers" / "index.md").write_text("# Answers\n\n[[answers]]\n")
    answered.mkdir()
    row = 'title = "Where is <it>?"\nat = "guides/counting.md#there"\n'
    (answered / "x.toml").write_text(f"[[answered]]\n{row}")
    options = {"tandem_site.extension": {"docs": str(docs), "answered": str(answered)}}

    def lists(name: str) -> list[tuple[str, str]]:
        converter = markdown.Markdown(extensions=list(options), extension_configs=options)
        text = (docs / name).read_text().rpartition("---\n")[2]
        tree = html.fromstring(f"<div>{converter.convert(text)}</div>")
        links = tree.xpath(".//div[contains(@class, 'answers')]//a")
        return [(one.text_content(), one.get("href")) for one in links]

    first, second = ("Is the count kept?", "x/y.md"), ("Was the count kept?", "x/z.md")
    third = ("Where is <it>?", "guides/counting.md#there")
    there = [(title, f"../answers/{at}") for title, at in (first, second)]
    assert lists("guides/counting.md") == [*there, (third[0], f"../{third[1]}")]
    assert lists("answers/x/y.md") == [
        (second[0], f"../../answers/{second[1]}"),
        (third[0], f"../../{third[1]}"),
    ]
    assert lists("answers/index.md")[0] == ("Count", "../guides/counting.md")
    assert [title for title, _ in lists("answers/index.md")[1:]] == [first[0], second[0], third[0]]
    assert lists("index.md") == []


def test_an_answer_is_data_for_search_engines(site: Path) -> None:
    assert ANSWERS
    for page in ANSWERS:
        file = site / address_of(page) / "index.html"
        tree = html.document_fromstring(file.read_bytes())
        (shared,) = tree.xpath("//div[contains(@class, 'md-sidebar--primary')]")
        assert file.stat().st_size - len(html.tostring(shared)) <= LARGEST, page
        (text,) = tree.xpath("//head/script[@type='application/ld+json']/text()")
        data = json.loads(text)
        meta = pages.read(page, page.name).meta
        assert (data["@type"], data["mainEntity"]["name"]) == ("QAPage", meta["title"])
        assert data["mainEntity"]["acceptedAnswer"]["text"] == meta["description"]
        path = tree.xpath("//nav[contains(@class, 'md-path')]//a/@href")
        guide = DOCS / str(meta["about"])
        assert path[-1] == f"../../../{address_of(guide)}", page


def test_the_list_is_filtered(visit: Open) -> None:
    page = visit("answers/")
    rows = page.locator(".filtered li")
    count = rows.count()
    assert count >= len(ANSWERS)
    said = page.locator(".filtered [role=status]")
    assert said.inner_text() == f"{count} questions:"
    page.get_by_label("Filter the questions").fill("session FLASK")
    left = page.locator(".filtered li:visible")
    texts = [one.lower() for one in left.all_inner_texts()]
    assert texts
    assert all("session" in one and "flask" in one for one in texts)
    assert said.inner_text() == f"{len(texts)} of {count} questions:"
    assert page.locator(".filtered h3:visible").count() <= len(texts)
    assert re.search(r"\?.*filter=session", page.url)
    page.reload()
    assert page.locator(".filtered li:visible").count() == len(texts)
    page.get_by_label("Filter the questions").fill("")
    assert page.locator(".filtered li:visible").count() == count
    assert "filter=" not in page.url


def test_the_list_stands_without_javascript(visit: Open) -> None:
    page = visit("answers/", java_script_enabled=False)
    assert page.locator(".filtered li").count() >= len(ANSWERS)
    assert page.locator(".filtered input").count() == 0


def test_what_guides_answer_is_there(site: Path) -> None:
    """Each question that a guide answers leads to a page and an anchor of it."""
    tree = html.document_fromstring((site / "answers" / "index.html").read_bytes())
    links = tree.xpath("//div[contains(@class, 'filtered')]//a/@href")
    for link in links:
        path, _, anchor = link.partition("#")
        file = site / "answers" / path / "index.html"
        assert file.is_file(), link
        if anchor:
            ids = html.document_fromstring(file.read_bytes()).xpath("//@id")
            assert anchor in ids, link
