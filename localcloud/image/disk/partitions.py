"""What is where on a disk: a GPT with GRUB's own partition, an EFI system partition, and the root, which grows."""

from dataclasses import dataclass

#: Bytes in a sector.
SECTOR = 512

_MIB = 2**20 // SECTOR

#: The label of the root file system, by which GRUB and the kernel find it.
ROOT_LABEL = "root"


@dataclass(frozen=True)
class DiskPartition:
    """One partition.

    Attributes:
        start: its first sector.
        sectors: how many it has; 0: all that are left.
        kind: its type in the GPT.
    """

    start: int
    sectors: int
    kind: str

    @property
    def offset(self) -> int:
        """Its first byte on the disk."""
        return self.start * SECTOR


#: GRUB's core image for machines with a BIOS.
BIOS_BOOT = DiskPartition(_MIB, _MIB, "21686148-6449-6E6F-744E-656564454649")

#: GRUB for machines with UEFI, in a FAT file system.
EFI_SYSTEM = DiskPartition(2 * _MIB, 16 * _MIB, "C12A7328-F81F-11D2-BA4B-00A0C93EC93B")

#: The last one, so that it can grow. Its type says: root of an x86-64 system.
ROOT = DiskPartition(18 * _MIB, 0, "4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709")

PARTITIONS = (BIOS_BOOT, EFI_SYSTEM, ROOT)


def root_size(disk: int) -> int:
    """Bytes for the root on a disk of `disk` bytes: the last MiB is the second copy of the partition table's."""
    return disk - ROOT.offset - _MIB * SECTOR


def sfdisk_script(disk: int) -> str:
    """What sfdisk reads to write the table of a disk of `disk` bytes."""
    lines = ["label: gpt", "unit: sectors", "first-lba: 34"]
    for each in PARTITIONS:
        sectors = each.sectors or root_size(disk) // SECTOR
        lines.append(f"start={each.start}, size={sectors}, type={each.kind}")
    return "\n".join(lines) + "\n"


def disk_size(content: int) -> int:
    """Bytes for a disk whose root has `content` bytes of files: half as much again for a start, in whole GiB."""
    gib = 2**30
    return -(-(content * 3 // 2 + ROOT.offset) // gib) * gib
