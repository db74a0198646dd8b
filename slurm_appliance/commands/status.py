"""``slurm-appliance status``: the state of a cluster."""

import json
from dataclasses import asdict
from typing import Any

import typer

from slurm_appliance.commands.output import Output, OutputOption, print_table
from slurm_appliance.commands.stacks import StackOption, cluster_of


def status(stack: StackOption, output: OutputOption = Output.text) -> None:
    """Show a cluster's nodes with images and states, and whether an operation is running or was interrupted.

    Exit status 0: all nodes exist and are ACTIVE; 6: a resource was deleted or changed outside Pulumi, and up repairs
    it; 1: another problem, or the state is unknown.
    """
    found = cluster_of(stack, quiet=output is Output.json).status()
    if output is Output.json:
        document: dict[str, Any] = asdict(found) | {"well": found.well}
        print(json.dumps(document, indent=2))
    else:
        for line in found.lines():
            print(line)
        print_table(("GROUP", "NODES", "STATE", "CURRENT", "TARGET", "NEXT"), found.folded())
    raise typer.Exit(found.exit_status)
