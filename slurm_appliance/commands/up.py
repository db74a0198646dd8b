"""``slurm-appliance up`` and ``preview``: apply a cluster's configuration, or show what that would change."""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slurm_appliance.commands.consent import agreed, refuse_questions
from slurm_appliance.commands.output import Output, OutputOption, noted, say
from slurm_appliance.commands.stacks import (
    AllowOption,
    ExcludeOption,
    LockTimeoutOption,
    StackOption,
    YesOption,
    cluster_of,
    seconds,
    show_plan,
)

if TYPE_CHECKING:
    from slurm_appliance.api import DeploymentPlan, Done
    from slurm_appliance.deployment.session import Session


class PlanFormat(StrEnum):
    """How a plan is printed."""

    text = "text"
    json = "json"
    markdown = "markdown"


def preview(
    stack: StackOption,
    exclude: ExcludeOption = None,
    output: Annotated[
        PlanFormat,
        typer.Option(
            "--output", "-o", callback=noted, help="A table, JSON for scripts, or Markdown for a pull request."
        ),
    ] = PlanFormat.text,
    save: Annotated[
        Path | None,
        typer.Option("--save", metavar="FILE", dir_okay=False, help="Save the plan for up --plan, as JSON."),
    ] = None,
) -> None:
    """Show what up would do, node by node. Nothing is changed.

    Exit status 0: nothing to do; 7: changes that disturb nobody; 6: up mends what somebody deleted or changed; 3: nodes
    or data are disturbed; 1: up would fail; 2: wrong arguments, or no such stack.
    """
    from slurm_appliance.api import document_of, markdown

    plan = cluster_of(stack, exclude, quiet=output is not PlanFormat.text).plan()
    match output:
        case PlanFormat.json:
            print(document_of(plan, stack).to_json(), end="")
        case PlanFormat.markdown:
            print(markdown(plan, stack), end="")
        case PlanFormat.text:
            show_plan(plan)
    if save is not None:
        save.write_text(document_of(plan, stack).to_json(), encoding="utf-8")
    raise typer.Exit(plan.exit_status)


def up(
    stack: StackOption,
    yes: YesOption = False,
    allow_disruptive: AllowOption = False,
    lock_timeout: LockTimeoutOption = "0",
    exclude: ExcludeOption = None,
    give_up_lost_volumes: Annotated[
        bool,
        typer.Option(
            "--give-up-lost-volumes",
            help="Accept the loss of deleted volumes and shares that should be kept, and continue without them.",
        ),
    ] = False,
    plan_file: Annotated[
        Path | None,
        typer.Option(
            "--plan",
            metavar="FILE",
            dir_okay=False,
            help="Do what this plan of preview --save says, without asking; stop if it would be anything else.",
        ),
    ] = None,
    output: OutputOption = Output.text,
) -> None:
    """Create a cluster, or apply its configuration. If interrupted, run it again: it continues where it stopped.

    Exit status 0: done; 3: the environment is protected and would be disturbed; 4: the cluster runs, but compute nodes
    failed; 5: somebody else uses the stack; 8: the plan of --plan no longer holds; 1: anything else.
    """
    from slurm_appliance.api import document_of, load_plan

    as_json = output is Output.json
    approved = None if plan_file is None else load_plan(plan_file)
    refuse_questions(as_json=as_json, confirmed=yes or approved is not None, remedy="add --yes or --plan FILE")
    cluster = cluster_of(stack, exclude, quiet=as_json, lock_timeout=seconds(lock_timeout))

    def approve(plan: "DeploymentPlan") -> bool:
        if not as_json:
            show_plan(plan)
        return approved is not None or not _asks(plan) or agreed(yes=yes)

    done = cluster.up(
        plan=approved,
        approve=approve,
        allow_disruptive=allow_disruptive,
        give_up_lost_volumes=give_up_lost_volumes,
    )
    if done is None:
        say("nothing was changed")
        raise typer.Exit(1)
    if as_json:
        plan = document_of(done.plan, stack).model_dump(mode="json")
        print(
            json.dumps(
                {"plan": plan, "done": dict(done.counts), "log": str(done.log or ""), "exit_status": 0}, indent=2
            )
        )
    else:
        _show_done(cluster.session, done)


def _asks(plan: "DeploymentPlan") -> bool:
    """Whether confirmation is needed: there are steps, or nodes of an empty stack."""
    from slurm_appliance.deployment.image_plan import NodeAction

    return bool(plan.steps or plan.drift.missing) or any(row.action is NodeAction.CREATE for row in plan.rows)


def _show_done(session: "Session", done: "Done") -> None:
    from slurm_appliance.ssh.options import login_command

    words = ", ".join(f"{count} {op}" for op, count in done.counts.items()) or "no changes"
    print(f"Done: {words}." + (f" Log: {done.log}" if done.log else ""))
    outputs = session.stack.outputs()
    addresses = outputs["login"].value if "login" in outputs else []
    if addresses:
        print(f"Log in:          {login_command(session.config.ssh, addresses[0])}")
    print(f"Status:          ./slurm-appliance status --stack {session.name}")
    print(f"Delete:          ./slurm-appliance destroy --stack {session.name}")
