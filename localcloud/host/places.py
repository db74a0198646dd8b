"""The paths of compute, network and volumes below one state folder.

servers/<server id>/     what one server has: its root, its NICs, its disks, its console
images/<image id>/       an unpacked image, shared by the servers that boot it
network/ports/           one JSON file per Neutron port: the facts for its filter
network/groups/          one JSON file per security group
network/dhcp/<bridge>/   dnsmasq's static leases
volumes/                 one sparse file per volume and per snapshot
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class CloudPlaces:
    """The folders of one local cloud.

    Attributes:
        state: the folder that contains all of them; ``[localcloud] state_path`` in the services' configuration.
    """

    state: Path

    @property
    def servers(self) -> Path:
        """One folder per server."""
        return self.state / "servers"

    @property
    def images(self) -> Path:
        """One folder per unpacked image."""
        return self.state / "images"

    @property
    def ports(self) -> Path:
        """One JSON file per port."""
        return self.state / "network" / "ports"

    @property
    def groups(self) -> Path:
        """One JSON file per security group."""
        return self.state / "network" / "groups"

    @property
    def dhcp(self) -> Path:
        """One folder per bridge."""
        return self.state / "network" / "dhcp"

    @property
    def volumes(self) -> Path:
        """One file per volume or snapshot."""
        return self.state / "volumes"
