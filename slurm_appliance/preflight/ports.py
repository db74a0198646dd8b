"""Checks ports that exist already: they are there, on their networks, with an address, and free for their nodes."""

import ipaddress
from collections.abc import Iterable, Mapping

from slurm_appliance.cloud.facts import CloudFacts, Port, ServerFacts
from slurm_appliance.nodes.groups import ExistingPort, Group
from slurm_appliance.preflight.finder import Finder
from slurm_appliance.preflight.resolved import ResolvedNetwork


def existing(
    groups: Iterable[Group],
    networks: Mapping[str, ResolvedNetwork],
    servers: Mapping[str, ServerFacts],
    facts: CloudFacts,
    finder: Finder,
) -> dict[str, str]:
    """The addresses of the existing ports on their subnets, by id.

    Args:
        groups: all groups.
        networks: the existing networks by name; missing ones have been reported.
        servers: the environment's own servers by name.
        facts: the cloud.
        finder: collects the problems.
    """
    found: dict[str, str] = {}
    for group in groups:
        for name, given in group.existing.items():
            there = networks.get(name)
            if there is None:
                continue
            for node, wanted in zip(group.nodes, given, strict=True):
                address = _address(wanted, name, there, facts, finder)
                if address is not None:
                    found[wanted[0]] = address
                _free(wanted, node.hostname, servers, facts, finder)
    return found


def _port(id_: str, facts: CloudFacts) -> Port | None:
    return next((port for port in facts.ports if port.id == id_), None)


def _address(
    wanted: ExistingPort, name: str, network: ResolvedNetwork, facts: CloudFacts, finder: Finder
) -> str | None:
    id_, path = wanted
    port, remedy = _port(id_, facts), f"openstack port list --network {name}"
    if port is None:
        finder.problem(path, f"there is no port with the ID {id_} on the cluster's networks", remedy)
        return None
    if port.network_id != network.network_id:
        other = next((each.name for each in facts.networks if each.id == port.network_id), port.network_id)
        finder.problem(path, f"port {id_} is on network {other}, not on {name}", remedy)
        return None
    subnet = ipaddress.ip_network(network.cidr)
    for address in port.addresses:
        if ipaddress.ip_address(address) in subnet:
            return address
    what = f"port {id_} has no address in {network.cidr}, the subnet of {name} that nodes use"
    finder.problem(path, what, f"openstack port set --fixed-ip subnet={network.subnet_id} {id_}, or choose another")
    return None


def _free(
    wanted: ExistingPort, hostname: str, servers: Mapping[str, ServerFacts], facts: CloudFacts, finder: Finder
) -> None:
    id_, path = wanted
    port, own = _port(id_, facts), servers.get(hostname)
    if port is None or not port.device_id or (own is not None and own.id == port.device_id):
        return
    name = next((server.name for server in facts.servers if server.id == port.device_id), port.device_id)
    what = f"port {id_} is in use by {name}, so {hostname} cannot have it"
    finder.problem(path, what, "choose a port without a device, or detach this one first")
