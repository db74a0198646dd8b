"""The operator's confirmation: on the terminal, or in advance."""

import sys

import typer

from slurm_appliance.errors import UsageError


def agreed(*, yes: bool) -> bool:
    """Ask for confirmation.

    Args:
        yes: whether it was confirmed on the command line.

    Raises:
        UsageError: standard input is not a terminal.
    """
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError(
            "confirmation is required, but standard input is not a terminal",
            remedy="review the plan above; add --yes to confirm it",
        )
    return typer.confirm("Continue?", err=True)
