"""The complete plan of a run, on which operators decide before anything is done."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from slurm_appliance.cloud.connection import connect
from slurm_appliance.cloud.facts import CloudFacts
from slurm_appliance.config.naming import environment
from slurm_appliance.deployment.absence import gone
from slurm_appliance.deployment.disruption import disruptions
from slurm_appliance.deployment.drift import DRIFT, Drift, absent, other_images
from slurm_appliance.deployment.image_plan import NodeAction, NodeImage, image_plan
from slurm_appliance.deployment.repair import plan_repair
from slurm_appliance.deployment.session import Session
from slurm_appliance.engine.recorded import Recorded, recorded
from slurm_appliance.engine.steps import SERVER, Step, planned
from slurm_appliance.errors import Problem, StateError
from slurm_appliance.image.wanted import wanted_in
from slurm_appliance.nodes.groups import groups
from slurm_appliance.preflight import Findings, examine
from slurm_appliance.preflight.unrecorded import estranged

_MADE_AGAIN = "was deleted outside Pulumi: will be created again"
#: Exit statuses of ``preview``; besides DRIFT.
NO_CHANGES, CHANGES, DISRUPTIVE = 0, 2, 3


@dataclass(frozen=True)
class DeploymentPlan:
    """The plan of a run.

    Attributes:
        steps: the engine's steps that change something.
        rows: one per node.
        losses: what is removed besides nodes, one sentence each.
        notes: notes for the operator.
        drift: changes made outside Pulumi.
    """

    steps: tuple[Step, ...]
    rows: tuple[NodeImage, ...]
    losses: tuple[str, ...]
    notes: tuple[Problem, ...] = ()
    drift: Drift = field(default=Drift())

    @property
    def disruptive(self) -> bool:
        """Whether it disrupts users."""
        return bool(self.losses) or any(row.action.disruptive for row in self.rows)

    @property
    def exit_status(self) -> int:
        """The exit status of a preview."""
        if self.disruptive:
            return DISRUPTIVE
        if self.drift:
            return DRIFT
        return CHANGES if self.steps else NO_CHANGES

    @property
    def counts(self) -> Mapping[str, int]:
        """Number of resources by operation."""
        found: dict[str, int] = {}
        for step in self.steps:
            found[step.op] = found.get(step.op, 0) + 1
        return dict(sorted(found.items()))

    def as_json(self) -> dict[str, Any]:
        """The plan as a JSON object."""
        return {
            "changes": dict(self.counts),
            "disruptive": self.disruptive,
            "nodes": [asdict(row) | {"action": row.action.name.lower()} for row in self.rows],
            "losses": list(self.losses),
            "drift": list(self.drift.lines()),
            "notes": [asdict(note) for note in self.notes],
            "steps": [{"urn": step.urn, "op": step.op, "changed": list(step.changed)} for step in self.steps],
            "exit_status": self.exit_status,
        }


def recorded_by(session: Session, deployment: Mapping[str, Any]) -> Recorded:
    """What the stack's state records, including what the next run repairs.

    Raises:
        CloudError: a query to the cloud fails.
    """
    repair = plan_repair(deployment, session.facts(), environment(session.config))
    begun = [(each.type, id_) for each in repair.unfinished for id_ in each.ids]
    return recorded(deployment, session.name, session.backend, begun)


def refuse_estranged(session: Session, deployment: Mapping[str, Any]) -> None:
    """Fail if the state belongs to another project, or is empty although the cluster exists.

    Raises:
        StateError: either is true.
    """
    problems = list(estranged(session.config, session.facts(), recorded_by(session, deployment)))
    if problems:
        raise StateError(problems, str(session.source))


def findings_of(session: Session, deployment: Mapping[str, Any]) -> Findings:
    """Check the configuration and the state against the cloud.

    Raises:
        CloudError: a query to the cloud fails.
    """
    return examine(session.config, session.facts(), recorded_by(session, deployment))


def examined(session: Session, deployment: Mapping[str, Any]) -> Findings:
    """The same, but fail on any problem.

    Raises:
        ConfigError: the configuration has problems; reports all of them.
        StateError: the state does not match the project.
    """
    findings = findings_of(session, deployment)
    findings.ready(str(session.source))
    return findings


def image_targets(session: Session, findings: Findings) -> dict[str, str | None]:
    """The id of each image source's image; None if it has to be built."""
    builds = wanted_in(session.cloud, session.config, [group.image for group in groups(session.config)])
    return {**findings.resolved.images, **{f"build {build.name}": build.image_id for build in builds}}


def drift_of(session: Session, deployment: Mapping[str, Any]) -> Drift:
    """Changes made outside Pulumi; empty for a state of another project.

    Raises:
        CloudError: a query to the cloud fails.
    """
    if any(estranged(session.config, session.facts(), recorded_by(session, deployment))):
        return Drift()
    if absent(deployment, session.facts()):
        # Resources created after the facts were gathered are in the state, but not in the facts.
        session.facts(fresh=True)
    facts = session.facts()
    candidates = absent(deployment, facts)
    missing = gone(candidates, connect(session.cloud)) if candidates else []
    return Drift(tuple(missing), tuple(other_images(deployment, facts, _node_targets(session, facts))))


def _node_targets(session: Session, facts: CloudFacts) -> dict[str, str | None]:
    """Each node's target image, if known here: a build's image is known from its last run."""
    ids = {image.name: image.id for image in facts.images}
    return {
        node.hostname: group.image.id or ids.get(group.image.name or "")
        for group in groups(session.config)
        for node in group.nodes
    }


def make_plan(session: Session, findings: Findings, steps: tuple[Step, ...], drift: Drift) -> DeploymentPlan:
    """The plan of a run, from the engine's preview."""
    changing = tuple(planned(steps))
    rows = image_plan(session.config, session.facts(), image_targets(session, findings), changing)
    lost = {each.name for each in drift.missing if each.type == SERVER}
    rows = [
        replace(row, why=_MADE_AGAIN) if row.node in lost and row.action is NodeAction.CREATE else row for row in rows
    ]
    return DeploymentPlan(changing, tuple(rows), tuple(disruptions(changing)), findings.notes, drift)


def without_preview(session: Session, findings: Findings) -> DeploymentPlan:
    """The plan for an empty stack: everything is new."""
    rows = image_plan(session.config, session.facts(), image_targets(session, findings))
    return DeploymentPlan((), tuple(row for row in rows if row.action is NodeAction.CREATE), (), findings.notes)
