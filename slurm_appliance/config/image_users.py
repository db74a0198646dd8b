"""Which groups boot which image, and what a new image does to their nodes: the one place that decides it."""

from enum import Enum

from slurm_appliance.config.cluster import ClusterConfig
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.config.naming import CONTROL, cluster_image, node_groups
from slurm_appliance.config.node_group import ComputeGroup, NodeGroupConfig


class OnImageChange(Enum):
    """What ``up`` does to a running node whose image has changed."""

    REBUILD = "rebuild"
    #: The provider cannot rebuild a server that boots from a volume.
    REPLACE = "replace"
    LEAVE_TO_SLURM = "leave to Slurm"


def uses_image_of(config: ClusterConfig, build: str | None) -> set[str]:
    """The groups, control among them, whose image comes from a build; None stands for the cluster's image."""
    users = set()
    every = [(name, group) for _, name, group in node_groups(config)]
    for name, group in [(CONTROL, None), *every]:
        own = own_image(group)
        if build is None and own is None:
            users.add(name)
        if build is not None and build in _chain(config, own or cluster_image(config)):
            users.add(name)
    return users


def own_image(group: NodeGroupConfig | None) -> ImageSource | None:
    """The image that a group names for itself."""
    if group is None:
        return None
    return group.image or (ImageSource(id=group.image_id) if group.image_id else None)


def booted_builds(config: ClusterConfig) -> tuple[str, ...]:
    """The builds whose images nodes boot."""
    groups = [None, *(group for _, _, group in node_groups(config))]
    images = (own_image(group) or cluster_image(config) for group in groups)
    return tuple(dict.fromkeys(image.build for image in images if image.build is not None))


def builds_below(config: ClusterConfig, build: str) -> list[str]:
    """A build and those that it starts from, each after its base."""
    return _chain(config, ImageSource(build=build))[::-1]


def _chain(config: ClusterConfig, image: ImageSource) -> list[str]:
    """The builds that an image comes from: its own, the one that this starts from, and so on."""
    builds: list[str] = []
    while image.build is not None and image.build in config.image_builds and image.build not in builds:
        builds.append(image.build)
        image = config.image_builds[image.build].base_image
    return builds


def boots_from_volume(config: ClusterConfig, group: NodeGroupConfig | None) -> bool:
    """Whether a group's nodes boot from volumes; None stands for the control node."""
    own = group.volume_backed_instances if group else config.control_volume_backed
    return config.volume_backed_instances if own is None else own


def on_image_change(config: ClusterConfig, group: NodeGroupConfig | None) -> OnImageChange:
    """What ``up`` does to the running nodes of a group whose image has changed; None stands for the control node."""
    if isinstance(group, ComputeGroup) and group.ignore_image_changes:
        return OnImageChange.LEAVE_TO_SLURM
    return OnImageChange.REPLACE if boots_from_volume(config, group) else OnImageChange.REBUILD


def consequence_for_image(config: ClusterConfig, groups: set[str]) -> str:
    """What a new image does to the nodes of some groups, in sentences."""
    named: dict[OnImageChange, list[str]] = {each: [] for each in OnImageChange}
    if CONTROL in groups:
        named[on_image_change(config, None)].append(CONTROL)
    for kind, name, group in node_groups(config):
        if name in groups:
            named[on_image_change(config, group)].append(f"{kind} {name}")
    now, replaced, later = (", ".join(named[each]) for each in OnImageChange)
    lost = "; jobs on the compute nodes among them are lost" if "compute " in now else ""
    sentences = [
        f"Rebuilt in place now: {now}{lost}." if now else "",
        f"On volumes, so deleted and created anew: {replaced}." if replaced else "",
        f"Left running until Slurm reboots them: {later}." if later else "",
    ]
    return " ".join(filter(None, sentences)) or "No node boots from it."
