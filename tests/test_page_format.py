"""The sample pages in docs/contribute do what is said of them there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from checker import ROOT, check, told
from tandem import cli
from tandem.blocks.match import mismatch
from tandem.read import front_matter, pages
from tandem.read.pages import Block
from tandem.walk import servers

CONTRIBUTE = ROOT / "docs" / "contribute"
PAGES = [CONTRIBUTE / "page-format.md", CONTRIBUTE / "writing-a-page.md"]
GUIDE = CONTRIBUTE / "how-the-checker-reads.md"
END = Block("illustration", "", "", "", (), 0)


@dataclass(frozen=True, slots=True)
class Sample:
    """A page inside a page: its path, its text, and the report that is shown below it."""

    name: str
    text: str
    report: str

    @property
    def wrong(self) -> bool:
        return Path(self.name).name.startswith("wrong-")


def _samples(page: Path) -> list[Sample]:
    return [
        Sample(block.title, block.text + "\n", below.text if below.language == "text" else "")
        for block, below in pairwise([*pages.read(page, page.name).blocks, END])
        if block.title.endswith(".md") and not block.not_run
    ]


SAMPLES = [sample for page in PAGES for sample in _samples(page)]


@dataclass(frozen=True, slots=True)
class Checked:
    """What the checker said of all samples, with their paths as the pages have them."""

    report: str
    held: dict[str, bool]


@pytest.fixture(scope="session")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    folder = tmp_path_factory.mktemp("samples")
    files = [folder / sample.name for sample in SAMPLES]
    for file, sample in zip(files, SAMPLES, strict=True):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(sample.text, encoding="utf-8")
    run = check(*files, folder=folder)
    held = {name.removeprefix(f"{folder}/"): one["held"] for name, one in run.data["pages"].items()}
    return Checked(run.stdout.replace(f"{folder}/", ""), held)


def _rows(report: str, name: str) -> list[str]:
    """What a report says of one page, row by row."""
    return [row for one in told(report) if one.page == name for row in (one.head, *one.rows)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_samples_are_found(page: Path) -> None:
    """Both kinds on each page, and none hidden by another of its name."""
    assert {sample.wrong for sample in _samples(page)} == {True, False}
    for sample in _samples(page):
        assert [one.name for one in SAMPLES].count(sample.name) == 1


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_sample(sample: Sample, checked: Checked) -> None:
    got = _rows(checked.report, sample.name)
    assert checked.held[sample.name] is not sample.wrong, got
    if sample.wrong:
        want = _rows(sample.report, sample.name)
        assert want, "no `text` block below it shows what the checker says"
        assert mismatch(want, got) is None, "\n".join(got)


def test_reference_is_complete() -> None:
    """Every word that the checker knows stands in the page format."""
    text = PAGES[0].read_text(encoding="utf-8")
    known = front_matter.KEYS | pages.OPTIONS | pages.RUN | pages.ILLUSTRATIONS
    known |= servers.RELOADING
    known |= set(re.findall(r"--[a-z][a-z-]+", cli._parser().format_help()))
    assert sorted(word for word in known if word not in text) == []


def test_explained_messages_exist() -> None:
    """Each message in the tables of the guide is one that the checker or an example can give."""
    sources = [*(ROOT / "scripts" / "tandem").rglob("*.py"), *(ROOT / "tests").rglob("report.txt")]
    known = "\n".join(file.read_text(encoding="utf-8") for file in sources)
    known = re.sub(r"\{[^{}]*\}|\"\s+f?\"", "", known)
    rows = re.findall(r"^\| `([^`]+)`", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) > 25
    for row in rows:
        for part in re.split(r" ?\.\.\. ?|\b\d+ | \d+$", row):
            assert part.strip() in known, row
