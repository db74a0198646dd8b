"""What the things that belong to a cluster are called in OpenStack."""

from slurm_appliance.config import ClusterConfig, Node
from slurm_appliance.config.naming import environment


def mark(config: ClusterConfig) -> str:
    """The description of what we create: unlike tags, it is there as soon as the thing itself is.

    A thing of the same name that has another description is somebody else's.
    """
    return f"Slurm cluster {config.cluster_name}, environment {environment(config)}, created by slurm-appliance"


def port(node: Node, network: str) -> str:
    """A node's port on a network."""
    return f"{node.hostname}-{network}"


def state_volume(config: ClusterConfig) -> str:
    """The control node's state volume; its last word is the label of its file system."""
    return f"{config.cluster_name}-state"


def home_volume(config: ClusterConfig) -> str:
    """The volume with the home directories; its last word is the label of its file system."""
    return f"{config.cluster_name}-home"


def extra_volume(config: ClusterConfig, node: Node, volume: str) -> str:
    """A volume that a node gets besides."""
    return f"{config.cluster_name}-{node.name}-{volume}"


def security_group(config: ClusterConfig, name: str) -> str:
    """A security group that is created: ``login`` or ``nonlogin``."""
    return f"{config.cluster_name}-{name}"


def server_group(config: ClusterConfig, group: str) -> str:
    """The server group of a node group."""
    return f"{config.cluster_name}-{group}"


def key_pair(config: ClusterConfig) -> str:
    """The key pair: the name that is set, or the cluster's."""
    return config.key_pair.name or config.cluster_name


def router(network: str) -> str:
    """The router of a network that is created."""
    return f"{network}-router"
