"""The servers' side of stopping a cloud: containers, networks, loop devices."""

from localcloud.compute import host
from localcloud.errors import ServiceError
from localcloud.host.layout import CloudLayout

#: How long servers get to shut down, all at the same time, in seconds.
GRACE = 10.0


def release(layout: CloudLayout, *, grace: float = GRACE) -> None:
    """End every server and take away its mounts, interfaces, control groups and loop devices; keep its files.

    Raises:
        ServiceError: something could not be taken away; the evidence names it.
    """
    problems = host.stop_all(layout.service_state("host"), grace)
    if problems:
        raise ServiceError(
            "leftovers of servers remain on this machine", where=str(layout.root), evidence="\n".join(problems)
        )
