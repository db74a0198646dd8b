"""Which addresses may mount a share that is created; pure."""

from collections.abc import Mapping

from slurm_appliance.config import ClusterConfig
from slurm_appliance.config.filesystems import FileSystem
from slurm_appliance.config.mounted import mounts_on
from slurm_appliance.nodes.groups import groups


def share_clients(config: ClusterConfig, filesystem: FileSystem, subnets: Mapping[str, str]) -> dict[str, str]:
    """Address ranges, each with a name that stays when others come and go.

    Args:
        config: the configuration.
        filesystem: the file system of the share.
        subnets: the ranges of the nodes' subnets, by network.
    """
    given = filesystem.create.clients if filesystem.create else None
    if given is not None:
        return {cidr: cidr for cidr in given}
    networks = {
        network.network: subnets[network.network]
        for group in groups(config)
        if group.nodes and mounts_on(filesystem, group.kind, group.name)
        for network in group.networks
    }
    # Manila takes a range once; access rules of the provider's version of the API have IPv4 only.
    by_range = {cidr: name for name, cidr in reversed(networks.items()) if ":" not in cidr}
    return {name: cidr for cidr, name in sorted(by_range.items(), key=lambda each: each[1])}
