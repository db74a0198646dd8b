"""What is asked for, as the inventory has it.

::

    {"control_address": "10.0.0.10", "volumes": {"scratch": "<id>"}, "mounts": [
        {"name": "scratch", "type": "nfs", "where": "/scratch", "options": ["vers=4.2"], "automount": false,
         "server": "", "export": "/exports/scratch"},
        {"name": "fast", "type": "disk", "where": "/fast", "options": [], "volume": "scratch", "format": "ext4"}]}
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Mount:
    """A file system to mount.

    Attributes:
        name: its name in the configuration.
        type: nfs, cephfs, lustre, bind, tmpfs or disk.
        where: the mount point.
        options: mount options.
        automount: mount it when it is first used.
        what: what is mounted; for disks the device, once it is found.
        key: a secret of Ceph's.
        user: the user at Ceph.
        lnet: options of the kernel module lnet.
        volume: the volume that the disk is.
        device: the disk, where it is no volume.
        format: what a blank disk is formatted with.
        mode: permissions of a disk's top directory.
    """

    name: str
    type: str
    where: str
    options: tuple[str, ...] = ()
    automount: bool = False
    what: str = ""
    key: str = field(default="", repr=False)
    user: str = ""
    lnet: str = ""
    volume: str = ""
    device: str = ""
    format: str = "ext4"
    mode: str = ""


@dataclass(frozen=True)
class Places:
    """Where files are."""

    units: Path = Path("/etc/systemd/system")
    secrets: Path = Path("/etc/slurm-appliance/filesystems")
    lnet: Path = Path("/etc/modprobe.d/slurm-appliance-lnet.conf")
    record: Path = Path("/var/lib/slurm-appliance/filesystems")
    disks: Path = Path("/dev/disk/by-id")


@dataclass(frozen=True)
class FilesystemsRequest:
    """A request.

    Attributes:
        mounts: the file systems of this node.
        volumes: ids of the node's volumes, by their names in the configuration.
        places: where files are.
    """

    mounts: tuple[Mount, ...]
    volumes: Mapping[str, str] = field(default_factory=dict)
    places: Places = field(default_factory=Places)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> FilesystemsRequest:
        """Parse a request from JSON."""
        control = str(document.get("control_address", ""))
        mounts = tuple(_mount(each, control) for each in document["mounts"])
        return cls(mounts, dict(document.get("volumes") or {}))


def _mount(entry: Mapping[str, Any], control: str) -> Mount:
    values = {key: value for key, value in entry.items() if key not in ("server", "export")}
    if "export" in entry:
        server = str(entry.get("server") or control)
        if not server:
            raise ValueError(f"{entry['where']}: the control node's address is not known")
        values["what"] = f"{f'[{server}]' if ':' in server else server}:{entry['export']}"
    return Mount(**{**values, "options": tuple(entry.get("options", ()))})
