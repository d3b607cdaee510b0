"""What runs inside a worker: the application, a shell session, a Python command.

Nothing here returns a verdict. It does what the example says and sends what came; the
comparison is made outside, where an example cannot reach it.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import importlib
import io
import os
import re
import runpy
import sys
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

from tandem.outcome import Framework
from tandem.world import startup
from tandem.world.workers import OUTPUT_LIMIT, Channel, describe

# Answers a request {method, target, host, headers, body}: (status, headers, body).
Answer = tuple[int, list[tuple[str, str]], bytes]
Application = Callable[[dict[str, Any]], Answer]


def serve(channel: Channel, framework: Framework, asgi: str | None) -> None:
    """Load the application as its own development server would, then answer requests."""
    raised: list[BaseException] = []
    try:
        application = load(framework, asgi, raised)
    except BaseException as error:
        channel.send(**describe(error))
        return
    channel.send(ready=True)
    for message in channel.receive():
        raised.clear()
        try:
            status, headers, body = application(message)
            if len(body) > OUTPUT_LIMIT:
                raise ValueError("the answer is longer than 1 MiB")
        except BaseException as error:
            channel.send(**describe(error), stopped=not isinstance(error, Exception))
            continue
        reply = {"status": status, "headers": headers, "body": base64.b64encode(body).decode()}
        channel.send(**reply, **(describe(raised[-1]) if raised else {}))


def load(
    framework: Framework, asgi: str | None, raised: list[BaseException] | None = None
) -> Application:
    """Import the application; `raised` then takes each exception behind a 500."""
    sys.path.insert(0, os.getcwd())
    forget_shadowed()
    note = (list[Any]() if raised is None else raised).append
    if framework == "flask":
        application = load_flask()
        from flask import got_request_exception

        got_request_exception.connect(lambda _, exception: note(exception), weak=False)
    else:
        application = load_django()
        from django.core.signals import got_request_exception as signal

        signal.connect(lambda **_: note(sys.exception() or RuntimeError()), weak=False)
    if asgi is not None:
        module, _, name = asgi.partition(":")
        return _over_asgi(getattr(importlib.import_module(module), name or "application"))
    return _over_wsgi(application)


def forget_shadowed() -> None:
    """Drop warm modules that the project's own files hide, such as its own `flask.py`."""
    with os.scandir() as entries:
        own = {one.name.removesuffix(".py") for one in entries}
    hidden = [name for name in own - startup.MODULES - {"tandem"} if name in sys.modules]
    if hidden:  # looking at every name copies the memory of each from the parent's
        for name in [name for name in sys.modules if name.partition(".")[0] in hidden]:
            del sys.modules[name]


def load_flask() -> Any:
    """The application that `flask run` would find."""
    from flask.cli import NoAppException, ScriptInfo

    os.environ["FLASK_RUN_FROM_CLI"] = "true"
    try:
        return ScriptInfo(app_import_path=os.environ.get("FLASK_APP")).load_app()
    except NoAppException as error:  # an ImportError in the project is what it hides
        raise error.__context__ or error from None


def load_django() -> Any:
    """The application that `manage.py runserver` would serve."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", django_settings(Path("manage.py")))
    import django

    django.setup()
    from django.conf import settings
    from django.core.servers.basehttp import get_internal_wsgi_application

    application = get_internal_wsgi_application()
    if settings.DEBUG and "django.contrib.staticfiles" in settings.INSTALLED_APPS:
        from django.contrib.staticfiles.handlers import StaticFilesHandler

        return StaticFilesHandler(application)
    return application


def django_settings(manage: Path) -> str:
    """The settings module that a `manage.py` names; raises LookupError without one."""
    if not manage.is_file():
        raise LookupError("there is no `manage.py` here, so no Django project to ask")
    found = re.search(r"[\"']DJANGO_SETTINGS_MODULE[\"'],\s*[\"']([\w.]+)[\"']", manage.read_text())
    if found is None:
        raise LookupError("`manage.py` does not set DJANGO_SETTINGS_MODULE")
    return found[1]


def _over_wsgi(application: Any) -> Application:
    from werkzeug.test import run_wsgi_app

    def answer(request: dict[str, Any]) -> Answer:
        body = request["body"].encode("utf-8", "surrogateescape")
        environ = wsgi_environ(request, body)
        chunks, status, headers = run_wsgi_app(application, environ, buffered=True)
        return int(status.split()[0]), list(headers.items()), b"".join(chunks)

    return answer


def wsgi_environ(request: dict[str, Any], body: bytes) -> dict[str, Any]:
    """A request as PEP 3333 has it: bytes of the path decoded as Latin-1."""
    path, _, query = request["target"].partition("?")
    host, _, port = request["host"].partition(":")
    environ = {
        "REQUEST_METHOD": request["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query.encode().decode("latin-1"),
        "REQUEST_URI": request["target"],
        "RAW_URI": request["target"],
        "SERVER_NAME": host,
        "SERVER_PORT": port or "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if body:
        environ["CONTENT_LENGTH"] = str(len(body))
    for name, value in request["headers"]:
        key = name.upper().replace("-", "_")
        environ[key if key in {"CONTENT_TYPE", "CONTENT_LENGTH"} else f"HTTP_{key}"] = value
    return environ


def _over_asgi(application: Any) -> Application:
    import asyncio

    import httpx

    loop = asyncio.new_event_loop()
    transport = httpx.ASGITransport(application)

    async def ask(request: dict[str, Any]) -> Answer:
        url = httpx.URL(f"http://{request['host']}").copy_with(raw_path=request["target"].encode())
        body = request["body"].encode("utf-8", "surrogateescape")
        sent = httpx.Request(request["method"], url, headers=request["headers"], content=body)
        response = await transport.handle_async_request(sent)
        answer = await response.aread()
        return response.status_code, list(response.headers.multi_items()), answer

    return lambda request: loop.run_until_complete(ask(request))


class _Bounded(io.StringIO):
    """Output of a session that does not fill the memory."""

    def write(self, text: str) -> int:
        if self.tell() + len(text) > OUTPUT_LIMIT:
            raise MemoryError("printed more than 1 MiB")
        return super().write(text)


def shell(channel: Channel, framework: Framework) -> None:
    """Run the examples of `pycon` blocks in the framework's own shell; names live on."""
    try:
        names = shell_names(framework)
    except BaseException as error:
        channel.send(**describe(error))
        return
    channel.send(ready=True)
    for message in channel.receive():
        channel.send(**_run_example(message["source"], f"<pycon {message['line']}>", names))


