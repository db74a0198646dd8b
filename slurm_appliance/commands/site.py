"""``slurm-appliance site``: run site.yml now."""

from typing import Annotated

import typer

from slurm_appliance.commands.stacks import LockTimeoutOption, StackOption, cluster_of, seconds


def site(
    stack: StackOption,
    everything: Annotated[
        bool,
        typer.Option("--all", help="Run all parts and roles, not only those of which something has changed."),
    ] = False,
    lock_timeout: LockTimeoutOption = "0",
) -> None:
    """Run site.yml now: it configures the nodes that the last up created, with the settings of the last up.

    Exit status 0: done; 4: the cluster runs, but compute nodes failed; 5: somebody else uses the stack; 1: anything
    else.
    """
    cluster_of(stack, lock_timeout=seconds(lock_timeout)).run_site(everything=everything)
