"""A Content-Security-Policy in each page, with the hashes of the scripts that stand in it.

What a page may load and run is what it was built with: its own host's files and its own
inline scripts and styles. The policy is the first thing in the head that could load anything.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

SCRIPT = re.compile(r"<script(?![^>]*\bsrc=)([^>]*)>(.*?)</script>", re.DOTALL)
STYLE = re.compile(r"<style[^>]*>(.*?)</style>", re.DOTALL)
AFTER = '<meta charset="utf-8">'


def add(site: Path) -> None:
    """Give every page of a built site its policy."""
    for file in site.rglob("*.html"):
        html = file.read_text(encoding="utf-8")
        if AFTER in html and "http-equiv" not in html:
            tag = f'<meta http-equiv="Content-Security-Policy" content="{policy(html)}">'
            file.write_text(html.replace(AFTER, AFTER + tag, 1), encoding="utf-8")


def policy(html: str) -> str:
    """The policy that a page meets: no other host, no other inline script than its own."""
    scripts = [text for kind, text in SCRIPT.findall(html) if "application/" not in kind]
    rules = {
        "default-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "connect-src": ["'self'"],
        "font-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "manifest-src": ["'self'"],
        "script-src": ["'self'", *_hashes(scripts)],
        "style-src": ["'self'", *_hashes(STYLE.findall(html))],
        "style-src-attr": ["'unsafe-inline'"],  # columns of tables are aligned by an attribute
        "worker-src": ["'self'"],
    }
    return "; ".join(f"{name} {' '.join(values)}" for name, values in rules.items())


def _hashes(texts: list[str]) -> list[str]:
    digests = (hashlib.sha256(text.encode()).digest() for text in dict.fromkeys(texts))
    return [f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests]
