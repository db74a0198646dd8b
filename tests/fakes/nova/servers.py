"""Servers with their images and volumes, and what becomes of them when they are rebuilt and rebooted."""

from __future__ import annotations

import re
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.fakes.nova.identity import PROJECT
from tests.fakes.timers import Timers

_SERVER = re.compile(r"/compute/v2\.1/servers/([0-9a-f-]{36})(/action)?$")
_VOLUME = re.compile(rf"/volume/v3/{PROJECT}/volumes/([0-9a-f-]{{36}})$")
_IMAGE = re.compile(r"/image/v2/images/([0-9a-f-]{36})$")


@dataclass(frozen=True)
class Operation:
    """A rebuild or a reboot, from acceptance to its end, in seconds of time.time()."""

    server: str
    verb: str
    began: float
    ended: float


class Servers:
    """Servers, images and volumes.

    Attributes:
        rebuild_seconds, reboot_seconds: how long they take.
        operations: those that have ended.
        rebuild_ends_in_error: why the rebuild of a server of that name fails.
        on_off: called with a server's name when its rebuild or reboot begins.
        on_boot: the same when it has ended.
    """

    def __init__(self) -> None:
        self.rebuild_seconds = self.reboot_seconds = 0.05
        self.servers: dict[str, dict[str, Any]] = {}
        self.images: dict[str, dict[str, Any]] = {}
        self.volumes: dict[str, dict[str, Any]] = {}
        self.operations: list[Operation] = []
        self.rebuild_ends_in_error: dict[str, str] = {}
        self.on_off: Callable[[str], None] = lambda _name: None
        self.on_boot: Callable[[str], None] = lambda _name: None
        self._lock = threading.RLock()
        self._timers = Timers()

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

    def _boot_volume(self, server: dict[str, Any]) -> dict[str, Any]:
        volumes = (self.volumes[each["id"]] for each in server["os-extended-volumes:volumes_attached"])
        return next(volume for volume in volumes if volume["bootable"] == "true")

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
