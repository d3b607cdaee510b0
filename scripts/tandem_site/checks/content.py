"""Elements and attributes: an article holds content, the page around it what the theme brings.

Both are lists of what may be there. A new version of the theme that brings more is refused once,
by name, until somebody has read what it is and added it here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tandem_site.checks.built import Built, told
from tandem_site.markup import Tree, classes

CONTENT = set(
    str.split(
        "a abbr article b blockquote br caption cite code col colgroup dd del details div dl dt "
        "em figcaption figure h1 h2 h3 h4 h5 h6 hr i img input ins kbd label li mark ol p path "
        "pre q s samp section small span strong sub summary sup svg table tbody td tfoot th thead "
        "tr u ul var wbr"
    )
)
AROUND = CONTENT | set(
    str.split("html head body title meta link script noscript header main footer nav form button")
)
COMMON = set(
    str.split(
        "align alt checked class colspan d data-copy data-of data-search-exclude data-tabs dir for "
        "height href id lang loading name open rel role rowspan scope src start style title type "
        "viewbox width xmlns"
    )
)
THEME = COMMON | set(
    str.split(
        "aria-expanded aria-hidden aria-label aria-labelledby autocapitalize autocomplete "
        "autocorrect charset content data-md-color-accent data-md-color-media "
        "data-md-color-primary data-md-color-scheme data-md-component data-md-level "
        "data-md-scrollfix data-md-toggle data-md-type defer hidden http-equiv placeholder "
        "property required spellcheck tabindex target value"
    )
)
# What the head says, it says with these: the theme's script finds its parts by other attributes.
HEAD = {
    "link": {"href", "rel"},
    "meta": {"charset", "content", "http-equiv", "name", "property"},
}
# The theme's classes move and hide things: an article has these of them.
MD = {"md-button", "md-button--primary", "md-content__button", "md-content__inner", "md-icon",
      "md-typeset", "md-typeset__scrollwrap", "md-typeset__table"}  # fmt: skip
LINKED = re.compile(r"(?:https?://|mailto:)[^\\\s]+", re.IGNORECASE)
STYLED = re.compile(r"text-align: \w+;|--rows: \d+")
EQUIV = {"content-security-policy"}
MOVED = EQUIV | {"refresh"}
TAB = re.compile(r"__tabbed_\d+(?:_\d+)?")


def problems(page: Built) -> Iterator[str]:
    """What stands on the page and may not."""
    inside = {one for article in page.tree.iter("article") for one in article.iter()}
    for element in page.tree.iter():
        if not isinstance(element.tag, str):
            continue  # a remark does nothing; what it may say is a matter of the page's source
        if element.tag not in (CONTENT if element in inside else AROUND):
            yield f"{told(element)} is nothing that a page brings"
            continue
        for name, value in element.items():
            if why := _attribute(page, element, name, value, element in inside):
                yield f"{told(element)}: {why}"


def _attribute(page: Built, element: Tree, name: str, value: str, inside: bool) -> str | None:
    """Why an attribute may not be there; None if it may."""
    if name not in (COMMON if inside else HEAD.get(element.tag, THEME)):
        return f"no attribute `{name}` may be there"
    if name in {"href", "src"}:
        return _address(page, element, name, value)
    if name == "style" and not STYLED.fullmatch(value):
        return f"`style` aligns columns and counts rows, it does not say `{value[:40]}`"
    if name == "http-equiv" and value.lower() not in (MOVED if page.moved else EQUIV):
        return f"a page does not say `http-equiv={value[:40]}`"
    return _named(element, name, value) if inside else None


def _named(element: Tree, name: str, value: str) -> str | None:
    """Why a name in an article may not be: it hides something, or stands for one of the theme's."""
    if name == "class":
        strange = [one for one in classes(element) if one.startswith("md-") and one not in MD]
        return f"the theme's class `{strange[0]}` is not for articles" if strange else None
    if name in {"id", "name", "for"} and value.startswith("__") and not TAB.fullmatch(value):
        return f"`{name}={value[:40]}` is the theme's"
    if element.tag == "input" and name == "type" and value != "radio":
        return "an article has no fields but those of tabs"
    return None


def _address(page: Built, element: Tree, name: str, value: str) -> str | None:
    if element.tag == "a" or (element.tag == "link" and element.get("rel") == "canonical"):
        if LINKED.fullmatch(value) or page.file(value) is not None:
            return None
        return f"`{value[:60]}` is nothing that a page links to"
    named = page.file(value)
    if named is None:
        return f"`{value[:60]}` is not a file of this site"
    if element.tag == "img" and not (page.site / named).is_file():
        return f"there is no picture `{value[:60]}`"
    return None
