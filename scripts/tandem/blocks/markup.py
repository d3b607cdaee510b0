"""HTML as a browser reads it: tokens to compare, and the words that a page shows."""

from __future__ import annotations

from html import escape, unescape
from html.parser import HTMLParser

RAW = {"pre", "textarea", "script", "style"}
# Elements that stand in a line of text: white space beside them is seen, beside others it is not.
INLINE = {
    "a", "abbr", "b", "bdi", "bdo", "button", "cite", "code", "data", "del", "dfn", "em", "i",
    "img", "input", "ins", "kbd", "label", "mark", "meter", "output", "progress", "q", "s", "samp",
    "select", "small", "span", "strong", "sub", "sup", "textarea", "time", "u", "var",
}  # fmt: skip
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
        self.last = ""  # the element before the text

    def flush(self, tag: str = "") -> None:
        """End a run of text; `tag` is the element that begins or ends behind it."""
        whole = "".join(self.text)
        self.text.clear()
        if self.raw:
            for line in whole.split("\n"):
                self.add(line.rstrip())
        elif whole.strip():
            before = " " if whole[0].isspace() and self.last in INLINE else ""
            after = " " if whole[-1].isspace() and tag in INLINE else ""
            run: list[str] = []
            rows = [*whole.split("\n"), None]
            for row in rows:
                if row is None or row.strip() == "...":  # which keeps its own line
                    end = after if row is None else ""
                    self.add(f"{before}{' '.join(run)}{end}" if run else "")
                    before, run = "", []
                    self.add("..." if row else "")
                else:
                    run += row.split()
        self.last = tag

    def add(self, text: str) -> None:
        if text.strip():
            self.found.append(escape(text, quote=False))

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.flush(tag)
        shown = []
        for name, value in sorted(attrs, key=lambda pair: pair[0]):
            text = " ".join(sorted((value or "").split())) if name == "class" else value or ""
            shown.append(f' {name}="{escape(text)}"')
        self.found.append(f"<{tag}{''.join(shown)}>")
        self.raw += tag in RAW

    def handle_endtag(self, tag: str) -> None:
        self.flush(tag)
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
