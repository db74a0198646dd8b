"""Checks whether an application credential for the control node can be created."""

from slurm_appliance.cloud.facts import CloudFacts
from slurm_appliance.config import ClusterConfig
from slurm_appliance.preflight.finder import Finder


def may_be_created(config: ClusterConfig, facts: CloudFacts, finder: Finder) -> None:
    """Slurm rebuilds nodes by an application credential, which the deploying user has to be allowed to create."""
    if not (config.features.rebuild and config.compute):
        return
    if facts.access.federated:
        finder.problem(
            "features.rebuild",
            "needs an application credential, and the roles of this user are another identity provider's: Keystone "
            "makes none that outlives the login",
            "use an unrestricted application credential, which the cloud's portal makes, or set it to false",
        )
    if not facts.access.may_create_credentials:
        finder.problem(
            "features.rebuild",
            "needs a new application credential, but the current one is restricted and cannot create others",
            "use a password or an unrestricted application credential, or set this to false",
        )
