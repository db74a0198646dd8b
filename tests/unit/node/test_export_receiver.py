"""What lies on the control node: whole, in root's own folders, and read by the NFS server whatever happens between."""

from __future__ import annotations

import base64
import contextlib
import errno
import hashlib
import io
import json
import os
import re
import stat
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from node.export_receiver import receiver as receiver_module
from node.export_receiver import whole_file
from node.export_receiver.archive import unpack
from node.export_receiver.errors import ReceiveError, ReloadError
from node.export_receiver.receiver import Receiver
from slurm_appliance.hostvars.bundle import ComputeNode, SharedFile
from slurm_appliance.hostvars.export import archive, export_files
from slurm_appliance.hostvars.signing import SigningKey
from toolchain.paths import REPOSITORY

_KEY = SigningKey(base64.b64encode(b"k" * 32).decode())


_INSTALLED = REPOSITORY / "node/export_receiver/install/slurm-appliance-receive-export"


def _nodes(*numbers: int, image: str = "image", network: str = "10.0.0") -> list[ComputeNode]:
    return [
        ComputeNode(f"c{n}", f"{network}.{n}", f"server-{n}", image, {"own": f"only c{n}"}, frozenset({"own"}))
        for n in numbers
    ]


def _archive(*numbers: int, hosts: bytes = b"hosts\n", serial: int = 1, key: SigningKey = _KEY, **more: str) -> bytes:
    shared = {"hosts": SharedFile(hosts)}
    return archive(export_files(_nodes(*numbers, **more), shared, key=key, serial=serial, state_dir="/x"))


def _receiver(folder: Path, *reload: str) -> Receiver:
    places = {
        "reboot-targets.json": folder / "etc" / "targets.json",
        "nfs/kernel.exports": folder / "etc" / "exports",
    }
    return Receiver(folder / "export", places, reload)


def test_on_the_control_node(tmp_path: Path) -> None:
    first = _receiver(tmp_path).receive(unpack(_archive(1, 2)))
    folder = tmp_path / "export" / "nodes" / "c1"

    assert first == {"nodes": 2, "changed": 9, "removed": 0, "reloads": 0}
    names = ["bundle.json", "bundle.signed", "follow", "hosts", "variables.json"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert json.loads((tmp_path / "etc" / "targets.json").read_text())["nodes"]["c2"] == {
        "instance_id": "server-2",
        "image_id": "image",
    }
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    # One content for all, and yet within each node's own folder.
    assert (folder / "hosts").stat().st_nlink == 3


def test_again_changes_nothing(tmp_path: Path) -> None:
    _receiver(tmp_path, "true").receive(unpack(_archive(1, 2)))
    before = (tmp_path / "export" / "nodes" / "c1" / "bundle.json").stat()

    again = _receiver(tmp_path, "false").receive(unpack(_archive(1, 2)))

    assert again == {"nodes": 2, "changed": 0, "removed": 0, "reloads": 0}
    after = (tmp_path / "export" / "nodes" / "c1" / "bundle.json").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("name", ["bundle.signed", "variables.json", "hosts"])
def test_a_file_that_somebody_made_huge_is_replaced_unread(tmp_path: Path, name: str) -> None:
    _receiver(tmp_path).receive(unpack(_archive(1)))
    path = tmp_path / "export" / "nodes" / "c1" / name
    text = path.read_bytes()
    os.truncate(path, 2**40)

    _receiver(tmp_path).receive(unpack(_archive(1)))

    assert path.stat().st_size == len(text)
    assert path.read_bytes() == text


def test_a_new_image_new_hosts_and_a_node_less(tmp_path: Path) -> None:
    _receiver(tmp_path).receive(unpack(_archive(1, 2)))
    (tmp_path / "export" / "nodes" / "c1" / "left-over").touch()

    result = _receiver(tmp_path).receive(unpack(_archive(1, 3, image="new", hosts=b"more\n")))

    nodes = tmp_path / "export" / "nodes"
    assert result["removed"] == 1
    assert sorted(path.name for path in nodes.iterdir()) == ["c1", "c3"]
    assert not (nodes / "c1" / "left-over").exists()
    assert json.loads((nodes / "c1" / "bundle.json").read_text())["image_id"] == "new"
    assert (nodes / "c1" / "hosts").read_bytes() == b"more\n"


def test_a_node_is_removed_only_after_the_server_stopped_exporting_it(tmp_path: Path) -> None:
    _receiver(tmp_path).receive(unpack(_archive(1, 2)))
    with pytest.raises(ReloadError):
        _receiver(tmp_path, "false").receive(unpack(_archive(1)))

    assert (tmp_path / "export" / "nodes" / "c2").exists()
    assert "c2" not in (tmp_path / "etc" / "exports").read_text()
    assert _receiver(tmp_path, "true").receive(unpack(_archive(1)))["removed"] == 1
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
        (_tar(**{"manifest.json": b'{"schema": 9}'}), "schema 9"),
        (_tar(**{"nodes/../../etc/passwd": b""}), r"'nodes/\.\./\.\./etc/passwd'"),
        (_tar(**{"/etc/passwd": b""}), "'/etc/passwd'"),
        (_tar(**{"nodes/c1/.hidden": b""}), r"'nodes/c1/\.hidden'"),
        (_tar(**{"a/b/c/d": b""}), "'a/b/c/d'"),
    ],
    ids=["empty", "cut off", "no manifest", "schema", "upwards", "absolute", "hidden", "deep"],
)
def test_what_is_not_taken(stream: bytes, words: str) -> None:
    with pytest.raises(ReceiveError, match=words):
        unpack(stream)


