"""The operations themselves: preview, up, destroy."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from os import getpid
from pathlib import Path
from typing import Any, TextIO

from slurm_appliance.cloud.connection import connect
from slurm_appliance.config.naming import environment
from slurm_appliance.deployment import healing
from slurm_appliance.deployment.drift import mended
from slurm_appliance.deployment.interrupt import passing_interrupts
from slurm_appliance.deployment.keeping import Kept, kept_resources, with_protection, without_protection
from slurm_appliance.deployment.plan import (
    DeploymentPlan,
    drift_of,
    examined,
    make_plan,
    refuse_estranged,
    without_preview,
)
from slurm_appliance.deployment.progress import StepProgress
from slurm_appliance.deployment.refusals import refuse_data_loss, refuse_disruption
from slurm_appliance.deployment.repair import Treatment, plan_repair, repaired
from slurm_appliance.deployment.session import Session
from slurm_appliance.engine import automation
from slurm_appliance.engine.steps import COMMAND, SERVER, Step
from slurm_appliance.journal.lock import holders
from slurm_appliance.site.failure import site_failure

#: Facts older than this, in seconds, are asked for again before anything is changed.
_FRESH_SECONDS = 60
#: Logs of so many runs are kept.
_KEPT_LOGS = 20


@dataclass(frozen=True)
class Done:
    """How a run ended.

    Attributes:
        plan: what was planned.
        changes: number of resources by what was done.
        log: the file with everything that the engine said; None where there was nothing to do.
    """

    plan: DeploymentPlan
    changes: dict[str, int]
    log: Path | None = None


def preview(session: Session) -> DeploymentPlan:
    """What ``up`` would do.

    Raises:
        ConfigError: it would go wrong before the first change.
        StateError: the state does not fit what is in the project.
        LostDataError: somebody deleted a volume that outlives the cluster.
        EngineError: the engine cannot tell.
    """
    for holder in holders(session.layout) if session.layout else ():
        if not holder.gone:
            session.say(f"{holder} holds the stack's lock: its pending changes are not shown here")
    deployment = session.deployment()
    drift = drift_of(session, deployment)
    findings = examined(session, deployment)
    refuse_data_loss(session, drift)
    repair = plan_repair(deployment, session.facts(), environment(session.config))
    for unfinished in repair.unfinished:
        left = (
            "a resource that the cloud failed to create" if unfinished.recorded else "leftovers of an interrupted run"
        )
        session.say(f"up will first handle {left}: {unfinished.urn.rpartition('::')[2]}")
    with session.handing_over(session.facts()):
        outcome = _previewed(session, mended(repaired(deployment, repair), drift))
        return make_plan(session, findings, outcome.steps, drift)


def _previewed(session: Session, deployment: dict[str, Any]) -> automation.OperationOutcome:
    """What the engine would do, if the state were this one."""
    with session.supposing(deployment):
        return automation.run(session.stack, "preview", exclude=session.excluded, keep_events=False)


def up(
    session: Session,
    approve: Callable[[DeploymentPlan], bool],
    *,
    allow_disruptive: bool = False,
    give_up_lost_volumes: bool = False,
) -> Done | None:
    """Bring the cluster to what the configuration says; None where it was not approved.

    Args:
        session: the stack.
        approve: asked with the plan, before anything is changed.
        allow_disruptive: go on where a protected environment would be disturbed.
        give_up_lost_volumes: make volumes again that somebody deleted, with nothing on them.

    Raises:
        ConfigError: it would go wrong before the first change.
        StateError: the state does not fit what is in the project.
        LostDataError: somebody deleted a volume that outlives the cluster.
        ProtectedEnvironmentError: the environment is protected.
        LockedError: somebody else uses the stack.
        SiteError: the servers are there, and site.yml failed.
        EngineError: a resource failed.
    """
    examined(session, session.deployment())
    with session.held("up"):
        # Whoever had the stack before may have changed it since.
        _heal(session)
        deployment = session.deployment()
        drift = drift_of(session, deployment)
        findings = examined(session, deployment)
        if not give_up_lost_volumes:
            refuse_data_loss(session, drift)
        deployment = mended(deployment, drift)
        with session.handing_over(session.facts()):
            if deployment.get("resources"):
                session.say("comparing the configuration with the cloud ...")
                outcome = _previewed(session, deployment)
                plan = make_plan(session, findings, outcome.steps, drift)
                if not plan.steps:
                    # What the engine finds nothing to do about needs no second look at a thousand nodes.
                    approve(plan)
                    if drift.missing:
                        session.set_deployment(deployment)
                    return Done(plan, dict(outcome.changes))
            else:
                plan = without_preview(session, findings)
        refuse_disruption(session, plan, allow_disruptive)
        if not approve(plan):
            return None
        if drift.missing:
            session.set_deployment(deployment)
        if session.age > _FRESH_SECONDS:
            session.facts(fresh=True)
            examined(session, deployment)
        with session.handing_over(session.facts()), _log(session, "up") as (say, log):
            try:
                outcome = _run(session, "up", say, log, plan.steps)
            except automation.EngineError as error:
                failure = site_failure(error.problems)
                if failure is None:
                    raise
                raise failure from error
        return Done(plan, dict(outcome.changes), Path(log.name))


@dataclass(frozen=True)
class Destruction:
    """What would be destroyed.

    Attributes:
        servers: how many.
        resources: how many there are of everything.
        staying: what outlives the cluster.
    """

    servers: int
    resources: int
    staying: tuple[Kept, ...]


def destroy(session: Session, approve: Callable[[Destruction], bool], *, delete_volumes: bool = False) -> Done | None:
    """Delete the cluster, but for what outlives it; None where it was not approved.

    Args:
        session: the stack.
        approve: asked before anything is deleted.
        delete_volumes: let nothing outlive it.

    Raises:
        LockedError: somebody else uses the stack.
        StateError: the state is not this cluster's.
        EngineError: a resource failed.
    """
    with session.held("destroy"):
        refuse_estranged(session, session.deployment())
        _heal(session)
        deployment = session.deployment()
        resources = deployment.get("resources") or []
        staying = () if delete_volumes else tuple(kept_resources(deployment))
        servers = sum(resource["type"] == SERVER for resource in resources)
        if not approve(Destruction(servers, len(resources), staying)):
            return None
        if not resources:
            return Done(DeploymentPlan((), (), ()), {})
        if delete_volumes:
            session.set_deployment(without_protection(deployment))
        elif staying:
            session.set_deployment(with_protection(deployment, [each.urn for each in staying]))
        with _log(session, "destroy") as (say, log):
            outcome = _run(session, "destroy", say, log, (), exclude_protected=bool(staying))
        return Done(DeploymentPlan((), (), ()), dict(outcome.changes), Path(log.name))


def _heal(session: Session) -> None:
    """Put right what an interrupted run, or Slurm's rebuilds, did to the state."""
    deployment = session.deployment()
    repair = plan_repair(deployment, session.facts(), environment(session.config))
    if not repair.needed:
        return
    for unfinished in repair.unfinished:
        session.say(str(unfinished))
    if repair.reimaged:
        session.say(f"recorded the current image of {len(repair.reimaged)} nodes in the state")
    if any(each.treatment is Treatment.REMOVE for each in repair.unfinished):
        healing.remove_incomplete(repair.unfinished, connect(session.cloud))
    session.set_deployment(repaired(deployment, repair))
    adopted = [each.urn for each in repair.unfinished if each.treatment is Treatment.ADOPT]
    if adopted:
        automation.run(session.stack, "refresh", targets=adopted, keep_events=False)
    session.facts(fresh=True)


