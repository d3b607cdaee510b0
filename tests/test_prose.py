"""What a reader may rely on in every page: its parts, its length, its words, its code's form."""

from __future__ import annotations

import re
import subprocess
import sys
from http import HTTPStatus
from itertools import pairwise, takewhile
from pathlib import Path

import pytest
from tandem.read import pages
from tandem.read.pages import Block, Page

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
ALL = sorted(DOCS.rglob("*.md"))
LESSONS = [path for path in ALL if path.relative_to(DOCS).parts[0] in {"start", "guides"}]
READ = [path for path in ALL if path.relative_to(DOCS).parts[0] in {"learn", "choose", "reference"}
        and path.stem != "verified"]  # fmt: skip
LAST = ["What differs", "When it goes wrong", "Recap", "Exercise", "Go on"]
SIDES = ("Flask", "Django")
WRITTEN = {"file", "append", "diff"}
FENCE = re.compile(r"^( *)(`{3,})[^\n]*\n.*?^\1\2 *$", re.DOTALL | re.MULTILINE)
BOX = re.compile(r"^!!! (?:flask|django) .*\n(?: {4}.*\n|\n)*", re.MULTILINE)
REFUSED = re.compile(
    r"(?-i:\bNote that\b)|\b(simply|just|easily|obviously|of course|seamless(ly)?|powerful"
    r"|robust|leverage|delve|it is important to note|in today|as you know|in this tutorial)\b",
    re.IGNORECASE,
)
COLUMNS = 72
LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)]*)\)")
SAYS_NOTHING = re.compile(
    r"(?:click )?(?:here|this|that|it|link|(?:this|the) (?:page|link|document)|more|read more"
    r"|see|source|docs|documentation|\W*)|https?:.*",
    re.IGNORECASE,
)
# Words that are written with a capital wherever they stand in a heading.
NAMES = {
    "Alembic", "Atom", "Celery", "Chromium", "Content", "Database", "Django", "Docker", "Flask",
    "Gunicorn", "Hello", "Jinja", "Language", "Linux", "Location", "Manager", "Markdown", "Ninja",
    "None", "Note", "Playwright", "Postgres", "Python", "Redis", "Template", "Unicode", "Valkey",
    "Werkzeug", "Windows", "World",
}  # fmt: skip
NAMES |= {word for status in HTTPStatus for word in status.phrase.split()}


def _id(path: Path) -> str:
    return path.relative_to(DOCS).as_posix()


def _page(path: Path) -> Page:
    return pages.read(path, _id(path))


def _section(path: Path, heading: str) -> str:
    return _page(path).text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def _is_for(block: Block, side: str) -> bool:
    return all(tab.label == side for tab in block.tabs if tab.label in SIDES)


def _prose(page: Page) -> str:
    body = page.text.partition("\n---\n")[2] or page.text
    return FENCE.sub("", body)


@pytest.mark.parametrize("path", ALL, ids=_id)
def test_title_and_description(path: Path) -> None:
    page = _page(path)
    assert page.meta.get("title")
    assert '"' not in page.meta["title"] + page.meta["description"]  # the theme does not escape it
    assert 40 <= len(page.meta.get("description", "")) <= 160
    assert len(re.findall(r"^# ", _prose(page), re.MULTILINE)) == 1


@pytest.mark.parametrize("path", LESSONS, ids=_id)
def test_anatomy(path: Path) -> None:
    headings = re.findall(r"^## (.+?) *$", _prose(_page(path)), re.MULTILINE)
    assert headings[-len(LAST) :] == LAST, headings
    assert len(headings) > len(LAST), "no section between the lead and what differs"


@pytest.mark.parametrize("path", LESSONS, ids=_id)
def test_recap(path: Path) -> None:
    points = re.findall(r"^- ", _section(path, "Recap"), re.MULTILINE)
    assert 3 <= len(points) <= 5


@pytest.mark.parametrize("path", LESSONS, ids=_id)
def test_the_exercise_has_a_solution_for_both(path: Path) -> None:
    """Which the checker follows, and which shows that it works."""
    assert '\n??? solution "Solution"\n' in _section(path, "Exercise")
    solution = [block for block in _page(path).blocks if block.solution]
    for side in SIDES:
        kinds = {block.kind for block in solution if _is_for(block, side)}
        assert kinds & {"http", "console", "pycon"}, side


