"""Checks what ports use: networks, subnets, security groups, fixed addresses, floating IPs."""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

from slurm_appliance.cloud.facts import CloudFacts, NetworkFacts, Port, SubnetFacts
from slurm_appliance.config import ClusterConfig
from slurm_appliance.config.checks.ip_versions import in_reach, not_a_host
from slurm_appliance.config.network import NetworkConfig as ClusterNetwork
from slurm_appliance.config.network import NetworkReference
from slurm_appliance.config.suggest import did_you_mean
from slurm_appliance.nodes import cloud_names
from slurm_appliance.nodes.groups import Group
from slurm_appliance.preflight.finder import Finder
from slurm_appliance.preflight.resolved import ResolvedNetwork


def references(config: ClusterConfig, groups: Iterable[Group]) -> Iterator[tuple[str, NetworkReference]]:
    """All networks with ports, each with its config path."""
    for index, network in enumerate(config.cluster_networks):
        yield f"cluster_networks[{index}]", network
    for group in groups:
        extra = group.own.extra_networks if group.own else config.control_extra_networks
        for index, reference in enumerate(extra):
            yield f"{group.extra_networks_path}[{index}]", reference


def networks(
    config: ClusterConfig, groups: Iterable[Group], facts: CloudFacts, finder: Finder
) -> dict[str, ResolvedNetwork]:
    """The existing networks, by name."""
    found: dict[str, ResolvedNetwork] = {}
    for path, reference in references(config, groups):
        if isinstance(reference, ClusterNetwork) and reference.create is not None:
            continue
        network = finder.named(f"{path}.network", "network", reference.network, facts.networks)
        subnet = _subnet(path, reference, network, facts, finder) if network else None
        if network and subnet:
            found[reference.network] = ResolvedNetwork(network.id, subnet.id, subnet.cidr)
            _port_security(path, reference, network, finder)
    return found


def _subnet(
    path: str, reference: NetworkReference, network: NetworkFacts, facts: CloudFacts, finder: Finder
) -> SubnetFacts | None:
    subnets = [subnet for subnet in facts.subnets if subnet.network_id == network.id]
    if reference.subnet is not None:
        return finder.named(f"{path}.subnet", f"subnet of network {network.name} called", reference.subnet, subnets)
    if len(subnets) == 1:
        return subnets[0]
    if not subnets:
        finder.problem(f"{path}.network", f"network {network.name} has no subnet", "create one, or choose another")
        return None
    access = path == "cluster_networks[0]"
    what, remedy = f"network {network.name} has {len(subnets)} subnets", "set the one for the nodes' addresses"
    usable = [subnet for subnet in subnets if not access or ipaddress.ip_network(subnet.cidr).version == 4]
    if access:
        remedy += " on the access network, which are IPv4"
    if usable:
        finder.problem(f"{path}.subnet", what, f"{remedy}: {_shown(usable)}")
    else:
        what += f", all IPv6 ({_shown(subnets)}), but nodes use IPv4 on the access network"
        remedy = "create an IPv4 subnet, or put a network with an IPv4 subnet first"
        finder.problem(f"{path}.subnet", what, remedy)
    return None


def _shown(subnets: Iterable[SubnetFacts]) -> str:
    return ", ".join(f"{subnet.name} ({subnet.cidr})" for subnet in sorted(subnets, key=lambda each: each.cidr))


def _port_security(path: str, reference: NetworkReference, network: NetworkFacts, finder: Finder) -> None:
    if not network.port_security and not (reference.no_security_groups or reference.no_port_security):
        what = f"port security is off on network {network.name}, so its ports cannot have security groups"
        finder.problem(f"{path}.no_security_groups", what, "set it to true")


