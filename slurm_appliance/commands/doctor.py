"""``slurm-appliance doctor``: is this machine ready, and for what."""

import json

import typer

from slurm_appliance.commands.output import Output, OutputOption


def doctor(output: OutputOption = Output.text) -> None:
    """Say what is there, what is missing, and what each missing piece blocks. Exit status 1 if anything is missing."""
    from slurm_appliance.doctor import State, findings

    found = findings()
    if output is Output.json:
        print(json.dumps([finding.as_json() for finding in found], indent=2))
    else:
        for finding in found:
            print(f"{finding.state:<8} {finding.piece:<26} {finding.found}".rstrip())
            if finding.state is not State.OK:
                print(f"{'':<8} blocks: {finding.blocks}\n{'':<8} {finding.remedy}")
    if any(finding.state is State.MISSING for finding in found):
        raise typer.Exit(1)
