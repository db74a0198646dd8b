"""Facts about one server on this host: a JSON file in the server's folder, written before acting on it.

They are enough to start the server again after everything was killed, and to remove it from the host without Nova.
"""

import json
import string
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from localcloud.compute.cgroups import Limits
from localcloud.network.nic import Nic

#: Name of the file in a server's folder.
FILE = "server.json"


@dataclass(frozen=True)
class Disk:
    """A volume of a server.

    Attributes:
        volume_id: Cinder's id.
        file: the volume's file on the host.
        device: its name in the server: ``/dev/vdb``.
        root: whether the server boots from it.
    """

    volume_id: str
    file: str
    device: str
    root: bool = False

    @property
    def by_id(self) -> str:
        """Its name below /dev/disk/by-id: udev's name for a virtio disk whose serial number is the volume's ID."""
        return f"virtio-{self.volume_id[:20]}"


@dataclass(frozen=True)
class HostedServerFacts:
    """One server.

    Attributes:
        uuid: Nova's id.
        name: Nova's internal name (``instance-00000001``).
        hostname: its initial host name.
        project_id: its project; used by the metadata service.
        image: id of the unpacked image below its root, empty if it boots from a volume.
        limits: the flavor's.
        nics: its ports, in order.
        disks: its volumes.
    """

    uuid: str
    name: str
    hostname: str
    project_id: str
    image: str
    limits: Limits
    nics: tuple[Nic, ...] = ()
    disks: tuple[Disk, ...] = ()

    @property
    def root_disk(self) -> Disk | None:
        """The volume that it boots from, if any."""
        return next((disk for disk in self.disks if disk.root), None)

    def with_disk(self, disk: Disk) -> Self:
        """A copy with one more disk, which replaces a disk with the same volume."""
        return replace(self, disks=(*(old for old in self.disks if old.volume_id != disk.volume_id), disk))

    def without_disk(self, volume_id: str) -> Self:
        """A copy without a volume."""
        return replace(self, disks=tuple(disk for disk in self.disks if disk.volume_id != volume_id))

    def with_nic(self, nic: Nic) -> Self:
        """A copy with one more port, which replaces the same port."""
        return replace(self, nics=(*(old for old in self.nics if old.port_id != nic.port_id), nic))

    def without_nic(self, port_id: str) -> Self:
        """A copy without a port."""
        return replace(self, nics=tuple(nic for nic in self.nics if nic.port_id != port_id))

    def save(self, folder: Path) -> None:
        """Write the file atomically."""
        fresh = folder / f"{FILE}.new"
        fresh.write_text(json.dumps(asdict(self), indent=1))
        fresh.replace(folder / FILE)

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """The facts in a server's folder, or None."""
        try:
            values = json.loads((folder / FILE).read_text())
        except (FileNotFoundError, NotADirectoryError):
            return None
        return cls(
            **{
                **values,
                "limits": Limits(**values["limits"]),
                "nics": tuple(map(Nic.from_dict, values["nics"])),
                "disks": tuple(Disk(**disk) for disk in values["disks"]),
            }
        )


def load_all(servers: Path) -> list[HostedServerFacts]:
    """The facts of every server on this host, by id."""
    folders = sorted(servers.iterdir()) if servers.is_dir() else []
    return [facts for facts in map(HostedServerFacts.load, folders) if facts is not None]


def next_device(used: Iterable[str]) -> str:
    """The first free name for a data disk: ``/dev/vdb`` to ``/dev/vdz``; ``/dev/vda`` is the root disk.

    Raises:
        ValueError: all names are in use.
    """
    taken = set(used)
    for letter in string.ascii_lowercase[1:]:
        if f"/dev/vd{letter}" not in taken:
            return f"/dev/vd{letter}"
    raise ValueError("all 25 names of data disks are used")


def disk_from_mapping(mapping: Mapping[str, Any], root_device: str) -> Disk:
    """Read one entry of Nova's block device mapping.

    Args:
        mapping: with ``connection_info`` from the Cinder driver, and ``mount_device``.
        root_device: the server's root device name.
    """
    connection = mapping["connection_info"]
    device = mapping["mount_device"]
    root = mapping.get("boot_index") == 0 or device == root_device
    return Disk(volume_id(connection), connection["data"]["device_path"], device, root)


def volume_id(connection: Mapping[str, Any]) -> str:
    """The volume of a connection information; Nova stores it in one of two places."""
    return str(connection["data"].get("volume_id") or connection["serial"])
