"""Every exchange of every page can be repeated by what its button copies, in both frameworks."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from checker import ROOT
from repeated import ANSWERS, SERVERS, copied, is_for, repeated, response
from tandem.blocks import http
from tandem.read import pages, walkthrough

DOCS = ROOT / "docs"
ALL = [
    file
    for file in sorted(DOCS.rglob("*.md"))
    if file.relative_to(DOCS).parts[0] != "contribute" and "```http" in file.read_text()
]


@pytest.mark.parametrize("label", list(SERVERS))
def test_copied_commands_repeat_every_exchange(label: str, site: Path, tmp_path: Path) -> None:
    """A page's reader who types them in its order gets the answers that it shows."""
    for file in ALL:
        name = file.relative_to(DOCS)
        built = site / name.with_suffix("") / "index.html"
        built = site / "index.html" if name.as_posix() == "index.md" else built
        text = repeated(pages.read(file, name.as_posix()), label, copied(built))
        # Pages that others start from are the site's own, by their place in docs/.
        start = re.search(r"(?m)^starts_from: (.*)$", text)
        if start and (beside := (file.parent / start[1]).resolve()).is_file():
            place = beside.relative_to(DOCS)
            text = text.replace(start[0], f"starts_from: {place.as_posix()}", 1)
        target = tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    checker = [sys.executable, str(ROOT / "scripts" / "check_examples.py"), str(tmp_path)]
    options = ["--framework", label.lower(), "--keep", str(tmp_path / "kept")]
    done = subprocess.run([*checker, *options], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    wrong = [one for file in ALL for one in compared(file, label, tmp_path / "kept")]
    assert not wrong, "\n".join(wrong)


def compared(file: Path, label: str, kept: Path) -> list[str]:
    """What of a page's answers is not as it is shown, for readers of one framework."""
    page = pages.read(file, file.relative_to(DOCS).as_posix())
    slug = page.name.removesuffix(".md").replace("/", "-")
    if label.lower() not in walkthrough.load([file], ROOT).frameworks(file):
        return []  # a page without pairs has one reader
    name = f"{slug}-{label.lower()}"
    # Those that other pages start from are kept too, by their names in docs/.
    folder = kept / f"{str(kept.parent).replace('/', '-')}-{name}" / ANSWERS
    values: dict[str, str] = {}
    found = []
    for block in page.blocks:
        if block.kind != "http" or not is_for(block, label):
            continue
        for number, one in enumerate(http.parse(page, block)):
            answer = folder / f"{block.line}-{number}.txt"
            at = f"{page.name}:{one.request.line}: {label}: {one.label}"
            if not answer.is_file():
                found.append(f"{at} was not sent")
            elif (got := response(answer.read_bytes(), SERVERS[label][1])) is None:
                found.append(f"{at} got {answer.read_bytes()[:200]!r}")
            else:
                found += [
                    f"{at}: {e.what}\n{e.detail}" for e in http.compare(page, one, got, values)
                ]
    return found
