"""Data of ours in TOML, read with a word on what is wrong: which file, and what it lacks."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any


class Wrong(Exception):
    """What is wrong with data of ours, and in which file."""


def read(file: Path) -> dict[str, Any]:
    """What a file holds; an empty one holds nothing."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Wrong(f"{file.name}: {error}") from None


def text(data: dict[str, Any], key: str, file: str) -> str:
    """A text that has to be there."""
    value = data.get(key)
    if not isinstance(value, str) or not value.strip():
        raise Wrong(f'{file}: say `{key} = "..."`')
    return value


def rows(data: dict[str, Any], key: str, file: str) -> list[dict[str, Any]]:
    """The tables of a list, of which there may be none."""
    value = data.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise Wrong(f"{file}: begin each with [[{key}]]")
    return value
