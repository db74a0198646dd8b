"""Disks: found by their volume's id, and formatted only if they are blank."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

from .errors import FilesystemsError

#: Bytes read at each end of a disk: signatures of file systems, partition tables, LVM and RAID are there.
READ_BYTES = 64 * 1024**2
_CHUNK = 4 * 1024**2
#: Length of the volume's id in a disk's serial number.
_SERIAL_LENGTH = 20
#: Seconds that a volume may take to be attached after the server has started.
ATTACH_SECONDS = 120.0
#: What is mounted where it is found on a disk.
MOUNTABLE = ("ext4", "xfs")


def find(volume: str, folder: Path, limit: float = ATTACH_SECONDS) -> Path:
    """The disk of a volume; waits until it is attached.

    Raises:
        FilesystemsError: it is not.
    """
    end = time.monotonic() + limit
    while True:
        found = sorted(folder.glob(f"*{volume[:_SERIAL_LENGTH]}*"))
        if found:
            return found[0]
        if time.monotonic() > end:
            raise FilesystemsError(f"volume {volume} is not attached after {limit:.0f} s")
        time.sleep(1)


def probe(device: Path) -> str:
    """The type of the file system, or of what else is on a disk; empty where nothing was found.

    Raises:
        FilesystemsError: it cannot be read.
    """
    asked = subprocess.run(
        ["blkid", "-p", "-o", "value", "-s", "TYPE", str(device)], capture_output=True, text=True, check=False
    )
    if asked.returncode == 0:
        return asked.stdout.strip() or "a partition table"
    if asked.returncode != 2:
        raise FilesystemsError(f"{device}: blkid: {asked.stderr.strip() or asked.returncode}")
    return ""


def is_blank(device: Path) -> bool:
    """Whether a disk was read without an error and has only zeros at both ends.

    blkid alone does not tell: it finds nothing also where it cannot read.
    """
    try:
        with device.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            if size == 0:
                return False
            return all(_zeros(file.fileno(), start, size) for start in (0, max(0, size - READ_BYTES)))
    except OSError:
        return False


def _zeros(descriptor: int, start: int, size: int) -> bool:
    end = min(size, start + READ_BYTES)
    while start < end:
        read = os.pread(descriptor, min(_CHUNK, end - start), start)
        if not read or read.count(0) != len(read):
            return False
        start += len(read)
    return True


def prepare(device: Path, wanted: str) -> tuple[str, bool]:
    """The type of a disk's file system, and whether it was made now.

    Args:
        device: the disk.
        wanted: what a blank one is formatted with.

    Raises:
        FilesystemsError: the disk has something else, or cannot be used.
    """
    if not device.exists():
        raise FilesystemsError(f"there is no disk {device}")
    there = probe(device)
    if there in MOUNTABLE:
        return there, False
    if there or not is_blank(device):
        raise FilesystemsError(
            f"{device} was NOT formatted: it has {there or 'data'}, or cannot be read. If nothing on it is needed: "
            f"wipefs --all {device}, and blkdiscard or dd if=/dev/zero over its first and last 64 MB"
        )
    made = subprocess.run(
        [f"mkfs.{wanted}", "-q", str(device)], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
    )
    if made.returncode:
        raise FilesystemsError(f"mkfs.{wanted} {device}: {made.stderr.strip()}")
    return wanted, True