def test_the_digest_that_nodes_look_at_is_of_what_is_signed_and_stays_one_file(tmp_path: Path) -> None:
    """nfs-ganesha serves a file that was replaced for a minute."""
    folder = tmp_path / "export" / "nodes" / "c1"
    inodes = set()
    for serial in (1, 2):
        _receiver(tmp_path).receive(unpack(_archive(1, serial=serial)))
        digest = hashlib.sha256((folder / "bundle.signed").read_bytes()).hexdigest()
        assert (folder / "follow").read_text() == f"{digest}\n"
        inodes.add((folder / "follow").stat().st_ino)
    assert len(inodes) == 1


def test_a_link_in_place_of_the_digest_is_replaced(tmp_path: Path) -> None:
    _receiver(tmp_path).receive(unpack(_archive(1)))
    victim, path = tmp_path / "victim", tmp_path / "export" / "nodes" / "c1" / "follow"
    victim.write_text("precious")
    path.unlink()
    path.symlink_to(victim)
    _receiver(tmp_path).receive(unpack(_archive(1)))
    assert not path.is_symlink()
    assert victim.read_text() == "precious"


def test_each_node_has_one_file_to_write_which_goes_with_it(tmp_path: Path) -> None:
    said = tmp_path / "said"

    def receive(*numbers: int) -> None:
        Receiver(tmp_path / "export", {}, (), said, os.geteuid()).receive(unpack(_archive(*numbers)))

    receive(1, 2)
    file = said / "c1" / "said"
    assert file.stat().st_size == 4096
    assert [stat.S_IMODE(path.stat().st_mode) for path in (said, said / "c1", file)] == [0o711, 0o711, 0o600]
    file.write_bytes(b"hello".ljust(5000))
    receive(1)
    assert file.read_bytes() == b"hello".ljust(4096), "what it said stays"
    assert sorted(path.name for path in said.iterdir()) == ["c1"]


def test_a_signature_of_now_is_put_in_place_and_is_no_change(tmp_path: Path) -> None:
    _receiver(tmp_path, "true").receive(unpack(_archive(1)))
    signed = tmp_path / "export" / "nodes" / "c1" / "bundle.signed"
    before = signed.read_bytes()
    assert _receiver(tmp_path, "false").receive(unpack(_archive(1, serial=2)))["changed"] == 0
    assert signed.read_bytes() != before


