"""Plans the repair of a state before the engine uses it; pure.

A name alone is no reason to remove or adopt a resource: others may use the same names. Our resources carry a mark
(cloud_names.py), which is in the inputs of the started operation; only a resource with the same mark was created by it.

Five things make a state differ from what is there without anybody's mistake:

- A killed run has started to create resources that no state has. The engine only warns about them, and then creates
  them again: a second server with the first one's port, a rule that already exists.
- Nova finds no host for a server. The state has it, in ERROR; the engine would leave it like that and continue.
- Slurm rebuilds nodes. The state has their old images, and the provider would rebuild those that are up to date.
- A run of a command, such as site.yml, was killed or failed. The state has what the command was run with before; if
  that is wanted again, because the change was taken back, the engine would not run it.
"""

import copy
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from slurm_appliance.cloud.facts import CloudFacts, ServerFacts
from slurm_appliance.deployment.forgetting import without
from slurm_appliance.deployment.namesakes import nameless, namesakes
from slurm_appliance.deployment.unconfigured import HOST_KEYS, is_to_run, without_identities
from slurm_appliance.engine.steps import (
    ALLOCATED_IP,
    ATTACHMENT,
    COMMAND,
    HOLDING_DATA,
    ROUTER_INTERFACE,
    SECURITY_GROUP_RULE,
    SERVER,
    SHARE_ACCESS,
)

Json = dict[str, Any]


class Treatment(StrEnum):
    """What to do with a resource."""

    #: Its creation was interrupted, and it has no data: remove it, so that it is created again.
    REMOVE = "remove"
    #: Add it to the state.
    ADOPT = "adopt"
    #: It does not exist in the cloud.
    FORGET = "forget"


@dataclass(frozen=True)
class Unfinished:
    """A resource whose creation was started, but did not succeed.

    Attributes:
        urn: the resource's.
        type: its type.
        treatment: what to do with it.
        ids: IDs found in the cloud.
        recorded: whether the state has it, because the cloud reported the failure.
        left: IDs of resources with its name that may not be ours, which are left unchanged.
    """

    urn: str
    type: str
    treatment: Treatment
    ids: tuple[str, ...] = ()
    recorded: bool = False
    left: tuple[str, ...] = ()

    def __str__(self) -> str:
        name, kind = self.urn.rpartition("::")[2], self.type.rpartition(":")[2]
        if self.recorded:
            return (
                f"{kind} {name} that the cloud failed to create: removed, will be created again: {', '.join(self.ids)}"
            )
        words = {
            Treatment.REMOVE: f"removed, incomplete: {', '.join(self.ids)}",
            Treatment.ADOPT: f"adopted: {', '.join(self.ids)}",
            Treatment.FORGET: "was not created",
        }
        said = f"{kind} {name} of an interrupted run: {words[self.treatment]}"
        if self.left:
            said += (
                f"; left unchanged, because it has the same name but may not be ours: {', '.join(self.left)} "
                "(delete it with the openstack command unless somebody else uses it)"
            )
        return said


@dataclass(frozen=True)
class Reimaged:
    """A server whose current image is not in the state yet."""

    urn: str
    image_id: str


@dataclass(frozen=True)
class Repair:
    """The complete repair."""

    unfinished: tuple[Unfinished, ...] = ()
    reimaged: tuple[Reimaged, ...] = ()
    #: URNs of commands that were begun again, and did not succeed.
    rerun: tuple[str, ...] = ()
    #: Servers that were rebuilt since site.yml configured them.
    unconfigured: tuple[ServerFacts, ...] = ()

    @property
    def needed(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.unfinished or self.reimaged or self.rerun or self.unconfigured)

    def runs_again(self, resource: Mapping[str, Any]) -> bool:
        """Whether a resource is a command that runs again, whatever is wanted now."""
        return resource["urn"] in self.rerun or (bool(self.unconfigured) and is_to_run(resource))


def plan_repair(
    deployment: Mapping[str, Any], facts: CloudFacts, environment: str, rebuilt: Sequence[ServerFacts] = ()
) -> Repair:
    """Plan the repair of a state.

    Args:
        deployment: the state's resources.
        facts: the cloud.
        environment: the environment in our servers' marks.
        rebuilt: the servers that were rebuilt since site.yml configured them: see unconfigured.py.
    """
    resources = deployment.get("resources") or []
    known = {resource["id"] for resource in resources if resource.get("id")}
    pending = [each for each in deployment.get("pending_operations") or [] if each["type"] == "creating"]
    addresses = sum(each["resource"]["type"] == ALLOCATED_IP for each in pending)
    unfinished = {
        each["resource"]["urn"]: _treat(each["resource"], known, facts, environment, addresses) for each in pending
    }
    servers = {server.id: server for server in facts.servers}
    failed = [
        Unfinished(resource["urn"], SERVER, Treatment.REMOVE, (resource["id"],), recorded=True)
        for resource in resources
        if resource["type"] == SERVER and resource.get("id") in servers and servers[resource["id"]].failed
    ]
    reimaged = [
        Reimaged(resource["urn"], servers[resource["id"]].image_id)
        for resource in resources
        if resource["type"] == SERVER and resource.get("id") in servers and _differs(resource, servers[resource["id"]])
    ]
    updating = [each["resource"] for each in deployment.get("pending_operations") or [] if each["type"] == "updating"]
    rerun = {resource["urn"]: None for resource in updating if resource["type"] == COMMAND}
    return Repair((*unfinished.values(), *failed), tuple(reimaged), tuple(rerun), tuple(rebuilt))


