"""``slurm-appliance init``: a repository for a site's own files."""

import json
from pathlib import Path
from typing import Annotated

import typer

from slurm_appliance.commands.output import Output, OutputOption


def init(
    folder: Annotated[Path, typer.Argument(help="The repository's folder; made if missing.", metavar="DIR")],
    environment: Annotated[
        str, typer.Option("--environment", "-e", help="Name of the first, or of another, environment.")
    ] = "production",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would be done.")] = False,
    output: OutputOption = Output.text,
) -> None:
    """Make a repository for a site's own files: stack files, hooks, roles, a CI example.

    It never overwrites a file, so it can be run again, and for another environment.
    """
    from slurm_appliance.site_repository.scaffold import ScaffoldAction, carry_out, site_files, steps

    found = steps(folder, site_files(environment))
    if not dry_run:
        carry_out(folder, found)
    if output is Output.json:
        rows = [{"path": step.path, "action": step.action.value} for step in found]
        typer.echo(json.dumps({"folder": str(folder), "dry_run": dry_run, "files": rows}, indent=2))
        return
    words = {
        ScaffoldAction.CREATE: "would be created" if dry_run else "created",
        ScaffoldAction.KEEP: "kept: it has other content",
        ScaffoldAction.SAME: "unchanged",
    }
    for step in found:
        typer.echo(f"{step.path:<44} {words[step.action]}")
    if not dry_run:
        typer.echo(f"\nNext: cd {folder}; edit stacks/Pulumi.{environment}.yaml; run git init, if this is new;")
        typer.echo(f"then: slurm-appliance config validate --stack {environment}")
