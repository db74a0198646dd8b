"""Volumes: those that outlive the cluster, those that go with a node, and how the control node gets them."""

import pytest

from slurm_appliance.cloud.facts import ServerFacts
from slurm_appliance.nodes.volume_scripts import BLANK
from tests.unit.clouds import cloud, server
from tests.unit.components.clusters import COMPUTE, MARK, recorded
from tests.unit.components.recorder import id_of

VOLUME = "blockstorage/volume:Volume"
ATTACHMENT = "compute/volumeAttach:VolumeAttach"


def test_state_and_home_are_protected_and_stay() -> None:
    made = recorded(cloud(volumes=()), state_volume_size=200, state_volume_type="ssd")
    volumes = made.of(VOLUME)
    assert volumes["state"].inputs == {
        "name": "demo-state",
        "description": MARK,
        "size": 200,
        "volumeType": "ssd",
        "enableOnlineResize": True,
    }
    assert volumes["home"].inputs == {
        "name": "demo-home",
        "description": MARK,
        "size": 100,
        "enableOnlineResize": True,
    }
    for volume in volumes.values():
        assert volume.protect
        assert volume.retain_on_delete
        assert volume.timeouts == ("30m", "", "30m")


def test_attached_volumes_are_not_ours() -> None:
    made = recorded(state_volume_provisioning="attach", home_volume_provisioning="attach")
    assert not made.of(VOLUME)
    attached = {name: each.inputs["volumeId"] for name, each in made.of(ATTACHMENT).items()}
    assert attached == {"state": "volume-state", "home": "volume-home"}


def test_a_cluster_without_a_home_volume() -> None:
    made = recorded(cloud(volumes=()), home_volume_provisioning="none", home={"server": "nfs.example.org"})
    assert list(made.of(VOLUME)) == ["state"]
    assert list(made.of(ATTACHMENT)) == ["state"]
    assert "home" not in made.of("compute/instance:Instance")["demo-control"].inputs["userData"]


def test_an_attachment_goes_with_its_server() -> None:
    made = recorded(cloud(volumes=()))
    control = made.of("compute/instance:Instance")["demo-control"]
    for attachment in made.of(ATTACHMENT).values():
        assert attachment.inputs["instanceId"] == id_of("demo-control")
        assert attachment.deleted_with == control.urn
        assert attachment.delete_before_replace


def test_control_is_told_which_volumes_to_mount() -> None:
    user_data = (
        recorded(state_volume_provisioning="attach").of("compute/instance:Instance")["demo-control"].inputs["userData"]
    )
    assert "- volume-state\n  - state\n  - id-of-home\n  - home\n" in user_data
    assert "- [LABEL=state, /var/lib/state]\n- [LABEL=home, /exports/home]\n" in user_data


def test_extra_volumes_created_or_attached() -> None:
    group = {**COMPUTE, "nodes": ["c-0"], "extra_volumes": {"scratch": {}, "local": {"size": 50, "volume_type": "hdd"}}}
    made = recorded(compute={"general": group})
    volume = made.of(VOLUME)["demo-c-0.local"]
    assert volume.inputs == {
        "name": "demo-c-0-local",
        "description": MARK,
        "size": 50,
        "volumeType": "hdd",
        "enableOnlineResize": True,
    }
    assert not volume.protect
    assert not volume.retain_on_delete
    attached = {
        name: each.inputs
        for name, each in made.of(ATTACHMENT).items()
        if each.inputs["instanceId"] == id_of("demo-c-0")
    }
    assert attached == {
        "demo-c-0.local": {"instanceId": id_of("demo-c-0"), "volumeId": "id-of-demo-c-0.local"},
        "demo-c-0.scratch": {"instanceId": id_of("demo-c-0"), "volumeId": "volume-scratch-0"},
    }


@pytest.mark.parametrize(
    ("running", "version"),
    [(None, 2), (server("demo-control"), 1), (server("demo-control", user_data_version="2"), 2)],
)
def test_a_control_node_that_exists_keeps_its_version_of_user_data(running: ServerFacts | None, version: int) -> None:
    made = recorded(cloud(servers=(running,) if running else ()))
    instances = made.of("compute/instance:Instance")
    control = instances["demo-control"].inputs
    assert control["metadata"].get("user_data_version", "1") == str(version)
    assert (BLANK.splitlines()[2] in control["userData"]) is (version == 2)
    # Others have nothing in theirs that a version changes.
    assert "user_data_version" not in instances["demo-c-0"].inputs["metadata"]
