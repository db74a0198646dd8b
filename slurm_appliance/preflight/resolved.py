"""The IDs of the names in a configuration in one cloud."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from slurm_appliance.cloud.facts import CloudAccess, ServerFacts


@dataclass(frozen=True)
class ResolvedNetwork:
    """An existing network, with the subnet of the nodes' addresses."""

    network_id: str
    subnet_id: str
    cidr: str


@dataclass(frozen=True)
class Resolved:
    """IDs by name, without resources and images that have yet to be created.

    Attributes:
        flavors: by name.
        images: by reference in the configuration, an ID or a name.
        networks: by the network's name.
        external_networks: by name.
        security_groups: by name.
        volumes: those to attach, by name.
        bare_metal: Ironic's nodes, by name.
        servers: the environment's own servers, by name.
        access: the endpoints of the cloud's services.
    """

    flavors: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)
    networks: Mapping[str, ResolvedNetwork] = field(default_factory=dict)
    external_networks: Mapping[str, str] = field(default_factory=dict)
    security_groups: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, str] = field(default_factory=dict)
    bare_metal: Mapping[str, str] = field(default_factory=dict)
    servers: Mapping[str, ServerFacts] = field(default_factory=dict)
    access: CloudAccess = field(default=CloudAccess())
