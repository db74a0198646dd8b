"""What servers are given to boot with: cloud-config, server groups; and the volumes that they share."""

from collections.abc import Iterator, Mapping

import yaml

from slurm_appliance.config.checks.groups import for_each_group
from slurm_appliance.config.cluster import ClusterConfig
from slurm_appliance.config.naming import NodeKind
from slurm_appliance.config.node_group import ComputeGroup, ComputeInitRole, NodeGroupConfig
from slurm_appliance.config.storage import HomeProvisioning
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
            what = f"{role.value} is in the list twice"
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
    for_each_group(compute_init_switch),
    for_each_group(one_health_check),
    one_home,
)
