"""What somebody deletes or changes by hand: named by preview and status, and made again by up."""

import json
from collections.abc import Callable

import pytest

from slurm_appliance.deployment.image_plan import NodeAction
from slurm_appliance.deployment.refusals import LostDataError
from slurm_appliance.deployment.status import look
from slurm_appliance.errors import ExitStatus
from tests.engine.cluster.rig import Rig
from tests.engine.cluster.test_commands import run
from tests.engine.cluster.test_interrupted import complete
from tests.engine.cluster.test_lost_state import excluded
from tests.fakes.project import FakeProject


def delete_server(project: FakeProject, name: str) -> None:
    project.compute.servers.delete(project.compute.servers.named(name)["id"])


def test_a_deleted_server_is_named_and_made_again(rig: Rig, project: FakeProject) -> None:
    rig.up()
    before = rig.ids()
    delete_server(project, "demo-c-1")

    seen = run(rig, "preview", "--stack", "test", *excluded())
    assert seen.returncode == ExitStatus.DRIFT, seen.stderr
    assert f"drift: server demo-c-1 ({before['demo-c-1']}) is missing" in seen.stdout
    assert "was deleted outside Pulumi: will be created again" in seen.stdout
    assert "to create" in seen.stdout
    told = run(rig, "status", "--stack", "test", "--output", "json")
    assert told.returncode == ExitStatus.DRIFT
    assert json.loads(told.stdout)["drift"] == [f"server demo-c-1 ({before['demo-c-1']}) is missing"]
    assert rig.ids() == before, "looking changes nothing"

    refused = run(rig, "up", "--stack", "test", *excluded())
    assert refused.returncode == 2
    assert rig.ids() == before

    made = run(rig, "up", "--stack", "test", "--yes", *excluded())
    assert made.returncode == 0, made.stderr
    complete(rig, project)
    after = rig.ids()
    assert [name for name in before if before[name] != after[name]] == ["demo-c-1"]
    assert run(rig, "preview", "--stack", "test", *excluded()).returncode == 0
    assert look(rig.session()).well


def test_deleted_rules_and_attachments_are_made_again(rig: Rig, project: FakeProject) -> None:
    rig.up()
    rules = rig.ids("SecGroupRule")
    project.network.rules.delete(rules["login-from-nonlogin-IPv4"])
    control, home = rig.ids()["demo-control"], rig.ids("Volume")["home"]
    project.volume.detach(home, control)
    project.compute.servers.get(control)["os-extended-volumes:volumes_attached"].remove({"id": home})
    plan = rig.preview()
    assert plan.exit_status == ExitStatus.DRIFT
    assert sorted(plan.drift.lines()) == [
        f"attachment of volume home ({control}/{home}) is missing",
        f"security group rule login-from-nonlogin-IPv4 ({rules['login-from-nonlogin-IPv4']}) is missing",
    ]
    assert look(rig.session()).exit_status == ExitStatus.DRIFT
    assert rig.up().plan.counts == {"create": 2}
    complete(rig, project)
    assert not rig.preview().drift


def test_a_deleted_port_is_made_again_with_its_server(rig: Rig, project: FakeProject) -> None:
    rig.up()
    before = rig.ids()
    port = rig.ids("Port")["demo-c-0.cluster"]
    project.network.ports.delete(port)
    plan = rig.preview()
    assert plan.exit_status == ExitStatus.DISRUPTIVE, "the server has to be made anew"
    assert plan.drift.lines() == (f"port demo-c-0-cluster ({port}) is missing",)
    assert [row.node for row in plan.rows if row.action is NodeAction.REPLACE] == ["demo-c-0"]
    rig.up()
    complete(rig, project)
    after = rig.ids()
    assert [name for name in before if before[name] != after[name]] == ["demo-c-0"]


def test_a_deleted_volume_is_not_made_again_unasked(rig: Rig, project: FakeProject) -> None:
    rig.up()
    control, home = rig.ids()["demo-control"], rig.ids("Volume")["home"]
    project.volume.detach(home, control)
    project.compute.servers.get(control)["os-extended-volumes:volumes_attached"].remove({"id": home})
    project.volume.volumes.delete(home)
    operations: tuple[Callable[[], object], ...] = (rig.preview, rig.up)
    for operation in operations:
        with pytest.raises(LostDataError, match=rf"volume demo-home \({home}\)") as refused:
            operation()
        assert "--give-up-lost-volumes" in refused.value.remedy
    assert f"volume demo-home ({home}) is missing" in look(rig.session()).drift
    assert rig.ids("Volume")["home"] == home, "the state still tells which one it was"
    rig.up(give_up_lost_volumes=True)
    complete(rig, project)


def test_what_slurm_and_operators_do_is_no_drift(rig: Rig, project: FakeProject) -> None:
    rig.up()
    servers = project.compute.servers
    images = {image["name"]: image["id"] for image in project.images.things.values()}
    rig.settings["cluster_image"] = "image-b"
    rig.up()
    servers.named("demo-c-0")["image"] = {"id": images["image-b"]}  # Slurm re-imaged it.
    servers.named("demo-c-1")["status"] = "SHUTOFF"
    assert not rig.preview().drift
    # It is on the target of the last run, while the configuration already names another one.
    rig.settings["cluster_image"] = "image-c"
    project.add_image("image-c")
    assert not rig.preview().drift
    assert look(rig.session()).drift == ()
    # And this one nobody asked for.
    servers.named("demo-c-1")["image"] = {"id": project.add_image("image-x")}
    servers.named("demo-c-1")["status"] = "ACTIVE"
    (line,) = rig.preview().drift.lines()
    assert line.startswith("server demo-c-1 runs image ")
    rig.settings["cluster_image"] = "image-b"
    assert look(rig.session()).exit_status == ExitStatus.DRIFT


def test_a_server_that_is_gone_from_cloud_and_configuration_is_forgotten(rig: Rig, project: FakeProject) -> None:
    rig.up()
    delete_server(project, "demo-c-1")
    project.network.ports.delete(rig.ids("Port")["demo-c-1.cluster"])
    rig.settings["compute"]["general"]["nodes"] = ["c-0"]
    rig.up()
    assert "demo-c-1" not in rig.ids()
    assert "demo-c-1.cluster" not in rig.ids("Port")
    assert not rig.preview().drift


@pytest.mark.extended
def test_what_somebody_changes_is_named_and_changed_back(rig: Rig, project: FakeProject) -> None:
    rig.up()
    servers, ports = project.compute.servers, project.network.ports
    flavors = {each["name"]: each["id"] for each in project.compute.flavors.things.values()}
    server, port = servers.get(rig.ids()["demo-c-1"]), ports.get(rig.ids("Port")["demo-c-0.cluster"])
    server["flavor"] = {"id": flavors["large"]}
    port["name"] = "mine"
    plan = rig.preview()
    assert plan.exit_status == ExitStatus.DISRUPTIVE, "the server has to be resized back"
    assert {each.path: each.actual for each in plan.drift.changed} == {"flavorId": flavors["large"], "name": "mine"}
    assert [row.node for row in plan.rows if row.action is NodeAction.RESIZE] == ["demo-c-1"]
    assert look(rig.session()).exit_status == ExitStatus.DRIFT
    rig.up()
    assert server["flavor"] == {"id": flavors["small"]}
    assert port["name"] == "demo-c-0-cluster"
    complete(rig, project)
    assert not rig.preview().drift
