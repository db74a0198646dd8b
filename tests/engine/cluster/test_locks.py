"""Who uses a stack, from the command line: named with a status of its own, waited for, and unlocked when it is dead."""

import json
from pathlib import Path

import pytest

from slurm_appliance.deployment import operations
from slurm_appliance.journal.errors import LockLostError
from slurm_appliance.journal.layout import StateLayout
from slurm_appliance.journal.lock import holders, locked
from tests.engine.cluster.rig import Rig
from tests.engine.cluster.test_commands import run
from tests.engine.cluster.test_lost_state import excluded
from tests.fakes.project import FakeProject


def layout_of(rig: Rig) -> StateLayout:
    layout = rig.session().layout
    assert isinstance(layout, StateLayout)
    return layout


def test_a_stack_in_use(rig: Rig) -> None:
    layout = layout_of(rig)
    rig.up()
    assert run(rig, "locks", "--stack", "test").stdout == "test is not locked\n"
    with locked(layout, "up"):
        (holder,) = holders(layout)
        for command in (("up", "--yes", *excluded()), ("destroy", "--yes")):
            refused = run(rig, *command, "--stack", "test")
            assert refused.returncode == 5, refused.stderr
            assert f"the stack is locked by {holder}" in refused.stderr
        seen = run(rig, "preview", "--stack", "test", *excluded())
        assert seen.returncode == 0
        assert seen.stderr.startswith(f"{holder} holds the stack's lock: ")
        listed = run(rig, "locks", "--stack", "test", "--output", "json")
        assert listed.returncode == 5
        (row,) = json.loads(listed.stdout)
        assert (row["lock"], row["doing"], row["gone"]) == (holder.id, "up", False)
        alive = run(rig, "unlock", holder.id, "--stack", "test", "--yes")
        assert alive.returncode == 5
        assert "is alive" in alive.stderr
        assert layout.store.has(holder.key)


def test_a_lock_of_plain_pulumi_is_removed_on_request_only(rig: Rig) -> None:
    layout = layout_of(rig)
    layout.locks.mkdir(parents=True)
    left: Path = layout.locks / "left.json"
    left.write_text(json.dumps({"pid": 1, "username": "me", "hostname": "there", "timestamp": "2026-11-23T08:00:00Z"}))
    assert run(rig, "unlock", "other", "--stack", "test", "--yes").returncode == 2
    assert run(rig, "unlock", "left", "--stack", "test").returncode == 2
    assert left.exists()
    removed = run(rig, "unlock", "left", "--stack", "test", "--yes")
    assert removed.returncode == 0, removed.stderr
    assert not left.exists()


def test_a_time_to_wait_that_is_none(rig: Rig) -> None:
    refused = run(rig, "up", "--stack", "test", "--lock-timeout", "soon")
    assert refused.returncode == 2
    assert "write it as 90s, 10m, 2h or 14d" in refused.stderr


def test_a_run_that_lost_its_lock_while_it_asked_writes_nothing(rig: Rig, project: FakeProject) -> None:
    """As a laptop that slept: another run took the lock over, and may have written the state."""
    layout = layout_of(rig)
    rig.up()
    state: list[bytes] = []

    def lose_lock(_plan: object) -> bool:
        (holder,) = holders(layout)
        layout.store.remove(holder.key)
        state[:] = [layout.state.read_bytes()]
        return True

    with pytest.raises(LockLostError):
        operations.destroy(rig.session(), lose_lock)
    assert [layout.state.read_bytes()] == state

    del project.compute.servers.things[rig.ids()["demo-c-1"]]
    with pytest.raises(LockLostError):
        operations.up(rig.session(), lose_lock)
    assert [layout.state.read_bytes()] == state