def _run(
    session: Session,
    operation: automation.Operation,
    say: Callable[[str], None],
    log: TextIO,
    steps: Sequence[Step],
    *,
    exclude_protected: bool = False,
) -> automation.OperationOutcome:
    progress = StepProgress(say, steps)

    def on_step(step: Step, stage: str) -> None:
        if stage == "begins":
            progress.begins(step)
        else:
            progress.ends(step, failed=stage == "fails")

    def on_message(severity: str, urn: str, text: str) -> None:
        # What commands print comes as information; the engine's own is no news here, and errors are told in the end.
        if text and (severity == "warning" or (COMMAND in urn and severity != "error")):
            progress.message(urn, text, command=COMMAND in urn)

    with passing_interrupts(session.say):
        return automation.run(
            session.stack,
            operation,
            on_step=on_step,
            on_message=on_message,
            on_output=lambda text: print(text, file=log, end="" if text.endswith("\n") else "\n"),
            exclude=() if operation == "destroy" else session.excluded,
            keep_events=False,
            exclude_protected=exclude_protected,
        )


@contextmanager
def _log(session: Session, operation: str) -> Iterator[tuple[Callable[[str], None], TextIO]]:
    """A log of the run, for its owner; yields what says a line to the operator and writes it down, and the file."""
    folder = session.folder.logs
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for old in sorted(folder.glob(f"{operation}-*.log"))[: -_KEPT_LOGS + 1]:
        old.unlink()
    path = folder / f"{operation}-{datetime.now(UTC).strftime('%Y%m%dT%H%M%S')}-{getpid()}.log"
    path.touch(mode=0o600)
    with path.open("w", encoding="utf-8", buffering=1) as file:

        def say(text: str) -> None:
            print(text, file=file)
            session.say(text)

        session.say(f"full log: {path}")
        yield say, file
