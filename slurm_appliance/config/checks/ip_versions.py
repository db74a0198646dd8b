"""Address families, gateways and lists of networks: what works is used, the rest is refused in a sentence."""

import ipaddress
from collections.abc import Iterable, Iterator

from slurm_appliance.config.checks.groups import for_each_group
from slurm_appliance.config.cluster import ClusterConfig
from slurm_appliance.config.naming import NodeKind
from slurm_appliance.config.network import NetworkConfig
from slurm_appliance.config.node_group import AccessibleGroup, NodeGroupConfig
from slurm_appliance.errors import Problem

_NEEDS_IPV4 = "Slurm's daemons, exports and monitoring of this appliance speak IPv4 among the nodes"
_REMEDY = "put a network with IPv4 first in cluster_networks; the others may have IPv6"


def access_network(config: ClusterConfig) -> Iterator[Problem]:
    """Nodes have IPv4 addresses on the access network."""
    if not config.cluster_networks:
        return
    network = config.cluster_networks[0]
    if network.create is not None and ipaddress.ip_network(network.create.cidr).version != 4:
        what = f"{network.create.cidr} is IPv6, but {_NEEDS_IPV4}"
        yield Problem("cluster_networks[0].create.cidr", what, _REMEDY)
    elif network.network in config.control_ip_addresses:
        address = config.control_ip_addresses[network.network]
        yield from _ipv4(f"control_ip_addresses.{network.network}", [address], network)


def access_addresses(config: ClusterConfig, _kind: NodeKind, path: str, group: NodeGroupConfig) -> Iterator[Problem]:
    """The same for the fixed addresses of a group."""
    network = config.cluster_networks[0] if config.cluster_networks else None
    if network is not None and network.network in group.ip_addresses:
        given = group.ip_addresses[network.network]
        yield from _ipv4(f"{path}.ip_addresses.{network.network}", given, network)


def _ipv4(path: str, addresses: Iterable[str], network: NetworkConfig) -> Iterator[Problem]:
    six = [address for address in addresses if ipaddress.ip_address(address).version != 4]
    created_as_six = network.create is not None and ipaddress.ip_network(network.create.cidr).version != 4
    if six and not created_as_six:
        what = f"{six[0]} is IPv6 on the access network, but {_NEEDS_IPV4}"
        yield Problem(path, what, "give an IPv4 address of the network")


def gateway(config: ClusterConfig) -> Iterator[Problem]:
    """The default gateway lies in a network that all nodes have."""
    yield from _gateway("gateway_ip", config.gateway_ip, config.cluster_networks)


def group_gateway(config: ClusterConfig, _kind: NodeKind, path: str, group: NodeGroupConfig) -> Iterator[Problem]:
    """The same for a group; its extra networks exist already, and only the cloud knows their addresses."""
    if not group.extra_networks:
        yield from _gateway(f"{path}.gateway_ip", group.gateway_ip, config.cluster_networks)


def _gateway(path: str, text: str | None, networks: Iterable[NetworkConfig]) -> Iterator[Problem]:
    created = [network.create for network in networks]
    if text is None or None in created:
        return
    ranges = [ipaddress.ip_network(each.cidr) for each in created if each is not None]
    special = next((found for range_ in ranges if (found := not_a_host(text, range_))), "")
    if special:
        yield Problem(path, f"{text} is {special}", "choose another address of one of them")
    elif not in_reach(text, ranges):
        shown = ", ".join(map(str, ranges))
        yield Problem(path, f"{text} is in none of the nodes' networks ({shown})", "choose an address of one of them")


def in_reach(text: str, ranges: Iterable[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    """Whether nodes with addresses in these ranges can reach a gateway; a link-local one is in every IPv6 network."""
    address = ipaddress.ip_address(text)
    return any(
        address in range_ or (address.version == range_.version == 6 and address.is_link_local) for range_ in ranges
    )


def not_a_host(text: str, range_: ipaddress.IPv4Network | ipaddress.IPv6Network) -> str:
    """What an address of a range is that no node and no router can have; empty for others."""
    if range_.version != 4 or range_.prefixlen > 30:
        return ""
    address = ipaddress.ip_address(text)
    if address == range_.network_address:
        return f"the network address of {range_}"
    return f"the broadcast address of {range_}" if address == range_.broadcast_address else ""


def lists(config: ClusterConfig) -> Iterator[Problem]:
    """Neutron refuses the second of two equal rules, groups or servers."""
    for setting, cidrs in (
        ("ssh_allowed_cidrs", config.ssh_allowed_cidrs),
        ("nonlogin_ssh_allowed_cidrs", config.nonlogin_ssh_allowed_cidrs or ()),
    ):
        yield from _once(setting, [str(ipaddress.ip_network(cidr)) for cidr in cidrs])
    yield from _once("login_security_groups", config.login_security_groups or ())
    yield from _once("nonlogin_security_groups", config.nonlogin_security_groups or ())
    for index, network in enumerate(config.cluster_networks):
        if network.create is not None:
            servers = [str(ipaddress.ip_address(each)) for each in network.create.dns_nameservers]
            yield from _once(f"cluster_networks[{index}].create.dns_nameservers", servers)


def group_lists(_config: ClusterConfig, kind: NodeKind, path: str, group: NodeGroupConfig) -> Iterator[Problem]:
    """The same for a group."""
    if kind is not NodeKind.COMPUTE:
        accessible: AccessibleGroup = group  # type: ignore[assignment]  # All groups but compute's are.
        yield from _once(f"{path}.security_group_ids", accessible.security_group_ids or ())


def _once(path: str, values: Iterable[str]) -> Iterator[Problem]:
    seen: set[str] = set()
    for index, value in enumerate(values):
        if value in seen:
            yield Problem(f"{path}[{index}]", f"{value} is in the list twice", "keep one of them")
        seen.add(value)


CHECKS = (
    access_network,
    for_each_group(access_addresses),
    gateway,
    for_each_group(group_gateway),
    lists,
    for_each_group(group_lists),
)