@pytest.mark.parametrize("path", LESSONS, ids=_id)
def test_a_result_comes_early(path: Path) -> None:
    """After forty lines at most, for a reader of either side."""
    for side in SIDES:
        steps = [block for block in _page(path).blocks if _is_for(block, side)]
        typed = takewhile(lambda block: block.kind not in {"http", "pycon"}, steps)
        assert sum(len(block.lines) for block in typed if block.kind in WRITTEN) <= 40, side


@pytest.mark.parametrize("path", LESSONS, ids=_id)
def test_code_comes_in_pieces(path: Path) -> None:
    written = [block for block in _page(path).blocks if block.kind in WRITTEN]
    long = [f"line {block.line}" for block in written if len(block.lines) > 30]
    assert not long


@pytest.mark.parametrize("path", LESSONS, ids=_id)
def test_pairs_are_level(path: Path) -> None:
    """A side that is much longer than the other leaves a hole beside it when both are shown."""
    lengths: dict[int, dict[str, int]] = {}
    fence = tab = ""
    pair = depth = 0
    for number, line in enumerate(_page(path).text.split("\n"), 1):
        if marks := re.match(r" *(`{3,})", line):
            fence = marks[1] if not fence else "" if line.strip() == fence else fence
        elif not fence and (label := re.match(r' *=== "(Flask|Django)"$', line)):
            tab, depth = label[1], line.index("=")
            pair = number if tab == "Flask" else pair
            continue
        elif not fence and line and not line[: depth + 1].isspace():
            tab = ""
        if tab and line.strip() and not marks:
            sides = lengths.setdefault(pair, dict.fromkeys(SIDES, 0))
            sides[tab] += 1
    assert not [
        f"line {pair}: {sides}"
        for pair, sides in lengths.items()
        if abs(sides["Flask"] - sides["Django"]) > 16
    ]


@pytest.mark.parametrize("path", READ, ids=_id)
def test_it_ends_with_where_to_go_on(path: Path) -> None:
    headings = re.findall(r"^## (.+?) *$", _prose(_page(path)), re.MULTILINE)
    assert headings[-1:] == LAST[-1:], headings


@pytest.mark.parametrize("path", ALL, ids=_id)
def test_its_address_is_plain(path: Path) -> None:
    assert re.fullmatch(r"(?:[a-z0-9-]+/)*[a-z0-9-]+\.md", _id(path))


@pytest.mark.parametrize("path", ALL, ids=_id)
def test_headings(path: Path) -> None:
    """In sentence case, without a full stop, and no level left out."""
    found = re.findall(r"^(#+) (.+?) *$", _prose(_page(path)), re.MULTILINE)
    depths = [len(marks) for marks, _ in found]
    assert all(after <= before + 1 for before, after in pairwise(depths))
    for _, heading in found:
        assert heading[-1] not in ".:;,!", heading
        plain = re.sub(r"`[^`]*`|\"[^\"]*\"|“[^”]*”", "", heading)
        for part in re.split(r"[:?.] | / ", plain):
            words = [re.sub(r"['’]s$", "", word.strip("(),")) for word in part.split()[1:]]
            assert not [
                word for word in words if re.fullmatch("[A-Z][a-z]+", word) and word not in NAMES
            ], heading


@pytest.mark.parametrize("path", ALL, ids=_id)
def test_links_and_pictures_say_what_they_are(path: Path) -> None:
    for picture, text, address in LINK.findall(_prose(_page(path))):
        assert len(text) > (8 if picture else 1), f"[{text}]({address})"
        assert picture or not SAYS_NOTHING.fullmatch(text), f"[{text}]({address})"
    for tag in re.findall(r"<img\b[^>]*>", _prose(_page(path))):
        assert re.search(r'\balt="[^"]{8,}"', tag), tag


def test_every_picture_is_shown() -> None:
    shown = "".join(path.read_text() for path in ALL)
    pictures = sorted((DOCS / "assets" / "pictures").glob("*.webp"))
    assert pictures and [one.name for one in pictures if f"pictures/{one.name}" not in shown] == []


def test_titles_and_descriptions_are_their_own() -> None:
    for key in ("title", "description"):
        values = [_page(path).meta[key] for path in ALL]
        assert sorted(values) == sorted(set(values))


