"""The warm process: imports the frameworks once, then forks the runners that follow pages.

Run as `python -m tandem.warm` with its task as JSON in the only argument. It is started with
a clean environment, so that nothing of the caller's is in the memory of an example.
"""

from __future__ import annotations

from . import startup  # isort: skip  # first, to see what a cold Python has imported

import gc
import importlib
import json
import os
import shutil
import signal
import sys
import tempfile
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NoReturn

from . import sandbox
from .reader import Reader, Walk
from .workers import adopt_orphans, die_with_parent, sweep

# What every application imports; that these are there is checked before anything runs.
BASE = {
    "flask": ("flask", "flask.cli", "werkzeug.test", "jinja2.ext"),
    "django": (
        "django.core.servers.basehttp", "django.core.handlers.wsgi", "django.core.management",
        "django.template.backends.django", "django.template.loader", "django.urls",
        "django.shortcuts", "django.http", "django.views.debug", "django.middleware.common",
        "django.conf.urls", "django.utils.translation", "django.db", "django.db.models",
        "django.db.backends.sqlite3.base", "django.forms", "django.core.checks",
        "django.contrib.staticfiles.handlers", "werkzeug.test",
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
    "gunicorn": ("gunicorn.app.wsgiapp",),
    "uvicorn": ("uvicorn", "httpx", "asyncio"),
}


def modules(texts: list[str], frameworks: set[str]) -> list[str]:
    """The modules worth importing once for pages with these texts."""
    whole = "\n".join(texts)
    names = [name for framework in sorted(frameworks) for name in BASE[framework]]
    names += [name for word, some in NAMED.items() if word in whole for name in some]
    return list(dict.fromkeys(names))


def main() -> NoReturn:
    """Import, fork a runner for each socket, and wait for them."""
    task = json.loads(sys.argv[1])
    die_with_parent(signal.SIGTERM)
    for name in task["modules"]:
        importlib.import_module(name)
    gc.collect()
    gc.disable()
    gc.freeze()
    runners = []
    for number in task["sockets"]:
        pid = os.fork()
        if pid == 0:
            for other in task["sockets"]:
                if other != number:
                    os.close(other)
            _run(Connection(number), Path(task["folder"]))
        runners.append(pid)
    for number in task["sockets"]:
        os.close(number)

    def stop(*_: object) -> None:
        for pid in runners:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    for pid in runners:
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)
    os._exit(0)


def _run(main: Connection, folder: Path) -> NoReturn:
    """A runner's life: one walk after the other, until there are no more."""
    status = 1
    try:
        die_with_parent(signal.SIGTERM)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        adopt_orphans()
        main.send(sandbox.enter(folder))
        while True:
            walk, keep = main.recv()
            base = Path(tempfile.mkdtemp(dir=folder, prefix="walk-"))
            reader = Reader(walk, base)
            result = reader.follow()
            state = None
            if keep:
                state = Path(tempfile.mkdtemp(dir=folder, prefix="state-"))
                reader.project.snapshot(state)
            main.send((result, state))
            shutil.rmtree(base, ignore_errors=True)
    except (EOFError, SystemExit, BrokenPipeError):
        status = 0
    finally:
        sweep()
        os._exit(status)


if __name__ == "__main__":
    main()
