"""Checks what has to be created against the project's quotas."""

from collections import Counter
from collections.abc import Iterable, Mapping

from slurm_appliance.cloud.facts import CloudFacts, Flavor, ServerFacts
from slurm_appliance.config import ClusterConfig
from slurm_appliance.nodes import cloud_names
from slurm_appliance.nodes.groups import Group
from slurm_appliance.preflight.data import QUOTAS, data_holders, existing
from slurm_appliance.preflight.finder import Finder

_UNITS = {"ram": " MB", **{gigabytes: " GB" for _, gigabytes in QUOTAS.values()}}


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
    there, every = existing(config, facts), tuple(groups)
    for holder in data_holders(config, every):
        number, gigabytes = QUOTAS[holder.type]
        found = there.get((holder.type, holder.name))
        needed[number] += found is None
        needed[gigabytes] += max(holder.size - (found.size if found else 0), 0)
    for group in every:
        flavor = flavors.get(group.flavor[0])
        needed["ports"] += sum(cloud_names.port(*created) not in ports for created in group.created_ports)
        for node in group.nodes:
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
