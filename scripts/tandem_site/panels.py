"""How the site shows an `http` fence: a superfences formatter (pymdown-extensions).

It works in MkDocs and in Zensical, which both take it from `mkdocs.yml` by its name.
"""

from __future__ import annotations

from html import escape
from itertools import batched
from typing import Any

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from tandem.blocks.http import STATUS

from tandem_site.curl import Sender, commands, jar_of, messages
from tandem_site.values import captured

WHO = (
    '<span class="who"><span class="who-flask">Flask</span><span class="who-and"> and </span>'
    '<span class="who-django">Django</span> answer<span class="who-one">s</span></span>'
)
OPTIONS = {"title", "form"}
# Made once: a formatter writes a style sheet of its own when it is made, which nobody reads.
LEXER, FORMATTER = get_lexer_by_name("http"), HtmlFormatter(nowrap=True)


def options(
    language: str, inputs: dict[str, str], options: dict[str, Any], attrs: dict[str, str], md: Any
) -> bool:
    """Take the options of an `http` fence: `title`, whose browser it is, and `form`, a path.

    With any other option the fence is no exchange, and is shown as plain text.
    """
    options.update({name: value for name, value in inputs.items() if name in OPTIONS})
    return inputs.keys() <= OPTIONS


def exchange(
    source: str, language: str, css_class: str, options: dict[str, Any], md: Any, **_: Any
) -> str:
    """An `http` block's HTML: its requests and responses as panels of one framed object.

    Who answers depends on the tabs around the block, which a formatter does not know: the
    stylesheet leaves out the other framework's name there.
    """
    title, form = str(options.get("title", "")), str(options.get("form", ""))
    names = captured(_page(md)) | captured(f"```http\n{source}\n```")
    panels = []
    for request, *answers in batched(messages(source), 2):
        answer = answers[0] if answers else ""
        # A form is left when it has been sent: only a request that posts carries its fields.
        own = form if request.startswith("POST ") else ""
        copied = commands(request, answer, Sender(jar_of(title), own), names)
        panels.append(_request(request, title, own, copied))
        panels += [_response(one) for one in answers]
    return f'<div class="{escape(css_class)}">{"".join(panels)}</div>'


def _page(md: Any) -> str:
    """The Markdown of the page that is rendered, "" where our extension does not see it."""
    known = md is not None and "tandem_source" in md.preprocessors
    return str(md.preprocessors["tandem_source"].text) if known else ""


def _request(part: str, title: str, form: str, copied: str) -> str:
    sender = f'<span class="sender">{escape(title)}</span>' if title else ""
    with_form = (
        '<p class="exchange-form" data-search-exclude>Sent with the hidden fields of the form at '
        f"<code>{escape(form)}</code></p>"
        if form
        else ""
    )
    opening = f'<div class="request" data-copy="{escape(copied)}">'
    return f"{opening}{_chrome('Request', sender)}{_code(part)}{with_form}</div>"


def _response(part: str) -> str:
    status = STATUS.match(part.partition("\n")[0])
    kind = f" status-{status[1][0]}" if status else ""
    return f'<div class="response no-copy{kind}">{_chrome("Response", WHO)}{_code(part)}</div>'


def _chrome(name: str, who: str) -> str:
    label = f'<span class="message">{name}</span>{who}'
    return f'<span class="exchange-chrome" data-search-exclude>{label}</span>'


def _code(part: str) -> str:
    html = highlight(part, LEXER, FORMATTER)
    first, _, rest = html.partition("\n")
    html = f'<span class="start">{first}\n</span>{rest}'
    return f'<div class="language-http highlight"><pre><code>{html}</code></pre></div>'
