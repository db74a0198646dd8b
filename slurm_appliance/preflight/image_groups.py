"""Images against the kinds of nodes that boot them: a control node needs the packages of one."""

import re
from collections.abc import Iterable, Mapping

from slurm_appliance.cloud.facts import CloudFacts, ImageFacts
from slurm_appliance.config import NodeKind
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.nodes.groups import Group
from slurm_appliance.preflight.finder import Finder

_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def suit(groups: Iterable[Group], images: Mapping[ImageSource, ImageFacts], facts: CloudFacts, finder: Finder) -> None:
    """Each image was built for the kind of nodes that boot it, as far as records say."""
    for group in groups:
        image = images.get(group.image)
        has = packages_for(image, facts.images) if image else None
        if image is None or has is None or group.kind is NodeKind.ADDITIONAL or group.kind.value in has:
            continue
        there = ", ".join(sorted(has)) or "none"
        what = f"image {image.name} has no packages for {group.kind.value} nodes; it has those for: {there}"
        remedy = f"build one with {group.kind.value} among its groups (image_builds), or name another image"
        finder.problem(group.image_path, what, remedy)


def packages_for(image: ImageFacts, known: Iterable[ImageFacts]) -> frozenset[str] | None:
    """The kinds of nodes that an image, and those that it is built on, have packages for; None where nobody can say."""
    ours = {each.name: each for each in known if each.digest}
    found: set[str] = set()
    at: ImageFacts | None = image
    # An image of ours is called by its name, any other by its id: one of ours that is gone may have had more.
    while at is not None:
        found |= set(at.groups)
        if _ID.fullmatch(at.base):
            return frozenset(found)
        at = ours.pop(at.base, None)
    return None
