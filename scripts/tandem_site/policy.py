"""A Content-Security-Policy in each page, with the hashes of the scripts that may stand in it.

What a page may load and run is what the site was built with: its own host's files, and the inline
scripts of a fixed list (see `inline`). Any other script gets no hash: a browser does not run it,
and `checks` refuses the page. The policy is the first thing in the head that could load anything.
"""

from __future__ import annotations

import base64
import hashlib

from lxml import html

from tandem_site.inline import is_known
from tandem_site.markup import Tree

RULES = {
    "default-src": ["'none'"],
    "base-uri": ["'none'"],
    "form-action": ["'self'"],
    "connect-src": ["'self'"],
    "font-src": ["'self'"],
    "img-src": ["'self'", "data:"],
    "manifest-src": ["'self'"],
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "style-src-attr": ["'unsafe-inline'"],  # columns of tables are aligned by an attribute
    "worker-src": ["'self'"],
}


def add(tree: Tree) -> None:
    """Give a page its policy, in the place of any that it has.

    Raises ValueError when the head says no character set: that is where the policy goes.
    """
    for meta in tree.xpath("//meta[@http-equiv]"):
        if meta.get("http-equiv").lower() == "content-security-policy":
            meta.drop_tree()
    charset = tree.find("head/meta[@charset]")
    if charset is None:
        raise ValueError("the head has no <meta charset>, behind which the policy goes")
    meta = html.Element("meta", {"http-equiv": "Content-Security-Policy", "content": policy(tree)})
    meta.tail, charset.tail = charset.tail, None
    charset.addnext(meta)


def policy(tree: Tree) -> str:
    """The policy that a page meets: no other host, no inline script that is not on the list."""
    scripts = [one.text or "" for one in tree.iter("script") if one.get("src") is None]
    hashes = [_hash(text) for text in dict.fromkeys(scripts) if is_known(text)]
    rules = {**RULES, "script-src": [*RULES["script-src"], *hashes]}
    return "; ".join(f"{name} {' '.join(values)}" for name, values in rules.items())


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
