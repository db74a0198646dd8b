"""Keystone, Nova, Glance and Cinder on loopback: as much of them as reads, rebuilds and reboots of servers need.

Speaks real HTTP to real clients, takes time for rebuilds, fails where a test tells it to, enforces the access rules of
an application credential as keystonemiddleware does, and keeps a record of all calls.
"""

import json
import re
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, cast

from tests.fakes.timers import Timers

PROJECT = "0123456789abcdef0123456789abcdef"
_SERVER = re.compile(r"/compute/v2\.1/servers/([0-9a-f-]{36})(/action)?$")
_VOLUME = re.compile(rf"/volume/v3/{PROJECT}/volumes/([0-9a-f-]{{36}})$")
_IMAGE = re.compile(r"/image/v2/images/([0-9a-f-]{36})$")


@dataclass(frozen=True)
class Call:
    """One call as it came in."""

    method: str
    path: str
    version: str
    body: Any
    at: float
    status: int

    @property
    def action(self) -> str:
        """What a server's action was: rebuild or reboot; empty for other calls."""
        return next(iter(self.body), "") if self.path.endswith("/action") and self.body else ""


@dataclass
class Fault:
    """An answer in place of the real one.

    Attributes:
        times: for so many calls, then no more.
        after: the call takes effect all the same; only its answer is lost.
        drop: close the connection without an answer.
    """

    method: str
    path: str
    status: int = 500
    times: int = 1
    headers: Mapping[str, str] = field(default_factory=dict)
    drop: bool = False
    after: bool = False
    action: str = ""


@dataclass(frozen=True)
class Operation:
    """A rebuild or a reboot, from acceptance to its end, in seconds of time.time()."""

    server: str
    verb: str
    began: float
    ended: float


