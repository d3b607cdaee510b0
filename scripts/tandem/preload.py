"""Which modules the warm process imports before it forks."""

from __future__ import annotations

from importlib.metadata import entry_points

# What every application imports; that these are there is checked before anything runs.
BASE = {
    "flask": ("flask", "flask.cli", "werkzeug.test", "flask.testing", "encodings.idna"),
    "django": (
        "django.core.servers.basehttp", "django.core.handlers.wsgi", "django.core.management",
        "django.template.backends.django", "django.template.loader", "django.urls",
        "django.shortcuts", "django.http", "django.views.debug", "django.middleware.common",
        "django.conf.urls", "django.utils.translation", "django.db", "django.db.models",
        "django.db.backends.sqlite3.base", "django.forms", "django.core.checks",
        "django.contrib.staticfiles.handlers", "werkzeug.test", "encodings.idna",
    ),
}  # fmt: skip
# What a page's text names, and the modules that come with it.
NAMED = {
    "flask_sqlalchemy": ("flask_sqlalchemy",),
    "sqlalchemy": ("sqlalchemy.orm", "sqlalchemy.dialects.sqlite"),
    "flask_migrate": ("flask_migrate", "alembic.command", "alembic.autogenerate"),
    "flask_wtf": ("flask_wtf",),
    "flask_login": ("flask_login",),
    "pytest": ("pytest", "_pytest.assertion.rewrite"),
    "uvicorn": ("uvicorn", "httpx", "asyncio"),
}


def modules(texts: list[str], frameworks: set[str]) -> list[str]:
    """The modules worth importing once for pages with these texts."""
    whole = "\n".join(texts)
    names = [name for framework in sorted(frameworks) for name in BASE[framework]]
    if "flask" in frameworks and "$ flask " in whole:  # the command imports all that extend it
        names += [point.module for point in entry_points(group="flask.commands")]
    names += [name for word, some in NAMED.items() if word in whole for name in some]
    return list(dict.fromkeys(names))
