"""The sample pages in docs/contribute do what is said of them there."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from checker import ROOT, Run, check, told
from tandem import cli, console, match, pages
from tandem.pages import Block

CONTRIBUTE = ROOT / "docs" / "contribute"
NOTHING = Block("illustration", "", "", "", (), 0)


@dataclass(frozen=True, slots=True)
class Sample:
    """A page inside a page, and the report shown below it; "" where the sample holds."""

    name: str
    text: str
    report: str


def _samples() -> list[Sample]:
    found = []
    for path in sorted(CONTRIBUTE.glob("*.md")):
        blocks = pages.read(path, path.name).blocks
        for block, following in pairwise([*blocks, NOTHING]):
            if block.title.endswith(".md"):
                wrong = Path(block.title).name.startswith("wrong-")
                shown = following.text if following.language == "text" else ""
                found.append(Sample(block.title, block.text + "\n", shown if wrong else ""))
    return found


SAMPLES = _samples()
WRONG = [sample for sample in SAMPLES if Path(sample.name).name.startswith("wrong-")]


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, str]:
    """A check of all samples at once, and its report with their paths as in the pages."""
    folder = tmp_path_factory.mktemp("samples")
    for sample in SAMPLES:
        (folder / sample.name).parent.mkdir(parents=True, exist_ok=True)
        (folder / sample.name).write_text(sample.text)
    run = check(*(folder / sample.name for sample in SAMPLES), folder=folder)
    data = {name.removeprefix(f"{folder}/"): page for name, page in run.data["pages"].items()}
    return Run(run.status, run.stdout, run.stderr, {"pages": data}), f"{folder}/"


def _rows(report: str, name: str) -> list[str]:
    """What a report says of one page, row by row."""
    return [row for one in told(report) if one.page == name for row in (one.head, *one.rows)]


def test_samples_are_found() -> None:
    names = [sample.name for sample in SAMPLES]
    assert len(WRONG) >= 5 and len(SAMPLES) - len(WRONG) >= 5
    assert len(names) == len(set(names))


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_sample(sample: Sample, run: tuple[Run, str]) -> None:
    checked, folder = run
    got = _rows(checked.stdout.replace(folder, ""), sample.name)
    page = checked.data["pages"][sample.name]
    if sample not in WRONG:
        assert (got, page["held"]) == ([], True)
        return
    want = _rows(sample.report, sample.name)
    assert want and page["held"] is False
    assert match.mismatch(want, got) is None, "\n    ".join(got)


def test_nothing_is_left_out() -> None:
    """Each name that the checker knows stands in the reference."""
    text = (CONTRIBUTE / "page-format.md").read_text()
    options = [name for one in cli._parser()._actions for name in one.option_strings]
    known = {*pages.FRONT_MATTER, *pages.OPTIONS, *pages.RUN, *pages.ILLUSTRATIONS}
    known |= {name for name in options if name.startswith("--")}
    known |= console.SERVERS.keys() | console.RELOADING
    assert [name for name in sorted(known) if name not in text] == []
