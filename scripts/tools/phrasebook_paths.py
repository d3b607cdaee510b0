"""Whether an import path of the phrasebook leads to something, and what that says of its end."""

from __future__ import annotations

import ast
import builtins
import functools
import importlib
import inspect
import re
import textwrap
import types
from typing import Any

from phrasebook_installed import Missing

PATH = re.compile(r"@?(?P<module>[\w.]+):(?P<name>[\w.]+)(?P<call>\((?P<argument>\w+=)?\))?")
# The modules that add attributes to a request, or look for them.
ON_REQUEST = (
    "django.contrib.auth.middleware", "django.contrib.sessions.middleware",
    "django.middleware.locale", "django.core.handlers.base",
)  # fmt: skip


def look_up(side: str, name: str, match: re.Match[str]) -> str | None:
    parts = match["name"].split(".")
    found: Any = _module(match["module"])
    owner: Any = None
    for number, part in enumerate(parts):
        owner, found = found, _attribute(found, part, last=number == len(parts) - 1)
    if match["argument"] and not _takes(found, match["argument"][:-1]):
        raise Missing(f"it takes no {match['argument']}")
    if not match["argument"] and not name.startswith("@"):
        called = _is_called(found)
        if called is not None and called != bool(match["call"]):
            raise Missing("write () behind it" if called else "write no () behind it")
    return None if match["argument"] else _ended(owner, found, parts[-1])


def _module(name: str) -> types.ModuleType:
    try:
        return importlib.import_module(name)
    except (ImportError, TypeError):  # or no module's name
        raise Missing(f"there is no module {name}") from None


def _attribute(owner: Any, name: str, last: bool) -> Any:
    found = inspect.getattr_static(owner, name, Missing)
    if found is not Missing:
        try:
            value = getattr(owner, name)
        except Exception:  # a descriptor that wants an instance
            return _result(found, last)
        return _result(found, last) if isinstance(value, property) else _behind(value)
    if isinstance(owner, types.ModuleType):
        if hasattr(owner, name):  # a module may make its names when they are asked for
            return getattr(owner, name)
        return _module(f"{owner.__name__}.{name}")
    if inspect.isclass(owner) and name in of_instances(owner):
        return _OF_INSTANCE
    if inspect.isclass(owner) and hasattr(_example(owner), name):
        return _OF_INSTANCE
    if not inspect.isclass(owner) and hasattr(owner, name):
        return getattr(owner, name)
    raise Missing(f"{getattr(owner, '__name__', owner)!s} has no {name}")


def _example(owner: type) -> type | None:
    """For the class of all models, one of its subclasses: it has what each of them gets."""
    from django.contrib.auth.models import User
    from django.db.models import Model

    return User if owner is Model else None


CALLED = (
    staticmethod,
    classmethod,
    types.FunctionType,
    types.MethodType,
    types.BuiltinFunctionType,
    types.MethodDescriptorType,
    types.ClassMethodDescriptorType,
    types.WrapperDescriptorType,
)
_OF_INSTANCE = object()  # an attribute that is there once there is an instance


def _result(found: Any, last: bool) -> Any:
    """What a property gives: the class that its annotation names, to look further in that."""
    if last:
        return found
    function = getattr(found, "fget", None) or getattr(found, "func", None)
    told = inspect.get_annotations(function).get("return", "") if function else ""
    names = re.findall(r"[\w.]+", told if isinstance(told, str) else told.__name__)
    module = inspect.getmodule(function)
    for one in names:
        value: Any = module
        for part in one.removeprefix("t.").split("."):
            value = getattr(value, part, None)
        if inspect.isclass(value):
            return value
    raise Missing("it is unknown what this property gives")


def _behind(found: Any) -> Any:
    """The class behind a proxy such as `flask.request`."""
    import flask
    import flask_login
    from flask.ctx import _AppCtxGlobals
    from flask.sessions import SecureCookieSession

    proxies = [
        (flask.request, flask.Request), (flask.session, SecureCookieSession),
        (flask.current_app, flask.Flask), (flask.g, _AppCtxGlobals),
        (flask_login.current_user, flask_login.UserMixin),
    ]  # fmt: skip
    return next((one for proxy, one in proxies if found is proxy), found)


@functools.cache
def of_instances(owner: type) -> set[str]:
    """The attributes that the instances of a class get: annotated, or assigned to `self`."""
    found: set[str] = set()
    for one in owner.__mro__:
        if one is object:
            continue
        found |= set(getattr(one, "__annotations__", {}))
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(one)))
        except (OSError, TypeError, SyntaxError):
            continue
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.ctx, ast.Store)
                and isinstance(node.value, ast.Name)
                and node.value.id in {"self", "req", "request"}
            ):
                found.add(node.attr)
    if owner.__name__ == "HttpRequest":
        found |= {name for module in ON_REQUEST for name in _on_request(module)}
    return found


@functools.cache
def _on_request(module: str) -> frozenset[str]:
    tree = ast.parse(inspect.getsource(importlib.import_module(module)))
    return frozenset(
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "request"
    )


def _is_called(found: Any) -> bool | None:
    """Whether people write () behind it; None where that does not follow from what it is."""
    if inspect.isclass(found) or isinstance(found, property | functools.cached_property):
        return False
    return True if isinstance(found, CALLED) else None


def _takes(found: Any, argument: str) -> bool:
    try:
        signature = inspect.signature(found)
    except (TypeError, ValueError):
        return False
    if argument in signature.parameters:
        return True
    if not inspect.isclass(found):
        return False
    return any(
        argument in inspect.signature(one.__init__).parameters
        for one in found.__mro__
        if "__init__" in one.__dict__ and inspect.isfunction(one.__init__)
    )


def _ended(owner: Any, found: Any, name: str) -> str | None:
    """What a thing says of its own end: PEP 702, or the first lines of its documentation."""
    if told := getattr(found, "__deprecated__", None):
        return str(told)
    if found is _OF_INSTANCE or getattr(builtins, name, None) is found:
        return None
    text = inspect.getdoc(found) if callable(found) or isinstance(found, property) else None
    if text and (match := re.search(r"\.\. deprecated::(?: *)(.*)\n? *(.*)", text)):
        # Of an argument, not of the whole.
        of_all = not re.search(r"^ *:param", text[: match.start()], re.MULTILINE)
        if of_all and "now requires" not in match[1]:
            return f"{match[1]} {match[2]}".strip()
    return _warns(found) if inspect.isfunction(found) else None


def _warns(found: Any) -> str | None:
    """The class of the warning that a function gives whatever it is called with."""
    try:
        body = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(found)))).body[0]
    except (OSError, SyntaxError):
        return None
    for statement in getattr(body, "body", []):
        text = ast.unparse(statement) if isinstance(statement, ast.Expr) else ""
        match = re.search(r"RemovedIn\w+|\w*DeprecationWarning", text)
        if match and re.match(r"(?:warnings\.)?warn\w*\(", text):
            return match[0]
    return None
