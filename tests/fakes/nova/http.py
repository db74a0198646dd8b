"""HTTP for a cloud."""

from __future__ import annotations

import json
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol, cast


class Cloud(Protocol):
    """What answers calls."""

    def answer(self, handler: Handler, method: str) -> None:
        """Answer one call."""


class Server(ThreadingHTTPServer):
    """Serves a cloud on a free port of loopback."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    """Hands calls to the cloud, and its answers back."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - the base class's name
        pass

    def reply(self, status: int, document: Any, headers: Mapping[str, str]) -> None:
        data = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        cast("Server", self.server).cloud.answer(self, "GET")

    def do_POST(self) -> None:
        cast("Server", self.server).cloud.answer(self, "POST")
