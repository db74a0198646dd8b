"""Networks that are created: of a range that Neutron takes, with an address for each node."""

import ipaddress
from collections.abc import Iterator

from slurm_appliance.config.checks.groups import known_groups
from slurm_appliance.config.cluster import ClusterConfig
from slurm_appliance.config.network import NetworkCreation
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


CHECKS = (kinds_of_ranges, sizes_of_ranges, packets)
