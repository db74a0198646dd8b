from __future__ import annotations

import pytest

from node.reboot_program.holding import STATES, FailureNotice, next_step
from node.reboot_program.slurm_state import SlurmNode


@pytest.mark.parametrize(
    ("flags", "hold", "told", "step"),
    [
        ("DOWN DRAIN REBOOT_ISSUED", True, False, FailureNotice.TAKE_OUT),
        ("DOWN DRAIN REBOOT_ISSUED", True, True, FailureNotice.WAIT),
        ("ALLOCATED POWERING_UP NOT_RESPONDING", True, False, FailureNotice.PIN),
        ("DOWN DRAIN POWERING_UP", True, True, FailureNotice.WAIT),
        # ResumeTimeout has taken the DRAIN away.
        ("DOWN NOT_RESPONDING", True, True, FailureNotice.DRAIN),
        ("IDLE", True, False, FailureNotice.DRAIN),
        ("ALLOCATED", True, False, FailureNotice.DRAIN),
        ("IDLE DRAIN", True, False, FailureNotice.DRAIN),
        ("IDLE DRAIN", True, True, FailureNotice.DONE),
        ("DOWN DRAIN", True, True, FailureNotice.DONE),
        ("DOWN REBOOT_ISSUED", False, False, FailureNotice.DOWN),
        ("DOWN REBOOT_ISSUED", False, True, FailureNotice.DONE),
        ("ALLOCATED", False, False, FailureNotice.DONE),
    ],
)
def test_steps(flags: str, hold: bool, told: bool, step: FailureNotice) -> None:
    assert next_step(SlurmNode("c1", frozenset(flags.split())), hold=hold, told=told) is step


def test_a_node_that_slurm_does_not_know() -> None:
    assert next_step(None, hold=True, told=False) is FailureNotice.DONE


def test_jobs_are_killed_only_where_slurm_waits_for_a_boot() -> None:
    for step in FailureNotice:
        if "DOWN" in STATES[step]:
            assert next_step(SlurmNode("c1", frozenset({"ALLOCATED"})), hold=True, told=False) is not step
            assert next_step(SlurmNode("c1", frozenset({"MIXED", "DRAIN"})), hold=True, told=False) is not step
