"""Checks what has to be created against the project's quotas."""

from collections import Counter
from collections.abc import Iterable, Mapping

from slurm_appliance.cloud.facts import CloudFacts, Flavor, ServerFacts
from slurm_appliance.config import ClusterConfig
from slurm_appliance.config.storage import HomeProvisioning, StateProvisioning
from slurm_appliance.nodes import cloud_names
from slurm_appliance.nodes.groups import Group
from slurm_appliance.preflight.finder import Finder

_UNITS = {"ram": " MB", "gigabytes": " GB"}


def needs(
    config: ClusterConfig,
    groups: Iterable[Group],
    facts: CloudFacts,
    flavors: Mapping[str, Flavor],
    servers: Mapping[str, ServerFacts],
) -> Counter[str]:
    """The required amounts of everything that does not exist yet, by quota."""
    needed: Counter[str] = Counter()
    ports = {port.name for port in facts.ports}
    volumes = {volume.name: volume.size for volume in facts.volumes}

    def volume(name: str, size: int) -> None:
        needed["volumes"] += name not in volumes
        needed["gigabytes"] += max(size - volumes.get(name, 0), 0)

    if config.state_volume_provisioning is StateProvisioning.MANAGE:
        volume(cloud_names.state_volume(config), config.state_volume_size)
    if config.home_volume_provisioning is HomeProvisioning.MANAGE:
        volume(cloud_names.home_volume(config), config.home_volume_size)
    for group in groups:
        flavor = flavors.get(group.flavor[0])
        needed["ports"] += sum(cloud_names.port(*created) not in ports for created in group.created_ports)
        for node in group.nodes:
            for name, extra in group.extra_volumes.items():
                if extra.size is not None:
                    volume(cloud_names.extra_volume(config, node, name), extra.size)
            if node.hostname in servers:
                continue
            needed["instances"] += 1
            if flavor:
                needed["cores"] += flavor.vcpus
                needed["ram"] += flavor.ram
            if group.volume_backed:
                needed["volumes"] += 1
                needed["gigabytes"] += group.root_volume_size
    return needed


def within(needed: Mapping[str, int], facts: CloudFacts, finder: Finder) -> None:
    """Check that all quotas suffice."""
    for name, amount in needed.items():
        quota = facts.quotas.get(name)
        left = quota.left if quota else None
        if quota is None or left is None or amount <= left:
            continue
        unit = _UNITS.get(name, "")
        what = f"{amount}{unit} needed, but only {left}{unit} of the quota of {quota.limit}{unit} are left"
        finder.problem(
            f"quota of {name}", what, "ask the cloud's operators for a larger quota, or create fewer or smaller nodes"
        )
