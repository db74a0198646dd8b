"""Builds a stack's images with newer packages, and says what changes on the nodes that boot them."""

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from slurm_appliance.cloud.facts import ImageFacts
from slurm_appliance.config import ClusterConfig
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.config.image_users import booted_builds, builds_below
from slurm_appliance.image import images
from slurm_appliance.image.api import Api
from slurm_appliance.image.audit import audit, release_of
from slurm_appliance.image.build_process import build_image
from slurm_appliance.image.diff import Difference, difference
from slurm_appliance.image.record import ImageRecord
from slurm_appliance.image.security_tracker import SecurityTracker
from slurm_appliance.image.settings import PROXY
from slurm_appliance.image.wanted import Wanted, wanted
from slurm_appliance.site_layer.layers import SiteLayer, layer_of_file


@dataclass(frozen=True)
class UpdatedImage:
    """One build's image, before and after.

    Attributes:
        build: the build's name in the configuration.
        before: the image's name; empty if it was never built.
        after: the name of the image with newer packages.
        image_id: its ID.
        changes: what differs; None if there was none before.
        fixed: known security issues of the former image that the newer one does not have, each once.
        open: known security issues of the newer image.
    """

    build: str
    before: str
    after: str
    image_id: str
    changes: Difference | None
    fixed: tuple[str, ...] = field(default=())
    open: tuple[str, ...] = field(default=())

    @property
    def same_packages(self) -> bool:
        """Whether the newer image brings no other package."""
        return self.changes is not None and not self.changes.packages


@dataclass(frozen=True)
class ImagePlace:
    """Where a stack's images are built.

    Attributes:
        path: its stack file, beside which the site's own layer is.
        api: the cloud.
        cloud: its entry of clouds.yaml; None to use the OS_* variables.
    """

    path: Path
    api: Api
    cloud: str | None


def ensure_image(
    config: ClusterConfig, place: ImagePlace, build: str, *, keep: bool = False, force: bool = False
) -> str:
    """Build the image of one build, and those that it starts from, where they are missing; return its ID.

    Args:
        config: the configuration.
        place: where to build.
        build: the build's name.
        keep: keep the server of a failed build.
        force: build even if the image exists.

    Raises:
        ApplianceError: a build failed.
    """
    layer = layer_of_file(place.path)
    return _built(_wanted(config, layer, images.all_facts(place.api), build), layer, place, keep=keep, force=force)


def _built(
    chain: list[Wanted], layer: SiteLayer | None, place: ImagePlace, *, keep: bool = False, force: bool = False
) -> str:
    *bases, last = chain
    for base in bases:
        build_image(base.build, layer, force=base.force, cloud=place.cloud)
    kept = dataclasses.replace(last.build, keep_on_failure=keep or last.build.keep_on_failure)
    return build_image(kept, layer, force=force or last.force, cloud=place.cloud).image_id


def _wanted(config: ClusterConfig, layer: SiteLayer | None, known: Sequence[ImageFacts], build: str) -> list[Wanted]:
    image = layer.image if layer else None
    return wanted(config, [ImageSource(build=build)], known, os.environ.get(PROXY, ""), layer=image)


@dataclass(frozen=True)
class AuditedImage:
    """An image's record, and its known security issues, each once.

    Attributes:
        name: the image's name.
        record: its record.
        issues: the issues; none without the tracker's data.
    """

    name: str
    record: ImageRecord
    issues: Mapping[str, None]

    @classmethod
    def of_record(cls, name: str, record: ImageRecord, tracker: SecurityTracker | None) -> "AuditedImage":
        """Compare an image's record with the tracker's data.

        Raises:
            ApplianceError: they cannot be compared.
        """
        findings = audit(record, tracker, release_of(record)).findings if tracker is not None else ()
        return cls(name, record, dict.fromkeys(finding.issue for finding in findings))


def update_images(
    before: ClusterConfig,
    after: ClusterConfig,
    place: ImagePlace,
    say: Callable[[str], None],
    tracker: SecurityTracker | None = None,
) -> list[UpdatedImage]:
    """Build every image that nodes boot from another configuration, and compare it with the one of before.

    Args:
        before: the stack's configuration.
        after: the same with another package snapshot.
        place: where to build.
        say: takes progress, a line at a time.
        tracker: data of the distribution's security tracker.

    Raises:
        ApplianceError: a build failed, or an image cannot be compared with the tracker's data.
    """
    found = []
    layer = layer_of_file(place.path)
    # A build finds what others have built meanwhile by itself.
    known = images.all_facts(place.api)
    for build in booted_builds(after):
        former_id = _wanted(before, layer, known, build)[-1].image_id
        former = _audited(images.find(place.api, former_id), tracker) if former_id else None
        say(f"building {' → '.join(builds_below(after, build))}")
        image_id = _built(_wanted(after, layer, known, build), layer, place)
        found.append(compared(build, former, _audited(images.find(place.api, image_id), tracker), image_id))
    return found


def _audited(image: images.GlanceImage, tracker: SecurityTracker | None) -> AuditedImage:
    return AuditedImage.of_record(image.name, ImageRecord.of_image(image), tracker)


def compared(build: str, former: AuditedImage | None, newer: AuditedImage, image_id: str) -> UpdatedImage:
    """What a build's newer image changes.

    Args:
        build: the build's name.
        former: the image of before; None if there was none.
        newer: the image with newer packages.
        image_id: its ID.
    """
    return UpdatedImage(
        build=build,
        before=former.name if former else "",
        after=newer.name,
        image_id=image_id,
        changes=difference(former.record, newer.record) if former else None,
        fixed=tuple(issue for issue in (former.issues if former else ()) if issue not in newer.issues),
        open=tuple(newer.issues),
    )
