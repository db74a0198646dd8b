"""Slurm's release in the images against the one that runs: what Slurm would not take over is refused at once."""

from collections.abc import Iterable, Mapping

from node.slurm_files.release import Verdict, refusal, release, upstream, verdict
from slurm_appliance.cloud.facts import CloudFacts, ImageFacts, ServerFacts
from slurm_appliance.config import NodeKind
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.nodes.groups import Group
from slurm_appliance.preflight.finder import Finder


def fits(
    groups: Iterable[Group],
    images: Mapping[ImageSource, ImageFacts],
    own: Mapping[str, ServerFacts],
    facts: CloudFacts,
    finder: Finder,
) -> None:
    """The control node's Slurm takes over the state of the one that runs, and no node has a newer one.

    An image whose record does not say is passed over; the control node looks at its state volume in any case.

    Args:
        groups: all node groups.
        images: those that exist, by what the configuration calls them.
        own: the servers that are there, by name.
        facts: the cloud.
        finder: takes what is found.
    """
    every = tuple(groups)
    control = next(group for group in every if group.kind is NodeKind.CONTROL)
    wanted = _version(images.get(control.image))
    if not wanted:
        return
    server = own.get(control.nodes[0].hostname)
    running = _version(next((image for image in facts.images if server and image.id == server.image_id), None))
    if facts.slurm_state:
        _restored(control, running, facts.slurm_state, wanted, finder)
    else:
        _take_over(control, running, wanted, finder)
    for group in every:
        _agrees(group, _version(images.get(group.image)), wanted, finder)


def _restored(control: Group, running: str, backup: str, wanted: str, finder: Finder) -> None:
    """A backup is being restored, so the state of the Slurm that runs does not matter."""
    if release(wanted) != release(backup):
        finder.problem(
            control.image_path,
            f"the backup is of Slurm {upstream(backup)}, and this image has Slurm {upstream(wanted)}",
            f"choose an image with Slurm {release(backup)}",
        )
    else:
        finder.note(
            control.image_path, f"Slurm {upstream(running) or '?'} → {upstream(wanted)}", "a backup is restored"
        )


def _take_over(control: Group, running: str, wanted: str, finder: Finder) -> None:
    refused = refusal(running, wanted)
    if refused is not None:
        finder.problem(control.image_path, *refused)
    elif running and upstream(running) != upstream(wanted):
        found = verdict(release(running), release(wanted))
        remedy = {
            Verdict.SAME: "the same release: state and running jobs are taken over, and so it is on the way back",
            Verdict.UNKNOWN: "whether it takes over the state is not known here: see its release notes",
        }
        finder.note(
            control.image_path,
            f"Slurm {upstream(running)} → {upstream(wanted)}",
            remedy.get(found, "state and running jobs are taken over, after a backup for the way back"),
        )


def _agrees(group: Group, version: str, control: str, finder: Finder) -> None:
    """Daemons and commands may be older than slurmctld, as old as what it takes over, and never newer."""
    found = verdict(release(version), release(control))
    if not found.refused:
        return
    which = "newer than" if found is Verdict.NEWER else "too old for"
    finder.problem(
        group.image_path,
        f"Slurm {upstream(version)} of {group.name} is {which} slurmctld's {upstream(control)} on the control node",
        "choose an image with the control node's release of Slurm",
    )


def _version(image: ImageFacts | None) -> str:
    return image.slurm if image is not None and release(image.slurm) else ""
