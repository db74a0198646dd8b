"""Names: each group and each node has one of its own, and one that DNS, Slurm and Ansible take."""

import re
from collections.abc import Iterator

from slurm_appliance.config.checks.groups import for_each_group, known_groups, listed
from slurm_appliance.config.cluster import ClusterConfig
from slurm_appliance.config.naming import CONTROL, NodeKind, ansible_alias, ansible_group, fqdn, setting_of
from slurm_appliance.config.node_group import NodeGroupConfig
from slurm_appliance.config.salvage import NotParsed
from slurm_appliance.errors import Problem

#: Groups that site.yml makes during a run.
_OF_A_RUN = frozenset({"compute_described", "compute_failed", "compute_over_ssh"})
#: Groups that every inventory has, or that Ansible and Slurm have a meaning of their own for.
RESERVED = _OF_A_RUN | {
    *("login", "compute", "control", "default", "additional", "all", "ungrouped", "builder", "rebuild", "localhost")
}

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def group_names(config: ClusterConfig) -> Iterator[Problem]:
    """No group has a reserved name, or one that the inventory has for another group: hyphens are underscores there."""
    first: dict[str, str] = {}
    for kind, name, _group in known_groups(config):
        path, own = f"{setting_of(kind)}.{name}", ansible_group(name)
        if own in RESERVED:
            yield Problem(path, f"the name {name} is reserved", f"choose another than {', '.join(sorted(RESERVED))}")
        if own in first:
            what = f"there is a group {name} already: {first[own]}"
            if first[own].partition(".")[2] != name:
                what = f"the inventory calls it {own}, like {first[own]}"
            yield Problem(path, what, "group names are unique: rename one")
        first.setdefault(own, path)
    for kind, name, _group in known_groups(config):
        alias, path = ansible_alias(config.cluster_name, name), f"{setting_of(kind)}.{name}"
        if alias in first:
            what = f"the inventory calls {path} {alias}, too, after cluster and group"
            yield Problem(first[alias], what, "rename one of the two groups")


def host_names(config: ClusterConfig, _kind: NodeKind, path: str, group: NodeGroupConfig) -> Iterator[Problem]:
    """Every label of a node's full name is one that DNS takes."""
    bad = [name for name in (fqdn(config, node, group.nodename_template) for node in group.nodes) if not _valid(name)]
    if bad:
        yield Problem(
            f"{path}.nodes",
            f"no valid host name: {listed(bad)}",
            "labels have letters, digits and inner hyphens, at most 63 characters; the whole at most 253",
        )


def control_name(config: ClusterConfig) -> Iterator[Problem]:
    """The control node's name is one that DNS takes."""
    name = fqdn(config, CONTROL)
    if not _valid(name):
        remedy = "shorten cluster_name, or change cluster_nodename_template"
        yield Problem("cluster_nodename_template", f"gives the control node no valid name: {name}", remedy)


def _valid(name: str) -> bool:
    return len(name) <= 253 and all(_LABEL.fullmatch(label) for label in name.split("."))


def _host(config: ClusterConfig, node: str, group: NodeGroupConfig | None = None) -> str:
    """The first label of a node's name, as far as it is known: a mistake in the cluster's name hides no other."""
    template = group.nodename_template if group else None
    try:
        return fqdn(config, node, template).partition(".")[0]
    except NotParsed:
        return node


def unique_nodes(config: ClusterConfig) -> Iterator[Problem]:
    """No two nodes share the first label of their names: the server's name, and the node's in Slurm."""
    first = {_host(config, CONTROL): "the control node"}
    for kind, name, group in known_groups(config):
        path = f"{setting_of(kind)}.{name}.nodes"
        try:
            hosts = [_host(config, node, group) for node in group.nodes]
        except NotParsed:
            continue
        taken: dict[str, list[str]] = {}
        for host in hosts:
            if host in first:
                taken.setdefault(first[host], []).append(host)
            first.setdefault(host, path)
        for owner, names in taken.items():
            where = "in this group" if owner == path else f"in {owner}" if owner.endswith(".nodes") else owner
            yield Problem(path, f"used twice, also {where}: {listed(names)}", "give every node a name of its own")


CHECKS = (group_names, for_each_group(host_names), control_name, unique_nodes)
