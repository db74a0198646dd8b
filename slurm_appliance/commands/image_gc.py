"""``slurm-appliance image gc``: images that nothing references, and leftovers of dead builds."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from slurm_appliance.commands.image_api import CloudOption, image_api
from slurm_appliance.commands.output import Output, OutputOption, say
from slurm_appliance.errors import ApplianceError, UsageError
from toolchain.paths import state_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slurm_appliance.image.gc import ImageVerdict


def gc(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    without_states: Annotated[
        bool, typer.Option("--without-states", help="Ignore references in the states of stacks.")
    ] = False,
    kept_builds: Annotated[
        bool, typer.Option("--kept-builds", help="Also remove servers kept with --keep-on-failure.")
    ] = False,
    older_than: Annotated[
        str | None,
        typer.Option("--older-than", metavar="TIME", help="Keep images that are newer than this: 12h, 14d."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List what would be removed and what is kept; change nothing.")
    ] = False,
    cloud: CloudOption = None,
    output: OutputOption = Output.text,
) -> None:
    """Remove our images that nothing references, and leftovers of dead builds; list what still references the others.

    References are searched in servers, volumes, stack states and stack files. Only the current backend's states are
    read: if other teams use other backends, run this with PULUMI_BACKEND_URL set to each of them first. Nothing is
    removed while a stack file cannot be read, because the images of its builds are unknown then.
    """
    from datetime import UTC, datetime, timedelta

    from slurm_appliance.commands.stacks import seconds
    from slurm_appliance.engine.automation import ensured_toolchain
    from slurm_appliance.engine.settings import engine_variables
    from slurm_appliance.image import collect, images
    from slurm_appliance.image.claims import BuildFolder
    from slurm_appliance.image.stacks import states
    from slurm_appliance.site_repository.current import STACKS

    as_json = output is Output.json
    if as_json and not (yes or dry_run):
        raise UsageError("--output json asks for no confirmation", remedy="add --yes or --dry-run")
    api = image_api(cloud)
    stacks = {path.name: path for path in sorted(STACKS.glob("Pulumi.*.yaml"))}
    unknown: list[str] = []
    recorded = {} if without_states else states(ensured_toolchain(), engine_variables())
    since = datetime.now(tz=UTC) - timedelta(seconds=seconds(older_than, "--older-than")) if older_than else None
    verdicts = collect.verdicts(api, recorded, stacks, unknown.append, since)
    unused = [verdict.image for verdict in verdicts if not verdict.users]
    _print_verdicts(verdicts, as_json=as_json)
    if dry_run:
        return
    if unknown:
        raise ApplianceError(
            "nothing was removed, because the images of some builds are unknown",
            where="image gc",
            evidence="\n".join(unknown),
            remedy="correct these stack files or remove them, then run this again",
        )
    say_dead = say if as_json else print
    collect.remove_dead_builds(api, BuildFolder(state_folder("image-builds")), kept=kept_builds, say=say_dead)
    if not unused:
        return
    if not yes and not typer.confirm(f"Remove {len(unused)} images?"):
        raise typer.Exit(1)
    failed = []
    for image in unused:
        try:
            images.delete(api, image.id)
        except ApplianceError as error:
            failed.append(f"{image.name}: {error}")
    if failed:
        raise ApplianceError("some images could not be removed: " + "; ".join(failed), where="image gc")


def _print_verdicts(verdicts: "Sequence[ImageVerdict]", *, as_json: bool) -> None:
    if as_json:
        rows = [
            {"id": each.image.id, "name": each.image.name, "remove": not each.users, "used_by": list(each.users)}
            for each in verdicts
        ]
        typer.echo(json.dumps(rows, indent=2))
        return
    for each in verdicts:
        users = "; ".join(each.users[:3]) + (f"; {len(each.users) - 3} more" if len(each.users) > 3 else "")
        typer.echo(f"{'keep' if users else 'remove'} {each.image.name} {each.image.id} {users}".rstrip())
    if all(each.users for each in verdicts):
        typer.echo("nothing to remove")
