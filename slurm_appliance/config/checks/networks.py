"""Networks: each is named once, and whatever names one names one that the node has."""

import ipaddress
from collections.abc import Iterable, Iterator

from slurm_appliance.config.checks.groups import for_each_group
from slurm_appliance.config.checks.ip_versions import in_reach, not_a_host
from slurm_appliance.config.cluster import ClusterConfig
from slurm_appliance.config.naming import NodeKind
from slurm_appliance.config.node_group import AccessibleGroup, NodeGroupConfig
from slurm_appliance.config.suggest import did_you_mean
from slurm_appliance.errors import Problem


def at_least_one(config: ClusterConfig) -> Iterator[Problem]:
    """There is an access network."""
    if not config.cluster_networks:
        yield Problem("cluster_networks", "is empty", "name at least one network: the first is the access network")


def named_once(config: ClusterConfig) -> Iterator[Problem]:
    """No network is in cluster_networks twice."""
    names = [network.network for network in config.cluster_networks]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield Problem(f"cluster_networks[{index}].network", f"{name} is in the list twice", "keep one of them")


def created_ranges(config: ClusterConfig) -> Iterator[Problem]:
    """Created networks do not overlap, and their gateways lie in them."""
    ranges: list[tuple[str, ipaddress.IPv4Network | ipaddress.IPv6Network]] = []
    for index, network in enumerate(config.cluster_networks):
        if network.create is None:
            continue
        path = f"cluster_networks[{index}].create"
        cidr = ipaddress.ip_network(network.create.cidr)
        gateway = network.create.gateway_ip
        if gateway is not None and not in_reach(gateway, [cidr]):
            yield Problem(f"{path}.gateway_ip", f"{gateway} is not in {cidr}", "choose an address of the subnet")
        elif gateway is not None and not_a_host(gateway, cidr):
            what = f"{gateway} is {not_a_host(gateway, cidr)}"
            yield Problem(f"{path}.gateway_ip", what, "choose another address of the subnet")
        for other, range_ in ranges:
            if cidr.version == range_.version and cidr.overlaps(range_):
                yield Problem(f"{path}.cidr", f"{cidr} overlaps {range_} of {other}", "choose another range")
        ranges.append((path, cidr))


def extra_networks(config: ClusterConfig, _kind: NodeKind, path: str, group: NodeGroupConfig) -> Iterator[Problem]:
    """A group's extra networks are others than the cluster's, each named once."""
    names = [network.network for network in config.cluster_networks]
    for index, network in enumerate(group.extra_networks):
        if network.network in names:
            what = f"the nodes have a port on {network.network} already"
            yield Problem(f"{path}.extra_networks[{index}].network", what, "remove it here, or from cluster_networks")
        names.append(network.network)


def networks_of(config: ClusterConfig, group: NodeGroupConfig) -> list[str]:
    """The names of the networks that a group's nodes have ports on."""
    return [network.network for network in (*config.cluster_networks, *group.extra_networks)]


def unknown_networks(path: str, used: Iterable[str], known: list[str]) -> Iterator[Problem]:
    """A problem for each network that is used under a path and is not known there."""
    for name in used:
        if name not in known:
            yield Problem(f"{path}.{name}", f"there are no ports on a network {name} here", did_you_mean(name, known))


def cluster_wide_names(config: ClusterConfig) -> Iterator[Problem]:
    """What is said for all nodes names networks that some nodes have."""
    known = [network.network for network in config.cluster_networks]
    of_control = [*known, *(network.network for network in config.control_extra_networks)]
    yield from unknown_networks("control_ip_addresses", config.control_ip_addresses, of_control)
    yield from unknown_networks("control_port_ids", config.control_port_ids, of_control)
    groups = (*config.login.values(), *config.compute.values(), *config.additional_nodegroups.values())
    extra = [network.network for group in groups for network in group.extra_networks]
    every = list(dict.fromkeys([*of_control, *extra]))
    yield from unknown_networks("vnic_types", config.vnic_types, every)
    yield from unknown_networks("vnic_profiles", config.vnic_profiles, every)


def control_networks(config: ClusterConfig) -> Iterator[Problem]:
    """The control node's own networks are others than the cluster's, each named once."""
    names = [network.network for network in config.cluster_networks]
    for index, network in enumerate(config.control_extra_networks):
        if network.network in names:
            what = f"the control node has a port on {network.network} already"
            remedy = "remove it here, or from cluster_networks"
            yield Problem(f"control_extra_networks[{index}].network", what, remedy)
        names.append(network.network)


def group_wide_names(config: ClusterConfig, _kind: NodeKind, path: str, group: NodeGroupConfig) -> Iterator[Problem]:
    """What is said for a group names networks that its nodes have."""
    known = networks_of(config, group)
    yield from unknown_networks(f"{path}.vnic_types", group.vnic_types, known)
    yield from unknown_networks(f"{path}.vnic_profiles", group.vnic_profiles, known)
    yield from unknown_networks(f"{path}.ip_addresses", group.ip_addresses, known)
    yield from unknown_networks(f"{path}.port_ids", group.port_ids, known)


def floating_ip_network(config: ClusterConfig, kind: NodeKind, path: str, group: NodeGroupConfig) -> Iterator[Problem]:
    """It is clear which port gets a floating IP."""
    if kind is NodeKind.COMPUTE:
        return
    known = networks_of(config, group)
    accessible: AccessibleGroup = group  # type: ignore[assignment]  # All groups but compute's are.
    if accessible.fip_network is not None and accessible.fip_network not in known:
        what = f"there are no ports on a network {accessible.fip_network} here"
        yield Problem(f"{path}.fip_network", what, did_you_mean(accessible.fip_network, known))
    if (accessible.fip_addresses or accessible.fip_pool) and accessible.fip_network is None and len(known) > 1:
        remedy = f"name the network of the ports that get the floating IPs: {', '.join(known)}"
        yield Problem(f"{path}.fip_network", "required with more than one network, but not set", remedy)


def floating_ip_router(config: ClusterConfig, kind: NodeKind, path: str, group: NodeGroupConfig) -> Iterator[Problem]:
    """A floating IP, which is IPv4, reaches the port that gets it; of networks that exist, only the cloud knows."""
    accessible: AccessibleGroup = group  # type: ignore[assignment]  # Asked below: all groups but compute's are.
    if kind is NodeKind.COMPUTE or not config.cluster_networks:
        return
    if not (accessible.fip_addresses or accessible.fip_pool):
        return
    name = accessible.fip_network or config.cluster_networks[0].network
    for index, network in enumerate(config.cluster_networks):
        if network.network != name or network.create is None:
            continue
        if ipaddress.ip_network(network.create.cidr).version != 4:
            what = f"floating IPs are IPv4, but {name} is IPv6 ({network.create.cidr})"
            yield Problem(f"{path}.fip_network", what, "choose an IPv4 network, or remove fip_addresses")
        elif network.create.external_network is None:
            what = f"network {name}, which is created, has no router to an external network"
            remedy = f"set cluster_networks[{index}].create.external_network to the network of the floating IPs"
            yield Problem(f"{path}.{'fip_addresses' if accessible.fip_addresses else 'fip_pool'}", what, remedy)


CHECKS = (
    at_least_one,
    named_once,
    created_ranges,
    for_each_group(extra_networks),
    cluster_wide_names,
    control_networks,
    for_each_group(group_wide_names),
    for_each_group(floating_ip_network),
    for_each_group(floating_ip_router),
)
