"""Output of commands: results on standard output, as text or JSON; messages on standard error."""

import sys
from collections.abc import Callable, Collection, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from toolchain.terminal import printable, raw

if TYPE_CHECKING:  # The command line must import fast.
    from rich.console import Console

#: Maximum width of a table in a file or pipe, where nothing is truncated because other programs read it.
_FILE_WIDTH = 400


class Output(StrEnum):
    """Output format."""

    text = "text"
    json = "json"


#: Where a command notes that it prints JSON, in its context's data.
JSON_ASKED = "slurm_appliance.json"


def noted(context: typer.Context, value: StrEnum) -> StrEnum:
    """Note whether JSON is asked for: then an error is JSON, too. The callback of options with a format."""
    context.meta[JSON_ASKED] = value == Output.json
    return value


OutputOption = Annotated[
    Output, typer.Option("--output", "-o", callback=noted, help="Output format: text, or JSON for scripts.")
]


def say(text: str) -> None:
    """Print a line for the operator."""
    print(printable(text), file=sys.stderr, flush=True)


def console(*, whole: bool = False) -> "Console":
    """Standard output, for tables.

    Args:
        whole: whether lines may exceed the terminal's width.
    """
    from rich.console import Console

    made = Console(highlight=False, file=raw(sys.stdout))
    if whole or not made.is_terminal:
        made.width = _FILE_WIDTH
    return made


def print_table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    wrapping: Collection[str] | None = None,
    whole: bool = False,
    bold: Callable[[int], bool] | None = None,
) -> None:
    """Print a table.

    Args:
        head: the columns' names.
        rows: their cells, without markup.
        wrapping: the columns that shrink on a narrow terminal; default: all.
        whole: see ``console``; for text that users copy.
        bold: whether the row with a number is printed bold.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in head:
        table.add_column(name, no_wrap=wrapping is not None and name not in wrapping, overflow="fold")
    for number, row in enumerate(rows):
        table.add_row(*map(Text, map(printable, row)), style="bold" if bold and bold(number) else None)
    console(whole=whole).print(table)
