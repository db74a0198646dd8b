"""What a rollout records about a node between polls."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum


class Phase(StrEnum):
    """The phase of a node."""

    #: Not started.
    WAITING = "waiting"
    #: Slurm has a reboot request, and waits for its jobs.
    DRAINING = "draining"
    #: Slurm has called the RebootProgram.
    REBOOTING = "rebooting"
    #: On its target image and back in service.
    DONE = "done"
    #: Not on its target image, or not back, after all tries.
    FAILED = "failed"
    #: Skipped: somebody else has taken it out of service, or its target is unknown.
    SKIPPED = "skipped"
    #: Returned to Slurm unchanged, because the rollout stopped before its reboot.
    RELEASED = "released"


UNDER_WAY = frozenset({Phase.DRAINING, Phase.REBOOTING})
OVER = frozenset({Phase.DONE, Phase.FAILED, Phase.SKIPPED, Phase.RELEASED})


@dataclass(frozen=True)
class NodeRecord:
    """One node.

    Attributes:
        since: start of its phase, in seconds since the epoch.
        why: one sentence.
        tries: number of failed tries.
        asked: time of this rollout's reboot request to Slurm; 0 if there is none.
        boot_before: its boot time at that time.
        seen: Slurm has accepted the request.
        asks: number of consecutive requests that Slurm did not accept.
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
        """The record in another phase; `since` is kept if the phase is the same."""
        return replace(self, phase=phase, why=why, since=self.since if phase is self.phase else now)


def resumed(names: Iterable[str], before: Mapping[str, NodeRecord]) -> dict[str, NodeRecord]:
    """The records for a new run: nodes in progress continue, all others start again."""
    kept = {name: record for name, record in before.items() if record.phase in UNDER_WAY}
    return {name: NodeRecord(name) for name in names} | kept
