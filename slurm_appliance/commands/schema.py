"""``slurm-appliance schema``: the schema of the configuration, for editors and readers."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Form(StrEnum):
    """What to print."""

    json = "json"
    example = "example"
    reference = "reference"


def schema(
    form: Annotated[
        Form,
        typer.Option("--form", "-f", help="JSON Schema, stack file with every setting, or Markdown table."),
    ] = Form.json,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this file.", show_default="stdout")
    ] = None,
) -> None:
    """Print the schema of stack files: JSON Schema for editors, a commented example, or a table of all settings."""
    from slurm_appliance.config.generated import text_of

    text = text_of(form.value)
    if output is None:
        typer.echo(text, nl=False)
    else:
        write(output, text)


def write(path: Path, text: str) -> None:
    """Write a text file.

    Raises:
        UsageError: the file cannot be written.
    """
    from slurm_appliance.errors import UsageError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", where=str(path)) from error
