"""The program that mounts file systems, on a system that boots with systemd: a copy of this machine's root."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.engine.booted import Booted, booted_container
from tests.engine.loop_devices import LoopDevice, loop_device
from toolchain.paths import REPOSITORY

VOLUME = "0a1b2c3d-0000-4000-8000-00000000000a"
_UNITS = "/etc/systemd/system"
#: As an NFS server has it, for each folder that it exports.
_USER_OF_RAM = "[Unit]\nRequiresMountsFor=/ram\n[Service]\nExecStart=/usr/bin/sleep infinity\n"
RAM = {"name": "ram", "type": "tmpfs", "where": "/ram", "options": ["size=16M"], "mode": "1777"}
SOFTWARE = {"name": "software", "type": "bind", "where": "/opt/so-ft", "options": ["ro"], "what": "/usr/share"}
FAST = {"name": "fast", "type": "disk", "where": "/fast", "options": [], "volume": "fast", "mode": "1777"}
AWAY = {"name": "away", "type": "tmpfs", "where": "/away", "options": ["no_such_option=1"]}


@dataclass(frozen=True)
class Node:
    """The container, with the program and a disk."""

    booted: Booted
    device: LoopDevice

    def apply(self, *mounts: dict[str, Any]) -> dict[str, list[str]]:
        request = json.dumps({"mounts": mounts, "volumes": {"fast": VOLUME}})
        done = self.booted.run("/usr/bin/python3", "-I", "/srv/test/program", text=request)
        assert done.returncode == 0, done.stderr
        outcome: dict[str, list[str]] = json.loads(done.stdout)
        return outcome


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    program = REPOSITORY / "ansible/roles/filesystems/files/program"
    with (
        loop_device(tmp_path / "disk", 300 * 1024**2) as device,
        booted_container(tmp_path, [program], device.device) as booted,
    ):
        booted.run("mkdir", "-p", "/dev/disk/by-id")
        booted.run("ln", "-s", str(device.device), f"/dev/disk/by-id/virtio-{VOLUME[:20]}")
        yield Node(booted, device)


def test_a_life_of_file_systems(node: Node) -> None:
    booted = node.booted
    first = node.apply(RAM, SOFTWARE, FAST)
    assert (first["problems"], first["notes"]) == ([], [])
    assert [booted.mounted(point) for point in ("/ram", "/fast")] == ["tmpfs", "ext4"]
    assert booted.mounted("/opt/so-ft", "OPTIONS").startswith("ro,")
    assert booted.run("stat", "--format=%a", "/fast").stdout.strip() == "1777"
    assert node.apply(RAM, SOFTWARE, FAST) == {"changes": [], "problems": [], "notes": []}

    booted.run("touch", "/fast/kept")
    away = node.apply(RAM, FAST, AWAY)
    (problem,) = away["problems"]
    assert problem.startswith("/away cannot be mounted: ")
    assert "bad option" in problem, "with the words of the program that mounts"
    assert booted.mounted("/opt/so-ft") == ""

    booted.run("sh", "-c", f"cat > {_UNITS}/user-of-ram.service", text=_USER_OF_RAM)
    booted.run("systemctl", "start", "user-of-ram.service")
    with booted.in_use("/ram"):
        larger = {**RAM, "options": ["size=8M"]}
        busy = node.apply(larger, FAST)
        assert (busy["problems"], len(busy["notes"])) == ([], 1)
        assert booted.mounted("/ram") == "tmpfs"
        assert node.apply(larger, FAST)["notes"] == busy["notes"], "until it has the new options"
        gone = node.apply(FAST)
        assert (gone["problems"], len(gone["notes"])) == ([], 1)
        assert booted.run("systemctl", "is-enabled", "ram.mount").stdout.strip() == "disabled", "gone after a reboot"
    node.apply(larger, FAST)
    assert "size=8192k" in booted.mounted("/ram", "OPTIONS")
    assert node.apply(larger, FAST) == {"changes": [], "problems": [], "notes": []}
    assert booted.run("systemctl", "is-active", "user-of-ram.service").stdout.strip() == "active", "all the time"
    assert booted.run("systemctl", "show", "--property=NRestarts", "--value", "user-of-ram").stdout.strip() == "0"
    assert node.apply() == {"changes": ["removed fast.mount", "removed ram.mount"], "problems": [], "notes": []}
    assert booted.run("sh", "-c", "ls /etc/systemd/system/*.mount").returncode != 0

    node.apply(FAST)
    assert booted.run("ls", "/fast").stdout.split() == ["kept", "lost+found"], "a disk is formatted once"
