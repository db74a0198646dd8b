"""User data is pinned byte by byte: one changed character replaces every server."""

import hashlib
import struct
import subprocess
from pathlib import Path

import pytest
import yaml

from slurm_appliance.nodes.user_data import (
    FIRST_VERSION,
    LATEST_VERSION,
    LabelledVolume,
    is_known,
    user_data,
    version_of,
)
from slurm_appliance.nodes.volume_scripts import BLANK
from tests.unit.clouds import server
from toolchain.paths import REPOSITORY

VOLUMES = (
    LabelledVolume("0a1b2c3d-0000-4000-8000-00000000000a", "state", "/var/lib/state"),
    LabelledVolume("0a1b2c3d-1111-4000-8000-00000000000b", "home", "/exports/home"),
)

FIRST = """\
#cloud-config
fqdn: demo-control.demo.internal
bootcmd:
- - sh
  - -c
  - |
    while [ $# -ge 2 ]; do
      n=0
      until dev=$(ls -d /dev/disk/by-id/*"$1"* 2>/dev/null | head -n 1); [ -b "$dev" ]; do
        n=$((n + 1))
        [ $n -le 300 ] || { echo "volume $1 ($2) was not attached" >&2; exit 1; }
        sleep 1
      done
      blkid -p "$dev" >/dev/null
      [ $? -ne 2 ] || mkfs.ext4 -q -L "$2" "$dev" || exit 1
      shift 2
    done
  - prepare-volumes
  - 0a1b2c3d-0000-4000-8
  - state
  - 0a1b2c3d-1111-4000-8
  - home
mounts:
- [LABEL=state, /var/lib/state]
- [LABEL=home, /exports/home]
"""


def test_a_node_is_told_its_name_and_nothing_else() -> None:
    assert user_data("demo-c-0.demo.internal") == "#cloud-config\nfqdn: demo-c-0.demo.internal\n"


def test_the_control_node_is_told_its_volumes() -> None:
    assert user_data("demo-control.demo.internal", volumes=VOLUMES, version=1) == FIRST
    # The second version in full is in volume_scripts.py; this is what a changed character in it changes.
    latest = user_data("demo-control.demo.internal", volumes=VOLUMES)
    assert (
        hashlib.sha256(latest.encode()).hexdigest()
        == "c470d5cd8de38defeeb5593443ab5f2353f410d61597850f17dd8410cb63bcdf"
    )


def test_only_a_server_that_is_created_gets_the_latest_version() -> None:
    assert version_of(None) == LATEST_VERSION == 2
    assert version_of(server("demo-control")) == FIRST_VERSION == 1
    assert version_of(server("demo-control", user_data_version="2")) == 2


def test_a_version_of_the_future_is_not_known() -> None:
    assert is_known(server("demo-control"))
    assert is_known(server("demo-control", user_data_version="2"))
    for strange in ("3", "x", "02"):
        assert not is_known(server("demo-control", user_data_version=strange))


def test_the_guard_in_the_image_looks_as_user_data_does() -> None:
    guard = (REPOSITORY / "ansible/roles/state_volume/files/mkfs.ext4").read_text()
    assert BLANK in guard
    assert "    " + BLANK.splitlines()[2] in user_data("c.demo.internal", volumes=VOLUMES)


@pytest.mark.parametrize("text", ["timezone: ${zone}\n", "timezone: ${zone}", "\n", ""])
def test_the_operators_cloud_config_comes_last(text: str) -> None:
    written = user_data("c.demo.internal", additional=text, variables={"zone": "Europe/Berlin"})
    assert yaml.safe_load(written).get("timezone") == ("Europe/Berlin" if text.strip() else None)
    assert written.endswith("\n")
    assert not written.endswith("\n\n")


def test_it_is_small() -> None:
    assert len(user_data("demo-control.demo.internal", volumes=VOLUMES)) < 2000


#: A sparse file of this size stands for a volume; both of its ends are read.
SIZE = 256 * 1024**2


