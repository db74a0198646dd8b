"""Selects the nodes of a rollout."""

from collections.abc import Collection, Mapping

from node.reboot_program.hostlist import HostlistError, expand
from node.reboot_program.slurm_state import SlurmNode
from slurm_appliance.errors import UsageError
from slurm_appliance.rollout.plan import natural


def select(
    nodes: Mapping[str, SlurmNode],
    targets: Collection[str],
    *,
    names: str | None = None,
    partitions: Collection[str] = (),
) -> list[str]:
    """Node names in order: all nodes with a target, or a selection.

    Args:
        nodes: Slurm's nodes.
        targets: nodes with a target.
        names: a node list in Slurm's format.
        partitions: only nodes in these partitions.

    Raises:
        UsageError: a node or partition does not exist, or no node is selected.
    """
    chosen = set(targets)
    if names is not None:
        try:
            given = expand(names)
        except HostlistError as error:
            raise UsageError(str(error)) from error
        unknown = [name for name in given if name not in nodes]
        if unknown:
            raise UsageError(f"Slurm does not know {', '.join(unknown)}", remedy="sinfo -N lists the nodes")
        chosen = set(given)
    if partitions:
        there = {partition for node in nodes.values() for partition in node.partitions}
        missing = [partition for partition in partitions if partition not in there]
        if missing:
            raise UsageError(
                f"no node is in partition {', '.join(missing)}", remedy=f"the partitions are {', '.join(sorted(there))}"
            )
        chosen = {name for name in chosen if name in nodes and set(nodes[name].partitions) & set(partitions)}
    if not chosen:
        raise UsageError("no node is selected", remedy="run site.yml, which writes the targets, or select other nodes")
    return sorted(chosen, key=natural)
