"""Image changes: who is rebuilt now, who is left to Slurm, and that switching between the two touches nobody."""

from typing import Any

import pytest
import yaml

from slurm_appliance.deployment.image_plan import NodeAction
from slurm_appliance.deployment.refusals import ProtectedEnvironmentError
from slurm_appliance.environment.folder import EnvironmentFolder
from tests.engine.cluster.rig import Rig
from tests.fakes.project import FakeProject

COMPUTE = ("demo-c-0", "demo-c-1")
REBUILT = ("demo-control", "demo-login-0")


def images(project: FakeProject) -> dict[str, str]:
    """The name of the image that each server runs."""
    names = {id_: image["name"] for id_, image in project.images.things.items()}
    found = {}
    for server in project.compute.servers.things.values():
        if server["image"]:
            found[server["name"]] = names[server["image"]["id"]]
        else:
            (disk,) = [
                volume
                for volume in project.volume.volumes.things.values()
                if volume["bootable"] == "true" and volume["attachments"][0]["server_id"] == server["id"]
            ]
            found[server["name"]] = names[disk["volume_image_metadata"]["image_id"]]
    return found


def rebuild_by_slurm(project: FakeProject, name: str, image: str) -> None:
    """What the RebootProgram does behind the stack's back."""
    server, target = project.compute.servers.named(name), project.images.named(image)["id"]
    if server["image"]:
        server["image"] = {"id": target}
        return
    for volume in project.volume.volumes.things.values():
        if volume["bootable"] == "true" and volume["attachments"][0]["server_id"] == server["id"]:
            volume["volume_image_metadata"]["image_id"] = target


def ignore(rig: Rig, *, ignoring: bool) -> None:
    rig.settings["compute"]["general"]["ignore_image_changes"] = ignoring


def actions(rig: Rig) -> dict[str, NodeAction]:
    return {row.node: row.action for row in rig.preview().rows}


def target_images(project: FakeProject) -> dict[str, str]:
    """The image_id of each host in the inventory, as a name."""
    inventory = yaml.safe_load((EnvironmentFolder.of("test").inventory / "hosts.yml").read_text())
    groups = inventory["all"]["children"].values()
    hosts: dict[str, Any] = {name: host for group in groups for name, host in (group.get("hosts") or {}).items()}
    names = {id_: image["name"] for id_, image in project.images.things.items()}
    return {name: names[host["image_id"]] for name, host in hosts.items()}


def test_login_and_control_are_rebuilt_and_compute_is_left_to_slurm(rig: Rig, project: FakeProject) -> None:
    rig.up()
    before = rig.ids()
    attached = {volume["id"]: volume["attachments"] for volume in project.volume.volumes.things.values()}
    rig.settings["cluster_image"] = "image-b"

    plan = rig.preview()
    assert plan.exit_status == 3
    assert {row.node: row.action for row in plan.rows} == dict.fromkeys(
        REBUILT, NodeAction.REBUILD_NOW
    ) | dict.fromkeys(COMPUTE, NodeAction.REIMAGE_BY_SLURM)
    assert images(project)["demo-control"] == "image-a", "a preview changes nothing"

    rig.up()
    assert rig.ids() == before
    assert images(project) == dict.fromkeys(REBUILT, "image-b") | dict.fromkeys(COMPUTE, "image-a")
    assert {volume["id"]: volume["attachments"] for volume in project.volume.volumes.things.values()} == attached
    assert set(target_images(project).values()) == {"image-b"}
    assert set(rig.up().changes) == {"same"}
    assert actions(rig) == dict.fromkeys(REBUILT, NodeAction.NONE) | dict.fromkeys(COMPUTE, NodeAction.REIMAGE_BY_SLURM)


def test_a_group_that_does_not_ignore_changes_is_rebuilt(rig: Rig, project: FakeProject) -> None:
    ignore(rig, ignoring=False)
    rig.up()
    before = rig.ids()
    rig.settings["cluster_image"] = "image-b"
    rig.up()
    assert rig.ids() == before
    assert set(images(project).values()) == {"image-b"}


@pytest.fixture(params=["image", "volume"])
def booted(rig: Rig, request: pytest.FixtureRequest) -> Rig:
    """A cluster whose compute nodes boot from the image, or from volumes."""
    rig.settings["compute"]["general"]["volume_backed_instances"] = request.param == "volume"
    return rig


def test_switching_changes_no_server(booted: Rig, project: FakeProject) -> None:
    booted.up()
    before, running = booted.ids(), images(project)
    for ignoring in (False, True, False):
        ignore(booted, ignoring=ignoring)
        plan = booted.preview()
        assert {row.action for row in plan.rows} == {NodeAction.NONE}
        assert set(plan.counts) <= {"update"}, "the inventory says which groups ignore changes"
        booted.up()
        assert (booted.ids(), images(project)) == (before, running)


@pytest.mark.extended
def test_switching_off_after_slurm_has_rebuilt_changes_no_server(booted: Rig, project: FakeProject) -> None:
    booted.up()
    before = booted.ids()
    booted.settings["cluster_image"] = "image-b"
    booted.up()
    for name in COMPUTE:
        rebuild_by_slurm(project, name, "image-b")
    running = images(project)
    ignore(booted, ignoring=False)
    # The preview repairs nothing, and must not cry wolf either.
    assert {row.action for row in booted.preview().rows} == {NodeAction.NONE}
    booted.up()
    assert (booted.ids(), images(project)) == (before, running)
    assert any("image of 2 nodes" in line for line in booted.lines)
    assert set(booted.up().changes) == {"same"}


def test_an_ignoring_group_can_be_made_to_boot_from_volumes(rig: Rig, project: FakeProject) -> None:
    rig.up()
    before = rig.ids()
    rig.settings["compute"]["general"]["volume_backed_instances"] = True
    plan = rig.preview()
    assert {row.node for row in plan.rows if row.action is NodeAction.REPLACE} == set(COMPUTE)
    rig.up()
    after = rig.ids()
    assert {name for name in before if before[name] != after[name]} == set(COMPUTE)
    assert set(images(project).values()) == {"image-a"}
    assert set(rig.up().changes) == {"same"}


def test_a_protected_environment_is_not_disturbed_by_mistake(rig: Rig, project: FakeProject) -> None:
    rig.settings["protected"] = True
    rig.up()
    rig.settings["compute"]["general"]["nodes"] = ["c-[0-2]"]
    rig.up()
    rig.settings["cluster_image"] = "image-b"
    with pytest.raises(ProtectedEnvironmentError) as refused:
        rig.up()
    assert refused.value.exit_status == 3
    assert set(images(project).values()) == {"image-a"}
    rig.up(allow_disruptive=True)
    assert images(project)["demo-control"] == "image-b"


def test_a_server_that_is_just_being_rebuilt_does_not_stop_the_others(rig: Rig, project: FakeProject) -> None:
    rig.up()
    project.compute.servers.named("demo-c-0")["status"] = "REBUILD"
    project.compute._ready[project.compute.servers.named("demo-c-0")["id"]] = float("inf")
    rig.settings["cluster_image"] = "image-b"
    rig.up()
    assert images(project)["demo-login-0"] == "image-b"
    assert any("demo-c-0" in str(note) and "REBUILD" in str(note) for note in rig.preview().notes)
