"""The networks that nodes have ports on: existing ones, or created with subnet and router."""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_openstack import networking

from components import options
from components.kind import token
from slurm_appliance.config import ClusterConfig
from slurm_appliance.config.network import NetworkCreation
from slurm_appliance.nodes import cloud_names
from slurm_appliance.preflight import Resolved


@dataclass(frozen=True)
class NodeNetwork:
    """A network, as its ports need it.

    Attributes:
        network_id: its id.
        subnet_id: the subnet that ports get their addresses from.
        cidr: that subnet's range.
        connected: resources that must exist to reach other networks; empty for an existing network.
    """

    network_id: pulumi.Input[str]
    subnet_id: pulumi.Input[str]
    cidr: str
    connected: tuple[pulumi.Resource, ...] = ()

    def address_of(self, addresses: Sequence[str]) -> str:
        """Which of a port's addresses is from the subnet.

        Neutron adds others by itself: those of subnets with IPv6's autoconfiguration. While a port moves to another
        subnet, none is from it.
        """
        cidr = ipaddress.ip_network(self.cidr)
        return next((each for each in addresses if ipaddress.ip_address(each) in cidr), addresses[0])


class Networks(pulumi.ComponentResource):
    """All networks of a cluster, by name."""

    by_name: Mapping[str, NodeNetwork]

    def __init__(
        self, name: str, config: ClusterConfig, resolved: Resolved, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(token("Networks"), name, {}, opts)
        found = {
            network: NodeNetwork(there.network_id, there.subnet_id, there.cidr)
            for network, there in resolved.networks.items()
        }
        for network in config.cluster_networks:
            if network.create is not None:
                subnet = network.subnet or network.network
                found[network.network] = self._create(
                    network.network, subnet, network.create, resolved, cloud_names.mark(config)
                )
        self.by_name = found
        self.register_outputs({})

    def _create(
        self, name: str, subnet_name: str, wanted: NetworkCreation, resolved: Resolved, mark: str
    ) -> NodeNetwork:
        child = options.child_options(self)
        network = networking.Network(name, name=name, description=mark, mtu=wanted.mtu, opts=child)
        subnet = networking.Subnet(
            name,
            name=subnet_name,
            description=mark,
            network_id=network.id,
            cidr=wanted.cidr,
            ip_version=6 if ":" in wanted.cidr else 4,
            gateway_ip=wanted.gateway_ip,
            dns_nameservers=list(wanted.dns_nameservers),
            enable_dhcp=wanted.dhcp,
            ipv6_address_mode=wanted.ipv6_mode,
            ipv6_ra_mode=wanted.ipv6_mode,
            opts=child,
        )
        connected: Iterable[pulumi.Resource] = ()
        if wanted.external_network is not None:
            router = networking.Router(
                name,
                name=cloud_names.router(name),
                description=mark,
                external_network_id=resolved.external_networks[wanted.external_network],
                opts=child,
            )
            connected = [networking.RouterInterface(name, router_id=router.id, subnet_id=subnet.id, opts=child)]
        return NodeNetwork(network.id, subnet.id, wanted.cidr, tuple(connected))
