"""The public names of each framework, by kind, as the installed packages have them.

It asks for `__all__`, the attributes of classes, the default settings, the tags and filters of the
engines, and the options of the commands.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import phrasebook_installed as installed


@dataclass(frozen=True)
class Kind:
    """Public names of one side, and what people would call them all."""

    label: str
    side: str
    names: Callable[[], Iterable[str]]


def of(path: str) -> Any:
    """What an import path leads to."""
    module, _, rest = path.partition(":")
    found: Any = importlib.import_module(module)
    for part in rest.split(".") if rest else []:
        found = getattr(found, part)
    return found


def attributes(*paths: str, beyond: str = "") -> Callable[[], set[str]]:
    """The public attributes of classes, without those of another class."""

    def found() -> set[str]:
        without = set(dir(of(beyond))) if beyond else set(dir(object))
        return {
            f"{path.replace(':', '.')}.{name}"
            for path in paths
            for name in dir(of(path))
            if not name.startswith("_") and name not in without
        }

    return found


def exported(*modules: str) -> Callable[[], set[str]]:
    """The names that a module exports, which are those in `__all__`."""
    return lambda: {f"{one}.{name}" for one in modules for name in of(one).__all__}


def defined(*modules: str, of_class: type | None = None) -> Callable[[], set[str]]:
    """The public functions and classes that modules define themselves, or of one kind of class."""

    def found() -> set[str]:
        return {
            f"{one}.{name}"
            for one in modules
            for name, value in vars(of(one)).items()
            if not name.startswith("_")
            and (inspect.isclass(value) or inspect.isfunction(value))
            and f"{value.__module__}.".startswith(f"{one}.")
            and (of_class is None or (inspect.isclass(value) and issubclass(value, of_class)))
        }

    return found


def arguments(path: str) -> Callable[[], set[str]]:
    """What a call takes."""
    return lambda: {
        f"{path.replace(':', '.')}({name}=)"
        for name, one in inspect.signature(_call(of(path))).parameters.items()
        if name != "self"
        and one.kind in {one.KEYWORD_ONLY, one.POSITIONAL_OR_KEYWORD}
        and not name.startswith("_")
    }


def _call(found: Any) -> Any:
    return found.__init__ if inspect.isclass(found) else found


def _flask() -> set[str]:
    import flask

    return {
        f"flask.{name}"
        for name in dir(flask)
        if not name.startswith("_")
        and not inspect.ismodule(inspect.getattr_static(flask, name))
        and name != "annotations"
    }


def _keys() -> set[str]:
    """Keys that Flask has by default, and those that the extensions read."""
    import flask

    begin = re.compile(r"(SQLALCHEMY|WTF|REMEMBER|SESSION|LOGIN|CACHE|MAIL|BABEL|CORS)_[A-Z_]+")
    extensions = [
        one for one in installed.EXTENSIONS["flask"] if one not in {"flask", "flask_admin"}
    ]
    read = {
        word for one in extensions for word in installed.constants(one) if begin.fullmatch(word)
    }
    return set(flask.Flask.default_config) | read


def _settings() -> set[str]:
    from django.conf import global_settings

    return {name for name in dir(global_settings) if name.isupper()} | {"MAILERS", "ROOT_URLCONF"}


def _flask_commands() -> set[str]:
    from flask_migrate.cli import db

    known = {("run",), ("shell",), ("routes",)} | {("db", name) for name in db.commands}
    found = set()
    for words in known:
        found.add(f"flask {' '.join(words)}")
        found |= {
            f"flask {' '.join(words)} {one}"
            for one in installed.options("flask", words)
            if one.startswith("--") and one != "--help"
        }
    return found | {
        f"flask {one}" for one in installed.options("flask", ()) if one.startswith("--")
    }


def _django_commands() -> set[str]:
    from django.core.management import get_commands

    installed.start()
    own = {name for name, app in get_commands().items() if str(app).startswith("django.")}
    found = {f"manage.py {name}" for name in own}
    return found | {
        f"manage.py {name} {one}"
        for name in own
        for one in installed.options("manage.py", (name,))
        if one.startswith("--")
    }


def _django_tags() -> set[str]:
    return {f"{{% {one} %}}" for library in _own() for one in library.tags}


def _django_filters() -> set[str]:
    return {f"|{one}" for library in _own() for one in library.filters}


def _own() -> list[Any]:
    """The libraries of Django that are made for templates of sites."""
    public = {"cache", "humanize", "i18n", "l10n", "static", "tz"}
    found = installed.django_libraries()
    return [one for name, one in found.items() if name.startswith("+") or name in public]


def _jinja(part: str, form: str) -> Callable[[], set[str]]:
    return lambda: {form.format(name) for name in getattr(installed.jinja(), part)}


def _loader(word: str, owner: str) -> Callable[[], set[str]]:
    return lambda: {f"{{{{ {word}.{name} }}}}" for name in dir(of(owner)) if name[0] != "_"}


def _lookups() -> set[str]:
    from django.db import models

    fields = [getattr(models, one) for one in models.__all__ if one.endswith("Field")]
    return {f"__{name}" for one in [models.Field, *fields] for name in one.get_lookups()}


def _options() -> set[str]:
    from django.db.models.options import DEFAULT_NAMES

    return {f"django.db.models.options.Options.{name}" for name in DEFAULT_NAMES}


def _validators() -> set[str]:
    from wtforms import validators

    return {f"wtforms.validators.{name}" for name in validators.__all__ if name[0].isupper()}


def _signals(*modules: str) -> Callable[[], set[str]]:
    def found() -> set[str]:
        kinds = ("Signal", "NamedSignal", "ModelSignal")
        return {
            f"{one.removesuffix('.signals') if 'flask' in one else one}.{name}"
            for one in modules
            for name, value in vars(of(one)).items()
            if type(value).__name__ in kinds and name[0] != "_"
        }

    return found


def _decorators() -> set[str]:
    import pkgutil

    from django.views import decorators

    modules = [f"django.views.decorators.{one.name}" for one in
               pkgutil.iter_modules(decorators.__path__)]  # fmt: skip
    found = {
        f"{one}.{name}"
        for one in modules
        for name, value in vars(of(one)).items()
        if callable(value) and not name.startswith("_") and value.__module__ == one
    }
    return found | {
        f"django.contrib.auth.decorators.{name}"
        for name in ("login_required", "login_not_required", "permission_required",
                     "user_passes_test")
    }  # fmt: skip


def _middleware() -> set[str]:
    import pkgutil

    from django import middleware

    modules = [f"django.middleware.{one.name}" for one in pkgutil.iter_modules(middleware.__path__)]
    modules += [f"django.contrib.{one}.middleware" for one in ("auth", "sessions", "messages")]
    return {
        f"{one}.{name}"
        for one in modules
        for name, value in vars(of(one)).items()
        if inspect.isclass(value) and name.endswith("Middleware") and value.__module__ == one
    }


def _exceptions() -> set[str]:
    from werkzeug import exceptions

    return {
        f"werkzeug.exceptions.{name}"
        for name, one in vars(exceptions).items()
        if inspect.isclass(one) and issubclass(one, Exception) and name[0] != "_"
    }


def _asserts() -> set[str]:
    found = attributes("django.test:TestCase", beyond="unittest:TestCase")()
    return {
        next(
            f"django.test.{one}.{name}"
            for one in ("SimpleTestCase", "TransactionTestCase", "TestCase")
            if hasattr(of(f"django.test:{one}"), name)
        )
        for name in (one.rpartition(".")[2] for one in found)
    }


KINDS = [
    Kind("names of flask", "flask", _flask),
    Kind("the application", "flask", attributes("flask:Flask")),
    Kind("a blueprint", "flask", attributes("flask:Blueprint", beyond="flask:Flask")),
    Kind("the request", "flask", attributes("flask:Request")),
    Kind("the response", "flask", attributes("flask:Response")),
    Kind("the configuration", "flask", attributes("flask:Config", beyond="builtins:dict")),
    Kind("configuration keys", "flask", _keys),
    Kind("class-based views", "flask", attributes("flask.views:View")),
    Kind("HTTP exceptions", "flask", _exceptions),
    Kind("several values", "flask",
         attributes("werkzeug.datastructures:MultiDict", beyond="builtins:dict")),
    Kind("uploaded files", "flask", attributes("werkzeug.datastructures:FileStorage")),
    Kind("template tags", "flask", lambda: {f"{{% {one} %}}" for one in installed.jinja_tags()}),
    Kind("template filters", "flask", _jinja("filters", "|{}")),
    Kind("template tests", "flask", _jinja("tests", "is {}")),
    Kind("template globals", "flask", _jinja("globals", "{{{{ {} }}}}")),
    Kind("loop", "flask", _loader("loop", "jinja2.runtime:LoopContext")),
    Kind("commands and options", "flask", _flask_commands),
    Kind("the test client", "flask", attributes("flask.testing:FlaskClient")),
    Kind("signals", "flask", _signals("flask.signals", "flask_login.signals")),
    Kind("Flask-SQLAlchemy", "flask", attributes("flask_sqlalchemy:SQLAlchemy")),
    Kind("a page of rows", "flask", attributes("flask_sqlalchemy.pagination:Pagination")),
    Kind("SQLAlchemy: session", "flask", attributes("sqlalchemy.orm:Session")),
    Kind("SQLAlchemy: select", "flask", attributes("sqlalchemy:Select")),
    Kind("SQLAlchemy: result", "flask", attributes("sqlalchemy:Result")),
    Kind("SQLAlchemy: operators", "flask", attributes("sqlalchemy:ColumnElement")),
    Kind("SQLAlchemy: names", "flask", defined("sqlalchemy")),
    Kind("SQLAlchemy: names of orm", "flask", defined("sqlalchemy.orm")),
    Kind("SQLAlchemy: exceptions", "flask", defined("sqlalchemy.exc", of_class=Exception)),
    Kind("SQLAlchemy: column options", "flask", arguments("sqlalchemy.orm:mapped_column")),
    Kind("SQLAlchemy: relationship options", "flask", arguments("sqlalchemy.orm:relationship")),
    Kind("a form", "flask", attributes("flask_wtf:FlaskForm")),
    Kind("form fields", "flask", defined("wtforms")),
    Kind("of a form field", "flask", attributes("wtforms:Field")),
    Kind("form field options", "flask", arguments("wtforms:Field")),
    Kind("widgets", "flask", defined("wtforms.widgets")),
    Kind("validators", "flask", _validators),
    Kind("Flask-WTF files", "flask", defined("flask_wtf.file")),
    Kind("Flask-Login", "flask", defined("flask_login")),
    Kind("Flask-Login manager", "flask", attributes("flask_login:LoginManager")),
    Kind("Flask-Login user", "flask", attributes("flask_login:UserMixin")),
    Kind("Flask-Admin view", "flask", attributes("flask_admin.contrib.sqla:ModelView")),
    Kind("Flask-Caching", "flask", attributes("flask_caching:Cache")),
    Kind("Flask-Babel", "flask", defined("flask_babel")),
    Kind("Click", "flask", defined("click")),
    Kind("itsdangerous", "flask", defined("itsdangerous")),
    Kind("names of django.http", "django", exported("django.http")),
    Kind("the request", "django", attributes("django.http:HttpRequest")),
    Kind("the response", "django", attributes("django.http:HttpResponse")),
    Kind("several values", "django", attributes("django.http:QueryDict", beyond="builtins:dict")),
    Kind("shortcuts", "django", lambda: {
        f"django.shortcuts.{name}" for name in ("render", "redirect", "get_object_or_404",
        "get_list_or_404", "aget_object_or_404", "aget_list_or_404", "resolve_url")}),
    Kind("names of django.urls", "django", exported("django.urls")),
    Kind("exceptions", "django", defined("django.core.exceptions", of_class=Exception)),
    Kind("settings", "django", _settings),
    Kind("template tags", "django", _django_tags),
    Kind("template filters", "django", _django_filters),
    Kind("sessions", "django", attributes("django.contrib.sessions.backends.base:SessionBase")),
    Kind("messages", "django", lambda: {
        f"django.contrib.messages.{name}" for name in of("django.contrib.messages.api").__all__}),
    Kind("decorators", "django", _decorators),
    Kind("middleware", "django", _middleware),
    Kind("generic views", "django", exported("django.views.generic")),
    Kind("names of models", "django", exported("django.db.models")),
    Kind("query methods", "django", attributes("django.db.models:QuerySet")),
    Kind("lookups", "django", _lookups),
    Kind("database functions", "django", exported("django.db.models.functions")),
    Kind("a model", "django", attributes("django.db.models:Model")),
    Kind("Meta options", "django", _options),
    Kind("model field options", "django", arguments("django.db.models:Field")),
    Kind("migration operations", "django", lambda: {
        f"django.db.migrations.{name}" for name in of("django.db.migrations.operations").__all__}),
    Kind("transactions", "django", defined("django.db.transaction")),
    Kind("pages of rows", "django",
         attributes("django.core.paginator:Paginator", "django.core.paginator:Page")),
    Kind("a form", "django", attributes("django.forms:Form")),
    Kind("form fields and widgets", "django", lambda: {
        f"django.forms.{name}" for name, one in vars(of("django.forms")).items()
        if name[0] != "_" and callable(one)}),
    Kind("of a form field", "django", attributes("django.forms:Field", "django.forms:BoundField")),
    Kind("form field options", "django", arguments("django.forms:Field")),
    Kind("validators", "django", lambda: {
        f"django.core.validators.{name}" for name, one in vars(of("django.core.validators")).items()
        if re.match(r"(?i)validate_|.*validator(_list)?$|.*_extensions$", name) and callable(one)}),
    Kind("auth", "django", defined("django.contrib.auth")),
    Kind("auth views and forms", "django", lambda: {
        name for name in defined("django.contrib.auth.views", "django.contrib.auth.forms")()
        if re.search(r"views\.(Log|Password)\w+View$|forms\.\w+Form$", name)}),
    Kind("a user", "django", attributes("django.contrib.auth.models:User",
                                        beyond="django.db.models:Model")),
    Kind("password checks", "django", lambda: {
        name for name in defined("django.contrib.auth.password_validation")()
        if "password_validation." in name}),
    Kind("the admin", "django", exported("django.contrib.admin")),
    Kind("ModelAdmin", "django", attributes("django.contrib.admin:ModelAdmin")),
    Kind("signals", "django", _signals(
        "django.core.signals", "django.db.models.signals", "django.contrib.auth.signals",
        "django.test.signals")),
    Kind("the test client", "django", attributes("django.test:Client")),
    Kind("test cases and assertions", "django", _asserts),
    Kind("names of django.test", "django", exported("django.test")),
    Kind("commands and options", "django", _django_commands),
    Kind("a command", "django", attributes("django.core.management:BaseCommand")),
    Kind("the cache", "django", attributes("django.core.cache.backends.base:BaseCache")),
    Kind("mail", "django", exported("django.core.mail")),
    Kind("tasks", "django", exported("django.tasks")),
    Kind("storage", "django", attributes("django.core.files.storage:Storage")),
    Kind("translation", "django", exported("django.utils.translation")),
    Kind("time zones", "django", exported("django.utils.timezone")),
    Kind("signing", "django", defined("django.core.signing")),
]  # fmt: skip
