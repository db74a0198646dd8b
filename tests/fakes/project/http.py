"""HTTP for the fake: requests in, JSON answers out, as little as possible in between."""

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast
from urllib.parse import parse_qs


@dataclass(frozen=True)
class Request:
    """One request: ``parts`` are the words of its path below the service, names of headers have small letters."""

    method: str
    parts: tuple[str, ...]
    query: dict[str, list[str]]
    body: Any
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """One answer."""

    status: int = 200
    document: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class RefusalError(Exception):
    """Raised to answer with an error in the words of OpenStack."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.answer = Answer(status, {"error": {"code": status, "message": message}})


def missing(what: str) -> RefusalError:
    """404."""
    return RefusalError(404, f"{what} could not be found")


Service = Callable[[Request], Answer]


class Api:
    """Services below one address, each under a word of its own.

    Attributes:
        delay: seconds that each call takes.
        calls: how often each method and kind of path was called.
        before: called with each request before it is answered; may raise RefusalError.
    """

    def __init__(self, services: dict[str, Service]) -> None:
        self.services = services
        self.delay = 0.0
        self.calls: Counter[str] = Counter()
        self.before: Callable[[Request], None] = lambda _request: None
        self._lock = threading.Lock()
        self._http = _Server(self)
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Answer until the block ends."""
        thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._http.shutdown()
            self._http.server_close()
            thread.join()

    def answer(self, method: str, target: str, raw: bytes, headers: dict[str, str]) -> Answer:
        """The answer to a request."""
        path, _, query = target.partition("?")
        service, *parts = [part for part in path.split("/") if part]
        request = Request(method, tuple(parts), parse_qs(query), json.loads(raw) if raw else {}, headers)
        with self._lock:
            self.calls[f"{method} {service}/{'/'.join('ID' if len(part) >= 32 else part for part in parts)}"] += 1
        if self.delay:
            time.sleep(self.delay)
        try:
            self.before(request)
            if service not in self.services:
                raise missing(service)
            return self.services[service](request)
        except RefusalError as refused:
            return refused.answer


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # One packet an answer.
    disable_nagle_algorithm = True

    def _do(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        answer = cast("_Server", self.server).api.answer(
            self.command, self.path, raw, {name.lower(): value for name, value in self.headers.items()}
        )
        data = b"" if answer.document is None else json.dumps(answer.document).encode()
        self.send_response_only(answer.status)
        for name, value in {**answer.headers, "Content-Type": "application/json", "Content-Length": len(data)}.items():
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _do  # noqa: N815 - the base class looks for these.

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name.
        """The calls are counted instead."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 512

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what went wrong, but for callers that were killed while they waited."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def __init__(self, api: Api) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.api = api
