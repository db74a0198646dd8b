"""The servers' side of stopping a cloud: machines, containers, networks, loop devices."""

from localcloud.compute import host
from localcloud.errors import ServiceError
from localcloud.host.layout import CloudLayout
from localcloud.virtual import folders, machines

#: Timeout for all servers to shut down in parallel, in seconds.
GRACE = 10.0

#: The same for virtual machines, whose systems are slow where they are emulated.
MACHINE_GRACE = 60.0


def release(layout: CloudLayout, *, alone: bool = True, grace: float = GRACE) -> None:
    """Stop all servers, remove their mounts, interfaces, control groups and loop devices, and keep their files.

    Args:
        layout: the cloud.
        alone: whether no other cloud runs here; if one does, only what is certainly this cloud's is removed.
        grace: timeout for containers to shut down, in seconds.

    Raises:
        ServiceError: something could not be removed; listed in the evidence.
    """
    problems = machines.stop_all(layout.root, MACHINE_GRACE)
    problems += host.stop_all(layout.service_state("host"), grace, alone=alone)
    folders.unlink(layout.libvirt)
    if problems:
        raise ServiceError(
            "leftovers of servers remain on this machine", where=str(layout.root), evidence="\n".join(problems)
        )
