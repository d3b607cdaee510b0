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
        # A new project's apps, middleware and commands, as far as there need be no settings
        # for them: what reads the settings when it is imported cannot be imported here.
        "django.contrib.admin.apps", "django.contrib.admin.checks",
        "django.contrib.admin.templatetags.admin_list",
        "django.contrib.admin.templatetags.admin_modify",
        "django.contrib.admin.templatetags.log", "django.contrib.admin.views.autocomplete",
        "django.contrib.admin.views.main", "django.contrib.auth.apps",
        "django.contrib.auth.context_processors", "django.contrib.auth.password_validation",
        "django.contrib.auth.templatetags.auth", "django.contrib.auth.tokens",
        "django.contrib.contenttypes.apps", "django.contrib.contenttypes.prefetch",
        "django.contrib.messages.apps", "django.contrib.messages.context_processors",
        "django.contrib.messages.middleware", "django.contrib.messages.storage.fallback",
        "django.contrib.messages.views", "django.contrib.sessions.apps",
        "django.contrib.sessions.backends.db", "django.contrib.sessions.middleware",
        "django.contrib.staticfiles.apps", "django.contrib.staticfiles.storage",
        "django.contrib.staticfiles.management.commands.runserver",
        "django.core.asgi", "django.core.cache.backends.locmem", "django.core.mail.backends.smtp",
        "django.core.management.commands.check", "django.core.management.commands.migrate",
        "django.core.management.commands.makemigrations",
        "django.core.management.commands.shell", "django.core.management.commands.startapp",
        "django.core.management.commands.test", "django.core.management.commands.testserver",
        "django.middleware.cache", "django.middleware.clickjacking", "django.middleware.csp",
        "django.middleware.security", "django.tasks.backends.immediate", "django.tasks.checks",
        "django.template.context_processors", "django.template.loaders.app_directories",
        "django.template.loaders.cached", "django.templatetags.cache", "django.templatetags.l10n",
        "django.templatetags.tz", "django.test", "django.views.csrf", "django.views.i18n",
    ),
}  # fmt: skip
# What a page's text names, and the modules that come with it. None of a plugin of pytest, which
# warns of all that was imported before it could rewrite it.
NAMED = {
    "flask_sqlalchemy": ("flask_sqlalchemy",),
    "sqlalchemy": ("sqlalchemy.orm", "sqlalchemy.dialects.sqlite"),
    "flask_migrate": ("flask_migrate", "alembic.command", "alembic.autogenerate"),
    "flask_wtf": ("flask_wtf",),
    "flask_login": ("flask_login",),
    "flask_admin": ("flask_admin.contrib.sqla",),
    "flask_caching": ("flask_caching",),
    "flask_jwt_extended": ("flask_jwt_extended",),
    "flask_smorest": ("flask_smorest",),
    "email-validator": ("email_validator",),
    "feedgen": ("feedgen.feed",),
    "feedparser": ("feedparser",),
    "psycopg": ("django.db.backends.postgresql.base", "psycopg"),
    "pytest": ("pytest", "_pytest.assertion.rewrite"),
    "rest_framework": ("rest_framework.serializers",),
    "uvicorn": ("uvicorn.main", "uvicorn.protocols.http.auto", "httpx", "asyncio"),
    "valkey": ("redis",),
    "whitenoise": ("whitenoise.middleware",),
}


def modules(texts: list[str], frameworks: set[str]) -> list[str]:
    """The modules worth importing once for pages with these texts."""
    whole = "\n".join(texts)
    names = [name for framework in sorted(frameworks) for name in BASE[framework]]
    if "flask" in frameworks and "$ flask " in whole:  # the command imports all that extend it
        names += [point.module for point in entry_points(group="flask.commands")]
    names += [name for word, some in NAMED.items() if word in whole for name in some]
    return list(dict.fromkeys(names))
