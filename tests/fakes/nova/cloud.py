"""The cloud as its clients reach it."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from tests.fakes.nova import identity
from tests.fakes.nova.calls import Call, Fault, matches
from tests.fakes.nova.http import Handler, Server
from tests.fakes.nova.servers import Servers


class FakeCloud(Servers):
    """A cloud with servers.

    Attributes:
        url: Keystone's address.
        latency: seconds that each call takes.
        calls: all that came in.
        faults: answers in place of the real ones.
        rules: access rules that every call must match; None allows all.
        most_at_once: how many calls were under way at one time.
    """

    def __init__(self) -> None:
        super().__init__()
        self.latency = 0.0
        self.calls: list[Call] = []
        self.faults: list[Fault] = []
        self.rules: list[Mapping[str, str]] | None = None
        self.most_at_once = self._at_once = 0
        self._tokens = {"initial"}
        self._http = Server(self)
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    @contextmanager
    def serving(self) -> Iterator[FakeCloud]:
        """Serve until the block ends."""
        thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            self._timers.close()
            self._http.shutdown()
            self._http.server_close()
            thread.join()

    def clouds_yaml(self, name: str = "reboot") -> str:
        """A clouds.yaml whose entry authenticates with an application credential."""
        auth = {
            "auth_url": f"{self.url}/identity/v3",
            "application_credential_id": "a",
            "application_credential_secret": "s",
        }
        return json.dumps(
            {"clouds": {name: {"auth_type": "v3applicationcredential", "auth": auth, "region_name": "R"}}}
        )

    def actions(self, server_id: str | None = None) -> list[str]:
        """The rebuilds and reboots that were accepted, in their order."""
        return [
            call.action
            for call in list(self.calls)
            if call.action and call.status == 202 and (server_id is None or server_id in call.path)
        ]

    def answer(self, handler: Handler, method: str) -> None:
        """Answer one call."""
        length = int(handler.headers.get("Content-Length") or 0)
        body = json.loads(handler.rfile.read(length)) if length else None
        path = handler.path.partition("?")[0]
        with self._lock:
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if self.latency:
                time.sleep(self.latency)
            fault = self._fault(method, path, body)
            if fault is None or fault.after:
                status, document, headers = self._real(handler, method, path, body)
            if fault:
                status, document, headers = fault.status, {"fault": {"message": "told to fail"}}, dict(fault.headers)
        finally:
            with self._lock:
                self._at_once -= 1
        version = handler.headers.get("OpenStack-API-Version", "")
        self.calls.append(Call(method, path, version, body, time.time(), 0 if fault and fault.drop else status))
        if fault and fault.drop:
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        handler.reply(status, document, {"x-openstack-request-id": f"req-{uuid.uuid4()}", **headers})

    def _fault(self, method: str, path: str, body: Any) -> Fault | None:
        with self._lock:
            for fault in self.faults:
                action = not fault.action or (isinstance(body, dict) and fault.action in body)
                if fault.times > 0 and fault.method == method and action and re.search(fault.path, path):
                    fault.times -= 1
                    return fault
        return None

    def _real(self, handler: Handler, method: str, path: str, body: Any) -> tuple[int, Any, dict[str, str]]:
        if path == "/identity/v3/auth/tokens" and method == "POST":
            token = uuid.uuid4().hex
            self._tokens.add(token)
            return 201, identity.token(self.url), {"X-Subject-Token": token}
        if path in {"/identity/v3", "/identity/v3/"}:
            return 200, identity.versions(self.url), {}
        if handler.headers.get("X-Auth-Token") not in self._tokens:
            return 401, {"error": {"message": "no token"}}, {}
        if self.rules is not None and not any(matches(rule, method, path) for rule in self.rules):
            return 401, {"error": {"message": "access rules"}}, {}
        with self._lock:
            status, document = self._resource(method, path, body)
        return status, document, {}
