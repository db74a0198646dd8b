"""The export: what it has for each node, and who may read it."""

import base64
import re

import yaml

from node.compute_init import share
from node.compute_init.share import ACKNOWLEDGEMENTS
from node.compute_init.small_file import SIZE
from node.export_receiver import receiver
from slurm_appliance.hostvars.bundle import ComputeNode, SharedFile
from slurm_appliance.hostvars.export import archive, export_files
from slurm_appliance.hostvars.hosts_file import hosts_file
from slurm_appliance.hostvars.nfs_exports import WRITER_ID, ganesha_exports, kernel_exports
from slurm_appliance.hostvars.signing import SigningKey
from toolchain.paths import REPOSITORY

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

    assert kernel[::2] == [
        "/e/nodes/c1 10.0.0.1(ro,secure,subtree_check,no_root_squash,sync)",
        "/e/nodes/c2 10.0.0.2(ro,secure,subtree_check,no_root_squash,sync)",
    ]
    for line, number in zip(ganesha[1::2], (1, 2), strict=True):
        assert f"Path = /e/nodes/c{number};" in line
        assert "Access_Type = NONE; CLIENT" in line
        assert f"Clients = 10.0.0.{number}; Access_Type = RO; PrivilegedPort = true;" in line
    assert "[fd00::1](" in kernel_exports([ComputeNode("c", "fd00::1", "", "", {}, frozenset())], "/e")


def test_each_node_writes_to_its_own_file_as_a_user_that_owns_nothing_else() -> None:
    kernel = kernel_exports(_nodes(1, 2), "/e/nodes").splitlines()[2::2]
    ganesha = ganesha_exports(_nodes(1, 2), "/e/nodes").splitlines()[1::2]
    for line, number in zip(kernel, (1, 2), strict=True):
        assert line.startswith(
            f"{ACKNOWLEDGEMENTS}/c{number} 10.0.0.{number}(rw,secure,subtree_check,all_squash,anonuid=207,"
        )
    assert len({line.partition("fsid=")[2] for line in kernel}) == 2
    for line, number in zip(ganesha, (1, 2), strict=True):
        assert f"Path = /e/acknowledgements/c{number}; Pseudo = {ACKNOWLEDGEMENTS}/c{number};" in line
        assert "MaxOffsetWrite = 4096;" in line
        assert f"Clients = 10.0.0.{number}; Access_Type = RW; PrivilegedPort = true; Squash = All_Squash;" in line
        assert "No_Root_Squash" not in line
    every = ganesha_exports(_nodes(*range(1, 2001)), "/e/nodes")
    ids = re.findall(r"Export_Id = ([0-9]+);", every)
    assert len(set(ids)) == len(ids) == 4000
    assert max(map(int, ids)) < 65536


def test_the_playbook_has_the_folder_and_the_user_of_these_files() -> None:
    """A role cannot import them."""
    defaults = yaml.safe_load((REPOSITORY / "ansible/roles/compute_init_export/defaults/main.yml").read_text())
    for text in (
        defaults["compute_init_export_acknowledgements"],
        (REPOSITORY / "ansible/compute-nodes.yml").read_text(),
    ):
        assert f"'{ACKNOWLEDGEMENTS}' if nfs_server_chosen == 'kernel'" in text
        assert "/acknowledgements' }}" in text
    assert defaults["compute_init_export_writer"] == WRITER_ID
    accounts = yaml.safe_load((REPOSITORY / "ansible/group_vars/all/system_users.yml").read_text())["system_users_list"]
    assert [each["name"] for each in accounts if each["id"] == WRITER_ID] == ["slurm-appliance-node"]
    assert (share.FOLLOWED, share.ACKNOWLEDGEMENT, SIZE) == (receiver.FOLLOWED, receiver.SAID, receiver.SAID_SIZE)


def test_hosts_are_rendered_in_one_order() -> None:
    hosts = [("10.0.0.2", "b.c", "b"), ("10.0.0.1", "a.c", "a")]

    assert hosts_file(hosts) == hosts_file(hosts[::-1])
    assert hosts_file(hosts).splitlines()[-2:] == [b"10.0.0.1 a.c a", b"10.0.0.2 b.c b"]
