"""What servers are given to boot with: cloud-config, server groups; and the volumes that they share."""

from collections.abc import Iterator, Mapping
from contextlib import suppress

import yaml

from slurm_appliance.config.checks.groups import for_each_group, known_groups
from slurm_appliance.config.cluster import ClusterConfig
from slurm_appliance.config.compute_init import ComputeInitRole
from slurm_appliance.config.naming import NodeKind, setting_of
from slurm_appliance.config.node_group import ComputeGroup, NodeGroupConfig
from slurm_appliance.config.salvage import NotParsed
from slurm_appliance.config.storage import HomeProvisioning
from slurm_appliance.config.suggest import did_you_mean
from slurm_appliance.config.template import fill, placeholders
from slurm_appliance.errors import Problem

#: The keys of cloud-config that the appliance writes itself.
OURS = ("bootcmd", "fqdn", "mounts")


def cluster_cloud_config(config: ClusterConfig) -> Iterator[Problem]:
    """The cluster's cloud-config is YAML that goes together with ours."""
    yield from _cloud_config(
        "additional_cloud_config", config.additional_cloud_config, config.additional_cloud_config_vars
    )


def group_cloud_config(config: ClusterConfig, _kind: NodeKind, path: str, group: NodeGroupConfig) -> Iterator[Problem]:
    """A group's cloud-config is YAML that goes together with ours."""
    variables = {**config.additional_cloud_config_vars, **group.additional_cloud_config_vars}
    yield from _cloud_config(f"{path}.additional_cloud_config", group.additional_cloud_config, variables)


def _cloud_config(path: str, text: str | None, variables: Mapping[str, str]) -> Iterator[Problem]:
    if not text:
        return
    unknown = sorted(placeholders(text.replace("$${", "")) - variables.keys())
    for name in unknown:
        yield Problem(
            path, f"${{{name}}} stands for nothing", f"set {path}_vars.{name}, or write $${{{name}}} to keep it"
        )
    try:
        content = yaml.safe_load(fill(text, {**dict.fromkeys(unknown, "x"), **variables}))
    except (yaml.YAMLError, ValueError, RecursionError):
        yield Problem(path, "is not valid YAML", "write cloud-config: a YAML mapping")
        return
    if not isinstance(content, dict):
        yield Problem(path, "is not a mapping", "write cloud-config: a YAML mapping")
        return
    for key in OURS:
        if key in content:
            yield Problem(path, f"sets {key}", f"{', '.join(OURS)} are written by the appliance: leave them out")


def one_server_group(_config: ClusterConfig, _kind: NodeKind, path: str, group: NodeGroupConfig) -> Iterator[Problem]:
    """A server group either exists or is created."""
    if group.server_group_id is not None and group.server_group_policy is not None:
        yield Problem(f"{path}.server_group_policy", "server_group_id is set as well", "keep one of the two")


def shared_server_groups(config: ClusterConfig) -> Iterator[Problem]:
    """Shared server groups exist, and have names of their own."""
    places: list[tuple[str, str, str | None, ClusterConfig | NodeGroupConfig]] = [
        ("control_server_group", "control_server_group_id", config.control_server_group, config)
    ]
    for kind, name, group in known_groups(config):
        path = f"{setting_of(kind)}.{name}"
        with suppress(NotParsed):
            places.append((f"{path}.server_group", f"{path}.server_group_id", group.server_group, group))
            if name in config.server_groups and group.server_group_policy is not None:
                what = f"would be called like that of {path}"
                yield Problem(f"server_groups.{name}", what, "choose another name")
    for path, other, shared, holder in places:
        if shared is None:
            continue
        if shared not in config.server_groups:
            remedy = (
                did_you_mean(shared, config.server_groups) if config.server_groups else "describe it in server_groups"
            )
            yield Problem(path, f"there is no server group {shared}", remedy)
        taken = getattr(holder, "control_server_group_id" if holder is config else "server_group_id", None)
        if taken is not None or getattr(holder, "server_group_policy", None) is not None:
            yield Problem(path, f"{other} or a policy is set as well", "keep one of them")


def one_placement(_config: ClusterConfig, _kind: NodeKind, path: str, group: NodeGroupConfig) -> Iterator[Problem]:
    """A node is placed in one way."""
    if group.match_ironic_node and group.hypervisor_hostname is not None:
        yield Problem(f"{path}.hypervisor_hostname", "match_ironic_node is set as well", "keep one of the two")


def compute_init_switch(_config: ClusterConfig, kind: NodeKind, path: str, group: NodeGroupConfig) -> Iterator[Problem]:
    """Roles of compute-init are listed once, and with the switch that makes them run."""
    if kind is not NodeKind.COMPUTE:
        return
    compute: ComputeGroup = group  # type: ignore[assignment]  # Groups of this kind are.
    roles = compute.compute_init_enable
    if roles is None:
        return
    if ComputeInitRole.COMPUTE not in roles:
        what = "leaves out compute, without which no node of the group joins Slurm"
        yield Problem(f"{path}.compute_init_enable", what, "add compute, or remove the setting: then all roles run")
    for index, role in enumerate(roles):
        if role in roles[:index]:
            what = f"{role} is in the list twice"
            yield Problem(f"{path}.compute_init_enable[{index}]", what, "keep one of them")


def one_health_check(config: ClusterConfig, kind: NodeKind, path: str, group: NodeGroupConfig) -> Iterator[Problem]:
    """Health checks are on or off in one place."""
    if kind is not NodeKind.COMPUTE or config.features.nhc:
        return
    compute: ComputeGroup = group  # type: ignore[assignment]  # Groups of this kind are.
    if ComputeInitRole.NHC in (compute.compute_init_enable or ()):
        what = "lists nhc, but features.nhc is false"
        yield Problem(f"{path}.compute_init_enable", what, "remove one of the two: nhc follows from features.nhc")


def one_home(config: ClusterConfig) -> Iterator[Problem]:
    """Home directories come from one place."""
    if config.home.server is not None and config.home_volume_provisioning is not HomeProvisioning.NONE:
        what = f"{config.home.server} serves the home directories, but there is a home volume, too"
        yield Problem("home.server", what, "set home_volume_provisioning: none, or remove home.server")
    mounted = any(each.mount_point == config.home.mount_point for each in config.filesystems.values())
    if config.home.server is None and config.home_volume_provisioning is HomeProvisioning.NONE and not mounted:
        what = "none without home.server leaves users without home directories"
        yield Problem(
            "home_volume_provisioning",
            what,
            "set home.server, or home_volume_provisioning: manage, or mount one of filesystems there",
        )


CHECKS = (
    cluster_cloud_config,
    for_each_group(group_cloud_config),
    for_each_group(one_server_group),
    for_each_group(one_placement),
    shared_server_groups,
    for_each_group(compute_init_switch),
    for_each_group(one_health_check),
    one_home,
)
