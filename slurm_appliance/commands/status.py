"""``slurm-appliance status``: what there is of a cluster."""

import json
from dataclasses import asdict
from typing import Any

import typer

from slurm_appliance.commands.output import Output, OutputOption
from slurm_appliance.commands.stacks import StackOption, session_of


def status(stack: StackOption, output: OutputOption = Output.text) -> None:
    """Show a cluster's nodes with their images and states, and whether a run is under way or was interrupted.

    Exit status 0: all nodes are there and ACTIVE; 1: not so, or it cannot be told.
    """
    from slurm_appliance.deployment.status import look

    found = look(session_of(stack, quiet=output is Output.json))
    if output is Output.json:
        document: dict[str, Any] = asdict(found) | {"well": found.well}
        print(json.dumps(document, indent=2))
    else:
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        for line in found.lines():
            print(line)
        table = Table("GROUP", "NODES", "STATE", "CURRENT", "TARGET", "NEXT", box=None, pad_edge=False)
        for row in found.folded():
            table.add_row(*(Text(cell) for cell in row))
        console = Console(highlight=False)
        if not console.is_terminal:
            console.width = 240
        console.print(table)
    raise typer.Exit(0 if found.well else 1)
