"""``slurm-appliance doctor``: what this machine is ready for."""

import json

import typer

from slurm_appliance.commands.output import Output, OutputOption


def doctor(output: OutputOption = Output.text) -> None:
    """Report what this machine is ready for, what is missing for the rest, and how to install it.

    The commands that need a piece marked "later" install it. Exit status 1: something is missing.
    """
    from slurm_appliance.deploy_host.doctor import PieceState, findings, lacking

    found = findings()
    if output is Output.json:
        print(json.dumps([finding.as_json() for finding in found], indent=2))
    else:
        for finding in found:
            print(f"{finding.state:<8} {finding.piece:<26} {finding.found}".rstrip())
            if finding.state is not PieceState.OK:
                print(f"{'':<8} needed for: {', '.join(finding.blocks)}\n{'':<8} remedy: {finding.remedy}")
        print()
        for feature, pieces in lacking(found).items():
            print(f"not ready for {feature}: {', '.join(pieces)}" if pieces else f"ready for     {feature}")
    if any(finding.state is PieceState.MISSING for finding in found):
        raise typer.Exit(1)
