"""The complete plan of a run, on which operators decide before anything is done."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from slurm_appliance.cloud.connection import connect
from slurm_appliance.cloud.facts import CloudFacts
from slurm_appliance.config.changes import SettingChange
from slurm_appliance.config.naming import environment
from slurm_appliance.deployment.absence import gone
from slurm_appliance.deployment.changed import changed_by_hand
from slurm_appliance.deployment.disruption import disruptions
from slurm_appliance.deployment.drift import Drift, absent, other_images
from slurm_appliance.deployment.image_plan import NodeAction, NodeImage, image_plan
from slurm_appliance.deployment.layer_change import layer_notes
from slurm_appliance.deployment.recorded_settings import setting_changes
from slurm_appliance.deployment.repair import plan_repair
from slurm_appliance.deployment.session import Session
from slurm_appliance.engine.recorded import Recorded, recorded
from slurm_appliance.engine.steps import SERVER, Step, counts, planned
from slurm_appliance.errors import ExitStatus, Problem, StateError
from slurm_appliance.nodes.groups import groups
from slurm_appliance.preflight import Findings, examine
from slurm_appliance.preflight.run import package_proxy
from slurm_appliance.preflight.unrecorded import estranged
from slurm_appliance.site_layer.notes import site_notes

_MADE_AGAIN = "was deleted outside Pulumi: will be created again"


@dataclass(frozen=True)
class DeploymentPlan:
    """The plan of a run.

    Attributes:
        steps: the engine's, those that change something.
        rows: one a node.
        losses: what is taken away beside nodes, a sentence each.
        notes: what an operator should know.
        drift: what was changed outside Pulumi.
        settings: what differs from the configuration of the last run, as far as the state records it.
    """

    steps: tuple[Step, ...]
    rows: tuple[NodeImage, ...]
    losses: tuple[str, ...]
    notes: tuple[Problem, ...] = ()
    drift: Drift = field(default=Drift())
    settings: tuple[SettingChange, ...] = ()

    @property
    def disruptive(self) -> bool:
        """Whether it disrupts users."""
        return bool(self.losses) or any(row.action.disruptive for row in self.rows)

    @property
    def exit_status(self) -> ExitStatus:
        """Of a preview."""
        if self.disruptive:
            return ExitStatus.DISRUPTIVE
        if self.drift:
            return ExitStatus.DRIFT
        return ExitStatus.CHANGES if self.steps else ExitStatus.OK

    @property
    def counts(self) -> Mapping[str, int]:
        """Number of resources by operation."""
        return counts(self.steps)


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
        SiteLayerError: the site's own layer cannot be used.
    """
    layer = session.layer
    recorded_now = recorded_by(session, deployment)
    image = layer.image if layer else None
    return examine(session.config, session.facts(), recorded_now, proxy=package_proxy(), layer=image)


def examined(session: Session, deployment: Mapping[str, Any]) -> Findings:
    """The same, but fail on any problem, also with what compute nodes get of the site's own layer.

    Raises:
        ConfigError: the configuration has problems; reports all of them.
        StateError: the state does not match the project.
        SiteLayerError: nodes cannot get the collections that they need.
    """
    findings = findings_of(session, deployment)
    findings.ready(str(session.source))
    if session.layer is not None:
        session.layer.check_node_collections()
    return findings


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
    images = other_images(deployment, facts, _node_targets(session, facts))
    return Drift(tuple(missing), tuple(images), tuple(changed_by_hand(deployment, facts)))


def _node_targets(session: Session, facts: CloudFacts) -> dict[str, str | None]:
    """Each node's target image, if known here: a build's image is known from its last run."""
    ids = {image.name: image.id for image in facts.images}
    return {
        node.hostname: group.image.id or ids.get(group.image.name or "")
        for group in groups(session.config)
        for node in group.nodes
    }


def make_plan(
    session: Session, findings: Findings, steps: tuple[Step, ...], drift: Drift, deployment: Mapping[str, Any]
) -> DeploymentPlan:
    """The plan of a run, from what the engine would do to a deployment."""
    changing = tuple(planned(steps))
    rows = image_plan(session.config, session.facts(), findings.resolved.images, changing)
    lost = {each.name for each in drift.missing if each.type == SERVER}
    rows = [
        replace(row, why=_MADE_AGAIN) if row.node in lost and row.action is NodeAction.CREATE else row for row in rows
    ]
    settings = setting_changes(deployment, session.config)
    notes = (*_notes(session, findings), *layer_notes(deployment, session.layer))
    return DeploymentPlan(changing, tuple(rows), tuple(disruptions(changing)), notes, drift, settings)


def without_preview(session: Session, findings: Findings) -> DeploymentPlan:
    """The plan for a stack with nothing in it: everything is new."""
    rows = image_plan(session.config, session.facts(), findings.resolved.images)
    created = tuple(row for row in rows if row.action is NodeAction.CREATE)
    return DeploymentPlan((), created, (), _notes(session, findings))


def _notes(session: Session, findings: Findings) -> tuple[Problem, ...]:
    return (*findings.notes, *site_notes(session.source.parent, session.layer))
