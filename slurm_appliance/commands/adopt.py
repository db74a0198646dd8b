"""``slurm-appliance adopt``: take existing resources into the state, without touching any server."""

from collections import Counter
from typing import TYPE_CHECKING, Annotated

import typer

from slurm_appliance.commands.consent import agreed, refuse_questions
from slurm_appliance.commands.output import Output, noted, print_table, say
from slurm_appliance.commands.stacks import (
    ExcludeOption,
    LockTimeoutOption,
    StackOption,
    YesOption,
    cluster_of,
    seconds,
)

if TYPE_CHECKING:
    from slurm_appliance.api import Adoption


def adopt(
    stack: StackOption,
    yes: YesOption = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the plan.")] = False,
    new_secrets: Annotated[
        bool, typer.Option("--new-secrets", help="Replace secrets that are lost with the state by new ones.")
    ] = False,
    lock_timeout: LockTimeoutOption = "0",
    exclude: ExcludeOption = None,
    output: Annotated[
        Output,
        typer.Option("--output", "-o", "--format", callback=noted, help="Output format: text, or JSON for scripts."),
    ] = Output.text,
) -> None:
    """Take the existing resources of a cluster into its state, after the state was lost or from another tool.

    No server, port or volume is created, deleted or rebuilt. If interrupted, run it again.

    Exit status 0: done, or nothing to adopt; 7: --dry-run: there is something to adopt; 5: the stack is locked; 1: the
    resources cannot be taken over, or another error.
    """
    as_json = output is Output.json
    refuse_questions(as_json=as_json, confirmed=yes or dry_run, remedy="add --yes or --dry-run")
    cluster = cluster_of(stack, exclude, quiet=as_json, lock_timeout=seconds(lock_timeout))
    if dry_run:
        plan = cluster.plan_adoption(new_secrets=new_secrets)
        _print(plan, stack, as_json=as_json)
        raise typer.Exit(plan.exit_status)

    def approve(plan: "Adoption") -> bool:
        _print(plan, stack, as_json=as_json)
        return not plan.needed or agreed(yes=yes)

    done = cluster.adopt(new_secrets=new_secrets, approve=approve)
    if done is None:
        say("nothing was changed")
        raise typer.Exit(1)
    left = len(done.remaining.steps)
    if not done.adoption.needed:
        say("nothing to adopt: the state records everything")
    elif left:
        say(f"adopted; {left} changes are left: ./slurm-appliance preview --stack {stack}")
    else:
        say("adopted; a preview shows no changes")


def _print(plan: "Adoption", stack: str, *, as_json: bool) -> None:
    from slurm_appliance.api import adoption_document

    if as_json:
        print(adoption_document(plan, stack).to_json(), end="")
        return
    if plan.rows:
        rows = [
            (row.kind, row.name, row.id, row.fate.value, "; ".join([row.why, *map(str, row.differs)]).strip("; "))
            for row in plan.rows
        ]
        print_table(("KIND", "NAME", "ID", "ACTION", "DIFFERS"), rows, wrapping=("DIFFERS",))
    counts = Counter(row.fate.value for row in plan.rows)
    print("Resources: " + (", ".join(f"{count} to {word}" for word, count in counts.items()) or "nothing to adopt"))
    for note in plan.notes:
        print(f"note: {note}")
    if plan.plan.steps:
        print("Then up: " + ", ".join(f"{count} to {op}" for op, count in plan.plan.counts.items()))
