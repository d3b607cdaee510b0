"""The feed: well-formed, and each entry's HTML plain content with links that are whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lxml import etree, html

ATOM = "{http://www.w3.org/2005/Atom}"
TAGS = set(
    str.split(
        "a b blockquote br code dd del div dl dt em h3 h4 i kbd li ol p pre s span strong sub sup "
        "table tbody td th thead tr ul"
    )
)


def problems(site: Path, base: str) -> Iterator[str]:
    """What a reader's program would get from the feed and should not."""
    file = site / "feed.xml"
    try:
        parser = etree.XMLParser(resolve_entities=False, no_network=True)
        root = etree.parse(str(file), parser).getroot()
    except (OSError, etree.XMLSyntaxError) as error:
        yield f"feed.xml: it cannot be read: {error}"
        return
    for content in root.iter(f"{ATOM}content"):
        for element in html.fragment_fromstring(content.text or "", create_parent=True).iter():
            if element.tag not in TAGS:
                yield f"feed.xml: `<{element.tag}>` is nothing that an entry brings"
            for name, value in element.items():
                if name != "href" or not value.startswith(("https://", "http://")):
                    yield f"feed.xml: `{name}={value[:60]}` may not be in an entry"
    for link in root.iter(f"{ATOM}link"):
        if not link.get("href", "").startswith(base):
            yield f"feed.xml: the link `{link.get('href')}` is not on this site"
