"""What a block promises, and what of that came: each kind by its text."""

from __future__ import annotations

from pathlib import Path

import pytest
from tandem.blocks import bodies, browser, console, http, markup, match, pycon, syntax
from tandem.read import pages


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
    assert browser.forms(html) == [("/notes/", [("token", "a&b")])]


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
    assert bodies.same_json(want, got) is same


def test_reason_phrases_are_those_of_the_standard() -> None:
    assert [http.reason_of(code) for code in (200, 413, 422, 299)] == [
        "OK",
        "Content Too Large",
        "Unprocessable Content",
        "",
    ]


def typed(text: str) -> list[console.Entry]:
    source = page(f"```console\n{text}\n```\n")
    return console.parse(source, source.blocks[0])


def test_commands_and_their_output() -> None:
    first, second, third = typed("$ echo \\\n> one\none\n\n$ false\n$ echo $?\n1")
    assert (first.lines, first.rows, first.line, first.first) == (
        ("echo \\", "one"),
        ("one",),
        2,
        4,
    )
    assert (second.lines, second.rows) == (("false",), ())
    assert (third.lines, third.rows) == (("echo $?",), ("1",))


def test_a_block_that_goes_on_with_a_running_command() -> None:
    first, second = typed("GET / 200\n^C\nbye\n$ true")
    assert (first.lines, first.before, first.interrupts, first.after) == (
        (),
        ["GET / 200"],
        True,
        ["bye"],
    )
    assert second.lines == ("true",)


def sent(request: str, **values: str) -> bytes:
    source = page(f"```http\n{request}\n\nHTTP/1.1 200 OK\n```\n")
    (one,) = http.parse(source, source.blocks[0])
    return browser.Browser(values).request(one)


@pytest.mark.parametrize(
    ("request_", "wire"),
    [
        (
            "GET /a HTTP/1.1\nX-A: 1\nX-A: 2",
            b"GET /a HTTP/1.1\r\nHost: localhost\r\nX-A: 1\r\nX-A: 2\r\n\r\n",
        ),
        (
            "POST / HTTP/1.1\nContent-Type: application/x-ndjson\n\n1\n2",
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n"
            b"Content-Length: 4\r\n\r\n1\n2\n",
        ),
        (
            "PUT / HTTP/1.1\nHost: a\nContent-Type: application/json\n\n{}",
            b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            b"Content-Length: 2\r\n\r\n{}",
        ),
        (
            "GET /$NAME/$OTHER HTTP/1.1",
            b"GET /ada/$OTHER HTTP/1.1\r\nHost: localhost\r\n\r\n",
        ),
    ],
)  # fmt: skip
def test_what_goes_over_the_wire(request_: str, wire: bytes) -> None:
    assert sent(request_, NAME="ada") == wire


def test_parts_of_a_multipart_body_have_the_line_ends_of_http() -> None:
    head = "POST / HTTP/1.1\nContent-Type: multipart/form-data; boundary=x\n\n"
    body = '--x\nContent-Disposition: form-data; name="a"; filename="a.txt"\n\none\ntwo\n--x--'
    assert sent(head + body).partition(b"\r\n\r\n")[2] == (
        b'--x\r\nContent-Disposition: form-data; name="a"; filename="a.txt"\r\n\r\n'
        b"one\ntwo\r\n--x--\r\n"
    )


@pytest.mark.parametrize(
    ("want", "got", "same"),
    [
        ('{"id": ...}', '{"id": [1, 2]}', True),
        ('{"id": 1, ...}', '{"id": 1, "b": 2}', True),
        ('{"id": 1, ...}', '{"id": 2, "b": 2}', False),
        ("[1, ...]", "[1, 2, 3]", True),
        ("[..., 3]", "[1, 2, 3]", True),
        ("[..., 4]", "[1, 2, 3]", False),
        ('{"n": NaN}', '{"n": NaN}', True),
        ('{"n": "..."}', '{"n": 1}', False),
    ],
)
def test_any_value_in_json(want: str, got: str, same: bool) -> None:
    found = bodies.compare((want,), "application/json", got.encode(), {})
    assert (found is None) is same
    assert same or (found is not None and len(found[2].split("\n")) > 2)


def test_a_name_takes_its_value_from_the_first_answer() -> None:
    values: dict[str, str] = {}
    assert match.fits("token=$TOKEN; Path=/", "token=abc; Path=/", values)
    assert values == {"TOKEN": "abc"}
    assert match.fits("again $TOKEN", "again abc", values)
    assert not match.fits("again $TOKEN", "again xyz", values)


def test_a_body_by_length_and_hash() -> None:
    digest = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
    assert bodies.compare((f"[3 bytes, sha256 {digest}]",), "image/png", b"foo", {}) is None
    assert bodies.compare(("[3 bytes, sha256 2c26b46b...]",), "image/png", b"foo", {}) is None
    assert bodies.compare(("[3 bytes, sha256 2c26b46b...]",), "image/png", b"bar", {}) is not None


def example(text: str) -> pycon.Example:
    source = page(f"```pycon\n{text}\n```\n")
    return pycon.parse(source, source.blocks[0])[0]


@pytest.mark.parametrize(
    ("shown", "came", "same"),
    [
        (">>> f()\none\n\ntwo", "one\n\ntwo", True),
        (">>> f()\none\n\ntwo", "one", False),
        (">>> f()\none\n\n# A remark.", "one", True),
        (">>> f()\none\n<BLANKLINE>\ntwo", "one\n\ntwo", True),
        (
            '>>> f()\nTraceback (most recent call last):\n  ...\nKeyError: 1',
            'Traceback (most recent call last):\n  File "<stdin>", line 1\nKeyError: 1',
            True,
        ),
        (
            '>>> f()\nTraceback (most recent call last):\nKeyError: 1',
            'Traceback (most recent call last):\n  File "<stdin>", line 1\nKeyError: 2',
            False,
        ),
    ],
)  # fmt: skip
def test_a_session_is_compared_as_doctest_does(shown: str, came: str, same: bool) -> None:
    assert (pycon.compare(page(""), example(shown), came) == []) is same


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
