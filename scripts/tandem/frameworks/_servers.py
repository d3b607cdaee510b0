"""Development servers that answer on sockets handed to them, instead of listening."""

from __future__ import annotations

import importlib
import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import ModuleType
from typing import Any

from tandem.frameworks import Note

ASGI = re.compile(r"[\w.]+:\w+")
ADDRESS = "127.0.0.1"
WSGI_SERVERS = {"gunicorn", "waitress-serve"}
ASGI_SERVERS = {"uvicorn", "hypercorn", "daphne"}
LOOKING = 0.05  # seconds between two looks of a reloader: the check waits for each change


def noting(application: Any, note: Note) -> Callable[..., Iterable[bytes]]:
    """A WSGI application that notes whatever leaves `application`, and lets it pass."""

    def call(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        try:
            result: Iterable[bytes] = application(environ, start_response)
        except BaseException as error:
            note(error)
            raise
        return result

    return call


def is_own(path: str) -> bool:
    """Whether a page may change a file or folder: it is neither Python's nor a package's.

    A reloader that looks at these alone finds the same, in a fraction of the time.
    """
    return "/site-packages" not in path and not path.startswith(sys.base_prefix)


def own_modules() -> Iterator[tuple[ModuleType, str]]:
    """The modules that a page may change, with their files."""
    for module in list(sys.modules.values()):
        if issubclass(type(module), ModuleType):  # not what only looks like one, nor is lazy
            file = vars(module).get("__file__")
            if isinstance(file, str) and is_own(file):
                yield module, file


def is_server(arguments: Sequence[str]) -> bool:
    """Whether a command line is that of a server that takes applications of any framework."""
    return bool({word.rpartition("/")[2] for word in arguments[:3]} & (ASGI_SERVERS | WSGI_SERVERS))


def asgi_target(arguments: Sequence[str]) -> str | None:
    """The `module:name` that the command line of an ASGI server names."""
    names = {word.rpartition("/")[2] for word in arguments[:3]}
    workers = "gunicorn" in names and any("uvicorn" in word.lower() for word in arguments)
    if names & ASGI_SERVERS or workers:
        return next((word for word in arguments[1:] if ASGI.fullmatch(word)), None)
    return None


def serve_asgi(target: str, port: int, note: Note) -> Callable[[Any], None]:
    """Uvicorn's own protocol for the ASGI application `module:name`, in a thread with a loop."""
    import asyncio

    from uvicorn.config import Config
    from uvicorn.server import ServerState

    module, _, name = target.partition(":")
    application = getattr(importlib.import_module(module), name or "application")

    async def noting_asgi(scope: Any, receive: Any, send: Any) -> None:
        try:
            await application(scope, receive, send)
        except BaseException as error:
            if scope["type"] != "lifespan":  # most applications have none, and raise
                note(error)
            raise

    config = Config(noting_asgi, http="h11", log_config=None)
    config.load()
    lifespan = config.lifespan_class(config)
    state = ServerState()
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    asyncio.run_coroutine_threadsafe(lifespan.startup(), loop).result()
    if lifespan.should_exit:
        raise RuntimeError("the application's start-up failed")

    def protocol() -> Any:
        make: Any = config.http_protocol_class
        made = make(config=config, server_state=state, app_state=lifespan.state, _loop=loop)
        connected = made.connection_made

        def connection_made(transport: Any) -> None:  # a pair of sockets has no addresses
            connected(transport)
            made.client = made.server = (ADDRESS, port)

        made.connection_made = connection_made
        return made

    def serve(sock: Any) -> None:
        sock.setblocking(False)
        asyncio.run_coroutine_threadsafe(loop.connect_accepted_socket(protocol, sock), loop)

    return serve
