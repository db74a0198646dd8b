"""What is kept when a cluster is deleted; pure.

Its volumes and shares are kept, and with them the secrets: the database on the state volume has their passwords. A new
cluster finds its state, home directories, file systems and accounting as before.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slurm_appliance.config import ClusterConfig
from slurm_appliance.config.filesystems import of_manila
from slurm_appliance.config.storage import HomeProvisioning, StateProvisioning
from slurm_appliance.engine.steps import COMMAND, HOLDING_DATA

Json = dict[str, Any]

_SECRETS = "slurm-appliance:index:Secrets$"


@dataclass(frozen=True)
class Kept:
    """A resource that is kept.

    Attributes:
        urn: the resource's.
        what: its description for the operator.
        data: whether it holds data: a volume, a share.
    """

    urn: str
    what: str
    data: bool = False


def kept_resources(deployment: Mapping[str, Any]) -> list[Kept]:
    """The resources kept when the cluster is deleted: protected volumes and shares and, with them, the secrets."""
    resources = deployment.get("resources") or []
    holders = [each for each in resources if each["type"] in HOLDING_DATA and each.get("protect")]
    if not holders:
        return []
    found = [Kept(each["urn"], _holder(each), data=True) for each in holders]
    secrets = [each for each in resources if each["type"] == COMMAND and _SECRETS in each["urn"]]
    return found + [Kept(each["urn"], f"secret {each['urn'].rpartition('::')[2]}") for each in secrets]


def _holder(resource: Mapping[str, Any]) -> str:
    outputs = resource.get("outputs") or {}
    kind, size = HOLDING_DATA[resource["type"]], outputs.get("size", "?")
    return f"{kind} {outputs.get('name', '')} ({resource.get('id', '')}, {size} GB)"


def with_protection(deployment: Mapping[str, Any], urns: Sequence[str]) -> Json:
    """A state with these resources protected, so that a destroy without protected resources keeps them."""
    changed: Json = copy.deepcopy(dict(deployment))
    for resource in changed.get("resources") or []:
        if resource["urn"] in urns:
            resource["protect"] = True
    return changed


def without_protection(deployment: Mapping[str, Any]) -> Json:
    """A state without protection: a destroy then deletes everything permanently."""
    changed: Json = copy.deepcopy(dict(deployment))
    for resource in changed.get("resources") or []:
        resource.pop("protect", None)
        resource.pop("retainOnDelete", None)
    return changed


def has_hooks(deployment: Mapping[str, Any]) -> bool:
    """Whether the engine asks a hook before it changes anything of a state."""
    return any(each.get("resourceHooks") for each in deployment.get("resources") or [])


def without_hooks(deployment: Mapping[str, Any]) -> Json:
    """A state without hooks, which only the running program could answer: a destroy runs no program."""
    resources = [
        {key: value for key, value in each.items() if key != "resourceHooks"}
        for each in deployment.get("resources") or []
    ]
    return {**deployment, "resources": resources}


def external_resources(config: ClusterConfig) -> list[str]:
    """Existing resources that the cluster uses but does not own."""
    found = [f"network {network.network}" for network in config.cluster_networks if network.create is None]
    if config.key_pair.public_key is None and config.key_pair.public_key_file is None:
        found.append(f"key pair {config.key_pair.name}")
    if config.state_volume_provisioning is StateProvisioning.ATTACH:
        found.append(f"volume {config.cluster_name}-state")
    if config.home_volume_provisioning is HomeProvisioning.ATTACH:
        found.append(f"volume {config.cluster_name}-home")
    found += sorted(
        {f"share {each.share}" for each in config.filesystems.values() if of_manila(each) and each.create is None}
    )
    for group in (*config.login.values(), *config.additional_nodegroups.values()):
        found += [f"floating IP {address}" for address in group.fip_addresses]
    return found
