"""How the site shows an `http` fence: a superfences formatter (pymdown-extensions).

It works in MkDocs and in Zensical, which both take it from `mkdocs.yml` by its name.
"""

from __future__ import annotations

import re
from html import escape
from typing import Any

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name

from .exchange import REQUEST, STATUS


def exchange(
    source: str, language: str, css_class: str, options: dict[str, Any], md: Any, **_: Any
) -> str:
    """An `http` block's HTML: each request and response as one panel, labelled."""
    panels = []
    for part in _messages(source):
        name = "Request" if REQUEST.match(part.partition("\n")[0]) else "Response"
        label = f'<span class="exchange-chrome">{name}</span>'
        panels.append(f'<div class="{name.lower()}">{label}{_code(part)}</div>')
    return f'<div class="{escape(css_class)}">{"".join(panels)}</div>'


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
    return f'<div class="language-http highlight"><pre><code>{html}</code></pre></div>'
