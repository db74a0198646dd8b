"""Checks what servers use: flavors, images, key pair, zones, server groups, bare-metal nodes."""

from collections.abc import Iterable, Mapping

from slurm_appliance.cloud.facts import CloudFacts, Flavor, ImageFacts
from slurm_appliance.cloud.image_names import PROPERTY
from slurm_appliance.config import ClusterConfig
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.config.suggest import did_you_mean
from slurm_appliance.errors import ApplianceError, ConfigError
from slurm_appliance.image.wanted import Wanted, wanted
from slurm_appliance.nodes.groups import Group
from slurm_appliance.preflight.finder import Finder
from slurm_appliance.site_layer.layers import ImageLayer


def flavors(groups: Iterable[Group], facts: CloudFacts, finder: Finder) -> dict[str, Flavor]:
    """The flavors of all groups, by name."""
    found: dict[str, Flavor] = {}
    for group in groups:
        name, path = group.flavor
        flavor = finder.named(path, "flavor", name, facts.flavors)
        if flavor:
            found[name] = flavor
    return found


def images(groups: Iterable[Group], facts: CloudFacts, finder: Finder) -> dict[ImageSource, ImageFacts]:
    """The images that groups name by id or by name; builds make their own."""
    found: dict[ImageSource, ImageFacts] = {}
    there = {server.name for server in facts.servers}
    for group in groups:
        boots = any(node.hostname not in there for node in group.nodes)
        image = _image(group.image_path, group.image, facts, finder, boots=boots)
        if image:
            found[group.image] = image
    return found


def builds(
    config: ClusterConfig,
    groups: Iterable[Group],
    facts: CloudFacts,
    finder: Finder,
    proxy: str,
    layer: ImageLayer | None = None,
) -> tuple[Wanted, ...]:
    """What the builds that groups name make, with the builds that these start from.

    A build of no group is not looked at: its base image may be gone for good.
    """
    found: dict[str, Wanted] = {}
    for group in groups:
        try:
            wanted(config, [group.image], facts.images, proxy, found, layer)
        except ConfigError as error:
            finder.problems_of(error)
        except ApplianceError as error:
            finder.problem(error.where or group.image_path, error.what, error.remedy)
    return tuple(found.values())


def _image(path: str, source: ImageSource, facts: CloudFacts, finder: Finder, *, boots: bool) -> ImageFacts | None:
    if source.build is not None:
        return None
    if source.id is not None:
        image = finder.by_id(path, "image", source.id, facts.images)
    else:
        named = [image for image in facts.images if image.name == source.name]
        active = [image for image in named if image.status == "active"]
        # An incomplete or deactivated image does not make an active one ambiguous.
        usable = active or named or [image for image in facts.images if image.status == "active"]
        image = finder.named(path, "image", source.name or "", usable)
    if image and image.status != "active":
        finder.problem(path, f"image {source} is {image.status}", "wait until it is active, or choose another image")
        return None
    if image and not image.digest and (boots or not image.adopted):
        what = f"image {source} was not built by this appliance: nodes that boot it cannot join a cluster"
        remedy = (
            "choose one from './slurm-appliance image list', or set {build: NAME} for one of image_builds, which "
            f"may start from this one; a copy of such an image needs its properties, including {PROPERTY}digest"
        )
        finder.problem(path, what, remedy)
    return image


def fits(
    groups: Iterable[Group], flavors_: Mapping[str, Flavor], images_: Mapping[ImageSource, ImageFacts], finder: Finder
) -> None:
    """Each group's flavor has the memory, and its root disk the room, that its image needs."""
    for group in groups:
        flavor, image = flavors_.get(group.flavor[0]), images_.get(group.image)
        if flavor is None or image is None:
            continue
        if flavor.ram < image.min_ram:
            what = f"flavor {flavor.name} has {flavor.ram} MB of memory, image {image.name} needs {image.min_ram}"
            finder.problem(group.flavor[1], what, "choose a larger flavor")
        needed = max(image.min_disk, image.size)
        if group.volume_backed and group.root_volume_size < needed:
            what = f"root volumes of {group.root_volume_size} GB, but image {image.name} needs {needed} GB"
            finder.problem(group.at("root_volume_size"), what, f"set it to {needed} or more")
        # For Nova, a disk of 0 means "as large as the image".
        if not group.volume_backed and 0 < flavor.disk < needed:
            what = f"flavor {flavor.name} has a disk of {flavor.disk} GB, image {image.name} needs {needed} GB"
            finder.problem(group.flavor[1], what, "choose a flavor with a larger disk, or boot from volumes")


def placement(config: ClusterConfig, groups: Iterable[Group], facts: CloudFacts, finder: Finder) -> None:
    """Check that the named zones, server groups and bare-metal nodes exist."""
    ids = [server_group.id for server_group in facts.server_groups]
    chosen = [(config.control_server_group_id, "control_server_group_id")]
    for group in groups:
        if group.own is None:
            continue
        zone = group.own.availability_zone
        if zone is not None:
            finder.among(group.at("availability_zone"), "availability zone", zone, facts.availability_zones)
        chosen.append((group.own.server_group_id, group.at("server_group_id")))
        if group.own.match_ironic_node:
            _bare_metal(group, facts, finder)
    for id_, path in chosen:
        if id_ is not None and id_ not in ids:
            finder.by_id(path, "server group", id_, facts.server_groups)


def _bare_metal(group: Group, facts: CloudFacts, finder: Finder) -> None:
    path = group.at("match_ironic_node")
    if "bare metal" in facts.absent:
        finder.problem(path, "cannot list Ironic's nodes", "use an administrator's credentials")
        return
    for node in group.nodes:
        if node.name not in facts.bare_metal:
            finder.problem(
                path, f"unknown bare-metal node {node.name}", did_you_mean(node.name, sorted(facts.bare_metal))
            )


def key_pair(config: ClusterConfig, facts: CloudFacts, finder: Finder) -> None:
    """Check that the named key pair exists."""
    wanted = config.key_pair
    if wanted.public_key is None and wanted.public_key_file is None and wanted.name is not None:
        finder.among("key_pair", "key pair", wanted.name, tuple(facts.key_pairs))
