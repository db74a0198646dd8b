"""Applies faults in front of a service's WSGI application."""

import io
import json
import os
import socket
import struct
import time
import uuid
from collections.abc import Callable, Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Any

from localcloud.faults.fault import Fault
from localcloud.faults.store import VARIABLE, FaultStore

#: The WSGI environment's key of the connection's socket, set by the gateway.
SOCKET_KEY = "localcloud.socket"

#: Larger bodies are not searched: they are image data, not API calls.
SEARCHED_BODY = 65536

#: The key in which Nova and Cinder wrap errors.
_WRAPPERS = {409: "conflictingRequest", 429: "overLimit", 500: "computeFault", 503: "serviceUnavailable"}


class FaultMiddleware:
    """Answers, delays or cuts calls that match a fault, and passes on all others.

    Args:
        application: the service.
        service: the service's name in `localcloud.faults.fault.SERVICES`.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]], service: str) -> None:
        self._application = application
        self._service = service
        named = os.environ.get(VARIABLE)
        self._store = FaultStore(Path(named)) if named else None

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Serve one WSGI call."""
        fault = self._fault(environ)
        if fault is None:
            return self._application(environ, start_response)
        if fault.effect == "answer":
            return _answer(fault, self._service, start_response)
        if fault.effect == "delay":
            time.sleep(fault.seconds)
            return self._application(environ, start_response)
        if fault.effect == "cut-after":
            for _ in self._application(environ, lambda *_arguments: None):
                pass
        _cut(environ[SOCKET_KEY])
        start_response("500 Internal Server Error", [("Content-Length", "0")])
        return []

    def _fault(self, environ: dict[str, Any]) -> Fault | None:
        if self._store is None or not self._store.path.exists():
            return None
        method = environ["REQUEST_METHOD"]
        path = environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")
        body = _body(environ)
        return self._store.take(lambda fault: fault.matches_call(self._service, method, path, body))


def _body(environ: dict[str, Any]) -> str:
    """The request's body if it is small; the application can still read it."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if not 0 < length <= SEARCHED_BODY:
        return ""
    body: bytes = environ["wsgi.input"].read(length)
    environ["wsgi.input"] = io.BytesIO(body)
    return body.decode("utf-8", "replace")


def _answer(fault: Fault, service: str, start_response: Callable[..., Any]) -> Iterable[bytes]:
    message = f"injected fault {fault.id}"
    phrase = HTTPStatus(fault.status).phrase
    if service in ("nova", "cinder", "metadata"):
        error: dict[str, Any] = {_WRAPPERS[fault.status]: {"code": fault.status, "message": message}}
    elif service == "neutron":
        error = {"NeutronError": {"type": phrase.replace(" ", ""), "message": message, "detail": ""}}
    else:
        error = {"error": {"code": fault.status, "title": phrase, "message": message}}
    body = json.dumps(error).encode()
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    identity = f"req-{uuid.uuid4()}"
    headers += [("X-Openstack-Request-Id", identity), ("X-Compute-Request-Id", identity)]
    if fault.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        headers.append(("Retry-After", str(round(fault.seconds))))
    start_response(f"{fault.status} {phrase}", headers)
    return [body]


def _cut(connection: socket.socket) -> None:
    # A linger time of zero: the peer sees a reset, as if the service was killed.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.shutdown(socket.SHUT_RDWR)
