"""The phrasebook: every name exists, is deprecated only where it says so, and leads somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import markdown
import pytest
from lxml import html
from tandem.prose import links
from tandem_site import copies, phrasebook

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
PAGES = DOCS / phrasebook.PAGES
DATA = ROOT / "scripts" / "data" / "phrasebook"
TOOLS = ROOT / "scripts" / "tools"
GROUPS = phrasebook.known(DATA)
Open = Callable[..., Any]
REFUSED = re.compile(r"\b(?:simply|just|easily|obviously|of course|powerful|seamless|robust)\b")
LARGEST = 250 << 10  # bytes of a page's HTML
SHELL = 60 << 10  # of them that the theme takes
WRONG = [
    ("flask", "flask:request.argv", "has no argv"),
    ("flask", "flask:url_for", "write () behind it"),
    ("flask", "flask:Flask()", "write no () behind it"),
    ("flask", "flask:url_for(_external=)", ""),
    ("flask", "flask:url_for(_externally=)", "it takes no _externally="),
    ("flask", "flask.nowhere:url_for()", "there is no module"),
    ("flask", "SECRET_KEYS", "no key of the configuration"),
    ("flask", "flask run --ports", "has no --ports"),
    ("flask", "flask walk", "has no command walk"),
    ("flask", "|linebreaks", "no filter"),
    ("flask", "is odder", "no test"),
    ("flask", "{% url %}", "no tag"),
    ("flask", "{{ loop.counter }}", "loop has no counter"),
    ("django", "ALLOWED_HOST", "no setting"),
    ("django", 'DATABASES["NAMES"]', "nobody reads the key"),
    ("django", 'DEBUG["NAME"]', "there are no keys inside"),
    ("flask", 'SECRET_KEY["NAME"]', "write the key alone"),
    ("flask", ".:url_for()", "there is no module"),
    ("django", "__contain", "no field has this lookup"),
    ("django", "manage.py migrate --faked", "has no --faked"),
    ("django", "manage.py upgrade", "there is no command"),
    ("django", "{{ forloop.index }}", "forloop has no index"),
    ("django", "what is this", "no name is written like this"),
    ("django", "EMAIL_HOST", "Django 2028"),
    ("flask", "sqlalchemy.orm:noload()", "2.1"),
    ("django", "django.db:transaction.savepoint()", "RemovedInDjango2028Warning"),
]
ROW = '[[part]]\ntitle = "One"\n\n[[part.row]]\n'


def _looked_up(lines: list[str]) -> dict[str, tuple[str, str]]:
    """What the look-up says of each `side, tab, name`: in a process that may set Django up."""
    run = subprocess.run(
        [sys.executable, TOOLS / "phrasebook_names.py"],
        input="\n".join(lines), capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode in {0, 1}, run.stderr
    told = [line.split("\t") for line in run.stdout.splitlines()]
    return {f"{side}\t{name}": (kind, said) for side, name, kind, said in told}


@pytest.fixture(scope="session")
def found() -> dict[str, tuple[str, str]]:
    rows = [row for group in GROUPS for row in group.rows]
    return _looked_up([f"{side}\t{one.name}" for row in rows for side, names in row.sides.items()
                       for one in names])  # fmt: skip


def _said(row: phrasebook.Row, found: dict[str, tuple[str, str]], kind: str) -> list[str]:
    keys = [f"{side}\t{one.name}" for side, names in row.sides.items() for one in names]
    return [f"{key}: {found[key][1]}" for key in keys if found.get(key, ("", ""))[0] == kind]


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.slug)
def test_names_exist(group: phrasebook.Group, found: dict[str, tuple[str, str]]) -> None:
    assert [said for row in group.rows for said in _said(row, found, "missing")] == []


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.slug)
def test_what_is_deprecated_is_said(
    group: phrasebook.Group, found: dict[str, tuple[str, str]]
) -> None:
    for row in group.rows:
        ended = _said(row, found, "deprecated")
        assert bool(ended) == bool(row.deprecated), ended or row


@pytest.fixture(scope="session")
def wrong() -> dict[str, tuple[str, str]]:
    return _looked_up([f"{side}\t{name}" for side, name, _ in WRONG])


@pytest.mark.parametrize(("side", "name", "said"), WRONG)
def test_what_is_wrong_with_a_name(
    side: str, name: str, said: str, wrong: dict[str, tuple[str, str]]
) -> None:
    told = wrong.get(f"{side}\t{name}")
    assert said in told[1] if told else not said


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.slug)
def test_rows_lead_to_what_is_there(group: phrasebook.Group) -> None:
    for row in group.rows:
        path, _, anchor = row.at.partition("#")
        assert (DOCS / path).is_file() if path else False, row
        assert not anchor or anchor in links._anchors(DOCS / path), row.at


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.slug)
def test_words_are_those_of_the_site(group: phrasebook.Group) -> None:
    for row in group.rows:
        told = row.deprecated if isinstance(row.deprecated, str) else ""
        for text in (row.note, row.nothing, told):
            assert not REFUSED.search(re.sub(r"`[^`]*`", "", text)), text
            assert text.count("`") % 2 == 0, text
            assert not text or text[-1] in ".`", text


def test_no_row_stands_twice() -> None:
    seen: set[tuple[object, ...]] = set()
    for group in GROUPS:
        for row in group.rows:
            names = tuple(tuple(one.show for one in names) for names in row.sides.values())
            assert (group.slug, names) not in seen, names
            seen.add((group.slug, names))


def test_nothing_is_missing_and_nothing_left_out_is_gone() -> None:
    run = subprocess.run(
        [sys.executable, TOOLS / "phrasebook_coverage.py", "--missing"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert (run.returncode, run.stdout) == (0, ""), run.stderr
    left_out = tomllib.loads((ROOT / "scripts/data/phrasebook_left_out.toml").read_text())
    assert all(one["because"].endswith(".") for one in left_out["left_out"])


def _rendered(name: str, text: str | None = None) -> html.HtmlElement:
    options = {
        "tandem_site.extension": {
            "docs": str(DOCS),
            "answered": str(ROOT / "scripts/data/answered"),
            "phrasebook": str(DATA),
        }
    }
    converter = markdown.Markdown(
        extensions=["attr_list", "toc", *options], extension_configs=options
    )
    body = (PAGES / name).read_text(encoding="utf-8").partition("\n---\n")[2]
    made = converter.convert(body)
    assert len(made.encode()) < LARGEST - SHELL
    return html.fromstring(f"<div>{made}</div>")


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.slug)
def test_a_page_has_every_row(group: phrasebook.Group) -> None:
    tree = _rendered(f"{group.slug}.md")
    lines = tree.xpath(".//tbody/tr")
    assert len(lines) == len([*group.rows])
    ids = tree.xpath(".//@id")
    assert len(ids) == len(set(ids))
    for line, row in zip(lines, group.rows, strict=True):
        names = [one.show for side in row.sides.values() for one in side]
        codes = [one.text for one in line.xpath("./td[not(@data-search-exclude)]/code")]
        assert codes == names
        assert row.nothing.replace("`", "") in line.text_content()
    # What is said of a name is not found by the search, only the name is.
    assert all(line[-1].get("data-search-exclude") is not None for line in lines)


def test_the_first_page_leads_to_every_row() -> None:
    tree = _rendered("index.md")
    found = [one.get("href") for one in tree.xpath(".//section//li/a")]
    wanted = [f"{group.slug}.md#{at}" for group in GROUPS for _, at in phrasebook.places(group)]
    assert sorted(found) == sorted(wanted)
    assert tree.xpath(".//div[contains(@class, 'filtered')]")[0].get("data-of") == "rows"


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.slug)
def test_the_markdown_beside_a_page_has_every_row(group: phrasebook.Group) -> None:
    page = PAGES / f"{group.slug}.md"
    body = copies.markdown(page.read_text(encoding="utf-8"), page, DOCS).partition("\n---\n")[2]
    assert phrasebook.PLACE not in body
    body = body.replace(r"\|", "|")  # as GitHub reads it, and Python-Markdown does not
    tree = html.fromstring(f"<div>{markdown.markdown(body, extensions=['tables'])}</div>")
    lines = tree.xpath(".//tbody/tr")
    for line, row in zip(lines, group.rows, strict=True):
        cells = line.xpath("./td")
        for cell, names in zip(cells, row.sides.values(), strict=False):
            codes = [one.text for one in cell.xpath("./code")]
            assert codes == [one.show for one in names] or not names
        told = row.deprecated if isinstance(row.deprecated, str) else ""
        for text in (row.nothing, row.note, told):
            assert text.replace("`", "") in line.text_content()
        (link,) = cells[2].xpath("./a/@href")
        assert (PAGES / link.partition("#")[0]).is_file()


def test_the_markdown_beside_the_first_page_leads_to_every_row() -> None:
    page = PAGES / "index.md"
    text = copies.markdown(page.read_text(encoding="utf-8"), page, DOCS)
    for group in GROUPS:
        for row, place in phrasebook.places(group):
            assert f"- [`{phrasebook.summary(row)}`]({group.slug}.md#{place})\n" in text


def test_every_group_has_its_page() -> None:
    pages = {file.stem for file in PAGES.glob("*.md")}
    assert pages == {"index", *(group.slug for group in GROUPS)}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('flask = ["flask:g"]\n', "say `nothing` where one side has no name"),
        ('flask = ["flask:g"]\ndjango = ["DEBUG"]\nnothing = "No."\n', "say `nothing` where"),
        ('note = "No."\n', "a row without a name"),
        ('flask = ["flask:g"]\nnothing = "No."\nwhy = ""\n', "unknown key why"),
        ('flask = "flask:g"\nnothing = "No."\n', "put the names in brackets: flask"),
        ('flask = [{ name = "flask:g" }]\nnothing = "No."\n', 'say `show = "..."`'),
        ('flask = [""]\nnothing = "No."\n', "a name without a letter"),
        ('flask = ["flask:g"\n', "Unclosed array"),
    ],
)
def test_a_wrong_row_is_told(row: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text(f'title = "One"\n\n{ROW}{row}')
    with pytest.raises(phrasebook.Wrong, match=f"one.toml: .*{re.escape(said)}"):
        phrasebook.known(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", 'say `title = "..."`'),
        ('title = ""\n', 'say `title = "..."`'),
        ('title = "One"\npart = "Two"\n', "begin each with [[part]]"),
        ('title = "One"\n\n[[part]]\n', 'say `title = "..."`'),
    ],
)
def test_a_wrong_group_is_told(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "one.toml").write_text(text)
    with pytest.raises(phrasebook.Wrong, match=f"one.toml: .*{re.escape(said)}"):
        phrasebook.known(tmp_path)


def test_rows_with_the_same_name_have_places_of_their_own(tmp_path: Path) -> None:
    names = ["a-2", "a", "a", "é", "<b>", "&"]
    rows = "".join(
        f"[[part.row]]\nflask = [{{ name = 'a', show = '{one}' }}]\nnothing = 'No.'\n"
        for one in names
    )
    (tmp_path / "one.toml").write_text(f'title = "One"\n\n[[part]]\ntitle = "A"\n\n{rows}')
    [group] = phrasebook.known(tmp_path)
    found = [place for _, place in phrasebook.places(group)]
    assert found == ["a-2", "a", "a-3", "name", "b", "name-2"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("flask:Flask.run()", ("app.run()", "")),
        ("@flask:Flask.get", ("@app.get", "")),
        ("flask:url_for(_anchor=)", ("url_for(_anchor=...)", "flask")),
        ("django.db:models.CharField", ("models.CharField", "django.db")),
        ("|length", ("|length", "")),
        ("manage.py test --tag", ("manage.py test --tag", "")),
    ],
)
def test_how_a_name_is_shown(name: str, shown: tuple[str, str]) -> None:
    assert phrasebook.spoken(name) == shown


@pytest.mark.parametrize("path", ["", "request/"])
def test_rows_are_filtered(visit: Open, path: str) -> None:
    page = visit(f"reference/phrasebook/{path}?filter=request.GET")
    rows = page.locator(".filtered :is(li, tbody tr)")
    left = page.locator(".filtered :is(li, tbody tr):visible")
    count = rows.count()
    assert page.get_by_label("Filter the rows").input_value() == "request.GET"
    texts = left.all_inner_texts()
    assert 0 < len(texts) < count
    assert all("request.get" in one.lower() for one in texts)
    said = page.locator(".filtered [role=status]")
    assert said.inner_text() == f"{len(texts)} of {count} rows:"
    assert page.locator(".filtered section:visible").count() <= len(texts)
    page.get_by_label("Filter the rows").fill("")
    assert left.count() == count
    assert "filter=" not in page.url


def test_rows_stand_without_javascript(visit: Open) -> None:
    page = visit("reference/phrasebook/request/", java_script_enabled=False)
    group = next(one for one in GROUPS if one.slug == "request")
    assert page.locator(".filtered tbody tr:visible").count() == len([*group.rows])


@pytest.mark.parametrize("group", GROUPS, ids=lambda group: group.slug)
def test_a_page_is_light(site: Path, group: phrasebook.Group) -> None:
    for folder in (site / phrasebook.PAGES / group.slug, site / phrasebook.PAGES):
        assert (folder / "index.html").stat().st_size <= LARGEST
