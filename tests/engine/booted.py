"""A system that boots with systemd: a copy of this machine's root, in a container that ends with the test."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.engine.cloud_fixtures import wait_until
from toolchain.apt import install

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
[ "$#" = 0 ] || cp -rL "$@" srv/test
exec systemd-nspawn --quiet --register=no --keep-unit --private-network --boot --console=pipe \\
  ${DEVICE:+"--bind=$DEVICE"} --directory="$COPY/root"
"""


@dataclass(frozen=True)
class Booted:
    """The container: what is run in it, by the id of its first process."""

    leader: int

    def run(self, *command: str, text: str = "") -> "subprocess.CompletedProcess[str]":
        """Run a command in it."""
        inside = [*self.inside, *command]
        return subprocess.run(inside, input=text, capture_output=True, text=True, timeout=120, check=False)

    @property
    def inside(self) -> list[str]:
        """What runs a command in it."""
        return ["nsenter", f"--target={self.leader}", "--all"]

    def mounted(self, point: str, column: str = "FSTYPE") -> str:
        """What is mounted somewhere; empty if nothing is."""
        return self.run("findmnt", "--noheadings", "--output", column, "--mountpoint", point).stdout.strip()

    @contextmanager
    def in_use(self, point: str) -> Iterator[None]:
        """A process has a mount point as its working directory."""
        with subprocess.Popen([*self.inside, "sh", "-c", 'cd "$1" && exec sleep 600', "sh", point]) as holder:
            try:
                wait_until("the folder to be in use", lambda: self.run("fuser", "-m", point).returncode == 0, 30)
                yield
            finally:
                self.run("fuser", "--kill", "-m", point)
                holder.wait()


@contextmanager
def booted_container(folder: Path, programs: Sequence[Path] = (), device: Path | None = None) -> Iterator[Booted]:
    """A container; its /srv/test has the programs, and it has the block device."""
    if os.geteuid() != 0:
        pytest.skip("boots a container as root")
    install(("systemd-container", "psmisc"))
    copy = folder / "copy"
    copy.mkdir()
    environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "COPY": str(copy), "DEVICE": str(device or "")}
    command = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh", "-c", _BOOT, "sh"]
    with (
        (folder / "console").open("w") as console,
        subprocess.Popen(
            [*command, *(str(program) for program in programs)],
            env=environment, stdin=subprocess.DEVNULL, stdout=console, stderr=console,
        ) as process,
        _ended(process),
    ):  # fmt: skip
        made = Booted(_leader(process.pid))
        states = ("running", "degraded")
        wait_until("it to boot", lambda: made.run("systemctl", "is-system-running").stdout.strip() in states, 60)
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