class FakeCloud:
    """A cloud with servers.

    Attributes:
        url: Keystone's address.
        latency: seconds that each call takes.
        rebuild_seconds, reboot_seconds: how long they take.
        rules: access rules that every call must match; None allows all.
        on_off: called with a server's name when its rebuild or reboot begins.
        on_boot: the same when it has ended.
    """

    def __init__(self) -> None:
        self.latency = 0.0
        self.rebuild_seconds = self.reboot_seconds = 0.05
        self.servers: dict[str, dict[str, Any]] = {}
        self.images: dict[str, dict[str, Any]] = {}
        self.volumes: dict[str, dict[str, Any]] = {}
        self.calls: list[Call] = []
        self.operations: list[Operation] = []
        self.faults: list[Fault] = []
        self.rules: list[Mapping[str, str]] | None = None
        self.rebuild_ends_in_error: dict[str, str] = {}
        self.on_off: Callable[[str], None] = lambda _name: None
        self.on_boot: Callable[[str], None] = lambda _name: None
        self.most_at_once = self._at_once = 0
        self._tokens = {"initial"}
        self._lock = threading.RLock()
        self._timers = Timers()
        self._http = _Server(self)
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    @contextmanager
    def serving(self) -> Iterator["FakeCloud"]:
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

    def add_image(self, **more: Any) -> str:
        """An active image; returns its id."""
        image = {"id": str(uuid.uuid4()), "status": "active", "min_disk": 0, "min_ram": 0, **more}
        self.images[image["id"]] = image
        return str(image["id"])

    def add_server(self, name: str, image: str, *, volume_backed: bool = False, **more: Any) -> str:
        """An ACTIVE server; returns its id. A volume-backed one comes with a data volume as well."""
        identifier = str(uuid.uuid4())
        attached = []
        if volume_backed:
            for device, written_from in (("/dev/vdb", None), ("/dev/vda", image)):
                volume = str(uuid.uuid4())
                self.volumes[volume] = {
                    "id": volume,
                    "size": 20,
                    "bootable": "true" if written_from else "false",
                    "attachments": [{"server_id": identifier, "device": device}],
                    **({"volume_image_metadata": {"image_id": written_from}} if written_from else {}),
                }
                attached.append({"id": volume, "delete_on_termination": True})
        self.servers[identifier] = {
            "id": identifier,
            "name": name,
            "status": "ACTIVE",
            "OS-EXT-STS:task_state": None,
            "locked": False,
            "image": "" if volume_backed else {"id": image},
            "flavor": {"original_name": "m", "disk": 20, "ram": 2048, "vcpus": 1},
            "os-extended-volumes:volumes_attached": attached,
            **more,
        }
        return identifier

    def image_of(self, server_id: str) -> str:
        """The image that a server runs."""
        server = self.servers[server_id]
        if server["image"]:
            return str(server["image"]["id"])
        return str(self._boot_volume(server)["volume_image_metadata"]["image_id"])

    def actions(self, server_id: str | None = None) -> list[str]:
        """The rebuilds and reboots that were accepted, in their order."""
        return [
            call.action
            for call in list(self.calls)
            if call.action and call.status == 202 and (server_id is None or server_id in call.path)
        ]

    def _boot_volume(self, server: dict[str, Any]) -> dict[str, Any]:
        volumes = (self.volumes[each["id"]] for each in server["os-extended-volumes:volumes_attached"])
        return next(volume for volume in volumes if volume["bootable"] == "true")

    # What follows answers calls.

    def answer(self, handler: "_Handler", method: str) -> None:
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

    def _real(self, handler: "_Handler", method: str, path: str, body: Any) -> tuple[int, Any, dict[str, str]]:
        if path == "/identity/v3/auth/tokens" and method == "POST":
            token = uuid.uuid4().hex
            self._tokens.add(token)
            return 201, self._token(), {"X-Subject-Token": token}
        if path in {"/identity/v3", "/identity/v3/"}:
            links = [{"rel": "self", "href": f"{self.url}/identity/v3/"}]
            return 200, {"version": {"id": "v3.14", "status": "stable", "links": links}}, {}
        if handler.headers.get("X-Auth-Token") not in self._tokens:
            return 401, {"error": {"message": "no token"}}, {}
        if self.rules is not None and not any(_matches(rule, method, path) for rule in self.rules):
            return 401, {"error": {"message": "access rules"}}, {}
        with self._lock:
            status, document = self._resource(method, path, body)
        return status, document, {}

    def _resource(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if method == "GET" and path == "/compute/v2.1/servers/detail":
            return 200, {"servers": list(self.servers.values())}
        if method == "GET" and path == f"/volume/v3/{PROJECT}/volumes/detail":
            return 200, {"volumes": list(self.volumes.values())}
        for pattern, things, name in ((_VOLUME, self.volumes, "volume"), (_IMAGE, self.images, "")):
            match = pattern.search(path)
            if match and method == "GET":
                thing = things.get(match[1])
                if thing is None:
                    return 404, {"itemNotFound": {"message": "no such thing"}}
                return 200, {name: thing} if name else thing
        match = _SERVER.search(path)
        server = self.servers.get(match[1]) if match else None
        if match is None or server is None:
            return 404, {"itemNotFound": {"message": f"no {path}"}}
        if method == "GET" and not match[2]:
            return 200, {"server": server}
        if method == "POST" and match[2]:
            return self._action(server, body)
        return 405, {"badMethod": {"message": method}}

    def _action(self, server: dict[str, Any], body: dict[str, Any]) -> tuple[int, Any]:
        verb = next(iter(body))
        if server["locked"] or server["OS-EXT-STS:task_state"]:
            return 409, {
                "conflictingRequest": {"message": f"server is locked or in task {server['OS-EXT-STS:task_state']}"}
            }
        if verb == "rebuild":
            image = body["rebuild"]["imageRef"]
            if image not in self.images:
                return 400, {"badRequest": {"message": "Can not find requested image"}}
            stays_off = server["status"] == "SHUTOFF"
            server["status"], server["OS-EXT-STS:task_state"] = "REBUILD", "rebuilding"
            if server["image"]:
                server["image"] = {"id": image}
            ends = "SHUTOFF" if stays_off else "ACTIVE"
            self._later(self.rebuild_seconds, server, verb, ends, image)
            return 202, {"server": server}
        if verb == "reboot":
            server["status"], server["OS-EXT-STS:task_state"] = "REBOOT", "reboot_started"
            self._later(self.reboot_seconds, server, verb, "ACTIVE", "")
            return 202, None
        return 400, {"badRequest": {"message": f"no action {verb}"}}

    def _later(self, seconds: float, server: dict[str, Any], verb: str, status: str, image: str) -> None:
        began = time.time()
        self._timers.after(0, lambda: self.on_off(server["name"]))

        def end() -> None:
            with self._lock:
                self.operations.append(Operation(server["id"], verb, began, time.time()))
                server["OS-EXT-STS:task_state"] = None
                fault = self.rebuild_ends_in_error.get(server["name"]) if verb == "rebuild" else None
                if fault:
                    server["status"], server["fault"] = "ERROR", {"message": fault}
                    return
                server["status"] = status
                if image and not server["image"]:
                    self._boot_volume(server)["volume_image_metadata"]["image_id"] = image
            if status == "ACTIVE":
                self.on_boot(server["name"])

        self._timers.after(seconds, end)

    def _token(self) -> dict[str, Any]:
        catalog = [
            {
                "type": kind,
                "name": kind,
                "id": kind,
                "endpoints": [
                    {"interface": "public", "region": "R", "region_id": "R", "id": kind, "url": self.url + path}
                ],
            }
            for kind, path in (
                ("identity", "/identity/v3"),
                ("compute", "/compute/v2.1"),
                ("image", "/image"),
                ("volumev3", f"/volume/v3/{PROJECT}"),
            )
        ]
        domain = {"id": "default", "name": "Default"}
        return {
            "token": {
                "methods": ["application_credential"],
                "expires_at": "2099-01-01T00:00:00.000000Z",
                "issued_at": "2026-01-01T00:00:00.000000Z",
                "user": {"id": "u", "name": "u", "domain": domain},
                "project": {"id": PROJECT, "name": "p", "domain": domain},
                "roles": [{"id": "r", "name": "member"}],
                "catalog": catalog,
            }
        }


def _matches(rule: Mapping[str, str], method: str, path: str) -> bool:
    """Whether a call is what a rule allows: ``*`` and ``{name}`` stand for one segment, ``**`` for any number."""
    pattern = re.sub(
        r"\\\*\\\*|\\\*|\\\{[^}]*\\\}", lambda found: ".*" if found[0] == r"\*\*" else "[^/]+", re.escape(rule["path"])
    )
    return rule["method"] == method and re.fullmatch(pattern, path) is not None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, cloud: FakeCloud) -> None:
        self.cloud = cloud
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
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
        cast("_Server", self.server).cloud.answer(self, "GET")

    def do_POST(self) -> None:
        cast("_Server", self.server).cloud.answer(self, "POST")
