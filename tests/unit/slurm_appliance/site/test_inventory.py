"""The inventory: its bytes are pinned, and Ansible reads it as it is meant."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from slurm_appliance.config import ClusterConfig, NodeKind, from_mapping
from slurm_appliance.config.checks.names import RESERVED
from slurm_appliance.site.inventory import Inventory, InventoryHost, InventorySubnet
from tests.unit.slurm_appliance.config.examples import smallest
from toolchain.paths import REPOSITORY

GOLDEN = Path(__file__).parent / "golden"


def config(**changes: Any) -> ClusterConfig:
    settings: dict[str, Any] = {
        "cluster_name": "my-demo",
        "login": {"entry": {"nodes": ["login-0"], "flavor": "small", "fip_addresses": ["203.0.113.10"]}},
        "compute": {
            "general": {
                "nodes": ["c-[0-1]"],
                "flavor": "small",
                "compute_init_enable": ["compute", "nfs"],
                "ignore_image_changes": True,
            },
            "empty": {"nodes": [], "flavor": "small"},
        },
        "additional_nodegroups": {"squid": {"nodes": ["squid-0"], "flavor": "small"}},
        "slurm": {"nodegroups": {"general": {"features": ["fast"]}}},
        "secrets": {"monitoring_password": "correct horse"},
        "ssh": {"private_key_file": "/keys/cluster"},
        **changes,
    }
    return from_mapping(smallest(**settings), "test", environment="test")


def server_id(number: int) -> str:
    return f"5eed5eed-0000-4000-8000-{number:012}"


IMAGE = "1a6e1a6e-0000-4000-8000-000000000001"


def host(name: str, kind: NodeKind, group: str, number: int, **more: Any) -> InventoryHost:
    return InventoryHost(
        name=f"my-demo-{name}",
        kind=kind,
        group=group,
        fqdn=f"my-demo-{name}.my-demo.internal",
        instance_id=server_id(number),
        image_id=IMAGE,
        addresses={"cluster": f"10.0.0.{number}", "fabric": f"fd00::{number}"},
        access_network="cluster",
        **more,
    )


HOSTS = (
    host("control", NodeKind.CONTROL, "control", 10),
    host("login-0", NodeKind.LOGIN, "entry", 11, floating_ip="203.0.113.10"),
    host("c-0", NodeKind.COMPUTE, "general", 20),
    host("c-1", NodeKind.COMPUTE, "general", 21),
    host("squid-0", NodeKind.ADDITIONAL, "squid", 30),
)
SUBNETS = (InventorySubnet("cluster", "10.0.0.0/24"), InventorySubnet("fabric", "fd00::/64"))


def test_its_bytes_are_pinned() -> None:
    assert Inventory(config(), HOSTS, SUBNETS).render() == (GOLDEN / "hosts.yml").read_text()


def test_the_order_of_hosts_does_not_show() -> None:
    assert Inventory(config(), HOSTS[::-1], SUBNETS).render() == Inventory(config(), HOSTS, SUBNETS).render()


def test_no_secret_is_in_it() -> None:
    text = Inventory(config(), HOSTS, SUBNETS).render()
    assert "correct horse" not in text
    assert "secrets:" not in text


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Ansible makes of it; its warnings are mistakes."""
    folder = tmp_path_factory.mktemp("inventory")
    (folder / "hosts.yml").write_text(Inventory(config(), HOSTS, SUBNETS).render())
    program = str(Path(sys.prefix) / "bin/ansible-inventory")
    command = [program, "-i", str(folder), "--list"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert ended.stderr == ""
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def test_groups(listed: dict[str, Any]) -> None:
    assert listed["control"]["hosts"] == ["my-demo-control"]
    assert listed["login"]["children"] == ["entry"]
    assert sorted(listed["compute"]["children"]) == ["empty", "general"]
    assert listed["general"]["hosts"] == ["my-demo-c-0", "my-demo-c-1"]
    assert listed["additional"]["children"] == ["squid"]
    assert listed["my_demo_general"]["children"] == ["general"]
    assert listed["my_demo_control"]["children"] == ["control"]
    assert listed["rebuild"]["children"] == ["control"]


def test_host_variables(listed: dict[str, Any]) -> None:
    variables = listed["_meta"]["hostvars"]["my-demo-c-1"]
    assert variables["ansible_host"] == "10.0.0.21"
    assert variables["instance_id"] == server_id(21)
    assert variables["image_id"] == IMAGE
    assert variables["node_fqdn"] == "my-demo-c-1.my-demo.internal"
    assert variables["networks"] == {"cluster": {"fixed_ip_v4": "10.0.0.21"}, "fabric": {"fixed_ip_v6": "fd00::21"}}
    assert variables["compute_init_enable"] == ["compute", "nfs", "nhc"]
    assert variables["slurm_node_options"]["features"] == ["fast"]
    assert listed["_meta"]["hostvars"]["my-demo-login-0"]["node_fip"] == "203.0.113.10"
    assert "node_fip" not in variables


def test_settings_are_variables(listed: dict[str, Any]) -> None:
    variables = listed["_meta"]["hostvars"]["my-demo-control"]
    assert variables["cluster_name"] == "my-demo"
    assert variables["environment_name"] == "test"
    assert variables["state_dir"] == "/var/lib/state"
    assert variables["cluster_home_volume"] is True
    assert variables["cluster_compute_groups"] == ["empty", "general"]
    assert variables["slurm_partitions"]["batch"]["groups"] == ["empty", "general"]
    login = listed["_meta"]["hostvars"]["my-demo-login-0"]["ansible_ssh_common_args"]
    assert login.endswith("-o IdentitiesOnly=yes -i /keys/cluster")
    assert variables["ansible_ssh_common_args"].startswith(f"{login} -o 'ProxyCommand=ssh -W %h:%p ")


@pytest.mark.parametrize(
    "settings",
    [
        {"nonlogin_ssh_allowed_cidrs": ["192.0.2.0/24"]},
        {"nonlogin_security_groups": ["ours"]},
        {"ssh": {"bastion_host": "bastion.example.org"}},
        {"login": {}},
    ],
)
def test_no_login_node_is_gone_through_where_another_way_is_open(settings: dict[str, Any]) -> None:
    tree = Inventory(config(**settings), HOSTS, SUBNETS).tree()["all"]
    assert "10.0.0.11" not in tree["vars"]["ansible_ssh_common_args"]
    assert "vars" not in tree["children"]["login"]


def test_a_cluster_that_slurm_may_not_rebuild() -> None:
    inventory = Inventory(config(features={"rebuild": False}), HOSTS, SUBNETS)
    assert "rebuild" not in inventory.tree()["all"]["children"]


def test_groups_with_hyphens_have_underscores_for_ansible_and_slurm() -> None:
    group = {"nodes": ["c-0"], "flavor": "small"}
    of_slurm = {"nodegroups": {"fat-a": {"features": ["fat"]}}, "partitions": {"p": {"groups": ["fat-a"]}}}
    fat = host("c-0", NodeKind.COMPUTE, "fat-a", 20)
    tree = Inventory(config(compute={"fat-a": group}, slurm=of_slurm), (HOSTS[0], fat)).tree()["all"]
    assert list(tree["children"]["fat_a"]["hosts"]) == ["my-demo-c-0"]
    assert tree["children"]["fat_a"]["vars"]["node_group"] == "fat_a"
    assert tree["children"]["fat_a"]["vars"]["slurm_node_options"]["features"] == ["fat"]
    assert tree["children"]["compute"]["children"] == {"fat_a": {}}
    assert tree["children"]["my_demo_fat_a"] == {"children": {"fat_a": {}}}
    assert tree["vars"]["cluster_compute_groups"] == ["fat_a"]
    assert tree["vars"]["slurm_partitions"]["p"]["groups"] == ["fat_a"]
    assert not any("-" in name for name in tree["children"])


@pytest.mark.parametrize("play", sorted((REPOSITORY / "ansible").glob("*.yml")), ids=lambda path: path.name)
def test_no_group_of_the_cluster_can_be_named_like_one_that_plays_run_on(play: Path) -> None:
    of_images = {"dev", "extra_packages"}  # Image builds have an inventory of their own.
    for each in yaml.safe_load(play.read_text()):
        named = set(str(each.get("hosts", "all")).split(":"))
        assert named <= RESERVED | of_images
