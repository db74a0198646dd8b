"""Takes existing resources of an environment into its state, without touching any server.

The engine runs the whole program once, with a stand-in for its plugins (engine/stand_in.py): it records the planned
inputs with the IDs of existing resources, in a state of its own. A refresh reads them all. A preview on top says what
differs. Nothing is changed until all three are done and the plan is approved: then the state is written in one step,
and an ordinary ``up``, which disturbs nobody, does the rest.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from slurm_appliance.cloud.connection import asking, connect
from slurm_appliance.cloud.facts import CloudFacts
from slurm_appliance.config.naming import environment
from slurm_appliance.deployment.adoption_plan import (
    Adopted,
    Adoption,
    AdoptionError,
    as_planned,
    disturbing,
    recorded_ids,
    rows_of,
    unbuilt,
    with_adopted,
)
from slurm_appliance.deployment.apart import apart, refreshed
from slurm_appliance.deployment.counterparts import Counterparts, Fate, claimed
from slurm_appliance.deployment.drift import Drift
from slurm_appliance.deployment.engine_runs import heal, previewed, run_up
from slurm_appliance.deployment.interrupt import cancellable
from slurm_appliance.deployment.plan import DeploymentPlan, make_plan
from slurm_appliance.deployment.session import Session
from slurm_appliance.engine import automation
from slurm_appliance.engine.recorded import recorded
from slurm_appliance.engine.stand_in import standing_in
from slurm_appliance.engine.steps import CREDENTIAL, SERVER
from slurm_appliance.errors import Problem
from slurm_appliance.preflight import Findings, examine
from slurm_appliance.preflight.run import package_proxy
from slurm_appliance.preflight.unrecorded import estranged
from slurm_appliance.secrets.generate import FILE, MAKERS
from slurm_appliance.secrets.recovered import RecoveredSecrets, recovered_secrets

#: The run of site.yml, with everything in its component.
_SITE = ("**slurm-appliance:index:Site::**", "**slurm-appliance:index:Site$**")


@dataclass(frozen=True)
class _Prepared:
    adoption: Adoption
    deployment: dict[str, Any]
    facts: CloudFacts
    #: Application credentials to delete, because new ones with the same names are created.
    expired: tuple[str, ...]


def adopt(
    session: Session,
    approve: Callable[[Adoption], bool],
    *,
    new_secrets: bool = False,
) -> Adopted | None:
    """Take existing resources into the state; return None if it was not approved.

    Args:
        session: the stack.
        approve: asked with the plan, before anything is changed.
        new_secrets: go on with new secrets where the old ones are lost.

    Raises:
        AdoptionError: something cannot be taken over without disturbing it.
        ConfigError: the configuration has mistakes.
        LockedError: the stack is locked.
        EngineError: a resource failed.
        CancelledError: it was cancelled.
    """
    with cancellable(session.say, session.cancellation):
        return _adopt(session, approve, new_secrets)


def plan_adoption(session: Session, *, new_secrets: bool = False) -> Adoption:
    """Plan an adoption; changes nothing, and takes no lock.

    Raises:
        AdoptionError: something cannot be taken over without disturbing it.
        ConfigError: the configuration has mistakes.
        EngineError: the engine cannot tell.
        CancelledError: it was cancelled.
    """
    with cancellable(session.say, session.cancellation):
        return _prepare(session, new_secrets).adoption


def _adopt(session: Session, approve: Callable[[Adoption], bool], new_secrets: bool) -> Adopted | None:
    with session.held("adopt"):
        if session.deployment().get("resources"):
            heal(session)
        prepared = _prepare(session, new_secrets)
        adoption = prepared.adoption
        if not approve(adoption):
            return None
        if not adoption.needed:
            return Adopted(adoption, {}, adoption.plan)
        session.say(f"recording {len(adoption.rows)} resources ...")
        session.set_deployment(prepared.deployment)
        for id_ in prepared.expired:
            _delete_credential(session, id_)
        with _leaving_out(session, runs_site=adoption.runs_site), session.handing_over(prepared.facts):
            outcome, _log = run_up(session, "adopt", adoption.plan.steps)
        return Adopted(adoption, dict(outcome.changes), _preview_after(session, adoption))


def _prepare(session: Session, new_secrets: bool) -> _Prepared:
    before = session.deployment()
    facts, problems = claimed(session.config, session.facts(fresh=True), recorded_ids(before))
    findings = _findings(session, facts, before)
    recovered = recovered_secrets(session.folder)
    lost = _lost(session, recovered, before)
    ours = any(each.environment == environment(session.config) for each in session.facts().servers)
    problems = (*problems, *_unbuildable(findings))
    if lost and ours and not new_secrets:
        problems = (*problems, _lost_secrets(session, lost))
    if problems:
        raise AdoptionError(problems, str(session.source))
    counterparts = Counterparts(session.config, facts, recovered)
    session.say("planning every resource with what exists ...")
    with session.handing_over(facts):
        after = _stand_in_run(session, before, counterparts)
        if counterparts.problems:
            raise AdoptionError(counterparts.problems, str(session.source))
        planned = with_adopted(before, after, counterparts.found, counterparts.secrets)
        session.say("reading what exists ...")
        adopted = [each.urn for each in counterparts.found if each.fate is Fate.ADOPT]
        read = refreshed(session, planned, adopted)
        deployment = as_planned(read, planned, adopted, facts, environment(session.config))
        foreign = unbuilt(session.config, facts)
        with _leaving_out(session, runs_site=not foreign):
            session.say("comparing it with the configuration ...")
            outcome = previewed(session, deployment)
        session.take(facts)
        plan = make_plan(session, findings, outcome.steps, Drift(), deployment)
    rows = tuple(rows_of(counterparts.found, deployment, outcome.steps))
    refused = disturbing(plan)
    if refused:
        raise AdoptionError(refused, str(session.source))
    expired = tuple(each.id for each in counterparts.found if each.type == CREDENTIAL and each.fate is Fate.RENEW)
    adoption = Adoption(rows, plan, tuple(lost), not foreign, _notes(session, lost, foreign))
    return _Prepared(adoption, deployment, facts, expired)


def _findings(session: Session, facts: CloudFacts, before: Mapping[str, Any]) -> Findings:
    """Check the configuration as ``up`` does, except that the state may lack what exists.

    Raises:
        ConfigError: it has mistakes.
        AdoptionError: the state is another project's.
    """
    layer = session.layer
    findings = examine(session.config, facts, None, proxy=package_proxy(), layer=layer.image if layer else None)
    findings.ready(str(session.source))
    if before.get("resources"):
        now = recorded(before, session.name, session.backend)
        problems = [each for each in estranged(session.config, facts, now) if now.ids.get(SERVER)]
        if problems:
            raise AdoptionError(problems, str(session.source))
    return findings


def _unbuildable(findings: Findings) -> tuple[Problem, ...]:
    return tuple(
        Problem(f"image_builds.{source.build}", "its image does not exist yet", "./slurm-appliance image build")
        for source, id_ in findings.resolved.images.items()
        if id_ is None
    )


def _lost(session: Session, recovered: RecoveredSecrets, before: Mapping[str, Any]) -> list[str]:
    """The generated secrets that neither the configuration, the state nor the environment's folder has."""
    given = {name for name in MAKERS if getattr(session.config.secrets, name) is not None}
    there = {each["urn"].rpartition("::")[2] for each in before.get("resources") or []}
    return sorted(MAKERS.keys() - given - there - recovered.values.keys())


