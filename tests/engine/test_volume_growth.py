"""Volumes that grow below a mounted file system, by the role's own tasks, on loop devices."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from localcloud.compute import root_filesystem
from tests.engine.loop_devices import LoopDevice, loop_device
from toolchain.apt import install
from toolchain.paths import REPOSITORY

_ANSIBLE = REPOSITORY / "ansible"
_MIB = 1024**2
_CAP_SYS_RESOURCE = 24

Mounted = tuple[LoopDevice, Path]


@pytest.fixture(params=["ext4", "xfs"])
def mounted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Mounted]:
    """A file system on a mount point, both of a name that a shell would take apart."""
    if os.geteuid() != 0:
        pytest.skip("mounts as root")
    install({"ext4": ["e2fsprogs"], "xfs": ["xfsprogs"]}[request.param])
    point = tmp_path / "the $(state) folder"
    point.mkdir()
    with loop_device(tmp_path / "volume", 512 * _MIB) as device:
        subprocess.run([f"mkfs.{request.param}", "-q", str(device.device)], check=True)
        subprocess.run(["mount", str(device.device), str(point)], check=True)
        (point / "data").write_text("precious")
        try:
            yield device, point
        finally:
            subprocess.run(["umount", str(point)], check=True)


def grow(point: Path) -> str:
    """What ansible-playbook prints of the role's tasks."""
    folder = point.parent
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": [{"import_role": {"name": "state_volume", "tasks_from": "grow"}}],
        "vars": {"state_volume_mounts": [str(point)]},
    }
    (folder / "play.yml").write_text(yaml.dump([play]))
    program = Path(sys.executable).with_name("ansible-playbook")
    ran = subprocess.run(
        [program, "-i", "localhost,", "-c", "local", folder / "play.yml"],
        env={
            **os.environ,
            "ANSIBLE_ROLES_PATH": str(_ANSIBLE / "roles"),
            "ANSIBLE_STDOUT_CALLBACK": "default",
            "ANSIBLE_HOME": str(folder / "ansible"),
        },
        text=True,
        capture_output=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def size(point: Path) -> int:
    found = os.statvfs(point)
    return found.f_blocks * found.f_frsize


def may_grow(device: LoopDevice) -> bool:
    """ext4 is grown online by those with CAP_SYS_RESOURCE only."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (effective,) = (int(line.split()[1], 16) for line in lines if line.startswith("CapEff:"))
    return device.value("TYPE") != "ext4" or bool(effective >> _CAP_SYS_RESOURCE & 1)


def test_a_grown_volume_is_filled_once_and_a_second_run_changes_nothing(mounted: Mounted) -> None:
    device, point = mounted
    before = size(point)
    assert "changed=0" in grow(point)
    assert size(point) == before

    device.grow(1024 * _MIB)
    said = grow(point)
    if may_grow(device):
        assert "changed=1" in said
        assert size(point) > 900 * _MIB
        assert "changed=0" in grow(point)
    else:
        assert "changed=0" in said
        assert size(point) == before
        assert f"reboot needed (openstack server reboot --hard) to let the file system on {point} fill" in said
    assert (point / "data").read_text() == "precious"


def test_the_local_cloud_grows_a_disk_before_its_server_starts(tmp_path: Path) -> None:
    point = tmp_path / "point"
    point.mkdir()
    with loop_device(tmp_path / "volume", 512 * _MIB) as device:
        root_filesystem.grow(str(device.device), device.file)
        assert device.value("TYPE") == "", "a blank disk stays blank"
        subprocess.run(["mkfs.ext4", "-q", str(device.device)], check=True)
        device.grow(1024 * _MIB)
        root_filesystem.grow(str(device.device), device.file)
        subprocess.run(["mount", str(device.device), str(point)], check=True)
        try:
            assert size(point) > 900 * _MIB
        finally:
            subprocess.run(["umount", str(point)], check=True)
