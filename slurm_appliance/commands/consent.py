"""The operator's confirmation: on the terminal, or in advance."""

import sys

import typer

from slurm_appliance.errors import UsageError


def refuse_questions(*, as_json: bool, confirmed: bool, remedy: str) -> None:
    """Refuse JSON output of a command that would have to ask.

    Args:
        as_json: whether standard output belongs to a program.
        confirmed: whether nothing has to be asked.
        remedy: how to confirm in advance.

    Raises:
        UsageError: it would have to ask.
    """
    if as_json and not confirmed:
        raise UsageError("--output json cannot ask for confirmation", remedy=remedy)


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
