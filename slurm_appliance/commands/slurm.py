"""``slurm-appliance slurm``: backups of Slurm's state, made before upgrades, and the way back."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from slurm_appliance.commands.consent import agreed
from slurm_appliance.commands.output import Output, OutputOption, print_table, say
from slurm_appliance.commands.stacks import (
    AllowOption,
    LockTimeoutOption,
    StackOption,
    YesOption,
    cluster_of,
    seconds,
    show_plan,
)

if TYPE_CHECKING:
    from slurm_appliance.api import DeploymentPlan, SlurmBackup

app = typer.Typer(help="List and restore backups of Slurm's state, which are made before upgrades of Slurm.")


@app.command()
def backups(stack: StackOption, output: OutputOption = Output.text) -> None:
    """List the backups of Slurm's state and accounting database on the state volume."""
    found = cluster_of(stack).slurm_backups()
    if output is Output.json:
        print(json.dumps({"backups": [asdict(each) for each in found.all], "restore": found.requested}, indent=2))
    elif found.all:
        print_table(
            ("BACKUP", "SLURM", "MADE", "MIB", "ACCOUNTING", "RESTORE"),
            [
                [
                    each.name,
                    each.version or "unknown",
                    each.made,
                    str(-(-each.size // 2**20)),
                    "yes" if each.database else "no",
                    "requested" if each.name == found.requested else "",
                ]
                for each in found.all
            ],
        )
    else:
        print(f"{stack} has no backups: they are made before a new release of Slurm starts")


@app.command()
def restore(
    stack: StackOption,
    backup: Annotated[str | None, typer.Argument(help="Name of the backup, as shown by `slurm backups`.")] = None,
    yes: YesOption = False,
    allow_disruptive: AllowOption = False,
    lock_timeout: LockTimeoutOption = "0",
    cancel: Annotated[bool, typer.Option("--cancel", help="Forget a requested restore that has not begun.")] = False,
) -> None:
    """Go back to a former release of Slurm, with its state and accounting of then.

    First set the control node's image to one with that release. What happened since the backup is lost: jobs, their
    accounting, accounts and limits. If interrupted, run it again: it continues where it stopped.
    """
    from slurm_appliance.errors import UsageError

    cluster = cluster_of(stack, lock_timeout=seconds(lock_timeout))
    if cancel:
        ended = cluster.cancel_slurm_restore()
        print("the restore is cancelled; run up to start Slurm" if ended else "no restore was requested")
        return
    if backup is None:
        raise UsageError("no backup named", remedy=f"choose one: slurm-appliance slurm backups --stack {stack}")

    def approve(plan: "DeploymentPlan", chosen: "SlurmBackup") -> bool:
        show_plan(plan)
        say(_losses(chosen))
        return agreed(yes=yes)

    if cluster.restore_slurm(backup, approve=approve, allow_disruptive=allow_disruptive) is None:
        say("nothing was changed")
        raise typer.Exit(1)
    print(f"Slurm runs again with the backup {backup}. Bring nodes with a newer Slurm back: slurm-appliance rollout")


def _losses(chosen: "SlurmBackup") -> str:
    accounting = " Accounting, accounts and limits will be those of then." if chosen.database else ""
    return (
        f"Slurm {chosen.version} will start with its state of {chosen.made}: jobs that were submitted since then are "
        f"lost, and those that run are ended.{accounting} What is replaced stays on the state volume until the next "
        "upgrade."
    )
