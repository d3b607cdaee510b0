"""Pairs of tabs, one for each framework, marked by a class: `pair`.

Stylesheet and script find them by it. To look at labels or ids in every page that is read, as a
selector with `:has()` does, would cost a browser far more.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element

from markdown.treeprocessors import Treeprocessor
from tandem.frameworks import KNOWN


class Pairs(Treeprocessor):
    """Marks each set of tabs whose labels are the frameworks, in their order."""

    def run(self, root: Element) -> None:
        wanted = [one.LABEL for one in KNOWN.values()]
        for element in root.iter("div"):
            if "tabbed-set" in element.get("class", "").split():
                labels = element.findall("./div[@class='tabbed-labels']/label")
                if ["".join(one.itertext()).strip() for one in labels] == wanted:
                    element.set("class", f"{element.get('class')} pair")
