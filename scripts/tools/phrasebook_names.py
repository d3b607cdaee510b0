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

import ast
import builtins
import functools
import importlib
import inspect
import re
import sys
import textwrap
import types
import warnings
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

PATH = re.compile(r"@?(?P<module>[\w.]+):(?P<name>[\w.]+)(?P<call>\((?P<argument>\w+=)?\))?")
SETTING = re.compile(r'(?P<outer>[A-Z][A-Z0-9_]+)(?P<inner>(?:\["\w+"\])*)')
# Where keys are read that no default names: packages of each side.
EXTENSIONS = {
    "flask": (
        "flask", "flask_login", "flask_wtf", "flask_sqlalchemy", "flask_caching", "flask_mailman",
        "flask_babel", "flask_session", "flask_cors", "flask_admin",
    ),
    "django": ("corsheaders", "whitenoise"),
}  # fmt: skip
# The settings whose values are dictionaries, and where Django reads the keys inside.
INSIDE = {
    "DATABASES": "django.db", "CACHES": "django.core.cache", "TEMPLATES": "django.template",
    "STORAGES": "django.conf", "MAILERS": "django.core.mail", "TASKS": "django.tasks",
}  # fmt: skip
# The modules that add attributes to a request, or look for them.
ON_REQUEST = (
    "django.contrib.auth.middleware", "django.contrib.sessions.middleware",
    "django.middleware.locale", "django.core.handlers.base",
)  # fmt: skip
APPS = [
    f"django.contrib.{name}"
    for name in (
        "admin", "auth", "contenttypes", "sessions", "messages", "staticfiles", "humanize",
        "sites", "sitemaps", "syndication", "flatpages", "redirects",
    )
]  # fmt: skip
APPS += ["rest_framework", "debug_toolbar", "allauth", "allauth.account", "allauth.socialaccount"]
CONTEXT = [
    "django.template.context_processors." + name
    for name in ("debug", "request", "csrf", "csp", "i18n", "media", "static", "tz")
] + [
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
]


class Missing(Exception):
    """What is wrong with a name, in a few words."""


@functools.cache
def start() -> None:
    """Set Django up with what `startproject` installs and a few apps more."""
    import django
    from django.conf import settings

    engine = {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": CONTEXT},
    }
    settings.configure(
        INSTALLED_APPS=APPS,
        MIDDLEWARE=["allauth.account.middleware.AccountMiddleware"],
        TEMPLATES=[engine],
        SECRET_KEY="names",
        STATIC_URL="/static/",
        SITE_ID=1,
    )
    django.setup()


@functools.cache
def application() -> Any:
    """A Flask application with the extensions that the pages use."""
    import flask
    import flask_babel
    import flask_caching
    import flask_login
    import flask_migrate
    import flask_sqlalchemy
    import flask_wtf

    app = flask.Flask("names")
    app.config.update(
        SECRET_KEY="names", SQLALCHEMY_DATABASE_URI="sqlite://", CACHE_TYPE="NullCache"
    )
    db = flask_sqlalchemy.SQLAlchemy(app)
    flask_migrate.Migrate(app, db)
    flask_login.LoginManager(app).user_loader(lambda key: None)
    flask_wtf.CSRFProtect(app)
    flask_babel.Babel(app)
    flask_caching.Cache(app)
    return app


def plain(name: str) -> str:
    """A name without what says how it is used, as an import path: `flask.Flask.get`."""
    match = PATH.fullmatch(name)
    return f"{match['module']}.{match['name']}" if match else name


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
        return [_path, match]
    if match := SETTING.fullmatch(name):
        return [_setting, match["outer"], re.findall(r'"(\w+)"', match["inner"])]
    raise Missing("no name is written like this")


# Import paths


def _path(side: str, name: str, match: re.Match[str]) -> str | None:
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
    except ImportError:
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
    if inspect.isclass(owner) and name in _of_instances(owner):
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
def _of_instances(owner: type) -> set[str]:
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


# Settings and keys of the configuration


