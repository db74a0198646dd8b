"""How a node that failed is kept out of service, step by step. Pure.

Setting a node DOWN does not do it. With ReturnToService=2 a node whose slurmd answers is put back into service at the
next ping, on its old image. DRAIN alone does not either: when ResumeTimeout ends a reboot, Slurm takes the DRAIN away.
So the reboot is ended first where Slurm allows that (after ``scontrol reboot``), or its end is waited for (after
``srun --reboot``), and DRAIN is set on what is left. Seen on Slurm 22.05; tests/engine/rollout shows each of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from .slurm_state import SlurmNode


class FailureNotice(Enum):
    """What to tell Slurm about a node that failed."""

    #: Its reboot ends here.
    TAKE_OUT = "take out"
    #: Its reboot cannot be ended.
    PIN = "pin"
    #: It may have jobs: they go on.
    DRAIN = "drain"
    #: It may come back by itself.
    DOWN = "down"
    WAIT = "wait"
    DONE = "done"


#: The states to set for a step, one after the other. DOWN ends a job that waits for the boot; after RESUME the node is
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
    """What comes next for a node that failed.

    Args:
        view: Slurm's; None if Slurm does not know the node.
        hold: it must not return to service by itself.
        told: Slurm has the reason already.
    """
    if view is None:
        return FailureNotice.DONE
    if not hold:
        # One that Slurm has put back into service meanwhile may have jobs: they are not to be killed.
        return FailureNotice.DONE if told or view.in_service else FailureNotice.DOWN
    if view.rebooting:
        if told:
            return FailureNotice.WAIT
        return FailureNotice.TAKE_OUT if "REBOOT_ISSUED" in view.flags else FailureNotice.PIN
    return FailureNotice.DONE if told and "DRAIN" in view.flags else FailureNotice.DRAIN
