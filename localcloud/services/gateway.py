"""cheroot, adapted to serve OpenStack's APIs: one WSGI application on one address and port."""

import socket
from collections.abc import Callable, Iterable
from typing import Any

from cheroot import wsgi

from localcloud.faults.middleware import SOCKET_KEY, FaultMiddleware

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


class _Body:
    """A request's body that the application cannot close: glance closes it, and with it the connection's file."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def close(self) -> None:
        """Do nothing: the connection may carry another request."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def __iter__(self) -> Any:
        return iter(self._file)


class _Gateway(wsgi.Gateway_10):
    """Builds the WSGI environment of one request."""

    def get_environ(self) -> Environ:
        environ: Environ = super().get_environ()
        environ["wsgi.input"] = _Body(self.req.rfile)
        environ[SOCKET_KEY] = self.req.conn.socket
        if self.req.chunked_read:
            # cheroot leaves the end of a chunked body unread, so the connection cannot be reused.
            self.req.close_connection = True
        return environ


def server(application: Application, service: str, address: str, port: int, threads: int) -> wsgi.Server:
    """A server for one application, wrapped with the fault middleware; ``prepare`` binds it, ``serve`` serves."""
    http = wsgi.Server(
        (address, port),
        FaultMiddleware(application, service),
        numthreads=threads,
        request_queue_size=256,
        timeout=120,
        server_name=socket.gethostname(),
    )
    http.gateway = _Gateway
    http.keep_alive_conn_limit = 200
    return http
