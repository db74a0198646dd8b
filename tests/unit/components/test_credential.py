"""The control node's credential: for the compute nodes' servers, and for nothing else."""

import json
from dataclasses import replace
from typing import Any

from slurm_appliance.cloud.facts import CloudAccess, SubnetFacts
from tests.unit.clouds import cloud
from tests.unit.components.clusters import COMPUTE, recorded
from tests.unit.components.recorder import Record, Recorded, id_of

_ACCESS = CloudAccess(
    "https://keystone.example.org/v3",
    "north",
    {
        "compute": "https://nova.example.org/compute/v2.1",
        "image": "https://glance.example.org/image",
        "block_storage": "https://cinder.example.org/volume/v3/0123",
    },
)


def credential(made: Recorded) -> Record:
    (record,) = made.of("identity/applicationCredential:ApplicationCredential").values()
    return record


def made(**changes: Any) -> Recorded:
    return recorded(cloud(access=_ACCESS), **changes)


def entry_of(made: Recorded) -> dict[str, Any]:
    """The control node's entry of clouds.yaml."""
    request = json.loads(made.of("local:Command")["secrets"].inputs["stdin"])
    (text,) = request["files"].values()
    (line,) = [line for line in text.splitlines() if line.startswith("reboot_cloud: ")]
    entry: dict[str, Any] = json.loads(line.partition(": ")[2])
    return entry


def test_rules_name_the_servers_of_compute_nodes() -> None:
    record = credential(made())
    rules = {(rule["service"], rule["method"], rule["path"]) for rule in record.inputs["accessRules"]}
    assert rules == {
        ("image", "GET", "/image/v2/images/*"),
        *(("compute", "GET", f"/compute/v2.1/servers/{id_of(f'demo-c-{n}')}") for n in range(2)),
        *(("compute", "POST", f"/compute/v2.1/servers/{id_of(f'demo-c-{n}')}/action") for n in range(2)),
    }
    assert not record.delete_before_replace, "the old one is in use until the new one is on the control node"


def test_nodes_on_volumes_are_looked_up_there() -> None:
    record = credential(made(compute={"general": {**COMPUTE, "volume_backed_instances": True}}))
    assert "/volume/v3/0123/volumes/*" in {rule["path"] for rule in record.inputs["accessRules"]}


def test_the_name_changes_with_the_servers_and_with_each_rotation() -> None:
    names = {
        credential(made()).inputs["name"],
        credential(made(compute={"general": {**COMPUTE, "nodes": ["c-[0-2]"]}})).inputs["name"],
    }
    assert len(names) == 2
    assert all(name.startswith("demo-rebuild-") for name in names)
    assert credential(made()).inputs["name"] in names


def test_very_large_clusters_get_rules_that_keystone_takes() -> None:
    large = cloud(access=_ACCESS, subnets=(SubnetFacts("a", "cluster", "network-cluster", "10.0.0.0/16"),))
    many = recorded(large, compute={"general": {**COMPUTE, "nodes": ["c-[0-299]"]}})
    paths = {rule["path"] for rule in credential(many).inputs["accessRules"]}
    assert "/compute/v2.1/servers/*/action" in paths
    assert len(paths) == 3


def test_the_control_node_gets_an_entry_of_clouds_yaml_among_the_secrets() -> None:
    entry = entry_of(made())
    assert entry["auth_type"] == "v3applicationcredential"
    assert entry["region_name"] == "north"
    assert entry["auth"]["auth_url"] == "https://keystone.example.org/v3"
    assert entry["auth"]["application_credential_id"] == "id-of-rebuild"


def test_what_the_deploy_hosts_entry_needs_the_control_nodes_has_too() -> None:
    access = replace(_ACCESS, interface="internal", ca_certificates="-----BEGIN CERTIFICATE-----\n")
    entry = entry_of(recorded(cloud(access=access)))
    assert (entry["interface"], entry["ca_certificates"]) == ("internal", "-----BEGIN CERTIFICATE-----\n")
    assert "verify" not in entry
    assert entry_of(recorded(cloud(access=replace(_ACCESS, verify=False))))["verify"] is False
    assert not {"interface", "ca_certificates", "verify"} & entry_of(made()).keys()


def test_without_rebuilds_there_is_no_credential() -> None:
    without: list[dict[str, Any]] = [{"features": {"rebuild": False}}, {"compute": {}}]
    for changes in without:
        assert not made(**changes).of("identity/applicationCredential:ApplicationCredential")
