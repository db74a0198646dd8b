"""Ansible's inventory, from the configuration and the created resources.

Pure: hosts in, text out. The same cluster always gives the same bytes, with its hosts in any order, so a changed
inventory means a changed cluster.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from slurm_appliance.cloud.text import checked_address, checked_id, checked_subnet
from slurm_appliance.config import ClusterConfig, NodeKind, node_groups
from slurm_appliance.config.naming import (
    CONTROL,
    ansible_alias,
    ansible_group,
    deploys_through_login,
    environment,
)
from slurm_appliance.config.storage import HomeProvisioning
from slurm_appliance.playbooks import inventory_file
from slurm_appliance.site.filesystems import exported, homes_on_control, mounts_of
from slurm_appliance.site.inventory_settings import group_settings, playbook_settings
from slurm_appliance.ssh.options import connection_variables


@dataclass(frozen=True)
class InventoryHost:
    """One server in Ansible's inventory.

    Attributes:
        name: the first label of its full name.
        kind: its role.
        group: its node group; ``control`` for the control node.
        fqdn: its full name.
        instance_id: its id in Nova.
        image_id: its **target** image, which may differ from the current one.
        addresses: its address on each network; Ansible connects to the access network's.
        access_network: the network used by the deploy host and between nodes.
        floating_ip: its address from outside, if any.
        volumes: ids of the extra volumes that it mounts, by name.
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
    volumes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Validate the cloud's data.

        Raises:
            CloudTextError: a value is malformed.
        """
        checked_id(self.instance_id, f"{self.name}, server ID")
        checked_id(self.image_id, f"{self.name}, image ID")
        for network, address in self.addresses.items():
            checked_address(address, f"{self.name}, address on {network}")
        for name, volume in self.volumes.items():
            checked_id(volume, f"{self.name}, volume {name}")
        if self.floating_ip is not None:
            checked_address(self.floating_ip, f"{self.name}, floating IP")

    def variables(self) -> dict[str, Any]:
        """Its host variables."""
        variables: dict[str, Any] = {
            "ansible_host": self.addresses[self.access_network],
            "instance_id": self.instance_id,
            "image_id": self.image_id,
            "networks": {network: {_version(address): address} for network, address in self.addresses.items()},
            "node_fqdn": self.fqdn,
        }
        if self.volumes:
            variables["filesystem_volumes"] = dict(self.volumes)
        return variables | ({"node_fip": self.floating_ip} if self.floating_ip else {})


@dataclass(frozen=True)
class InventorySubnet:
    """A subnet with node addresses."""

    network: str
    cidr: str

    def __post_init__(self) -> None:
        """Validate the cloud's data.

        Raises:
            CloudTextError: it is not an IP range.
        """
        checked_subnet(self.cidr, f"subnet of {self.network}")


@dataclass(frozen=True)
class Inventory:
    """The inventory of one cluster.

    Attributes:
        config: the configuration.
        hosts: all nodes.
        subnets: those of the cluster's networks.
        certificates: what all nodes trust besides the distribution's, each as PEM text.
        locations: what is mounted of Manila's shares, by file system.
    """

    config: ClusterConfig
    hosts: tuple[InventoryHost, ...]
    subnets: tuple[InventorySubnet, ...] = field(default=())
    certificates: tuple[str, ...] = field(default=())
    locations: Mapping[str, str] = field(default_factory=dict)

    def tree(self) -> dict[str, Any]:
        """The inventory in the format of Ansible's YAML plugin."""
        groups: dict[str, Any] = {CONTROL: {"hosts": _hosts(self.hosts, CONTROL)}}
        if control := self._control():
            groups[CONTROL]["vars"] = control
        groups |= {kind.value: {} for kind in NodeKind if kind is not NodeKind.CONTROL}
        cluster = self.config.cluster_name
        for kind, name, group in node_groups(self.config):
            own = ansible_group(name)
            variables = group_settings(self.config, kind, name, group) | self._mounts(kind, name)
            groups[own] = {"hosts": _hosts(self.hosts, name), "vars": variables}
            groups[kind.value].setdefault("children", {})[own] = {}
            groups[ansible_alias(cluster, name)] = {"children": {own: {}}}
        groups[ansible_alias(cluster, CONTROL)] = {"children": {CONTROL: {}}}
        if self._login_address():
            # Login nodes are reached directly; all others through the first login node.
            groups[NodeKind.LOGIN.value]["vars"] = connection_variables(self.config.ssh)
        if self.config.features.rebuild:
            groups["rebuild"] = {"children": {CONTROL: {}}}
        return {"all": {"vars": self._variables(), "children": groups}}

    def _mounts(self, kind: NodeKind, name: str) -> dict[str, Any]:
        mounts = mounts_of(self.config, kind, name, self.locations)
        return {"filesystem_mounts": mounts} if mounts else {}

    def _control(self) -> dict[str, Any]:
        """Variables of the control node alone."""
        exports = exported(self.config)
        return {
            **self._mounts(NodeKind.CONTROL, CONTROL),
            **({"filesystem_exports": exports} if exports else {}),
            **({"filesystem_homes": True} if homes_on_control(self.config) else {}),
        }

    def _variables(self) -> dict[str, Any]:
        config = self.config
        return {
            "cluster_name": config.cluster_name,
            "deploy_user": config.ssh.user,
            "cluster_domain_suffix": config.cluster_domain_suffix,
            "environment_name": environment(config),
            "cluster_home_volume": config.home_volume_provisioning is not HomeProvisioning.NONE,
            "cluster_compute_groups": sorted(map(ansible_group, config.compute)),
            "cluster_subnets": [{"network": subnet.network, "cidr": subnet.cidr} for subnet in self.subnets],
            **connection_variables(config.ssh, self._login_address()),
            **playbook_settings(config),
            **({"cacerts": list(self.certificates)} if self.certificates else {}),
        }

    def _login_address(self) -> str | None:
        """Address of the login node that the deploy host uses as a jump host, if needed."""
        logins = sorted((host for host in self.hosts if host.kind is NodeKind.LOGIN), key=lambda host: host.name)
        if not logins or not deploys_through_login(self.config):
            return None
        return logins[0].addresses[logins[0].access_network]

    def render(self) -> str:
        """The content of hosts.yml."""
        head = "# Written by slurm-appliance from the outputs of the last up; changes are overwritten."
        return f"{head}\n{inventory_file.dump(self.tree())}"


def _version(address: str) -> str:
    return "fixed_ip_v6" if ":" in address else "fixed_ip_v4"


def _hosts(hosts: Iterable[InventoryHost], group: str) -> dict[str, Any]:
    return {host.name: host.variables() for host in hosts if host.group == group}
