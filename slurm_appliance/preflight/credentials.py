"""Checks what the login is good for: Pulumi's plugin, a long run, an application credential for the control node."""

from slurm_appliance.cloud.facts import CloudFacts
from slurm_appliance.cloud.project_lists import TOKENS
from slurm_appliance.config import ClusterConfig
from slurm_appliance.preflight.finder import Finder

#: The login types of Pulumi's OpenStack plugin, under keystoneauth's names; empty where it is not known.
_KNOWN_TO_PLUGIN = frozenset({"password", "v3password", "v3applicationcredential", "", *TOKENS})


def login(facts: CloudFacts, finder: Finder) -> None:
    """The SDK knows logins that the plugin does not, and a token ends."""
    access = facts.access
    if access.auth_type not in _KNOWN_TO_PLUGIN:
        what = f"the login is of type {access.auth_type}, which Pulumi's OpenStack plugin does not know"
        remedy = (
            "use an application credential, which the cloud's portal makes (auth_type v3applicationcredential), or a "
            "password"
        )
        finder.problem("openstack:cloud", what, remedy)
    if access.token_expires:
        what = (
            f"the login is a token, which nobody can renew: it ends at {access.token_expires}, and what runs then fails"
        )
        finder.note("openstack:cloud", what, "for anything longer, use an application credential or a password")


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
            "needs a new application credential, which the current login cannot create: it is restricted or delegated",
            "use a password or an unrestricted application credential, or set this to false",
        )
