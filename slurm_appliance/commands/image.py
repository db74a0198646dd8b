"""``slurm-appliance image``: list, show, build, compare, audit and remove cluster images."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slurm_appliance.commands.config import FileOption, StackOption, stack_file_of
from slurm_appliance.commands.output import Output, OutputOption, print_table, say
from slurm_appliance.errors import ApplianceError, UsageError
from toolchain.paths import REPOSITORY, state_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from slurm_appliance.image.gc import ImageVerdict
    from slurm_appliance.image.images import GlanceImage
    from slurm_appliance.image.openstack_api import OpenStackApi

app = typer.Typer(help="Build, list, compare, audit and remove cluster images.", no_args_is_help=True)

CloudOption = Annotated[str | None, typer.Option("--cloud", "-c", help="Entry of clouds.yaml. Default: OS_CLOUD.")]


def _api(cloud: str | None) -> "OpenStackApi":
    from slurm_appliance.cloud.connection import connect
    from slurm_appliance.commands.clouds import find_local_cloud
    from slurm_appliance.image.openstack_api import OpenStackApi

    find_local_cloud(cloud)
    return OpenStackApi(connect(cloud))


@app.command("list")
def list_images(cloud: CloudOption = None, output: OutputOption = Output.text) -> None:
    """List the project's cluster images, newest first."""
    from slurm_appliance.image.gc import ours

    found = sorted(ours(_api(cloud)), key=lambda image: image.created, reverse=True)
    rows = [_row(image) for image in found]
    if output is Output.json:
        typer.echo(json.dumps(rows, indent=2))
    elif not rows:
        typer.echo("this project has no cluster image; create one with `slurm-appliance image build`")
    else:
        print_table(list(rows[0]), [list(row.values()) for row in rows])


def _row(image: "GlanceImage") -> dict[str, str]:
    return {
        "name": image.name,
        "id": image.id,
        "status": image.status,
        "created": f"{image.created:%Y-%m-%d %H:%M}",
        "groups": image.ours_property("groups"),
        "os": image.ours_property("os"),
        "slurm": image.ours_property("slurm"),
        "base": image.ours_property("base"),
        "MB": f"{image.size / 1e6:.0f}",
    }


@app.command()
def show(
    image: Annotated[str, typer.Argument(help="ID or name of an image.")],
    packages: Annotated[bool, typer.Option("--packages", help="Also list the packages with their versions.")] = False,
    cloud: CloudOption = None,
    output: OutputOption = Output.text,
) -> None:
    """Show how an image was built, what it was built from, and what it contains."""
    from slurm_appliance.image import images
    from slurm_appliance.image.record import ImageRecord

    found = images.find(_api(cloud), image)
    record = ImageRecord.of_image(found)
    document: dict[str, Any] = {"id": found.id, "status": found.status, **record.facts}
    document["properties"] = {
        key: value for key, value in sorted(found.properties.items()) if key.startswith(("hw_", "os_type", "os_admin"))
    }
    document["packages"] = dict(sorted(record.packages.items())) if packages else len(record.packages)
    if output is Output.json:
        typer.echo(json.dumps(document, indent=2))
        return
    for key, value in document.items():
        if isinstance(value, dict):
            typer.echo(f"{key}:")
            for name, text in value.items():
                typer.echo(f"  {name} {text}")
        else:
            typer.echo(f"{key}: {value}")


@app.command()
def build(
    name: Annotated[
        str | None, typer.Argument(help="Name of a build in the configuration. Not needed if there is only one.")
    ] = None,
    stack: StackOption = None,
    file: FileOption = None,
    force: Annotated[
        bool, typer.Option("--force", help="Build even if an image with the same content exists.")
    ] = False,
    keep_on_failure: Annotated[
        bool, typer.Option("--keep-on-failure", help="Keep the server of a failed build for debugging.")
    ] = False,
    cloud: Annotated[
        str | None, typer.Option("--cloud", "-c", help="Entry of clouds.yaml. Default: the stack's.")
    ] = None,
) -> None:
    """Build an image, and the images it starts from, if they are missing; print its ID."""
    import dataclasses
    import os

    from slurm_appliance.config import from_stack_file
    from slurm_appliance.config.image_source import ImageSource
    from slurm_appliance.config.stack_file import cloud_of
    from slurm_appliance.image.build_process import build_image
    from slurm_appliance.image.images import all_facts
    from slurm_appliance.image.settings import PROXY
    from slurm_appliance.image.wanted import wanted

    path = stack_file_of(stack, file)
    config = from_stack_file(path)
    known = ", ".join(config.image_builds) or "none"
    if name is None and len(config.image_builds) != 1:
        raise UsageError("no build given", remedy=f"name one of: {known}")
    target = name or next(iter(config.image_builds))
    named = cloud or cloud_of(path)
    api = _api(named)
    if named is not None:
        os.environ["OS_CLOUD"] = named
    *bases, last = wanted(config, [ImageSource(build=target)], all_facts(api), os.environ.get(PROXY, ""))
    for base in bases:
        build_image(base.build, force=base.force)
    outcome = build_image(
        dataclasses.replace(last.build, keep_on_failure=keep_on_failure or last.build.keep_on_failure),
        force=force or last.force,
    )
    typer.echo(outcome.image_id)


