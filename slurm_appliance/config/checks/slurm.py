"""Slurm: partitions are over groups that exist, one is the default, and nothing is set twice."""

import re
from collections.abc import Iterator, Mapping

from slurm_appliance.config import slurm_options
from slurm_appliance.config.cluster import ClusterConfig
from slurm_appliance.config.problems import show
from slurm_appliance.config.salvage import NotParsed
from slurm_appliance.config.slurm import ComputeNodeOptions, Partition, SlurmSettings
from slurm_appliance.config.suggest import did_you_mean
from slurm_appliance.errors import Problem

#: The settings that options which the template writes follow from; what they are is read from the template itself.
FOLLOWS_FROM = {
    slurm_options.CLUSTER: {
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
    },
    slurm_options.PARTITIONS: {
        "PartitionName": "its name",
        "Nodes": "groups",
        "Default": "default",
        "MaxTime": "max_time",
        "State": "state",
    },
    slurm_options.NODES: {
        "NodeName": "nodes of the group",
        "Features": "features",
        "Gres": "gres",
        "RealMemory": "memory_mb and memory_percent",
        "State": "scontrol update",
    },
}

_AUTHENTICATION = "set slurm.auth_type"
_ONE_CONTROLLER = "the cluster has one controller, its control node"
_PORTS = "other programs, firewalls and nodes that boot expect the usual port"
#: Options that the template does not write and that would break what else the appliance sets up: why.
REFUSED = {
    slurm_options.CLUSTER: {
        **dict.fromkeys(("AuthType", "CredType", "CryptoType"), _AUTHENTICATION),
        **dict.fromkeys(
            ("BackupAddr", "BackupController", "ControlAddr", "ControlMachine", "SlurmctldAddr"), _ONE_CONTROLLER
        ),
        **dict.fromkeys(("SlurmctldPort", "SlurmdPort", "AccountingStoragePort"), _PORTS),
        "DownNodes": "states of nodes are set with scontrol update",
        "FrontendName": "nodes run daemons of their own",
        "Include": "other files would not come to the nodes: write their options here",
        "SlurmdUser": "slurmd runs as root",
    },
    slurm_options.PARTITIONS: {"Shared": "it is called OverSubscribe", "Priority": "it is called PriorityTier"},
    slurm_options.NODES: {
        **dict.fromkeys(("NodeAddr", "NodeHostname", "BcastAddr"), "names and addresses follow from the inventory"),
        "Feature": "set features of the group",
        "Port": _PORTS,
    },
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
            remedy = f"name compute groups: {', '.join(known)}" if known else "remove it until there is a compute group"
            yield Problem(path, "is empty", remedy)
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


def _places(config: ClusterConfig) -> Iterator[tuple[slurm_options.Level, str, Mapping[str, str]]]:
    """All places that options are given at and that could be read: level, path, options."""
    found: list[tuple[slurm_options.Level, str, SlurmSettings | Partition | ComputeNodeOptions]]
    found = [(slurm_options.CLUSTER, "slurm.options", config.slurm)]
    for of_names, level, of_kind in (
        ("partitions", slurm_options.PARTITIONS, lambda: config.slurm.partitions),
        ("nodegroups", slurm_options.NODES, lambda: config.slurm.nodegroups),
    ):
        try:
            found += [(level, f"slurm.{of_names}.{name}.options", holder) for name, holder in of_kind().items()]
        except NotParsed:
            continue
    for level, path, holder in found:
        try:
            yield level, path, holder.options
        except NotParsed:
            continue


def options(config: ClusterConfig) -> Iterator[Problem]:
    """Options of slurm.conf are ones that Slurm knows and the appliance does not write, each given once."""
    for level, path, given in _places(config):
        seen: set[str] = set()
        for option, value in given.items():
            yield from _option(level, f"{path}.{option}", option, value)
            if option.lower() in seen:
                what = "is set twice, in different spelling"
                yield Problem(f"{path}.{option}", what, "Slurm does not care for case: keep one of them")
            seen.add(option.lower())


def _option(level: slurm_options.Level, path: str, option: str, value: str) -> Iterator[Problem]:
    name = level.canonical(option)
    if name in slurm_options.managed(level):
        source = FOLLOWS_FROM[level].get(name, "other settings")
        yield Problem(path, "is set by the appliance", f"it follows from: {source}")
    elif name in REFUSED[level]:
        yield Problem(path, "cannot be set on these clusters", REFUSED[level][name])
    elif not level.knows(name):
        yield from _unknown(level, path, name)
    if name not in slurm_options.FREE_TEXT and re.search(r"\s", value):
        joined = re.sub(r"\s*,\s*", ",", value)
        remedy = f"write it without spaces: {joined}" if not re.search(r"\s", joined) else "write it without spaces"
        yield Problem(path, f"{show(value)} has a space in it, and Slurm would read on as another option", remedy)


def _unknown(level: slurm_options.Level, path: str, name: str) -> Iterator[Problem]:
    for other in (slurm_options.CLUSTER, slurm_options.PARTITIONS, slurm_options.NODES):
        if other.knows(name):
            yield Problem(path, f"is an option of {other.name}, not of {level.name}", f"set it in {other.setting}")
            return
    meant = level.meant(name)
    if meant is not None:
        yield Problem(path, "is no option that Slurm knows", f"did you mean '{meant}'?")


#: Files of Slurm that have settings of their own.
OWN_FILES = {
    "slurm.conf": "slurm.options",
    "cgroup.conf": "slurm.cgroup",
    "gres.conf": "slurm.nodegroups.<group>.gres",
    "slurm.key": "slurm.auth_type",
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
        "parameters",
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


_TREE = "topology/tree"


def one_topology(config: ClusterConfig) -> Iterator[Problem]:
    """The topology comes from one place."""
    if config.slurm.topology is None:
        return
    if "topology.conf" in config.slurm.files:
        what = "slurm.topology writes this file"
        yield Problem("slurm.files.topology.conf", what, "remove one of the two")
    for name, value in config.slurm.options.items():
        if name.lower() == "topologyplugin" and value.lower() != _TREE:
            what = f"slurm.topology needs {_TREE}, but this is {value}"
            yield Problem(f"slurm.options.{name}", what, "remove one of the two")


CHECKS = (own_files, one_topology, slurmdbd_options, groups_exist, one_default, partition_names, options)
