"""``slurm-appliance image``: list, show, build, compare, audit and remove cluster images."""

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from slurm_appliance.commands.config import FileOption, StackOption, stack_file_of
from slurm_appliance.commands.image_api import CloudOption, image_api
from slurm_appliance.commands.image_audit import audit
from slurm_appliance.commands.image_gc import gc
from slurm_appliance.commands.output import Output, OutputOption, print_table
from slurm_appliance.errors import UsageError

if TYPE_CHECKING:
    from slurm_appliance.image.images import GlanceImage

app = typer.Typer(help="Build, list, compare, audit and remove cluster images.", no_args_is_help=True)


@app.command("list")
def list_images(cloud: CloudOption = None, output: OutputOption = Output.text) -> None:
    """List the project's cluster images, newest first."""
    from slurm_appliance.image.gc import ours

    found = sorted(ours(image_api(cloud)), key=lambda image: image.created, reverse=True)
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

    found = images.find(image_api(cloud), image)
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
    from slurm_appliance.cloud.connection import usable_entry
    from slurm_appliance.config import from_stack_file
    from slurm_appliance.config.stack_file import cloud_of
    from slurm_appliance.update.images import ImagePlace, ensure_image

    path = stack_file_of(stack, file)
    config = from_stack_file(path)
    known = ", ".join(config.image_builds) or "none"
    if name is None and len(config.image_builds) != 1:
        raise UsageError("no build given", remedy=f"name one of: {known}")
    target = name or next(iter(config.image_builds))
    named = cloud or usable_entry(cloud_of(path))
    place = ImagePlace(path, image_api(named), named)
    typer.echo(ensure_image(config, place, target, keep=keep_on_failure, force=force))


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

    api = image_api(cloud)
    found = difference(ImageRecord.of_image(images.find(api, before)), ImageRecord.of_image(images.find(api, after)))
    if output is Output.json:
        typer.echo(json.dumps(dataclasses.asdict(found), indent=2))
        return
    for line in found.lines():
        typer.echo(line)


app.command()(audit)
app.command()(gc)
