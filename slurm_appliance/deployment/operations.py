"""The operations themselves: preview, up, destroy."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slurm_appliance.deployment.compared import site_steps, with_servers_of
from slurm_appliance.deployment.comparison import Comparison
from slurm_appliance.deployment.drift import Drift, mended
from slurm_appliance.deployment.engine_runs import heal, previewed, repair_of, run_log, run_steps, run_up
from slurm_appliance.deployment.interrupt import cancellable
from slurm_appliance.deployment.keeping import (
    Kept,
    has_hooks,
    kept_resources,
    with_protection,
    without_hooks,
    without_protection,
)
from slurm_appliance.deployment.local_files import has_files
from slurm_appliance.deployment.plan import (
    DeploymentPlan,
    drift_of,
    examined,
    findings_of,
    make_plan,
    refuse_estranged,
    without_preview,
)
from slurm_appliance.deployment.plan_document import StalePlanError
from slurm_appliance.deployment.recorded_settings import setting_changes
from slurm_appliance.deployment.refusals import refuse_data_loss, refuse_disruption
from slurm_appliance.deployment.repair import repaired
from slurm_appliance.deployment.session import Session
from slurm_appliance.engine.automation import EngineError
from slurm_appliance.engine.steps import SERVER, Step, counts, of_type
from slurm_appliance.journal.lock import Holder, holders
from slurm_appliance.preflight import Findings, Resolved

#: Facts older than this, in seconds, are gathered again before anything is changed.
_FRESH_SECONDS = 60


@dataclass(frozen=True)
class Done:
    """The result of a run.

    Attributes:
        plan: its plan.
        changes: number of resources by operation, with components and unchanged ones.
        log: the file with the engine's full output; None if there was nothing to do.
        counts: number of changed resources by operation, as a plan counts them.
    """

    plan: DeploymentPlan
    changes: dict[str, int]
    log: Path | None = None
    counts: Mapping[str, int] = field(default_factory=dict)


def preview(session: Session) -> DeploymentPlan:
    """Plan what ``up`` would do.

    Raises:
        ConfigError: it would go wrong before the first change.
        StateError: the state does not fit what is in the project.
        LostDataError: somebody deleted a volume or share that outlives the cluster.
        EngineError: the engine cannot tell.
        CancelledError: it was cancelled.
    """
    with cancellable(session.say, session.cancellation), session.provisional():
        return _preview(session)


def _preview(session: Session) -> DeploymentPlan:
    for holder in _running(session):
        session.say(f"{holder} holds the stack's lock: its pending changes are not shown here")
    comparison = Comparison(session)
    deployment = session.deployment()
    drift = drift_of(session, deployment)
    findings = examined(session, deployment)
    refuse_data_loss(session, drift)
    repair = repair_of(session, deployment)
    for unfinished in repair.unfinished:
        left = "what the cloud failed to create" if unfinished.recorded else "leftovers of an interrupted run"
        session.say(f"up will first handle {left}: {unfinished.urn.rpartition('::')[2]}")
    supposed = mended(repaired(deployment, repair), drift)
    with session.handing_over(session.facts()):
        outcome = previewed(session, supposed, comparison.untouched(findings.resolved, supposed))
        return make_plan(session, findings, outcome.steps, drift, deployment)


def up(
    session: Session,
    approve: Callable[[DeploymentPlan], bool],
    *,
    allow_disruptive: bool = False,
    give_up_lost_volumes: bool = False,
    whole_plan: bool = False,
) -> Done | None:
    """Apply the configuration to the cluster; return None if it was not approved.

    Args:
        session: the stack.
        approve: asked with the plan, before anything is changed.
        allow_disruptive: go on where a protected environment would be disturbed.
        give_up_lost_volumes: make volumes and shares again that somebody deleted, with nothing on them.
        whole_plan: plan every step of a stack that has nothing yet, too, where the nodes alone would do.

    Raises:
        ConfigError: ``up`` would fail before the first change.
        StateError: the state does not match the project.
        LostDataError: a volume or share that must be kept was deleted.
        ProtectedEnvironmentError: the environment is protected.
        LockedError: the stack is locked.
        SiteError: the servers exist, but site.yml failed.
        EngineError: a resource failed.
        CancelledError: it was cancelled.
    """
    with cancellable(session.say, session.cancellation):
        return _up(session, approve, allow_disruptive, give_up_lost_volumes, whole_plan)


def _up(
    session: Session,
    approve: Callable[[DeploymentPlan], bool],
    allow_disruptive: bool,
    give_up_lost_volumes: bool,
    whole_plan: bool,
) -> Done | None:
    comparison = Comparison(session)
    _refuse_early(session)
    with session.held("up"):
        # The previous holder of the lock may have changed the stack.
        heal(session)
        if not session.config.protected:
            _let_go(session)
        deployment = session.deployment()
        drift = drift_of(session, deployment)
        findings = examined(session, deployment)
        if not give_up_lost_volumes:
            refuse_data_loss(session, drift)
        deployment = mended(deployment, drift)
        same = comparison.untouched(findings.resolved, deployment)
        with session.handing_over(session.facts()):
            known = None if whole_plan else _known_plan(session, findings, drift, deployment, same)
            if known is not None:
                plan = known
            else:
                session.say("comparing the configuration with the cloud ...")
                outcome = previewed(session, deployment, same)
                plan = make_plan(session, findings, outcome.steps, drift, deployment)
                if not plan.steps:
                    # If the preview has nothing to do, do not process a thousand nodes again.
                    approve(plan)
                    if drift.in_state:
                        session.set_deployment(deployment)
                    if has_files(session.folder, deployment):
                        return Done(plan, dict(outcome.changes))
                    session.say("writing the environment's files: this machine does not have those of the last run ...")
                    return _apply(session, plan, findings, comparison, same)
        refuse_disruption(session, plan, allow_disruptive)
        if not approve(plan):
            return None
        if drift.in_state:
            session.set_deployment(deployment)
        if session.age > _FRESH_SECONDS:
            session.facts(fresh=True)
            findings = examined(session, deployment)
            if same and not comparison.untouched(findings.resolved, deployment):
                raise StalePlanError(
                    "the project changed while the plan was shown; nothing was done",
                    where=session.name,
                    remedy="run up again, and look at its plan",
                )
        with session.handing_over(session.facts()):
            return _apply(session, plan, findings, comparison, same)


def _known_plan(
    session: Session, findings: Findings, drift: Drift, deployment: dict[str, Any], same: Sequence[str]
) -> DeploymentPlan | None:
    """The plan, where it is known without the engine: nothing is there yet, or only the site's settings changed."""
    if not deployment.get("resources"):
        return without_preview(session, findings)
    if not same:
        return None
    steps = site_steps(setting_changes(deployment, session.config), deployment, session.excluded)
    return make_plan(session, findings, steps, drift, deployment) if steps else None


