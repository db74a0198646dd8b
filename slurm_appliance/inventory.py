"""Ansible's inventory, from what the cloud made of the configuration.

Pure: hosts in, text out. The same cluster always gives the same bytes, whatever order its hosts come in, so that a
changed inventory means a changed cluster.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from slurm_appliance.config import ClusterConfig, NodeKind, node_groups
from slurm_appliance.config.naming import CONTROL, ansible_alias, ansible_group, environment
from slurm_appliance.config.storage import HomeProvisioning
from slurm_appliance.inventory_settings import group_settings, playbook_settings
from slurm_appliance.ssh_options import connection_variables

#: The C implementation writes the inventory of 1000 nodes ten times faster; not every installation has it.
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


@dataclass(frozen=True)
class Host:
    """One server, as Ansible knows it.

    Attributes:
        name: the first label of its full name.
        kind: what it is for.
        group: its node group; ``control`` for the control node.
        fqdn: its full name.
        instance_id: its id in Nova.
        image_id: its **target** image, which may not be the one that it runs.
        addresses: its address on each network; the access network's is what Ansible connects to.
        access_network: the network that the deploy host and the nodes among themselves use.
        floating_ip: the address that people outside reach it by, where it has one.
    """

    name: str
    kind: NodeKind
    group: str
    fqdn: str
    instance_id: str
    image_id: str
    addresses: Mapping[str, str]
    access_network: str
    floating_ip: str | None = None

    def variables(self) -> dict[str, Any]:
        """Its host variables."""
        variables: dict[str, Any] = {
            "ansible_host": self.addresses[self.access_network],
            "instance_id": self.instance_id,
            "image_id": self.image_id,
            "networks": {network: {_version(address): address} for network, address in self.addresses.items()},
            "node_fqdn": self.fqdn,
        }
        return variables | ({"node_fip": self.floating_ip} if self.floating_ip else {})


@dataclass(frozen=True)
class Subnet:
    """A subnet that nodes have addresses in."""

    network: str
    cidr: str


@dataclass(frozen=True)
class Inventory:
    """The inventory of one cluster."""

    config: ClusterConfig
    hosts: tuple[Host, ...]
    subnets: tuple[Subnet, ...] = field(default=())

    def tree(self) -> dict[str, Any]:
        """The inventory as Ansible's YAML plugin reads it."""
        groups: dict[str, Any] = {CONTROL: {"hosts": _hosts(self.hosts, CONTROL)}}
        groups |= {kind.value: {} for kind in NodeKind if kind is not NodeKind.CONTROL}
        cluster = self.config.cluster_name
        for kind, name, group in node_groups(self.config):
            own = ansible_group(name)
            groups[own] = {"hosts": _hosts(self.hosts, name), "vars": group_settings(self.config, kind, name, group)}
            groups[kind.value].setdefault("children", {})[own] = {}
            groups[ansible_alias(cluster, name)] = {"children": {own: {}}}
        groups[ansible_alias(cluster, CONTROL)] = {"children": {CONTROL: {}}}
        if self.config.features.rebuild:
            groups["rebuild"] = {"children": {CONTROL: {}}}
        return {"all": {"vars": self._variables(), "children": groups}}

    def _variables(self) -> dict[str, Any]:
        config = self.config
        return {
            "cluster_name": config.cluster_name,
            "cluster_domain_suffix": config.cluster_domain_suffix,
            "environment_name": environment(config),
            "cluster_home_volume": config.home_volume_provisioning is not HomeProvisioning.NONE,
            "cluster_compute_groups": sorted(map(ansible_group, config.compute)),
            "cluster_subnets": [{"network": subnet.network, "cidr": subnet.cidr} for subnet in self.subnets],
            **connection_variables(config.ssh),
            **playbook_settings(config),
        }

    def render(self) -> str:
        """The content of hosts.yml."""
        text = yaml.dump(self.tree(), Dumper=_Dumper, sort_keys=True, default_flow_style=False, width=1000)
        return f"# Written by slurm-appliance from the outputs of the last up; changes are overwritten.\n{text}"


def _version(address: str) -> str:
    return "fixed_ip_v6" if ":" in address else "fixed_ip_v4"


def _hosts(hosts: Iterable[Host], group: str) -> dict[str, Any]:
    return {host.name: host.variables() for host in hosts if host.group == group}