def test_an_older_archive_is_refused_before_anything_changes(tmp_path: Path) -> None:
    """Nodes would refuse it: a deploy host with a wrong clock must not take the whole cluster out of service."""
    _receiver(tmp_path).receive(unpack(_archive(1, serial=200)))
    with pytest.raises(ReceiveError, match=r"\(serial 100\).*\(200\)"):
        _receiver(tmp_path).receive(unpack(_archive(1, 2, serial=100)))
    assert not (tmp_path / "export" / "nodes" / "c2").exists()
    rotated = SigningKey(base64.b64encode(b"o" * 32).decode())
    assert _receiver(tmp_path).receive(unpack(_archive(1, 2, serial=100, key=rotated)))["nodes"] == 2


def test_a_manifest_that_a_crash_cut_off_is_mended(tmp_path: Path) -> None:
    _receiver(tmp_path).receive(unpack(_archive(1, serial=200)))
    (tmp_path / "export" / "manifest.json").write_bytes(b"")
    _receiver(tmp_path).receive(unpack(_archive(1, serial=201)))
    assert json.loads((tmp_path / "export" / "manifest.json").read_text())["serial"] == 201


def test_a_reload_that_failed_is_repeated_though_nothing_else_changes(tmp_path: Path) -> None:
    served = tmp_path / "served"
    copy = ("cp", str(tmp_path / "etc" / "exports"), str(served))
    _receiver(tmp_path, *copy).receive(unpack(_archive(1)))
    moved = unpack(_archive(1, network="10.9.9"))
    with pytest.raises(ReloadError):
        _receiver(tmp_path, "false").receive(moved)
    assert "10.0.0.1" in served.read_text()
    again = _receiver(tmp_path, *copy).receive(moved)
    assert (again["changed"], again["reloads"]) == (0, 1)
    assert "10.9.9.1" in served.read_text()
    assert _receiver(tmp_path, "false").receive(moved)["reloads"] == 0


def test_targets_alone_are_no_reason_to_reload(tmp_path: Path) -> None:
    _receiver(tmp_path, "true").receive(unpack(_archive(1)))
    assert _receiver(tmp_path, "false").receive(unpack(_archive(1, image="new")))["reloads"] == 0


@pytest.mark.parametrize(("before", "nodes"), [((1,), (1, 2)), ((1, 2), (2,))], ids=["one comes", "one goes"])
def test_killed_at_any_step_the_next_run_has_the_server_read_its_exports(
    before: tuple[int, ...], nodes: tuple[int, ...], tmp_path: Path
) -> None:
    (tmp_path / "before").write_bytes(_archive(*before))
    (tmp_path / "after").write_bytes(_archive(*nodes, network="10.9.9", hosts=b"more\n", image="new", serial=2))
    (tmp_path / "work").mkdir()
    arguments = [str(tmp_path / name) for name in ("before", "after", "work")]
    command = [sys.executable, "-m", "tests.unit.node.export_killer", *arguments]
    ended = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    steps = [json.loads(line) for line in ended.stdout.splitlines()]
    assert len(steps) > 30
    whole = {key: value for key, value in steps[-1].items() if key != "step"}  # The last one was not killed.
    assert whole["served"] == whole["exports"]
    assert set(whole["nodes"]) == {f"c{number}" for number in nodes}
    assert "10.9.9.2" in whole["served"]
    wrong = [each["step"] for each in steps if {**each, "step": 0} != {**whole, "step": 0}]
    assert not wrong, f"of {len(steps)} steps"


