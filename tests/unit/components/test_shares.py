"""Shares of Manila that the cluster creates: they are kept, and nodes mount them with what Manila says."""

import json
from typing import Any

import yaml

from tests.unit.components.clusters import COMPUTE, MARK, recorded
from tests.unit.components.recorder import Recorded

SHARE = "sharedfilesystem/share:Share"
ACCESS = "sharedfilesystem/shareAccess:ShareAccess"
PROTECTED = {"protected": True}


def cluster(*, preview: bool = False, **filesystems: Any) -> Recorded:
    return recorded(preview=preview, filesystems=filesystems)


def nfs(**create: Any) -> dict[str, Any]:
    return {"type": "nfs", "mount_point": "/data", "create": {"size": 100, **create}}


def ceph(**more: Any) -> dict[str, Any]:
    return {"type": "cephfs", "mount_point": "/ceph", "user": "demo-ceph", "create": {"size": 50}, **more}


def requests(made: Recorded) -> dict[str, Any]:
    """What the environment's files are written from."""
    commands = made.of("local:Command")
    return {name: json.loads(commands[name].inputs["stdin"])["files"] for name in ("inventory", "secrets")}


def test_a_share_is_protected_and_stays() -> None:
    create = {"share_type": "servers", "share_network": "nodes", "availability_zone": "nova"}
    share = cluster(data=nfs(**create)).of(SHARE)["data"]
    assert share.inputs == {
        "name": "demo-data",
        "description": MARK,
        "shareProto": "NFS",
        "size": 100,
        "shareType": "servers",
        "shareNetworkId": "share-network-nodes",
        "availabilityZone": "nova",
    }
    assert share.protect
    assert share.retain_on_delete
    assert share.timeouts == ("30m", "30m", "30m")


def test_the_subnets_of_nodes_that_mount_it_may() -> None:
    fabric = {**COMPUTE, "extra_networks": [{"network": "fabric"}]}
    idle = {"nodes": ["i-0"], "flavor": "m1.small", "extra_networks": [{"network": "fabric"}]}
    made = recorded(compute={"general": fabric}, filesystems={"data": nfs(access_level="ro")})
    rules = made.of(ACCESS)
    assert {name: each.inputs for name, each in rules.items()} == {
        f"data.{network}": {"shareId": "id-of-data", "accessType": "ip", "accessTo": cidr, "accessLevel": "ro"}
        for network, cidr in (("cluster", "10.0.0.0/24"), ("fabric", "10.2.0.0/24"))
    }
    for rule in rules.values():
        assert rule.delete_before_replace, "a share has no two rules for one client"
        assert rule.deleted_with == made.of(SHARE)["data"].urn
        assert rule.timeouts == ("20m", "", "20m"), "an access rule has no update"
    site = made.of("local:Command")["site"]
    assert {rule.urn for rule in rules.values()} <= site.dependencies
    alone = recorded(compute={"idle": idle}, filesystems={"data": {**nfs(), "groups": ["control"]}}).of(ACCESS)
    assert list(alone) == ["data.cluster"]


def test_clients_that_the_configuration_names() -> None:
    rules = cluster(data=nfs(clients=["203.0.113.5/32", "192.0.2.0/24"])).of(ACCESS)
    assert {name: each.inputs["accessTo"] for name, each in rules.items()} == {
        "data.203.0.113.5/32": "203.0.113.5/32",
        "data.192.0.2.0/24": "192.0.2.0/24",
    }


def test_nodes_mount_what_manila_prefers_with_the_key_of_the_rule() -> None:
    made = cluster(data=nfs(), ceph=ceph(share="mine"))
    assert made.of(SHARE)["ceph"].inputs["name"] == "mine"
    assert made.of(SHARE)["ceph"].inputs["shareProto"] == "CEPHFS"
    rule = made.of(ACCESS)["ceph"]
    assert rule.inputs == {
        "shareId": "id-of-ceph", "accessType": "cephx", "accessTo": "demo-ceph", "accessLevel": "rw"
    }  # fmt: skip
    assert "accessKey" in rule.secret_outputs
    files = requests(made)
    hosts = yaml.safe_load(files["inventory"]["inventory/hosts.yml"])
    mounts = hosts["all"]["children"]["general"]["vars"]["filesystem_mounts"]
    assert {each["name"]: each["what"] for each in mounts} == {"data": "192.0.2.11:/s", "ceph": "192.0.2.11:/s"}
    (secrets,) = files["secrets"].values()
    assert yaml.safe_load(secrets)["filesystem_key_ceph"] == "key of demo-ceph"
    assert "key of demo-ceph" not in json.dumps(files["inventory"])
    assert "stdin" in made.of("local:Command")["secrets"].secret_inputs
    assert "stdin" not in made.of("local:Command")["inventory"].secret_inputs


def test_a_cluster_without_created_shares_has_no_component_for_them() -> None:
    assert not cluster().of("Shares")
    assert cluster(data=nfs()).of("Shares")
