"""Checks whether an application credential for the control node can be created."""

from slurm_appliance.cloud.facts import CloudFacts
from slurm_appliance.config import ClusterConfig
from slurm_appliance.preflight.finder import Finder


def may_be_created(config: ClusterConfig, facts: CloudFacts, finder: Finder) -> None:
    """Check that the deploying user may create the application credential with which Slurm rebuilds nodes."""
    if config.features.rebuild and config.compute and not facts.access.may_create_credentials:
        finder.problem(
            "features.rebuild",
            "needs a new application credential, but the current one is restricted and cannot create others",
            "use a password or an unrestricted application credential, or set this to false",
        )