def test_spelling(tmp_path: Path) -> None:
    """Prose only: code has names of its own, and mistakes that are shown on purpose."""
    for path in [*ALL, *sorted(ROOT.glob("*.md"))]:
        text = pages.read(path, path.name).text if path.is_relative_to(DOCS) else path.read_text()
        file = tmp_path / path.relative_to(ROOT)
        file.parent.mkdir(parents=True, exist_ok=True)
        lines = FENCE.sub(lambda match: "\n" * match[0].count("\n"), text)
        file.write_text(re.sub(r"`[^`\n]*`|\]\([^)]*\)", "", lines))
    own = ["scripts", *(f"tests/{file.name}" for file in (ROOT / "tests").glob("*.py"))]
    command = [sys.executable, "-m", "codespell_lib", "--ignore-words-list", "nin,acount"]
    skip = ["--skip", "*.pyc,dictionary*,stopwords*"]
    found = [
        subprocess.run([*command, *skip, *what], cwd=folder, capture_output=True, text=True).stdout
        for folder, what in ((tmp_path, ["."]), (ROOT, own))
    ]
    assert "".join(found) == ""


@pytest.mark.parametrize("path", LESSONS, ids=_id)
def test_length(path: Path) -> None:
    """A reader has one side's tabs before them; what is said to that side alone counts for it."""
    # The boxes "Coming from Flask" and "Coming from Django" are an aside for those who know one
    # side already; a page is not too long for the others because of them.
    prose = BOX.sub("", _prose(_page(path)))
    for side in SIDES:
        other = SIDES[side == SIDES[0]]
        tab = re.compile(rf'^( *)=== "{other}"\n(?:\1    .*\n|\n)*', re.MULTILINE)
        words = re.sub(r"\]\([^)]*\)|^#.*$|^ *===.*$", "", tab.sub("", prose), flags=re.MULTILINE)
        assert 250 <= len(words.split()) <= 1400, side


@pytest.mark.parametrize("path", LESSONS, ids=_id)
def test_both_sides_are_linked(path: Path) -> None:
    last = _page(path).text.rpartition("## Go on")[2]
    assert "https://flask.palletsprojects.com/" in last or "https://flask-" in last
    assert "https://docs.djangoproject.com/en/6.1/" in last


@pytest.mark.parametrize("path", ALL, ids=_id)
def test_words(path: Path) -> None:
    prose = re.sub(r"`[^`]*`", "", _prose(_page(path)))
    rows = [row for row in prose.split("\n") if REFUSED.search(row)]
    assert not rows


@pytest.mark.parametrize("path", ALL, ids=_id)
def test_one_sentence_a_line(path: Path) -> None:
    prose = re.sub(r"`[^`]*`", "``", _prose(_page(path)))
    rows = [row for row in prose.split("\n") if re.search(r"[a-z)`]\. [A-Z]", row)]
    starts = [row.lstrip("0123456789. ") for row in rows]
    assert not [row for row in starts if not row.startswith(("-", "|", "**"))]


@pytest.mark.parametrize("path", ALL, ids=_id)
def test_code_fits_beside_its_twin(path: Path) -> None:
    wide = [
        f"{block.at(number)}: {line}"
        for block in _page(path).blocks
        if block.kind in {"file", "append"} and not block.title.endswith((".md", ".txt"))
        for number, line in enumerate(block.lines)
        if len(line) > COLUMNS
    ]
    assert not wide


@pytest.mark.parametrize("path", ALL, ids=_id)
def test_python_is_formatted(path: Path, tmp_path: Path) -> None:
    files = []
    for block in _page(path).blocks:
        if block.kind == "file" and block.language == "python":
            file = tmp_path / f"line_{block.line}.py"
            file.write_text(block.text + "\n")
            files.append(str(file))
    if not files:
        return
    ruff = [sys.executable, "-m", "ruff"]
    options = ["--isolated", f"--line-length={COLUMNS}"]
    formatted = subprocess.run(
        [*ruff, "format", "--diff", *options, *files], capture_output=True, text=True
    )
    assert formatted.returncode == 0, formatted.stdout
    known = 'lint.isort.known-first-party=["notes", "mysite", "app", "wsgi", "views"]'
    linted = subprocess.run(
        [*ruff, "check", "--select=E,F,I,B", "--ignore=F401,F811,F821,E402", "--config", known,
         *options, *files],
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert linted.returncode == 0, linted.stdout
