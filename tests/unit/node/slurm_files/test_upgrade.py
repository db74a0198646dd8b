"""What another release of Slurm needs before it starts on the state that is there."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from node.slurm_files.upgrade import PendingUpgrade, UpgradeAction, decide

OLD = {"slurmctld": "24.11.5", "slurmdbd": "24.11.5"}
PENDING = PendingUpgrade("26.05.5", "24.11.5-20261129T154100Z")
NOTHING, BACK_UP, REFUSE = UpgradeAction.NOTHING, UpgradeAction.BACK_UP, UpgradeAction.REFUSE


@pytest.mark.parametrize(
    ("recorded", "has_state", "installed", "pending", "action"),
    [
        pytest.param({}, False, "slurm 24.11.5", None, NOTHING, id="a blank volume"),
        pytest.param({}, True, "slurm 24.11.5", None, BACK_UP, id="state of nobody knows what"),
        pytest.param(OLD, True, "slurm 24.11.5", None, NOTHING, id="the same version"),
        pytest.param(OLD, True, "slurm 24.11.9", None, NOTHING, id="the same release"),
        pytest.param(OLD, True, "slurm 26.05.5", None, BACK_UP, id="a newer release"),
        pytest.param({**OLD, "slurmdbd": "26.05.5"}, True, "slurm 26.05.5", None, BACK_UP, id="one daemon is behind"),
        pytest.param(OLD, True, "slurm 99.05.1", None, BACK_UP, id="a release that is not known here"),
        pytest.param(OLD, True, "slurm 24.05.1", None, REFUSE, id="an older release"),
        pytest.param({"slurmctld": "22.05.8"}, True, "slurm 24.11.5", None, REFUSE, id="too far"),
        pytest.param(OLD, True, "slurm 26.05.5", PENDING, NOTHING, id="the upgrade that has begun"),
        pytest.param(OLD, True, "slurm 26.05.6", PENDING, NOTHING, id="its release, another version"),
        pytest.param(OLD, True, "slurm 24.11.5", PENDING, REFUSE, id="back, half way"),
        pytest.param(OLD, True, "slurm 25.05.1", PENDING, REFUSE, id="between, half way"),
    ],
)
def test_what_an_installed_release_needs(
    recorded: Mapping[str, str], has_state: bool, installed: str, pending: PendingUpgrade | None, action: UpgradeAction
) -> None:
    found = decide(recorded, has_state, installed, pending)

    assert found.action is action
    assert found.reason
    assert bool(found.remedy) is (action is REFUSE)


def test_whoever_goes_back_half_way_is_told_of_the_backup() -> None:
    assert PENDING.backup in decide(OLD, True, "slurm 24.11.5", PENDING).remedy
