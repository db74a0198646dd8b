"""Slurm: partitions are over groups that exist, one is the default, and nothing is set twice."""

from collections.abc import Iterable, Iterator, Mapping

from slurm_appliance.config.cluster import ClusterConfig
from slurm_appliance.config.salvage import NotParsed
from slurm_appliance.config.suggest import did_you_mean
from slurm_appliance.errors import Problem

#: Options of slurm.conf that follow from other settings: each with the setting, or with why there is none.
MANAGED = {
    "ClusterName": "cluster_name",
    "SlurmctldHost": "the control node",
    "NodeName": "compute",
    "NodeSet": "compute",
    "PartitionName": "slurm.partitions",
    "RebootProgram": "features.rebuild",
    "ResumeTimeout": "slurm.resume_timeout",
    "StateSaveLocation": "state_dir",
    "AccountingStorageType": "slurm.accounting",
    "AccountingStorageHost": "slurm.accounting",
    "SlurmUser": "the image",
    "AuthType": "secrets.munge_key",
    "Include": "slurm.options",
}
MANAGED_OF_PARTITIONS = {
    "PartitionName": "its name",
    "Nodes": "groups",
    "Default": "default",
    "MaxTime": "max_time",
    "State": "state",
}
MANAGED_OF_NODES = {
    "NodeName": "nodes of the group",
    "NodeHostname": "nodes of the group",
    "NodeAddr": "the inventory",
    "Feature": "features",
    "Features": "features",
    "Gres": "gres",
    "RealMemory": "memory_mb",
    "State": "scontrol",
}


def groups_exist(config: ClusterConfig) -> Iterator[Problem]:
    """Partitions and node options name compute groups."""
    known = list(config.compute)
    for name in config.slurm.nodegroups:
        if name not in known:
            yield Problem(f"slurm.nodegroups.{name}", f"there is no compute group {name}", did_you_mean(name, known))
    for name, partition in config.slurm.partitions.items():
        try:
            groups = partition.groups
        except NotParsed:
            continue
        path = f"slurm.partitions.{name}.groups"
        if not groups:
            yield Problem(path, "is empty", f"name compute groups: {', '.join(known)}")
        for index, group in enumerate(groups):
            if group not in known:
                yield Problem(f"{path}[{index}]", f"there is no compute group {group}", did_you_mean(group, known))
            elif group in groups[:index]:
                yield Problem(f"{path}[{index}]", f"{group} is in the list twice", "keep one of them")


def one_default(config: ClusterConfig) -> Iterator[Problem]:
    """Jobs that name no partition go to one partition."""
    every = config.slurm.partitions
    defaults = [name for name, partition in every.items() if partition.default]
    if len(defaults) > 1:
        what = f"{' and '.join(defaults)} are default partitions"
        yield Problem("slurm.partitions", what, "set default: true on one of them only")
    if not defaults and len(every) > 1:
        yield Problem("slurm.partitions", "no partition is the default", "set default: true on one of them")


def partition_names(config: ClusterConfig) -> Iterator[Problem]:
    """No partition has a name that means something else to Slurm."""
    for name in config.slurm.partitions:
        if name.lower() == "default":
            yield Problem(f"slurm.partitions.{name}", "Slurm keeps this name for itself", "choose another name")


def managed_options(config: ClusterConfig) -> Iterator[Problem]:
    """Nothing is set that follows from other settings."""
    yield from _managed("slurm.options", config.slurm.options, MANAGED)


def managed_partition_options(config: ClusterConfig) -> Iterator[Problem]:
    """The same for partitions."""
    for name, partition in config.slurm.partitions.items():
        yield from _managed(f"slurm.partitions.{name}.options", partition.options, MANAGED_OF_PARTITIONS)


def managed_node_options(config: ClusterConfig) -> Iterator[Problem]:
    """The same for compute groups."""
    for name, group in config.slurm.nodegroups.items():
        yield from _managed(f"slurm.nodegroups.{name}.options", group.options, MANAGED_OF_NODES)


def _managed(path: str, options: Iterable[str], managed: Mapping[str, str]) -> Iterator[Problem]:
    by_lower = {option.lower(): source for option, source in managed.items()}  # Slurm ignores case.
    seen: set[str] = set()
    for option in options:
        if option.lower() in by_lower:
            what = "is set by the appliance"
            yield Problem(f"{path}.{option}", what, f"it follows from: {by_lower[option.lower()]}")
        if option.lower() in seen:
            yield Problem(f"{path}.{option}", "is set twice, in different spelling", "keep one of them")
        seen.add(option.lower())


#: Files of Slurm that have settings of their own.
OWN_FILES = {
    "slurm.conf": "slurm.options",
    "cgroup.conf": "slurm.cgroup",
    "gres.conf": "slurm.nodegroups.<group>.gres",
    "slurmdbd.conf": "slurm.slurmdbd_options",
    "sources.json": "another name",
}
#: Options of slurmdbd.conf that the appliance writes, or that would part it from its database.
MANAGED_OF_SLURMDBD = frozenset(
    [
        "authtype",
        "dbdhost",
        "dbdaddr",
        "dbdport",
        "slurmuser",
        "pidfile",
        "storagetype",
        "storagehost",
        "storageport",
        "storageloc",
        "storageuser",
        "storagepass",
        "storagebackuphost",
    ]
)


def own_files(config: ClusterConfig) -> Iterator[Problem]:
    """No file is given that is written from other settings."""
    for name in config.slurm.files:
        if name in OWN_FILES:
            yield Problem(f"slurm.files.{name}", "is written by the appliance", f"use {OWN_FILES[name]}")


def slurmdbd_options(config: ClusterConfig) -> Iterator[Problem]:
    """slurmdbd keeps the database that the appliance gives it."""
    for name in config.slurm.slurmdbd_options:
        if name.lower() in MANAGED_OF_SLURMDBD:
            yield Problem(f"slurm.slurmdbd_options.{name}", "is set by the appliance", "remove it")


CHECKS = (
    own_files,
    slurmdbd_options,
    groups_exist,
    one_default,
    partition_names,
    managed_options,
    managed_partition_options,
    managed_node_options,
)
