"""``slurm-appliance update``: bring a cluster to today's packages: new images, up, rollout."""

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
    from slurm_appliance.api import DeploymentPlan, ImageUpdate


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
    """Bring a cluster to the packages of today.

    Builds the stack's images from a newer package snapshot, shows which packages change, and asks. Then it writes the
    snapshot's name into the stack file, and runs up and rollout. Without approval the stack file stays as it was. If
    interrupted after that, run up and rollout again. Jobs continue on compute groups with ignore_image_changes; up
    rebuilds the nodes of other groups at once, and their jobs are lost. Exit status 0: done, or no package differs; 1:
    declined or failed; otherwise as up and rollout.
    """
    from slurm_appliance.api import update_document
    from slurm_appliance.commands.rollout import roll_out

    as_json = output is Output.json
    refuse_questions(as_json=as_json, confirmed=yes or dry_run, remedy="add --yes")
    cluster = cluster_of(stack, quiet=as_json, lock_timeout=seconds(lock_timeout))
    path = cluster.session.source
    update = cluster.plan_update(snapshot=snapshot)
    if not dry_run:
        update = cluster.build_update(update, tracker=tracker)
    if as_json:
        print(update_document(update, stack).to_json(), end="")
    else:
        _show(update, path)
    if dry_run:
        return
    if not update.needed:
        say(f"no package differs; {path} is unchanged. `slurm-appliance image gc` removes the new images")
        return

    def approve(plan: "DeploymentPlan") -> bool:
        if not as_json:
            show_plan(plan)
        return agreed(yes=yes)

    if cluster.apply_update(update, approve=approve, allow_disruptive=allow_disruptive) is None:
        say(f"nothing was changed; {path} is as before")
        raise typer.Exit(1)
    if no_rollout:
        say(f"compute nodes keep their image until `slurm-appliance rollout --stack {stack}`")
        return
    roll_out(stack, output, seconds(lock_timeout))


def _show(update: "ImageUpdate", path: Path) -> None:
    if not update.images:
        for build in update.builds:
            print(f"{path}: image_builds.{build}.package_sources.snapshot: {update.snapshot}")
    for image in update.images:
        print(f"{image.build}: {image.before or '(not built before)'} → {image.after}")
        for line in image.changes.lines() if image.changes else ():
            print(f"  {line}")
        if image.fixed:
            print(f"  known issues fixed: {', '.join(image.fixed)}")
        if image.open:
            print(f"  known issues that remain: {len(image.open)}, see `slurm-appliance image audit {image.after}`")
