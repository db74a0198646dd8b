"""Networks that are created: of a range that Neutron takes, with an address for each node."""

import ipaddress
from collections.abc import Iterable, Iterator

from slurm_appliance.config.checks.groups import for_each_group, known_groups
from slurm_appliance.config.cluster import ClusterConfig
from slurm_appliance.config.naming import NodeKind
from slurm_appliance.config.network import Ipv6Mode, NetworkCreation
from slurm_appliance.config.node_group import NodeGroupConfig
from slurm_appliance.config.salvage import NotParsed
from slurm_appliance.errors import Problem

#: Ranges that no network of nodes can have.
_SPECIAL = {
    "127.0.0.0/8": "for a machine's own use",
    "169.254.0.0/16": "link-local",
    "224.0.0.0/4": "for multicast",
    "0.0.0.0/8": "reserved",
    "240.0.0.0/4": "reserved",
    "fe80::/10": "link-local",
    "ff00::/8": "for multicast",
    "::/8": "reserved",
}
_PRIVATE = "choose a private range, from 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or fd00::/8"
#: RFC 8200.
_LEAST_OF_IPV6 = 1280
#: RFC 4862 with the identifiers of RFC 4291; Neutron refuses others.
_PREFIX_OF_AUTOCONFIGURATION = 64


def _created(config: ClusterConfig) -> Iterator[tuple[str, NetworkCreation]]:
    for index, network in enumerate(config.cluster_networks):
        if network.create is not None:
            yield f"cluster_networks[{index}].create", network.create


def kinds_of_ranges(config: ClusterConfig) -> Iterator[Problem]:
    """Ranges are of addresses that nodes can have."""
    for path, created in _created(config):
        cidr = ipaddress.ip_network(created.cidr)
        for special, kind in _SPECIAL.items():
            other = ipaddress.ip_network(special)
            if cidr.version == other.version and cidr.overlaps(other):
                whole = cidr.subnet_of(other)  # type: ignore[arg-type]  # Both are of one version.
                what = f"{cidr} is {kind}" if whole else f"{cidr} contains {special}, which is {kind}"
                yield Problem(f"{path}.cidr", what, _PRIVATE)
                break


def sizes_of_ranges(config: ClusterConfig) -> Iterator[Problem]:
    """Each node has a port on each of them."""
    nodes = 1
    for _kind, _name, group in known_groups(config):
        try:
            nodes += len(group.nodes)
        except NotParsed:
            continue  # There are at least the others.
    for path, created in _created(config):
        cidr = ipaddress.ip_network(created.cidr)
        there = max(cidr.num_addresses - 2, 0)
        who, others = ("nodes, the gateway and DHCP", 2) if created.dhcp else ("nodes and the gateway", 1)
        if there < nodes + others:
            what = f"{cidr} has {there} addresses, but {nodes} {who} need {nodes + others}"
            yield Problem(f"{path}.cidr", what, "choose a larger range: it cannot grow later")


def packets(config: ClusterConfig) -> Iterator[Problem]:
    """IPv6 has a smallest size of packets."""
    for path, created in _created(config):
        six = ipaddress.ip_network(created.cidr).version == 6
        if six and created.mtu is not None and created.mtu < _LEAST_OF_IPV6:
            what = f"IPv6 needs packets of {_LEAST_OF_IPV6} bytes, but it is {created.mtu}"
            yield Problem(f"{path}.mtu", what, f"set it to {_LEAST_OF_IPV6} or more, or leave it out")


def modes(config: ClusterConfig) -> Iterator[Problem]:
    """Neutron takes an IPv6 mode for IPv6 only, advertises through a router, and has conditions for each mode."""
    for path, created in _created(config):
        if created.ipv6_mode is None:
            continue
        cidr = ipaddress.ip_network(created.cidr)
        if cidr.version != 6:
            yield Problem(f"{path}.ipv6_mode", f"is for IPv6, but {cidr} is IPv4", "leave it out")
            continue
        if created.external_network is None:
            what = f"{created.ipv6_mode} needs router advertisements, but the network has no router"
            yield Problem(f"{path}.ipv6_mode", what, f"set {path}.external_network, or leave ipv6_mode out")
        if not created.dhcp:
            what = f"{created.ipv6_mode} needs dhcp: Neutron refuses a mode without it, also for slaac"
            yield Problem(f"{path}.dhcp", what, "set dhcp to true, or leave ipv6_mode out")
        if created.ipv6_mode is not Ipv6Mode.DHCPV6_STATEFUL and cidr.prefixlen != _PREFIX_OF_AUTOCONFIGURATION:
            what = f"{created.ipv6_mode} needs a range of /{_PREFIX_OF_AUTOCONFIGURATION}, but it is /{cidr.prefixlen}"
            yield Problem(f"{path}.cidr", what, f"choose a /{_PREFIX_OF_AUTOCONFIGURATION}, or dhcpv6-stateful")


def chosen_control_addresses(config: ClusterConfig) -> Iterator[Problem]:
    """Where nodes make their own addresses, none can be chosen for the control node."""
    yield from _chosen(config, "control_ip_addresses", config.control_ip_addresses)


def chosen_addresses(config: ClusterConfig, _kind: NodeKind, path: str, group: NodeGroupConfig) -> Iterator[Problem]:
    """The same for a group's nodes."""
    yield from _chosen(config, f"{path}.ip_addresses", group.ip_addresses)


def _chosen(config: ClusterConfig, path: str, networks: Iterable[str]) -> Iterator[Problem]:
    created = {network.network: network.create for network in config.cluster_networks}
    for name in networks:
        network = created.get(name)
        if network is not None and network.ipv6_mode in (Ipv6Mode.SLAAC, Ipv6Mode.DHCPV6_STATELESS):
            what = f"nodes make their own addresses on {name} ({network.ipv6_mode})"
            yield Problem(f"{path}.{name}", what, "leave it out, or choose dhcpv6-stateful for the network")


CHECKS = (
    kinds_of_ranges,
    sizes_of_ranges,
    packets,
    modes,
    chosen_control_addresses,
    for_each_group(chosen_addresses),
)
