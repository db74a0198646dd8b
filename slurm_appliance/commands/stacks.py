"""What the commands about a stack have in common: their options, and how plans and lines are shown."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from slurm_appliance.commands.clouds import find_local_cloud

if TYPE_CHECKING:
    from slurm_appliance.deployment.image_plan import NodeImage
    from slurm_appliance.deployment.plan import Plan
    from slurm_appliance.deployment.session import Session

StackOption = Annotated[str, typer.Option("--stack", "-s", help="The stack: Pulumi.NAME.yaml in the folder stacks.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
AllowOption = Annotated[
    bool, typer.Option("--allow-disruptive", help="Go on where a protected environment would be disturbed.")
]
ExcludeOption = Annotated[
    list[str] | None,
    typer.Option("--exclude", help="URN of a resource to leave alone, * and ** allowed; may be given several times."),
]

#: How wide a table is that goes into a file or a pipe.
_FILE_WIDTH = 240


def session_of(stack: str, exclude: Sequence[str] | None = None, *, quiet: bool = False) -> "Session":
    """The session of a stack; what it says goes to standard error, standard output belongs to results."""
    from slurm_appliance.deployment.session import open_session

    session = open_session(stack, _ignore if quiet else say, excluded=tuple(exclude or ()))
    find_local_cloud(session.cloud)
    return session


def say(text: str) -> None:
    """Say a line to the operator."""
    print(text, file=sys.stderr, flush=True)


def _ignore(_text: str) -> None:
    """Where the result is for programs, nobody reads along."""


def show_plan(plan: "Plan") -> None:
    """The plan as operators decide on it: a summary, nodes that something happens to, losses, notes, counts."""
    from slurm_appliance.deployment.image_plan import Action, folded, summary

    print(summary(plan.rows))
    rows = folded(row for row in plan.rows if row.action is not Action.NONE)
    if rows:
        _print_rows(rows)
    for loss in plan.losses:
        print(f"LOST: {loss}")
    for note in plan.notes:
        print(f"note: {note}")
    if plan.steps:
        print("Resources: " + ", ".join(f"{count} to {op}" for op, count in plan.counts.items()))
    elif not any(row.action is Action.CREATE for row in plan.rows):
        print("Resources: no changes")


def _print_rows(rows: Sequence["NodeImage"]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    names = ("group", "nodes", "current", "target", "action", "disruption", "why")
    table = Table(*(name.upper() for name in names), box=None, pad_edge=False)
    for row in rows:
        cells = (row.group, row.node, row.current, row.target, row.action.value, row.disruption, row.why)
        table.add_row(*(Text(cell) for cell in cells), style="bold" if row.action.disruptive else None)
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _FILE_WIDTH
    console.print(table)
