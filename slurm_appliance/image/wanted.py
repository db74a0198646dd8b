"""The images that a configuration asks to be built: their names, and their ids where they exist already. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from slurm_appliance.cloud.facts import ImageFacts
from slurm_appliance.config import ClusterConfig
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.errors import UsageError
from slurm_appliance.image import content
from slurm_appliance.image.lookup import choose, identity_of, newest_of_ours
from slurm_appliance.image.settings import build_settings, from_settings
from slurm_appliance.image.spec import ImageBuild
from slurm_appliance.site_layer.layers import ImageLayer


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


def wanted(
    config: ClusterConfig,
    sources: Iterable[ImageSource],
    images: Iterable[ImageFacts],
    proxy: str = "",
    found: dict[str, Wanted] | None = None,
    layer: ImageLayer | None = None,
) -> list[Wanted]:
    """The builds that image sources refer to, with those that they start from, each after its base.

    Args:
        config: the configuration.
        sources: image sources of it.
        images: what Glance has.
        proxy: for package downloads during a build.
        found: results of earlier calls by the build's name, which are not computed again; takes the new ones.
        layer: what builds use of the site's own layer.

    Raises:
        ApplianceError: a build or a base image does not exist, or builds are circular.
    """
    known = sorted((image for image in images if not image.claim), key=lambda image: (image.created, image.id))
    found = {} if found is None else found
    for source in sources:
        if source.build is not None:
            _want(config, source.build, known, _Around(proxy, layer), found, ())
    return list(found.values())


@dataclass(frozen=True)
class _Around:
    """What all builds have in common besides the configuration."""

    proxy: str
    layer: ImageLayer | None


def _want(
    config: ClusterConfig,
    name: str,
    images: Sequence[ImageFacts],
    around: _Around,
    found: dict[str, Wanted],
    above: tuple[str, ...],
) -> Wanted:
    if name in above:
        circle = " → ".join((*above[above.index(name) :], name))
        raise UsageError(f"circular image builds: {circle}", remedy="use an existing image as the base of one of them")
    if name in found:
        return found[name]
    settings = build_settings(config, name)
    source = settings.base_image
    if source.build is not None:
        base = identity = _want(config, source.build, images, around, found, (*above, name)).image_name
    else:
        image = choose(source.id or source.name or "", images)
        base, identity = image.id, identity_of(image)
    build = from_settings(config, name, base, proxy=around.proxy, layer=around.layer)
    image_name = content.image_name(build, identity)
    newest = None if settings.force else newest_of_ours(image_name, images)
    found[name] = Wanted(
        name=name,
        image_name=image_name,
        image_id=newest.id if newest else None,
        build=build,
        base_build=source.build or "",
        force=settings.force,
    )
    return found[name]