def address_families(
    config: ClusterConfig, groups: Iterable[Group], existing: Mapping[str, ResolvedNetwork], finder: Finder
) -> None:
    """Check that the access network has IPv4, ranges do not overlap, and default gateways are reachable."""
    first = existing.get(config.cluster_networks[0].network)
    if first is not None and ipaddress.ip_network(first.cidr).version != 4:
        what = f"the subnet is IPv6 ({first.cidr}), but nodes use IPv4 on the access network"
        finder.problem(
            "cluster_networks[0].subnet", what, "set an IPv4 subnet, or put a network with an IPv4 subnet first"
        )
    created = {each.network: each.create.cidr for each in config.cluster_networks if each.create is not None}
    shared = [network.network for network in config.cluster_networks]
    ranges = {**{name: there.cidr for name, there in existing.items()}, **created}
    for group in groups:
        names = [network.network for network in group.networks]
        known = {name: ipaddress.ip_network(ranges[name]) for name in names if name in ranges}
        if len(known) < len(names):
            continue  # Missing networks have already been reported.
        for one, other in combinations(known, 2):
            if known[one].overlaps(known[other]):
                path = "cluster_networks" if other in shared else group.at("extra_networks")
                finder.problem(path, f"networks {one} ({known[one]}) and {other} ({known[other]}) overlap", _APART)
        path = group.at("gateway_ip") if group.own and group.own.gateway_ip else "gateway_ip"
        special = [not_a_host(group.gateway_ip, range_) for range_ in known.values()] if group.gateway_ip else []
        if any(special):
            finder.problem(path, f"{group.gateway_ip} is {''.join(special)}", "choose another address")
        elif group.gateway_ip is not None and not in_reach(group.gateway_ip, known.values()):
            shown = ", ".join(map(str, known.values()))
            what = f"{group.gateway_ip} is not in any of the nodes' networks ({shown})"
            finder.problem(path, what, "choose an address in one of them")


_APART = "choose networks with ranges that do not overlap: nodes cannot route between them"


def external_networks(config: ClusterConfig, facts: CloudFacts, finder: Finder) -> dict[str, str]:
    """The external networks of created networks: IDs by name."""
    external = [network for network in facts.networks if network.external]
    found: dict[str, str] = {}
    for index, network in enumerate(config.cluster_networks):
        name = network.create.external_network if network.create else None
        if name is None:
            continue
        path = f"cluster_networks[{index}].create.external_network"
        there = finder.named(path, "external network", name, external)
        if there:
            found[name] = there.id
    return found


def security_groups(
    config: ClusterConfig, groups: Iterable[Group], facts: CloudFacts, finder: Finder
) -> dict[str, str]:
    """The named existing security groups: IDs by name."""
    found: dict[str, str] = {}
    for setting in ("login_security_groups", "nonlogin_security_groups"):
        for index, name in enumerate(getattr(config, setting) or ()):
            there = finder.named(f"{setting}[{index}]", "security group", name, facts.security_groups)
            if there:
                found[name] = there.id
    for group in groups:
        for index, id_ in enumerate(group.security_group_ids or ()):
            finder.by_id(f"{group.security_group_ids_path}[{index}]", "security group", id_, facts.security_groups)
    return found


def fixed_addresses(
    groups: Iterable[Group], existing: Mapping[str, ResolvedNetwork], facts: CloudFacts, finder: Finder
) -> None:
    """Check that fixed addresses are in their subnets and unused."""
    subnets = {subnet.id: subnet for subnet in facts.subnets}
    taken = {
        (port.network_id, ipaddress.ip_address(address)): port for port in facts.ports for address in port.addresses
    }
    for group in groups:
        for network, given in group.fixed.items():
            if network not in existing:
                continue
            there = existing[network]
            for node, (address, path) in zip(group.nodes, given, strict=False):
                _in_subnet(path, address, subnets[there.subnet_id], finder)
                port = taken.get((there.network_id, ipaddress.ip_address(address)))
                if port and port.name != cloud_names.port(node, network):
                    finder.problem(path, f"{address} is used by {_owner(port)}", "choose another address")


def _in_subnet(path: str, text: str, subnet: SubnetFacts, finder: Finder) -> None:
    cidr, address = ipaddress.ip_network(subnet.cidr), ipaddress.ip_address(text)
    if address not in cidr:
        finder.problem(path, f"{text} is not in subnet {subnet.name} ({cidr})", f"choose an address in {cidr}")
    elif not_a_host(text, cidr):
        finder.problem(path, f"{text} is {not_a_host(text, cidr)}", "choose another address")
    elif subnet.gateway_ip is not None and address == ipaddress.ip_address(subnet.gateway_ip):
        finder.problem(path, f"{text} is the gateway of subnet {subnet.name}", "choose another address")


