"""Where Nova runs the project's servers."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from slurm_appliance.cloud.connection import asking
from slurm_appliance.cloud.listing import entries

if TYPE_CHECKING:
    from openstack.connection import Connection


@dataclass(frozen=True)
class Place:
    """A server's place.

    Attributes:
        host: the hypervisor's id, which Nova makes for each project; empty where it is not known.
        zone: its availability zone; empty where it is not known.
    """

    host: str = ""
    zone: str = ""


def places(connection: "Connection") -> dict[str, Place]:
    """The places of the project's servers, by id.

    Raises:
        CloudError: the query fails.
    """
    found = asking(lambda: entries(connection.compute, "/servers/detail", "servers"), "servers")
    return {
        each["id"]: Place(each.get("hostId") or "", each.get("OS-EXT-AZ:availability_zone") or "") for each in found
    }
