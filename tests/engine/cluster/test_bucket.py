"""A state in a bucket that two operators share: as fast as a folder, and nothing of a killed run is lost."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from slurm_appliance.deploy_host.commit import operator
from slurm_appliance.errors import ExitStatus
from slurm_appliance.journal.layout import StackPlace
from slurm_appliance.journal.lock import holders, locked
from tests.engine.cloud_fixtures import wait_until
from tests.engine.cluster.killing import run_until
from tests.engine.cluster.plain_pulumi import Pulumi
from tests.engine.cluster.rig import Rig
from tests.engine.cluster.test_adopt import adopted
from tests.engine.cluster.test_commands import run
from tests.engine.cluster.test_interrupted import complete
from tests.engine.cluster.test_lost_state import excluded
from tests.fakes.bucket import CREDENTIALS, bucket
from tests.fakes.project import FakeProject
from toolchain.paths import REPOSITORY

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


def machine(name: str, folder: Path) -> dict[str, str]:
    """The variables of a user at home on a machine: nothing that is not in the bucket is there but the toolchain."""
    home = folder / name
    home.mkdir(exist_ok=True)
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path("~/.cache").expanduser())
    return {"HOME": str(home), "LOGNAME": name, "XDG_STATE_HOME": str(home / "state"), "XDG_CACHE_HOME": cache}


def use_machine(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work as another user on another machine from now on."""
    for variable, value in machine(name, folder).items():
        monkeypatch.setenv(variable, value)


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


class Up:
    """``up`` as a process of a user on a machine."""

    def __init__(self, rig: Rig, name: str, folder: Path, *more: str) -> None:
        rig.session()
        command = [sys.executable, "-m", "slurm_appliance", "--stacks", str(rig.stacks), "up", "--stack", rig.name]
        self._output = folder / f"{name}.log"
        with self._output.open("w") as log:
            self._process = subprocess.Popen(
                [*command, "--yes", *excluded(), *more],
                cwd=REPOSITORY, env={**os.environ, **machine(name, folder)}, stdin=subprocess.DEVNULL, stdout=log,
                stderr=log,
            )  # fmt: skip

    def end(self) -> tuple[int, str]:
        """Its exit status, and what it said."""
        try:
            return self._process.wait(300), self._output.read_text()
        finally:
            self._process.kill()


@pytest.mark.extended
def test_two_operators_at_once(shared_rig: Rig, project: FakeProject, tmp_path: Path) -> None:
    project.compute.build_seconds = 5.0
    first = Up(shared_rig, "anna", tmp_path)
    place = place_of(shared_rig)
    wait_until("the first to hold the lock", lambda: holders(place), 120)
    status, said = Up(shared_rig, "bert", tmp_path).end()
    assert (status, "the stack is locked by anna@" in said) == (ExitStatus.LOCKED, True), said
    waiting = Up(shared_rig, "carl", tmp_path, "--lock-timeout", "5m")
    assert first.end()[0] == 0
    status, said = waiting.end()
    assert status == 0, said
    assert "waiting for anna@" in said
    assert "Done: no changes" in said
    complete(shared_rig, project)
    secrets = [(tmp_path / name / "state").rglob("secrets.yml") for name in ("anna", "carl")]
    assert len({path.read_text() for paths in secrets for path in paths}) == 1
    runs = json.loads(run(shared_rig, "history", "--stack", "test", "--output", "json").stdout)["runs"]
    assert {each["user"].partition("@")[0] for each in runs} <= {"anna", "carl"}


@pytest.mark.extended
def test_a_running_cluster_is_adopted_into_a_bucket(
    rig: Rig, project: FakeProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig.up()
    servers = rig.ids()
    with bucket("/team") as url:
        for name, value in CREDENTIALS.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("PULUMI_BACKEND_URL", url)
        monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE)
        assert adopted(rig).remaining.steps == ()
        assert rig.ids() == servers
        complete(rig, project)
        use_machine("second", tmp_path, monkeypatch)
        assert rig.preview().steps == ()


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
