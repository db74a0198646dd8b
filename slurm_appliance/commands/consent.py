"""Whether an operator agrees: asked at a terminal, or given beforehand."""

import sys

import typer

from slurm_appliance.errors import UsageError


def agreed(*, yes: bool) -> bool:
    """Ask whether to go on.

    Args:
        yes: it was agreed to on the command line.

    Raises:
        UsageError: nobody can be asked: standard input is no terminal.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError(
            "there is something to do, and nobody can be asked: standard input is not a terminal",
            remedy="look at the plan above; add --yes if it is meant",
        )
    return typer.confirm("Go on?", err=True)