def _refuse_early(session: Session) -> None:
    """End a run that cannot succeed before it waits for the lock.

    What another run makes now is in the project before it is in the state. Whether they match is known under the lock.
    """
    before = _running(session)
    findings = findings_of(session, session.deployment())
    if not (findings.state and (before or _running(session))):
        findings.ready(str(session.source))


def _running(session: Session) -> list[Holder]:
    """Who holds the stack's lock and may be alive."""
    return [holder for holder in (holders(session.layout) if session.layout else ()) if not holder.gone]


def _let_go(session: Session) -> None:
    """Remove the hooks of an environment that is no longer protected: its program does not answer them."""
    deployment = session.deployment()
    if has_hooks(deployment):
        session.set_deployment(without_hooks(deployment))


def _apply(
    session: Session, plan: DeploymentPlan, findings: Findings, comparison: Comparison, same: Sequence[str]
) -> Done:
    if not same:
        comparison.forget()
    try:
        outcome, log = run_up(session, "up", plan.steps, same)
    except EngineError:
        comparison.forget()
        raise
    done = Done(plan, dict(outcome.changes), log, counts(outcome.steps))
    if not same:
        comparison.record(lambda: _resolved_after(session, findings, outcome.steps))
    return done


def _resolved_after(session: Session, findings: Findings, steps: Sequence[Step]) -> Resolved:
    """What names stand for after a run."""
    if not of_type(steps, SERVER):
        return findings.resolved
    session.facts(fresh=True)
    return with_servers_of(findings.resolved, findings_of(session, session.deployment()).resolved)


@dataclass(frozen=True)
class Destruction:
    """The plan of a destroy.

    Attributes:
        servers: number of servers.
        resources: number of all resources.
        staying: the resources that are kept.
    """

    servers: int
    resources: int
    staying: tuple[Kept, ...]


def destroy(session: Session, approve: Callable[[Destruction], bool], *, delete_volumes: bool = False) -> Done | None:
    """Delete the cluster except for kept resources; return None if it was not approved.

    Args:
        session: the stack.
        approve: called before anything is deleted.
        delete_volumes: keep nothing.

    Raises:
        LockedError: the stack is locked.
        StateError: the state does not belong to this cluster.
        EngineError: a resource failed.
        CancelledError: it was cancelled.
    """
    with cancellable(session.say, session.cancellation):
        return _destroy(session, approve, delete_volumes)


def _destroy(session: Session, approve: Callable[[Destruction], bool], delete_volumes: bool) -> Done | None:
    with session.held("destroy"):
        refuse_estranged(session, session.deployment())
        heal(session)
        deployment = session.deployment()
        resources = deployment.get("resources") or []
        staying = () if delete_volumes else tuple(kept_resources(deployment))
        servers = sum(resource["type"] == SERVER for resource in resources)
        if not approve(Destruction(servers, len(resources), staying)):
            return None
        if not resources:
            return Done(DeploymentPlan((), (), ()), {})

        def shown(recorded: dict[str, Any]) -> dict[str, Any]:
            if delete_volumes:
                return without_hooks(without_protection(recorded))
            return without_hooks(with_protection(recorded, [each.urn for each in staying]))

        # A destroy that does not end leaves the protection of what it did not delete.
        with session.showing(shown), run_log(session, "destroy") as (say, log):
            outcome = run_steps(session, "destroy", say, log, (), exclude_protected=bool(staying))
        return Done(DeploymentPlan((), (), ()), dict(outcome.changes), Path(log.name), counts(outcome.steps))
