"""Which modules the warm process imports before it forks."""

from __future__ import annotations

from importlib.metadata import entry_points

from tandem import frameworks

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
    "uvicorn": ("uvicorn.main", "uvicorn.protocols.http.h11_impl", "uvicorn.lifespan.on"),
    "valkey": ("redis",),
    "whitenoise": ("whitenoise.middleware",),
}


def modules(texts: list[str], keys: set[str]) -> list[str]:
    """The modules worth importing once for pages with these texts."""
    whole = "\n".join(texts)
    names: list[str] = []
    for key in sorted(keys):
        framework = frameworks.KNOWN[key]
        names += framework.MODULES
        if f"$ {framework.COMMAND} " in whole:  # the command imports all that extend it
            group = f"{framework.COMMAND}.commands"
            names += [point.module for point in entry_points(group=group)]
    names += [name for word, some in NAMED.items() if word in whole for name in some]
    return list(dict.fromkeys(names))
