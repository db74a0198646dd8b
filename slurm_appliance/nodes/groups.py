"""Node groups, with the cluster's settings as defaults.

The control node is a group of one: its settings are at the top of the configuration, and so are its paths.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from slurm_appliance.config import (
    ClusterConfig,
    Node,
    NodeKind,
    boot_roles,
    control_node,
    group_image,
    group_nodes,
    node_groups,
)
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.config.image_users import OnImageChange, boots_from_volume, on_image_change
from slurm_appliance.config.naming import CONTROL, cluster_image, setting_of
from slurm_appliance.config.network import NetworkReference, VnicType
from slurm_appliance.config.node_group import AccessibleGroup, ExtraVolume, NodeGroupConfig

#: A fixed address and its config path.
FixedAddress = tuple[str, str]
#: The id of an existing port, and its config path.
ExistingPort = tuple[str, str]


@dataclass(frozen=True)
class Group:
    """A group of similar nodes.

    Attributes:
        config: the group's configuration.
        path: the group's path in it; empty for the control node.
        kind: the role of its nodes.
        name: the group's name.
        nodes: its nodes, in order.
        own: the group's own settings; None for the control node.
        fixed: fixed addresses by network, one per node in order, each with its path.
        existing: ids of existing ports by network, one per node in order, each with its path.
    """

    config: ClusterConfig
    path: str
    kind: NodeKind
    name: str
    nodes: tuple[Node, ...]
    own: NodeGroupConfig | None = None
    fixed: Mapping[str, tuple[FixedAddress, ...]] = field(default_factory=dict)
    existing: Mapping[str, tuple[ExistingPort, ...]] = field(default_factory=dict)

    def at(self, setting: str) -> str:
        """The config path of one of its settings."""
        return f"{self.path}.{setting}" if self.path else setting

    @property
    def flavor(self) -> FixedAddress:
        """The flavor's name, and its config path."""
        if self.own is None:
            return self.config.control_node_flavor, "control_node_flavor"
        return self.own.flavor, self.at("flavor")

    @property
    def image(self) -> ImageSource:
        """The image source of its nodes."""
        return group_image(self.config, self.own) if self.own else cluster_image(self.config)

    @property
    def image_path(self) -> str:
        """The config path of the image."""
        for prefix, holder, names in (
            (f"{self.path}.", self.own, ("image", "image_id")),
            ("", self.config, ("cluster_image", "cluster_image_id")),
        ):
            for name in names:
                if getattr(holder, name, None) is not None:
                    return f"{prefix}{name}"
        return "cluster_image"

    @property
    def networks(self) -> tuple[NetworkReference, ...]:
        """The networks of its nodes' ports; the access network comes first."""
        own = self.own.extra_networks if self.own else self.config.control_extra_networks
        return (*self.config.cluster_networks, *own)

    @property
    def extra_networks_path(self) -> str:
        """The config path of the networks that it alone has."""
        return self.at("extra_networks") if self.own else "control_extra_networks"

    @property
    def access_network(self) -> str:
        """The network that Ansible and the nodes use."""
        return self.networks[0].network

    def vnic_type(self, network: str) -> VnicType:
        """The type of its ports on a network."""
        own = self.own.vnic_types if self.own else {}
        return own.get(network) or self.config.vnic_types.get(network) or VnicType.NORMAL

    def vnic_profile(self, network: str) -> str | None:
        """The binding profile of its ports on a network."""
        own = self.own.vnic_profiles if self.own else {}
        return own.get(network) or self.config.vnic_profiles.get(network)

    def fixed_address(self, network: str, index: int) -> str | None:
        """The fixed address of its node with this index, if set."""
        return self.fixed[network][index][0] if network in self.fixed else None

    def existing_port(self, network: str, index: int) -> str | None:
        """The id of the existing port of its node with this index, if set."""
        return self.existing[network][index][0] if network in self.existing else None

    @property
    def created_ports(self) -> Iterator[tuple[Node, str]]:
        """Its nodes with each network where their ports are created: all but those with existing ones."""
        names = [network.network for network in self.networks if network.network not in self.existing]
        yield from ((node, name) for node in self.nodes for name in names)

    @property
    def gateway_ip(self) -> str | None:
        """The default gateway that its nodes set at boot; None leaves it to DHCP."""
        return (self.own.gateway_ip if self.own else None) or self.config.gateway_ip

    @property
    def volume_backed(self) -> bool:
        """Whether its nodes boot from volumes."""
        return boots_from_volume(self.config, self.own)

    @property
    def root_volume_size(self) -> int:
        """Size of the root volumes, in GB."""
        own = self.own.root_volume_size if self.own else self.config.control_root_volume_size
        return own or self.config.root_volume_size

    @property
    def root_volume_type(self) -> str | None:
        """Type of the root volumes; None for the cloud's default."""
        own = self.own.root_volume_type if self.own else self.config.control_root_volume_type
        return own or self.config.root_volume_type

    @property
    def extra_volumes(self) -> Mapping[str, ExtraVolume]:
        """Extra volumes of each node."""
        return self.own.extra_volumes if self.own else self.config.control_extra_volumes

    @property
    def extra_volumes_path(self) -> str:
        """The config path of its extra volumes."""
        return self.at("extra_volumes") if self.own else "control_extra_volumes"

    @property
    def floating_ips(self) -> tuple[str, ...]:
        """Floating IPs of its nodes, in order; may be fewer."""
        return self.own.fip_addresses if isinstance(self.own, AccessibleGroup) else ()

    @property
    def floating_pool(self) -> str | None:
        """The external network of new floating IPs, for nodes without an existing one."""
        return self.own.fip_pool if isinstance(self.own, AccessibleGroup) else None

    @property
    def floating_network(self) -> str:
        """The network of the ports with floating IPs."""
        chosen = self.own.fip_network if isinstance(self.own, AccessibleGroup) else None
        return chosen or self.access_network

    @property
    def security_group_ids(self) -> tuple[str, ...] | None:
        """Ids of its own security groups; None for the cluster's."""
        if self.own is None:
            return self.config.control_security_group_ids
        return self.own.security_group_ids if isinstance(self.own, AccessibleGroup) else None

    @property
    def security_group_ids_path(self) -> str:
        """Their config path."""
        return self.at("security_group_ids") if self.own else "control_security_group_ids"

    @property
    def server_group(self) -> str | None:
        """The shared server group of its nodes."""
        return self.own.server_group if self.own else self.config.control_server_group

    @property
    def hypervisor(self) -> str | None:
        """The hypervisor of its nodes."""
        return self.own.hypervisor_hostname if self.own else self.config.control_hypervisor_hostname

    @property
    def on_image_change(self) -> OnImageChange:
        """What ``up`` does to its running nodes when their image changes."""
        return on_image_change(self.config, self.own)

    @property
    def boot_roles(self) -> tuple[str, ...]:
        """The roles that its nodes run themselves at boot."""
        return boot_roles(self.config, self.own) if self.own else ()

    @property
    def cloud_config(self) -> tuple[str, dict[str, str]]:
        """The operator's cloud-config for its nodes, and the values of its placeholders."""
        own = self.own.additional_cloud_config if self.own else None
        text = self.config.additional_cloud_config if own is None else own
        variables = {**self.config.additional_cloud_config_vars}
        if self.own:
            variables |= self.own.additional_cloud_config_vars
        return text or "", variables


