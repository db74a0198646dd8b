"""The export, from nodes to what lies on the control node."""

import io
import json
import os
import stat
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from node.receive_export import ReceiveError, Receiver, unpack
from slurm_appliance.hostvars.bundle import Node
from slurm_appliance.hostvars.export import archive, export_files
from slurm_appliance.hostvars.hosts_file import hosts_file
from slurm_appliance.hostvars.nfs_exports import ganesha_exports, kernel_exports
from toolchain.paths import REPOSITORY

_RECEIVER = REPOSITORY / "node" / "receive_export.py"


def _nodes(*numbers: int, image: str = "image") -> list[Node]:
    return [
        Node(f"c{n}", f"10.0.0.{n}", f"server-{n}", image, {"own": f"only c{n}"}, frozenset({"own"})) for n in numbers
    ]


def _archive(*numbers: int, image: str = "image", hosts: bytes = b"hosts\n", state_dir: str = "/x") -> bytes:
    return archive(export_files(_nodes(*numbers, image=image), {"hosts": hosts}, state_dir=state_dir))


def _receiver(folder: Path, *reload: str) -> Receiver:
    places = {
        "reboot-targets.json": folder / "etc" / "targets.json",
        "nfs/kernel.exports": folder / "etc" / "exports",
    }
    return Receiver(folder / "export", places, reload)


def test_the_same_cluster_is_the_same_bytes() -> None:
    assert _archive(1, 2, 3) == _archive(3, 1, 2)
    assert _archive(1, 2) != _archive(1, 2, image="other")


def test_a_node_s_folder_has_nothing_of_another_node() -> None:
    files = export_files(_nodes(1, 2, 30), {"hosts": b""})
    mine = {path: content for path, content in files.items() if path.startswith("nodes/c1/")}

    assert set(mine) == {"nodes/c1/bundle.json", "nodes/c1/variables.json"}
    for content in mine.values():
        assert b"c2" not in content
        assert b"c30" not in content
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
    assert "[fd00::1](" in kernel_exports([Node("c", "fd00::1", "", "", {}, frozenset())], "/e")


def test_hosts_are_rendered_in_one_order() -> None:
    hosts = [("10.0.0.2", "b.c", "b"), ("10.0.0.1", "a.c", "a")]

    assert hosts_file(hosts) == hosts_file(hosts[::-1])
    assert hosts_file(hosts).splitlines()[-2:] == [b"10.0.0.1 a.c a", b"10.0.0.2 b.c b"]


def test_on_the_control_node(tmp_path: Path) -> None:
    first = _receiver(tmp_path).receive(unpack(_archive(1, 2)))
    folder = tmp_path / "export" / "nodes" / "c1"

    assert first == {"nodes": 2, "changed": 9, "removed": 0}
    assert sorted(path.name for path in folder.iterdir()) == ["bundle.json", "hosts", "variables.json"]
    assert json.loads((tmp_path / "etc" / "targets.json").read_text())["nodes"]["c2"] == {
        "instance_id": "server-2",
        "image_id": "image",
    }
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    # One content for all, and yet within each node's own folder.
    assert (folder / "hosts").stat().st_nlink == 3


def test_again_changes_nothing(tmp_path: Path) -> None:
    _receiver(tmp_path).receive(unpack(_archive(1, 2)))
    before = (tmp_path / "export" / "nodes" / "c1" / "bundle.json").stat()

    again = _receiver(tmp_path, "false").receive(unpack(_archive(1, 2)))

    assert again == {"nodes": 2, "changed": 0, "removed": 0}
    assert (tmp_path / "export" / "nodes" / "c1" / "bundle.json").stat() == before


def test_a_new_image_new_hosts_and_a_node_less(tmp_path: Path) -> None:
    _receiver(tmp_path).receive(unpack(_archive(1, 2)))
    (tmp_path / "export" / "nodes" / "c1" / "left-over").touch()

    result = _receiver(tmp_path).receive(unpack(_archive(1, 3, image="new", hosts=b"more\n")))

    nodes = tmp_path / "export" / "nodes"
    assert result["removed"] == 1
    assert sorted(path.name for path in nodes.iterdir()) == ["c1", "c3"]
    assert sorted(path.name for path in (nodes / "c1").iterdir()) == ["bundle.json", "hosts", "variables.json"]
    assert json.loads((nodes / "c1" / "bundle.json").read_text())["image_id"] == "new"
    assert (nodes / "c1" / "hosts").read_bytes() == b"more\n"


def test_a_node_is_removed_only_after_the_server_stopped_exporting_it(tmp_path: Path) -> None:
    _receiver(tmp_path).receive(unpack(_archive(1, 2)))
    with pytest.raises(subprocess.CalledProcessError):
        _receiver(tmp_path, "false").receive(unpack(_archive(1)))

    assert (tmp_path / "export" / "nodes" / "c2").exists()
    assert "c2" not in (tmp_path / "etc" / "exports").read_text()
    _receiver(tmp_path, "true").receive(unpack(_archive(1)))
    assert not (tmp_path / "export" / "nodes" / "c2").exists()


def _tar(**files: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


@pytest.mark.parametrize(
    ("stream", "words"),
    [
        (b"", "not an archive"),
        (_archive(1)[:-20], "not an archive"),
        (_tar(x=b"1"), "no manifest"),
        (_tar(**{"manifest.json": b'{"schema": 9}'}), "schema 9, this control node takes 1"),
        (_tar(**{"nodes/../../etc/passwd": b""}), "must not have"),
        (_tar(**{"/etc/passwd": b""}), "must not have"),
        (_tar(**{"nodes/c1/.hidden": b""}), "must not have"),
        (_tar(**{"a/b/c/d": b""}), "must not have"),
    ],
    ids=["empty", "cut off", "no manifest", "schema", "upwards", "absolute", "hidden", "deep"],
)
def test_what_is_not_taken(stream: bytes, words: str) -> None:
    with pytest.raises(ReceiveError, match=words):
        unpack(stream)


def test_as_a_program(tmp_path: Path) -> None:
    def run(stream: bytes) -> subprocess.CompletedProcess[bytes]:
        places = [f"--{name}={tmp_path / name}" for name in ("folder", "targets", "exports", "ganesha")]
        command = [sys.executable, "-I", str(_RECEIVER), *places]
        return subprocess.run(command, input=stream, capture_output=True, check=False)

    good = run(_archive(1, 2))
    assert json.loads(good.stdout) == {"nodes": 2, "changed": 10, "removed": 0}
    bad = run(b"x")
    assert bad.returncode == 1
    assert b"not an archive" in bad.stderr
    assert os.access(_RECEIVER, os.X_OK)
