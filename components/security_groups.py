"""The security groups of nodes: existing ones, or created with the rules that a cluster needs.

Nodes may reach each other on all ports: MPI, NFS and Slurm choose ports themselves. From outside, only ssh is allowed,
from the configured addresses: by default to login nodes only. All outgoing traffic is allowed: these are Neutron's own
rules for a new group.
"""

from collections.abc import Sequence
from itertools import product

import pulumi
from pulumi_openstack import networking

from components import options
from components.kind import token
from slurm_appliance.config import ClusterConfig, NodeKind
from slurm_appliance.config.naming import nonlogin_ssh_cidrs
from slurm_appliance.nodes import cloud_names
from slurm_appliance.preflight import Resolved

#: The two groups, by the settings that replace them with existing groups.
LOGIN = "login"
NONLOGIN = "nonlogin"


class SecurityGroups(pulumi.ComponentResource):
    """Ids of the security groups of login nodes, and of all others."""

    def __init__(
        self, name: str, config: ClusterConfig, resolved: Resolved, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(token("SecurityGroups"), name, {}, opts)
        self._config = config
        given = {LOGIN: config.login_security_groups, NONLOGIN: config.nonlogin_security_groups}
        self._ids: dict[str, Sequence[pulumi.Input[str]]] = {
            which: [resolved.security_groups[group] for group in names]
            for which, names in given.items()
            if names is not None
        }
        missing = [which for which, names in given.items() if names is None]
        created = {which: self._create(which) for which in missing}
        for which, group in created.items():
            self._ids[which] = [group.id]
        for which in created:
            self._rules(which, created)
        self.register_outputs({})

    def of(self, kind: NodeKind) -> Sequence[pulumi.Input[str]]:
        """The security groups of nodes of a kind."""
        return self._ids[LOGIN if kind is NodeKind.LOGIN else NONLOGIN]

    def _create(self, which: str) -> networking.SecGroup:
        return networking.SecGroup(
            which,
            name=cloud_names.security_group(self._config, which),
            description=f"{which} nodes: {cloud_names.mark(self._config)}",
            opts=options.child_options(self),
        )

    def _rules(self, which: str, created: dict[str, networking.SecGroup]) -> None:
        child = options.child_options(self)
        # Nodes in existing groups are matched by these groups' IDs.
        peers = {peer: [created[peer].id] if peer in created else self._ids[peer] for peer in (LOGIN, NONLOGIN)}
        for (peer, ids), version in product(peers.items(), ("IPv4", "IPv6")):
            for index, peer_id in enumerate(ids):
                networking.SecGroupRule(
                    f"{which}-from-{peer}{f'-{index}' if index else ''}-{version}",
                    security_group_id=created[which].id,
                    direction="ingress",
                    ethertype=version,
                    remote_group_id=peer_id,
                    opts=child,
                )
        allowed = {LOGIN: self._config.ssh_allowed_cidrs, NONLOGIN: nonlogin_ssh_cidrs(self._config)}
        for cidr in allowed[which]:
            networking.SecGroupRule(
                f"{which}-ssh-from-{cidr}",
                security_group_id=created[which].id,
                direction="ingress",
                ethertype="IPv6" if ":" in cidr else "IPv4",
                protocol="tcp",
                port_range_min=self._config.ssh.port,
                port_range_max=self._config.ssh.port,
                remote_ip_prefix=cidr,
                opts=child,
            )
