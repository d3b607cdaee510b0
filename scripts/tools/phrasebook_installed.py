"""The installed packages: an application of each framework, and what can be asked of it."""

from __future__ import annotations

import ast
import functools
import importlib
from pathlib import Path
from typing import Any

# Where keys are read that no default names: packages of each side.
EXTENSIONS = {
    "flask": (
        "flask", "flask_login", "flask_wtf", "flask_sqlalchemy", "flask_caching", "flask_mailman",
        "flask_babel", "flask_session", "flask_cors", "flask_admin",
    ),
    "django": ("corsheaders", "whitenoise"),
}  # fmt: skip
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
def identifiers(package: str) -> frozenset[str]:
    trees = [ast.parse(file.read_text("utf-8")) for file in _sources(package)]
    return frozenset(
        node.name if isinstance(node, ast.FunctionDef) else node.attr
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.Attribute)
    )


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
