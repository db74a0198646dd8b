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
            "confirmation is required, but standard input is not a terminal",
            remedy="review the plan above; add --yes to confirm it",
        )
    return typer.confirm("Continue?", err=True)
