"""``--output``: how a command prints what it found."""

from enum import StrEnum
from typing import Annotated

import typer


class Output(StrEnum):
    """For people, or for programs."""

    text = "text"
    json = "json"


OutputOption = Annotated[Output, typer.Option("--output", "-o", help="Text to read, or JSON for scripts.")]