def groups(config: ClusterConfig) -> Iterator[Group]:
    """All groups; control's first."""
    yield Group(
        config,
        "",
        NodeKind.CONTROL,
        CONTROL,
        (control_node(config),),
        fixed=_of_control(config.control_ip_addresses, "control_ip_addresses"),
        existing=_of_control(config.control_port_ids, "control_port_ids"),
    )
    for kind, name, own in node_groups(config):
        path = f"{setting_of(kind)}.{name}"
        yield Group(
            config,
            path,
            kind,
            name,
            group_nodes(config, kind, name, own),
            own,
            _of_nodes(own.ip_addresses, f"{path}.ip_addresses"),
            _of_nodes(own.port_ids, f"{path}.port_ids"),
        )


def _of_control(given: Mapping[str, str], path: str) -> dict[str, tuple[tuple[str, str], ...]]:
    """The control node's one value by network, with its path."""
    return {network: ((value, f"{path}.{network}"),) for network, value in given.items()}


def _of_nodes(given: Mapping[str, Sequence[str]], path: str) -> dict[str, tuple[tuple[str, str], ...]]:
    """The values of a group's nodes by network, each with its path."""
    return {
        network: tuple((value, f"{path}.{network}[{index}]") for index, value in enumerate(values))
        for network, values in given.items()
    }


def configured_by_site(every: Iterable[Group]) -> frozenset[str]:
    """The hostnames of the nodes that ``site.yml`` configures; compute nodes configure themselves at boot."""
    return frozenset(node.hostname for group in every if group.kind is not NodeKind.COMPUTE for node in group.nodes)
