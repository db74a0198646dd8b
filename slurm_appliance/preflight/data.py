"""What a configuration makes that holds data: one list of volumes and shares, for quotas, sizes, and lost states."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from slurm_appliance.cloud.facts import CloudFacts
from slurm_appliance.config import ClusterConfig
from slurm_appliance.config.mounted import share_name
from slurm_appliance.config.storage import HomeProvisioning, StateProvisioning
from slurm_appliance.engine.steps import HOLDING_DATA, SHARE, VOLUME
from slurm_appliance.nodes import cloud_names
from slurm_appliance.nodes.groups import Group
from slurm_appliance.preflight.finder import Finder

#: The quotas of each kind: of its number, and of its size in GB.
QUOTAS = {VOLUME: ("volumes", "gigabytes"), SHARE: ("shares", "share_gigabytes")}


class Stored(Protocol):
    """A volume or a share that exists."""

    @property
    def id(self) -> str:
        """Its ID."""

    @property
    def name(self) -> str:
        """Its name, which may not be unique."""

    @property
    def size(self) -> int:
        """In GB."""

    @property
    def description(self) -> str:
        """Our mark, where it is ours."""


@dataclass(frozen=True)
class DataHolder:
    """A volume or a share that ``up`` makes.

    Attributes:
        type: its type token.
        name: its name in OpenStack.
        size: in GB.
        path: the config path of its size.
    """

    type: str
    name: str
    size: int
    path: str


def data_holders(config: ClusterConfig, groups: Iterable[Group]) -> Iterator[DataHolder]:
    """All that a configuration makes; the root volumes of nodes hold nothing that is kept."""
    if config.state_volume_provisioning is StateProvisioning.MANAGE:
        yield DataHolder(VOLUME, cloud_names.state_volume(config), config.state_volume_size, "state_volume_size")
    if config.home_volume_provisioning is HomeProvisioning.MANAGE:
        yield DataHolder(VOLUME, cloud_names.home_volume(config), config.home_volume_size, "home_volume_size")
    for group in groups:
        for node in group.nodes:
            for name, extra in group.extra_volumes.items():
                if extra.size is not None:
                    path = f"{group.extra_volumes_path}.{name}.size"
                    yield DataHolder(VOLUME, cloud_names.extra_volume(config, node, name), extra.size, path)
    for name, filesystem in config.filesystems.items():
        share = share_name(config, name, filesystem)
        if filesystem.create is not None and share is not None:
            yield DataHolder(SHARE, share, filesystem.create.size, f"filesystems.{name}.create.size")


def stored(facts: CloudFacts) -> dict[str, Sequence[Stored]]:
    """What exists, by type."""
    return {VOLUME: facts.volumes, SHARE: facts.shares}


def existing(config: ClusterConfig, facts: CloudFacts) -> Mapping[tuple[str, str], Stored]:
    """What exists, by type and name; of namesakes the one with our mark."""
    mark = cloud_names.mark(config)
    every = ((type_, each) for type_, things in stored(facts).items() for each in things)
    ordered = sorted(every, key=lambda found: found[1].description == mark)
    return {(type_, each.name): each for type_, each in ordered}


def sizes(config: ClusterConfig, groups: Iterable[Group], facts: CloudFacts, finder: Finder) -> None:
    """Check that nothing that holds data shrinks."""
    there = existing(config, facts)
    for holder in data_holders(config, groups):
        found = there.get((holder.type, holder.name))
        if found is not None and found.size > holder.size:
            what = f"{HOLDING_DATA[holder.type]} {holder.name} has {found.size} GB and cannot shrink to {holder.size}"
            finder.problem(holder.path, what, f"set it to {found.size} or more")
