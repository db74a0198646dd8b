"""User data is pinned byte by byte: one changed character replaces every server."""

import subprocess
from pathlib import Path

import pytest
import yaml

from slurm_appliance.user_data import LabelledVolume, user_data

VOLUMES = (
    LabelledVolume("0a1b2c3d-0000-4000-8000-00000000000a", "state", "/var/lib/state"),
    LabelledVolume("0a1b2c3d-1111-4000-8000-00000000000b", "home", "/exports/home"),
)

CONTROL = """\
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
    assert user_data("demo-control.demo.internal", volumes=VOLUMES) == CONTROL


@pytest.mark.parametrize("text", ["timezone: ${zone}\n", "timezone: ${zone}", "\n", ""])
def test_the_operators_cloud_config_comes_last(text: str) -> None:
    written = user_data("c.demo.internal", additional=text, variables={"zone": "Europe/Berlin"})
    assert yaml.safe_load(written).get("timezone") == ("Europe/Berlin" if text.strip() else None)
    assert written.endswith("\n")
    assert not written.endswith("\n\n")


def test_it_is_small() -> None:
    assert len(CONTROL) < 1000


class Host:
    """A machine whose commands and devices are files, to run the boot script on."""

    def __init__(self, folder: Path, blkid: int) -> None:
        self.folder = folder
        self.links = folder / "by-id"
        self.links.mkdir()
        for name, status in (("blkid", blkid), ("mkfs.ext4", 0), ("sleep", 0)):
            program = folder / name
            program.write_text(f'#!/bin/sh\necho "$(basename $0) $*" >> {folder}/calls\nexit {status}\n')
            program.chmod(0o755)

    def boot(self) -> subprocess.CompletedProcess[str]:
        """Run what cloud-init would; ordinary files stand for block devices."""
        words = yaml.safe_load(user_data("c.demo.internal", volumes=VOLUMES))["bootcmd"][0]
        script = words[2].replace("/dev/disk/by-id", str(self.links)).replace('[ -b "$dev" ]', '[ -e "$dev" ]')
        script = script.replace("-le 300", "-le 3")
        return subprocess.run(
            ["/bin/sh", "-c", script, *words[3:]],
            env={"PATH": f"{self.folder}:/usr/bin:/bin"},
            text=True,
            capture_output=True,
            timeout=30,
            check=False,
        )

    def attach(self, volume: LabelledVolume) -> Path:
        link = self.links / f"virtio-{volume.volume_id[:20]}"
        link.touch()
        (self.links / f"{link.name}-part1").touch()
        return link

    def calls(self, program: str) -> list[str]:
        record = self.folder / "calls"
        lines = record.read_text().splitlines() if record.exists() else []
        return [line.partition(" ")[2] for line in lines if line.startswith(f"{program} ")]


def test_empty_volumes_get_a_file_system(tmp_path: Path) -> None:
    host = Host(tmp_path, blkid=2)
    devices = [host.attach(volume) for volume in VOLUMES]
    assert host.boot().returncode == 0
    assert host.calls("mkfs.ext4") == [f"-q -L state {devices[0]}", f"-q -L home {devices[1]}"]


@pytest.mark.parametrize("status", [0, 8])
def test_a_volume_with_anything_on_it_is_left_alone(tmp_path: Path, status: int) -> None:
    host = Host(tmp_path, blkid=status)
    for volume in VOLUMES:
        host.attach(volume)
    assert host.boot().returncode == 0
    assert host.calls("mkfs.ext4") == []


def test_a_volume_that_never_comes_is_named(tmp_path: Path) -> None:
    host = Host(tmp_path, blkid=2)
    host.attach(VOLUMES[0])
    ended = host.boot()
    assert ended.returncode == 1
    assert "volume 0a1b2c3d-1111-4000-8 (home) was not attached" in ended.stderr
    assert len(host.calls("sleep")) == 3