def _treat(
    resource: Mapping[str, Any], known: set[str], facts: CloudFacts, environment: str, addresses: int
) -> Unfinished:
    """How to treat one; ``addresses``: how many floating IPs a run was allocating."""
    type_, name = resource["type"], (resource.get("inputs") or {}).get("name")
    inputs = resource.get("inputs") or {}
    found: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    treatment = Treatment.REMOVE
    if type_ == SERVER:
        mine = (server for server in facts.servers if server.environment == environment)
        found = tuple(server.id for server in mine if server.name == name)
    elif type_ in (ALLOCATED_IP, ATTACHMENT, ROUTER_INTERFACE, SECURITY_GROUP_RULE, SHARE_ACCESS):
        treatment = Treatment.REMOVE if type_ in (ALLOCATED_IP, SECURITY_GROUP_RULE) else Treatment.ADOPT
        found = nameless(type_, inputs, facts)
    else:
        # What holds data is never removed here.
        treatment = Treatment.ADOPT if type_ in HOLDING_DATA else Treatment.REMOVE
        same = [each for each in namesakes(type_, inputs, facts) if each.id not in known]
        found = tuple(each.id for each in same if each.ours)
        left = tuple(each.id for each in same if not each.ours)
    found = tuple(id_ for id_ in found if id_ not in known)
    if type_ == ALLOCATED_IP and len(found) > addresses:
        # All have the cluster's mark: some were taken out of the state on purpose, and never come back once released.
        found, left = (), found
    if treatment is Treatment.ADOPT and len(found) != 1:
        found, left = (), (*left, *found)
    return Unfinished(resource["urn"], type_, treatment if found else Treatment.FORGET, found, left=left)


def _differs(resource: Mapping[str, Any], server: ServerFacts) -> bool:
    return bool(server.image_id) and not server.failed and recorded_image(resource) not in ("", server.image_id)


def recorded_image(resource: Mapping[str, Any]) -> str:
    """The image of a server in the state; empty if unknown."""
    inputs = resource.get("inputs") or {}
    disks = inputs.get("blockDevices") or [{}]
    return str(inputs.get("imageId") or disks[0].get("uuid") or "")


def repaired(deployment: Mapping[str, Any], repair: Repair) -> Json:
    """The state's resources after a repair. Adopted resources have no outputs until a refresh."""
    if not repair.needed and not deployment.get("pending_operations"):
        return dict(deployment)
    fixed: Json = copy.deepcopy(dict(deployment))
    images = {each.urn: each.image_id for each in repair.reimaged}
    for resource in fixed.get("resources") or []:
        if resource["urn"] in images:
            _record_image(resource, images[resource["urn"]])
        if repair.runs_again(resource):
            # Whatever is wanted now, it is a change.
            (resource.get("inputs") or {}).pop("environment", None)
            _forget_host_keys(resource, {server.id for server in repair.unconfigured})
    failed = {id_ for each in repair.unfinished if each.recorded for id_ in each.ids}
    fixed = without(fixed, lambda resource: resource.get("id") in failed)
    treated = {each.urn: each for each in repair.unfinished if not each.recorded}
    kept, taken_over = [], set[str]()
    for operation in fixed.get("pending_operations") or []:
        each = treated.get(operation["resource"]["urn"])
        if operation["resource"]["urn"] in repair.rerun and operation["type"] == "updating":
            continue
        if each is None or operation["type"] != "creating":
            kept.append(operation)
        elif each.treatment is Treatment.ADOPT and each.urn not in taken_over:
            taken_over.add(each.urn)
            inputs = operation["resource"].get("inputs") or {}
            fixed["resources"].append(operation["resource"] | {"id": each.ids[0], "outputs": copy.deepcopy(inputs)})
    fixed.pop("pending_operations", None)
    return fixed | ({"pending_operations": kept} if kept else {})


def _forget_host_keys(resource: Json, ids: Collection[str]) -> None:
    outputs = resource.get("outputs") or {}
    if resource["urn"].rpartition("::")[2] == HOST_KEYS and isinstance(outputs.get("stdout"), str):
        outputs["stdout"] = without_identities(outputs["stdout"], ids)


def _record_image(resource: Json, image_id: str) -> None:
    for properties in (resource.get("inputs") or {}, resource.get("outputs") or {}):
        if properties.get("imageId") and "blockDevices" not in (resource.get("inputs") or {}):
            properties["imageId"] = image_id
        for disk in (properties.get("blockDevices") or [])[:1]:
            disk["uuid"] = image_id
