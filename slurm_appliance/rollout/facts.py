"""A rollout's facts about the cluster at one point in time."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from node.reboot_program.slurm_state import SlurmNode


@dataclass(frozen=True)
class NodeFacts:
    """One node.

    Attributes:
        slurm: Slurm's view; None if Slurm does not know it.
        current: its server's current image; empty if unknown.
        target: its target image; empty if the control node has no record.
        job: state of the rollout's own job on it (``PENDING``, ``RUNNING``...), empty if there is none.
    """

    slurm: SlurmNode | None
    current: str = ""
    target: str = ""
    job: str = ""

    @property
    def on_target(self) -> bool:
        """Whether it runs its target image."""
        return bool(self.target) and self.current == self.target

    @property
    def pending(self) -> bool:
        """Whether Slurm has a reboot request for it that has not started."""
        return bool(self.job) or (self.slurm is not None and "REBOOT_REQUESTED" in self.slurm.flags)


@dataclass(frozen=True)
class RolloutFacts:
    """All nodes of the rollout by name, at a time in seconds since the epoch."""

    nodes: Mapping[str, NodeFacts] = field(default_factory=dict)
    now: float = 0.0
