"""Checks that images have the packages for the kinds of nodes that boot them."""

from collections.abc import Iterable, Mapping

from slurm_appliance.cloud.facts import CloudFacts, ImageFacts
from slurm_appliance.cloud.text import is_id
from slurm_appliance.config import NodeKind
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.nodes.groups import Group
from slurm_appliance.preflight.finder import Finder


def suit(groups: Iterable[Group], images: Mapping[ImageSource, ImageFacts], facts: CloudFacts, finder: Finder) -> None:
    """Check that each image was built for the kind of nodes that boot it, if the images' records show it."""
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
    """The kinds of nodes that an image has packages for, those of its base images included; None if unknown."""
    ours = {each.name: each for each in known if each.digest}
    found: set[str] = set()
    at: ImageFacts | None = image
    # A record has the name of a base image of ours, and the ID of any other. One of ours that was deleted may have had
    # more packages.
    while at is not None:
        found |= set(at.groups)
        if is_id(at.base):
            return frozenset(found)
        at = ours.pop(at.base, None)
    return None