def shell_names(framework: Framework) -> dict[str, Any]:
    """What `flask shell` or `manage.py shell` has at hand; plain Python without an app."""
    names: dict[str, Any] = {"__name__": "__console__", "__builtins__": __builtins__}
    sys.path.insert(0, os.getcwd())
    forget_shadowed()
    if framework == "django" and Path("manage.py").is_file():
        load_django()
        from django.core.management.commands.shell import Command

        with contextlib.redirect_stdout(io.StringIO()):
            names.update(Command().get_namespace(verbosity=0))
        return names
    if framework == "flask" and (
        os.environ.get("FLASK_APP") or Path("wsgi.py").is_file() or Path("app.py").is_file()
    ):
        app = load_flask()
        app.app_context().push()
        names.update(app.make_shell_context())
    return names


def _run_example(source: str, file: str, names: dict[str, Any]) -> dict[str, Any]:
    printed = _Bounded()
    hook, sys.displayhook = sys.displayhook, sys.__displayhook__
    try:
        with contextlib.redirect_stdout(printed):
            exec(compile(source, file, "single", dont_inherit=True), names)
    except BaseException as error:
        last = traceback.format_exception_only(error)[-1]
        return {"printed": printed.getvalue(), "raised": last, **describe(error)}
    finally:
        sys.displayhook = hook
    return {"printed": printed.getvalue()}


def python(channel: Channel, arguments: list[str]) -> int:
    """Run `python ARGUMENTS` in this warm process; returns the status that it ends with.

    The arguments are those of a file, of `-m module` or of `-c code`.
    """
    status = 0
    try:
        _prepare_main()
        sys.orig_argv = [sys.executable, *arguments]  # a reloader starts this again
        if arguments[0] == "-c":
            sys.argv = ["-c", *arguments[2:]]
            sys.path.insert(0, "")
            exec(compile(arguments[1], "<string>", "exec"), _new_main())
        elif arguments[0] == "-m":
            sys.argv = [arguments[1], *arguments[2:]]
            sys.path.insert(0, os.getcwd())
            if not hasattr(sys.modules.get(arguments[1]), "__path__"):
                sys.modules.pop(arguments[1], None)  # a cold Python has not imported it yet
            runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv, script = arguments, arguments[0]
            sys.path.insert(0, os.path.dirname(os.path.abspath(script)))
            code = compile(Path(script).read_bytes(), script, "exec")
            exec(code, _new_main(script))
        threading._shutdown()  # type: ignore[attr-defined]
    except SystemExit as error:
        status = _status(error)
        if early := _early_exit(error):
            channel.send(early=early)
    except BaseException as error:
        status = 1
        channel.send(**describe(error))
        _print_as_python(error)
    with contextlib.suppress(Exception):
        import atexit

        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    channel.send(done=status)
    return status


def _prepare_main() -> None:
    import atexit

    atexit._clear()  # what the warm process would do at its own end
    sys.path[:] = [entry for entry in sys.path if entry not in {"", os.getcwd()}]
    forget_shadowed()


def _new_main(file: str | None = None) -> dict[str, Any]:
    module = type(sys)("__main__")
    module.__builtins__ = __builtins__  # type: ignore[attr-defined]
    module.__spec__ = None
    if file is not None:
        module.__file__ = os.path.abspath(file)
    sys.modules["__main__"] = module
    return vars(module)


def _status(error: SystemExit) -> int:
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    print(error.code, file=sys.stderr)
    return 1


def _early_exit(error: SystemExit) -> list[Any] | None:
    """Where an example ended the run with status 0 from its midst, if it did.

    Tools end by `sys.exit(0)`, and so may a script's last statement. Anywhere else in the
    project, an exit with status 0 would pass for a command that had done its work.
    """
    if error.code not in {0, None}:
        return None
    steps = traceback.extract_tb(error.__traceback__)
    file, line = steps[-1].filename, steps[-1].lineno or 0
    if not os.path.realpath(file).startswith(os.getcwd() + os.sep):
        return None
    last = ast.parse(Path(file).read_bytes()).body[-1]
    if steps[-1].name == "<module>" and last.lineno <= line <= (last.end_lineno or 0):
        return None
    return [file, line, steps[-1].name]


def _print_as_python(error: BaseException) -> None:
    """Print a traceback as the interpreter does, without the frames of this module."""
    trace = error.__traceback__
    while trace and (
        trace.tb_frame.f_code.co_filename == __file__
        or "runpy" in trace.tb_frame.f_code.co_filename
    ):
        trace = trace.tb_next
    sys.excepthook(type(error), error.with_traceback(trace), trace)
