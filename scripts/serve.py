"""Build the site, serve it and rebuild it when a page changes: on port 8000, or that of PORT.

When 8000 is taken and no PORT is given, the next free port is used. Exits with 2 when the port that
was asked for is taken, or is none.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping

HOST, PORT, MORE = "127.0.0.1", 8000, 20


def is_free(port: int) -> bool:
    """Whether a server can listen on a port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def port_for(variables: Mapping[str, str]) -> int:
    """The port to serve on; raises ValueError, with a sentence, if there is none."""
    asked = variables.get("PORT", "")
    if not asked:
        for port in range(PORT, PORT + MORE):
            if is_free(port):
                return port
        raise ValueError(f"the ports {PORT} to {PORT + MORE - 1} are taken: name one, PORT=9000")
    if not asked.isdecimal() or not 0 < int(asked) < 1 << 16:
        raise ValueError(f"PORT={asked} is no port: name one such as PORT=9000")
    if not is_free(int(asked)):
        raise ValueError(f"port {asked} is taken: stop what uses it, or name another")
    return int(asked)


def main() -> None:
    """Replace this process by MkDocs's server."""
    try:
        port = port_for(os.environ)
    except ValueError as error:
        print(f"serve: {error}", file=sys.stderr)
        sys.exit(2)
    print(f"serve: http://{HOST}:{port}/", file=sys.stderr, flush=True)
    command = [sys.executable, "-P", "-m", "mkdocs", "serve", "--livereload"]
    os.execv(sys.executable, [*command, "--dev-addr", f"{HOST}:{port}", "--watch", "overrides"])


if __name__ == "__main__":
    main()
