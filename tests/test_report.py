"""What a check has found, as people and programs are told it: every text in it is a stranger's."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from tandem import report
from tandem.outcome import Failure, Location, Outcome, Result

ESCAPE = "\x1b]0;owned\x07"


def result(*outcomes: Outcome, page: str = "docs/a.md", framework: str | None = "flask") -> Result:
    return Result(page, framework, outcomes)


def failed(what: str = "it is wrong", detail: str = "", page: str = "docs/a.md") -> Outcome:
    return Outcome(3, "http", "", "failed", 1.0, (Failure(Location(page, 3), what, detail),))


def said(*results: Result) -> str:
    stream = io.StringIO()
    report.terminal([*results], 1.0, stream)
    return stream.getvalue()


def test_a_failure_with_what_explains_it() -> None:
    text = said(result(failed(detail="- shown, + came\n- one\n+ two")))
    first, *rest = text.splitlines()
    assert first == "docs/a.md:3: Flask: it is wrong"
    assert rest[:3] == ["    - shown, + came", "    - one", "    + two"]
    assert text.endswith("1 failure, 1 page, 1 blocks run, 0 not run, 0 of 1 walks cached, 1.0 s\n")


def test_the_same_fault_of_later_steps_is_told_once() -> None:
    assert said(result(failed(), failed())).count("it is wrong") == 1


def test_a_page_s_own_fault_names_no_framework() -> None:
    assert said(result(failed(), framework=None)).startswith("docs/a.md:3: it is wrong\n")


@pytest.mark.parametrize(
    "one",
    [
        result(failed(what=f"printed {ESCAPE}")),
        result(failed(detail=f"+ {ESCAPE}")),
        result(failed(page=f"docs/{ESCAPE}.md"), page=f"docs/{ESCAPE}.md"),
        result(Outcome(1, "page", "the page", "not run", reason=f"lacks {ESCAPE}")),
        result(Outcome(1, "http", "", "not tried"), page=f"docs/{ESCAPE}.md"),
    ],
    ids=["sentence", "detail", "page", "reason", "not tried"],
)
def test_nothing_steers_a_terminal(one: Result) -> None:
    text = said(one)
    assert "owned" in text
    assert "\x1b" not in text
    assert "\x07" not in text


@pytest.mark.parametrize("line", ["::add-mask::e", "  ::error::x", "##[command]x"])
def test_nothing_is_a_command_of_a_workflow(line: str) -> None:
    text = said(result(failed(detail=line)))
    assert not any(row.lstrip().startswith(("::", "##[")) for row in text.splitlines())


def test_an_annotation_is_one_line_whatever_is_in_it() -> None:
    stream = io.StringIO()
    one = result(failed(what="100% wrong", detail="a\n::b", page="docs/a,b.md"), page="docs/a,b.md")
    report.github([one], stream)
    expected = "::error file=docs/a%2Cb.md,line=3,title=Flask::100%25 wrong%0Aa%0A::b\n"
    assert stream.getvalue() == expected


def test_how_to_run_it_again_can_be_pasted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["my tools/check.py"])
    monkeypatch.setattr("sys.executable", "/a folder/python")
    text = said(result(failed(page="docs/a b.md"), page="docs/a b.md"))
    assert "again: '/a folder/python' 'my tools/check.py' 'docs/a b.md' --framework flask" in text


def test_long_details_are_cut_in_the_middle() -> None:
    text = said(result(failed(detail="\n".join(f"row {n}" for n in range(200)))))
    assert "row 0\n" in text
    assert "row 199\n" in text
    assert "row 100\n" not in text
    assert "... (160 lines)" in text


def test_data_holds_what_every_step_gave(tmp_path: Path) -> None:
    file = tmp_path / "data.json"
    report.write_json([result(failed(), Outcome(9, "http", "", "not tried"))], file)
    page = json.loads(file.read_text())["pages"]["docs/a.md"]
    assert not page["held"]
    steps = page["frameworks"]["flask"]["blocks"]
    assert [step["outcome"] for step in steps] == ["failed", "not tried"]
    assert steps[0]["failures"] == ["docs/a.md:3: it is wrong"]
