"""The script in user data on real block devices: those that are blank, and those that cannot be read."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from slurm_appliance.nodes.user_data import LabelledVolume, user_data
from tests.engine.loop_devices import LoopDevice, loop_device
from toolchain.paths import REPOSITORY

GUARD = REPOSITORY / "ansible/roles/state_volume/files"
VOLUME = LabelledVolume("0a1b2c3d-0000-4000-8000-00000000000a", "state", "/var/lib/state")


@pytest.fixture
def device(tmp_path: Path) -> Iterator[LoopDevice]:
    with loop_device(tmp_path / "volume", 256 * 1024**2) as made:
        yield made


def boot(device: LoopDevice, version: int, *first: Path | None) -> subprocess.CompletedProcess[str]:
    """Run what cloud-init would, with some folders before the system's in PATH."""
    links = device.file.parent / "by-id"
    links.mkdir(exist_ok=True)
    link = links / f"virtio-{VOLUME.volume_id[:20]}"
    link.unlink(missing_ok=True)
    link.symlink_to(device.device)
    words = yaml.safe_load(user_data("c.demo.internal", volumes=[VOLUME], version=version))["bootcmd"][0]
    script = words[2].replace("/dev/disk/by-id", str(links))
    path = ":".join([*(str(folder) for folder in first if folder), "/usr/sbin", "/usr/bin", "/sbin", "/bin"])
    return subprocess.run(
        ["/bin/sh", "-c", script, *words[3:]],
        env={"PATH": path},
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(("version", "guard"), [(1, GUARD), (2, None), (2, GUARD)])
def test_a_blank_device_gets_its_file_system(device: LoopDevice, version: int, guard: Path | None) -> None:
    ended = boot(device, version, guard)
    assert ended.returncode == 0, ended.stderr
    assert (device.value("TYPE"), device.value("LABEL")) == ("ext4", "state")
    made = device.value("UUID")
    assert boot(device, version, guard).returncode == 0
    assert device.value("UUID") == made


@pytest.mark.parametrize(("version", "guard"), [(1, GUARD), (2, None), (2, GUARD)])
def test_a_device_that_cannot_be_read_is_not_written_to(device: LoopDevice, version: int, guard: Path | None) -> None:
    subprocess.run(["mkfs.ext4", "-q", "-L", "state", str(device.device)], check=True)
    device.cut()
    ended = boot(device, version, guard)
    assert ended.returncode == 1
    assert "Input/output error" in ended.stderr
    assert "NOT formatted" in ended.stderr
    assert device.file.stat().st_size == 0, "nothing was written"


@pytest.mark.parametrize(
    ("version", "guard", "kept"), [(1, None, False), (1, GUARD, True), (2, None, True), (2, GUARD, True)]
)
def test_a_device_that_cannot_be_read_for_a_moment_keeps_its_data(
    device: LoopDevice, tmp_path: Path, version: int, guard: Path | None, kept: bool
) -> None:
    """The first version without the guard shows what the others are for."""
    subprocess.run(["mkfs.ext4", "-q", "-L", "state", str(device.device)], check=True)
    before = device.value("UUID")
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "blkid").write_text(f"""\
#!/bin/sh
# The real one, which gets read errors the first time.
[ ! -e {tmp_path}/saved ] || exec /usr/sbin/blkid "$@"
sync {device.device} && cp --sparse=always {device.file} {tmp_path}/saved
truncate -s 0 {device.file} && blockdev --flushbufs {device.device}
/usr/sbin/blkid "$@"
status=$?
cat {tmp_path}/saved > {device.file} && blockdev --flushbufs {device.device}
exit $status
""")
    (programs / "blkid").chmod(0o755)
    ended = boot(device, version, guard, programs)
    assert (tmp_path / "saved").exists()
    assert (device.value("UUID") == before) is kept
    assert (ended.returncode == 1) is kept


def test_the_guard_passes_other_calls_on(device: LoopDevice) -> None:
    mkfs = str(GUARD / "mkfs.ext4")
    device.device.write_bytes(b"something")
    refused = subprocess.run([mkfs, "-q", "-L", "state", str(device.device)], capture_output=True, check=False)
    assert refused.returncode == 1
    assert device.value("TYPE") == ""
    subprocess.run([mkfs, "-L", "state", str(device.device)], check=True, capture_output=True)
    assert device.value("LABEL") == "state"
