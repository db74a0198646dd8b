"""A cloud in memory at the seam where requests leave the image builder, with faults and kills at any request."""

import itertools
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from slurm_appliance.image.api import Answer
from slurm_appliance.image.errors import CloudApiError

Result = TypeVar("Result")
Item = dict[str, Any]

#: The same answer as a lost connection, a refusal, ...; raised instead of, or after, doing what was asked.
LOST = 0


class Killed(BaseException):
    """The process is gone: nothing of it runs any more, no finally of its either that talks to the cloud."""


@dataclass
class Fault:
    """What shall go wrong: requests that a pattern finds in ``METHOD service path body``.

    Attributes:
        pattern: regular expression.
        status: HTTP status; LOST for no answer.
        times: how often; negative for ever.
        after: whether the request is carried out first.
    """

    pattern: str
    status: int
    times: int = 1
    after: bool = False


@dataclass
class FakeCloud:
    """Nova, Glance, Neutron and Cinder as far as an image build goes."""

    now: datetime = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
    images: dict[str, Item] = field(default_factory=dict)
    servers: dict[str, Item] = field(default_factory=dict)
    ports: dict[str, Item] = field(default_factory=dict)
    security_groups: dict[str, Item] = field(default_factory=dict)
    floatingips: dict[str, Item] = field(default_factory=dict)
    volumes: dict[str, Item] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    #: Number of requests until the process that makes them is killed; negative: never.
    kill_after: int = -1
    #: Called before each request: what others do meanwhile.
    meanwhile: Callable[[str], None] = lambda _: None
    _ids: Any = field(default_factory=lambda: itertools.count(1))
    _lock: Any = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.networks = {"net": {"id": "net", "name": "cluster"}, "ext": {"id": "ext", "name": "external"}}
        self.flavors = {"f1": {"id": "f1", "name": "m1.small"}}
        self.security_groups["sg-default"] = {"id": "sg-default", "name": "default"}
        self.add_image("debian-12")

    def add_image(self, name: str, *, tags: tuple[str, ...] = (), status: str = "active", **more: str) -> Item:
        """An image that was there before."""
        image: Item = {
            "id": f"{next(self._ids):08x}-0000-4000-8000-000000000000",
            "name": name,
            "tags": list(tags),
            "status": status,
            "visibility": "private",
            "created_at": self.now.isoformat(),
            "updated_at": self.now.isoformat(),
            **more,
        }
        self.images[image["id"]] = image
        return image

    @property
    def leftovers(self) -> list[str]:
        """What builds have left, but finished images."""
        found = [
            f"image {each['name']}" for each in self.images.values() if each["name"].startswith("slurm-appliance-")
        ]
        for kind in ("servers", "ports", "security_groups", "volumes"):
            items = getattr(self, kind).values()
            found += [f"{kind} {each['name']}" for each in items if each["name"].startswith("slurm-appliance-")]
        return found + [f"floating IP {each['id']}" for each in self.floatingips.values()]

    # The seam

    @property
    def project(self) -> str:
        """Everything is in one."""
        return "project"

    def sleeping(self, _sleep: Callable[[float], None]) -> "FakeCloud":
        """Retries do not wait here."""
        return self

    def patiently(self, action: Callable[[], Result]) -> Result:
        """Three attempts."""
        for attempt in (1, 2, 3):
            try:
                return action()
            except CloudApiError as error:
                if attempt == 3 or error.status not in {LOST, 429, 500, 503}:
                    raise
        raise AssertionError

    def call(
        self,
        service: str,
        method: str,
        path: str,
        *,
        json: Any = None,
        query: Mapping[str, str] | None = None,
        version: str | None = None,
        retry: bool = True,
    ) -> Answer:
        """Answer a request."""

        def once() -> Answer:
            return self._answer(service, method, path, json, dict(query or {}), version)

        return self.patiently(once) if retry else once()

    def _answer(
        self, service: str, method: str, path: str, body: Any, query: dict[str, str], version: str | None
    ) -> Answer:
        with self._lock:
            line = f"{method} {service} {path} {body if body is not None else query}"
            if self.kill_after == 0:
                raise Killed
            self.kill_after -= 1
            self.meanwhile(line)
            self.requests.append(line)
            self.now += timedelta(seconds=1)
            fault = next((each for each in self.faults if each.times and re.search(each.pattern, line)), None)
            if fault is not None:
                fault.times -= 1
                if not fault.after:
                    raise self._refusal(fault.status, line)
            handler = getattr(self, f"_{service}")
            answer = handler(method, path.strip("/").split("/"), body, query, version)
            if fault is not None:
                raise self._refusal(fault.status, line)
            return Answer(answer, self.now)

    def _refusal(self, status: int, line: str) -> CloudApiError:
        words = f"{status} made to fail" if status else "connection lost"
        return CloudApiError(words, where=line, status=status, request_id="req-1" if status else "")

    def _missing(self, kind: str, key: str) -> CloudApiError:
        return CloudApiError(f"404 no {kind} {key}", where=kind, status=404, request_id="req-404")

    def _get(self, kind: str, key: str) -> Item:
        try:
            found: Item = getattr(self, kind)[key]
        except KeyError:
            raise self._missing(kind, key) from None
        return found

    # Services

    def _image(self, method: str, path: list[str], body: Any, query: dict[str, str], _version: str | None) -> Any:
        if path == ["images"] and method == "GET":
            found = [image for image in self.images.values() if query.get("name", image["name"]) == image["name"]]
            if "tag" in query:
                found = [image for image in found if query["tag"] in image["tags"]]
            return {"images": [dict(image) for image in found]}
        if path == ["images"]:
            more = {key: value for key, value in body.items() if key not in {"name", "tags"}}
            return dict(self.add_image(body["name"], status="queued", tags=tuple(body["tags"]), **more))
        image = self._get("images", path[1])
        if method == "DELETE":
            del self.images[path[1]]
            return None
        if method == "PATCH":
            for change in body:
                key = change["path"][1:]
                assert change["op"] != "replace" or key in image, f"Glance refuses to replace {key}"
                if change["op"] == "remove":
                    del image[key]
                else:
                    image[key] = change["value"]
            image["updated_at"] = self.now.isoformat()
        elif image["status"] == "saving":
            image["status"] = "active"
        return dict(image)

    def _compute(self, method: str, path: list[str], body: Any, query: dict[str, str], version: str | None) -> Any:
        if path == ["flavors"]:
            return {"flavors": list(self.flavors.values())}
        if path[0] == "servers" and path[1:] in ([], ["detail"]) and method == "GET":
            pattern = query.get("name", "")
            return {"servers": [each for each in self.servers.values() if re.search(pattern, each["name"])]}
        if path == ["servers"]:
            return {"server": self._new_server(body["server"])}
        server = self._get("servers", path[1])
        if path[-1] == "action":
            return self._action(server, body, version)
        if method == "DELETE":
            del self.servers[path[1]]
            for volume in self.volumes.values():
                if volume.get("server") == path[1]:
                    volume["status"] = "available"
            return None
        answer = {"server": dict(server)}
        if server["status"] == "BUILD":
            server["status"] = "ACTIVE"
        return answer

    def _new_server(self, body: Item) -> Item:
        port = self.ports[body["networks"][0]["port"]]
        assert not any(each["port"] == port["id"] for each in self.servers.values()), "the port has a server"
        server = {**body, "id": f"server-{next(self._ids)}", "status": "BUILD", "port": port["id"]}
        for mapping in body.get("block_device_mapping_v2", ()):
            self.volumes[mapping["uuid"]].update(status="in-use", server=server["id"])
        self.servers[server["id"]] = server
        return server

    def _action(self, server: Item, body: Item, version: str | None) -> Any:
        if "os-getConsoleOutput" in body:
            return {"output": "the console\n"}
        if "os-stop" in body:
            server["status"] = "SHUTOFF"
            return None
        assert version == "2.45"
        assert server["status"] == "SHUTOFF", "the disk is still written to"
        base = self.images[server["imageRef"]]
        inherited = {key: value for key, value in base.items() if key.startswith(("slurm_", "signature"))}
        made = body["createImage"]
        image = self.add_image(made["name"], status="saving", **{**inherited, **made["metadata"]})
        return {"image_id": image["id"]}

    def _network(self, method: str, path: list[str], body: Any, query: dict[str, str], _version: str | None) -> Any:
        kind = path[0].replace("-", "_")
        if kind == "security_group_rules":
            return body
        items: dict[str, Item] = getattr(self, kind)
        if len(path) == 2:
            self._get(kind, path[1])
            if method == "DELETE":
                used = [each for each in self.servers.values() if kind == "ports" and each["port"] == path[1]]
                used += [
                    each for each in self.ports.values() if kind == "security_groups" and path[1] in each["groups"]
                ]
                if used:
                    raise CloudApiError("409 in use", where=path[1], status=409, request_id="req-409")
                del items[path[1]]
            return None
        if method == "GET":
            keys = [key for key in ("name", "description") if key in query]
            return {kind: [each for each in items.values() if all(each.get(key) == query[key] for key in keys)]}
        key, given = next(iter(body.items()))
        made = {**given, "id": f"{key}-{next(self._ids)}"}
        if kind == "ports":
            made.update(fixed_ips=[{"ip_address": "10.0.0.9"}], groups=given.get("security_groups", []))
        if kind == "floatingips":
            made["floating_ip_address"] = "192.0.2.7"
        items[made["id"]] = made
        return {key: made}

    def _block_storage(self, method: str, path: list[str], body: Any, query: dict[str, str], _v: str | None) -> Any:
        if path[-1] == "action":
            volume = self._get("volumes", path[1])
            assert volume["status"] == "available"
            action = body["os-volume_upload_image"]
            image = self.add_image(action["image_name"], status="saving", disk_format=action["disk_format"])
            return {"os-volume_upload_image": {"image_id": image["id"]}}
        if path[0] == "volumes" and method == "POST":
            made = {**body["volume"], "id": f"volume-{next(self._ids)}", "status": "creating"}
            self.volumes[made["id"]] = made
            return {"volume": made}
        if len(path) == 1 or path[-1] == "detail":
            name = query.get("name")
            for volume in self.volumes.values():
                volume["status"] = volume["status"].replace("creating", "available")
            return {"volumes": [each for each in self.volumes.values() if name in (None, each["name"])]}
        volume = self._get("volumes", path[1])
        if method == "DELETE":
            assert volume["status"] == "available", f"Cinder refuses to delete a volume that is {volume['status']}"
            del self.volumes[path[1]]
            return None
        if volume["status"] == "creating":
            volume["status"] = "available"
        return {"volume": dict(volume)}
