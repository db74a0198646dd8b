"""Disks of virtual machines: what is where, and how GRUB finds it."""

import struct

import pytest

from localcloud.image.disk import boot_loader, partitions
from localcloud.image.disk.recipe import EARLY_FILES, DiskRecipe
from localcloud.image.recipe import ImageRecipe
from localcloud.image.sources import AptSource

SOURCES = (AptSource("http://deb.example.org/debian", "trixie"),)
GIB = 2**30


@pytest.mark.parametrize("size", [GIB, 3 * GIB])
def test_partitions_follow_each_other_and_leave_room_for_the_second_table(size: int) -> None:
    end = 34
    for each in partitions.PARTITIONS:
        assert each.start >= end
        assert each.start % 2048 == 0
        end = each.start + (each.sectors or partitions.root_size(size) // partitions.SECTOR)
    assert end + 33 <= size // partitions.SECTOR


def test_the_root_is_last_so_that_it_can_grow() -> None:
    lines = partitions.sfdisk_script(GIB).splitlines()
    assert lines[0] == "label: gpt"
    assert lines[-1] == f"start=36864, size={GIB // 512 - 36864 - 2048}, type={partitions.ROOT.kind}"


@pytest.mark.parametrize(("content", "gib"), [(1, 1), (600 * 2**20, 1), (700 * 2**20, 2), (4 * GIB, 7)])
def test_a_disk_has_room_for_its_files_and_half_as_many(content: int, gib: int) -> None:
    assert partitions.disk_size(content) == gib * GIB


def test_the_boot_record_leaves_the_partition_table_alone_and_names_the_core_image() -> None:
    record = boot_loader.boot_record(b"\xeb" + bytes(511))
    assert len(record) == 440
    assert struct.unpack_from("<Q", record, 0x5C) == (partitions.BIOS_BOOT.start,)
    assert record[0x66:0x68] == b"\x90\x90"


def test_the_core_image_names_the_rest_of_itself() -> None:
    core = boot_loader.core_image(bytes(5 * 512 + 1))
    assert struct.unpack_from("<QHH", core, 500) == (partitions.BIOS_BOOT.start + 1, 5, 0x820)


def test_a_core_image_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="1048576"):
        boot_loader.core_image(bytes(partitions.BIOS_BOOT.sectors * 512 + 1))


def test_a_disk_is_the_containers_image_with_a_kernel_and_boot_loaders() -> None:
    container, machine = ImageRecipe(SOURCES, "amd64"), DiskRecipe(SOURCES, "amd64")
    assert set(container.packages) < set(machine.packages)
    assert set(container.masked) < set(machine.masked)
    assert set(container.files) < set(machine.files)
    assert container.digest != machine.digest


def test_an_older_archive_is_accepted_for_disks_too() -> None:
    machine = DiskRecipe(SOURCES, "amd64", check_valid_until=False)
    assert set(ImageRecipe(SOURCES, "amd64", check_valid_until=False).files) < set(machine.files)


def test_the_kernel_s_installation_finds_its_files() -> None:
    command = DiskRecipe(SOURCES, "amd64").command("mmdebstrap", "/files", "/root")
    assert "--format=directory" in command
    assert "--format=tar" not in command
    hooks = [word for word in command if word.startswith("--essential-hook=")]
    assert [any(name in hook for hook in hooks) for name in EARLY_FILES] == [True, True]
    assert command[-3:] == ["trixie", "/root", str(SOURCES[0])]


def test_grub_starts_the_kernel_with_a_serial_console() -> None:
    text = boot_loader.configuration("vmlinuz-6", "initrd.img-6")
    assert "linux /boot/vmlinuz-6 root=LABEL=root" in text
    assert "console=ttyS0" in text
    assert "initrd /boot/initrd.img-6\n" in text
