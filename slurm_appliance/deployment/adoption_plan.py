"""The plan of an adoption: what is taken over, what differs, and what cannot be; mostly pure."""

import copy
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from slurm_appliance.cloud.facts import CloudFacts
from slurm_appliance.config import ClusterConfig
from slurm_appliance.config.naming import environment
from slurm_appliance.deployment.counterparts import Counterpart, Fate
from slurm_appliance.deployment.forgetting import without
from slurm_appliance.deployment.image_plan import NodeAction
from slurm_appliance.deployment.plan import DeploymentPlan
from slurm_appliance.deployment.repair import plan_repair, repaired
from slurm_appliance.engine.steps import ATTACHMENT, COMMAND, PORT, SERVER, Step
from slurm_appliance.errors import ApplianceError, ExitStatus, Problem

Json = dict[str, Any]

#: Steps that take something away from whoever uses it now.
_REPLACING = frozenset({"replace", "delete"})
_HIDDEN = "(secret)"


class AdoptionError(ApplianceError):
    """Raised when existing resources cannot be taken over; reports everything that is in the way."""

    def __init__(self, problems: Sequence[Problem], source: str) -> None:
        self.problems = tuple(problems)
        super().__init__("the existing resources cannot be taken over; nothing was changed", where=source)

    def __str__(self) -> str:
        return "\n".join([super().__str__(), *map(str, self.problems)])


@dataclass(frozen=True)
class InPlaceChange:
    """A property of an existing resource that differs from the configuration; it changes in place."""

    path: str
    current: str
    planned: str

    def __str__(self) -> str:
        return f"{self.path}: {self.current} → {self.planned}"


@dataclass(frozen=True)
class AdoptionRow:
    """One resource.

    Attributes:
        kind: its kind: Instance, Port.
        name: its name in OpenStack or, without one, its name in the URN.
        id: its ID; empty if it does not exist.
        fate: what happens to it.
        differs: what changes in place.
        why: the reason, if it is not just adopted.
    """

    kind: str
    name: str
    id: str
    fate: Fate
    differs: tuple[InPlaceChange, ...] = ()
    why: str = ""


@dataclass(frozen=True)
class Adoption:
    """The plan of an adoption.

    Attributes:
        rows: one a resource that the state does not record yet.
        plan: what ``up`` does afterwards, as part of the adoption.
        lost: names of secrets that are made anew.
        runs_site: whether ``site.yml`` runs at the end.
        notes: what an operator should know.
    """

    rows: tuple[AdoptionRow, ...]
    plan: DeploymentPlan
    lost: tuple[str, ...] = ()
    runs_site: bool = True
    notes: tuple[str, ...] = ()

    @property
    def needed(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.rows or self.plan.steps)

    @property
    def exit_status(self) -> ExitStatus:
        """Of a dry run."""
        return ExitStatus.CHANGES if self.needed else ExitStatus.OK


@dataclass(frozen=True)
class Adopted:
    """The result of an adoption.

    Attributes:
        adoption: its plan.
        changes: number of resources by operation of the ``up`` at its end.
        remaining: a preview after it; without steps, unless ``site.yml`` was left out.
    """

    adoption: Adoption
    changes: Mapping[str, int]
    remaining: DeploymentPlan


def unbuilt(config: ClusterConfig, facts: CloudFacts) -> list[str]:
    """The cluster's servers with an image that was not built here, on which ``site.yml`` cannot run."""
    built = {image.id for image in facts.images if image.ours or image.digest}
    mine = environment(config)
    return sorted(each.name for each in facts.servers if each.environment == mine and each.image_id not in built)


def recorded_ids(deployment: Mapping[str, Any]) -> list[str]:
    """IDs of the servers in a state."""
    return [each["id"] for each in deployment.get("resources") or [] if each["type"] == SERVER and each.get("id")]


def with_adopted(
    before: Mapping[str, Any], after: Mapping[str, Any], found: Iterable[Counterpart], secrets: Iterable[str]
) -> Json:
    """A state with the resources that a stand-in run recorded, as far as they exist.

    Args:
        before: the state before that run, whose resources stay as they are.
        after: the state after it.
        found: the counterparts of the resources that it recorded.
        secrets: URNs of commands that it recorded.
    """
    absent = {each.urn for each in found if each.fate is not Fate.ADOPT}
    kept = set(secrets)
    old = {each["urn"]: each for each in before.get("resources") or []}
    slim = without(
        after,
        lambda each: (
            each["urn"] not in old and (each["urn"] in absent or (each["type"] == COMMAND and each["urn"] not in kept))
        ),
    )
    resources = [old.get(each["urn"], each) for each in slim["resources"]]
    return {**slim, "resources": resources}


