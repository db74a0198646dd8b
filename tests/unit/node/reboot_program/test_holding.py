import pytest

from node.reboot_program.holding import STATES, Step, next_step
from node.reboot_program.slurm_state import SlurmNode


@pytest.mark.parametrize(
    ("flags", "hold", "told", "step"),
    [
        ("DOWN DRAIN REBOOT_ISSUED", True, False, Step.TAKE_OUT),
        ("DOWN DRAIN REBOOT_ISSUED", True, True, Step.WAIT),
        ("ALLOCATED POWERING_UP NOT_RESPONDING", True, False, Step.PIN),
        ("DOWN DRAIN POWERING_UP", True, True, Step.WAIT),
        # ResumeTimeout has taken the DRAIN away.
        ("DOWN NOT_RESPONDING", True, True, Step.DRAIN),
        ("IDLE", True, False, Step.DRAIN),
        ("ALLOCATED", True, False, Step.DRAIN),
        ("IDLE DRAIN", True, False, Step.DRAIN),
        ("IDLE DRAIN", True, True, Step.DONE),
        ("DOWN DRAIN", True, True, Step.DONE),
        ("DOWN REBOOT_ISSUED", False, False, Step.DOWN),
        ("DOWN REBOOT_ISSUED", False, True, Step.DONE),
        ("ALLOCATED", False, False, Step.DONE),
    ],
)
def test_steps(flags: str, hold: bool, told: bool, step: Step) -> None:
    assert next_step(SlurmNode("c1", frozenset(flags.split())), hold=hold, told=told) is step


def test_a_node_that_slurm_does_not_know() -> None:
    assert next_step(None, hold=True, told=False) is Step.DONE


def test_jobs_are_killed_only_where_slurm_waits_for_a_boot() -> None:
    for step in Step:
        if "DOWN" in STATES[step]:
            assert next_step(SlurmNode("c1", frozenset({"ALLOCATED"})), hold=True, told=False) is not step
            assert next_step(SlurmNode("c1", frozenset({"MIXED", "DRAIN"})), hold=True, told=False) is not step
