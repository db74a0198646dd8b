"""``slurm-appliance history``: who changed a cluster, when, from which commit, and how it ended."""

from typing import Annotated

import typer

from slurm_appliance.commands.output import Output, OutputOption, print_table
from slurm_appliance.commands.stacks import StackOption, cluster_of


def history(
    stack: StackOption,
    last: Annotated[int, typer.Option("--last", "-n", min=1, help="Show only the last N runs.")] = 20,
    output: OutputOption = Output.text,
) -> None:
    """Show who changed a cluster, when, from which commit, and how it ended; the newest first."""
    from slurm_appliance.api import history_document

    runs = cluster_of(stack, quiet=output is Output.json).history(last)
    if output is Output.json:
        print(history_document(runs, stack).to_json(), end="")
    elif runs:
        print_table(
            ("WHEN", "WHO", "DID", "RESULT", "CHANGED", "COMMIT", "MESSAGE"),
            [
                (
                    run.start.isoformat()[:19] if run.start else "",
                    run.user,
                    run.kind,
                    run.result,
                    ", ".join(f"{count} {op}" for op, count in run.changes.items()),
                    f"{run.commit[:10]}{'+' if run.dirty else ''}",
                    run.message,
                )
                for run in runs
            ],
            wrapping=("CHANGED", "MESSAGE"),
        )
    else:
        print(f"{stack} was never changed")
