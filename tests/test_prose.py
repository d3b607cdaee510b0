"""Pages keep the rules for words, parts, links and code, and each rule says what to write."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from checker import COMMAND, ROOT, told
from tandem import prose
from tandem.outcome import failures
from tandem.read import walkthrough

DOCS = ROOT / "docs"
ALL = sorted(DOCS.rglob("*.md"))
LESSON = (ROOT / "tests" / "lesson.md").read_text()
OTHER = """---
title: Another page
description: A page that the lesson of this test leads its readers to.
examples: none
---

# Another page

## A second heading

There is nothing to run here.
"""
NAV = "\nnav:\n  - guides/counting.md\n  - other.md\n"
LINE = "A function in a module of its own"


@pytest.fixture(scope="session")
def rules() -> dict[str, list[str]]:
    """What the rules say of each page of the site, by its path below docs/."""
    site = walkthrough.load(ALL, ROOT)
    found: dict[str, list[str]] = {}
    for _, one in failures(prose.check([site.pages[path] for path in site.asked], ROOT)):
        found.setdefault(one.location.path, []).append(f"{one.location}: {one.what}")
    return found


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.relative_to(DOCS).as_posix())
def test_page(path: Path, rules: dict[str, list[str]]) -> None:
    assert rules.get(path.relative_to(ROOT).as_posix(), []) == []


Told = subprocess.CompletedProcess[str]


def _check(
    folder: Path, lesson: str, *options: str, nav: str = NAV, name: str = "guides/counting"
) -> Told:
    """Check the lesson as a page of a project of its own."""
    (folder / "docs" / name).parent.mkdir(parents=True)
    (folder / "mkdocs.yml").write_text(f"site_name: A test\n{nav}")
    (folder / "docs" / "other.md").write_text(OTHER)
    (folder / "docs" / f"{name}.md").write_text(lesson)
    command = [sys.executable, COMMAND, "--no-cache", *options, f"docs/{name}.md"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_a_page_that_keeps_the_rules(tmp_path: Path) -> None:
    run = _check(tmp_path, LESSON)
    assert run.returncode == 0, run.stdout


LONG = 'notes = "' + "a" * 80 + '"'
MANY = "\n".join(f"    NOTE_{number} = {number}" for number in range(45))
FAULTS = [
    ("title: Count notes in Flask and Django\n", "title: ''\n", "title: give the page"),
    (" of a list, and see how a count of nothing looks", "", "description: write a"),
    ("## Count an empty list", "# Count an empty list", "title: write one heading"),
    ("## Recap", "## Sum", "parts: end the page with the sections `What differs`"),
    ("- The length of an empty list is zero.\n", "", "recap: sum up the page in 3 to 5"),
    ('??? solution "Solution"', '??? note "Solution"', "exercise: fold the solution"),
    ("    ```pycon\n    >>> from counting", "    ```text\n    >>> from counting",
     "exercise: show a reader of Flask that the solution works"),
    ("    def count(notes):", MANY + "\n\n\n    def count(notes):", "first result: show a first"),
    ("    def count(notes):", MANY + "\n\n\n    def count(notes):", "block: split this block"),
    ('=== "Django"\n\n', '=== "Django"\n\n' + "    Words.\n\n" * 20, "pair: split this pair of"),
    ("## Count an empty list\n", "## Count an empty list\n\n" + "Word and word. " * 500,
     "length: a lesson has 250 to 1400 words"),
    ("https://flask.palletsprojects.com/en/stable/quickstart/", "https://site.example/",
     "go on: link Flask's own documentation"),
    ("## Count an empty list", "### Count an empty list", "heading: write `##`"),
    ("## Count an empty list", "## Count an empty list.", "heading: take out the `.`"),
    ("## Count an empty list", "## Count an Empty list", "heading: write `empty`"),
    (LINE, "This is simply so. " + LINE, "word: do without “simply”"),
    (LINE, "One sentence. Another follows. " + LINE, "sentence: begin each sentence"),
    ("[The other page]", "[here]", "link: say in the brackets where the link leads"),
    ("../other.md", "../others.md", "link: `../others.md` is no file (did you mean `other.md`?)"),
    ("#a-second-heading", "#a-second-headin",
     "link: `../other.md` has no `#a-second-headin`: did you mean `#a-second-heading`?"),
    ("../other.md#a-second-heading", "../../mkdocs.yml", "link: `../../mkdocs.yml` is outside"),
    ("../other.md", "%00.md", "link: this is no path"),
    (LINE, "![It](picture.webp) " + LINE, "picture: say in the brackets"),
    (LINE, '<img src="a.webp" alt="It"> ' + LINE, "picture: say in `alt"),
    (LINE, "![A list of notes](picture.webp) " + LINE, "picture: `picture.webp` is no file"),
    (LINE, "Teh " + LINE, "spelling: “Teh”: did you mean “The”?"),
    (LINE, "TODO: why. " + LINE, "draft: write what `TODO` stands for"),
    ("        return len(notes)\n", f"        {LONG}\n        return len(notes)\n",
     "code: break this line of"),
    ("        return len(notes)\n", "        return  len(notes)\n",
     "code: format the code as ruff does: `    return len(notes)`"),
    ("        return len(notes)\n", "        x=1\n        return len(notes)\n", "code: format the"),
    ("    def count(notes):\n", "    def count(notes=[]):\n", "code: Do not use mutable data"),
]  # fmt: skip


CHAPTER = LESSON.replace("## What differs", "## More").replace(
    "## Recap", "## The contract\n\nIt says what both do.\n\n## Recap"
)


END = "end the page with the sections `When it goes wrong`, `"
KINDS = [
    ("tutorial/01-counting", CHAPTER, ""),
    ("tutorial/01-counting", LESSON, END + "The contract`"),
    ("tutorial/01-counting", CHAPTER + "\n" + "And a word. " * 800, "chapter has 250 to 2000"),
    ("tutorial/index", LESSON, ""),
    ("tutorial/index", LESSON.replace("## Go on", "## On"), "with the section `Go on`"),
    ("tutorial/realworld/users", LESSON, END + "Recap`, `Go on`"),
]


@pytest.mark.parametrize(("name", "page", "says"), KINDS)
def test_each_kind_of_page_has_its_parts(name: str, page: str, says: str, tmp_path: Path) -> None:
    deeper = "../" * name.count("/")
    page = page.replace("../other.md", f"{deeper}other.md")
    nav = NAV.replace("guides/counting", name)
    run = _check(tmp_path, page, nav=nav, name=name)
    if says:
        assert says in run.stdout
    else:
        assert run.returncode == 0, run.stdout


@pytest.mark.parametrize(("old", "new", "rule"), FAULTS, ids=[row[2][:24] for row in FAULTS])
def test_a_broken_rule(old: str, new: str, rule: str, tmp_path: Path) -> None:
    """Is told at its line, which is that of the change where the rule is about one line."""
    assert old in LESSON
    lesson = LESSON.replace(old, new, 1)
    run = _check(tmp_path, lesson)
    assert run.returncode == 1
    found = re.findall(r"^docs/guides/counting\.md:(\d+): (.+)", run.stdout, re.MULTILINE)
    lines = [int(line) for line, what in found if what.startswith(rule)]
    assert lines, run.stdout
    if rule.startswith(("heading", "word", "sentence", "link", "picture", "spelling", "draft")):
        changed = lesson[: lesson.index(new.split("\n")[0])].count("\n") + 1
        assert lines == [changed]


def test_a_page_without_a_place_in_the_navigation(tmp_path: Path) -> None:
    run = _check(tmp_path, LESSON, nav="\nnav:\n  - other.md\n")
    what = "docs/guides/counting.md:1: navigation: add `guides/counting.md` to `nav:`"
    assert what in run.stdout


def test_a_page_with_an_address_of_its_own_kind(tmp_path: Path) -> None:
    run = _check(tmp_path, LESSON, nav="", name="Count_Notes")
    assert "Count_Notes.md:1: address: name the file with small letters" in run.stdout


def test_a_draft_is_told_what_is_left_and_nothing_else(tmp_path: Path) -> None:
    lesson = LESSON.replace(LINE, "TODO").replace("## Recap", "## Sum")
    found = [one.head for one in told(_check(tmp_path, lesson).stdout)]
    assert len(found) == 1 and "draft: write what `TODO` stands for" in found[0]


def test_the_examples_alone(tmp_path: Path) -> None:
    run = _check(tmp_path, LESSON.replace("## Recap", "## Sum"), "--examples")
    assert run.returncode == 0, run.stdout


def test_every_picture_is_shown() -> None:
    shown = "".join(path.read_text() for path in ALL)
    pictures = sorted((DOCS / "assets" / "pictures").glob("*.webp"))
    assert pictures and [one.name for one in pictures if f"pictures/{one.name}" not in shown] == []


def test_titles_and_descriptions_are_their_own() -> None:
    pages = walkthrough.load(ALL, ROOT).pages.values()
    for key in ("title", "description"):
        values = [page.meta[key] for page in pages]
        assert sorted(values) == sorted(set(values))


def test_spelling_beside_the_pages() -> None:
    own = ["scripts", *(f"tests/{file.name}" for file in (ROOT / "tests").glob("*.py"))]
    own += [file.name for file in ROOT.glob("*.md")]
    names = "nin,acount,teh,alog,aadd,froms,asend"  # words of code, not of English
    command = [sys.executable, "-m", "codespell_lib", "--ignore-words-list", names]
    skip = ["--skip", "*.pyc,dictionary*,stopwords*"]
    done = subprocess.run([*command, *skip, *own], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == ""