def _setting(side: str, name: str, outer: str, inner: list[str]) -> str | None:
    if side == "flask":
        import flask

        known = set(flask.Flask.default_config)
        if outer not in known and not any(outer in constants(one) for one in EXTENSIONS[side]):
            raise Missing("no key of the configuration has this name")
        return None
    from django import conf
    from django.conf import global_settings

    if not hasattr(global_settings, outer) and outer not in _template() | _of_apps():
        raise Missing("no setting has this name")
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
        found |= {word for word in _names(one) if SETTING.fullmatch(word)}
    return frozenset(found)


@functools.cache
def _of_engine() -> frozenset[str]:
    """The options of the engine for templates, which are the arguments of its class."""
    from django.template import Engine

    return frozenset(inspect.signature(Engine).parameters)


def _sources(package: str) -> list[Path]:
    module = importlib.import_module(package)
    file = Path(str(module.__file__))
    return sorted(file.parent.rglob("*.py")) if file.name == "__init__.py" else [file]


@functools.cache
def constants(package: str) -> frozenset[str]:
    """The strings in a package's code, its documentation not among them."""
    return frozenset(
        node.value
        for file in _sources(package)
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 60
    )


@functools.cache
def _names(package: str) -> frozenset[str]:
    trees = [ast.parse(file.read_text("utf-8")) for file in _sources(package)]
    return frozenset(
        node.name if isinstance(node, ast.FunctionDef) else node.attr
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.Attribute)
    )


# Templates


@functools.cache
def jinja_tags() -> frozenset[str]:
    from jinja2 import parser

    known = set(parser._statement_keywords) | {"raw", "call", "filter"}
    known |= {tag for one in application().jinja_env.extensions.values() for tag in one.tags}
    return frozenset(known | {"trans", "do", "debug", "break", "continue"})


def jinja() -> Any:
    return application().jinja_env


@functools.cache
def django_libraries() -> dict[str, Any]:
    """The libraries of tags and filters, those that are loaded in every template under ""."""
    from django.template import engines
    from django.template.library import import_library

    start()
    engine = engines["django"].engine
    found = {
        name: one if hasattr(one, "filters") else import_library(one)
        for name, one in engine.template_libraries.items()
    }
    found |= {f"+{number}": one for number, one in enumerate(engine.template_builtins)}
    return found


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

        if not hasattr(LoopContext, attribute) and attribute not in _of_instances(LoopContext):
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


@functools.cache
def options(program: str, words: tuple[str, ...]) -> frozenset[str]:
    """The options of a command, raising Missing if there is none such."""
    if program in {"flask", "celery"}:
        return _click(program, words)
    return _django_options(words)


def _click(program: str, words: tuple[str, ...]) -> frozenset[str]:
    import click

    command: Any
    if program == "flask":
        from flask.cli import FlaskGroup, ScriptInfo

        command = FlaskGroup()
        context = click.Context(command, obj=ScriptInfo(create_app=application))
    else:
        from celery.bin.celery import celery as command

        context = click.Context(command)
    for word in words:
        command = command.get_command(context, word) if hasattr(command, "get_command") else None
        if command is None:
            raise Missing(f"{program} has no command {word}")
        context = click.Context(command, parent=context)
    found = {
        opt
        for parameter in command.get_params(context)
        for opt in [*parameter.opts, *parameter.secondary_opts]
    }
    return frozenset(found)


def _django_options(words: tuple[str, ...]) -> frozenset[str]:
    from django.core.management import get_commands, load_command_class

    start()
    if not words:
        return frozenset({"--help", "--version", "--settings", "--pythonpath"})
    apps = get_commands()
    if len(words) > 1 or words[0] not in apps:
        raise Missing(f"there is no command {' '.join(words)}")
    command = load_command_class(apps[words[0]], words[0])
    parser = command.create_parser("manage.py", words[0])
    return frozenset(option for one in parser._actions for option in one.option_strings)


def distribution(module: str) -> str:
    """The package that has a module, as `pip install` knows it."""
    return packages_distributions().get(module.partition(".")[0], [module])[0]


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
