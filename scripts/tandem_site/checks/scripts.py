"""What acts on a page: scripts of the fixed list, the policy, styles and links in the head."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from tandem_site import policy
from tandem_site.checks.built import Built, told
from tandem_site.inline import digest, is_known
from tandem_site.markup import Tree

FILES = re.compile(r"assets/(?:javascripts/bundle\.[0-9a-f]{8}\.min|tandem)\.js")
STYLES = re.compile(r"assets/stylesheets/site\.[0-9a-f]{8}\.min\.css")
LINKS = {"canonical", "icon", "next", "prev"}
DATA = "application/ld+json"  # what search engines read, and no browser runs
CONFIG = {"annotate", "base", "features", "search", "tags", "translations", "version"}


def problems(page: Built) -> Iterator[str]:
    """Scripts, styles, policies and refreshes that are not those of the site."""
    yield from _policy(page)
    if page.moved:
        if page.tree.xpath("//script | //link[@rel!='canonical']"):
            yield "a page that has moved holds a link, no script and no style"
        target = page.tree.xpath("string(//meta[@http-equiv='refresh']/@content)")
        if not target.startswith(f"0; url={page.base}"):
            yield f"it leads to `{target[:60]}`, which is not on this site"
        return
    for script in page.tree.iter("script"):
        if why := _script(page, script):
            yield why
    for link in page.tree.iter("link"):
        kind = link.get("rel") or ""
        named = page.file(link.get("href") or "") or ""
        if kind != "stylesheet" and kind not in LINKS:
            yield f"no page has a link of the kind `{kind[:40]}`"
        elif kind == "stylesheet" and not STYLES.fullmatch(named):
            yield f"`{named[:60]}` is no style sheet of this site"
    if len(page.tree.xpath("//*[@id='__config']")) != 1:
        yield "the settings of the theme's script stand there more or less than once"


def _policy(page: Built) -> Iterator[str]:
    found = [
        one.get("content")
        for one in page.tree.xpath("//head/meta[@http-equiv]")
        if one.get("http-equiv").lower() == "content-security-policy"
    ]
    if found != [policy.policy(page.tree)]:
        yield "it has not the policy that the site gives its pages"


def _script(page: Built, script: Tree) -> str | None:
    """Why a script may not be there; None if it may."""
    if any(one.tag == "article" for one in script.iterancestors()):
        return "a script stands in the article"
    if (address := script.get("src")) is not None:
        named = page.file(address) or address
        return None if FILES.fullmatch(named) else f"`{named[:60]}` is no script of this site"
    if script.get("id") == "__config":
        return _config(page, script)
    if script.get("type") == DATA and set(script.attrib) == {"type"}:
        return None if _is_data(script.text or "") else "its structured data is no JSON"
    if script.get("type") is None and is_known(script.text or ""):
        return None
    begins = " ".join((script.text or "").split())[:30]
    return (
        f"{told(script)} that begins `{begins}` is not on the list of scripts: if the theme brought"
        f" it, add {digest(script.text or '')} to inline.json"
    )


def _is_data(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _config(page: Built, script: Tree) -> str | None:
    """Why the theme's settings may not be; they name the start of the site and its search."""
    try:
        settings = json.loads(script.text or "")
    except ValueError:
        settings = {}
    if script.get("type") != "application/json" or not settings.keys() <= CONFIG or not settings:
        return "the settings of the theme's script are not what the theme writes"
    for name in ("base", "search"):
        if page.file(str(settings.get(name))) is None:
            return f"the theme's `{name}` is not on this site"
    return None
