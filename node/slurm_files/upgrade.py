"""What another release of Slurm needs before it starts on existing state: a backup, nothing, or a refusal. Pure.

Slurm converts state when a newer release starts on it, and no release converts it back.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from .release import refusal, release, upstream


class UpgradeAction(enum.Enum):
    """What to do before Slurm's daemons start."""

    NOTHING = "nothing"
    BACK_UP = "back up"
    REFUSE = "refuse"


@dataclass(frozen=True)
class PendingUpgrade:
    """An upgrade that began: a backup exists, and daemons may have converted state.

    Attributes:
        version: version that converts the state.
        backup: name of the backup.
    """

    version: str
    backup: str


@dataclass(frozen=True)
class UpgradeDecision:
    """What to do, and why.

    Attributes:
        action: what to do.
        reason: for people.
        remedy: what people can do; empty unless refused.
    """

    action: UpgradeAction
    reason: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.reason}; {self.remedy}" if self.remedy else self.reason


def decide(
    recorded: Mapping[str, str], has_state: bool, installed: str, pending: PendingUpgrade | None
) -> UpgradeDecision:
    """Decide what the installed release needs.

    Args:
        recorded: version of each daemon's state; empty on a state volume from before there was a record.
        has_state: whether there is state at all.
        installed: version that is to run.
        pending: the upgrade that has begun and not ended, or None.
    """
    if pending is not None:
        found = refusal(pending.version, installed)
        if found is not None:
            return UpgradeDecision(
                UpgradeAction.REFUSE,
                f"an upgrade to Slurm {pending.version} has begun, so its daemons may have converted the state",
                f"use the image with Slurm {pending.version} again, or restore the backup {pending.backup}",
            )
        if release(pending.version) == release(installed):
            return UpgradeDecision(UpgradeAction.NOTHING, f"the backup {pending.backup} was made for this upgrade")
    for daemon, version in sorted(recorded.items()):
        found = refusal(version, installed)
        if found is not None:
            return UpgradeDecision(UpgradeAction.REFUSE, f"{daemon}'s state: {found[0]}", found[1])
    if not has_state:
        return UpgradeDecision(UpgradeAction.NOTHING, "there is no state yet")
    if not recorded:
        return UpgradeDecision(UpgradeAction.BACK_UP, "the release of the state is not recorded")
    former = sorted({release(version) for version in recorded.values()} - {release(installed)})
    if former:
        return UpgradeDecision(
            UpgradeAction.BACK_UP, f"Slurm {upstream(installed)} converts the state of {', '.join(former)}"
        )
    return UpgradeDecision(UpgradeAction.NOTHING, f"the state is of Slurm {release(installed)}")
