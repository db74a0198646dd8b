"""Converts the output of sinfo and squeue to metrics. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping

#: sinfo's format: one line per node and partition.
SINFO = ("sinfo", "--noheader", "--Node", "--format=%N|%P|%T|%C|%e")
#: squeue's format: one line per job, with expanded arrays.
SQUEUE = ("squeue", "--noheader", "--array", "--states=all", "--format=%P|%T|%C|%V")

_FLAGS = re.compile(r"[*$@+~#!%^-]+$")
Labels = tuple[tuple[str, str], ...]


def node_metrics(text: str) -> dict[tuple[str, Labels], float]:
    """Nodes and processors by state, from SINFO's lines; each node counts once, even in several partitions."""
    states: Counter[str] = Counter()
    processors: Counter[str] = Counter()
    silent = 0
    seen: set[str] = set()
    for name, _partition, state, cpus, _free in _table(text, 5):
        if name in seen:
            continue
        seen.add(name)
        states[_FLAGS.sub("", state)] += 1
        silent += state.endswith("*")
        for kind, count in zip(("allocated", "idle", "other", "total"), cpus.split("/")):
            processors[kind] += int(count)
    metrics: dict[tuple[str, Labels], float] = {
        ("slurm_nodes", (("state", state),)): float(count) for state, count in states.items()
    }
    metrics["slurm_nodes_not_responding", ()] = float(silent)
    metrics.update({("slurm_cpus", (("kind", kind),)): float(count) for kind, count in processors.items()})
    return metrics


def job_metrics(text: str) -> dict[tuple[str, Labels], float]:
    """Jobs by partition and state, from SQUEUE's lines."""
    jobs = Counter((partition.rstrip("*"), state.lower()) for partition, state, _cpus, _since in _table(text, 4))
    return {
        ("slurm_jobs", (("partition", partition), ("state", state))): float(count)
        for (partition, state), count in jobs.items()
    }


_HELP = {
    "slurm_nodes": "Nodes by state.",
    "slurm_nodes_not_responding": "Nodes that do not respond to the controller.",
    "slurm_cpus": "Processors of all nodes by state.",
    "slurm_jobs": "Jobs that the controller knows, by partition and state.",
    "slurm_up": "Whether the controller responded.",
}


def render(metrics: Mapping[tuple[str, Labels], float]) -> str:
    """The text format of Prometheus, sorted."""
    lines = []
    for name in sorted({name for name, _ in metrics}):
        lines += [f"# HELP {name} {_HELP[name]}", f"# TYPE {name} gauge"]
        for (_, labels), value in sorted(item for item in metrics.items() if item[0][0] == name):
            inside = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels)
            lines.append(f"{name}{{{inside}}} {value:g}" if inside else f"{name} {value:g}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _table(text: str, columns: int) -> Iterable[list[str]]:
    return [parts for parts in (line.split("|") for line in text.splitlines()) if len(parts) == columns]
