"""``slurm-appliance image audit``: known security issues in an image's packages."""

import json
from pathlib import Path
from typing import Annotated

import typer

from slurm_appliance.commands.image_api import CloudOption, image_api
from slurm_appliance.commands.output import Output, OutputOption, print_table, say

#: The exit status of an audit that found something; errors give 1, usage errors 2.
_FOUND = 3


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

    record = ImageRecord.of_image(images.find(image_api(cloud), image))
    chosen = release or release_of(record)
    report = audited(record, SecurityTracker.of_file(tracker), chosen)
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