def _link(path: Path, target: Path) -> None:
    target.mkdir(parents=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


@pytest.mark.parametrize("place", ["export", "export/nodes", "export/shared", "export/nodes/c1"])
def test_a_link_in_place_of_a_folder_is_not_followed(place: str, tmp_path: Path) -> None:
    _link(tmp_path / place, tmp_path / "elsewhere")
    with pytest.raises(ReceiveError, match=rf"^{re.escape(str(tmp_path / place))} "):
        _receiver(tmp_path).receive(unpack(_archive(1)))
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize("name", [".lock", ".reload-owed", "manifest.json"])
def test_a_link_in_place_of_a_file_that_is_written_is_not_followed(name: str, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / name).symlink_to(victim)
    with pytest.raises(OSError, match="symbolic links") if name == ".lock" else contextlib.nullcontext():
        _receiver(tmp_path, "true").receive(unpack(_archive(1)))
    assert victim.read_text() == "precious"


@pytest.mark.parametrize("name", ["export/nodes/c1/bundle.json", "export/shared/hosts", "etc/exports"])
def test_a_link_in_place_of_a_file_is_replaced(name: str, tmp_path: Path) -> None:
    _receiver(tmp_path, "true").receive(unpack(_archive(1)))
    path, copy = tmp_path / name, tmp_path / "copy"
    copy.write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(copy)
    _receiver(tmp_path, "true").receive(unpack(_archive(1)))
    assert not path.is_symlink()
    assert path.read_bytes() == copy.read_bytes()


@pytest.mark.parametrize("place", ["export", "etc/exports"])
def test_a_way_that_others_can_change_is_not_taken(place: str, tmp_path: Path) -> None:
    """Whoever may write to a folder above can put a folder of theirs in place of ours."""
    above = (tmp_path / place).parent
    above.mkdir(exist_ok=True)
    above.chmod(0o777)
    with pytest.raises(ReceiveError, match=rf"^{re.escape(str(above))} .*\b0755\b"):
        _receiver(tmp_path).receive(unpack(_archive(1)))
    assert not (tmp_path / "export").exists()


def test_folders_get_the_modes_that_they_must_have(tmp_path: Path) -> None:
    (tmp_path / "export" / "nodes" / "c1").mkdir(mode=0o755, parents=True)
    _receiver(tmp_path).receive(unpack(_archive(1)))
    modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("export", "export/nodes/c1")}
    assert modes == {"export": 0o711, "export/nodes/c1": 0o700}


def test_as_a_program(tmp_path: Path) -> None:
    """As it is installed: the launcher, with the package beside it where it looks for it."""
    launcher = tmp_path / "slurm-appliance-receive-export"
    text = _INSTALLED.read_text()
    assert '"/usr/lib/slurm-appliance"' in text
    launcher.write_text(text.replace("/usr/lib/slurm-appliance", str(REPOSITORY)))

    def run(stream: bytes) -> subprocess.CompletedProcess[bytes]:
        places = [f"--{name}={tmp_path / name}" for name in ("folder", "targets", "exports", "ganesha")]
        command = [sys.executable, "-I", str(launcher), *places, "--reload=true"]
        return subprocess.run(command, input=stream, capture_output=True, check=False)

    good = run(_archive(1, 2))
    assert json.loads(good.stdout) == {"nodes": 2, "changed": 10, "removed": 0, "reloads": 1}
    bad = run(b"x")
    assert bad.returncode == 1
    assert b"not an archive" in bad.stderr
    assert os.access(_INSTALLED, os.X_OK)


def test_a_node_that_fills_the_acknowledgements_stops_no_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file system is as full as the oversized file of a node that comes late in the alphabet makes it."""
    said = tmp_path / "said"
    receiver = Receiver(tmp_path / "export", {}, (), said, os.geteuid())
    receiver.receive(unpack(_archive(2)))
    oversized = said / "c2" / "said"
    oversized.write_bytes(b"x" * 100_000)
    write, full = whole_file.write_whole, True

    def write_if_there_is_room(path: Path, *content: Any, **options: Any) -> None:
        if path.is_relative_to(said) and (full or oversized.stat().st_size > 4096):
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, *content, **options)

    monkeypatch.setattr(receiver_module, "write_whole", write_if_there_is_room)
    receiver.receive(unpack(_archive(1, 2)))
    assert (tmp_path / "export" / "nodes" / "c1" / "bundle.json").exists()
    assert oversized.stat().st_size == 4096
    assert "c1 cannot acknowledge: a node fills" in capsys.readouterr().err

    full = False
    oversized.write_bytes(b"x" * 100_000)
    receiver.receive(unpack(_archive(1, 2)))
    assert (said / "c1" / "said").stat().st_size == 4096
