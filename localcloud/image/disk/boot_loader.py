"""GRUB on a disk without grub-install, which needs the disk as a device: images of GRUB, and where they find it.

``boot.img`` is the master boot record: it loads the first sector of the core image. That sector has a list of where the
rest is. The offsets below are those of GRUB's sources (``include/grub/i386/pc/boot.h`` and ``diskboot.h``).
"""

import struct

from localcloud.image.disk.partitions import BIOS_BOOT, ROOT_LABEL, SECTOR

#: Modules in GRUB itself: all that it takes to read its configuration and the kernel.
MODULES = (
    *("part_gpt", "ext2", "search", "search_label", "normal", "configfile", "linux"),
    *("serial", "terminal", "echo", "test", "gzio", "zstd"),
)

#: Modules in addition, by what grub-mkimage calls a machine's firmware.
FIRMWARE_MODULES = {"i386-pc": ("biosdisk",), "x86_64-efi": ("fat", "efi_gop")}

#: What a core image does: find the root file system, and go on there.
EARLY = (
    f"search --no-floppy --label {ROOT_LABEL} --set=root\nset prefix=($root)/boot/grub\nconfigfile $prefix/grub.cfg\n"
)

#: The serial console, which is a server's console log.
CONSOLE = "console=tty0 console=ttyS0,115200"

#: Options of the kernel. Emulated processors need no protection from each other, and would pay for it at each call.
OPTIONS = f"{CONSOLE} mitigations=off"

#: For GRUB's own tools, which write the configuration again when a kernel is installed.
DEFAULTS = f"""GRUB_DEFAULT=0
GRUB_TIMEOUT=0
GRUB_DISTRIBUTOR=Debian
GRUB_CMDLINE_LINUX_DEFAULT=""
GRUB_CMDLINE_LINUX="{OPTIONS}"
GRUB_TERMINAL="console serial"
GRUB_SERIAL_COMMAND="serial --unit=0 --speed=115200"
"""

_CODE_SIZE = 440  # The rest of the first sector is the partition table's.
_KERNEL_SECTOR = 0x5C
_DRIVE_CHECK = 0x66
_BLOCK_LIST = SECTOR - 12
_LOAD_SEGMENT = 0x820


def configuration(kernel: str, initrd: str) -> str:
    """grub.cfg of a new disk.

    Args:
        kernel: its file name in /boot.
        initrd: the file name of its initial root file system.
    """
    return f"""set timeout=0
serial --unit=0 --speed=115200
terminal_output serial console
search --no-floppy --label {ROOT_LABEL} --set=root
linux /boot/{kernel} root=LABEL={ROOT_LABEL} ro {OPTIONS}
initrd /boot/{initrd}
boot
"""


def boot_record(image: bytes) -> bytes:
    """The code of the master boot record, from GRUB's boot.img: it loads the core image of `BIOS_BOOT`."""
    code = bytearray(image[:_CODE_SIZE])
    struct.pack_into("<Q", code, _KERNEL_SECTOR, BIOS_BOOT.start)
    # Two times "no operation" in place of a jump: believe the BIOS that this is the boot drive.
    struct.pack_into("<H", code, _DRIVE_CHECK, 0x9090)
    return bytes(code)


def core_image(image: bytes) -> bytes:
    """A core image that knows where the rest of itself is: right behind its first sector.

    Raises:
        ValueError: it does not fit into its partition.
    """
    sectors = -(-len(image) // SECTOR)
    if sectors > BIOS_BOOT.sectors:
        raise ValueError(f"GRUB's core image has {len(image)} bytes, its partition {BIOS_BOOT.sectors * SECTOR}")
    core = bytearray(image)
    struct.pack_into("<QHH", core, _BLOCK_LIST, BIOS_BOOT.start + 1, sectors - 1, _LOAD_SEGMENT)
    return bytes(core)
