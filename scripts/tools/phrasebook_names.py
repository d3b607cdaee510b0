"""Whether a name of the phrasebook exists in the installed versions, and whether it is deprecated.

    phrasebook_names.py < names    a side, a tab and a name on each line; says what is wrong with it

How a name is written says what it is:

    flask:url_for()                   a function: its module, a colon, its name as it is written
    @flask:Flask.get                  a decorator, whether it is called or not
    flask:Request.args                a class, or an attribute of a class or of its instances
    sqlalchemy.orm:relationship(lazy=)   an argument of a call
    SECRET_KEY, CACHES["TIMEOUT"]     a setting or a key of the configuration, and a key inside one
    {% url %}  |length  is defined    a tag, a filter, a test of the templates
    {{ request }}  {{ url_for() }}    what every template knows
    __icontains                       a lookup of a field
    flask run --port                  a command, with an option
"""

from __future__ import annotations

import functools
import inspect
import re
import sys
import warnings
from pathlib import Path
from typing import Any

from phrasebook_installed import (
    CONTEXT,
    EXTENSIONS,
    Missing,
    application,
    constants,
    django_libraries,
    identifiers,
    jinja,
    jinja_tags,
    options,
    start,
)
from phrasebook_paths import PATH, look_up, of_instances

SETTING = re.compile(r'(?P<outer>[A-Z][A-Z0-9_]+)(?P<inner>(?:\["\w+"\])*)')
# The settings whose values are dictionaries, and where Django reads the keys inside.
INSIDE = {
    "DATABASES": "django.db", "CACHES": "django.core.cache", "TEMPLATES": "django.template",
    "STORAGES": "django.conf", "MAILERS": "django.core.mail", "TASKS": "django.tasks",
}  # fmt: skip


def look(side: str, name: str) -> str | None:
    """Look a name up, raising Missing; what its own documentation or warning says of its end."""
    start()
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        kind, *groups = _kind(name)
        said: str | None = kind(side, name, *groups)
    ended = [one for one in seen if issubclass(one.category, DeprecationWarning)]
    ended += [one for one in seen if issubclass(one.category, PendingDeprecationWarning)]
    return said or (str(ended[0].message) if ended else None)


def _kind(name: str) -> list[Any]:
    kinds: list[tuple[str, Any]] = [
        (r"\{% (\w+) %\}", _tag), (r"\|(\w+)", _filter), (r"is (\S+)", _test),
        (r"\{\{ (\w+)((?:\.\w+)?(?:\(\))?) \}\}", _variable), (r"__(\w+)", _lookup),
        (r"(flask|manage\.py|django-admin|celery)((?: [a-z][a-z_-]*)*)(?: (-\S+))?", _command),
    ]  # fmt: skip
    for pattern, kind in kinds:
        if match := re.fullmatch(pattern, name):
            return [kind, *match.groups()]
    if match := PATH.fullmatch(name):
        return [look_up, match]
    if match := SETTING.fullmatch(name):
        return [_setting, match["outer"], re.findall(r'"(\w+)"', match["inner"])]
    raise Missing("no name is written like this")


# Settings and keys of the configuration


def _setting(side: str, name: str, outer: str, inner: list[str]) -> str | None:
    if side == "flask":
        import flask

        known = set(flask.Flask.default_config)
        if outer not in known and not any(outer in constants(one) for one in EXTENSIONS[side]):
            raise Missing("no key of the configuration has this name")
        if inner:
            raise Missing("write the key alone")
        return None
    from django import conf
    from django.conf import global_settings

    if not hasattr(global_settings, outer) and outer not in _template() | _of_apps():
        raise Missing("no setting has this name")
    if inner and outer not in INSIDE:
        raise Missing("there are no keys inside")
    for key in inner:
        if key not in constants(INSIDE[outer]) | _of_engine():
            raise Missing(f"nobody reads the key {key}")
    ended = {"USE_BLANK_CHOICE_DASH", "SIGNED_COOKIE_LEGACY_SALT_FALLBACK"}
    ended |= set(conf.DEPRECATED_EMAIL_SETTINGS)
    return "Django 2028 does without it" if outer in ended else None


