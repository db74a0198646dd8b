"""Interfaces and disks added to a server and removed from it, while it is running or stopped.

Every call can be repeated after an interruption at any point; existing parts are kept.
"""

from localcloud.compute.node import HostedServer
from localcloud.compute.server_facts import Disk
from localcloud.host import loop_device
from localcloud.host.command import HostError
from localcloud.network.nic import Nic


def add_nic(server: HostedServer, nic: Nic, metadata_url: str) -> None:
    """Plug a port into a server."""
    server.save(server.facts.with_nic(nic))
    server.plug(nic)
    _refresh(server, metadata_url)
    server.inside("networkctl", "reload")


def remove_nic(server: HostedServer, port_id: str, metadata_url: str) -> None:
    """Unplug a port; a missing port is not an error."""
    for nic in server.facts.nics:
        if nic.port_id == port_id:
            server.unplug(nic)
    server.save(server.facts.without_nic(port_id))
    _refresh(server, metadata_url)


def add_disk(server: HostedServer, disk: Disk, metadata_url: str) -> None:
    """Attach a volume to a server."""
    server.save(server.facts.with_disk(disk))
    if not server.running:
        return
    device = loop_device.attach(disk.file)
    major, minor = loop_device.numbers(device)
    server.groups.allow_disk(major, minor)
    for name in (disk.device, device):
        server.inside("rm", "-f", name)
        server.inside("mknod", "--mode=0660", name, "b", str(major), str(minor), check=True)
        server.inside("chgrp", "disk", name)
    _refresh(server, metadata_url)


def remove_disk(server: HostedServer, volume_id: str, metadata_url: str) -> None:
    """Detach a volume; a missing volume is not an error.

    Raises:
        HostError: the running server still uses it, for instance it is mounted.
    """
    disk = next((disk for disk in server.facts.disks if disk.volume_id == volume_id), None)
    if disk is None:
        return
    if server.running:
        _release(server, disk)
    loop_device.detach(disk.file)
    server.save(server.facts.without_disk(volume_id))
    _refresh(server, metadata_url)


def _release(server: HostedServer, disk: Disk) -> None:
    device = loop_device.find(disk.file)
    if device is None:
        return
    major, minor = loop_device.numbers(device)
    mounts = server.inside("cat", "/proc/self/mountinfo") or ""
    if any(line.split()[2] == f"{major}:{minor}" and line.split()[4] != disk.device for line in mounts.splitlines()):
        raise HostError(
            "the server still has the volume mounted",
            where=f"volume {disk.volume_id} of server {server.facts.uuid}",
            remedy=f"unmount {disk.device} in the server first",
        )
    # A disk from the boot is a bind mount, a later one a separate device node.
    names = f"{disk.device} {device}"
    server.inside("sh", "-c", f"umount {names} 2>/dev/null; rm -f {names}")
    server.groups.allow_disk(major, minor, allowed=False)


def _refresh(server: HostedServer, metadata_url: str) -> None:
    """Rewrite the files that the running server, or its next boot, reads."""
    devices = {disk.device: loop_device.find(disk.file) for disk in server.facts.disks}
    server.write_boot_files(metadata_url, {guest: host for guest, host in devices.items() if host})
