"""Filters that share a node's memory out to its processors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

_COUNT = re.compile(r"\b(CPUs|Sockets|CoresPerSocket|ThreadsPerCore)=(\d+)", re.IGNORECASE)
_DEFAULT_MEMORY = frozenset({"defmempercpu", "defmempernode", "defmempergpu"})


def slurm_memory_per_cpu(processors: str, memory_mb: int) -> int:
    """MB of memory that belong to one processor of a node, 1 at least.

    Args:
        processors: the node's processors in the words of slurm.conf: ``CPUs=4``, or sockets, cores and threads.
        memory_mb: the memory that jobs can have.
    """
    counts = {name.lower(): int(count) for name, count in _COUNT.findall(processors)}
    cpus = counts.get("cpus", 0)
    if not cpus:
        cpus = counts.get("sockets", 1) * counts.get("corespersocket", 1) * counts.get("threadspercore", 1)
    return max(int(memory_mb) // max(cpus, 1), 1)


def slurm_default_memory(
    of_groups: Mapping[str, int], groups: Iterable[str], options: Mapping[str, Any], partition: Mapping[str, Any]
) -> str:
    """What a partition's line says of jobs that do not ask for memory; empty where it needs to say nothing.

    A job that says how many processors it wants gets their share of the memory, so that the jobs of a node fit beside
    each other. Where nodes differ, the smallest share counts: such a job fits on all of them.

    Args:
        of_groups: MB of memory a processor, by compute group.
        groups: the partition's.
        options: of slurm.conf; one that says it already goes before this.
        partition: options of the partition; the same.
    """
    given = {name.lower(): str(value).lower() for name, value in options.items()}
    if "memory" not in given.get("selecttypeparameters", "") or given.keys() & _DEFAULT_MEMORY:
        return ""
    if {name.lower() for name in partition} & _DEFAULT_MEMORY:
        return ""
    shares = [of_groups[group] for group in groups if group in of_groups]
    return f" DefMemPerCPU={min(shares)}" if shares else ""


class FilterModule:
    """What Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """The filters, by name."""
        return {"slurm_memory_per_cpu": slurm_memory_per_cpu, "slurm_default_memory": slurm_default_memory}
