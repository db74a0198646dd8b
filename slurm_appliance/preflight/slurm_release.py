"""Checks that the Slurm in the images can upgrade from the one that runs, and that nodes fit the control node's."""

from collections.abc import Iterable, Mapping

from node.slurm_files.release import Verdict, refusal, release, release_order, upstream, verdict
from slurm_appliance.cloud.facts import CloudFacts, ImageFacts, ServerFacts
from slurm_appliance.config import NodeKind
from slurm_appliance.config.image_build import PackageFamily
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.config.slurm import AuthType
from slurm_appliance.nodes.groups import Group
from slurm_appliance.preflight.finder import Finder

#: The first release with auth/slurm and sackd.
_AUTH_SLURM = "23.11"


def fits(
    groups: Iterable[Group],
    images: Mapping[ImageSource, ImageFacts],
    own: Mapping[str, ServerFacts],
    facts: CloudFacts,
    finder: Finder,
    auth_type: AuthType = AuthType.MUNGE,
) -> None:
    """Check that the control node's Slurm can upgrade the running one's state, and that no node has a newer Slurm.

    Images without Slurm in their record are not checked here; the control node checks its state volume in any case.

    Args:
        groups: all node groups.
        images: the existing images, by their references in the configuration.
        own: the cluster's existing servers, by name.
        facts: the cloud.
        finder: collects the problems and notes.
        auth_type: how Slurm's daemons and commands trust each other.
    """
    every = tuple(groups)
    control = next(group for group in every if group.kind is NodeKind.CONTROL)
    wanted = slurm_of(images.get(control.image))
    if not wanted:
        return
    server = own.get(control.nodes[0].hostname)
    running = slurm_of(next((image for image in facts.images if server and image.id == server.image_id), None))
    if facts.slurm_state:
        _restored(control, running, facts.slurm_state, wanted, finder)
    else:
        _check_upgrade(control, running, wanted, finder)
    for group in every:
        _check_authentication(group, images.get(group.image), auth_type, finder)
        _check_node(group, slurm_of(images.get(group.image)), wanted, finder)


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


def _check_upgrade(control: Group, running: str, wanted: str, finder: Finder) -> None:
    refused = refusal(running, wanted)
    if refused is not None:
        finder.problem(control.image_path, *refused)
    elif running and upstream(running) != upstream(wanted):
        found = verdict(release(running), release(wanted))
        remedy = {
            Verdict.SAME: "both are the same release: state and running jobs are kept, also if you go back",
            Verdict.UNKNOWN: "it is unknown whether this upgrade keeps the state: see the release notes",
        }
        finder.note(
            control.image_path,
            f"Slurm {upstream(running)} → {upstream(wanted)}",
            remedy.get(found, "the upgrade keeps state and running jobs; a backup is made first"),
        )


def _check_authentication(group: Group, image: ImageFacts | None, auth_type: AuthType, finder: Finder) -> None:
    if auth_type is not AuthType.SLURM or image is None:
        return
    version = slurm_of(image)
    found = release(version)
    if image.package_family == PackageFamily.OPENHPC:
        finder.problem(
            group.image_path,
            f"the image of {group.name} has Slurm of OpenHPC without sackd, which slurm.auth_type asks for",
            "set slurm.auth_type: munge",
        )
    elif found and release_order(found) < release_order(_AUTH_SLURM):
        finder.problem(
            group.image_path,
            f"Slurm {upstream(version)} of {group.name} has no auth/slurm, which slurm.auth_type asks for",
            "choose an image with Slurm 23.11 or newer, or set slurm.auth_type: munge",
        )


def _check_node(group: Group, version: str, control: str, finder: Finder) -> None:
    """slurmctld works with daemons and commands of its own release and of those it can upgrade from."""
    found = verdict(release(version), release(control))
    if not found.refused:
        return
    which = "newer than" if found is Verdict.DOWNGRADE else "too old for"
    finder.problem(
        group.image_path,
        f"Slurm {upstream(version)} of {group.name} is {which} slurmctld's {upstream(control)} on the control node",
        "choose an image with the control node's release of Slurm",
    )


def slurm_of(image: ImageFacts | None) -> str:
    """The version of Slurm in an image; empty if its record has none."""
    return image.slurm if image is not None and release(image.slurm) else ""
