"""What outlives a cluster that is destroyed; pure.

Its volumes do, and with them the secrets: the database on the state volume has their passwords. Whoever brings the
cluster up again finds its state, its home directories and its accounting as they were.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slurm_appliance.config import ClusterConfig
from slurm_appliance.config.storage import HomeProvisioning, StateProvisioning
from slurm_appliance.engine.steps import COMMAND, VOLUME

Json = dict[str, Any]

_SECRETS = "slurm-appliance:index:Secrets$"


@dataclass(frozen=True)
class Kept:
    """Something that stays.

    Attributes:
        urn: the resource's.
        what: what it is, for the operator.
    """

    urn: str
    what: str


def kept_resources(deployment: Mapping[str, Any]) -> list[Kept]:
    """The resources of a state that stay when the cluster goes: protected volumes, and then the secrets, too."""
    resources = deployment.get("resources") or []
    volumes = [each for each in resources if each["type"] == VOLUME and each.get("protect")]
    if not volumes:
        return []
    found = [Kept(each["urn"], _volume(each)) for each in volumes]
    secrets = [each for each in resources if each["type"] == COMMAND and _SECRETS in each["urn"]]
    return found + [Kept(each["urn"], f"secret {each['urn'].rpartition('::')[2]}") for each in secrets]


def _volume(resource: Mapping[str, Any]) -> str:
    outputs = resource.get("outputs") or {}
    return f"volume {outputs.get('name', '')} ({resource.get('id', '')}, {outputs.get('size', '?')} GB)"


def with_protection(deployment: Mapping[str, Any], urns: Sequence[str]) -> Json:
    """A state in which these resources are protected: a destroy that leaves out protected ones then keeps them.

    The next ``up`` takes the protection away again from those that the program does not protect.
    """
    changed: Json = copy.deepcopy(dict(deployment))
    for resource in changed.get("resources") or []:
        if resource["urn"] in urns:
            resource["protect"] = True
    return changed


def without_protection(deployment: Mapping[str, Any]) -> Json:
    """A state in which nothing is protected any more: what is destroyed then goes for good."""
    changed: Json = copy.deepcopy(dict(deployment))
    for resource in changed.get("resources") or []:
        resource.pop("protect", None)
        resource.pop("retainOnDelete", None)
    return changed


def external_resources(config: ClusterConfig) -> list[str]:
    """What the cluster only used: it was there before, and is there afterwards."""
    found = [f"network {network.network}" for network in config.cluster_networks if network.create is None]
    if config.key_pair.public_key is None and config.key_pair.public_key_file is None:
        found.append(f"key pair {config.key_pair.name}")
    if config.state_volume_provisioning is StateProvisioning.ATTACH:
        found.append(f"volume {config.cluster_name}-state")
    if config.home_volume_provisioning is HomeProvisioning.ATTACH:
        found.append(f"volume {config.cluster_name}-home")
    for group in (*config.login.values(), *config.additional_nodegroups.values()):
        found += [f"floating IP {address}" for address in group.fip_addresses]
    return found
