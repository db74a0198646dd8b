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
from slurm_appliance.image.settings import PROXY
from slurm_appliance.nodes.groups import groups
from slurm_appliance.preflight import shares
from slurm_appliance.preflight.examine import Findings, examine, network_names
from slurm_appliance.site_layer.layers import ImageLayer


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
    return gather(connect(cloud), network_names(config), bare_metal=bare_metal, shares=shares.names(config))


def package_proxy() -> str:
    """The proxy for package downloads that the environment names; empty for none."""
    return os.environ.get(PROXY, "")


def handed_over() -> bool:
    """Whether one of our commands runs this program: then it has gathered the facts and checked the state."""
    return bool(os.environ.get(store.VARIABLE, ""))


def preflight(
    config: ClusterConfig, facts: CloudFacts, state: Callable[[], Recorded], layer: ImageLayer | None
) -> Findings:
    """Examine a configuration for the Pulumi program.

    Args:
        config: the configuration.
        facts: the cloud that it is for.
        state: reads what the state records; asked only where no command of ours has looked at it.
        layer: what image builds use of the site's own layer.
    """
    recorded = None if handed_over() else state()
    return examine(config, facts, recorded, proxy=package_proxy(), layer=layer)
