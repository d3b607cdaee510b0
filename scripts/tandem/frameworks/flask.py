"""Flask: how its application is found and served, and what `flask shell` has at hand."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any, cast

from tandem.frameworks import Note, Served, _servers

KEY, LABEL, ORDER, PACKAGE, COMMAND = "flask", "Flask", 0, "flask", "flask"
MODULES: tuple[str, ...] = (
    "flask", "flask.cli", "flask.testing", "werkzeug.serving", "werkzeug._reloader",
    "werkzeug.debug", "encodings.idna", "http.client", "dotenv.main",
)  # fmt: skip
PORT = 5000


def rehearse() -> None:
    from flask import Flask
    from werkzeug import _reloader

    app = Flask("rehearsal")
    app.add_url_rule("/<int:number>/", "answer", lambda number: {"number": number})
    app.test_client().get("/1/")
    entered = _reloader.StatReloaderLoop.__enter__

    def enter_hurried(self: Any) -> Any:
        self.interval = _servers.LOOKING
        return entered(self)

    # Of what it goes through in each look: the files of modules, and `chain(sys.path, files)`.
    _reloader._iter_module_paths = lambda: (file for _, file in _servers.own_modules())
    cast(Any, _reloader).chain = lambda *paths: filter(_servers.is_own, chain(*paths))
    _reloader.StatReloaderLoop.__enter__ = enter_hurried  # type: ignore[method-assign]


def is_shown(titles: Sequence[str], commands: Sequence[str]) -> bool:
    return False  # whatever no other framework claims is followed as a reader of this one


def load(target: str | None = None) -> Any:
    """The application that `flask --app TARGET run` would find."""
    from flask.cli import NoAppException, ScriptInfo, load_dotenv

    os.environ["FLASK_RUN_FROM_CLI"] = "true"
    try:
        import dotenv  # noqa: F401 - without it, the command reads no such files
    except ImportError:
        pass
    else:
        load_dotenv()
    try:
        return ScriptInfo(app_import_path=target or os.environ.get("FLASK_APP")).load_app()
    except NoAppException as error:  # an ImportError in the project is what it hides
        raise error.__context__ or error from None


def serve(target: str | None, note: Note) -> Served:
    from flask import got_request_exception
    from werkzeug.serving import ThreadedWSGIServer

    if target and target.startswith("asgi "):
        got_request_exception.connect(lambda _, exception: note(exception), weak=False)
        answer = _servers.serve_asgi(target.removeprefix("asgi "), PORT, note)
        return Served(answer, lambda _: False)
    application = load(target)
    got_request_exception.connect(lambda _, exception: note(exception), weak=False)

    class Server(ThreadedWSGIServer):
        def server_bind(self) -> None:
            self.server_address = ("127.0.0.1", PORT)

        def server_activate(self) -> None:
            """Nothing: sockets are handed to it."""

    server = Server("127.0.0.1", PORT, _servers.noting(application, note))
    return Served(
        lambda sock: server.process_request(sock, ("127.0.0.1", PORT)),
        lambda file: rereads(application, file),
    )


def rereads(application: Any, file: Path) -> bool:
    """As in debug mode: templates are read again. Nothing else is, a catalogue neither."""
    loaders = [one.jinja_loader for one in (application, *application.blueprints.values())]
    folders = [folder for one in loaders for folder in getattr(one, "searchpath", ())]
    if not any(file.is_relative_to(folder) for folder in folders):
        return False
    if "jinja_env" in vars(application) and application.jinja_env.cache is not None:
        application.jinja_env.cache.clear()
    return True


def target(arguments: Sequence[str]) -> str | None:
    if asgi := _servers.asgi_target(arguments):
        return f"asgi {asgi}"
    if "run" not in arguments:
        return "" if _servers.is_server(arguments) else None
    for index, word in enumerate(arguments):
        if word in {"--app", "-A"} and index + 1 < len(arguments):
            return arguments[index + 1]
        if word.startswith("--app="):
            return word.removeprefix("--app=")
    return ""


def shell() -> dict[str, Any]:
    names = os.environ.get("FLASK_APP") or Path("wsgi.py").is_file() or Path("app.py").is_file()
    if not names or "flask" not in sys.modules:
        return {}
    app = load()
    app.app_context().push()
    made: dict[str, Any] = app.make_shell_context()
    return made
