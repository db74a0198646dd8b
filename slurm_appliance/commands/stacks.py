"""Shared by commands about a stack: options, and how to show plans."""

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from slurm_appliance.commands.clouds import find_local_cloud
from slurm_appliance.commands.output import print_table, say
from slurm_appliance.errors import UsageError

if TYPE_CHECKING:
    from slurm_appliance.api import DeploymentPlan, ManagedCluster

StackOption = Annotated[
    str,
    typer.Option(
        "--stack", "-s", envvar="PULUMI_STACK", help="Name of the stack; its file is stacks/Pulumi.NAME.yaml."
    ),
]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")]
AllowOption = Annotated[
    bool, typer.Option("--allow-disruptive", help="Allow disruptive changes to a protected environment.")
]
ExcludeOption = Annotated[
    list[str] | None,
    typer.Option("--exclude", help="URN of a resource to leave unchanged; * and ** are allowed; may be repeated."),
]

_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 24 * 3600}


LockTimeoutOption = Annotated[
    str,
    typer.Option(
        "--lock-timeout",
        metavar="TIME",
        help="How long to wait if the stack is locked: 90s, 10m, 2h. Default: exit at once with status 5.",
    ),
]


def seconds(text: str, option: str = "--lock-timeout") -> float:
    """The seconds of ``90``, ``90s``, ``10m``, ``2h`` or ``14d``.

    Raises:
        UsageError: it is none of these.
    """
    found = re.fullmatch(r"(\d+)([smhd]?)", text.strip())
    if found is None:
        raise UsageError(f"{text} is not a duration", where=option, remedy="write it as 90s, 10m, 2h or 14d")
    return float(int(found[1]) * _UNITS[found[2]])


def cluster_of(
    stack: str, exclude: Sequence[str] | None = None, *, quiet: bool = False, lock_timeout: float = 0.0
) -> "ManagedCluster":
    """The cluster of a stack; progress goes to standard error, standard output belongs to results."""
    from slurm_appliance.api.cluster import open_cluster, silent

    cluster = open_cluster(
        stack, say=silent if quiet else say, exclude=exclude or (), lock_timeout=lock_timeout, alone=True
    )
    find_local_cloud(cluster.session.cloud)
    return cluster


def show_plan(plan: "DeploymentPlan") -> None:
    """Print the plan: a summary, affected nodes, losses, notes, counts."""
    from slurm_appliance.deployment.image_plan import NodeAction, folded, summary

    print(summary(plan.rows))
    rows = folded(row for row in plan.rows if row.action is not NodeAction.NONE)
    if rows:
        print_table(
            ("GROUP", "NODES", "CURRENT", "TARGET", "ACTION", "DISRUPTION", "WHY"),
            [
                (
                    row.group,
                    row.node,
                    str(row.current or ""),
                    str(row.target or ""),
                    row.action.value,
                    row.disruption,
                    row.why,
                )
                for row in rows
            ],
            wrapping=("NODES", "DISRUPTION", "WHY"),
            bold=lambda number: rows[number].action.disruptive,
        )
    for setting in plan.settings:
        print(f"{setting.path}: {json.dumps(setting.old)} → {json.dumps(setting.new)}")
        print(f"  {setting.policy.value}: {setting.consequence}")
    for loss in plan.losses:
        print(f"LOST: {loss}")
    for line in plan.drift.lines():
        print(f"drift: {line}")
    for note in plan.notes:
        print(f"note: {note}")
    if plan.steps:
        print("Resources: " + ", ".join(f"{count} to {op}" for op, count in plan.counts.items()))
    elif not any(row.action is NodeAction.CREATE for row in plan.rows):
        print("Resources: no changes")
