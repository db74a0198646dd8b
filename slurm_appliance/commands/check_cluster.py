"""``slurm-appliance check-cluster``: check that the cluster works for its users."""

import json
from typing import Annotated

import typer

from slurm_appliance.commands.output import Output, OutputOption
from slurm_appliance.commands.stacks import StackOption


def check_cluster(
    stack: StackOption = "local",
    user: Annotated[
        str, typer.Option("--user", help="User to run the jobs as. Default: the first user in the configuration.")
    ] = "",
    output: OutputOption = Output.text,
) -> None:
    """Run jobs as an ordinary user and report what works: nodes, srun, sacct, homes, memory and MPI with numbers.

    Exit status 0: every check passed; 1: a check failed.
    """
    from dataclasses import asdict

    from slurm_appliance.cluster_check.judge import CheckVerdict
    from slurm_appliance.cluster_check.run import check_cluster as look
    from slurm_appliance.environment.folder import EnvironmentFolder

    rows = look(EnvironmentFolder.of(stack), user=user)
    if output is Output.json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
    else:
        for row in rows:
            print(f"{row.check:<20} {row.verdict:<9} {row.seconds:6.1f} s  {row.why}")
    if any(row.verdict is CheckVerdict.FAIL for row in rows):
        raise typer.Exit(1)
