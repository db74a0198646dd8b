"""The configuration of a cluster: schema, loading, checks, and what follows from it.

    from slurm_appliance.config import from_stack_file
    config = from_stack_file(Path("stacks/Pulumi.local.yaml"))   # or ConfigError with every mistake

Settings live in typed sections, one small file each; ``cluster.py`` puts them together. What follows from them about
nodes and names is in ``naming.py``.
"""

from slurm_appliance.config.cluster import ClusterConfig
from slurm_appliance.config.load import NAMESPACE, environment_of, from_mapping, from_stack_file, from_stack_text
from slurm_appliance.config.naming import (
    Node,
    NodeKind,
    all_nodes,
    boot_roles,
    cluster_image,
    control_node,
    environment,
    fqdn,
    group_image,
    group_nodes,
    node_groups,
    partitions,
)
from slurm_appliance.config.policy import UpdatePolicy
from slurm_appliance.config.secret import Secret

__all__ = [
    "NAMESPACE",
    "ClusterConfig",
    "Node",
    "NodeKind",
    "Secret",
    "UpdatePolicy",
    "all_nodes",
    "boot_roles",
    "cluster_image",
    "control_node",
    "environment",
    "environment_of",
    "fqdn",
    "from_mapping",
    "from_stack_file",
    "from_stack_text",
    "group_image",
    "group_nodes",
    "node_groups",
    "partitions",
]
