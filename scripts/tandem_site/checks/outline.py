"""The outline of a page: what stands around the article is the theme's, and in its place.

An end tag too many on a page closes the article, and what follows would stand outside of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from tandem_site.checks.built import Built, told
from tandem_site.markup import Tree, classes

# Element → what stands in it: a tag, with the class or the component that it has.
OUTLINE = {
    "body": {"input.md-toggle", "label.md-overlay", "div.skip", "div.announce", "div.md-dialog",
             "header.md-header", "div.md-container", "script"},
    "div.md-container": {"nav.md-tabs", "main.md-main", "footer.md-footer"},
    "main.md-main": {"div.md-main__inner", "button.md-top"},
    "div.md-main__inner": {"div.md-sidebar", "div.md-content", "script"},
    "div.md-content": {"nav.md-path", "article.md-content__inner", "script"},
}  # fmt: skip
ONCE = {"div.md-container", "main.md-main", "div.md-main__inner", "div.md-content",
        "article.md-content__inner", "header.md-header", "footer.md-footer"}  # fmt: skip


def problems(page: Built) -> Iterator[str]:
    """What stands outside the article, where only the theme's parts stand."""
    if page.moved:
        return
    seen: list[str] = []
    for element in page.tree.iter():
        name = _name(element)
        seen += [name] if name in ONCE else []
        allowed = OUTLINE.get(name)
        if allowed is None:
            continue
        if (element.text or "").strip():
            yield f"text stands in {told(element)}, outside the article"
        for child in element:
            if not isinstance(child.tag, str):
                continue
            if _name(child) not in allowed:
                yield (
                    f"{told(child)} stands in {told(element)}, outside the article: is there an"
                    " end tag too many on the page?"
                )
            if (child.tail or "").strip():
                yield f"text stands in {told(element)}, outside the article"
    for name in sorted(ONCE):
        if seen.count(name) != 1:
            yield f"`{name}` stands there {seen.count(name)} times, not once"


def _name(element: Tree) -> str:
    """How the outline names an element: `tag.class`, `tag.component`, or its tag alone."""
    if not isinstance(element.tag, str):
        return ""
    if element.tag in {"body", "script"}:
        return str(element.tag)
    mark = [*classes(element), element.get("data-md-component") or ""][0]
    return f"{element.tag}.{mark}"
