"""A cluster's life: created, left alone, changed, destroyed, and created again from what outlived it."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from slurm_appliance.deployment.image_plan import NodeAction
from slurm_appliance.engine.automation import ensured_toolchain
from slurm_appliance.environment.folder import EnvironmentFolder
from slurm_appliance.secrets.generate import MAKERS
from tests.engine.cluster.rig import Rig
from tests.fakes.project import FakeProject

NODES = ["demo-c-0", "demo-c-1", "demo-control", "demo-login-0"]


def test_a_clusters_life(rig: Rig, project: FakeProject) -> None:
    first = rig.up()
    assert first.changes["create"] > 20
    assert sorted(server["name"] for server in project.compute.servers.things.values()) == NODES
    assert all(server["metadata"]["environment"] == "test" for server in project.compute.servers.things.values())

    again = rig.up()
    assert set(again.changes) == {"same"}
    assert not again.plan.disruptive
    assert rig.preview().exit_status == 0

    assert (ensured_toolchain().home / "logs").is_file(), "the engine would write everything into a log of its own"

    secrets = _secrets()
    first_credential = secrets.pop("reboot_cloud")["auth"]
    assert list(project.credentials.things) == [first_credential["application_credential_id"]]
    rig.destroy()
    assert not project.credentials.things
    assert not project.compute.servers.things
    assert not project.network.ports.things
    assert sorted(volume["name"] for volume in project.volume.volumes.things.values()) == ["demo-home", "demo-state"]
    kept = dict(project.volume.volumes.things)

    rig.up()
    assert sorted(server["name"] for server in project.compute.servers.things.values()) == NODES
    assert dict(project.volume.volumes.things) == kept
    again_secrets = _secrets()
    # It is for certain servers, and those are others.
    credential = again_secrets.pop("reboot_cloud")["auth"]
    assert list(project.credentials.things) == [credential["application_credential_id"]]
    assert credential != first_credential
    assert again_secrets == secrets

    rig.destroy(delete_volumes=True)
    assert not project.volume.volumes.things
    assert list(rig.resources()) == []
    assert not project.network.security_groups.things


def _secrets() -> dict[str, Any]:
    path = EnvironmentFolder.of("test").folder / "inventory/group_vars/all/secrets.yml"
    found: dict[str, Any] = yaml.safe_load(path.read_text())
    return found


def test_the_checkouts_stack_file_is_not_touched(shared: Rig) -> None:
    assert shared.written
    assert shared.stack_file.read_text() == shared.written


def test_nodes_come_and_go_without_touching_others(rig: Rig) -> None:
    rig.up()
    before = rig.ids()
    general = rig.settings["compute"]["general"]

    general["nodes"] = ["c-2", "c-1", "c-0"]
    plan = rig.preview()
    assert [(row.node, row.action) for row in plan.rows if row.action is not NodeAction.NONE] == [
        ("demo-c-2", NodeAction.CREATE)
    ]
    assert not plan.disruptive
    rig.up()
    grown = rig.ids()
    assert {name: grown[name] for name in before} == before

    general["nodes"] = ["c-2", "c-1"]
    plan = rig.preview()
    assert [row.node for row in plan.rows if row.action is NodeAction.DELETE] == ["demo-c-0"]
    assert plan.exit_status == 3
    rig.up()
    assert rig.ids() == {name: grown[name] for name in grown if name != "demo-c-0"}
    assert set(rig.up().changes) == {"same"}


@pytest.mark.extended
def test_two_environments_side_by_side(rig: Rig, project: FakeProject, tmp_path: Path) -> None:
    other = Rig(tmp_path, "other")
    other.settings["cluster_name"] = "second"
    rig.up()
    before = rig.ids()
    other.up()
    assert rig.ids() == before
    assert set(rig.up().changes) == {"same"}
    names = {"demo", "second"}
    assert {server["name"].partition("-")[0] for server in project.compute.servers.things.values()} == names
    other.destroy(delete_volumes=True)
    assert set(rig.up().changes) == {"same"}
    assert sorted(server["name"] for server in project.compute.servers.things.values()) == NODES


def test_no_secret_is_to_be_found_where_it_does_not_belong(shared: Rig) -> None:
    secrets = _secrets()
    values = [secrets.pop("reboot_cloud")["auth"]["application_credential_secret"], *secrets.values()]
    assert secrets.keys() == MAKERS.keys()
    for path in shared.folder.rglob("*"):
        if path.is_file() and path.name != "secrets.yml":
            content = path.read_bytes()
            assert not [value for value in values if value.encode() in content], path
            assert path.stat().st_mode & 0o077 == 0 or "secrets" not in path.name
    assert not [line for line in shared.lines if any(value in line for value in values)]


def test_a_folder_that_is_lost_is_written_again(shared: Rig) -> None:
    hosts = EnvironmentFolder.of("test").inventory / "hosts.yml"
    before = hosts.read_text()
    hosts.unlink()
    assert set(shared.up().changes) == {"same"}
    assert hosts.read_text() == before
