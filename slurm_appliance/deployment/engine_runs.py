"""The engine's runs as parts of operations: a preview of an assumed state, a repair, an update with its log."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from slurm_appliance.cloud.connection import connect
from slurm_appliance.config.naming import environment
from slurm_appliance.deploy_host.run_log import new_run_log
from slurm_appliance.deployment import healing
from slurm_appliance.deployment.apart import replace_refreshed
from slurm_appliance.deployment.local_files import record_files
from slurm_appliance.deployment.progress import StepProgress
from slurm_appliance.deployment.repair import Repair, Treatment, plan_repair, repaired
from slurm_appliance.deployment.session import Session
from slurm_appliance.deployment.unconfigured import unconfigured
from slurm_appliance.engine import automation
from slurm_appliance.engine.steps import COMMAND, Step
from slurm_appliance.nodes.groups import configured_by_site, groups
from slurm_appliance.site.failure import site_began, site_failure


def previewed(
    session: Session, deployment: dict[str, Any], untouched: Sequence[str] = ()
) -> automation.OperationOutcome:
    """The engine's plan for an assumed state.

    Args:
        session: the stack.
        deployment: the assumed state.
        untouched: URNs of resources that need no comparison.
    """
    with session.supposing(deployment):
        session.cancellation.runs_in(session.stack.workspace.work_dir)
        return automation.run(
            session.stack,
            "preview",
            exclude=(*session.excluded, *untouched),
            keep_events=False,
            here=session.runs_program,
        )


def repair_of(session: Session, deployment: dict[str, Any]) -> Repair:
    """The repair that a stack's state needs."""
    facts, names = session.facts(), configured_by_site(groups(session.config))
    rebuilt = unconfigured(deployment, facts, names, session.excluded)
    return plan_repair(deployment, facts, environment(session.config), rebuilt)


def heal(session: Session) -> None:
    """Repair the state after an interrupted run or Slurm's rebuilds."""
    deployment = session.deployment()
    repair = repair_of(session, deployment)
    if not repair.needed:
        return
    for unfinished in repair.unfinished:
        session.say(str(unfinished))
    for urn in repair.rerun:
        session.say(f"{urn.rpartition('::')[2]} did not succeed last time, and runs again")
    for server in repair.unconfigured:
        session.say(f"{server.name} was rebuilt since site.yml configured it: site.yml runs again")
    if repair.reimaged:
        session.say(f"recorded the current image of {len(repair.reimaged)} nodes in the state")
    if any(each.treatment is Treatment.REMOVE for each in repair.unfinished):
        healing.remove_incomplete(repair.unfinished, connect(session.cloud))
    adopted = [each.urn for each in repair.unfinished if each.treatment is Treatment.ADOPT]
    # A state that had them without what the cloud says of them would be complete for every later run.
    replace_refreshed(session, repaired(deployment, repair), adopted)
    session.facts(fresh=True)


def run_up(
    session: Session, doing: str, steps: Sequence[Step], untouched: Sequence[str] = ()
) -> tuple[automation.OperationOutcome, Path]:
    """Run ``up``; return its outcome, and the file with its full output.

    Args:
        session: the stack.
        doing: the operation that it is part of, which the file's name begins with.
        steps: what it is to do.
        untouched: URNs of resources that need no comparison.

    Raises:
        SiteError: the servers exist, but site.yml failed.
        EngineError: a resource failed.
    """
    with run_log(session, doing) as (say, log):
        try:
            outcome = run_steps(session, "up", say, log, steps, untouched=untouched)
        except automation.EngineError as error:
            if site_began(error.problems):
                record_files(session.folder, session.deployment())
            failure = site_failure(error.problems)
            if failure is None:
                raise
            raise failure from error
    record_files(session.folder, session.deployment())
    return outcome, Path(log.name)


def run_steps(
    session: Session,
    operation: automation.Operation,
    say: Callable[[str], None],
    log: TextIO,
    steps: Sequence[Step],
    *,
    exclude_protected: bool = False,
    untouched: Sequence[str] = (),
) -> automation.OperationOutcome:
    """Run an operation, and tell its progress."""
    progress = StepProgress(say, steps)

    session.cancellation.runs_in(session.stack.workspace.work_dir)

    def on_step(step: Step, stage: str) -> None:
        session.cancellation.interrupt()
        if stage == "begins":
            progress.begins(step)
        else:
            progress.ends(step, failed=stage == "fails")

    def on_message(severity: str, urn: str, text: str) -> None:
        # Commands' output has severity info; skip the engine's own; errors are reported at the end.
        if text and (severity == "warning" or (COMMAND in urn and severity != "error")):
            progress.message(urn, text, command=COMMAND in urn)

    return automation.run(
        session.stack,
        operation,
        on_step=on_step,
        on_message=on_message,
        on_output=lambda text: print(text, file=log, end="" if text.endswith("\n") else "\n"),
        exclude=() if operation == "destroy" else (*session.excluded, *untouched),
        keep_events=False,
        exclude_protected=exclude_protected,
        here=operation == "up" and session.runs_program,
    )


@contextmanager
def run_log(session: Session, operation: str) -> Iterator[tuple[Callable[[str], None], TextIO]]:
    """A log of the run, readable only by its owner; yields a function that prints and logs a line, and the file."""
    path = new_run_log(session.folder.logs, operation)
    with path.open("w", encoding="utf-8", buffering=1) as file:

        def say(text: str) -> None:
            print(text, file=file)
            session.say(text)

        session.say(f"full log: {path}")
        yield say, file