@functools.cache
def _template() -> frozenset[str]:
    """The settings that `startproject` writes."""
    from django import conf

    file = Path(conf.__file__).parent / "project_template/project_name/settings.py-tpl"
    return frozenset(re.findall(r"^([A-Z_]+) =", file.read_text("utf-8"), re.MULTILINE))


@functools.cache
def _of_apps() -> frozenset[str]:
    found = {"SITE_ID"}
    for one in EXTENSIONS["django"]:
        found |= {word for word in constants(one) if SETTING.fullmatch(word)}
        found |= {word for word in identifiers(one) if SETTING.fullmatch(word)}
    return frozenset(found)


@functools.cache
def _of_engine() -> frozenset[str]:
    """The options of the engine for templates, which are the arguments of its class."""
    from django.template import Engine

    return frozenset(inspect.signature(Engine).parameters)


# Templates


def _tag(side: str, name: str, tag: str) -> None:
    closing = tag.startswith("end") or tag in {"else", "elif", "empty", "plural", "pluralize"}
    known = (
        jinja_tags()
        if side == "flask"
        else {tag for one in django_libraries().values() for tag in one.tags}
    )
    if tag not in known and not closing:
        raise Missing("no tag has this name")


def _filter(side: str, name: str, word: str) -> None:
    known = (
        set(jinja().filters)
        if side == "flask"
        else {word for one in django_libraries().values() for word in one.filters}
    )
    if word not in known:
        raise Missing("no filter has this name")


def _test(side: str, name: str, word: str) -> None:
    if side != "flask" or word not in jinja().tests:
        raise Missing("no test has this name")


def _variable(side: str, name: str, word: str, rest: str) -> None:
    loop = {"loop"} if side == "flask" else {"forloop", "block"}
    if side == "flask":
        known = loop | set(jinja().globals) | _processed() | {"super", "caller", "self", "_"}
    else:
        known = loop | _django_context()
    if word not in known:
        raise Missing("no template knows this")
    if rest.startswith(".") and word in loop:
        _loop(side, word, rest.strip(".()"))


def _loop(side: str, word: str, attribute: str) -> None:
    if side == "flask":
        from jinja2.runtime import LoopContext

        if not hasattr(LoopContext, attribute) and attribute not in of_instances(LoopContext):
            raise Missing(f"loop has no {attribute}")
    elif word == "forloop":
        from django.template import defaulttags

        if attribute not in inspect.getsource(defaulttags.ForNode):
            raise Missing(f"forloop has no {attribute}")
    else:
        from django.template.loader_tags import BlockNode

        if not hasattr(BlockNode, attribute):
            raise Missing(f"block has no {attribute}")


@functools.cache
def _processed() -> frozenset[str]:
    app = application()
    with app.test_request_context():
        found = {key for one in app.template_context_processors[None] for key in one()}
    return frozenset(found)


@functools.cache
def _django_context() -> frozenset[str]:
    from django.test import RequestFactory, override_settings
    from django.utils.module_loading import import_string

    request = RequestFactory().get("/", REMOTE_ADDR="127.0.0.1")
    request._messages = []
    found: set[str] = set()
    with override_settings(DEBUG=True, INTERNAL_IPS=["127.0.0.1"]):
        for path in CONTEXT:
            found |= set(import_string(path)(request))
    return frozenset(found | {"csrf_token"})


def _lookup(side: str, name: str, word: str) -> None:
    from django.db import models

    fields = [getattr(models, one) for one in models.__all__ if one.endswith("Field")]
    if not any(word in one.get_lookups() for one in [models.Field, *fields]):
        raise Missing("no field has this lookup")


# Commands


def _command(side: str, name: str, program: str, words: str, option: str | None) -> None:
    known = options(program, tuple(words.split()))
    if option is not None and option.split("=")[0] not in known:
        raise Missing(f"`{program}{words}` has no {option}")


def main() -> int:
    wrong = 0
    for line in sys.stdin.read().splitlines():
        side, _, name = line.partition("\t")
        try:
            said = look(side, name)
        except Missing as missing:
            wrong += 1
            print(f"{line}\tmissing\t{missing}")
        else:
            if said:
                print(f"{line}\tdeprecated\t{said}")
    return int(wrong > 0)


if __name__ == "__main__":
    raise SystemExit(main())
