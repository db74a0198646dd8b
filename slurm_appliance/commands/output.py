"""How a command prints what it found: results on standard output, as text or JSON; what it says, on standard error."""

import sys
from collections.abc import Callable, Collection, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from toolchain.terminal import printable, raw

if TYPE_CHECKING:  # Importing the command line stays light.
    from rich.console import Console

#: How wide a table may be that goes into a file or a pipe: nothing is cut there, the lines are for other programs.
_FILE_WIDTH = 400


class Output(StrEnum):
    """For people, or for programs."""

    text = "text"
    json = "json"


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="Output format: text, or JSON for scripts.")]


def say(text: str) -> None:
    """Say a line to the operator."""
    print(printable(text), file=sys.stderr, flush=True)


def console(*, whole: bool = False) -> "Console":
    """Standard output, for tables.

    Args:
        whole: lines may be longer than the terminal is wide, too.
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
        rows: their cells, as they are: nothing in them is taken for markup.
        wrapping: the columns that become narrower where a terminal is too narrow; all, if none is named.
        whole: see ``console``; for what has to be copied in one piece.
        bold: whether the row of a number is printed bold.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in head:
        table.add_column(name, no_wrap=wrapping is not None and name not in wrapping, overflow="fold")
    for number, row in enumerate(rows):
        table.add_row(*map(Text, map(printable, row)), style="bold" if bold and bold(number) else None)
    console(whole=whole).print(table)