def as_planned(
    refreshed: Mapping[str, Any], planned: Mapping[str, Any], adopted: Collection[str], facts: CloudFacts, mine: str
) -> Json:
    """A refreshed state with the planned inputs: the provider cannot read all of them back.

    Args:
        refreshed: the state after the refresh.
        planned: the state before it.
        adopted: URNs of the adopted resources.
        facts: the cloud: images are those that the servers run.
        mine: the environment in our servers' marks.
    """
    inputs = {each["urn"]: each.get("inputs") for each in planned["resources"]}
    result: Json = copy.deepcopy(dict(refreshed))
    for resource in result["resources"]:
        if resource["urn"] in inputs and inputs[resource["urn"]] is not None:
            resource["inputs"] = inputs[resource["urn"]]
        if resource["urn"] in adopted and resource.get("outputs"):
            _read_more(resource["type"], resource["outputs"])
    return repaired(result, plan_repair(result, facts, mine))


def _read_more(type_: str, outputs: Json) -> None:
    """What the provider reads, but does not compare with the configuration."""
    if type_ == SERVER:
        # Whether a server is shut off now is none of the configuration's business.
        outputs["powerState"] = "active"
        outputs["metadata"] = dict(outputs.get("allMetadata") or {})
    if type_ == PORT:
        groups = list(outputs.get("allSecurityGroupIds") or [])
        outputs["securityGroupIds"] = groups
        outputs["noSecurityGroups"] = None if groups else outputs.get("noSecurityGroups")


def rows_of(found: Iterable[Counterpart], deployment: Mapping[str, Any], steps: Iterable[Step]) -> list[AdoptionRow]:
    """The rows, with the differences that the engine found."""
    resources = {each["urn"]: each for each in deployment["resources"]}
    changed = {step.urn: step.changed for step in steps if step.op == "update"}
    return [
        AdoptionRow(
            each.type.rpartition(":")[2],
            each.name,
            each.id,
            each.fate,
            tuple(_difference(resources[each.urn], path) for path in changed.get(each.urn, ()))
            if each.urn in resources
            else (),
            each.why,
        )
        for each in found
    ]


def disturbing(plan: DeploymentPlan) -> list[Problem]:
    """What ``up`` would disturb after the adoption: it is refused, with what to set instead."""
    lost = any(step.type == SERVER and step.op in _REPLACING for step in plan.steps)
    # An attachment goes with its server.
    told = {COMMAND, ATTACHMENT} if lost else {COMMAND}
    problems = [
        Problem(
            step.name,
            f"would have to be replaced, because these differ: {', '.join(step.replacing or step.changed)}"
            if step.op == "replace"
            else "would be deleted",
            "set them in the configuration to what the existing resource has, adopt it, then change them",
        )
        for step in plan.steps
        if step.op in _REPLACING and step.type not in told
    ]
    named = {problem.path for problem in problems}
    problems += [
        Problem(
            row.node,
            f"would be disturbed ({row.action.value}): it runs image {row.current or 'unknown'}, target {row.target}"
            if row.action is NodeAction.REBUILD_NOW
            else f"would be disturbed ({row.action.value}): {row.why}",
            "set its image and flavor to what it has now (an image's ID will do), adopt it, then change them",
        )
        for row in plan.rows
        if row.action.disruptive and row.node not in named
    ]
    return problems


def _difference(resource: Mapping[str, Any], path: str) -> InPlaceChange:
    return InPlaceChange(path, _at(resource.get("outputs"), path), _at(resource.get("inputs"), path))


def _at(properties: Any, path: str) -> str:
    """A value in a resource's properties, as text."""
    value = properties
    for key in path.replace("[", ".").replace("]", "").split("."):
        if isinstance(value, Mapping):
            value = value.get(key.strip('"'))
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            value = None
    if isinstance(value, Mapping) and "ciphertext" in value:
        return _HIDDEN
    return "none" if value in (None, "", [], {}) else str(value)
