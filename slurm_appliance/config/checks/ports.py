"""Ports that exist already: one for each node, each once, and nothing that only new ports can have."""

from collections.abc import Iterator

from slurm_appliance.config.checks.groups import for_each_group, given_to_nodes
from slurm_appliance.config.cluster import ClusterConfig
from slurm_appliance.config.naming import NodeKind
from slurm_appliance.config.node_group import NodeGroupConfig
from slurm_appliance.errors import Problem


def one_for_each_node(_config: ClusterConfig, _kind: NodeKind, path: str, group: NodeGroupConfig) -> Iterator[Problem]:
    """A group has as many existing ports on a network as nodes, and says nothing else about them."""
    for network, ids in group.port_ids.items():
        if len(ids) != len(group.nodes):
            what = f"{len(ids)} ports for {len(group.nodes)} nodes"
            yield Problem(f"{path}.port_ids.{network}", what, "give one port for each node, in their order")
        for name in ("ip_addresses", "vnic_types", "vnic_profiles"):
            if network in getattr(group, name):
                yield _settled(f"{path}.{name}.{network}", f"{path}.port_ids.{network}")


def control_addresses(config: ClusterConfig) -> Iterator[Problem]:
    """The control node's existing ports have their addresses already."""
    for network in config.control_port_ids:
        if network in config.control_ip_addresses:
            yield _settled(f"control_ip_addresses.{network}", f"control_port_ids.{network}")


def _settled(path: str, ports: str) -> Problem:
    return Problem(path, f"the ports of {ports} exist and stay as they are", "remove one of the two")


def _given(config: ClusterConfig) -> Iterator[tuple[str, str, str]]:
    """All existing ports that can be read: path, network, id."""
    return given_to_nodes(config, "control_port_ids", "port_ids")


def used_once(config: ClusterConfig) -> Iterator[Problem]:
    """No port is given to two nodes."""
    first: dict[str, str] = {}
    for path, _network, id_ in _given(config):
        if id_ in first:
            yield Problem(path, f"{id_} is given twice, also to {first[id_]}", "give every node its own port")
        first.setdefault(id_, path)


def on_existing_networks(config: ClusterConfig) -> Iterator[Problem]:
    """A network that the cluster creates has no ports before."""
    created = {network.network for network in config.cluster_networks if network.create is not None}
    for path, network, _id in _given(config):
        if network in created:
            what = f"network {network} is created with the cluster, so no port on it exists before"
            yield Problem(path, what, "remove the port, or name an existing network")


CHECKS = (for_each_group(one_for_each_node), control_addresses, used_once, on_existing_networks)