class Host:
    """A machine whose block devices are sparse files, to run the boot script on, with the real blkid, cmp and mkfs."""

    def __init__(self, folder: Path) -> None:
        self.links = folder / "by-id"
        self.links.mkdir()
        self._programs = folder / "programs"
        self._programs.mkdir()
        # The real one wants a block device; nobody has to wait.
        self.program("blockdev", 'stat --format=%s "$2"')
        self.slept = folder / "slept"
        self.program("sleep", f"echo x >> {self.slept}")

    def program(self, name: str, line: str) -> None:
        """Put a program before the machine's own."""
        program = self._programs / name
        program.write_text(f"#!/bin/sh\n{line}\n")
        program.chmod(0o755)

    def boot(self, version: int = LATEST_VERSION) -> subprocess.CompletedProcess[str]:
        """Run what cloud-init would; ordinary files stand for block devices."""
        text = user_data("c.demo.internal", volumes=VOLUMES, version=version)
        words = yaml.safe_load(text)["bootcmd"][0]
        script = words[2].replace("/dev/disk/by-id", str(self.links)).replace('[ -b "$dev" ]', '[ -e "$dev" ]')
        script = script.replace("-le 300", "-le 3")
        return subprocess.run(
            ["/bin/sh", "-c", script, *words[3:]],
            env={"PATH": f"{self._programs}:/usr/sbin:/usr/bin:/sbin:/bin"},
            text=True,
            capture_output=True,
            timeout=60,
            check=False,
        )

    def attach(self, volume: LabelledVolume) -> Path:
        link = self.links / f"virtio-{volume.volume_id[:20]}"
        with link.open("wb") as file:
            file.truncate(SIZE)
        (self.links / f"{link.name}-part1").touch()
        return link


def label(device: Path) -> str:
    """The label of the file system that blkid finds; empty for none."""
    command = ["/usr/sbin/blkid", "-p", "-o", "value", "-s", "LABEL", str(device)]
    return subprocess.run(command, text=True, capture_output=True, check=False).stdout.strip()


@pytest.mark.parametrize("version", [1, 2])
def test_empty_volumes_get_a_file_system_once(tmp_path: Path, version: int) -> None:
    host = Host(tmp_path)
    devices = [host.attach(volume) for volume in VOLUMES]
    assert host.boot(version).returncode == 0
    assert [label(device) for device in devices] == ["state", "home"]
    before = [device.read_bytes()[:4096] for device in devices]
    assert host.boot(version).returncode == 0
    assert [device.read_bytes()[:4096] for device in devices] == before


@pytest.mark.parametrize("at", [0, 5000, 64 * 1024**2 - 1, SIZE - 1])
def test_a_volume_with_data_that_blkid_does_not_know_is_left_alone(tmp_path: Path, at: int) -> None:
    host = Host(tmp_path)
    state, home = (host.attach(volume) for volume in VOLUMES)
    with state.open("r+b") as file:
        file.seek(at)
        file.write(b"!")
    ended = host.boot()
    assert ended.returncode == 1
    assert f"volume 0a1b2c3d-0000-4000-8 (state) was NOT formatted: {state} " in ended.stderr
    assert label(state) == ""
    assert label(home) == "home", "the other volume is prepared all the same"


def test_a_partition_table_or_a_file_system_of_others_is_left_alone(tmp_path: Path) -> None:
    host = Host(tmp_path)
    state, home = (host.attach(volume) for volume in VOLUMES)
    subprocess.run(["/usr/sbin/mkfs.ext4", "-q", "-L", "theirs", str(state)], check=True)
    with home.open("r+b") as file:
        file.seek(446)
        # One partition of type Linux that begins at sector 2048.
        file.write(b"\0\0\0\0\x83\0\0\0" + struct.pack("<II", 2048, 4096) + bytes(48) + b"\x55\xaa")
    assert host.boot().returncode == 0
    assert (label(state), label(home)) == ("theirs", "")


@pytest.mark.parametrize("status", [1, 4, 8, 127])
def test_a_volume_that_blkid_is_unsure_of_is_left_alone(tmp_path: Path, status: int) -> None:
    host = Host(tmp_path)
    state, _ = (host.attach(volume) for volume in VOLUMES)
    host.program("blkid", f"exit {status}")
    ended = host.boot()
    assert ended.returncode == 1
    assert "(state) was NOT formatted" in ended.stderr
    assert not any(state.read_bytes()[: 64 * 1024])


@pytest.mark.parametrize("version", [1, 2])
def test_a_volume_that_never_comes_is_named(tmp_path: Path, version: int) -> None:
    host = Host(tmp_path)
    host.attach(VOLUMES[0])
    ended = host.boot(version)
    assert ended.returncode == 1
    assert "volume 0a1b2c3d-1111-4000-8 (home) " in ended.stderr
    assert "formatted" not in ended.stderr
    assert host.slept.read_text() == "x\n" * 3
