"""The part of Pulumi's REST API that updates use, on loopback, for one stack and whoever has the token.

Documented at https://www.pulumi.com/docs/pulumi-cloud/reference/cloud-rest-api/. Anything else is answered with 404, by
which the engine knows that this service does not offer it.
"""

import gzip
import json
import re
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from slurm_appliance.journal.errors import JournalError
from slurm_appliance.journal.keeper import Keeper
from slurm_appliance.journal.layout import ORGANIZATION
from slurm_appliance.journal.replay import VERSION

Json = dict[str, Any]

#: Longer than any update; the engine renews its lease in time anyway.
_LEASE_SECONDS = 24 * 3600

_ACCOUNT = {"githubLogin": ORGANIZATION, "name": ORGANIZATION, "organizations": [{"githubLogin": ORGANIZATION}]}
_KINDS = ("update", "preview", "refresh", "destroy")


class _Unknown(Exception):  # noqa: N818 - an answer rather than an error
    """Raised for what the service does not offer."""


class Service:
    """Answers the engine's calls about one stack.

    Attributes:
        token: what callers have to know.
        problems: why calls were refused: the engine shows of it what fits into one line.
    """

    def __init__(self, keeper: Keeper) -> None:
        self.token = secrets.token_urlsafe(32)
        self.problems: list[str] = []
        self._keeper = keeper
        self._stack = ["stacks", ORGANIZATION, keeper.layout.project, keeper.layout.stack]
        self._http = _Server(self)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._http.server_port}"

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Answer until the block ends."""
        thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._http.shutdown()
            self._http.server_close()
            thread.join()

    def answer(self, method: str, parts: list[str], body: Json, engine: str) -> Json:
        """The answer to a call.

        Args:
            method: HTTP's.
            parts: the words of the path below ``/api``.
            body: what came with it.
            engine: the version of the engine that calls.

        Raises:
            JournalError: the call cannot be served.
        """
        if parts[:4] == self._stack:
            return self._about_stack(method, parts[4:], body, engine)
        match method, parts:
            case "GET", ["user"]:
                return _ACCOUNT
            case "GET", ["user", "organizations", "default"]:
                return {"GitHubLogin": ORGANIZATION}
            case "GET", ["capabilities"]:
                return {"capabilities": []}
            case "HEAD", ["stacks", _, _]:
                return {}
        raise _Unknown

    def _about_stack(self, method: str, rest: list[str], body: Json, engine: str) -> Json:
        keeper = self._keeper
        match method, rest:
            case "GET", []:
                keys = ("orgName", "projectName", "stackName")
                return dict(zip(keys, self._stack[1:], strict=True)) | {"tags": {}, "version": len(keeper.updates)}
            case "GET", ["export"]:
                return keeper.export()
            case "GET", ["updates", *_]:
                history = [update.as_history(number) for number, update in enumerate(keeper.updates, 1)]
                return {"updates": history[::-1]}
            case "POST", [kind] if kind in _KINDS:
                return {"updateID": keeper.announce(kind).id}
            case "POST", [_, id_]:
                if body.get("journalVersion") != VERSION:
                    raise JournalError("this engine keeps no journal; it is too old")
                keeper.start(keeper.find(id_), engine)
                return _lease() | {"version": len(keeper.updates), "journalVersion": VERSION}
            case "PATCH", [_, _, "journalentries"]:
                keeper.add(body["entries"])
                return {}
            case "POST", [_, _, "renew_lease"]:
                return _lease()
            case "POST", [_, id_, "complete"]:
                keeper.complete(keeper.find(id_), body["status"])
                return {}
            case "POST", [_, _, "events", "batch"]:
                return {}
        raise _Unknown


def _lease() -> Json:
    return {"token": "lease", "tokenExpiration": int(time.time()) + _LEASE_SECONDS}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # One packet an answer.
    disable_nagle_algorithm = True

    def _do(self) -> None:
        raw = self._body()
        service = cast("_Server", self.server).service
        status, document = 200, {}
        authorization = self.headers.get("Authorization", "")
        # Within an update the engine shows the lease that it got for it.
        if authorization not in (f"token {service.token}", "update-token lease"):
            status, document = 401, {"code": 401, "message": "no access"}
        else:
            try:
                parts = [part for part in self.path.partition("?")[0].split("/") if part]
                body = json.loads(raw) if raw and parts[-2:] != ["events", "batch"] else {}
                document = service.answer(self.command, parts[1:], body, self._engine())
            except _Unknown:
                status, document = 404, {"code": 404, "message": "not offered"}
            except (JournalError, OSError) as error:
                service.problems.append(str(error))
                # The engine repeats what it believes to be the server's trouble: this would not go away.
                status, document = 400, {"code": 400, "message": str(error)}
        data = json.dumps(document).encode()
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    do_GET = do_POST = do_PATCH = do_HEAD = _do  # noqa: N815 - the base class looks for these.

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            raw = b"".join(self._chunks())
        else:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        return gzip.decompress(raw) if self.headers.get("Content-Encoding") == "gzip" else raw

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()

    def _engine(self) -> str:
        match = re.search(r"\((v[0-9][^;)]*)", self.headers.get("User-Agent", ""))
        return match[1] if match else ""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name.
        """The engine says what it does; what is refused is kept."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, service: Service) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.service = service
