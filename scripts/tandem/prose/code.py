"""The form of a page's code, and the spelling of its words: by ruff and codespell."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tandem.outcome import BadSetup
from tandem.prose.text import Found, Text
from tandem.read.pages import Block

COLUMNS = 72  # that fit beside the other side of a pair
OURS = '["notes", "mysite", "conduit", "users", "app", "wsgi", "views"]'  # in examples
LINT = (
    "check", "--select=E,F,I,B", "--ignore=F401,F811,F821,E402,E501",
    "--config", f"lint.isort.known-first-party={OURS}",
)  # fmt: skip
SPELLING = ("--ignore-words-list", "nin,acount")
SECONDS = 120  # that a tool has for all pages
Pages = Sequence[Text]


def look(texts: Pages) -> Iterator[tuple[Text, Found]]:
    """What the tools find, each called once for all pages; raises BadSetup without them."""
    for text in texts:
        for found in _wide(text):
            yield text, found
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        yield from _python(texts, folder / "code")
        yield from _spelling(texts, folder / "words")


def _wide(text: Text) -> Iterator[Found]:
    for block in text.page.blocks:
        if block.kind in {"file", "append"} and not block.title.endswith((".md", ".txt")):
            for number, line in enumerate(block.lines):
                if len(line) > COLUMNS:
                    what = f"break this line of {len(line)} characters: {COLUMNS} fit in a column"
                    yield Found(block.at(number), "code", what)


def _python(texts: Pages, folder: Path) -> Iterator[tuple[Text, Found]]:
    files: dict[Path, tuple[Text, Block]] = {}
    for number, text in enumerate(texts):
        for block in text.page.blocks:
            if block.kind == "file" and block.language == "python":
                # The name's end keeps ruff's rules for notebooks and stubs away.
                file = folder / str(number) / f"line_{block.line}.py"
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(block.text + "\n", "utf-8", "surrogateescape")
                files[file.resolve()] = text, block
    if not files:
        return
    width = f"--line-length={COLUMNS}"
    for row in json.loads(_run("ruff", *LINT, "--isolated", width, "--output-format=json", folder)):
        text, block = files[Path(row["filename"]).resolve()]
        at = block.at(row["location"]["row"] - 1)
        yield text, Found(at, "code", f"{row['message']} ({row['code'] or 'syntax'})")
    formatted = _run("ruff", "format", "--diff", "--isolated", width, folder)
    for part in re.split(r"^(?=--- )", formatted, flags=re.MULTILINE)[1:]:
        name = part.split("\n", 1)[0].removeprefix("--- ")
        start = re.search(r"^@@ -(\d+)[^\n]*\n((?:[^@][^\n]*\n?)*)", part, re.MULTILINE)
        if start:
            text, block = files[Path(name).resolve()]
            rows = start[2].split("\n")
            unchanged = next((n for n, row in enumerate(rows) if row[:1] in "+-"), 0)
            better = next((row[1:] for row in rows if row.startswith("+")), "")
            what = f"format the code as ruff does: `{better}`" if better else "format the code"
            yield text, Found(block.at(int(start[1]) - 1 + unchanged), "code", what)


def _spelling(texts: Pages, folder: Path) -> Iterator[tuple[Text, Found]]:
    """Prose alone: code has names of its own, and mistakes that are shown on purpose."""
    folder.mkdir()
    for number, text in enumerate(texts):
        words = re.sub(r"`[^`\n]*`|\]\([^)\n]*\)", "", "\n".join(text.lines))
        (folder / f"{number}.md").write_text(words, "utf-8", "surrogateescape")
    for row in _run("codespell_lib", *SPELLING, folder).splitlines():
        if match := re.match(r".*?(\d+)\.md:(\d+): (.+) ==> (.+)$", row):
            text, line = texts[int(match[1])], int(match[2])
            yield text, Found(line, "spelling", f"“{match[3]}”: did you mean “{match[4]}”?")


def _run(module: str, *arguments: str | Path) -> str:
    command = [sys.executable, "-P", "-m", module, *map(str, arguments)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=SECONDS
        )
    except subprocess.TimeoutExpired:
        raise BadSetup(f"{module} did not end within {SECONDS} seconds") from None
    if "No module named" in done.stderr:
        name = module.removesuffix("_lib")
        raise BadSetup(f"{name} is not installed: run `make setup`, or pass `--examples`")
    return done.stdout
