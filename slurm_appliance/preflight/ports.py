"""Checks ports that exist already: they are there, on their networks, with an address, and free for their nodes."""

import ipaddress
from collections.abc import Iterable, Mapping

from slurm_appliance.cloud.facts import CloudFacts, Port, ServerFacts
from slurm_appliance.nodes.groups import Group
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
    ports = {port.id: port for port in facts.ports}
    for group in groups:
        for name, given in group.existing.items():
            there = networks.get(name)
            if there is None:
                continue
            for node, (id_, path) in zip(group.nodes, given, strict=True):
                port = ports.get(id_)
                if port is None:
                    what = f"there is no port with the ID {id_} on the cluster's networks"
                    finder.problem(path, what, _listing(name))
                    continue
                address = _address(port, path, name, there, facts, finder)
                if address is not None:
                    found[id_] = address
                _free(port, path, node.hostname, servers, facts, finder)
    return found


def _listing(network: str) -> str:
    return f"openstack port list --network {network}"


def _address(
    port: Port, path: str, name: str, network: ResolvedNetwork, facts: CloudFacts, finder: Finder
) -> str | None:
    if port.network_id != network.network_id:
        other = next((each.name for each in facts.networks if each.id == port.network_id), port.network_id)
        finder.problem(path, f"port {port.id} is on network {other}, not on {name}", _listing(name))
        return None
    subnet = ipaddress.ip_network(network.cidr)
    for address in port.addresses:
        if ipaddress.ip_address(address) in subnet:
            return address
    what = f"port {port.id} has no address in {network.cidr}, the subnet of {name} that nodes use"
    finder.problem(path, what, f"openstack port set --fixed-ip subnet={network.subnet_id} {port.id}, or choose another")
    return None


def _free(
    port: Port, path: str, hostname: str, servers: Mapping[str, ServerFacts], facts: CloudFacts, finder: Finder
) -> None:
    own = servers.get(hostname)
    if not port.device_id or (own is not None and own.id == port.device_id):
        return
    name = next((server.name for server in facts.servers if server.id == port.device_id), port.device_id)
    what = f"port {port.id} is in use by {name}, so {hostname} cannot have it"
    finder.problem(path, what, "choose a port without a device, or detach this one first")
