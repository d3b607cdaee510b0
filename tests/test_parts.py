"""The checker's parts, each by what goes in and what comes out."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from tandem import outcome
from tandem.blocks import console as commands
from tandem.blocks import http as exchange
from tandem.blocks import markup, match, syntax
from tandem.outcome import Failure, Location, Outcome, Result, Wrong
from tandem.read import pages
from tandem.walk import install, servers
from tandem.walk.project import Project
from tandem.world import preload


def page(text: str) -> pages.Page:
    return pages.parse(text, Path("page.md"), "page.md")


@pytest.mark.parametrize(
    ("want", "got", "place"),
    [
        ("a\nb", "a\nb", None),
        ("a\nb", "a\nc", 1),
        ("a\n...\nd", "a\nb\nc\nd", None),
        ("a\n...\nd", "a\nd", None),
        ("a\n...", "a\nb", None),
        ("at ...:8000", "at 127.0.0.1:8000", None),
        ("at ...:8000", "at 127.0.0.1:8001", 0),
        ("a", "a\nb", 0),
        ("a\nb", "a", 1),
        ("1.5 (x)", "1x5 (x)", 0),
        ("...\nb\n...\nb", "b\nb\nb", None),
        ("", "", None),
    ],
)
def test_mismatch(want: str, got: str, place: int | None) -> None:
    assert match.mismatch(match.lines_of(want), match.lines_of(got)) == place


def test_mismatch_of_a_prefix() -> None:
    assert match.mismatch(["a"], ["a", "b"], prefix=True) is None
    assert match.mismatch(["b"], ["a", "b"], prefix=True) == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("<p>\n  Hello\n</p>", "<p>Hello</p>"),
        ('<a class="b a" id="x">y</a>', "<a id=x class='a b'>y</a>"),
        ("<br>", "<br />"),
        ("&#39;", "&#x27;"),
        ("<input required>", '<input required="">'),
        ("<p>one\ntwo</p>", "<p>one two</p>"),
    ],
)
def test_equal_html(one: str, other: str) -> None:
    assert markup.tokens(one) == markup.tokens(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("&lt;b&gt;", "<b>"),
        ("<p>a b</p>", "<p>ab</p>"),
        ("<pre>a\n b</pre>", "<pre>a\nb</pre>"),
        ('<a href="/a">x</a>', '<a href="/b">x</a>'),
        ("&amp;lt;", "&lt;"),
    ],
)
def test_different_html(one: str, other: str) -> None:
    assert markup.tokens(one) != markup.tokens(other)


def test_an_ellipsis_in_html_keeps_its_line() -> None:
    want = markup.tokens("<ul>\n...\n<li>c</li>\n</ul>")
    assert match.mismatch(want, markup.tokens("<ul><li>a</li><li>b</li><li>c</li></ul>")) is None


def test_hidden_fields_of_forms() -> None:
    html = (
        '<form><input type="hidden" name="q" value="1"></form>'
        '<form method="POST" action="/notes/"><input type=hidden name=token value="a&amp;b">'
        "<input name=title></form>"
    )
    assert markup.forms(html) == [markup.Form("/notes/", (("token", "a&b"),))]


@pytest.mark.parametrize(
    ("want", "got", "same"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ([1, 2], [2, 1], False),
        (1, True, False),
        (1, 1.0, True),
        ({"at": "2026-...Z"}, {"at": "2026-11-22T10:00:00Z"}, True),
        ({"a": 1}, {"a": 1, "b": None}, False),
        (None, False, False),
    ],
)
def test_json_is_compared_as_data(want: object, got: object, same: bool) -> None:
    assert exchange.same_json(want, got) is same


def test_reason_phrases_are_those_of_the_standard() -> None:
    assert [exchange.reason_of(code) for code in (200, 413, 422, 299)] == [
        "OK",
        "Content Too Large",
        "Unprocessable Content",
        "",
    ]


def blocks(text: str) -> list[tuple[str, str, int]]:
    return [(block.kind, block.title, block.line) for block in page(text).blocks]


def test_fences_of_all_lengths_and_places() -> None:
    text = "- item\n\n    ```text\n    a\n    ```\n\n````text\n```python\n````\n\n~~~text\nb\n~~~\n"
    assert blocks(text) == [("illustration", "", at) for at in (3, 7, 11)]
    assert not page(text).problems


def test_kinds_of_blocks() -> None:
    text = (
        '```python title="a.py"\nx\n```\n\n```html title="a.html"\n{# ... #}\n```\n\n'
        '```diff title="a.py"\n-x\n```\n\n```pycon\n>>> 1\n```\n'
    )
    assert [kind for kind, _, _ in blocks(text)] == ["file", "append", "diff", "pycon"]


def test_tabs_of_a_set_and_of_the_next() -> None:
    text = '=== "Flask"\n\n    a\n\n=== "Django"\n\n    b\n\nWords.\n\n=== "Flask"\n\n    c\n'
    assert [[tab.label for tab in group] for group in page(text).tabs] == [
        ["Flask", "Django"],
        ["Flask"],
    ]
    assert [problem.location.line for problem in page(text).problems] == [11]


def patched(tmp_path: Path, start: str, diff: str) -> str:
    project = Project(tmp_path)
    text = f'```text title="f"\n{start}\n```\n\n```diff title="f"\n{diff}\n```\n'
    source = page(text)
    for block in source.blocks:
        project.apply(source, block)
    return (project.folder / "f").read_text()


def test_a_diff_of_two_hunks(tmp_path: Path) -> None:
    assert patched(tmp_path, "a\nb\nc\nd", "-a\n+A\n@@\n c\n+C\n d") == "A\nb\nc\nC\nd\n"


@pytest.mark.parametrize(
    ("start", "diff", "line"),
    [
        ("a\nb", " a\n-x\n+y", 8),
        ("a\na", "-a\n+b", 7),
        ("a", "+b", 6),
        ("a", "*b", 6),
    ],
)
def test_a_diff_that_does_not_fit(tmp_path: Path, start: str, diff: str, line: int) -> None:
    with pytest.raises(Wrong) as caught:
        patched(tmp_path, start, diff)
    assert caught.value.failures[0].location.line == line


def test_lines_keep_their_place_through_changes(tmp_path: Path) -> None:
    project = Project(tmp_path / "one")
    source = page(
        '```python title="f.py"\na = 1\nb = 2\n```\n\n```diff title="f.py"\n a = 1\n+c = 3\n```\n\n'
        '```python title="f.py"\n# ...\nd = 4\n```\n'
    )
    for block in source.blocks:
        project.apply(source, block)
    again = Project(tmp_path / "two")
    again.restore(project.snapshot())
    for one in (project, again):
        places = [one.place("f.py", number) for number in range(1, 6)]
        assert places == [Location("page.md", line) if line else None for line in (2, 8, 3, 13, 0)]


def typed(text: str) -> list[commands.Command]:
    source = page(f"```console\n{text}\n```\n")
    return commands.parse(source, source.blocks[0])


def test_commands_and_their_output() -> None:
    first, second = typed("$ echo \\\n>   one\none\n\n$ false\n$ echo $?\n1")
    assert (first.text, first.output, first.line) == ("echo one", ("one",), 2)
    assert (second.text, second.status) == ("false", 1)


@pytest.mark.parametrize(
    ("command", "kind", "port"),
    [
        ("flask run", "flask run", 5000),
        ("flask --app notes run -p 5001", "flask run", 5001),
        ("A=1 flask run --port=5002", "flask run", 5002),
        ("python manage.py runserver --noreload 0.0.0.0:8001", "manage.py runserver", 8001),
        ("gunicorn -w 4 --bind 127.0.0.1:9000 wsgi:app", "gunicorn", 9000),
        ("python -m http.server 8080", "http.server", 8080),
        ("flask routes", None, 0),
        ("gunicorn --version", None, 0),
        ("python manage.py check", None, 0),
    ],
)
def test_servers_and_their_ports(command: str, kind: str | None, port: int) -> None:
    words = command.split()
    assert servers.kind_of(words) == kind
    if kind:
        assert servers.port_of(words, servers.SERVERS[kind].port or 0) == port


@pytest.mark.parametrize(
    "command",
    ["pip install flask", "python -m pip install 'flask>=3,<4'", "pip install -U pip",
     "python3 -m venv .venv", "source .venv/bin/activate"],
)  # fmt: skip
def test_set_up_that_holds(command: str, tmp_path: Path) -> None:
    assert install.is_setup(command)
    assert install.problems(command, tmp_path) == []


@pytest.mark.parametrize(
    "command", ["pip install no-such-package", "pip install flask==0.1", "pip install -r none.txt"]
)
def test_set_up_that_does_not_hold(command: str, tmp_path: Path) -> None:
    assert install.problems(command, tmp_path)


@pytest.mark.parametrize(
    ("language", "text", "line"),
    [
        ("python", "a = 1\nb =", 1),
        ("json", "{\n1}", 1),
        ("toml", "a =", 0),
        ("yaml", "a: 1\nb: [", 2),
        ("ini", "a = 1", 1),
        ("xml", "<a>", 0),
    ],
)
def test_what_is_not_run_is_parsed(language: str, text: str, line: int) -> None:
    found = syntax.problem(language, text)
    assert found is not None
    assert found[0] <= line


def test_one_fault_is_told_once() -> None:
    same = Failure(Location("page.md", 3), "answered 500", "NameError")
    results = [
        Result("page.md", "flask", (Outcome(line, "http", "", "failed", 0.0, (same,)),))
        for line in (5, 9)
    ]
    assert [failure for _, failure in outcome.failures(results)] == [same]


@pytest.mark.parametrize("name", preload.modules([" ".join(preload.NAMED)], {"flask", "django"}))
def test_what_is_imported_beforehand_is_there(name: str) -> None:
    """An older version may lack some; the locked ones have all, or a name is misspelt."""
    assert importlib.util.find_spec(name) is not None
