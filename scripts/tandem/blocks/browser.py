"""A visitor's browser: cookies, forms that were fetched, and requests as the bytes that go out.

What it adds to a request that the page shows is what the page says: cookies, `Host`, the length
of a body, and the hidden fields of a form where the fence names its page (`form="/notes/new/"`).
"""

from __future__ import annotations

import re
from copy import copy
from email.message import Message
from http.cookiejar import CookieJar
from typing import Any, cast
from urllib.parse import parse_qsl, urlencode, urljoin
from urllib.request import Request as CookieRequest

from lxml import html as lxml_html

from tandem.blocks.http import Exchange, Part, Response
from tandem.blocks.match import Values, filled

FORM = "application/x-www-form-urlencoded"
LINES = re.compile(r"text/|application/(x-)?(ndjson|jsonl|jsonlines)\b")  # types made of lines
BOUNDARY = re.compile(r'multipart/[^;]+;.*\bboundary="?([^";]+)', re.IGNORECASE)

Fields = list[tuple[str, str]]


class Browser:
    """One visitor. `values` are the page's names, `$NAME`, which requests carry."""

    def __init__(self, values: Values) -> None:
        self.cookies = CookieJar()
        self.values = values
        self.form = ""
        self.fetched: Response | None = None

    def copy(self) -> Browser:
        """Another browser in the same state; a cookie jar has a lock, and so cannot be copied."""
        other = Browser(self.values)
        for cookie in self.cookies:
            other.cookies.set_cookie(copy(cookie))
        other.form, other.fetched = self.form, self.fetched
        return other

    def host(self, part: Part) -> str:
        """The host that a request is for."""
        return filled(part.header("host") or "localhost", self.values)

    def form_request(self, target: str) -> bytes:
        """The request for the page of a form."""
        self.form, self.fetched = target, None
        first = f"GET {target} HTTP/1.1"
        cookie = self._cookie("localhost", target)
        return _message([first, "Host: localhost", *([f"Cookie: {cookie}"] if cookie else [])], b"")

    def take_form(self, response: Response) -> str | None:
        """Keep the page of a form; returns what is wrong with it, None if it can be used."""
        self._keep("localhost", self.form, response)
        if response.status != 200:
            return f'`form="{self.form}"` answered {response.status}'
        self.fetched = response
        return None

    def request(self, exchange: Exchange) -> bytes:
        """The bytes of a request that the page shows."""
        part = exchange.request
        method, target = part.first[0], filled(part.first[1], self.values)
        lines = [f"{method} {target} HTTP/1.1"]
        names = {name.lower() for name, _, _ in part.headers}
        if "host" not in names:
            lines.append("Host: localhost")
        lines += [f"{name}: {filled(value, self.values)}" for name, value, _ in part.headers]
        cookie = self._cookie(self.host(part), target)
        if cookie and "cookie" not in names:
            lines.append(f"Cookie: {cookie}")
        shown = [filled(line, self.values) for line in part.body]
        body = body_of(shown, part.header("content-type") or "", self._hidden(target))
        if (body or method in {"POST", "PUT", "PATCH"}) and not names & {
            "content-length", "transfer-encoding"
        }:  # fmt: skip
            lines.append(f"Content-Length: {len(body)}")
        return _message(lines, body)

    def keep(self, exchange: Exchange, response: Response) -> None:
        """Take cookies from an answer."""
        self.fetched = None
        self._keep(self.host(exchange.request), exchange.request.first[1], response)

    def _hidden(self, target: str) -> Fields:
        """The hidden fields of the form that was fetched: of the one that posts to this target."""
        if self.fetched is None:
            return []
        path = target.partition("?")[0]
        posting = forms(self.fetched.text)
        aimed = [
            fields
            for action, fields in posting
            if urljoin(self.form, action).partition("?")[0] == path
        ]
        if aimed:
            return aimed[0]
        return posting[0][1] if len(posting) == 1 else []

    def _cookie(self, host: str, target: str) -> str | None:
        if not any(self.cookies):
            return None
        request = CookieRequest(f"http://{host}{target}")
        self.cookies.add_cookie_header(request)
        return request.get_header("Cookie")

    def _keep(self, host: str, target: str, response: Response) -> None:
        message = Message()
        for name, value in response.headers:
            if name.lower() == "set-cookie":
                message[name] = value
        if not message:
            return
        asked = CookieRequest(f"http://{host}{target}")
        self.cookies.extract_cookies(cast(Any, _Headers(message)), asked)


class _Headers:
    """What the cookie jar wants of a response."""

    def __init__(self, message: Message) -> None:
        self.message = message

    def info(self) -> Message:
        return self.message


def forms(text: str) -> list[tuple[str, Fields]]:
    """The forms of a page whose method is POST: where to, and their hidden fields."""
    if not text.strip():
        return []
    found = []
    for form in lxml_html.fromstring(text).iter("form"):
        if (form.get("method") or "get").lower() == "post":
            fields = [
                (one.get("name") or "", one.get("value") or "")
                for one in form.iter("input")
                if (one.get("type") or "").lower() == "hidden" and one.get("name")
            ]
            found.append((form.get("action") or "", fields))
    return found


def body_of(lines: list[str], kind: str, hidden: Fields) -> bytes:
    """The bytes of a body that is shown as lines, with a form's hidden fields.

    Forms and JSON end without a line end, types made of lines with one. Multipart bodies have the
    line ends that RFC 2046 asks for around their parts; inside a part they are as shown.
    """
    if found := BOUNDARY.match(kind):
        return _multipart(lines, found[1], hidden)
    text = "\n".join(lines)
    if kind.lower().startswith(FORM):
        text = text.strip()
        typed = {name for name, _ in parse_qsl(text, keep_blank_values=True)}
        added = [(name, value) for name, value in hidden if name not in typed]
        text = "&".join(filter(None, [text, urlencode(added)]))
    elif text and LINES.match(kind.lower()):
        text += "\n"
    return text.encode("utf-8", "surrogateescape")


def _multipart(lines: list[str], boundary: str, hidden: Fields) -> bytes:
    parts: list[list[str]] = []
    for line in lines:
        if line.rstrip() in {f"--{boundary}", f"--{boundary}--"}:
            parts.append([])
        elif parts:
            parts[-1].append(line)
    found = b""
    for part in [part for part in parts if part] + [
        [f'Content-Disposition: form-data; name="{name}"', "", value] for name, value in hidden
    ]:
        blank = part.index("") if "" in part else len(part)
        head = "\r\n".join([f"--{boundary}", *part[:blank]])
        content = "\n".join(part[blank + 1 :])
        found += f"{head}\r\n\r\n{content}\r\n".encode("utf-8", "surrogateescape")
    return found + f"--{boundary}--\r\n".encode()


def _message(lines: list[str], body: bytes) -> bytes:
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape") + body
