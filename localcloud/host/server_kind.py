"""What a cloud's servers are."""

from enum import StrEnum


class ServerKind(StrEnum):
    """What servers are."""

    #: systemd-nspawn containers, which share the machine's kernel.
    CONTAINER = "container"
    #: QEMU virtual machines with kernels of their own.
    VM = "vm"

    @property
    def patience(self) -> int:
        """How many times longer than in a container everything may take: emulated machines share the processors."""
        return 6 if self is ServerKind.VM else 1
