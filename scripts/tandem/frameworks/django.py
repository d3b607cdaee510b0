"""Django: how its application is found and served, and what `manage.py shell` has at hand."""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tandem.frameworks import Note, Served, _servers

KEY, LABEL, ORDER, PACKAGE, COMMAND = "django", "Django", 1, "django", "django-admin"
# A new project's apps, middleware and commands too, as far as there need be no settings for them:
# what reads the settings when it is imported cannot be imported here.
MODULES: tuple[str, ...] = (
    "django.core.servers.basehttp", "django.core.handlers.wsgi", "django.core.management",
    "django.template.backends.django", "django.template.loader", "django.urls",
    "django.shortcuts", "django.http", "django.views.debug", "django.middleware.common",
    "django.conf.urls", "django.utils.translation", "django.db", "django.db.models",
    "django.db.backends.sqlite3.base", "django.forms", "django.core.checks",
    "django.contrib.staticfiles.handlers", "encodings.idna",
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
    "django.utils.autoreload", "http.client",
)  # fmt: skip
PORT = 8000


def rehearse() -> None:
    from django.utils import autoreload

    def own_files() -> frozenset[Path]:
        modules = tuple(module for module, _ in _servers.own_modules())
        found: frozenset[Path] = autoreload.iter_modules_and_files(
            modules, frozenset(autoreload._error_files)
        )
        return found

    autoreload.iter_all_python_module_files = own_files
    autoreload.StatReloader.SLEEP_TIME = _servers.LOOKING


def is_shown(titles: Sequence[str], commands: Sequence[str]) -> bool:
    return "manage.py" in titles or any("django-admin" in command for command in commands)


def setup() -> None:
    """Do what `manage.py` does before any command; raises what the project raises."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", settings_module(Path("manage.py")))
    import django

    django.setup()


def settings_module(manage: Path) -> str:
    """The settings module that a `manage.py` names; raises LookupError without one."""
    if not manage.is_file():
        raise LookupError("there is no `manage.py` here, so no Django project to ask")
    found = re.search(r"[\"']DJANGO_SETTINGS_MODULE[\"'],\s*[\"']([\w.]+)[\"']", manage.read_text())
    if found is None:
        raise LookupError("`manage.py` does not set DJANGO_SETTINGS_MODULE")
    return found[1]


def serve(target: str | None, note: Note) -> Served:
    setup()
    from django.conf import settings
    from django.core.servers.basehttp import (
        ThreadedWSGIServer,
        WSGIRequestHandler,
        get_internal_wsgi_application,
    )
    from django.core.signals import got_request_exception

    got_request_exception.connect(
        lambda **_: note(sys.exception() or RuntimeError()), weak=False, dispatch_uid="tandem"
    )
    if target:
        return Served(_servers.serve_asgi(target, PORT, note), rereads)
    application = get_internal_wsgi_application()
    if settings.DEBUG and "django.contrib.staticfiles" in settings.INSTALLED_APPS:
        from django.contrib.staticfiles.handlers import StaticFilesHandler

        application = StaticFilesHandler(application)
    server = ThreadedWSGIServer(("127.0.0.1", PORT), WSGIRequestHandler, bind_and_activate=False)
    server.server_name, server.server_port = "127.0.0.1", PORT
    server.setup_environ()
    server.set_app(_servers.noting(application, note))
    return Served(lambda sock: server.process_request(sock, ("127.0.0.1", PORT)), rereads)


def rereads(file: Path) -> bool:
    """As `runserver` tells of a change: who keeps templates or catalogues forgets them."""
    from django.utils.autoreload import file_changed

    return any(taken for _, taken in file_changed.send(sender=None, file_path=file))


def target(arguments: Sequence[str]) -> str | None:
    if asgi := _servers.asgi_target(arguments):
        return asgi
    return "" if _servers.is_server(arguments) or "runserver" in arguments else None


def shell() -> dict[str, Any]:
    if not Path("manage.py").is_file():
        return {}
    setup()
    from django.core.management.commands.shell import Command

    with contextlib.redirect_stdout(io.StringIO()):
        return dict(Command().get_namespace(verbosity=0))
