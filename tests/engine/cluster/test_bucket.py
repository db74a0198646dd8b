"""A state in a bucket that two operators share: as fast as a folder, and nothing of a killed run is lost."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from slurm_appliance.deploy_host.commit import operator
from slurm_appliance.errors import ExitStatus
from slurm_appliance.journal.layout import StackPlace
from slurm_appliance.journal.lock import holders, locked
from tests.engine.cluster.killing import run_until
from tests.engine.cluster.plain_pulumi import Pulumi
from tests.engine.cluster.rig import Rig
from tests.engine.cluster.test_commands import run
from tests.engine.cluster.test_interrupted import complete
from tests.engine.cluster.test_lost_state import excluded
from tests.fakes.bucket import CREDENTIALS, bucket
from tests.fakes.project import FakeProject

PASSPHRASE = "the same for both"


@pytest.fixture
def shared_rig(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> Iterator[Rig]:
    """An environment whose state is in a bucket."""
    with bucket("/team") as url:
        for name, value in CREDENTIALS.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("PULUMI_BACKEND_URL", url)
        monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
        yield rig


def use_machine(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work on another machine from now on: nothing that is not in the bucket is there."""
    monkeypatch.setenv("XDG_STATE_HOME", str(folder / name))


def place_of(rig: Rig) -> StackPlace:
    place = rig.session().layout
    assert place is not None
    return place


def journal_of(place: StackPlace) -> bytes:
    folder = f".pulumi/journals/{place.project}/{place.stack}"
    return b"".join(place.store.read_all([f"{folder}/{name}" for name in place.store.names(folder)]))


def test_up_records_in_the_bucket_what_plain_pulumi_reads(shared_rig: Rig, project: FakeProject) -> None:
    shared_rig.up()
    complete(shared_rig, project)
    place = place_of(shared_rig)
    assert holders(place) == []
    assert journal_of(place) == b""
    assert set(shared_rig.up().changes) == {"same"}
    pulumi = Pulumi(shared_rig)
    assert len(pulumi.state()["deployment"]["resources"]) == len(shared_rig.resources())
    assert_history(shared_rig, pulumi)


def assert_history(rig: Rig, pulumi: Pulumi) -> None:
    """Plain pulumi and our own command show who did what."""
    (shown,) = json.loads(pulumi.run("stack", "history", "--json", "--stack", "test").stdout)
    assert (shown["kind"], shown["result"]) == ("update", "succeeded")
    assert shown["environment"]["slurm-appliance.user"] == operator()
    assert shown["resourceChanges"]["create"] > 20
    (row,) = json.loads(run(rig, "history", "--stack", "test", "--output", "json").stdout)["runs"]
    assert (row["user"], row["kind"], row["result"]) == (operator(), "update", "succeeded")
    assert row["changes"]["create"] == shown["resourceChanges"]["create"]


@pytest.mark.parametrize(
    "moment", [18, *(pytest.param(each, marks=pytest.mark.extended) for each in (1, 2, 4, 9, 13, 15, 20, 22, 24))]
)
def test_another_operator_goes_on_where_a_machine_died(
    shared_rig: Rig, project: FakeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, moment: int
) -> None:
    use_machine("first", tmp_path, monkeypatch)
    run_until(shared_rig, tmp_path, project, moment, effective=True)
    left = journal_of(place_of(shared_rig))
    use_machine("second", tmp_path, monkeypatch)
    shared_rig.up()
    assert any("stale lock" in line for line in shared_rig.lines)
    assert any("recovered" in line for line in shared_rig.lines)
    complete(shared_rig, project)
    assert set(shared_rig.up().changes) == {"same"}
    secrets = [path for path in (tmp_path / "second").rglob("secrets.yml") if path.is_file()]
    assert len(secrets) == 1
    munge_key = next(line for line in secrets[0].read_text().splitlines() if "munge" in line).partition(": ")[2]
    assert len(munge_key) > 20
    assert munge_key.strip("'\"").encode() not in left, "secrets in the journal are encrypted"


def test_a_live_run_keeps_its_lock(shared_rig: Rig) -> None:
    shared_rig.up()
    place = place_of(shared_rig)
    with locked(place, "up"):
        (holder,) = holders(place)
        refused = run(shared_rig, "up", "--yes", *excluded(), "--stack", "test")
        assert refused.returncode == ExitStatus.LOCKED, refused.stderr
        assert str(holder) in refused.stderr
        assert run(shared_rig, "destroy", "--yes", "--stack", "test").returncode == ExitStatus.LOCKED
        assert run(shared_rig, "locks", "--stack", "test").returncode == ExitStatus.LOCKED
        assert run(shared_rig, "status", "--stack", "test").returncode == ExitStatus.ERROR
        assert Pulumi(shared_rig).run("up", "--yes", "--stack", "test").returncode != 0
    assert run(shared_rig, "locks", "--stack", "test").returncode == 0
