"""Checks volume types, and volumes that must exist."""

from collections.abc import Iterable, Iterator

from slurm_appliance.cloud.facts import CloudFacts, ServerFacts
from slurm_appliance.config import ClusterConfig, control_node
from slurm_appliance.config.storage import HomeProvisioning, StateProvisioning
from slurm_appliance.nodes import cloud_names
from slurm_appliance.nodes.groups import Group
from slurm_appliance.preflight.finder import Finder


def volume_types(config: ClusterConfig, groups: Iterable[Group], facts: CloudFacts, finder: Finder) -> None:
    """Check that the named volume types exist."""
    for path, name in _volume_types(config, groups):
        if name is not None and "volume" not in facts.absent:
            finder.among(path, "volume type", name, facts.volume_types)


def _volume_types(config: ClusterConfig, groups: Iterable[Group]) -> Iterator[tuple[str, str | None]]:
    yield "state_volume_type", config.state_volume_type
    yield "home_volume_type", config.home_volume_type
    yield "root_volume_type", config.root_volume_type
    yield "control_root_volume_type", config.control_root_volume_type
    for group in groups:
        yield group.at("root_volume_type"), group.own.root_volume_type if group.own else None
        for name, volume in group.extra_volumes.items():
            yield f"{group.extra_volumes_path}.{name}.volume_type", volume.volume_type


def attached(
    config: ClusterConfig, groups: Iterable[Group], facts: CloudFacts, servers: dict[str, ServerFacts], finder: Finder
) -> dict[str, str]:
    """The existing volumes to attach: IDs by name."""
    if "volume" in facts.absent:
        if config.state_volume_provisioning is StateProvisioning.MANAGE:
            finder.problem(
                "state_volume_provisioning", "this cloud has no volume service", "the control node needs one"
            )
        return {}
    found: dict[str, str] = {}
    for path, name, owner in _to_attach(config, groups):
        volume = finder.named(path, "volume", name, facts.volumes)
        if volume is None:
            continue
        server = servers.get(owner)
        if volume.status != "available" and (server is None or server.id not in volume.server_ids):
            what = f"volume {name} is {volume.status}" + (" elsewhere" if volume.server_ids else "")
            finder.problem(path, what, f"only {owner} may use it: detach it there first")
        found[name] = volume.id
    return found


def _to_attach(config: ClusterConfig, groups: Iterable[Group]) -> Iterator[tuple[str, str, str]]:
    """Config path, name of the volume, name of the server."""
    control = control_node(config).hostname
    if config.state_volume_provisioning is StateProvisioning.ATTACH:
        yield "state_volume_provisioning", cloud_names.state_volume(config), control
    if config.home_volume_provisioning is HomeProvisioning.ATTACH:
        yield "home_volume_provisioning", cloud_names.home_volume(config), control
    for group in groups:
        for name, volume in group.extra_volumes.items():
            if volume.size is None:
                for node in group.nodes:
                    path = f"{group.extra_volumes_path}.{name}"
                    yield path, cloud_names.extra_volume(config, node, name), node.hostname
