"""Whether a text is well formed in its language, for what is shown and not run."""

from __future__ import annotations

import configparser
import json
import tomllib
from collections.abc import Callable
from xml.etree import ElementTree

import yaml


def problem(language: str, text: str) -> tuple[int, str] | None:
    """The first fault, as (index of its line, sentence); None if there is none or no parser."""
    check = CHECKS.get(language)
    return check(text) if check else None


def _python(text: str) -> tuple[int, str] | None:
    try:
        compile(text, "<page>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return (error.lineno or 1) - 1, f"SyntaxError: {error.msg}"
    return None


def _json(text: str) -> tuple[int, str] | None:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return error.lineno - 1, f"not JSON: {error.msg}"
    return None


def _toml(text: str) -> tuple[int, str] | None:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return 0, f"not TOML: {error}"
    return None


def _yaml(text: str) -> tuple[int, str] | None:
    try:
        yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        return mark.line if mark else 0, f"not YAML: {getattr(error, 'problem', error)}"
    return None


def _ini(text: str) -> tuple[int, str] | None:
    try:
        configparser.RawConfigParser(strict=False, allow_no_value=True).read_string(text)
    except configparser.Error as error:
        return getattr(error, "lineno", 1) - 1, f"not an INI file: {error.message}"
    return None


def _xml(text: str) -> tuple[int, str] | None:
    try:
        ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        return error.position[0] - 1, f"not XML: {error}"
    return None


CHECKS: dict[str, Callable[[str], tuple[int, str] | None]] = {
    "python": _python,
    "py": _python,
    "json": _json,
    "toml": _toml,
    "yaml": _yaml,
    "yml": _yaml,
    "ini": _ini,
    "systemd": _ini,
    "service": _ini,
    "xml": _xml,
}
