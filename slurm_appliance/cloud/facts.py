"""Facts about an OpenStack project, as plain data: everything that decides whether and how to build a configuration.

Amounts are in Nova's and Cinder's units: memory in MiB, disks and volumes in GiB.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Flavor:
    """A Nova flavor."""

    id: str
    name: str
    vcpus: int
    ram: int
    disk: int


@dataclass(frozen=True)
class ImageFacts:
    """A Glance image.

    Attributes:
        size: what it takes on a disk, rounded up.
        digest: of what went into it, where it is one of ours, or a copy of one; else empty.
        groups: the kinds of nodes that its own build had packages for; empty where its record does not say.
        base: what it was built from: another image's name, where that is one of ours.
        accounts: its users and groups, packed as in its record; empty where it has none.
        created: when it was made, as Glance writes it.
        ours: whether it is a finished image of ours.
        claim: whether it only marks a build that runs.
        slurm: the version of its Slurm packages, as in its record; empty where it has none.
        selinux: how SELinux starts in it, as in its record; empty where it has none.
        package_family: whose packages of Slurm it has, as in its record; empty where it has none.
        system: distribution and release, as in its record or in the properties of others; empty where nothing says it.
        adopted: whether nodes that are being adopted run it, whoever built it.
    """

    id: str
    name: str
    status: str
    min_disk: int = 0
    min_ram: int = 0
    size: int = 0
    digest: str = ""
    accounts: str = ""
    created: str = ""
    ours: bool = False
    claim: bool = False
    groups: tuple[str, ...] = ()
    base: str = ""
    slurm: str = ""
    selinux: str = ""
    package_family: str = ""
    system: str = ""
    adopted: bool = False


@dataclass(frozen=True)
class NetworkFacts:
    """A Neutron network."""

    id: str
    name: str
    external: bool = False
    port_security: bool = True
    description: str = ""


@dataclass(frozen=True)
class SubnetFacts:
    """A Neutron subnet."""

    id: str
    name: str
    network_id: str
    cidr: str
    gateway_ip: str | None = None
    description: str = ""


@dataclass(frozen=True)
class Port:
    """A Neutron port; ``addresses`` are its fixed ones."""

    id: str
    name: str
    network_id: str
    device_id: str = ""
    addresses: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True)
class ServerFacts:
    """A Nova server.

    Attributes:
        image_id: its current image; if it boots from a volume, the image of that volume.
        volume_backed: whether it boots from a volume.
        environment: the environment in its metadata; empty if the server is not ours.
        launched: whether it ever ran, so that its disks may have data.
        user_data_version: the version in its metadata; see user_data.py.
        reference: the environment in the metadata of a server of the reference appliance; empty for any other.
    """

    id: str
    name: str
    status: str
    image_id: str = ""
    volume_backed: bool = False
    environment: str = ""
    flavor_id: str = ""
    launched: bool = True
    user_data_version: str = ""
    reference: str = ""

    @property
    def failed(self) -> bool:
        """Whether Nova failed to create it: it exists, but never ran, and never will."""
        return self.status == "ERROR" and not self.launched


@dataclass(frozen=True)
class Volume:
    """A Cinder volume; ``server_ids`` are those of the servers that it is attached to."""

    id: str
    name: str
    size: int
    status: str
    server_ids: tuple[str, ...] = ()
    image_id: str = ""
    bootable: bool = False
    description: str = ""


@dataclass(frozen=True)
class Rule:
    """A rule of a Neutron security group; ``what`` is everything that distinguishes two rules of a group."""

    id: str
    group_id: str
    what: tuple[str, ...]


@dataclass(frozen=True)
class FloatingIp:
    """A floating IP; ``port_id`` is empty for a free one."""

    id: str
    address: str
    port_id: str = ""
    description: str = ""


@dataclass(frozen=True)
class ShareRule:
    """An access rule of a share: what kind of client, which one, and what it may do."""

    id: str
    type: str
    to: str
    level: str


@dataclass(frozen=True)
class ShareFacts:
    """A share of Manila.

    Attributes:
        protocol: CEPHFS, NFS or another.
        location: what nodes mount; empty where it has none yet.
        keys: the keys of its access rules, by user.
        size: in GB.
        rules: its access rules.
        detailed: whether location, keys and rules are known: those of shares that nothing mounts are not asked for.
    """

    id: str
    name: str
    protocol: str = ""
    location: str = ""
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    size: int = 0
    status: str = ""
    description: str = ""
    share_type: str = ""
    share_network_id: str = ""
    availability_zone: str = ""
    rules: tuple[ShareRule, ...] = ()
    detailed: bool = True


@dataclass(frozen=True)
class ShareType:
    """A share type of Manila.

    Attributes:
        default: whether shares get it that name none.
        share_servers: whether its driver makes share servers, on a share network.
    """

    id: str
    name: str
    default: bool = False
    share_servers: bool = False


@dataclass(frozen=True)
class Named:
    """A resource of which only ID, name and owner matter."""

    id: str
    name: str
    description: str = ""


@dataclass(frozen=True)
class Quota:
    """A limit of the project; -1 for none."""

    limit: int
    used: int

    @property
    def left(self) -> int | None:
        """The unused amount; None without a limit."""
        return None if self.limit < 0 else max(self.limit - self.used, 0)


@dataclass(frozen=True)
class CloudAccess:
    """The endpoints of the project's services, and its user's rights.

    Attributes:
        auth_url: Keystone.
        region: the region in use; empty where the cloud has none.
        interface: which of a service's addresses is used: public, internal, admin.
        ca_certificates: the certificates in PEM that its services are checked by; empty: those of the system.
        verify: whether they are checked at all.
        endpoints: the catalog's URLs of compute, image and block_storage, as far as it has them.
        may_create_credentials: whether the user may create application credentials.
        federated: whether the user is another identity provider's, who has roles by its word alone.
        project_id: the project; empty where it is not known.
        auth_type: how it was logged in: keystoneauth's name, like password; empty where it is not known.
        token_expires: when the login ends, where it is a token of somebody's that cannot be renewed; else empty.
    """

    auth_url: str = ""
    region: str = ""
    endpoints: Mapping[str, str] = field(default_factory=dict)
    may_create_credentials: bool = True
    federated: bool = False
    project_id: str = ""
    interface: str = "public"
    ca_certificates: str = ""
    verify: bool = True
    auth_type: str = ""
    token_expires: str = ""


@dataclass(frozen=True)
class CloudFacts:
    """The project at one point in time.

    ``quotas`` are by name: instances, cores, ram, ports, volumes, gigabytes, networks, subnets, routers,
    security_groups, security_group_rules, shares, share_gigabytes. ``key_pairs`` has the public key of each name.
    Services that the cloud does not have, or that nothing here needs, leave their facts empty, and are listed in
    ``absent``. ``slurm_state`` is the version of Slurm whose backup
    is being restored; empty unless one is.
    """

    flavors: tuple[Flavor, ...] = ()
    images: tuple[ImageFacts, ...] = ()
    networks: tuple[NetworkFacts, ...] = ()
    subnets: tuple[SubnetFacts, ...] = ()
    routers: tuple[Named, ...] = ()
    ports: tuple[Port, ...] = ()
    security_groups: tuple[Named, ...] = ()
    security_group_rules: tuple[Rule, ...] = ()
    application_credentials: tuple[Named, ...] = ()
    key_pairs: Mapping[str, str] = field(default_factory=dict)
    servers: tuple[ServerFacts, ...] = ()
    server_groups: tuple[Named, ...] = ()
    availability_zones: tuple[str, ...] = ()
    volumes: tuple[Volume, ...] = ()
    volume_types: tuple[str, ...] = ()
    floating_ips: tuple[FloatingIp, ...] = ()
    bare_metal: Mapping[str, str] = field(default_factory=dict)
    shares: tuple[ShareFacts, ...] = ()
    share_types: tuple[ShareType, ...] = ()
    share_networks: tuple[Named, ...] = ()
    quotas: Mapping[str, Quota] = field(default_factory=dict)
    access: CloudAccess = field(default=CloudAccess())
    absent: frozenset[str] = frozenset()
    slurm_state: str = ""
