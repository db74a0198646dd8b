"""What several checks need to know about node groups."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from slurm_appliance.config.cluster import ClusterConfig
from slurm_appliance.config.naming import NodeKind, setting_of
from slurm_appliance.config.node_group import NodeGroupConfig
from slurm_appliance.config.salvage import NotParsed
from slurm_appliance.errors import Problem

#: A check of one group: configuration, kind, path of the group, group.
GroupCheck = Callable[[ClusterConfig, NodeKind, str, NodeGroupConfig], Iterable[Problem]]


def known_groups(config: ClusterConfig) -> Iterator[tuple[NodeKind, str, NodeGroupConfig]]:
    """The groups of those kinds that could be read: kind, name, group; a group's own settings may have mistakes."""
    for kind in (NodeKind.LOGIN, NodeKind.COMPUTE, NodeKind.ADDITIONAL):
        try:
            groups: Mapping[str, NodeGroupConfig] = getattr(config, setting_of(kind))
        except NotParsed:
            continue
        for name, group in groups.items():
            yield kind, name, group


def for_each_group(check: GroupCheck) -> Callable[[ClusterConfig], Iterator[Problem]]:
    """A check of the whole configuration from a check of one group: a mistake in one group hides no other."""

    def check_all(config: ClusterConfig) -> Iterator[Problem]:
        for kind, name, group in known_groups(config):
            try:
                yield from check(config, kind, f"{setting_of(kind)}.{name}", group)
            except NotParsed:
                continue

    return check_all


def given_to_nodes(config: ClusterConfig, control: str, group: str) -> Iterator[tuple[str, str, str]]:
    """What is given to single nodes by network, as far as it can be read: path, network, what is given.

    Args:
        config: the configuration.
        control: the control node's setting: one value by network.
        group: the setting of groups: a list by network, in the order of nodes.
    """
    try:
        for network, value in getattr(config, control).items():
            yield f"{control}.{network}", network, value
    except NotParsed:
        pass  # The groups' values can still be looked at.
    for kind, name, settings in known_groups(config):
        try:
            for network, values in getattr(settings, group).items():
                for index, value in enumerate(values):
                    yield f"{setting_of(kind)}.{name}.{group}.{network}[{index}]", network, value
        except NotParsed:
            continue


def listed(names: Iterable[str], most: int = 5) -> str:
    """Names for a sentence; the first few where there are many."""
    every = list(names)
    rest = f" and {len(every) - most} more" if len(every) > most else ""
    return ", ".join(every[:most]) + rest