def _lost_secrets(session: Session, lost: list[str]) -> Problem:
    return Problem(
        "secrets",
        f"{', '.join(lost)}: not in {session.folder.folder / FILE}, and the state that had them is lost",
        "restore that file from the machine that ran up; or copy them from the control node and set secrets.NAME "
        "(docs/adopt.md); or add --new-secrets: then site.yml replaces them on all nodes",
    )


def _notes(session: Session, lost: list[str], foreign: list[str]) -> tuple[str, ...]:
    notes = ["user data: cannot be read back, and are used at a server's first boot only: recorded as planned"]
    if lost:
        notes.append(f"secrets: {', '.join(lost)} are made anew, and site.yml brings them to the nodes")
    if foreign:
        shown = ", ".join(foreign[:5])
        notes.append(
            f"site.yml does not run: {len(foreign)} nodes run an image that was not built here ({shown}); set one that "
            f"was, then run: ./slurm-appliance up --stack {session.name}"
        )
    return tuple(notes)


def _stand_in_run(session: Session, before: dict[str, Any], counterparts: Counterparts) -> dict[str, Any]:
    """The state after an ``up`` in which nothing was created."""
    with apart(session, before) as layout, standing_in(counterparts.create) as variables:
        session.stack.workspace.env_vars = {**session.stack.workspace.env_vars, **variables}
        automation.run(session.stack, "up", exclude=(*session.excluded, *_SITE), keep_events=False)
        return dict(layout.read()["checkpoint"]["latest"])


@contextmanager
def _leaving_out(session: Session, *, runs_site: bool) -> Iterator[None]:
    """Without ``site.yml`` where it cannot run."""
    before = session.excluded
    session.excluded = before if runs_site else (*before, *_SITE)
    try:
        yield
    finally:
        session.excluded = before


def _preview_after(session: Session, adoption: Adoption) -> DeploymentPlan:
    deployment = session.deployment()
    facts, _problems = claimed(session.config, session.facts(fresh=True), recorded_ids(deployment))
    findings = _findings(session, facts, deployment)
    with _leaving_out(session, runs_site=adoption.runs_site), session.handing_over(facts):
        outcome = previewed(session, deployment)
        return make_plan(session, findings, outcome.steps, Drift(), deployment)


def _delete_credential(session: Session, id_: str) -> None:
    connection = connect(session.cloud)
    path = f"/users/{connection.current_user_id}/application_credentials/{id_}"
    asking(lambda: connection.identity.delete(path, raise_exc=True), f"application credential {id_}")
