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
    plan = "plan"
    adopt = "adopt"
    update = "update"
    history = "history"
    error = "error"


def schema(
    form: Annotated[
        Form,
        typer.Option(
            "--form", "-f", help="Of stack files: JSON Schema, example, table. Or JSON Schema of what a command prints."
        ),
    ] = Form.json,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write to this file.", show_default="stdout")
    ] = None,
) -> None:
    """Write the schema of stack files for editors and readers, or that of the JSON that a command prints."""
    text = _text(form)
    if output is None:
        typer.echo(text, nl=False)
    else:
        write(output, text)


def _text(form: Form) -> str:
    match form:
        case Form.plan:
            from slurm_appliance.deployment.plan_document import schema_text

            return schema_text()
        case Form.adopt:
            from slurm_appliance.deployment.adoption_document import adoption_schema

            return adoption_schema()
        case Form.update:
            from slurm_appliance.update.document import update_schema

            return update_schema()
        case Form.history:
            from slurm_appliance.deployment.history import history_schema

            return history_schema()
        case Form.error:
            from slurm_appliance.commands.error_document import error_schema

            return error_schema()
        case _:
            from slurm_appliance.config.generated import text_of

            return text_of(form.value)


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
