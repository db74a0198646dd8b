"""Filters that divide a node's memory among its processors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

_COUNT = re.compile(r"\b(CPUs|Sockets|CoresPerSocket|ThreadsPerCore)=(\d+)", re.IGNORECASE)
_DEFAULT_MEMORY = frozenset({"defmempercpu", "defmempernode", "defmempergpu"})


def slurm_memory_per_cpu(processors: str, memory_mb: int) -> int:
    """MB of memory per processor of a node, at least 1.

    Args:
        processors: the node's processors in slurm.conf syntax: ``CPUs=4``, or sockets, cores and threads.
        memory_mb: the memory available to jobs.
    """
    counts = {name.lower(): int(count) for name, count in _COUNT.findall(processors)}
    cpus = counts.get("cpus", 0)
    if not cpus:
        cpus = counts.get("sockets", 1) * counts.get("corespersocket", 1) * counts.get("threadspercore", 1)
    return max(int(memory_mb) // max(cpus, 1), 1)


def slurm_default_memory(
    of_groups: Mapping[str, int], groups: Iterable[str], options: Mapping[str, Any], partition: Mapping[str, Any]
) -> str:
    """A partition's option for jobs that request no memory; empty if none is needed.

    A job gets its processors' share of the memory, so that jobs fit next to each other on a node. If nodes differ, the
    smallest share is used, so that the job fits on all of them.

    Args:
        of_groups: MB of memory per processor, by compute group.
        groups: the partition's groups.
        options: options of slurm.conf; an explicit default memory takes precedence.
        partition: options of the partition; likewise.
    """
    given = {name.lower(): str(value).lower() for name, value in options.items()}
    if "memory" not in given.get("selecttypeparameters", "") or given.keys() & _DEFAULT_MEMORY:
        return ""
    if {name.lower() for name in partition} & _DEFAULT_MEMORY:
        return ""
    shares = [of_groups[group] for group in groups if group in of_groups]
    return f" DefMemPerCPU={min(shares)}" if shares else ""


class FilterModule:
    """The class that Ansible loads."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filters by name."""
        return {"slurm_memory_per_cpu": slurm_memory_per_cpu, "slurm_default_memory": slurm_default_memory}
