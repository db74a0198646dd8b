"""What each node's acknowledgement means while site.yml waits for it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from node.export_receiver.acknowledgement import Acknowledgement


class NodeVerdict(Enum):
    """The state of a node."""

    WAITING = "waiting"
    UNCHANGED = "unchanged"
    CHANGED = "changed"
    FAILED = "failed"
    QUIET = "quiet"  #: its server never said anything: it is away, or its image has no compute-follow


@dataclass(frozen=True)
class Expected:
    """What is exported for a node.

    Attributes:
        signed: digest of its bundle.signed.
        instance_id: its server.
    """

    signed: str
    instance_id: str


@dataclass(frozen=True)
class WaitLimits:
    """How long to wait.

    Attributes:
        notice: seconds until a node must have noticed what is exported.
        end: seconds until it must have applied it.
    """

    notice: float
    end: float


@dataclass(frozen=True)
class Tally:
    """The state of all nodes.

    Attributes:
        verdicts: by node.
        problems: what failed, by node.
    """

    verdicts: Mapping[str, NodeVerdict] = field(default_factory=dict)
    problems: Mapping[str, str] = field(default_factory=dict)

    def count(self, *verdicts: NodeVerdict) -> int:
        """The number of nodes in any of these states."""
        return sum(each in verdicts for each in self.verdicts.values())

    def nodes(self, verdict: NodeVerdict) -> list[str]:
        """The nodes in a state, by name."""
        return sorted(node for node, each in self.verdicts.items() if each is verdict)

    @property
    def progress(self) -> str:
        """A sentence with counts for the operator."""
        good, failed = self.count(NodeVerdict.UNCHANGED, NodeVerdict.CHANGED), self.count(NodeVerdict.FAILED)
        text = f"{good} of {len(self.verdicts)} compute nodes have their settings"
        return f"{text}, {failed} failed" if failed else text


def judge(
    expected: Expected, said: Acknowledgement | str | None, waited: float, limits: WaitLimits
) -> tuple[NodeVerdict, str]:
    """A node's state, and what failed.

    Args:
        expected: what is exported for it.
        said: its acknowledgement; None if its file is blank; a text says why it cannot be read.
        waited: seconds since the export.
        limits: how long to wait.
    """
    late = waited >= limits.notice
    if said is None or (isinstance(said, Acknowledgement) and said.instance_id != expected.instance_id):
        return (NodeVerdict.QUIET, "") if late else (NodeVerdict.WAITING, "")
    if isinstance(said, str):
        return (NodeVerdict.FAILED, said) if late else (NodeVerdict.WAITING, "")
    if said.signed != expected.signed and said.status != "running":
        seconds = f"{limits.notice:.0f} s"
        problem = f"is away: it has not noticed its new settings within {seconds}; they apply when it is back"
        return (NodeVerdict.FAILED, problem) if late else (NodeVerdict.WAITING, "")
    if said.status == "running":
        where = ": ".join(each for each in (said.step, said.text) if each)
        return (
            (NodeVerdict.FAILED, f"compute-init timed out at {where}")
            if waited >= limits.end
            else (NodeVerdict.WAITING, "")
        )
    if said.status == "failed":
        return NodeVerdict.FAILED, f"compute-init failed in {said.step}: {said.text}"
    if said.status == "skipped":
        return NodeVerdict.FAILED, f"compute-init: {said.text}"
    return (NodeVerdict.CHANGED if said.state == "done" else NodeVerdict.UNCHANGED), ""


def tally(
    expected: Mapping[str, Expected],
    said: Mapping[str, Acknowledgement | str | None],
    waited: float,
    limits: WaitLimits,
) -> Tally:
    """The state of all nodes."""
    judged = {node: judge(each, said.get(node), waited, limits) for node, each in expected.items()}
    return Tally(
        {node: verdict for node, (verdict, _) in judged.items()},
        {node: problem for node, (_, problem) in judged.items() if problem},
    )
