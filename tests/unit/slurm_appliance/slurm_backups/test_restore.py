"""A restore stops Slurm's daemons only after the plan was made, accepted and approved."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from node.slurm_files.backups import SlurmBackup
from slurm_appliance.api import DeploymentPlan, ManagedCluster, SlurmBackupError
from slurm_appliance.deployment import operations
from slurm_appliance.slurm_backups.control import SlurmBackups

BACKUP = SlurmBackup("24.11.5-20261129T154100Z", {"slurmctld": "24.11.5"}, "2026-11-29T15:41:00+00:00", True, 1)


class Control:
    """A control node that notes what it is asked for."""

    def __init__(self, requested: str = "") -> None:
        self.requested = requested
        self.asked: list[str] = []

    def list(self) -> SlurmBackups:
        return SlurmBackups((BACKUP,), self.requested)

    def request_restore(self, name: str) -> None:
        self.asked.append(name)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> tuple[ManagedCluster, Control, dict[str, Any]]:
    """A cluster whose up shows a plan with these steps; it refuses before that if told to."""
    control, does = Control(), {"steps": ("rebuild",), "refuses": False}

    def up(_session: Any, approve: Callable[[DeploymentPlan], bool], **_options: Any) -> Any:
        if does["refuses"]:
            raise SlurmBackupError("protected")
        return "done" if approve(cast("DeploymentPlan", SimpleNamespace(steps=does["steps"]))) else None

    monkeypatch.setattr(operations, "up", up)
    monkeypatch.setattr(ManagedCluster, "_control", lambda _self: control)
    return ManagedCluster(cast("Any", SimpleNamespace(name="test", source="file", slurm_state=""))), control, does


def test_the_daemons_stop_once_it_is_approved(cluster: tuple[ManagedCluster, Control, dict[str, Any]]) -> None:
    managed, control, _ = cluster
    assert managed.restore_slurm(BACKUP.name, approve=lambda _plan, _backup: False) is None
    assert control.asked == []

    assert managed.restore_slurm(BACKUP.name) is not None
    assert control.asked == [BACKUP.name]
    assert managed.session.slurm_state == "24.11.5"


def test_what_up_refuses_stops_no_daemon(cluster: tuple[ManagedCluster, Control, dict[str, Any]]) -> None:
    managed, control, does = cluster
    does["refuses"] = True

    with pytest.raises(SlurmBackupError):
        managed.restore_slurm(BACKUP.name)
    assert control.asked == []


@pytest.mark.parametrize("requested", ["", BACKUP.name])
def test_a_control_node_that_keeps_its_image_gets_no_restore_unless_one_was_interrupted(
    cluster: tuple[ManagedCluster, Control, dict[str, Any]], requested: str
) -> None:
    managed, control, does = cluster
    does["steps"], control.requested = (), requested

    if requested:
        assert managed.restore_slurm(BACKUP.name) is not None
    else:
        with pytest.raises(SlurmBackupError):
            managed.restore_slurm(BACKUP.name)
    assert control.asked == [requested] * bool(requested)
