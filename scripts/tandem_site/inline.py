"""The scripts that stand in pages: a fixed list, so that one which slipped in is none of them.

The theme's are known by the digests in `inline.json`, ours by their files in `overrides/partials`.
A new version of the theme may bring others: read them, then add what the build names.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from pathlib import Path

# The theme's first script holds the way from the page to the start of the site.
SCOPE = re.compile(r'\A__md_scope=new URL\("[./\w-]*",location\)')
OVERRIDES = Path(__file__).resolve().parents[2] / "overrides" / "partials"


def digest(script: str) -> str:
    """The digest of a script, which is the same on every page where it stands."""
    text = SCOPE.sub('__md_scope=new URL("",location)', script.strip())
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def known() -> dict[str, str]:
    """Digest → where the script comes from."""
    listed: dict[str, str] = json.loads(Path(__file__).with_name("inline.json").read_text("utf-8"))
    ours = {digest(file.read_text("utf-8")): file.name for file in OVERRIDES.glob("*.js")}
    return listed | ours


def is_known(script: str) -> bool:
    return digest(script) in known()
