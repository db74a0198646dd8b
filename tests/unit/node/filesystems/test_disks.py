"""Disks, as files that blkid and mkfs take for some."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from node.filesystems.disks import READ_BYTES, find, is_blank, prepare, probe
from node.filesystems.errors import FilesystemsError

pytestmark = pytest.mark.skipif(
    shutil.which("blkid") is None or shutil.which("mkfs.ext4") is None, reason="needs blkid and mkfs.ext4"
)
SIZE = 2 * READ_BYTES + 4096


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    path = tmp_path / "virtio-0123456789abcdef0123"
    with path.open("wb") as file:
        file.truncate(SIZE)
    return path


def write(disk: Path, place: int, content: bytes = b"data") -> None:
    with disk.open("r+b") as file:
        file.seek(place)
        file.write(content)


def test_a_blank_one_is_formatted_once(disk: Path) -> None:
    assert prepare(disk, "ext4") == ("ext4", True)
    before = disk.read_bytes()
    assert prepare(disk, "xfs") == ("ext4", False), "what is there stays, whatever is configured"
    assert disk.read_bytes() == before


@pytest.mark.parametrize("place", [0, READ_BYTES - 4, SIZE - READ_BYTES, SIZE - 4])
def test_data_at_either_end_is_never_formatted(disk: Path, place: int) -> None:
    write(disk, place)
    before = disk.read_bytes()
    with pytest.raises(FilesystemsError, match="NOT formatted"):
        prepare(disk, "ext4")
    assert disk.read_bytes() == before


def test_other_signatures_are_never_formatted(disk: Path) -> None:
    subprocess.run(["mkswap", str(disk)], check=True, capture_output=True)
    assert probe(disk) == "swap"
    with pytest.raises(FilesystemsError, match="swap"):
        prepare(disk, "ext4")


def test_a_disk_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FilesystemsError, match="there is no disk"):
        prepare(tmp_path / "nvme9n1", "ext4")
    assert not is_blank(tmp_path / "nvme9n1")


def test_an_empty_one_is_not_blank(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()
    assert not is_blank(path)


def test_it_is_found_by_the_start_of_its_volume(disk: Path) -> None:
    assert find("0123456789abcdef0123-and-more", disk.parent) == disk
    with pytest.raises(FilesystemsError, match="not attached"):
        find("another", disk.parent, limit=0)
