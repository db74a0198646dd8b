"""``slurm-appliance doctor``: is this machine ready, and for what."""

import json
from enum import StrEnum
from typing import Annotated

import typer


class Output(StrEnum):
    """How to print."""

    table = "table"
    json = "json"


def doctor(
    output: Annotated[
        Output, typer.Option("--output", "-o", help="A table to read, or JSON for scripts.")
    ] = Output.table,
) -> None:
    """Say what is there, what is missing, and what each missing piece blocks. Exit status 1 if anything is missing."""
    from slurm_appliance.doctor import State, findings

    found = findings()
    if output is Output.json:
        print(json.dumps([finding.as_json() for finding in found], indent=2))
    else:
        from rich.console import Console
        from rich.table import Table

        table = Table("", "piece", "found", "without it", "remedy", box=None, pad_edge=False)
        for finding in found:
            blocks = "" if finding.state is State.OK else finding.blocks
            table.add_row(finding.state, finding.piece, finding.found, blocks, finding.remedy)
        Console(soft_wrap=False).print(table)
    if any(finding.state is State.MISSING for finding in found):
        raise typer.Exit(1)
