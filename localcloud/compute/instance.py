"""Converts Nova's objects to our facts; the only module that knows the structure of both."""

from collections.abc import Iterable, Mapping
from typing import Any

from localcloud.compute.cgroups import Limits
from localcloud.compute.server_facts import Disk, HostedServerFacts, disk_from_mapping, next_device
from localcloud.network import nic as nic_module
from localcloud.network.nic import Nic

#: Nova's default name of the root device.
ROOT_DEVICE = "/dev/vda"


def server_facts(
    instance: Any,
    network_info: Iterable[Mapping[str, Any]] | None,
    block_device_info: Mapping[str, Any] | None,
    before: HostedServerFacts | None,
) -> HostedServerFacts:
    """The current facts of a server.

    Args:
        instance: ``nova.objects.Instance``.
        network_info: its ports; None to keep the former ones.
        block_device_info: its volumes; None to keep the former ones.
        before: its former facts, None for a new server.
    """
    nics = before.nics if before else ()
    if network_info is not None:
        nics = nics_of(network_info, nics)
    disks = before.disks if before else ()
    if block_device_info is not None:
        disks = disks_of(instance, block_device_info)
    boots_from_volume = any(disk.root for disk in disks)
    return HostedServerFacts(
        uuid=instance.uuid,
        name=instance.name,
        hostname=instance.hostname or instance.name,
        project_id=instance.project_id,
        image="" if boots_from_volume else instance.image_ref,
        limits=Limits(instance.flavor.memory_mb, instance.flavor.vcpus),
        nics=nics,
        disks=disks,
    )


def nics_of(network_info: Iterable[Mapping[str, Any]], before: Iterable[Nic]) -> tuple[Nic, ...]:
    """Nova's VIFs as interfaces, in Nova's order; a port keeps its name in the server."""
    names = {nic.port_id: nic.device for nic in before}
    vifs = list(network_info)
    used = {names[vif["id"]] for vif in vifs if vif["id"] in names}
    nics = []
    for vif in vifs:
        device = names.get(vif["id"]) or nic_module.next_device(used)
        used.add(device)
        nics.append(Nic.from_vif(vif, device))
    return tuple(nics)


def disks_of(instance: Any, block_device_info: Mapping[str, Any]) -> tuple[Disk, ...]:
    """Nova's block device mapping as disks; entries whose volume is not connected yet are skipped."""
    root = block_device_info.get("root_device_name") or instance.root_device_name or ROOT_DEVICE
    mappings = block_device_info.get("block_device_mapping") or []
    return tuple(disk_from_mapping(mapping, root) for mapping in mappings if mapping["connection_info"])


def name_devices(root: str, block_devices: Iterable[Any]) -> None:
    """Give each block device without a name the next free one, and save it.

    Args:
        root: the root device's name.
        block_devices: ``nova.objects.BlockDeviceMapping``.
    """
    devices = list(block_devices)
    used = {device.device_name for device in devices if device.device_name}
    for device in devices:
        if not device.device_name:
            device.device_name = root if device.boot_index == 0 else next_device({root, *used})
            used.add(device.device_name)
            device.save()


def renewed(before: HostedServerFacts | None, now: HostedServerFacts) -> bool:
    """Whether a server's root must be created again, because its image differs from the target image."""
    return before is not None and bool(now.image) and before.image != now.image
