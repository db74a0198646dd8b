"""What follows from the configuration about nodes and their names: pure functions that every other part uses."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from slurm_appliance.config.cluster import ClusterConfig
from slurm_appliance.config.compute_init import ComputeInitRole
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.config.node_group import ComputeGroup, NodeGroupConfig
from slurm_appliance.config.slurm import DEFAULT_PARTITION, Partition
from slurm_appliance.config.template import fill


class NodeKind(StrEnum):
    """What a node is for: the inventory group that it is in."""

    CONTROL = "control"
    LOGIN = "login"
    COMPUTE = "compute"
    ADDITIONAL = "additional"


#: The name of the control node, and of the group that it is alone in.
CONTROL = "control"


@dataclass(frozen=True)
class Node:
    """One node.

    Attributes:
        name: as in the configuration: ``c-0``.
        kind: what it is for.
        group: its group; ``control`` for the control node.
        fqdn: its fully qualified name.
    """

    name: str
    kind: NodeKind
    group: str
    fqdn: str

    @property
    def hostname(self) -> str:
        """The first label of the fqdn: the server's name in OpenStack and the node's in Slurm."""
        return self.fqdn.partition(".")[0]


def ansible_group(group: str) -> str:
    """What the inventory, and Slurm's node sets, call a node group: Ansible takes no hyphens in names of groups."""
    return group.replace("-", "_")


def ansible_alias(cluster_name: str, group: str) -> str:
    """The second inventory group of a node group: with the cluster's name before its own."""
    return ansible_group(f"{cluster_name}_{group}")


def node_groups(config: ClusterConfig) -> Iterator[tuple[NodeKind, str, NodeGroupConfig]]:
    """All groups but control's, each with its kind and name."""
    for name, login in config.login.items():
        yield NodeKind.LOGIN, name, login
    for name, compute in config.compute.items():
        yield NodeKind.COMPUTE, name, compute
    for name, additional in config.additional_nodegroups.items():
        yield NodeKind.ADDITIONAL, name, additional


def setting_of(kind: NodeKind) -> str:
    """The setting that has the groups of a kind."""
    return "additional_nodegroups" if kind is NodeKind.ADDITIONAL else kind.value


def fqdn(config: ClusterConfig, node: str, template: str | None = None) -> str:
    """A node's fully qualified name, by its group's template or the cluster's."""
    variables = {
        "node": node,
        "cluster_name": config.cluster_name,
        "cluster_domain_suffix": config.cluster_domain_suffix,
        "environment_name": environment(config),
    }
    return fill(template or config.cluster_nodename_template, variables)


def environment(config: ClusterConfig) -> str:
    """The environment's name; loading fills it in from the stack's."""
    return config.environment_name or config.cluster_name


def group_nodes(config: ClusterConfig, kind: NodeKind, name: str, group: NodeGroupConfig) -> tuple[Node, ...]:
    """The nodes of a group, in its order."""
    return tuple(Node(node, kind, name, fqdn(config, node, group.nodename_template)) for node in group.nodes)


def control_node(config: ClusterConfig) -> Node:
    """The control node."""
    return Node(CONTROL, NodeKind.CONTROL, CONTROL, fqdn(config, CONTROL))


def all_nodes(config: ClusterConfig) -> tuple[Node, ...]:
    """All nodes of the cluster: control, login, compute, additional."""
    groups = (group_nodes(config, kind, name, group) for kind, name, group in node_groups(config))
    return (control_node(config), *(node for nodes in groups for node in nodes))


def nonlogin_ssh_cidrs(config: ClusterConfig) -> tuple[str, ...]:
    """Networks that may reach control, compute and additional nodes by ssh."""
    if config.nonlogin_ssh_allowed_cidrs is not None:
        return config.nonlogin_ssh_allowed_cidrs
    return () if _has_login_nodes(config) else config.ssh_allowed_cidrs


def deploys_through_login(config: ClusterConfig) -> bool:
    """Whether the deploy host reaches the other nodes through a login node: nothing else lets it in."""
    closed = config.nonlogin_security_groups is None and not nonlogin_ssh_cidrs(config)
    return closed and config.ssh.bastion_host is None and _has_login_nodes(config)


def _has_login_nodes(config: ClusterConfig) -> bool:
    return any(group.nodes for group in config.login.values())


def cluster_image(config: ClusterConfig) -> ImageSource:
    """The image of all nodes whose group names none of its own.

    Raises:
        ValueError: none is set; a loaded configuration always has one.
    """
    image = config.cluster_image or (ImageSource(id=config.cluster_image_id) if config.cluster_image_id else None)
    if image is None:
        raise ValueError("the configuration has neither cluster_image nor cluster_image_id")
    return image


def group_image(config: ClusterConfig, group: NodeGroupConfig) -> ImageSource:
    """The image of a group: its own, or the cluster's."""
    own = group.image or (ImageSource(id=group.image_id) if group.image_id else None)
    return own or cluster_image(config)


def boot_roles(config: ClusterConfig, group: NodeGroupConfig) -> tuple[str, ...]:
    """What a group's nodes set up by themselves when they boot.

    Where nothing is said it is everything, entries of the site's own included. Health checks follow from
    ``features.nhc`` alone, so that Slurm never runs a check that the nodes do not have.
    """
    if not isinstance(group, ComputeGroup):
        return ()
    every = (*ComputeInitRole, *config.own_entries)
    given = every if group.compute_init_enable is None else group.compute_init_enable
    roles = tuple(str(role) for role in given if role != ComputeInitRole.NHC)
    return (*roles, str(ComputeInitRole.NHC)) if config.features.nhc and ComputeInitRole.COMPUTE in roles else roles


def partitions(config: ClusterConfig) -> dict[str, Partition]:
    """The partitions, with the default one marked, and with the one that a cluster without any gets."""
    given = dict(config.slurm.partitions)
    if not given and config.compute:
        given = {DEFAULT_PARTITION: Partition(groups=tuple(config.compute))}
    if len(given) == 1:
        return {name: partition.model_copy(update={"default": True}) for name, partition in given.items()}
    return given
