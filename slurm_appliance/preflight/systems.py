"""Checks that the system of an image is one that nodes can run."""

import re
from collections.abc import Iterable, Mapping

from slurm_appliance.cloud.facts import CloudFacts, ImageFacts
from slurm_appliance.config import ClusterConfig
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.image.wanted import Wanted
from slurm_appliance.nodes.groups import Group
from slurm_appliance.preflight.finder import Finder

#: The first release with Python 3.9, which node/ and Ansible's modules need, by what properties and records call a
#: distribution. A longer name goes first.
_FIRST = {
    "almalinux": 9, "alma": 9, "centos": 9, "debian": 11, "oracle": 9, "red hat": 9, "redhat": 9, "rhel": 9, "rocky": 9,
    "ubuntu": 22,
}  # fmt: skip


def too_old(system: str) -> str:
    """The first release of a system's distribution that nodes can run, if this one is older; else empty."""
    release = re.search(r"[0-9]+", system)
    for name, first in _FIRST.items():
        if system.lower().startswith(name):
            return str(first) if release and int(release[0]) < first else ""
    return ""


def run(
    config: ClusterConfig,
    groups: Iterable[Group],
    images: Mapping[ImageSource, ImageFacts],
    builds: Iterable[Wanted],
    facts: CloudFacts,
    finder: Finder,
) -> None:
    """Check the images of groups, and those that builds start from."""
    by_id = {image.id: image for image in facts.images}
    places = [(group.image_path, images[group.image]) for group in groups if group.image in images]
    places += [
        (f"image_builds.{build.name}.base_image", by_id[build.build.base])
        for build in builds
        if build.name in config.image_builds and build.build.base in by_id
    ]
    for path, image in dict.fromkeys(places):
        first = too_old(image.system)
        if first:
            what = f"image {image.name} is of {image.system}, whose Python is older than 3.9: nodes cannot run it"
            finder.problem(path, what, f"use an image of release {first} or newer of this distribution")
