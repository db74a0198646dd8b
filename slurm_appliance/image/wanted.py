"""The images that a configuration needs to be built: their names, and their IDs if they exist."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from slurm_appliance.cloud.connection import connect
from slurm_appliance.config import ClusterConfig
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.errors import UsageError
from slurm_appliance.image import content, images
from slurm_appliance.image.api import Api
from slurm_appliance.image.settings import PROXY, build_settings, from_settings
from slurm_appliance.image.spec import ImageBuild


@dataclass(frozen=True)
class Wanted:
    """The image of one build.

    Attributes:
        name: the build's name in the configuration.
        image_name: the image's name, which has the digest of its content.
        image_id: its id; None if it has to be built.
        build: the build's input.
        base_build: the build of its base image; empty if the base is another image.
        force: whether to build it even if it exists.
    """

    name: str
    image_name: str
    image_id: str | None
    build: ImageBuild
    base_build: str
    force: bool


def wanted_in(cloud: str | None, config: ClusterConfig, sources: Sequence[ImageSource]) -> list[Wanted]:
    """The same for a cloud, which is only queried if a source references a build.

    Args:
        cloud: as in :func:`connect`.
        config: the configuration.
        sources: its image sources.

    Raises:
        ApplianceError: as wanted(), or a query to the cloud fails.
    """
    if not any(source.build for source in sources):
        return []
    from slurm_appliance.image.openstack_api import OpenStackApi  # Slow to import, and only needed here.

    return wanted(config, sources, OpenStackApi(connect(cloud)))


def wanted(config: ClusterConfig, sources: Iterable[ImageSource], api: Api) -> list[Wanted]:
    """The builds that image sources reference, and their base builds, each after its base.

    Raises:
        ApplianceError: a build or a base image does not exist, or builds are circular.
    """
    found: dict[str, Wanted] = {}
    for source in sources:
        if source.build is not None:
            _want(config, source.build, api, found, ())
    return list(found.values())


def _want(config: ClusterConfig, name: str, api: Api, found: dict[str, Wanted], above: tuple[str, ...]) -> Wanted:
    if name in above:
        circle = " → ".join((*above[above.index(name) :], name))
        raise UsageError(f"circular image builds: {circle}", remedy="use an existing image as the base of one of them")
    if name in found:
        return found[name]
    settings = build_settings(config, name)
    source = settings.base_image
    if source.build is not None:
        base = identity = _want(config, source.build, api, found, (*above, name)).image_name
    else:
        image = images.find(api, source.id or source.name or "")
        base, identity = image.id, image.identity
    build = from_settings(config, name, base, proxy=os.environ.get(PROXY, ""))
    image_name = content.image_name(build, identity)
    active = [image for image in images.ours_named(api, image_name) if image.status == "active"]
    newest = max(active, key=lambda image: (image.created, image.id), default=None)
    found[name] = Wanted(
        name=name,
        image_name=image_name,
        image_id=newest.id if newest is not None and not settings.force else None,
        build=build,
        base_build=source.build or "",
        force=settings.force,
    )
    return found[name]
