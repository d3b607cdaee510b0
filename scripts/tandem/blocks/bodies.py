"""Bodies of answers, compared by their kind: JSON as data, HTML as parsed, others as they are."""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import Any

from tandem.blocks.markup import tokens, words
from tandem.blocks.match import Values, difference, fits, lines_of, mismatch

ANY = "\ue000any"  # what `...` without quotes is while JSON is read: a private character
BARE = re.compile(r'"(?:[^"\\]|\\.)*"|\.\.\.(\s*\})?')
BINARY = re.compile(r"\[\S+ bytes, sha256 \S+\]$")

Wrong = tuple[int, str, str]  # the index of the line shown, what is wrong, the difference


def compare(shown: tuple[str, ...], kind: str, body: bytes, values: Values) -> Wrong | None:
    """The first difference of a body of the media type `kind` to the lines shown."""
    if len(shown) == 1 and BINARY.match(shown[0]):
        size = f"[{len(body)} bytes, sha256 {hashlib.sha256(body).hexdigest()}]"
        if fits(shown[0], size):
            return None
        return 0, "the body is another one", difference([shown[0]], [size])
    text = body.decode("utf-8", "replace")
    want = lines_of("\n".join(shown))
    while len(want) > 1 and want[-1].strip() == "..." and not want[-2]:
        del want[-2]  # a body that was cut off there has no blank line at its end
    if kind == "application/json" or kind.endswith("+json"):
        data = read_json("\n".join(want))
        if data is not None:
            return _compare_json(data[0], text, values)
    came: list[str]
    if kind == "text/html":
        want, came = tokens("\n".join(want)), tokens(text)
    else:
        came = lines_of(text)
    index = mismatch(want, came, values)
    if index is None:
        return None
    line = _line_of_token(shown, index) if kind == "text/html" else index
    return line, "the body differs from what is shown", difference(_seen(want), _seen(came), values)


def _seen(rows: list[str]) -> list[str]:
    """Rows with the blanks at their ends made visible."""
    return [re.sub(r"^ | $", "␣", row) for row in rows]


def readable(kind: str, text: str) -> list[str]:
    """What a person reads of an answer that was not wanted."""
    return words(text) if kind == "text/html" else lines_of(text)


def read_json(text: str) -> tuple[Any] | None:
    """JSON in which `...` stands for any value, any more items or keys; None if it is none."""

    def quoted(match: re.Match[str]) -> str:
        if not match[0].startswith("..."):
            return match[0]
        return f'"{ANY}": 0{match[1]}' if match[1] else f'"{ANY}"'

    try:
        return (json.loads(BARE.sub(quoted, text)),)
    except (ValueError, RecursionError):
        return None


def _compare_json(data: Any, text: str, values: Values) -> Wrong | None:
    what = "the JSON differs from what is shown"
    try:
        came = json.loads(text)
    except (ValueError, RecursionError):
        return 0, "the body is no JSON", difference(_pretty(data), lines_of(text), values)
    if same_json(data, came, values):
        return None
    return 0, what, difference(_pretty(data), _pretty(came), values)


def same_json(want: Any, got: Any, values: Values | None = None) -> bool:
    """Whether two JSON values are the same data; `...` in a string fits any characters."""
    if want == ANY:
        return True
    if isinstance(want, str) and isinstance(got, str):
        return fits(want, got, values)
    if isinstance(want, bool) or isinstance(got, bool):
        return want is got
    if isinstance(want, dict) and isinstance(got, dict):
        keys = want.keys() - {ANY}
        complete = keys == got.keys() or (ANY in want and keys <= got.keys())
        return complete and all(same_json(want[key], got[key], values) for key in keys)
    if isinstance(want, list) and isinstance(got, list):
        return _same_items(want, got, values)
    if isinstance(want, float) and isinstance(got, float) and math.isnan(want):
        return math.isnan(got)
    return bool(want == got)


def _same_items(want: list[Any], got: list[Any], values: Values | None) -> bool:
    """Whether items are the same, where `...` stands for any run of them."""
    if ANY not in [one for one in want if isinstance(one, str)]:
        return len(want) == len(got) and all(
            same_json(a, b, values) for a, b in zip(want, got, strict=True)
        )
    places = {0}
    for one in want:
        if one == ANY:
            places = set(range(min(places, default=0), len(got) + 1)) if places else set()
        else:
            places = {at + 1 for at in places if at < len(got) and same_json(one, got[at], values)}
    return len(got) in places


def _pretty(data: Any) -> list[str]:
    text = json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False)
    text = text.replace(f'"{ANY}": 0', "...").replace(f'"{ANY}"', "...")
    return text.split("\n")


def _line_of_token(body: tuple[str, ...], index: int) -> int:
    """The body's line on which its token `index` ends."""
    for number in range(len(body)):
        if len(tokens("\n".join(body[: number + 1]))) > index:
            return number
    return max(len(body) - 1, 0)
