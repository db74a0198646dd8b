"""OpenStack answers so slowly that Slurm gives up meanwhile: a node that may run jobs again is left alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from node.reboot_program import slurm_view
from node.reboot_program.slurm import SlurmError
from node.reboot_program.slurm_state import SlurmNode
from node.reboot_program.slurm_view import FRESH, SlurmView
from tests.unit.node.reboot_program.bed import REBOOTING, Bed, FakeSlurm

WORKING = frozenset({"ALLOCATED"})


class ImpatientSlurm(FakeSlurm):
    """Gives up on its nodes, and gives them jobs, after it has been asked so many times about one alone."""

    def __init__(self, patience: int) -> None:
        super().__init__()
        self.patience = patience

    def nodes(self, names: Sequence[str]) -> dict[str, SlurmNode]:
        if len(names) == 1:
            self.patience -= 1
            if self.patience < 0:
                self.view = {name: replace(view, flags=WORKING) for name, view in self.view.items()}
        return super().nodes(names)


@pytest.mark.parametrize("patience", [0, 1])
def test_a_node_that_has_jobs_again_is_left_alone(bed: Bed, monkeypatch: pytest.MonkeyPatch, patience: int) -> None:
    """Slurm gives up while the attempt waits for a thread, or between Nova's answers and the rebuild."""
    monkeypatch.setattr(slurm_view, "FRESH", -1.0)
    bed.slurm = ImpatientSlurm(patience)
    bed.nodes("c1", "c2")
    bed.ask()
    bed.work(parallel=1)

    assert [bed.actions(name) for name in bed.ids] == [[], []]
    assert bed.slurm.told == []


def test_a_view_is_asked_for_again_when_it_is_old() -> None:
    slurm, clock = FakeSlurm(), [0.0]
    slurm.asks_for("c1")
    given = SlurmNode("c1", REBOOTING, reason="as given")
    view = SlurmView(slurm, "c1", given, lambda: clock[0])
    clock[0] = FRESH
    assert view.now() is given
    clock[0] += 0.1
    assert view.now() == slurm.view["c1"]
    slurm.away = 1
    clock[0] += FRESH
    assert view.now() == slurm.view["c1"]
    clock[0] += 0.1
    with pytest.raises(SlurmError):
        view.now()


def test_an_attempt_waits_for_a_slurmctld_that_is_away(bed: Bed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slurm_view, "FRESH", -1.0)

    class Restarting(FakeSlurm):
        singles = 0

        def nodes(self, names: Sequence[str]) -> dict[str, SlurmNode]:
            self.singles += len(names) == 1
            if self.singles == 1:
                raise SlurmError("Unable to contact slurm controller")
            return super().nodes(names)

    bed.slurm = Restarting()
    bed.cloud.on_boot = bed.slurm.booted
    bed.nodes("c1", "c2")
    bed.ask()
    bed.work()
    assert [bed.actions(name) for name in bed.ids] == [["rebuild"], ["rebuild"]]
    assert bed.slurm.told == []
