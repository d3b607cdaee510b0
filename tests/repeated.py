"""A page as a reader follows it who types what the copy buttons of its requests give.

Each exchange of a page becomes commands in the reader's terminal: the development server is
started, once and again after a change, and what the button copies is run. So the checker follows
a page that has no exchange left, and what `curl` printed is kept in the project's folder ANSWERS.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lxml import html
from tandem.blocks import http
from tandem.blocks.http import Response
from tandem.read.pages import Block, Page

ANSWERS = ".answers"
SERVERS = {"Flask": ("flask run", 5000), "Django": ("python manage.py runserver", 8000)}
USUAL = "127.0.0.1:5000"  # where a copied request goes, in Django to its own port
OTHERS = ("gunicorn", "uvicorn", "hypercorn", "waitress-serve")
CHANGES = {"file", "append", "diff", "console"}


@dataclass(slots=True)
class _Reader:
    """Which server answers on the framework's usual port: the words that its command begins with.

    `own`: it was started for an exchange, not by a command of the page. `old`: files have changed;
    `collected`: those that a reloading server reads once, or notices at a time of its own.
    """

    label: str
    served: str = ""
    own: bool = False
    old: bool = False
    collected: bool = False
    edits: dict[int, tuple[int, list[str]]] = field(default_factory=dict)

    def before(self, block: Block, at: int, indent: str) -> None:
        """A block of the page that may change files, or the servers that run."""
        if self.served and self.own:
            self.put(at, at, indent, self.stop())
        command, port = SERVERS[self.label]
        for line in block.lines if block.kind == "console" else ():
            typed = line.removeprefix("$ ")
            words = re.sub(r"^(\w+=\S* )+", "", typed)  # without its variables
            self.collected = self.collected or "collectstatic" in words
            ports = re.findall(r"(?<![\w.])\d{4,5}\b", words)
            if line.startswith("$ ") and (
                (words.startswith(command) and not ports)
                or (words.startswith((command, *OTHERS)) and str(port) in ports)
            ):
                self.served, self.own, self.old = typed, False, False
            elif line == "^C" and self.served.startswith(block.title):
                self.served, self.own = "", False
        self.old = self.old or block.kind != "console"
        self.collected = self.collected or (
            block.kind != "console" and not block.title.endswith(".py")
        )

    def stop(self) -> list[str]:
        words, self.served, self.own = self.served, "", False
        return [f'```console title="{words}"', "^C", "```", ""]

    def start(self) -> list[str]:
        """What is typed so that a server with the files of now answers; the page's own goes on."""
        words = self.served or SERVERS[self.label][0]
        reloads = "--debug" in words or ("runserver" in words and "--noreload" not in words)
        if self.served and not self.collected and (reloads or not self.old):
            return []
        own = self.own or not self.served
        stopped = self.stop() if self.served else []
        if own and self.label == "Django":
            words = f"{SERVERS[self.label][0]} --noreload"
        self.served, self.own, self.old, self.collected = words, own, False, False
        return [*stopped, "```console", f"$ {words}", "```", ""]

    def put(self, at: int, end: int, indent: str, lines: list[str]) -> None:
        """Have lines stand in the place of those from `at` to before `end`."""
        _, before = self.edits.get(at, (at, []))
        self.edits[at] = end, before + [indent + line if line else "" for line in lines]


def copied(page: Path) -> Iterator[str]:
    """What the buttons of a built page's requests copy, in their order."""
    for request in html.fromstring(page.read_text()).find_class("request"):
        yield str(request.get("data-copy"))


def is_for(block: Block, label: str) -> bool:
    return all(tab.label == label for tab in block.tabs if tab.label in SERVERS)


def repeated(page: Page, label: str, copies: Iterator[str]) -> str:
    """The Markdown of a page without its exchanges, for readers of one framework."""
    rows = page.text.split("\n")
    reader = _Reader(label)
    solution = 0
    for block in page.blocks:
        if block.solution != solution and solution:
            reader.served, reader.own = "", False  # at the end of a solution all is stopped
        solution = block.solution
        count = len(http.parse(page, block)) if block.kind == "http" else 0
        mine = [next(copies) for _ in range(count)]
        at = block.line - 1
        indent = re.match(" *", rows[at])[0]  # type: ignore[index]
        if not is_for(block, label):
            continue
        if block.kind == "http":
            marks = re.match("`*", rows[at].strip())[0]  # type: ignore[index]
            end = next(n for n in range(at + 1, len(rows)) if rows[n].strip() == marks) + 1
            # A request that names a port of this machine goes to a server that the page started.
            start = reader.start() if any(USUAL in one for one in mine) else []
            reader.put(at, end, indent, [*start, *_typed(block.line, label, mine)])
        elif block.kind in CHANGES and not block.not_run:
            reader.before(block, at, indent)
    if solution:
        reader.served, reader.own = "", False
    out: list[str] = []
    at = 0
    while at < len(rows):
        end, lines = reader.edits.get(at, (at, []))
        out += lines
        out += rows[at : at + 1] if end == at else []
        at = max(end, at + 1)
    last = reader.stop() if reader.served and reader.own else []
    kept = [
        "```console",
        f"$ if [ -d ~/copied ]; then cp -r ~/copied {_project(ANSWERS)}; fi",
        "```",
    ]
    return "\n".join([*out, "", *last, *kept, ""])


def _project(name: str) -> str:
    return f"~/../notes/{name}"


def _typed(line: int, label: str, copies: list[str]) -> list[str]:
    """A block's commands, as a file that the terminal reads: they stand there as they are copied.

    What an answer gives as `$NAME` is kept for the next block, which may be typed elsewhere.
    """
    port = SERVERS[label][1]
    rows = ["mkdir -p ~/copied", "pushd ~/copied >/dev/null", "[ ! -f values ] || . ./values"]
    names: list[str] = []
    for number, one in enumerate(copies):
        commands = one.replace(USUAL, f"127.0.0.1:{port}").split("\n")
        rows += [f"exec 9>&1 >{line}-{number}.txt", *commands, "exec >&9 9>&-"]
        names += re.findall(r"^([A-Z]\w*)=", one, re.MULTILINE)
    rows += [f"declare -p {name} >>values" for name in names]
    rows += ["popd >/dev/null", "unset OLDPWD"]
    file = f".copied/{line}.sh"
    return [
        f'````sh title="{file}"',
        *rows,
        "````",
        "",
        "```console",
        f"$ . {_project(file)}",
        "```",
    ]


def response(printed: bytes, port: int) -> Response | None:
    """What `curl -i` printed as an answer to a page's exchange, which goes to `localhost`."""
    text = printed.replace(b"127.0.0.1:%d" % port, b"localhost")
    while True:
        found = re.match(rb"HTTP/\S+ (\d+)(.*?)(?:\r?\n){2}", text + b"\n\n", re.DOTALL)
        if found is None:
            return None
        text = text[found.end() :]
        if found[1] != b"100":
            break
    lines = found[2].decode("latin-1").replace("\r", "").split("\n")[1:]
    headers = (line.partition(":") for line in lines)
    return Response(int(found[1]), tuple((name, value.strip()) for name, _, value in headers), text)
