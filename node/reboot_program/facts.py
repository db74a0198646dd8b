"""What is known about a node when it is decided upon: from Nova, Cinder, Glance, Slurm and our own record."""

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
    """A server as Nova shows it.

    Attributes:
        image_id: the image it runs; for a volume-backed server the one its boot volume was last written from; empty
            if that cannot be told.
        disk: GiB of its root disk: the flavor's, or the boot volume's; 0 where the flavor sets none.
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
    """An image as Glance shows it; `min_disk` in GiB, `min_ram` in MiB."""

    id: str
    status: str
    min_disk: int = 0
    min_ram: int = 0


class Verb(Enum):
    """The two things that can be asked of Nova."""

    REBUILD = "rebuild"
    REBOOT = "reboot"


@dataclass(frozen=True)
class Intent:
    """What this program set out to do for the request at hand; written down before Nova is asked.

    Attributes:
        image_id: the image of a rebuild.
        accepted: Nova said yes. Without that, the answer may have been lost on the way.
        request_id: OpenStack's, of the call that was accepted.
    """

    verb: Verb
    image_id: str
    accepted: bool = False
    request_id: str = ""


@dataclass(frozen=True)
class RebootFacts:
    """All that `decide` may look at.

    Attributes:
        target: this node's record, None if there is none.
        target_problem: why the file of targets cannot be used, empty if it can.
        server: None if Nova has none with the recorded id.
        image: the target image, None if Glance has none or it was not asked because nothing depends on it.
        slurm: None where Slurm could not be asked; it did ask for a reboot, so that alone stops nothing.
        intent: None until something was begun for this request.
        waited: seconds since Slurm's request.
        lost: Slurm has not seen the node since the last boot that was asked for here.
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
    """Whether the decision depends on the target image, so that Glance has to be asked."""
    if server is None or target is None:
        return False
    return server.image_id != target.image_id or server.status == "ERROR"


def boot_volume(volumes: Sequence[dict[str, Any]], server_id: str) -> dict[str, Any] | None:
    """Which of the attached volumes (Cinder's documents) a volume-backed server boots from.

    Cinder marks as bootable what was made from an image; data volumes are not. Where several are, the first disk by
    device name boots.
    """

    def device(volume: dict[str, Any]) -> str:
        devices = [
            each.get("device") or "~" for each in volume.get("attachments", ()) if each.get("server_id") == server_id
        ]
        return min(devices, default="~")

    bootable = [volume for volume in volumes if str(volume.get("bootable")).lower() == "true"]
    return min(bootable, key=device, default=None)
