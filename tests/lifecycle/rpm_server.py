"""Serves RPM repositories to build servers, with or without a login, as a site's mirror or a distribution does."""

import base64
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from localcloud.endpoints import ADDRESS, SNAPSHOTS_PORT


@contextmanager
def served(repositories: Path, prefix: str, login: str = "") -> Iterator[str]:
    """Serve the folder; yields the URL that the repositories are below.

    Args:
        repositories: has a folder for each repository.
        prefix: first part of the path; nothing else is served.
        login: ``user:password`` that is asked for, if any.
    """

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *given: object) -> None:
            super().__init__(*given, directory=str(repositories))  # type: ignore[arg-type]  # as socketserver calls it

        def do_GET(self) -> None:
            """Serve a file."""
            wanted = f"Basic {base64.b64encode(login.encode()).decode()}"
            if not self.path.startswith(f"/{prefix}/"):
                self.send_error(404)
            elif login and self.headers.get("Authorization") != wanted:
                self.send_error(401)
            else:
                self.path = self.path.removeprefix(f"/{prefix}")
                super().do_GET()

        def log_message(self, format: str, *words: object) -> None:  # noqa: A002 - the name of the base class
            """Nothing."""

    server = ThreadingHTTPServer((ADDRESS, SNAPSHOTS_PORT), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{ADDRESS}:{SNAPSHOTS_PORT}/{prefix}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