@app.command()
def diff(
    before: Annotated[str, typer.Argument(help="ID or name of an image.")],
    after: Annotated[str, typer.Argument(help="ID or name of another image.")],
    cloud: CloudOption = None,
    output: OutputOption = Output.text,
) -> None:
    """Compare two images: their sources and their packages."""
    import dataclasses

    from slurm_appliance.image import images
    from slurm_appliance.image.diff import difference
    from slurm_appliance.image.record import ImageRecord

    api = _api(cloud)
    found = difference(ImageRecord.of_image(images.find(api, before)), ImageRecord.of_image(images.find(api, after)))
    if output is Output.json:
        typer.echo(json.dumps(dataclasses.asdict(found), indent=2))
        return
    for change in found.facts:
        typer.echo(f"  {change.name}: {change.before or '(nothing)'} → {change.after or '(nothing)'}")
    for change in found.packages:
        sign = {"added": "+", "removed": "-", "changed": "~"}[change.kind]
        versions = f"{change.before} → {change.after}" if change.kind == "changed" else change.before or change.after
        typer.echo(f"{sign} {change.name} {versions}")
    if not found.facts and not found.packages:
        typer.echo("no difference")


#: The exit status of an audit that found something; errors give 1, usage errors 2.
_FOUND = 3


@app.command()
def audit(
    image: Annotated[str, typer.Argument(help="ID or name of an image.")],
    tracker: Annotated[
        Path,
        typer.Option(
            "--tracker",
            exists=True,
            dir_okay=False,
            readable=True,
            help="File with the data of Debian's security tracker (downloaded from its page data/json).",
        ),
    ],
    release: Annotated[
        str | None, typer.Option("--release", help="Code name of the Debian release. Default: the image's.")
    ] = None,
    fixable: Annotated[bool, typer.Option("--fixable", help="Show only issues that a newer version fixes.")] = False,
    cloud: CloudOption = None,
    output: OutputOption = Output.text,
) -> None:
    """List known security issues in an image's packages, according to Debian's security tracker.

    Compares the source packages in the image's record with the tracker's data. Skips issues that the tracker marks
    unimportant or undetermined. Exit status 0: no issue found; 3: issues found; 1: the comparison failed; 2: usage
    error.
    """
    import dataclasses

    from slurm_appliance.image import images
    from slurm_appliance.image.audit import audit as audited
    from slurm_appliance.image.audit import release_of
    from slurm_appliance.image.record import ImageRecord
    from slurm_appliance.image.security_tracker import SecurityTracker

    record = ImageRecord.of_image(images.find(_api(cloud), image))
    chosen = release or release_of(record)
    report = audited(record, SecurityTracker.parse(tracker.read_text(encoding="utf-8", errors="replace")), chosen)
    shown = [one for one in report.findings if one.fixed_in or not fixable]
    if output is Output.json:
        document = {**dataclasses.asdict(report), "findings": [dataclasses.asdict(one) for one in shown]}
        typer.echo(json.dumps({"image": record.facts["name"], "release": chosen, **document}, indent=2))
    else:
        if shown:
            head = ["issue", "urgency", "source", "installed", "fixed in", "packages"]
            rows = [
                [
                    one.issue,
                    one.urgency,
                    one.source,
                    one.installed,
                    one.fixed_in or "no fix yet",
                    " ".join(one.packages),
                ]
                for one in shown
            ]
            print_table(head, rows, wrapping=["packages"])
        count = f"{len(shown)} issues, {sum(bool(one.fixed_in) for one in shown)} with a fix" if shown else "no issue"
        compared = f"{report.packages} packages from {report.sources} sources, {report.known_sources} of them known to"
        say(f"{count}; compared {compared} the tracker; release {chosen}")
    if shown:
        raise typer.Exit(_FOUND)


@app.command()
def gc(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    without_states: Annotated[
        bool, typer.Option("--without-states", help="Ignore references in the states of stacks.")
    ] = False,
    kept_builds: Annotated[
        bool, typer.Option("--kept-builds", help="Also remove servers kept with --keep-on-failure.")
    ] = False,
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
    from slurm_appliance.engine.automation import ensured_toolchain
    from slurm_appliance.engine.settings import engine_variables
    from slurm_appliance.image import collect, images
    from slurm_appliance.image.claims import BuildFolder
    from slurm_appliance.image.stacks import states

    as_json = output is Output.json
    if as_json and not (yes or dry_run):
        raise UsageError("--output json asks for no confirmation", remedy="add --yes or --dry-run")
    api = _api(cloud)
    stacks = {path.name: path for path in sorted((REPOSITORY / "stacks").glob("Pulumi.*.yaml"))}
    unknown: list[str] = []
    recorded = {} if without_states else states(ensured_toolchain(), engine_variables())
    verdicts = collect.verdicts(api, recorded, stacks, unknown.append)
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
