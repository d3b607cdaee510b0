"""How the site shows an `http` fence: a superfences formatter (pymdown-extensions).

It works in MkDocs and in Zensical, which both take it from `mkdocs.yml` by its name.
"""

from __future__ import annotations

import re
import shlex
from html import escape
from typing import Any

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from tandem.blocks.http import REQUEST, STATUS

WHO = (
    '<span class="who"><span class="who-flask">Flask</span><span class="who-and"> and </span>'
    '<span class="who-django">Django</span> answer<span class="who-one">s</span></span>'
)
FORM = "application/x-www-form-urlencoded"


def exchange(
    source: str, language: str, css_class: str, options: dict[str, Any], md: Any, **_: Any
) -> str:
    """An `http` block's HTML: its requests and responses as panels of one framed object.

    Who answers depends on the tabs around the block, which a formatter does not know: the
    stylesheet leaves out the other framework's name there.
    """
    panels = []
    for part in _messages(source):
        if REQUEST.match(part.partition("\n")[0]):
            name, who = "Request", ""
            opening = f'<div class="request" data-copy="{escape(curl(part))}">'
        else:
            status = STATUS.match(part.partition("\n")[0])
            kind = f" status-{status[1][0]}" if status else ""
            opening = f'<div class="response no-copy{kind}">'
            name, who = "Response", WHO
        label = f'<span class="message">{name}</span>{who}'
        chrome = f'<span class="exchange-chrome" data-search-exclude>{label}</span>'
        panels.append(f"{opening}{chrome}{_code(part)}</div>")
    return f'<div class="{escape(css_class)}">{"".join(panels)}</div>'


def curl(request: str) -> str:
    """A command that sends this request to a development server, answer and headers shown.

    It asks port 5000, Flask's; the site's script puts Django's there where Django is shown.
    """
    head, _, body = request.partition("\n\n")
    first, *lines = head.split("\n")
    method, target, _ = first.split(" ")
    headers = [(name, value.strip()) for name, _, value in (one.partition(":") for one in lines)]
    types = [value for name, value in headers if name.lower() == "content-type"]
    words = ["curl", "-I" if method == "HEAD" else "-i"]
    if method not in {"HEAD", "POST" if body else "GET"}:
        words += ["-X", method]
    for name, value in headers:
        if not body or (name.lower(), value) != ("content-type", FORM):
            words += ["-H", f"{name}: {value}"]
    if body:
        words += [*([] if types else ["-H", "Content-Type:"]), "--data-raw", body]
    if re.search(r"[][{}]", target):
        words.append("--globoff")
    if target == "*":
        words, target = [*words, "--request-target", "*"], ""
    return shlex.join([*words, f"http://127.0.0.1:5000{target}"])


def _messages(source: str) -> list[str]:
    """The block cut before each request and each status line that follows a blank line."""
    found: list[list[str]] = []
    blank = True
    for line in source.split("\n"):
        first = STATUS if found and REQUEST.match(found[-1][0]) else REQUEST
        if not found or (blank and first.match(line)):
            found.append([])
        found[-1].append(line)
        blank = not line.strip()
    return [re.sub(r"\n+\Z", "", "\n".join(lines)) for lines in found]


def _code(part: str) -> str:
    lexer = get_lexer_by_name("http")
    html = highlight(part, lexer, HtmlFormatter(nowrap=True))
    first, _, rest = html.partition("\n")
    html = f'<span class="start">{first}\n</span>{rest}'
    return f'<div class="language-http highlight"><pre><code>{html}</code></pre></div>'
