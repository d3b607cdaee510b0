"""HTML as a browser reads it: tokens to compare, and the forms that a page holds."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape, unescape
from html.parser import HTMLParser

RAW = {"pre", "textarea", "script", "style"}
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "wbr"}


def tokens(html: str) -> list[str]:
    """HTML as lines, one a tag or a run of text, so that two spellings of it are equal.

    Attributes and the names in `class` are sorted, entities are decoded and encoded in one
    way, white space counts as one blank and not at all beside a tag, except in `<pre>` and
    its like. Text stays distinct from tags: `&lt;b&gt;` never equals `<b>`.
    """
    reader = _Tokens()
    reader.feed(html)
    reader.close()
    reader.flush()
    return reader.found


def words(html: str) -> list[str]:
    """The lines of text that a page shows."""
    found, hidden = [], 0
    for token in tokens(html):
        if token in {"<style>", "<script>", "</style>", "</script>"} or token.startswith(
            "<script "
        ):
            hidden = not token.startswith("</")
        elif not hidden and not token.startswith("<"):
            found.append(unescape(token))
    return found


class _Tokens(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self.text: list[str] = []
        self.raw = 0

    def flush(self) -> None:
        lines = "".join(self.text).split("\n")
        self.text.clear()
        words: list[str] = []
        for line in lines:
            if self.raw or line.strip() == "...":  # keeps its own line
                self.add(words)
                words = []
                self.add([line] if self.raw else ["..."])
            else:
                words += line.split()
        self.add(words)

    def add(self, words: list[str]) -> None:
        if text := " ".join(words).rstrip():
            self.found.append(escape(text, quote=False))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.flush()
        shown = []
        for name, value in sorted(attrs, key=lambda pair: pair[0]):
            text = " ".join(sorted((value or "").split())) if name == "class" else value or ""
            shown.append(f' {name}="{escape(text)}"')
        self.found.append(f"<{tag}{''.join(shown)}>")
        self.raw += tag in RAW

    def handle_endtag(self, tag: str) -> None:
        self.flush()
        if tag in RAW and self.raw:
            self.raw -= 1
        if tag not in VOID:
            self.found.append(f"</{tag}>")

    def handle_comment(self, data: str) -> None:
        self.flush()
        self.found.append(f"<!--{data.strip()}-->")

    def handle_decl(self, decl: str) -> None:
        self.flush()
        self.found.append(f"<!{decl.lower()}>")


@dataclass(frozen=True, slots=True)
class Form:
    """A form that posts: where to, and the hidden fields that travel with it."""

    action: str
    hidden: tuple[tuple[str, str], ...]


def forms(html: str) -> list[Form]:
    """The forms of a page whose method is POST, in order."""
    reader = _Forms()
    reader.feed(html)
    reader.close()
    return [Form(action, tuple(hidden)) for action, hidden in reader.found]


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, list[tuple[str, str]]]] = []
        self.inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.inside = values.get("method", "get").lower() == "post"
            if self.inside:
                self.found.append((values.get("action", ""), []))
        hidden = tag == "input" and values.get("type", "").lower() == "hidden"
        if hidden and self.inside and values.get("name"):
            self.found[-1][1].append((values["name"], values.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
