"""Keeps a failed node out of service, step by step. Pure.

Setting it DOWN is not enough: with ReturnToService=2, a node whose slurmd responds returns to service at the next ping,
with its old image. DRAIN alone is not enough either: when ResumeTimeout ends a reboot, Slurm removes DRAIN. So the
reboot is cancelled first if Slurm allows that (after ``scontrol reboot``), or its end is awaited (after ``srun
--reboot``), and then DRAIN is set. Observed with Slurm 22.05; tests/engine/rollout shows each case.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from .slurm_state import SlurmNode


class FailureNotice(Enum):
    """The steps to report a failed node to Slurm."""

    #: Cancel its reboot.
    TAKE_OUT = "take out"
    #: Its reboot cannot be cancelled.
    PIN = "pin"
    #: It may have jobs, which continue.
    DRAIN = "drain"
    #: It may return to service by itself.
    DOWN = "down"
    WAIT = "wait"
    DONE = "done"


#: The states to set for a step, in order. DOWN ends a job that waits for the boot; after RESUME the node is
#: NOT_RESPONDING until the next ping, so no job starts before it is drained.
STATES: Mapping[FailureNotice, tuple[str, ...]] = {
    FailureNotice.TAKE_OUT: ("DOWN", "RESUME", "DRAIN"),
    FailureNotice.PIN: ("DOWN", "DRAIN"),
    FailureNotice.DRAIN: ("DRAIN",),
    FailureNotice.DOWN: ("DOWN",),
    FailureNotice.WAIT: (),
    FailureNotice.DONE: (),
}


def next_step(view: SlurmNode | None, *, hold: bool, told: bool) -> FailureNotice:
    """The next step for a failed node.

    Args:
        view: Slurm's view; None if Slurm does not know the node.
        hold: whether it must be kept out of service.
        told: whether Slurm already has the reason.
    """
    if view is None:
        return FailureNotice.DONE
    if not hold:
        # A node that Slurm has returned to service may have jobs, which must not be killed.
        return FailureNotice.DONE if told or view.in_service else FailureNotice.DOWN
    if view.rebooting:
        if told:
            return FailureNotice.WAIT
        return FailureNotice.TAKE_OUT if "REBOOT_ISSUED" in view.flags else FailureNotice.PIN
    return FailureNotice.DONE if told and "DRAIN" in view.flags else FailureNotice.DRAIN
