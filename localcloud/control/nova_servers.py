"""What makes Nova's servers containers or virtual machines: options of nova.conf, the only difference there."""

from collections.abc import Mapping
from dataclasses import dataclass

from localcloud.host.server_kind import ServerKind
from localcloud.virtual import acceleration

#: Ports for disks and interfaces that are added to a running machine.
_HOTPLUG_PORTS = 12

_MACHINE = {
    "DEFAULT": {
        "compute_driver": "localcloud.VmDriver",
        # Images are unpacked once; each server's disk is a layer on it.
        "force_raw_images": "true",
        "reserved_host_memory_mb": "0",
    },
    "vnc": {"enabled": "false"},
    "spice": {"enabled": "false"},
}

_LIBVIRT = {
    "connection_uri": "qemu:///system",
    "images_type": "qcow2",
    "hw_machine_type": "x86_64=q35",
    "num_pcie_ports": str(_HOTPLUG_PORTS),
    # Writes are safe from a crash of QEMU, not from one of the machine: it has only tests.
    "disk_cachemodes": "file=unsafe",
    "wait_soft_reboot_seconds": "60",
}

_HARDWARE = {"virt_type": "kvm", "cpu_mode": "host-passthrough"}
# The driver sets the processor of emulated machines. The default cache for translated code is a GiB a machine.
_EMULATION = {"virt_type": "qemu", "cpu_mode": "none", "tb_cache_size": "128"}


@dataclass(frozen=True)
class ServerOptions:
    """Nova's options for a kind of servers.

    Attributes:
        kind: the kind.
        nova: sections of nova.conf.
    """

    kind: ServerKind
    nova: Mapping[str, Mapping[str, str]]


CONTAINERS = ServerOptions(ServerKind.CONTAINER, {"DEFAULT": {"compute_driver": "localcloud.NspawnDriver"}})


def machines(*, accelerated: bool) -> ServerOptions:
    """Options for virtual machines, run by KVM or emulated."""
    libvirt = {**_LIBVIRT, **(_HARDWARE if accelerated else _EMULATION)}
    return ServerOptions(ServerKind.VM, {**_MACHINE, "libvirt": libvirt})


def options(kind: ServerKind) -> ServerOptions:
    """Options for servers on this machine."""
    return CONTAINERS if kind is ServerKind.CONTAINER else machines(accelerated=acceleration.works())
