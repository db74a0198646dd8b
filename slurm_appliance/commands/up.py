"""``slurm-appliance up`` and ``preview``: apply a cluster's configuration, or show what that would change."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from slurm_appliance.commands.consent import agreed
from slurm_appliance.commands.output import Output, OutputOption, say
from slurm_appliance.commands.stacks import (
    AllowOption,
    ExcludeOption,
    LockTimeoutOption,
    StackOption,
    YesOption,
    seconds,
    session_of,
    show_plan,
)

if TYPE_CHECKING:
    from slurm_appliance.deployment.operations import Done
    from slurm_appliance.deployment.plan import DeploymentPlan
    from slurm_appliance.deployment.session import Session


def preview(stack: StackOption, exclude: ExcludeOption = None, output: OutputOption = Output.text) -> None:
    """Show what up would change, on which nodes and why. Changes nothing.

    Exit status 0: nothing to do; 2: non-disruptive changes; 6: non-disruptive changes that repair what somebody deleted
    or changed; 3: disruptive changes to nodes or data; 1: up would fail.
    """
    from slurm_appliance.deployment import operations

    session = session_of(stack, exclude, quiet=output is Output.json)
    plan = operations.preview(session)
    if output is Output.json:
        print(json.dumps(plan.as_json(), indent=2))
    else:
        show_plan(plan)
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
            help="Accept the loss of deleted state and home volumes, and continue without them.",
        ),
    ] = False,
    output: OutputOption = Output.text,
) -> None:
    """Create a cluster, or apply its configuration. If interrupted, run it again: it continues where it stopped.

    Exit status 0: done; 3: the environment is protected and would be disrupted; 4: the cluster runs, but compute nodes
    failed; 5: the stack is locked; 1: any other error.
    """
    from slurm_appliance.deployment import operations
    from slurm_appliance.errors import UsageError

    as_json = output is Output.json
    if as_json and not yes:
        raise UsageError("--output json cannot ask for confirmation", remedy="add --yes")
    session = session_of(stack, exclude, quiet=as_json, lock_timeout=seconds(lock_timeout))

    def approve(plan: "DeploymentPlan") -> bool:
        if not as_json:
            show_plan(plan)
        return not _asks(plan) or agreed(yes=yes)

    done = operations.up(session, approve, allow_disruptive=allow_disruptive, give_up_lost_volumes=give_up_lost_volumes)
    if done is None:
        say("nothing was changed")
        raise typer.Exit(1)
    if as_json:
        print(json.dumps(done.plan.as_json() | {"done": done.changes, "log": str(done.log or "")}, indent=2))
    else:
        _show_done(session, done)


def _asks(plan: "DeploymentPlan") -> bool:
    """Whether confirmation is needed: there are steps, or nodes of an empty stack."""
    from slurm_appliance.deployment.image_plan import NodeAction

    return bool(plan.steps or plan.drift.missing) or any(row.action is NodeAction.CREATE for row in plan.rows)


def _show_done(session: "Session", done: "Done") -> None:
    from slurm_appliance.ssh.options import login_command

    changed = {op: count for op, count in done.changes.items() if op != "same"}
    words = ", ".join(f"{count} {op}" for op, count in sorted(changed.items())) or "no changes"
    print(f"Done: {words}." + (f" Log: {done.log}" if done.log else ""))
    outputs = session.stack.outputs()
    addresses = outputs["login"].value if "login" in outputs else []
    if addresses:
        print(f"Log in:          {login_command(session.config.ssh, addresses[0])}")
    print(f"Status:          ./slurm-appliance status --stack {session.name}")
    print(f"Delete:          ./slurm-appliance destroy --stack {session.name}")
