"""Loop devices for tests: block devices that can be made, grown, and made unreadable."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class LoopDevice:
    """A block device with a file behind it."""

    device: Path
    file: Path

    def cut(self) -> None:
        """Make every read fail with EIO, by taking away what is in the file."""
        subprocess.run(["sync", str(self.device)], check=True)
        os.truncate(self.file, 0)
        subprocess.run(["blockdev", "--flushbufs", str(self.device)], check=True)

    def grow(self, size: int) -> None:
        """Make it larger while it is in use."""
        os.truncate(self.file, size)
        subprocess.run(["losetup", "--set-capacity", str(self.device)], check=True)

    def value(self, name: str) -> str:
        """What blkid finds: ``LABEL``, ``UUID``, ``TYPE``; empty for nothing."""
        command = ["blkid", "-p", "-o", "value", "-s", name, str(self.device)]
        return subprocess.run(command, text=True, capture_output=True, check=False).stdout.strip()


@contextmanager
def loop_device(file: Path, size: int) -> Iterator[LoopDevice]:
    """A blank one, for as long as the context lasts."""
    if os.geteuid() != 0:
        pytest.skip("loop devices need root")
    with file.open("wb") as empty:
        empty.truncate(size)
    command = ["losetup", "--find", "--show", str(file)]
    device = subprocess.run(command, check=True, text=True, capture_output=True).stdout.strip()
    try:
        yield LoopDevice(Path(device), file)
    finally:
        subprocess.run(["losetup", "--detach", device], check=True)
