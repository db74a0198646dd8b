"""Gathers the facts and examines them: what every command and program does before the first change."""

import os
from pathlib import Path

from slurm_appliance.cloud import store
from slurm_appliance.cloud.connection import connect
from slurm_appliance.cloud.facts import CloudFacts
from slurm_appliance.cloud.gather import gather
from slurm_appliance.config import ClusterConfig
from slurm_appliance.groups import groups
from slurm_appliance.preflight.examine import Findings, examine, network_names


def facts_for(config: ClusterConfig, cloud: str | None) -> CloudFacts:
    """The facts that a configuration is examined against.

    Args:
        config: the configuration.
        cloud: an entry of clouds.yaml; None for what the environment says.

    Raises:
        CloudError: the cloud cannot be asked.
    """
    handed_over = os.environ.get(store.VARIABLE, "")
    if handed_over:
        return store.load(Path(handed_over))
    bare_metal = any(group.own and group.own.match_ironic_node for group in groups(config))
    return gather(connect(cloud), network_names(config), bare_metal=bare_metal)


def preflight(config: ClusterConfig, cloud: str | None) -> Findings:
    """Examine a configuration against the cloud that it is for.

    Raises:
        CloudError: the cloud cannot be asked.
    """
    return examine(config, facts_for(config, cloud))
