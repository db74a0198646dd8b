"""OpenStack names of a cluster's resources."""

from slurm_appliance.config import ClusterConfig, Node
from slurm_appliance.config.naming import environment


def mark(config: ClusterConfig) -> str:
    """The description of our resources: unlike tags, it exists from their creation on.

    A resource with the same name but another description is not ours.
    """
    return f"Slurm cluster {config.cluster_name}, environment {environment(config)}, created by slurm-appliance"


def port(node: Node, network: str) -> str:
    """A node's port on a network."""
    return f"{node.hostname}-{network}"


def state_volume(config: ClusterConfig) -> str:
    """The control node's state volume; the last part is the label of its file system."""
    return f"{config.cluster_name}-state"


def home_volume(config: ClusterConfig) -> str:
    """The volume with the home directories; the last part is the label of its file system."""
    return f"{config.cluster_name}-home"


def extra_volume(config: ClusterConfig, node: Node, volume: str) -> str:
    """An extra volume of a node."""
    return f"{config.cluster_name}-{node.name}-{volume}"


def security_group(config: ClusterConfig, name: str) -> str:
    """A created security group: ``login`` or ``nonlogin``."""
    return f"{config.cluster_name}-{name}"


def server_group(config: ClusterConfig, group: str) -> str:
    """The server group of a node group."""
    return f"{config.cluster_name}-{group}"


def key_pair(config: ClusterConfig) -> str:
    """The key pair: the configured name, or the cluster's."""
    return config.key_pair.name or config.cluster_name


def router(network: str) -> str:
    """The router of a created network."""
    return f"{network}-router"
