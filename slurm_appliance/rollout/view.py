"""Presents a rollout as rows and counts. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from slurm_appliance.config.hostlist import fold
from slurm_appliance.rollout.facts import NodeFacts, RolloutFacts
from slurm_appliance.rollout.plan import natural
from slurm_appliance.rollout.record import NodeRecord, Phase

_SHORT = 8


@dataclass(frozen=True)
class ViewRow:
    """One node, or several that differ only in their names.

    Attributes:
        nodes: a name, or a node list.
        count: number of nodes.
        state: its phase, or Slurm's state if no rollout has touched it.
        since: in seconds since the epoch, 0 if unknown.
    """

    nodes: str
    count: int
    slurm: str
    current: str
    target: str
    state: str
    since: float
    why: str

    def as_json(self) -> dict[str, Any]:
        """The row as a JSON object."""
        return asdict(self)


def rows(records: Mapping[str, NodeRecord], facts: RolloutFacts) -> list[ViewRow]:
    """One row per node, by name."""
    return [_row(name, records.get(name), facts.nodes[name]) for name in sorted(facts.nodes, key=natural)]


def _row(name: str, record: NodeRecord | None, node: NodeFacts) -> ViewRow:
    if record and not _tells(record, node):
        record = None
    if record:
        state, why = record.phase.value, record.why
    elif node.on_target:
        state, why = "up to date", ""
    else:
        state = "to do" if node.target else "no target"
        why = "" if node.slurm is None or node.slurm.in_service else node.slurm.reason
    return ViewRow(
        nodes=name,
        count=1,
        slurm=node.slurm.state if node.slurm else "unknown to Slurm",
        current=node.current,
        target=node.target,
        state=state,
        since=record.since if record else 0.0,
        why=why,
    )


def _tells(record: NodeRecord, node: NodeFacts) -> bool:
    """Whether a record adds information: not before the node has started, nor after its target has changed."""
    if record.phase is Phase.DONE:
        return node.on_target
    return record.phase is not Phase.WAITING or bool(record.why)


def folded(listed: Iterable[ViewRow]) -> list[ViewRow]:
    """Rows that agree in everything but name and time, as one with a node list."""
    alike: dict[tuple[str, ...], list[ViewRow]] = {}
    for row in listed:
        alike.setdefault((row.slurm, row.current, row.target, row.state, row.why), []).append(row)
    return [
        replace(
            some[0],
            nodes=fold(row.nodes for row in some),
            count=len(some),
            since=min(row.since for row in some),
        )
        for some in alike.values()
    ]


def counts(records: Iterable[NodeRecord]) -> dict[str, int]:
    """Number of nodes by phase, without empty phases."""
    found = Counter(record.phase for record in records)
    return {phase.value: found[phase] for phase in Phase if found[phase]}


def short(image_id: str) -> str:
    """A short image ID."""
    return image_id[:_SHORT] or "-"
