"""Servers: what they are made from, and which changes of them are ignored."""

import base64
import json

import pytest

from slurm_appliance.hostvars.signing import SigningKey
from tests.unit.clouds import IMAGE, OTHER_IMAGE, cloud, server
from tests.unit.components.clusters import COMPUTE, recorded
from tests.unit.components.recorder import SIGNING_KEY

INSTANCE = "compute/instance:Instance"


def test_a_server_is_made_from_ids_that_need_no_lookup() -> None:
    inputs = recorded().of(INSTANCE)["demo-c-0"].inputs
    assert inputs == {
        "name": "demo-c-0",
        "flavorId": "flavor-small",
        "imageId": IMAGE,
        "keyPair": "operators",
        "networks": [{"port": "id-of-demo-c-0.cluster"}],
        "metadata": inputs["metadata"],
        "userData": "#cloud-config\nfqdn: demo-c-0.demo.internal\n",
    }


def test_metadata_says_who_the_node_is_and_where_control_is() -> None:
    servers = recorded(
        gateway_ip="10.0.0.1",
        compute={"general": {**COMPUTE, "compute_init_enable": ["compute", "nfs"]}},
        control_ip_addresses={"cluster": "10.0.0.10"},
    ).of(INSTANCE)
    metadata = servers["demo-c-0"].inputs["metadata"]
    assert metadata.pop("access_ip").startswith("10.0.0.1")
    assert metadata == {
        "environment": "test",
        "control_address": "10.0.0.10",
        "gateway_ip": "10.0.0.1",
        "bundle_key": SigningKey(SIGNING_KEY).public,
        "compute": "true",
        "nfs": "true",
        "nhc": "true",
    }
    assert servers["demo-control"].inputs["metadata"] == {
        "environment": "test",
        "access_ip": "10.0.0.10",
        "gateway_ip": "10.0.0.1",
        "user_data_version": "2",
    }
    assert "bundle_key" not in servers["demo-login-0"].inputs["metadata"]
    assert SIGNING_KEY not in json.dumps([each.inputs for each in servers.values()])


def test_the_public_key_is_shown_and_only_changes_metadata_when_it_is_exchanged() -> None:
    given = base64.b64encode(b"o" * 32).decode()
    before, after = recorded().of(INSTANCE), recorded(secrets={"bundle_signing_key": given}).of(INSTANCE)
    old, new = before["demo-c-0"].inputs, after["demo-c-0"].inputs
    assert new["metadata"]["bundle_key"] == SigningKey(given).public
    assert [name for name in old if old[name] != new[name]] == ["metadata"]
    assert not before["demo-c-0"].secret_inputs | after["demo-c-0"].secret_inputs


def test_a_server_goes_before_its_successor_can_have_its_ports() -> None:
    for record in recorded().of(INSTANCE).values():
        assert record.delete_before_replace
        assert record.timeouts == ("60m", "120m", "60m")
        assert not record.protect


@pytest.mark.parametrize(
    ("group", "ignored"),
    [
        ({}, []),
        ({"ignore_image_changes": True}, ["imageId"]),
        ({"volume_backed_instances": True}, []),
        (
            {"ignore_image_changes": True, "volume_backed_instances": True},
            ["imageId", "blockDevices[0].uuid"],
        ),
    ],
)
def test_image_changes_are_ignored_in_the_spelling_that_the_engine_needs(
    group: dict[str, object], ignored: list[str]
) -> None:
    servers = recorded(compute={"general": {**COMPUTE, **group}}).of(INSTANCE)
    assert servers["demo-c-0"].ignore_changes == ignored
    # Login and control nodes follow the image at once, whatever compute groups do.
    assert servers["demo-login-0"].ignore_changes == []
    assert servers["demo-control"].ignore_changes == []


def test_the_path_into_disks_is_left_out_for_a_server_that_had_none() -> None:
    facts = cloud(servers=(server("demo-c-0"), server("demo-c-1", volume_backed=True)))
    group = {**COMPUTE, "ignore_image_changes": True, "volume_backed_instances": True}
    servers = recorded(facts, compute={"general": group}).of(INSTANCE)
    assert servers["demo-c-0"].ignore_changes == ["imageId"]
    assert servers["demo-c-1"].ignore_changes == ["imageId", "blockDevices[0].uuid"]


def test_a_server_that_runs_the_target_is_not_rebuilt_because_the_state_is_old() -> None:
    facts = cloud(servers=(server("demo-c-0"), server("demo-c-1", image_id=OTHER_IMAGE)))
    servers = recorded(facts).of(INSTANCE)
    assert servers["demo-c-0"].ignore_changes == ["imageId"]
    assert servers["demo-c-1"].ignore_changes == []


def test_a_volume_backed_server_that_runs_the_target_is_not_replaced() -> None:
    facts = cloud(servers=(server("demo-c-0", volume_backed=True),))
    servers = recorded(facts, compute={"general": {**COMPUTE, "volume_backed_instances": True}}).of(INSTANCE)
    assert servers["demo-c-0"].ignore_changes == ["imageId", "blockDevices[0].uuid"]


def test_boot_from_volume() -> None:
    group = {**COMPUTE, "volume_backed_instances": True, "root_volume_size": 60, "root_volume_type": "ssd"}
    servers = recorded(compute={"general": group}).of(INSTANCE)
    inputs = servers["demo-c-0"].inputs
    assert "imageId" not in inputs
    assert inputs["blockDevices"] == [
        {
            "uuid": IMAGE,
            "sourceType": "image",
            "destinationType": "volume",
            "bootIndex": 0,
            "volumeSize": 60,
            "volumeType": "ssd",
            "deleteOnTermination": True,
        }
    ]
    assert "blockDevices" not in servers["demo-login-0"].inputs


def test_placement() -> None:
    servers = recorded(
        config_drive=True,
        control_server_group_id="8f1c3f2e-5d1b-4d8a-9c57-0a4b6f0e7a11",
        compute={
            "zoned": {**COMPUTE, "availability_zone": "rack-1", "server_group_policy": "soft-anti-affinity"},
            "metal": {**COMPUTE, "nodes": ["c-[0-1]"], "match_ironic_node": True, "nodename_template": "m-${node}.x"},
        },
    )
    instances = servers.of(INSTANCE)
    assert instances["demo-c-0"].inputs["availabilityZone"] == "rack-1"
    assert instances["demo-c-0"].inputs["schedulerHints"] == [{"group": "id-of-zoned"}]
    assert instances["m-c-0"].inputs["availabilityZone"] == "nova::ironic-c-0"
    assert "schedulerHints" not in instances["m-c-0"].inputs
    assert instances["demo-control"].inputs["schedulerHints"] == [{"group": "8f1c3f2e-5d1b-4d8a-9c57-0a4b6f0e7a11"}]
    assert all(each.inputs["configDrive"] is True for each in instances.values())
    (group,) = servers.of("compute/serverGroup:ServerGroup").values()
    assert group.inputs == {"name": "demo-zoned", "policies": "soft-anti-affinity"}


def test_a_group_may_have_its_own_image() -> None:
    servers = recorded(compute={"general": {**COMPUTE, "image": "slurm-other"}}).of(INSTANCE)
    assert servers["demo-c-0"].inputs["imageId"] == OTHER_IMAGE
    assert servers["demo-login-0"].inputs["imageId"] == IMAGE
