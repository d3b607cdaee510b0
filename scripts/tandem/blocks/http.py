"""`http` blocks: parse the messages, send each request, compare the answer."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from email.message import Message
from http import HTTPStatus
from http.cookiejar import CookieJar
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode, urljoin
from urllib.request import Request as CookieRequest

from tandem.blocks.markup import Form, forms, tokens, words
from tandem.blocks.match import difference, fits, lines_of, mismatch
from tandem.outcome import Failure, Wrong
from tandem.read.pages import Block, Page

REQUEST = re.compile(r"([A-Z]+) (\S+) HTTP/1\.1$")
STATUS = re.compile(r"HTTP/1\.1 (\d{3}) ?(.*)$")
HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+): *(.*)$")
FORM_TYPE = "application/x-www-form-urlencoded"
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


class Browser:
    """What a browser keeps from one exchange to the next: cookies, and the last page's forms."""

    def __init__(self) -> None:
        self.cookies = CookieJar()
        self.forms: list[Form] = []
        self.page = "/"

    def request(self, part: Part) -> dict[str, Any]:
        """The request to send: what the page shows, with cookies and hidden form fields."""
        method, target = part.first
        headers = [(name, value) for name, value, _ in part.headers]
        names = {name.lower() for name, _ in headers}
        host = next((value for name, value in headers if name.lower() == "host"), "localhost")
        if "host" not in names:
            headers.insert(0, ("Host", host))
        cookies = CookieRequest(f"http://{host}{target}")
        self.cookies.add_cookie_header(cookies)
        if (value := cookies.get_header("Cookie")) and "cookie" not in names:
            headers.append(("Cookie", value))
        body = "\n".join(part.body)
        if method == "POST" and any(
            name.lower() == "content-type" and value.startswith(FORM_TYPE)
            for name, value in headers
        ):
            body = self._fill(target, body.strip())
        return {"method": method, "target": target, "host": host, "headers": headers, "body": body}

    def _fill(self, target: str, body: str) -> str:
        path = target.partition("?")[0]
        for form in self.forms:
            if urljoin(self.page, form.action).partition("?")[0] != path:
                continue
            typed = {name for name, _ in parse_qsl(body, keep_blank_values=True)}
            hidden = [(name, value) for name, value in form.hidden if name not in typed]
            return "&".join(filter(None, [body, urlencode(hidden)]))
        return body

    def keep(self, request: dict[str, Any], response: Response) -> None:
        """Take cookies and forms from an answer."""
        message = Message()
        for name, value in response.headers:
            message[name] = value
        asked = CookieRequest(f"http://{request['host']}{request['target']}")
        self.cookies.extract_cookies(cast(Any, _Headers(message)), asked)
        if response.type == "text/html" and response.status == 200:
            self.page = request["target"]
            self.forms = forms(response.text)


@dataclass(frozen=True, slots=True)
class _Headers:
    """What the cookie jar wants of a response."""

    message: Message

    def info(self) -> Message:
        return self.message


def response_of(message: dict[str, Any]) -> Response:
    """A worker's reply as a Response; an exception that left the application is a bare 500."""
    if "status" not in message:
        return Response(500, (), b"")
    headers = tuple((name, value) for name, value in message["headers"])
    return Response(message["status"], headers, base64.b64decode(message["body"]))


def compare(page: Page, exchange: Exchange, got: Response) -> list[Failure]:
    """Everything in the answer that is not as the page shows it."""
    shown = exchange.response
    found = []
    status = int(shown.first[0])
    if got.status != status:
        what = f"{exchange.label} answered {got.status} {reason_of(got.status)}, shown is {status}"
        at = page.location(shown.line)
        return [Failure(at, what, "\n".join(_readable(got)[:12]))]
    for name, value, line in shown.headers:
        values = got.header(name)
        if not any(fits(value, one) for one in values):
            came = ", ".join(f"`{one}`" for one in values) or "no such header"
            what = f"{exchange.label}: header `{name}` shown as `{value}`, came {came}"
            found.append(Failure(page.location(line), what))
    if shown.body and (wrong := compare_body(page, exchange, got)):
        found.append(wrong)
    return found


def _readable(got: Response) -> list[str]:
    """What a person reads of an answer that was not wanted."""
    return words(got.text) if got.type == "text/html" else lines_of(got.text)


def compare_body(page: Page, exchange: Exchange, got: Response) -> Failure | None:
    """The first line of the body that differs: as data, as parsed HTML, or as text."""
    shown = exchange.response
    want, came = lines_of("\n".join(shown.body)), lines_of(got.text)
    line = shown.body_line
    if got.type == "application/json" or got.type.endswith("+json"):
        try:
            data = json.loads("\n".join(want))
        except ValueError:
            pass  # not JSON as it stands, for instance `...` for the rest: compare as text
        else:
            try:
                if same_json(data, json.loads(got.text)):
                    return None
            except ValueError:
                pass
            want = json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False).split("\n")
            came = _pretty(got.text)
            what = f"{exchange.label}: the JSON differs from what is shown"
            return Failure(page.location(line), what, difference(want, came))
    if got.type == "text/html":
        want, came = tokens("\n".join(want)), tokens(got.text)
        index = mismatch(want, came)
        line += _line_of_token(shown.body, index or 0)
    else:
        index = mismatch(want, came)
        line += index or 0
    if index is None:
        return None
    what = f"{exchange.label}: the body differs from what is shown"
    return Failure(page.location(line), what, difference(want, came))


def _line_of_token(body: tuple[str, ...], index: int) -> int:
    """The body's line on which its token `index` ends."""
    for number in range(len(body)):
        if len(tokens("\n".join(body[: number + 1]))) > index:
            return number
    return max(len(body) - 1, 0)


def same_json(want: Any, got: Any) -> bool:
    """Whether two JSON values are the same data; `...` in a string fits any characters."""
    if isinstance(want, str) and isinstance(got, str):
        return fits(want, got)
    if isinstance(want, bool) or isinstance(got, bool):
        return want is got
    if isinstance(want, dict) and isinstance(got, dict):
        return want.keys() == got.keys() and all(same_json(want[key], got[key]) for key in want)
    if isinstance(want, list) and isinstance(got, list):
        return len(want) == len(got) and all(map(same_json, want, got))
    return bool(want == got)


def _pretty(text: str) -> list[str]:
    try:
        data = json.loads(text)
    except ValueError:
        return lines_of(text)
    return json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False).split("\n")
