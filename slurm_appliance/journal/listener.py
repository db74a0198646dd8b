"""HTTP on loopback for one service, to which all users of the machine can connect.

Callers are authenticated before anything else is read: without the right token, they get a short answer and are
disconnected. Unauthenticated callers can only use few resources: some kilobytes of header, for some seconds, on some
connections; a new connection replaces the oldest unauthenticated one.
"""

import http.client
import json
import socket
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, BinaryIO, Protocol, cast

from slurm_appliance.journal.body import BodyError

Json = dict[str, Any]

#: Maximum size of a request's first line and headers in bytes.
MOST_HEADER_BYTES = 16 * 1024
#: Maximum number of unauthenticated connections, and their timeout in seconds.
MOST_STRANGERS = 32
STRANGER_SECONDS = 10.0
#: Idle timeout of a connection in seconds; longer than the engine's.
_REST_SECONDS = 300


class Answering(Protocol):
    """Answers requests."""

    def permits(self, method: str, path: list[str], authorization: str) -> bool:
        """Whether a caller with this token may make the request."""

    def respond(self, call: "Call") -> tuple[int, Json]:
        """The status and document of the response to a permitted request.

        Raises:
            BodyError: its body is rejected.
        """


class Call(Protocol):
    """A permitted request; its body has not been read yet."""

    command: str
    headers: http.client.HTTPMessage
    rfile: BinaryIO

    @property
    def words(self) -> list[str]:
        """The parts of its path."""


class JournalListener(ThreadingHTTPServer):
    """Listens on a free port of 127.0.0.1."""

    daemon_threads = True
    #: Backlog of connections: the kernel delays more by seconds.
    request_queue_size = 4 * MOST_STRANGERS

    def __init__(self, service: Answering) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.service = service
        self._strangers: dict[socket.socket, float] = {}
        self._lock = threading.Lock()

    @property
    def host(self) -> str:
        """The required Host header: a browser redirected here from another name sends that name."""
        return f"127.0.0.1:{self.server_port}"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Accept a connection."""
        with self._lock:
            if len(self._strangers) >= MOST_STRANGERS:
                self._cut(next(iter(self._strangers)))
            self._strangers[request] = time.monotonic()
        super().process_request(request, client_address)

    def service_actions(self) -> None:
        """Called regularly: close connections that did not authenticate in time."""
        oldest = time.monotonic() - STRANGER_SECONDS
        with self._lock:
            for connection in [each for each, since in self._strangers.items() if since < oldest]:
                self._cut(connection)

    def know(self, connection: socket.socket) -> None:
        """Record that a connection is authenticated."""
        with self._lock:
            self._strangers.pop(connection, None)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        self.know(request)
        super().shutdown_request(request)

    def _cut(self, connection: socket.socket) -> None:
        del self._strangers[connection]
        with suppress(OSError):  # The caller has already disconnected.
            connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report internal errors, but not disconnections."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _REST_SECONDS
    wbufsize = -1  # One packet per response.
    disable_nagle_algorithm = True

    @property
    def words(self) -> list[str]:
        return [part for part in self.path.partition("?")[0].split("/") if part]

    def handle_one_request(self) -> None:
        body = self.rfile
        self.rfile = cast("Any", _Header(body))
        self._body = body
        try:
            super().handle_one_request()
        except http.client.LineTooLong:
            self.close_connection = True
        finally:
            self.rfile = body

    def _do(self) -> None:
        self.rfile = self._body
        listener = cast("JournalListener", self.server)
        service = listener.service
        if self.headers.get_all("Host") != [listener.host]:
            self._refuse(403, "unknown host")
        elif not service.permits(self.command, self.words, self.headers.get("Authorization", "")):
            self._refuse(401, "access denied")
        elif "Transfer-Encoding" in self.headers:
            self._refuse(411, "Content-Length is required")
        else:
            listener.know(self.connection)
            try:
                status, document = service.respond(cast("Call", self))
            except BodyError as error:
                self._refuse(error.status, str(error))
            else:
                self._answer(status, document)

    do_GET = do_POST = do_PATCH = do_HEAD = _do  # noqa: N815 - the base class looks for these.

    def _refuse(self, status: int, message: str) -> None:
        """Answer a request without reading its body, so the connection cannot be reused."""
        self.close_connection = True
        self._answer(status, {"code": status, "message": message})

    def _answer(self, status: int, document: Json) -> None:
        data = json.dumps(document).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name.
        """Do not log: the engine reports its work, and rejected requests are recorded."""


class _Header:
    """The start of a request, limited to `MOST_HEADER_BYTES`."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._left = MOST_HEADER_BYTES

    def readline(self, limit: int) -> bytes:
        line: bytes = self._file.readline(min(limit, self._left + 1))
        self._left -= len(line)
        if self._left < 0:
            raise http.client.LineTooLong("header")
        return line
