"""``slurm-appliance update``: bring a cluster to today's packages: new images, up, rollout."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from slurm_appliance.commands.consent import agreed, refuse_questions
from slurm_appliance.commands.output import Output, OutputOption, say
from slurm_appliance.commands.stacks import (
    AllowOption,
    LockTimeoutOption,
    StackOption,
    YesOption,
    cluster_of,
    seconds,
    show_plan,
)

if TYPE_CHECKING:
    from slurm_appliance.api import DeploymentPlan
    from slurm_appliance.update.images import UpdatedImage


def update(
    stack: StackOption,
    snapshot: Annotated[
        str | None,
        typer.Option("--snapshot", metavar="NAME", help="Package snapshot of the mirror. Default: one made now."),
    ] = None,
    tracker: Annotated[
        Path | None,
        typer.Option(
            "--tracker",
            exists=True,
            dir_okay=False,
            readable=True,
            help="File with the data of Debian's security tracker: name the issues that the new images fix.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be built, and exit.")] = False,
    no_rollout: Annotated[
        bool, typer.Option("--no-rollout", help="Leave compute nodes on their image until the next rollout.")
    ] = False,
    yes: YesOption = False,
    allow_disruptive: AllowOption = False,
    lock_timeout: LockTimeoutOption = "0",
    output: OutputOption = Output.text,
) -> None:
    """Bring a cluster to the packages of today, without losing a job.

    Builds the stack's images from a newer package snapshot, shows which packages change, and asks. Then it writes the
    snapshot's name into the stack file, and runs up and rollout. Without approval the stack file stays as it was. If
    interrupted after that, run up and rollout again. Exit status 0: done, or no package differs; 1: declined or failed;
    otherwise as up and rollout.
    """
    from datetime import UTC, datetime

    from slurm_appliance.commands.image_api import image_api
    from slurm_appliance.commands.rollout import roll_out
    from slurm_appliance.config import from_stack_text
    from slurm_appliance.config.stack_file import cloud_of, text_of
    from slurm_appliance.engine.project import stack_file
    from slurm_appliance.image.security_tracker import SecurityTracker
    from slurm_appliance.update import snapshots
    from slurm_appliance.update.images import update_images
    from slurm_appliance.update.stack_change import changed

    as_json = output is Output.json
    refuse_questions(as_json=as_json, confirmed=yes or dry_run, remedy="add --yes")
    path = stack_file(stack)
    text = text_of(path)
    before = from_stack_text(text, path)
    builds = snapshots.updated_builds(before)
    if snapshot is None:
        snapshots.refuse_unknown_snapshot(before, builds)
    name = snapshot or snapshots.snapshot_now(datetime.now(tz=UTC))
    newer = snapshots.with_snapshot(text, builds, name, str(path))
    after = from_stack_text(newer, path)
    if dry_run:
        _print_dry_run(builds, name, path, as_json=as_json)
        return
    images = update_images(
        before, after, path, image_api(cloud_of(path)), say, SecurityTracker.of_file(tracker) if tracker else None
    )
    if as_json:
        document = {"snapshot": name, "images": [asdict(image) for image in images]}
        print(json.dumps(document, indent=2))
    else:
        _show(images)
    if all(image.same_packages for image in images):
        say(f"no package differs; {path} is unchanged. `slurm-appliance image gc` removes the new images")
        return
    with changed(path, newer) as change:
        cluster = cluster_of(stack, quiet=as_json, lock_timeout=seconds(lock_timeout))

        def approve(plan: "DeploymentPlan") -> bool:
            if not as_json:
                show_plan(plan)
            if agreed(yes=yes):
                change.keep()
            return change.kept

        if cluster.up(approve=approve, allow_disruptive=allow_disruptive) is None:
            say(f"nothing was changed; {path} is as before")
            raise typer.Exit(1)
    if no_rollout:
        say(f"compute nodes keep their image until `slurm-appliance rollout --stack {stack}`")
        return
    roll_out(stack, output, seconds(lock_timeout))


def _print_dry_run(builds: tuple[str, ...], snapshot: str, path: Path, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"snapshot": snapshot, "builds": builds}, indent=2))
        return
    for build in builds:
        print(f"{path}: image_builds.{build}.package_sources.snapshot: {snapshot}")


def _show(images: "list[UpdatedImage]") -> None:
    for image in images:
        print(f"{image.build}: {image.before or '(not built before)'} → {image.after}")
        for line in image.changes.lines() if image.changes else ():
            print(f"  {line}")
        if image.fixed:
            print(f"  known issues fixed: {', '.join(image.fixed)}")
        if image.open:
            print(f"  known issues that remain: {len(image.open)}, see `slurm-appliance image audit {image.after}`")
