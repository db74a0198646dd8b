"""Groups: a setting of the group goes before the cluster's."""

from typing import Any

import pytest

from slurm_appliance.config import from_mapping
from slurm_appliance.config.compute_init import ComputeInitRole
from slurm_appliance.config.image_users import OnImageChange
from slurm_appliance.nodes.groups import Group, groups
from tests.unit.slurm_appliance.config.examples import largest, smallest


def group(name: str, **changes: Any) -> Group:
    config = from_mapping(smallest(**changes), "test", environment="test")
    (found,) = [each for each in groups(config) if each.name == name]
    return found


def general(**own: Any) -> dict[str, Any]:
    return {"compute": {"general": {"nodes": ["c-0"], "flavor": "m1.small", **own}}}


CASES: list[tuple[str, dict[str, Any], dict[str, Any], Any]] = [
    ("volume_backed", {}, {}, False),
    ("volume_backed", {"volume_backed_instances": True}, {}, True),
    ("volume_backed", {"volume_backed_instances": True}, {"volume_backed_instances": False}, False),
    ("root_volume_size", {"root_volume_size": 50}, {}, 50),
    ("root_volume_size", {"root_volume_size": 50}, {"root_volume_size": 60}, 60),
    ("root_volume_type", {"root_volume_type": "ssd"}, {}, "ssd"),
    ("gateway_ip", {"gateway_ip": "10.0.0.1"}, {}, "10.0.0.1"),
    ("gateway_ip", {"gateway_ip": "10.0.0.1"}, {"gateway_ip": "10.0.0.2"}, "10.0.0.2"),
    ("image_path", {}, {}, "cluster_image"),
    ("image_path", {}, {"image": "other"}, "compute.general.image"),
    ("on_image_change", {}, {"ignore_image_changes": True}, OnImageChange.LEAVE_TO_SLURM),
    ("on_image_change", {}, {}, OnImageChange.REBUILD),
    ("on_image_change", {"volume_backed_instances": True}, {}, OnImageChange.REPLACE),
    ("boot_roles", {}, {}, tuple(ComputeInitRole)),
    ("boot_roles", {"features": {"nhc": False}}, {}, tuple(role for role in ComputeInitRole if role != "nhc")),
    ("boot_roles", {}, {"compute_init_enable": ["compute", "nfs"]}, ("compute", "nfs", "nhc")),
    ("boot_roles", {}, {"compute_init_enable": ["nhc", "compute"]}, ("compute", "nhc")),
    ("boot_roles", {"features": {"nhc": False}}, {"compute_init_enable": ["compute", "nfs"]}, ("compute", "nfs")),
    ("cloud_config", {"additional_cloud_config": "a: 1"}, {}, ("a: 1", {})),
    ("cloud_config", {"additional_cloud_config": "a: 1"}, {"additional_cloud_config": "b: 2"}, ("b: 2", {})),
]


@pytest.mark.parametrize(("attribute", "cluster", "own", "expected"), CASES)
def test_whose_setting_counts(attribute: str, cluster: dict[str, Any], own: dict[str, Any], expected: Any) -> None:
    assert getattr(group("general", **cluster, **general(**own)), attribute) == expected


def test_the_control_node_has_the_clusters_settings() -> None:
    control = group("control", control_ip_addresses={"cluster": "10.0.0.10"}, volume_backed_instances=True)
    assert control.flavor == ("m1.large", "control_node_flavor")
    assert control.fixed_address("cluster", 0) == "10.0.0.10"
    assert control.volume_backed
    assert control.floating_ips == ()
    assert control.on_image_change is OnImageChange.REPLACE
    assert control.at("nodes") == "nodes"


def test_everything_at_once() -> None:
    found = {each.name: each for each in groups(from_mapping(largest(), "test"))}
    assert list(found) == ["control", "entry", "general", "gpu", "squid"]
    assert [network.network for network in found["general"].networks] == ["cluster", "storage", "fabric"]
    assert found["general"].vnic_type("storage").value == "direct"
    assert found["general"].vnic_type("cluster").value == "normal"
    assert found["general"].fixed_address("cluster", 2) == "10.20.0.22"
    assert found["general"].fixed_address("fabric", 0) is None
    assert found["general"].cloud_config == ("timezone: ${zone}\n", {"zone": "Europe/Berlin"})
    assert found["entry"].floating_network == "cluster"
    assert found["entry"].security_group_ids == ("8f1c3f2e-5d1b-4d8a-9c57-0a4b6f0e7a11",)
    assert found["gpu"].volume_backed
    assert found["gpu"].root_volume_size == 60
