"""Facts about a node for a decision: from Nova, Cinder, Glance, Slurm and our own record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from .slurm_state import SlurmNode
from .targets import Target

#: Task states of a server while Nova rebuilds it.
REBUILD_TASKS = frozenset({"rebuilding", "rebuild_block_device_mapping", "rebuild_spawning"})
#: Task states of a server while Nova reboots it.
REBOOT_TASKS = frozenset(
    {"rebooting", "reboot_pending", "reboot_started", "rebooting_hard", "reboot_pending_hard", "reboot_started_hard"}
)


@dataclass(frozen=True)
class NodeServer:
    """A server from Nova.

    Attributes:
        image_id: its current image; for a volume-backed server, the image last written to its boot volume; empty if
            unknown.
        disk: GiB of its root disk: from the flavor or the boot volume; 0 if the flavor sets none.
        ram: MiB of the flavor.
        fault: Nova's message for status ERROR.
    """

    id: str
    status: str
    task_state: str = ""
    locked: bool = False
    image_id: str = ""
    volume_backed: bool = False
    disk: int = 0
    ram: int = 0
    fault: str = ""


@dataclass(frozen=True)
class TargetImage:
    """An image from Glance; `min_disk` in GiB, `min_ram` in MiB."""

    id: str
    status: str
    min_disk: int = 0
    min_ram: int = 0


class Verb(Enum):
    """The two actions of Nova."""

    REBUILD = "rebuild"
    REBOOT = "reboot"


@dataclass(frozen=True)
class Intent:
    """What this program intends to do for the current request; recorded before the call to Nova.

    Attributes:
        image_id: the image of a rebuild.
        accepted: whether Nova accepted it; if not, the answer may have been lost
        request_id: OpenStack's ID of the accepted call.
    """

    verb: Verb
    image_id: str
    accepted: bool = False
    request_id: str = ""


@dataclass(frozen=True)
class RebootFacts:
    """The input of `decide`.

    Attributes:
        target: this node's record, or None.
        target_problem: why the file of targets is unusable; empty if it is usable.
        server: None if Nova has no server with the recorded ID.
        image: the target image, None if it is missing or was not needed.
        slurm: None if Slurm could not be queried; as it requested the reboot, this alone stops nothing.
        intent: None until an action was started for this request.
        waited: seconds since Slurm's request.
        lost: Slurm has not seen the node since the last boot requested here.
    """

    node: str
    target: Target | None
    server: NodeServer | None = None
    image: TargetImage | None = None
    slurm: SlurmNode | None = None
    intent: Intent | None = None
    target_problem: str = ""
    waited: float = 0.0
    lost: bool = False


def needs_image(server: NodeServer | None, target: Target | None) -> bool:
    """Whether the decision depends on the target image, so that Glance must be queried."""
    if server is None or target is None:
        return False
    return server.image_id != target.image_id or server.status == "ERROR"


def boot_volume(volumes: Sequence[dict[str, Any]], server_id: str) -> dict[str, Any] | None:
    """The attached volume (Cinder's document) that a volume-backed server boots from.

    Cinder marks volumes created from images as bootable, data volumes are not. If there are several, the first disk by
    device name is the boot disk.
    """

    def device(volume: dict[str, Any]) -> str:
        devices = [
            each.get("device") or "~" for each in volume.get("attachments", ()) if each.get("server_id") == server_id
        ]
        return min(devices, default="~")

    bootable = [volume for volume in volumes if str(volume.get("bootable")).lower() == "true"]
    return min(bootable, key=device, default=None)
