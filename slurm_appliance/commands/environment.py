"""``slurm-appliance toolchain`` and ``env``: install pulumi and its plugins, and export them to a shell."""

import json
import shlex
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from slurm_appliance.commands.output import Output, OutputOption, print_table

if TYPE_CHECKING:
    from toolchain.plan import Action


def toolchain(
    output: OutputOption = Output.text,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would be done.")] = False,
) -> None:
    """Install pulumi, its Python language host and its plugins: from PATH, as releases, or built from source."""
    if dry_run:
        from toolchain.ensure import survey_and_plan

        rows = [_planned(action) for action in survey_and_plan()[1]]
    else:
        from slurm_appliance.engine.automation import ensured_toolchain

        rows = [_planned(provision) for provision in ensured_toolchain().provisions]
    if output is Output.json:
        print(json.dumps(rows, indent=2))
    else:
        print_table(list(rows[0]), [list(row.values()) for row in rows], wrapping=("path", "why"))


def env() -> None:
    """Print export lines to use plain pulumi in a shell: eval "$(./slurm-appliance env)".

    Includes the local cloud's variables if a local cloud exists and no other cloud is set, and --stacks if it is given.
    """
    from slurm_appliance.commands.clouds import local_cloud_variables
    from slurm_appliance.engine.automation import ensured_toolchain
    from slurm_appliance.engine.settings import engine_variables
    from slurm_appliance.site_repository.current import STACKS
    from slurm_appliance.site_repository.place import OWN_STACKS, SITE_FILE, STACKS_VARIABLE
    from slurm_appliance.site_repository.scaffold import link_product

    pieces = ensured_toolchain()
    variables = {**pieces.variables(), **engine_variables(), **local_cloud_variables()}
    if STACKS != OWN_STACKS:
        # Plain pulumi looks for the site's own layer beside the stack files.
        variables[STACKS_VARIABLE] = str(STACKS)
        if (STACKS.parent / SITE_FILE).is_file():
            link_product(STACKS.parent)
    print("\n".join(f"export {name}={shlex.quote(value)}" for name, value in variables.items()))
    if sys.stdout.isatty():
        print('# In a shell: eval "$(./slurm-appliance env)"', file=sys.stderr)


def _planned(action: "Action") -> Mapping[str, str]:
    """One row: what is used or done for a piece, and why."""
    from toolchain.pieces import InstalledPiece
    from toolchain.plan import Build, InstallGo

    match action:
        case InstalledPiece(piece, version, origin, path, why):
            return {"piece": piece, "version": version, "origin": origin, "path": str(path), "why": why}
        case InstallGo(why):
            return {"piece": "go", "version": "", "origin": "will be installed", "path": "", "why": why}
        case _:
            todo = "will be built" if isinstance(action, Build) else "will be downloaded"
            return {"piece": action.piece, "version": action.piece.pin, "origin": todo, "path": "", "why": action.why}
