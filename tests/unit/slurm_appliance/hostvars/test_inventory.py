from pathlib import Path

import pytest
import yaml

from slurm_appliance.hostvars.bundle import node_variables
from slurm_appliance.hostvars.errors import HostVariablesError
from slurm_appliance.hostvars.inventory import compute_nodes, read_inventory
from slurm_appliance.playbooks.node_roles import NodeRole

_ROLES = [
    NodeRole("slurmd", "compute", frozenset({"own", "shared"})),
    NodeRole("nfs", "nfs", frozenset({"nfs_server"})),
]


def _host(number: int) -> dict[str, str]:
    return {"ansible_host": f"10.0.0.{number}", "instance_id": f"s{number}", "image_id": "i", "own": f"{number}"}


def test_nodes_with_their_groups_variables(tmp_path: Path) -> None:
    inventory = tmp_path / "inventory"
    (inventory / "group_vars").mkdir(parents=True)
    (inventory / "group_vars" / "compute.yml").write_text('shared: "{{ own }}"\nnfs_server: x\n')
    groups = {
        "control": {"hosts": {"ctl": _host(9)}},
        "compute": {"children": {"small": {}, "big": {}}},
        "small": {"hosts": {"c1": _host(1)}, "vars": {"compute_init_enable": ["compute", "nfs"]}},
        "big": {"hosts": {"b1": _host(2)}, "vars": {"compute_init_enable": ["compute"]}},
        "off": {"hosts": {"o1": _host(3)}, "vars": {"compute_init_enable": []}},
    }
    (inventory / "hosts.yml").write_text(yaml.safe_dump({"all": {"children": groups}}))
    (tmp_path / "ansible.cfg").touch()

    hosts = read_inventory(inventory, tmp_path)
    nodes = {node.name: node for node in compute_nodes(hosts, _ROLES)}

    assert set(hosts) == {"ctl", "c1", "b1", "o1"}
    assert hosts["c1"]["group_names"] == ["compute", "small"]
    assert hosts["ctl"]["group_names"] == ["control"]
    assert set(nodes) == {"c1", "b1"}
    assert nodes["c1"].allowed == {"own", "shared", "nfs_server", "compute_init_enable"}
    assert nodes["b1"].allowed == {"own", "shared", "compute_init_enable"}
    # Another entry is another bundle, whatever its roles read: running nodes follow it.
    assert node_variables(nodes["c1"])["compute_init_enable"] == ["compute", "nfs"]
    # As it stands in the inventory: resolved on the node.
    assert nodes["c1"].variables["shared"] == "{{ own }}"
    assert (nodes["b1"].address, nodes["b1"].instance_id) == ("10.0.0.2", "s2")
    assert [node.name for node in compute_nodes(hosts, _ROLES, ["b1", "ctl"])] == ["b1"]


def test_a_node_without_a_server() -> None:
    hosts = {"c1": {"compute_init_enable": ["compute"], "ansible_host": "10.0.0.1"}}

    with pytest.raises(HostVariablesError, match="instance_id, image_id") as refused:
        compute_nodes(hosts, _ROLES)
    assert refused.value.where == "c1"


def test_an_inventory_that_ansible_cannot_read(tmp_path: Path) -> None:
    (tmp_path / "ansible.cfg").write_text("[inventory]\nany_unparsed_is_failed = true\n")
    (tmp_path / "hosts.yml").write_text("all: [")

    with pytest.raises(HostVariablesError, match=r"hosts\.yml"):
        read_inventory(tmp_path / "hosts.yml", tmp_path)
