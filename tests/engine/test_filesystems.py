"""The program that mounts file systems, on a system that boots with systemd: a copy of this machine's root."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.engine.cloud_fixtures import wait_until
from tests.engine.loop_devices import LoopDevice, loop_device
from toolchain.paths import REPOSITORY

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("systemd-nspawn") is None, reason="boots a container as root"
)
VOLUME = "0a1b2c3d-0000-4000-8000-00000000000a"
#: An overlay in a mount namespace of its own, which is gone with the container.
_BOOT = """\
set -eu
mount -t tmpfs tmpfs "$COPY"
mkdir "$COPY/upper" "$COPY/work" "$COPY/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$COPY/upper,workdir=$COPY/work" "$COPY/root"
cd "$COPY/root"
: > etc/machine-id
rm -rf etc/systemd/system/*.wants
mkdir -p srv/test dev/disk/by-id
cp -rL "$PROGRAM" srv/test/program
exec systemd-nspawn --quiet --register=no --keep-unit --private-network --boot --console=pipe --bind="$DEVICE" \\
  --directory="$COPY/root"
"""
RAM = {"name": "ram", "type": "tmpfs", "where": "/ram", "options": ["size=16M"], "mode": "1777"}
SOFTWARE = {"name": "software", "type": "bind", "where": "/opt/so-ft", "options": ["ro"], "what": "/usr/share"}
FAST = {"name": "fast", "type": "disk", "where": "/fast", "options": [], "volume": "fast", "mode": "1777"}
AWAY = {"name": "away", "type": "tmpfs", "where": "/away", "options": ["no_such_option=1"]}


@dataclass(frozen=True)
class Booted:
    """The container: what is run in it, by the id of its first process."""

    leader: int
    device: LoopDevice

    def run(self, *command: str, text: str = "") -> "subprocess.CompletedProcess[str]":
        inside = ["nsenter", f"--target={self.leader}", "--all", *command]
        return subprocess.run(inside, input=text, capture_output=True, text=True, timeout=120, check=False)

    def apply(self, *mounts: dict[str, Any]) -> dict[str, list[str]]:
        request = json.dumps({"mounts": mounts, "volumes": {"fast": VOLUME}})
        done = self.run("/usr/bin/python3", "-I", "/srv/test/program", text=request)
        assert done.returncode == 0, done.stderr
        outcome: dict[str, list[str]] = json.loads(done.stdout)
        return outcome

    def mounted(self, point: str, column: str = "FSTYPE") -> str:
        return self.run("findmnt", "--noheadings", "--output", column, "--mountpoint", point).stdout.strip()


@pytest.fixture
def booted(tmp_path: Path) -> Iterator[Booted]:
    copy = tmp_path / "copy"
    copy.mkdir()
    with loop_device(tmp_path / "disk", 300 * 1024**2) as device:
        environment = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "COPY": str(copy),
            "PROGRAM": str(REPOSITORY / "ansible/roles/filesystems/files/program"),
            "DEVICE": str(device.device),
        }
        command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", _BOOT]
        with (
            (tmp_path / "console").open("w") as console,
            subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=console, stderr=console
            ) as process,
            _ended(process),
        ):
            made = Booted(_leader(process.pid), device)
            states = ("running", "degraded")
            wait_until("it to boot", lambda: made.run("systemctl", "is-system-running").stdout.strip() in states, 60)
            link = f"/dev/disk/by-id/virtio-{VOLUME[:20]}"
            made.run("mkdir", "-p", "/dev/disk/by-id")
            made.run("ln", "-s", str(device.device), link)
            yield made


@contextmanager
def _ended(process: "subprocess.Popen[bytes]") -> Iterator[None]:
    try:
        yield
    finally:
        process.kill()


def _leader(unshare: int) -> int:
    """The container's init: the child of nspawn, which is the child of unshare."""
    return int(wait_until("nspawn to start init", lambda: _child(_child(unshare, "systemd-nspawn"), "systemd"), 60))


def _child(process: int, name: str) -> int:
    """A process's child of this name; 0 for none."""
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
        return next((int(each) for each in children if Path(f"/proc/{each}/comm").read_text().strip() == name), 0)
    except FileNotFoundError:
        return 0  # It ended just now.


def test_a_life_of_file_systems(booted: Booted) -> None:
    first = booted.apply(RAM, SOFTWARE, FAST)
    assert (first["problems"], first["notes"]) == ([], [])
    assert [booted.mounted(point) for point in ("/ram", "/fast")] == ["tmpfs", "ext4"]
    assert booted.mounted("/opt/so-ft", "OPTIONS").startswith("ro,")
    assert booted.run("stat", "--format=%a", "/fast").stdout.strip() == "1777"
    assert booted.apply(RAM, SOFTWARE, FAST) == {"changes": [], "problems": [], "notes": []}

    booted.run("touch", "/fast/kept")
    away = booted.apply(RAM, FAST, AWAY)
    (problem,) = away["problems"]
    assert problem.startswith("/away cannot be mounted: ")
    assert "bad option" in problem, "with the words of the program that mounts"
    assert booted.mounted("/opt/so-ft") == ""

    holder = subprocess.Popen(
        ["nsenter", f"--target={booted.leader}", "--all", "sh", "-c", "cd /ram && exec sleep 600"]
    )
    try:
        wait_until("the folder to be in use", lambda: booted.run("fuser", "-m", "/ram").returncode == 0, 30)
        busy = booted.apply({**RAM, "options": ["size=8M"]}, FAST)
        assert (busy["problems"], len(busy["notes"])) == ([], 1)
        assert booted.mounted("/ram") == "tmpfs"
        gone = booted.apply(FAST)
        assert (gone["problems"], len(gone["notes"])) == ([], 1)
        assert booted.run("systemctl", "is-enabled", "ram.mount").stdout.strip() == "disabled", "gone after a reboot"
    finally:
        booted.run("fuser", "--kill", "-m", "/ram")
        holder.wait()
    assert booted.apply() == {"changes": ["removed fast.mount", "removed ram.mount"], "problems": [], "notes": []}
    assert booted.run("sh", "-c", "ls /etc/systemd/system/*.mount").returncode != 0

    booted.apply(FAST)
    assert booted.run("ls", "/fast").stdout.split() == ["kept", "lost+found"], "a disk is formatted once"
