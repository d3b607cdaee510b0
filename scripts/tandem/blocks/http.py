"""`http` blocks: parse the messages, and compare an answer with the one shown."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from tandem.blocks import bodies
from tandem.blocks.match import Values, fits, lines_of, mismatch
from tandem.outcome import Failure, Wrong
from tandem.read.pages import Block, Page

REQUEST = re.compile(r"([A-Z]+) (\S+) HTTP/1\.1$")
STATUS = re.compile(r"HTTP/1\.1 (\d{3}) ?(.*)$")
HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+): *(.*)$")
ABSENT = "(none)"
# RFC 9110 renamed these; Python's own table follows only from 3.13 on.
REASONS = {
    413: "Content Too Large",
    414: "URI Too Long",
    416: "Range Not Satisfiable",
    422: "Unprocessable Content",
}

Header = tuple[str, str, int]  # name, value, the page's line


@dataclass(frozen=True, slots=True)
class Part:
    """One message: its first line's fields, headers and body, with the page's lines."""

    first: tuple[str, str]
    headers: tuple[Header, ...]
    body: tuple[str, ...]
    line: int
    body_line: int

    def header(self, name: str) -> str | None:
        """The first value of a header that the page shows."""
        return next((value for key, value, _ in self.headers if key.lower() == name), None)


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request, (method, target), and the response shown, (status, reason)."""

    request: Part
    response: Part

    @property
    def label(self) -> str:
        return "`{} {}`".format(*self.request.first)


@dataclass(frozen=True, slots=True)
class Response:
    """What the application answered."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def type(self) -> str:
        return (self.header("content-type") or [""])[0].split(";")[0].strip().lower()

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")


def parse(page: Page, block: Block) -> list[Exchange]:
    """The exchanges of an `http` block; raises Wrong where it is not one."""
    parts = _split(page, block)
    exchanges = []
    for request, response in zip(parts[::2], parts[1::2], strict=True):
        if not request.first[1].startswith("/") and request.first[1] != "*":
            what = f"the target of a request begins with `/`, not `{request.first[1]}`"
            raise Wrong(Failure(page.location(request.line), what))
        code, reason = int(response.first[0]), response.first[1]
        standard = reason_of(code)
        if reason != standard:
            what = f"the reason phrase of {code} is `{standard}`, not `{reason}`"
            if not standard:
                what = f"{code} is not a standard status code"
            raise Wrong(Failure(page.location(response.line), what))
        exchanges.append(Exchange(request, response))
    return exchanges


def reason_of(code: int) -> str:
    """The standard reason phrase of a status code (RFC 9110), "" for an unknown code."""
    try:
        return REASONS.get(code) or HTTPStatus(code).phrase
    except ValueError:
        return ""


def _split(page: Page, block: Block) -> list[Part]:
    starts: list[tuple[int, re.Match[str]]] = []
    blank = True
    for index, line in enumerate(block.lines):
        wanted = STATUS if len(starts) % 2 else REQUEST
        if blank and (match := wanted.match(line)):
            starts.append((index, match))
        blank = not line.strip()
    if not starts or starts[0][0] != 0:
        what = "an `http` block begins with a request such as `GET / HTTP/1.1`"
        raise Wrong(Failure(page.location(block.at(0)), what))
    if len(starts) % 2:
        what = "this request has no response: a line such as `HTTP/1.1 200 OK` after a blank one"
        raise Wrong(Failure(page.location(block.at(starts[-1][0])), what))
    ends = [start for start, _ in starts[1:]] + [len(block.lines)]
    return [
        _part(page, block, index, end, match)
        for (index, match), end in zip(starts, ends, strict=True)
    ]


def _part(page: Page, block: Block, start: int, end: int, match: re.Match[str]) -> Part:
    headers = []
    index = start + 1
    while index < end and block.lines[index].strip():
        header = HEADER.match(block.lines[index])
        if header is None:
            what = f"`{block.lines[index]}` is no header: a blank line stands before the body"
            raise Wrong(Failure(page.location(block.at(index)), what))
        headers.append((header[1], header[2].strip(), block.at(index)))
        index += 1
    body = block.lines[index + 1 : end]
    while body and not body[-1].strip():
        body.pop()
    return Part((match[1], match[2]), tuple(headers), tuple(body), block.at(start),
                block.at(index + 1))  # fmt: skip


def enough(exchange: Exchange) -> Callable[[bytes], bool] | None:
    """Whether what has come of a body fits one shown up to its last line `...`; None without it.

    Such a body need not end: a stream of events goes on for ever.
    """
    shown = list(exchange.response.body)
    if not shown or shown[-1].strip() != "...":
        return None
    want = lines_of("\n".join(shown[:-1]))

    def fit(body: bytes) -> bool:
        return mismatch(want, lines_of(body.decode("utf-8", "replace")), prefix=True) is None

    return fit


def compare(page: Page, exchange: Exchange, got: Response, values: Values) -> list[Failure]:
    """Everything in the answer that is not as the page shows it; `values` takes new names."""
    shown = exchange.response
    found = []
    status = int(shown.first[0])
    if got.status != status:
        what = f"{exchange.label} answered {got.status} {reason_of(got.status)}, shown is {status}"
        at = page.location(shown.line)
        return [Failure(at, what, "\n".join(bodies.readable(got.type, got.text)[:12]))]
    for name, value, line in shown.headers:
        came = got.header(name)
        told = ", ".join(f"`{one}`" for one in came) or "no such header"
        if value == ABSENT and came:
            what = f"{exchange.label}: header `{name}` shown as absent, came {told}"
        elif value != ABSENT and not any(fits(value, one, values) for one in came):
            what = f"{exchange.label}: header `{name}` shown as `{value}`, came {told}"
        else:
            continue
        found.append(Failure(page.location(line), what))
    if shown.body:
        wrong = bodies.compare(shown.body, got.type, got.body, values)
        if wrong is not None:
            line, what, detail = wrong
            at = page.location(shown.body_line + line)
            found.append(Failure(at, f"{exchange.label}: {what}", detail))
    return found
