"""Cinder, as far as clusters need it."""

from typing import Any

from tests.fakes.project.collection import Collection, Thing
from tests.fakes.project.http import Answer, RefusalError, Request, missing
from tests.fakes.project.network import PROJECT


class VolumeService:
    """Volumes and their types."""

    def __init__(self) -> None:
        self.volumes = Collection("volume", "volumes", self._volume, self._unattached)
        self.types = Collection("volume_type", "volume_types")
        self.quotas: dict[str, int] = {}

    def __call__(self, request: Request) -> Answer:
        """Answer a request."""
        match request.parts:
            case ("v3",):
                version = {"id": "v3.0", "status": "CURRENT", "version": "3.70", "min_version": "3.0", "links": []}
                return Answer(200, {"versions": [version]})
            case ("v3", _, "limits"):
                return Answer(200, {"limits": {"absolute": self._limits(), "rate": []}})
            case ("v3", _, "types"):
                return self.types.answer(request, None)
            case ("v3", _, "volumes", "detail"):
                return self.volumes.answer(request, None)
            case ("v3", _, "volumes", id_, "action"):
                return self._action(self.volumes.get(id_), request.body)
            case ("v3", _, "volumes", *rest):
                answer = self.volumes.answer(request, rest[0] if rest else None)
                return Answer(202, answer.document) if request.method in ("POST", "DELETE") else answer
        raise missing("/".join(request.parts))

    def attach(self, volume_id: str, server_id: str, device: str) -> Thing:
        """Attach a volume to a server."""
        volume = self.volumes.get(volume_id)
        if volume["status"] != "available":
            raise RefusalError(400, f"Invalid volume: volume {volume_id} status must be available")
        attachment = {"id": volume_id, "volume_id": volume_id, "server_id": server_id, "device": device}
        volume["attachments"] = [attachment]
        volume["status"] = "in-use"
        return attachment

    def detach(self, volume_id: str, server_id: str) -> None:
        """Take a volume from a server."""
        volume = self.volumes.get(volume_id)
        volume["attachments"] = [each for each in volume["attachments"] if each["server_id"] != server_id]
        volume["status"] = "available"

    def _volume(self, given: Thing) -> Thing:
        defaults: dict[str, Any] = {
            "status": "available",
            "attachments": [],
            "volume_type": "default",
            "metadata": {},
            "availability_zone": "nova",
            "bootable": "false",
            "multiattach": False,
            "description": "",
            "os-vol-tenant-attr:tenant_id": PROJECT,
        }
        return defaults | {key: value for key, value in given.items() if value is not None}

    def _unattached(self, volume: Thing) -> None:
        if volume["attachments"]:
            raise RefusalError(400, f"Invalid volume: volume {volume['id']} is attached")

    def _action(self, volume: Thing, body: dict[str, Any]) -> Answer:
        size = body.get("os-extend", {}).get("new_size")
        if size is None:
            raise RefusalError(400, f"no action {next(iter(body))}")
        if size < volume["size"]:
            raise RefusalError(400, "New size for extend must be greater than current size.")
        volume["size"] = size
        return Answer(202)

    def _limits(self) -> dict[str, int]:
        volumes = list(self.volumes.things.values())
        return {
            "maxTotalVolumes": self.quotas.get("volumes", -1),
            "totalVolumesUsed": len(volumes),
            "maxTotalVolumeGigabytes": self.quotas.get("gigabytes", -1),
            "totalGigabytesUsed": sum(volume["size"] for volume in volumes),
        }
