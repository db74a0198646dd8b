"""The IDs of the names in a configuration in one cloud."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from slurm_appliance.cloud.facts import CloudAccess, ServerFacts, ShareFacts
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.image.wanted import Wanted


@dataclass(frozen=True)
class ResolvedNetwork:
    """An existing network, with the subnet of the nodes' addresses."""

    network_id: str
    subnet_id: str
    cidr: str


@dataclass(frozen=True)
class Resolved:
    """Ids by name. What is to be created is not in here.

    Attributes:
        flavors: by name.
        images: the image of each source; None where a build is to make it.
        builds: what the sources' builds make, each build after the one that it starts from.
        networks: by the network's name.
        external_networks: by name.
        security_groups: by name.
        volumes: those to attach, by name.
        bare_metal: Ironic's nodes, by name.
        servers: the environment's own servers, by name.
        access: the endpoints of the cloud's services.
        certificates: the site's, each as PEM text.
        shares: existing ones of Manila, by the name of the file system.
        share_networks: those of shares to create, by name.
        port_addresses: addresses of existing ports by id.
    """

    flavors: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[ImageSource, str | None] = field(default_factory=dict)
    builds: tuple[Wanted, ...] = ()
    networks: Mapping[str, ResolvedNetwork] = field(default_factory=dict)
    external_networks: Mapping[str, str] = field(default_factory=dict)
    security_groups: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, str] = field(default_factory=dict)
    bare_metal: Mapping[str, str] = field(default_factory=dict)
    servers: Mapping[str, ServerFacts] = field(default_factory=dict)
    access: CloudAccess = field(default=CloudAccess())
    certificates: tuple[str, ...] = ()
    shares: Mapping[str, ShareFacts] = field(default_factory=dict)
    share_networks: Mapping[str, str] = field(default_factory=dict)
    port_addresses: Mapping[str, str] = field(default_factory=dict)
