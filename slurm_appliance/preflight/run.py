"""Gathers the facts and runs the checks, as all commands and programs do before the first change."""

import os
from collections.abc import Callable
from pathlib import Path

from slurm_appliance.cloud import store
from slurm_appliance.cloud.connection import connect
from slurm_appliance.cloud.facts import CloudFacts
from slurm_appliance.cloud.gather import gather
from slurm_appliance.config import ClusterConfig
from slurm_appliance.engine.recorded import Recorded
from slurm_appliance.nodes.groups import groups
from slurm_appliance.preflight.examine import Findings, examine, network_names


def facts_for(config: ClusterConfig, cloud: str | None) -> CloudFacts:
    """Gather the facts to check a configuration.

    Args:
        config: the configuration.
        cloud: an entry of clouds.yaml; None to use the environment variables.

    Raises:
        CloudError: a query to the cloud fails.
    """
    if handed_over():
        return store.load(Path(os.environ[store.VARIABLE]))
    bare_metal = any(group.own and group.own.match_ironic_node for group in groups(config))
    return gather(connect(cloud), network_names(config), bare_metal=bare_metal)


def handed_over() -> bool:
    """Whether one of our commands runs this program: then it has gathered the facts and checked the state."""
    return bool(os.environ.get(store.VARIABLE, ""))


def preflight(config: ClusterConfig, cloud: str | None, state: Callable[[], Recorded]) -> Findings:
    """Check a configuration against its cloud.

    Args:
        config: the configuration.
        cloud: an entry of clouds.yaml; None to use the environment variables.
        state: reads what the state records; only called if none of our commands has checked it.

    Raises:
        CloudError: a query to the cloud fails.
    """
    return examine(config, facts_for(config, cloud), None if handed_over() else state())
