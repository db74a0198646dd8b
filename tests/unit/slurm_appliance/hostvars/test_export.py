"""The export: what it has for each node, and who may read it."""

import base64

from slurm_appliance.hostvars.bundle import ComputeNode, SharedFile
from slurm_appliance.hostvars.export import archive, export_files
from slurm_appliance.hostvars.hosts_file import hosts_file
from slurm_appliance.hostvars.nfs_exports import ganesha_exports, kernel_exports
from slurm_appliance.hostvars.signing import SigningKey

_KEY = SigningKey(base64.b64encode(b"k" * 32).decode())


def _nodes(*numbers: int, image: str = "image") -> list[ComputeNode]:
    return [
        ComputeNode(f"c{n}", f"10.0.0.{n}", f"server-{n}", image, {"own": f"only c{n}"}, frozenset({"own"}))
        for n in numbers
    ]


def _archive(*numbers: int, image: str = "image", serial: int = 1) -> bytes:
    nodes = _nodes(*numbers, image=image)
    return archive(export_files(nodes, {"hosts": SharedFile(b"hosts\n")}, key=_KEY, serial=serial, state_dir="/x"))


def test_the_same_cluster_is_the_same_bytes() -> None:
    assert _archive(1, 2, 3) == _archive(3, 1, 2)
    assert _archive(1, 2) != _archive(1, 2, image="other")
    assert _archive(1, 2) != _archive(1, 2, serial=2)


def test_a_node_s_folder_has_nothing_of_another_node() -> None:
    files = export_files(_nodes(1, 2, 30), {"hosts": SharedFile(b"")}, key=_KEY, serial=1)
    mine = {path: content for path, content in files.items() if path.startswith("nodes/c1/")}

    assert set(mine) == {f"nodes/c1/{name}" for name in ("bundle.json", "bundle.signed", "variables.json")}
    for content in mine.values():
        assert b'"c2"' not in content
        assert b'"c30"' not in content
        assert b"server-2" not in content


def test_each_folder_is_exported_to_its_node_alone() -> None:
    kernel = kernel_exports(_nodes(1, 2), "/e/nodes").splitlines()[1:]
    ganesha = ganesha_exports(_nodes(1, 2), "/e/nodes").splitlines()[1:]

    assert kernel == [
        "/e/nodes/c1 10.0.0.1(ro,secure,subtree_check,no_root_squash,sync)",
        "/e/nodes/c2 10.0.0.2(ro,secure,subtree_check,no_root_squash,sync)",
    ]
    for line, number in zip(ganesha, (1, 2), strict=True):
        assert f"Path = /e/nodes/c{number};" in line
        assert "Access_Type = NONE; CLIENT" in line
        assert f"Clients = 10.0.0.{number}; Access_Type = RO; PrivilegedPort = true;" in line
    assert "[fd00::1](" in kernel_exports([ComputeNode("c", "fd00::1", "", "", {}, frozenset())], "/e")


def test_hosts_are_rendered_in_one_order() -> None:
    hosts = [("10.0.0.2", "b.c", "b"), ("10.0.0.1", "a.c", "a")]

    assert hosts_file(hosts) == hosts_file(hosts[::-1])
    assert hosts_file(hosts).splitlines()[-2:] == [b"10.0.0.1 a.c a", b"10.0.0.2 b.c b"]
