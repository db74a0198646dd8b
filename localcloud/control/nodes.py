"""The servers' side of stopping a cloud: containers, networks, loop devices."""

from localcloud.compute import host
from localcloud.errors import ServiceError
from localcloud.host.layout import CloudLayout

#: Timeout for all servers to shut down in parallel, in seconds.
GRACE = 10.0


def release(layout: CloudLayout, *, grace: float = GRACE) -> None:
    """Stop all servers and remove their mounts, interfaces, control groups and loop devices; keep their files.

    Raises:
        ServiceError: something could not be removed; listed in the evidence.
    """
    problems = host.stop_all(layout.service_state("host"), grace)
    if problems:
        raise ServiceError(
            "leftovers of servers remain on this machine", where=str(layout.root), evidence="\n".join(problems)
        )
