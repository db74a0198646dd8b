"""Gathers the facts and examines them: what every command and program does before the first change."""

import os
from collections.abc import Callable
from pathlib import Path

from slurm_appliance.cloud import store
from slurm_appliance.cloud.connection import connect
from slurm_appliance.cloud.facts import CloudFacts
from slurm_appliance.cloud.gather import gather
from slurm_appliance.config import ClusterConfig
from slurm_appliance.engine.recorded import Recorded
from slurm_appliance.image.settings import PROXY
from slurm_appliance.nodes.groups import groups
from slurm_appliance.preflight.examine import Findings, examine, network_names


def facts_for(config: ClusterConfig, cloud: str | None) -> CloudFacts:
    """The facts that a configuration is examined against.

    Args:
        config: the configuration.
        cloud: an entry of clouds.yaml; None for what the environment says.

    Raises:
        CloudError: the cloud cannot be asked.
    """
    if handed_over():
        return store.load(Path(os.environ[store.VARIABLE]))
    bare_metal = any(group.own and group.own.match_ironic_node for group in groups(config))
    return gather(connect(cloud), network_names(config), bare_metal=bare_metal)


def package_proxy() -> str:
    """The proxy for package downloads that the environment names; empty for none."""
    return os.environ.get(PROXY, "")


def handed_over() -> bool:
    """Whether a command of ours runs this program: it gathered the facts, and has examined the state by them."""
    return bool(os.environ.get(store.VARIABLE, ""))


def preflight(config: ClusterConfig, facts: CloudFacts, state: Callable[[], Recorded]) -> Findings:
    """Examine a configuration for the Pulumi program.

    Args:
        config: the configuration.
        facts: the cloud that it is for.
        state: reads what the state records; asked only where no command of ours has looked at it.
    """
    recorded = None if handed_over() else state()
    return examine(config, facts, recorded, proxy=package_proxy())
