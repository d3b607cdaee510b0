"""Build the site, serve it on http://127.0.0.1:8000 and rebuild it when a page changes."""

import os
import socket
import sys

HOST, PORT = "127.0.0.1", 8000


def main() -> None:
    """Replace this process by MkDocs's server; exits with 2 when the port is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, PORT))
        except OSError:
            print(
                f"serve: port {PORT} is taken: stop the program that uses it, then try again",
                file=sys.stderr,
            )
            sys.exit(2)
    command = [sys.executable, "-m", "mkdocs", "serve", "--livereload"]
    os.execv(sys.executable, [*command, "--dev-addr", f"{HOST}:{PORT}", "--watch", "overrides"])


if __name__ == "__main__":
    main()
