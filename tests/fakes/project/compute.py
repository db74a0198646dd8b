"""Nova, as far as clusters need it."""

import threading
import time
import uuid
from typing import Any

from tests.fakes.project.collection import Collection, Thing
from tests.fakes.project.http import Answer, RefusalError, Request, missing
from tests.fakes.project.network import PROJECT, NetworkService
from tests.fakes.project.volume import VolumeService


class ComputeService:
    """Servers, flavors, key pairs, server groups.

    Attributes:
        build_seconds: how long a server is in BUILD or REBUILD.
        failing: names of servers that end in ERROR, once each.
    """

    def __init__(self, network: NetworkService, volume: VolumeService) -> None:
        self.build_seconds = 0.0
        self.failing: set[str] = set()
        self._network, self._volume = network, volume
        self.flavors = Collection("flavor", "flavors", self._flavor)
        self.servers = Collection("server", "servers", remove=self._release)
        self.server_groups = Collection(
            "server_group", "server_groups", lambda given: {"members": [], **given}, created=200
        )
        self.key_pairs: dict[str, Thing] = {}
        self.zones = ["nova"]
        self.quotas: dict[str, int] = {}
        self._ready: dict[str, float] = {}
        self._lock = threading.RLock()

    def __call__(self, request: Request) -> Answer:
        """Answer a request."""
        match request.parts:
            case ("v2.1",):
                version = {"id": "v2.1", "status": "CURRENT", "version": "2.95", "min_version": "2.1", "links": []}
                return Answer(200, {"version": version})
            case ("v2.1", "limits"):
                return Answer(200, {"limits": {"absolute": self._limits(), "rate": []}})
            case ("v2.1", "os-availability-zone"):
                zones = [{"zoneName": name, "zoneState": {"available": True}} for name in self.zones]
                return Answer(200, {"availabilityZoneInfo": zones})
            case ("v2.1", "os-keypairs", *rest):
                return self._key_pair(request, rest[0] if rest else None)
            case ("v2.1", "os-server-groups", *rest):
                return self.server_groups.answer(request, rest[0] if rest else None)
            case ("v2.1", "flavors", "detail"):
                return self.flavors.answer(request, None)
            case ("v2.1", "flavors", id_):
                return self.flavors.answer(request, id_)
            case ("v2.1", "servers", *rest):
                return self._servers(request, rest)
        raise missing("/".join(request.parts))

    def _servers(self, request: Request, rest: list[str]) -> Answer:
        match request.method, rest:
            case "POST", []:
                server = self._create(request.body["server"])
                return Answer(202, {"server": {"id": server["id"], "adminPass": "", "links": []}})
            case "GET", [] | ["detail"]:
                for server in list(self.servers.things.values()):
                    self._grown(server)
                return self.servers.answer(request, None)
            case "GET", [id_]:
                return Answer(200, {"server": self._grown(self.servers.get(id_))})
            case _, [id_]:
                return self.servers.answer(request, id_)
            case "POST", [id_, "action"]:
                return self._action(self._grown(self.servers.get(id_)), request.body)
            case _, [id_, "metadata", *key]:
                return self._metadata(self.servers.get(id_), request, key)
            case _, [id_, "tags"]:
                return Answer(200, {"tags": self.servers.get(id_)["tags"]})
            case "GET", [id_, "os-interface"]:
                return Answer(200, {"interfaceAttachments": []})
            case "GET", [id_, "os-security-groups"]:
                return Answer(200, {"security_groups": self.servers.get(id_)["security_groups"]})
            case _, [id_, "os-volume_attachments", *attachment]:
                return self._attachments(self.servers.get(id_), request, attachment)
        raise missing("/".join(rest))

    def _flavor(self, given: Thing) -> Thing:
        more = {"swap": "", "links": [], "OS-FLV-EXT-DATA:ephemeral": 0, "os-flavor-access:is_public": True}
        return {"ram": 2048, "vcpus": 1, "disk": 10, "rxtx_factor": 1.0, **more, **given}

    def _create(self, wanted: dict[str, Any]) -> Thing:
        with self._lock:
            ports = [self._network.ports.get(each["port"]) for each in wanted.get("networks") or []]
            for port in ports:
                if port["device_id"]:
                    raise RefusalError(409, f"Port {port['id']} is still in use.")
            boot = (wanted.get("block_device_mapping_v2") or [{}])[0]
            server = self.servers.add(
                name=wanted["name"],
                status="BUILD" if self.build_seconds else "ACTIVE",
                image={"id": wanted["imageRef"]} if wanted.get("imageRef") else "",
                flavor={"id": wanted["flavorRef"]},
                addresses=self._addresses(ports),
                metadata=dict(wanted.get("metadata") or {}),
                key_name=wanted.get("key_name"),
                user_data=wanted.get("user_data", ""),
                security_groups=[{"name": "default"}],
                tags=[],
                config_drive="",
                accessIPv4="",
                accessIPv6="",
                tenant_id=PROJECT,
                user_id="user",
                hostId="host",
                progress=0,
                links=[],
                created=_now(),
                updated=_now(),
                **{
                    "OS-EXT-AZ:availability_zone": wanted.get("availability_zone") or "nova",
                    "OS-EXT-STS:power_state": 1,
                    "OS-EXT-STS:vm_state": "active",
                    "OS-EXT-STS:task_state": None,
                    "OS-SRV-USG:launched_at": None if self.build_seconds else _launched(),
                    "os-extended-volumes:volumes_attached": [],
                },
            )
            if server["name"] in self.failing:
                self.failing.remove(server["name"])
                server.update({"status": "ERROR", "OS-EXT-STS:vm_state": "error", "OS-SRV-USG:launched_at": None})
                server["fault"] = {"message": "No valid host was found.", "code": 500, "created": _now()}
            for port in ports:
                port.update(device_id=server["id"], device_owner="compute:nova", status="ACTIVE")
            if boot.get("destination_type") == "volume":
                volume = self._volume.volumes.add(
                    name="", size=int(boot["volume_size"]), bootable="true",
                    volume_image_metadata={"image_id": boot["uuid"]},
                )  # fmt: skip
                self._volume.attach(volume["id"], server["id"], "/dev/vda")
            self._ready[server["id"]] = time.monotonic() + self.build_seconds
            return server

    def _addresses(self, ports: list[Thing]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for port in ports:
            found[self._network.networks.get(port["network_id"])["name"]] = [
                {
                    "version": 4,
                    "addr": fixed["ip_address"],
                    "OS-EXT-IPS-MAC:mac_addr": port["mac_address"],
                    "OS-EXT-IPS:type": "fixed",
                }
                for fixed in port["fixed_ips"]
            ]
        return found

    def _grown(self, server: Thing) -> Thing:
        if server["status"] in ("BUILD", "REBUILD") and time.monotonic() >= self._ready.get(server["id"], 0.0):
            server.update({"status": "ACTIVE", "OS-SRV-USG:launched_at": _launched()})
        return server

    def _action(self, server: Thing, body: dict[str, Any]) -> Answer:
        verb, wanted = next(iter(body.items()))
        if verb == "rebuild":
            server["image"] = {"id": wanted["imageRef"]}
            if self.build_seconds:
                server["status"] = "REBUILD"
                self._ready[server["id"]] = time.monotonic() + self.build_seconds
        elif verb == "resize":
            server.update(status="VERIFY_RESIZE", flavor={"id": wanted["flavorRef"]})
        elif verb == "confirmResize":
            server["status"] = "ACTIVE"
        elif verb == "os-stop":
            server.update({"status": "SHUTOFF", "OS-EXT-STS:vm_state": "stopped"})
        elif verb == "os-start":
            server.update({"status": "ACTIVE", "OS-EXT-STS:vm_state": "active"})
        else:
            raise RefusalError(400, f"no action {verb}")
        return Answer(202, {"server": server})

    def _metadata(self, server: Thing, request: Request, key: list[str]) -> Answer:
        if request.method == "DELETE":
            server["metadata"].pop(key[0], None)
            return Answer(204)
        if request.method == "POST":
            server["metadata"].update(request.body["metadata"])
        return Answer(200, {"metadata": server["metadata"]})

    def _attachments(self, server: Thing, request: Request, attachment: list[str]) -> Answer:
        if request.method == "POST":
            wanted = request.body["volumeAttachment"]["volumeId"]
            attached = len(server["os-extended-volumes:volumes_attached"])
            return Answer(200, {"volumeAttachment": self._attach(server, wanted, f"/dev/vd{'bcdefghij'[attached]}")})
        (volume_id,) = attachment
        found = [
            each for each in self._volume.volumes.get(volume_id)["attachments"] if each["server_id"] == server["id"]
        ]
        if not found:
            raise missing(f"attachment {volume_id}")
        if request.method == "DELETE":
            self._volume.detach(volume_id, server["id"])
            server["os-extended-volumes:volumes_attached"].remove({"id": volume_id})
            return Answer(202)
        return Answer(200, {"volumeAttachment": _shown(found[0], volume_id)})

    def _attach(self, server: Thing, volume_id: str, device: str) -> dict[str, Any]:
        with self._lock:
            attachment = self._volume.attach(volume_id, server["id"], device)
            server["os-extended-volumes:volumes_attached"].append({"id": volume_id})
            return _shown(attachment, volume_id)

    def _release(self, server: Thing) -> None:
        for port in list(self._network.ports.things.values()):
            if port["device_id"] == server["id"]:
                port.update(device_id="", device_owner="", status="DOWN")
        for volume in list(self._volume.volumes.things.values()):
            if any(each["server_id"] == server["id"] for each in volume["attachments"]):
                self._volume.detach(volume["id"], server["id"])
                if volume["bootable"] == "true":
                    self._volume.volumes.delete(volume["id"])

    def _key_pair(self, request: Request, name: str | None) -> Answer:
        match request.method, name:
            case "GET", None:
                return Answer(200, {"keypairs": [{"keypair": pair} for pair in self.key_pairs.values()]})
            case "POST", None:
                wanted = request.body["keypair"]
                if wanted["name"] in self.key_pairs:
                    raise RefusalError(409, f"Key pair '{wanted['name']}' already exists.")
                self.key_pairs[wanted["name"]] = {"fingerprint": "00", "user_id": "user", **wanted}
                return Answer(200, {"keypair": self.key_pairs[wanted["name"]]})
            case _, str(known) if known not in self.key_pairs:
                raise missing(f"key pair {known}")
            case "DELETE", str(known):
                del self.key_pairs[known]
                return Answer(202)
        return Answer(200, {"keypair": self.key_pairs[str(name)]})

    def _limits(self) -> dict[str, int]:
        flavors = [self.flavors.things[server["flavor"]["id"]] for server in list(self.servers.things.values())]
        used = {
            "Instances": len(flavors),
            "Cores": sum(flavor["vcpus"] for flavor in flavors),
            "RAM": sum(flavor["ram"] for flavor in flavors),
        }
        most = {f"maxTotal{key}{'Size' if key == 'RAM' else ''}": self.quotas.get(key.lower(), -1) for key in used}
        return most | {f"total{key}Used": amount for key, amount in used.items()}


def _shown(attachment: Thing, volume_id: str) -> dict[str, Any]:
    return {
        "id": volume_id,
        "volumeId": volume_id,
        "serverId": attachment["server_id"],
        "device": attachment["device"],
    }


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def _launched() -> str:
    """Now, as Nova writes it in what is an extension's: with fractions and without a zone."""
    return time.strftime("%Y-%m-%dT%H:%M:%S.000000", time.gmtime())


def new_id() -> str:
    """An id as OpenStack makes them."""
    return str(uuid.uuid4())
