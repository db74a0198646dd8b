"""Where compute, network and volumes keep what they know, below one state folder.

servers/<server id>/     what one server has: its root, its NICs, its disks, its console
images/<image id>/       an unpacked image, shared by the servers that boot it
network/ports/           one JSON file a Neutron port: what its filter is made from
network/groups/          one JSON file a security group
network/dhcp/<bridge>/   dnsmasq's static leases
volumes/                 one sparse file a volume, one a snapshot
"""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class CloudPlaces:
    """The folders of one local cloud.

    Attributes:
        state: the folder that holds all of them; ``[localcloud] state_path`` in the services' configuration.
    """

    state: Path

    @property
    def servers(self) -> Path:
        """One folder a server."""
        return self.state / "servers"

    @property
    def images(self) -> Path:
        """One folder an unpacked image."""
        return self.state / "images"

    @property
    def ports(self) -> Path:
        """One JSON file a port."""
        return self.state / "network" / "ports"

    @property
    def groups(self) -> Path:
        """One JSON file a security group."""
        return self.state / "network" / "groups"

    @property
    def dhcp(self) -> Path:
        """One folder a bridge."""
        return self.state / "network" / "dhcp"

    @property
    def volumes(self) -> Path:
        """One file a volume or snapshot."""
        return self.state / "volumes"
