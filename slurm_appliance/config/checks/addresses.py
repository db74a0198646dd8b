"""Fixed addresses and floating IPs: as many as asked for, each once, each in its network."""

import ipaddress
from collections.abc import Iterator

from slurm_appliance.config.checks.groups import for_each_group, given_to_nodes, known_groups
from slurm_appliance.config.cluster import ClusterConfig
from slurm_appliance.config.naming import NodeKind, setting_of
from slurm_appliance.config.node_group import NodeGroupConfig
from slurm_appliance.config.salvage import NotParsed
from slurm_appliance.errors import Problem

_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def one_for_each_node(_config: ClusterConfig, _kind: NodeKind, path: str, group: NodeGroupConfig) -> Iterator[Problem]:
    """A group has as many fixed addresses on a network as nodes, and no more floating IPs than nodes."""
    nodes = len(group.nodes)
    for network, addresses in group.ip_addresses.items():
        if len(addresses) != nodes:
            what = f"{len(addresses)} addresses for {nodes} nodes"
            yield Problem(f"{path}.ip_addresses.{network}", what, "give one address for each node, in their order")
    floating = getattr(group, "fip_addresses", ()) if _kind is not NodeKind.COMPUTE else ()
    if len(floating) > nodes:
        what = f"{len(floating)} floating IPs for {nodes} nodes"
        yield Problem(f"{path}.fip_addresses", what, "give at most one for each node")


def _fixed(config: ClusterConfig) -> Iterator[tuple[str, str, str]]:
    """All fixed addresses that can be read: path, network, address."""
    return given_to_nodes(config, "control_ip_addresses", "ip_addresses")


def used_once(config: ClusterConfig) -> Iterator[Problem]:
    """No fixed address is given to two nodes."""
    first: dict[tuple[str, _Address], str] = {}
    for path, network, address in _fixed(config):
        key = (network, ipaddress.ip_address(address))
        if key in first:
            yield Problem(path, f"{address} is given twice, also to {first[key]}", "give every node its own")
        first.setdefault(key, path)


def in_their_networks(config: ClusterConfig) -> Iterator[Problem]:
    """Fixed addresses on created networks are addresses of these that a node can have."""
    created = {network.network: network.create for network in config.cluster_networks if network.create}
    for path, network, text in _fixed(config):
        if network not in created:
            continue
        cidr, address = ipaddress.ip_network(created[network].cidr), ipaddress.ip_address(text)
        first = cidr.network_address + 1 if cidr.num_addresses > 1 else cidr.network_address
        gateway = ipaddress.ip_address(created[network].gateway_ip or first)
        if address not in cidr or address in (cidr.network_address, cidr.broadcast_address):
            yield Problem(path, f"{text} is no address for a node in {cidr}", "choose one inside the network")
        elif address == gateway:
            yield Problem(path, f"{text} is the gateway of {cidr}", "choose another address")


def floating_used_once(config: ClusterConfig) -> Iterator[Problem]:
    """No floating IP is given to two nodes."""
    first: dict[_Address, str] = {}
    for kind, name, group in known_groups(config):
        if kind is NodeKind.COMPUTE:
            continue
        path = f"{setting_of(kind)}.{name}.fip_addresses"
        try:
            addresses: tuple[str, ...] = group.fip_addresses  # type: ignore[attr-defined]  # All but compute's have it.
        except NotParsed:
            continue
        for index, text in enumerate(addresses):
            address = ipaddress.ip_address(text)
            if address in first:
                what = f"{text} is given twice, also to {first[address]}"
                yield Problem(f"{path}[{index}]", what, "give every node its own")
            first.setdefault(address, f"{path}[{index}]")


CHECKS = (for_each_group(one_for_each_node), used_once, in_their_networks, floating_used_once)
