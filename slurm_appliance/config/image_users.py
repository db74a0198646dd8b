"""Who boots which image, and what a new image therefore does to whom."""

from slurm_appliance.config.cluster import ClusterConfig
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.config.naming import CONTROL, cluster_image, node_groups
from slurm_appliance.config.node_group import ComputeGroup, NodeGroupConfig


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


def _chain(config: ClusterConfig, image: ImageSource) -> list[str]:
    """The builds that an image comes from: its own, the one that this starts from, and so on."""
    builds: list[str] = []
    while image.build is not None and image.build in config.image_builds and image.build not in builds:
        builds.append(image.build)
        image = config.image_builds[image.build].base_image
    return builds


def consequence_for_image(config: ClusterConfig, groups: set[str]) -> str:
    """What a new image does to the nodes of some groups, in sentences."""
    now, later, replaced = [], [], []
    for kind, name, group in node_groups(config):
        if name not in groups:
            continue
        on_volume = group.volume_backed_instances
        if isinstance(group, ComputeGroup) and group.ignore_image_changes:
            later.append(f"{kind} {name}")
        elif config.volume_backed_instances if on_volume is None else on_volume:
            replaced.append(f"{kind} {name}")
        else:
            now.append(f"{kind} {name}")
    if CONTROL in groups:
        (replaced if config.volume_backed_instances else now).insert(0, CONTROL)
    lost = "; jobs on the compute nodes among them are lost" if any(name.startswith("compute ") for name in now) else ""
    sentences = [
        f"Rebuilt in place now: {', '.join(now)}{lost}." if now else "",
        f"On volumes, so deleted and created anew: {', '.join(replaced)}." if replaced else "",
        f"Left running until Slurm reboots them: {', '.join(later)}." if later else "",
    ]
    return " ".join(filter(None, sentences)) or "No node boots from it."
