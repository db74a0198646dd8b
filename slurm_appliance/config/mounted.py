"""Which nodes mount which file systems, and the names of their shares."""

from collections.abc import Iterator

from slurm_appliance.config.cluster import ClusterConfig
from slurm_appliance.config.filesystems import FileSystem
from slurm_appliance.config.naming import NodeKind


def mounts_on(filesystem: FileSystem, kind: NodeKind, group: str) -> bool:
    """Whether the nodes of a group mount a file system."""
    if filesystem.groups is not None:
        return group in filesystem.groups
    return kind in (NodeKind.LOGIN, NodeKind.COMPUTE)


def mounted(config: ClusterConfig, kind: NodeKind, group: str) -> Iterator[tuple[str, FileSystem]]:
    """The file systems of a group's nodes, by name."""
    for name, filesystem in config.filesystems.items():
        if mounts_on(filesystem, kind, group):
            yield name, filesystem


def share_name(config: ClusterConfig, name: str, filesystem: FileSystem) -> str | None:
    """What Manila calls the share of a file system; None for one that is no share."""
    if filesystem.create is not None and filesystem.share is None:
        return f"{config.cluster_name}-{name}"
    return filesystem.share