def free_addresses(
    config: ClusterConfig,
    groups: Iterable[Group],
    existing: Mapping[str, ResolvedNetwork],
    facts: CloudFacts,
    finder: Finder,
) -> None:
    """Check that a subnet can have an address for each node; ports of others that cannot be seen come on top."""
    groups = tuple(groups)
    subnets = {subnet.id: subnet for subnet in facts.subnets}
    ports = {(port.network_id, port.name) for port in facts.ports}
    seen: set[str] = set()
    for path, reference in references(config, groups):
        there = existing.get(reference.network)
        if there is None or reference.network in seen:
            continue
        seen.add(reference.network)
        subnet = subnets[there.subnet_id]
        cidr = ipaddress.ip_network(subnet.cidr)
        own = [port for port in facts.ports if port.network_id == there.network_id]
        used = {ipaddress.ip_address(address) for port in own for address in port.addresses}
        used |= {ipaddress.ip_address(subnet.gateway_ip)} if subnet.gateway_ip else set()
        special = 2 if not_a_host(str(cidr.network_address), cidr) else 0
        free = cidr.num_addresses - special - sum(address in cidr for address in used)
        names = (
            cloud_names.port(node, network)
            for group in groups
            for node, network in group.created_ports
            if network == reference.network
        )
        needed = sum((there.network_id, name) not in ports for name in names)
        if needed > free:
            what = f"{needed} addresses of subnet {subnet.name} ({cidr}) needed, but only {free} are free"
            finder.problem(f"{path}.subnet", what, "choose a larger subnet, or fewer nodes")


def _owner(port: Port) -> str:
    return f"port {port.name or port.id}" + (f" of server {port.device_id}" if port.device_id else "")


def own_ports(index: int, group: Group) -> set[str]:
    """Names, or ids, of a node's ports: its floating IP can be on any, and moves when ``fip_network`` changes."""
    node = group.nodes[index]
    names = [network.network for network in group.networks]
    return {group.existing_port(name, index) or cloud_names.port(node, name) for name in names}


def floating_ips(
    groups: Iterable[Group], existing: Mapping[str, ResolvedNetwork], facts: CloudFacts, finder: Finder
) -> None:
    """Floating IPs are the project's, and free or on a port of the node that is to have them; the port has IPv4."""
    subnets = {subnet.id: subnet for subnet in facts.subnets}
    known = {floating.address: floating for floating in facts.floating_ips}
    names = {port.id: port.name for port in facts.ports}
    for group in groups:
        if group.floating_pool is not None:
            external = [network for network in facts.networks if network.external]
            finder.named(group.at("fip_pool"), "external network", group.floating_pool, external)
        there = existing.get(group.floating_network) if group.floating_ips or group.floating_pool else None
        if there is not None and ipaddress.ip_network(there.cidr).version != 4:
            subnet = f"subnet {subnets[there.subnet_id].name} of {group.floating_network}"
            what = f"floating IPs are IPv4, but {subnet} is IPv6 ({there.cidr})"
            remedy = "choose a network with an IPv4 subnet, or remove fip_addresses"
            finder.problem(group.at("fip_network"), what, remedy)
        for index, address in enumerate(group.floating_ips[: len(group.nodes)]):
            path = f"{group.at('fip_addresses')}[{index}]"
            floating = known.get(address)
            if floating is None:
                free = sorted(each.address for each in facts.floating_ips if not each.port_id)
                what = f"the project has no floating IP {address}"
                finder.problem(path, what, did_you_mean(address, free) if free else "create one first")
            elif floating.port_id and own_ports(index, group).isdisjoint(
                {floating.port_id, names.get(floating.port_id)}
            ):
                finder.problem(path, f"{address} is in use by port {floating.port_id}", "choose a free floating IP")
