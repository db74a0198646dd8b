"""Shares of Manila that the cluster creates: nodes may mount them, they grow, and what is on them is never lost."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from slurm_appliance.deployment.refusals import LostDataError
from slurm_appliance.deployment.status import look
from slurm_appliance.engine.automation import EngineError
from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.errors import ConfigError, ExitStatus
from slurm_appliance.secrets.generate import FILE
from tests.engine.cluster.killing import run_until
from tests.engine.cluster.plain_pulumi import Pulumi
from tests.engine.cluster.rig import Rig
from tests.engine.cluster.test_adopt import adopted, lose_state
from tests.engine.cluster.test_commands import run
from tests.engine.cluster.test_interrupted import complete
from tests.engine.cluster.test_lost_state import excluded
from tests.fakes.project import FakeProject
from tests.fakes.project.collection import Thing
from tests.fakes.project.http import Request

DATA: dict[str, Any] = {"type": "nfs", "mount_point": "/data", "create": {"size": 10}}
CEPH: dict[str, Any] = {"type": "cephfs", "mount_point": "/ceph", "user": "demo-ceph", "create": {"size": 20}}


@pytest.fixture
def rig(rig: Rig) -> Rig:
    rig.settings["filesystems"] = {"ceph": json.loads(json.dumps(CEPH)), "data": json.loads(json.dumps(DATA))}
    return rig


def rules(project: FakeProject) -> dict[str, Thing]:
    """The access rules by what they let in."""
    return {each["access_to"]: each for each in project.share.rules.things.values()}


def mounts() -> dict[str, dict[str, Any]]:
    """What compute nodes mount, by name."""
    hosts = yaml.safe_load((EnvironmentFolder.of("test").inventory / "hosts.yml").read_text())
    general = hosts["all"]["children"]["general"]
    return {each["name"]: each for each in general["vars"]["filesystem_mounts"]}


def secret_values() -> Any:
    return yaml.safe_load((EnvironmentFolder.of("test").folder / FILE).read_text())


def test_shares_are_made_and_mounted_and_grow(rig: Rig, project: FakeProject) -> None:
    rig.up()
    data, ceph = project.share.shares.named("demo-data"), project.share.shares.named("demo-ceph")
    assert (data["size"], data["share_proto"], ceph["size"], ceph["share_proto"]) == (10, "NFS", 20, "CEPHFS")
    granted = rules(project)
    assert {to: (each["share_id"], each["access_type"], each["access_level"]) for to, each in granted.items()} == {
        "10.0.0.0/16": (data["id"], "ip", "rw"),
        "demo-ceph": (ceph["id"], "cephx", "rw"),
    }
    key = granted["demo-ceph"]["access_key"]
    assert mounts()["data"]["what"] == f"192.0.2.11:/volumes/_nogroup/{data['id']}"
    assert mounts()["ceph"]["what"] == f"192.0.2.11:6789:/volumes/_nogroup/{ceph['id']}"
    assert secret_values()["filesystem_key_ceph"] == key
    assert key not in rig.state_text(), "it is encrypted there"
    assert key not in json.dumps(rig.lines)
    assert set(rig.up().changes) == {"same"}

    rig.settings["filesystems"]["data"]["create"]["size"] = 15
    plan = rig.up().plan
    assert plan.counts == {"update": 1}
    assert not plan.disruptive
    assert project.share.shares.named("demo-data") == {**data, "size": 15}

    rig.settings["filesystems"]["data"]["create"]["access_level"] = "ro"
    assert rig.up().plan.counts == {"replace": 1}
    assert rules(project)["10.0.0.0/16"]["access_level"] == "ro"
    assert len(project.share.rules.things) == 2


def test_nothing_that_loses_data_begins(rig: Rig, project: FakeProject) -> None:
    project.share.types.add(name="other")
    rig.up()
    before = json.dumps([project.share.shares.things, project.share.rules.things])
    for setting, value in {"size": 5, "share_type": "other", "availability_zone": "b"}.items():
        create = {**DATA["create"], setting: value}
        rig.settings["filesystems"]["data"] = {**DATA, "create": create}
        for operation in (rig.preview, rig.up):
            with pytest.raises(ConfigError, match=rf"filesystems\.data\.create\.{setting}.*demo-data"):
                operation()
    rig.settings["filesystems"]["data"] = {**CEPH, "mount_point": "/data", "user": "other"}
    with pytest.raises(ConfigError, match=r"filesystems\.data\.type.*NFS"):
        rig.up()
    # Taken out of the configuration, or given back to others: it is protected.
    for without in ({}, {"data": {"type": "nfs", "mount_point": "/data", "share": "demo-data"}}):
        rig.settings["filesystems"] = {"ceph": CEPH, **without}
        with pytest.raises(EngineError, match="protected"):
            rig.up()
    assert json.dumps([project.share.shares.things, project.share.rules.things]) == before


def test_a_share_that_is_given_away_stays_with_its_rules(rig: Rig, project: FakeProject) -> None:
    rig.up()
    before = json.dumps([project.share.shares.things, project.share.rules.things])
    (urn,) = [urn for urn, each in rig.resources().items() if each["type"].endswith(":Share") and "::ceph" in urn]
    assert Pulumi(rig).run("state", "unprotect", urn, "--stack", "test", "--yes").returncode == 0
    given = {name: value for name, value in CEPH.items() if name != "create"}
    rig.settings["filesystems"]["ceph"] = {**given, "share": "demo-ceph"}
    rig.up()
    assert json.dumps([project.share.shares.things, project.share.rules.things]) == before
    assert set(rig.ids("Share")) == {"data"}
    assert mounts()["ceph"]["what"].endswith(project.share.shares.named("demo-ceph")["id"])
    assert secret_values()["filesystem_key_ceph"] == rules(project)["demo-ceph"]["access_key"]
    assert not rig.preview().drift


def test_a_destroyed_cluster_leaves_its_shares_and_finds_them_again(rig: Rig, project: FakeProject) -> None:
    rig.up()
    data, ceph = project.share.shares.named("demo-data")["id"], project.share.shares.named("demo-ceph")["id"]
    kept = run(rig, "status", "--stack", "test", "--output", "json")
    assert f"share demo-data ({data}, 10 GB)" in json.loads(kept.stdout)["volumes"]
    gone = run(rig, "destroy", "--stack", "test", "--yes")
    assert gone.returncode == 0, gone.stderr
    assert f"kept: share demo-data ({data}, 10 GB)" in gone.stdout
    assert set(project.share.shares.things) == {data, ceph}
    assert not project.share.rules.things, "nobody is left to mount them"
    assert not project.compute.servers.things

    rig.up()
    complete(rig, project)
    assert set(project.share.shares.things) == set(rig.ids("Share").values()) == {data, ceph}
    assert secret_values()["filesystem_key_ceph"] == rules(project)["demo-ceph"]["access_key"]
    rig.destroy(delete_volumes=True)
    assert not project.share.shares.things
    assert not rig.resources()


def test_a_protected_environment_keeps_them_from_plain_pulumi(rig: Rig, project: FakeProject) -> None:
    rig.settings["protected"] = True
    rig.up()
    before = set(project.share.shares.things)
    pulumi = Pulumi(rig)
    for more in ((), ("--ignore-protect",)):
        assert pulumi.run("destroy", "--stack", "test", "--yes", *more).returncode != 0
    assert set(project.share.shares.things) == before


def test_what_somebody_takes_away_is_named_and_data_are_not_made_again_unasked(rig: Rig, project: FakeProject) -> None:
    rig.up()
    rule = rules(project)["demo-ceph"]
    project.share.rules.delete(rule["id"])
    plan = rig.preview()
    assert plan.exit_status == ExitStatus.DRIFT
    assert plan.drift.lines() == (f"access rule of share ceph ({rule['id']}) is missing",)
    assert look(rig.session()).exit_status == ExitStatus.DRIFT
    rig.up()
    assert rules(project)["demo-ceph"]["access_key"] == secret_values()["filesystem_key_ceph"] != rule["access_key"]
    assert not rig.preview().drift

    project.share.shares.named("demo-data")["name"] = "mine"
    (line,) = rig.preview().drift.lines()
    assert line.endswith("has name mine, but the state records demo-data")
    rig.up()
    data = project.share.shares.named("demo-data")["id"]

    project.share.shares.delete(data)
    for operation in (rig.preview, rig.up):
        with pytest.raises(LostDataError, match=rf"share demo-data \({data}\)") as refused:
            operation()
        assert "--give-up-lost-volumes" in refused.value.remedy
        assert "without create" in refused.value.remedy
    assert rig.ids("Share")["data"] == data, "the state still tells which one it was"
    rig.up(give_up_lost_volumes=True)
    assert rig.ids("Share")["data"] == project.share.shares.named("demo-data")["id"] != data
    assert set(rules(project)) == {"10.0.0.0/16", "demo-ceph"}
    assert not rig.preview().drift


def test_a_lost_state_finds_them_again(rig: Rig, project: FakeProject, monkeypatch: pytest.MonkeyPatch) -> None:
    rig.up()
    before = {kind: rig.ids(kind) for kind in ("Share", "ShareAccess")}
    files = mounts(), secret_values()
    lose_state(rig, monkeypatch)
    refused = run(rig, "up", "--stack", "test", "--yes", *excluded())
    assert refused.returncode == ExitStatus.ERROR
    assert "2 shares (demo-ceph (" in refused.stderr
    assert "without create" in refused.stderr
    calls: list[str] = []

    def note(request: Request) -> None:
        if request.method != "GET" and "shares" in request.parts:
            calls.append("/".join(request.parts))

    project.api.before = note
    done = adopted(rig)
    assert done.remaining.steps == ()
    assert {kind: rig.ids(kind) for kind in before} == before
    assert (mounts(), secret_values()) == files
    assert calls == [], "nothing is done to a share"


@pytest.mark.parametrize("moment", [1, 4, *(pytest.param(each, marks=pytest.mark.extended) for each in (2, 3))])
def test_a_killed_run_makes_nothing_twice(rig: Rig, project: FakeProject, tmp_path: Path, moment: int) -> None:
    """Two shares and two access rules: the run is killed at each of the four."""
    run_until(rig, tmp_path, project, moment, effective=True, about="shares")
    rig.up()
    complete(rig, project)
    assert set(rig.ids("Share").values()) == set(project.share.shares.things)
    assert set(rig.ids("ShareAccess").values()) == set(project.share.rules.things)
    assert len(project.share.shares.things) == len(project.share.rules.things) == 2
    assert secret_values()["filesystem_key_ceph"] == rules(project)["demo-ceph"]["access_key"]
    assert set(rig.up().changes) == {"same"}
