"""What a cloud's servers are."""

from enum import StrEnum


class ServerKind(StrEnum):
    """What servers are."""

    #: systemd-nspawn containers, which share the machine's kernel.
    CONTAINER = "container"
    #: QEMU virtual machines with kernels of their own.
    VM = "vm"
