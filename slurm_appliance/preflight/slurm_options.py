"""Options of a stack file that Slurm in the control node's image no longer takes: known before the node is rebuilt."""

from collections.abc import Iterable, Iterator, Mapping

from node.slurm_files.release import release, upstream
from slurm_appliance.cloud.facts import ImageFacts
from slurm_appliance.config import ClusterConfig, NodeKind
from slurm_appliance.config.image_source import ImageSource
from slurm_appliance.config.removed_options import OptionFile, RemovalEffect, removed
from slurm_appliance.nodes.groups import Group
from slurm_appliance.preflight.finder import Finder
from slurm_appliance.preflight.slurm_release import slurm_of

_VERB = {
    RemovalEffect.REFUSED: "refuses",
    RemovalEffect.IGNORED: "ignores",
    RemovalEffect.RENAMED: "has another name for",
}


def still_taken(
    config: ClusterConfig, groups: Iterable[Group], images: Mapping[ImageSource, ImageFacts], finder: Finder
) -> None:
    """An option that Slurm would refuse is a problem; one that it ignores or knows under another name is a note.

    An image whose record does not say its Slurm is passed over.

    Args:
        config: the configuration.
        groups: all node groups.
        images: those that exist, by what the configuration calls them.
        finder: takes what is found.
    """
    control = next(group for group in groups if group.kind is NodeKind.CONTROL)
    version = slurm_of(images.get(control.image))
    if not version:
        return
    for file, path, options in _places(config):
        for option, value in options.items():
            row = removed(file, option, value, release(version))
            if row is None:
                continue
            tell = finder.problem if row.effect is RemovalEffect.REFUSED else finder.note
            slurm = f"Slurm {upstream(version)} of the control node's image"
            tell(f"{path}.{option}", f"{slurm} {_VERB[row.effect]} {row.option}, since {row.since}", row.remedy)


def _places(config: ClusterConfig) -> Iterator[tuple[OptionFile, str, Mapping[str, str]]]:
    """All places of a stack file with options that the table knows: file, path, options."""
    yield OptionFile.SLURM, "slurm.options", config.slurm.options
    yield OptionFile.CGROUP, "slurm.cgroup", config.slurm.cgroup
    for name, partition in config.slurm.partitions.items():
        yield OptionFile.PARTITION, f"slurm.partitions.{name}.options", partition.options
