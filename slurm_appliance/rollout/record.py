"""What a rollout remembers about a node from one look to the next."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum


class Phase(StrEnum):
    """How far a node is."""

    #: Its turn has not come.
    WAITING = "waiting"
    #: Slurm was asked to reboot it, and waits for its jobs.
    DRAINING = "draining"
    #: Slurm has called the RebootProgram.
    REBOOTING = "rebooting"
    #: On its target image and back in service.
    DONE = "done"
    #: Not on its target image, or not back, after all tries.
    FAILED = "failed"
    #: Left alone: somebody else has taken it out of service, or nobody knows its target.
    SKIPPED = "skipped"
    #: Given back to Slurm as it was, because the rollout stopped before its reboot.
    RELEASED = "released"


UNDER_WAY = frozenset({Phase.DRAINING, Phase.REBOOTING})
OVER = frozenset({Phase.DONE, Phase.FAILED, Phase.SKIPPED, Phase.RELEASED})


@dataclass(frozen=True)
class NodeRecord:
    """One node.

    Attributes:
        since: when it came to its phase, seconds since the epoch.
        why: one sentence.
        tries: how many times it failed.
        asked: when this rollout asked Slurm to reboot it; 0 if somebody else did, or nobody.
        boot_before: its boot time then.
        seen: Slurm has shown that it took the request.
        asks: requests in a row that Slurm did not take.
        touched: this rollout has rebooted it.
    """

    node: str
    phase: Phase = Phase.WAITING
    since: float = 0.0
    why: str = ""
    tries: int = 0
    asked: float = 0.0
    boot_before: int = 0
    seen: bool = False
    asks: int = 0
    touched: bool = False

    def to(self, phase: Phase, why: str, now: float) -> "NodeRecord":
        """The record in another phase; `since` stays where the phase is the same."""
        return replace(self, phase=phase, why=why, since=self.since if phase is self.phase else now)


def resumed(names: Iterable[str], before: Mapping[str, NodeRecord]) -> dict[str, NodeRecord]:
    """The records of a new run: what an earlier one left under way goes on, all else is looked at anew."""
    kept = {name: record for name, record in before.items() if record.phase in UNDER_WAY}
    return {name: NodeRecord(name) for name in names} | kept
