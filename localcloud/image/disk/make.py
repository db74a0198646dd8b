"""Makes a disk: mmdebstrap's folder becomes partitions of a file, which becomes a qcow2 image."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from localcloud.errors import BaseImageError
from localcloud.host.programs import program
from localcloud.image.disk import boot_loader, partitions
from localcloud.image.disk.recipe import DiskRecipe

Run = Callable[[list[str]], None]

#: mke2fs has features that the GRUB of an older Debian does not know.
_FEATURES = "^metadata_csum_seed"


def make(recipe: DiskRecipe, files: Path, target: Path, run: Run) -> None:
    """Make a disk.

    Args:
        recipe: what is on it.
        files: a folder with `recipe.files` at their paths.
        target: the qcow2 file to write; scratch files are beside it.
        run: runs a command, which must succeed.

    Raises:
        BaseImageError: this machine is of another architecture, or a program fails.
    """
    if recipe.architecture != "amd64":
        raise BaseImageError(
            f"there are no disks for {recipe.architecture} machines",
            remedy="use containers: cloud up --servers container",
        )
    tree, disk = target.with_name("root"), target.with_name("disk")
    run(recipe.command(program("mmdebstrap"), str(files), str(tree)))
    cores = _grub(tree, run)
    with disk.open("wb") as stream:
        size = partitions.disk_size(_bytes_of(tree))
        stream.truncate(size)
    _partition(disk, size)
    _write_bios(disk, tree, cores["i386-pc"])
    _write_efi(disk, target.with_name("grub.efi"), cores["x86_64-efi"], run)
    _write_root(disk, size, tree, run)
    options = "compression_type=zstd"
    run([program("qemu-img"), "convert", "-c", "-O", "qcow2", "-o", options, str(disk), str(target)])
    disk.unlink()


def virtual_size(image: Path) -> int:
    """Bytes of the disk that an image is of."""
    command = [program("qemu-img"), "info", "--output=json", str(image)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return int(json.loads(shown)["virtual-size"])


def _grub(tree: Path, run: Run) -> dict[str, bytes]:
    """Write GRUB's configuration, and return its images by firmware. The tree's own GRUB makes them."""
    kernel = max((tree / "boot").glob("vmlinuz-*")).name
    folder = tree / "boot" / "grub"
    folder.mkdir(exist_ok=True)
    (folder / "grub.cfg").write_text(boot_loader.configuration(kernel, kernel.replace("vmlinuz", "initrd.img")))
    early, image = tree / "early.cfg", tree / "core.img"
    early.write_text(boot_loader.EARLY)
    made = {}
    for firmware, modules in boot_loader.FIRMWARE_MODULES.items():
        command = ["chroot", str(tree), "grub-mkimage", f"--format={firmware}", "--config=/early.cfg"]
        run([*command, "--prefix=/boot/grub", "--output=/core.img", *boot_loader.MODULES, *modules])
        made[firmware] = image.read_bytes()
        image.unlink()
    early.unlink()
    return made


def _bytes_of(tree: Path) -> int:
    shown = subprocess.run(
        ["du", "--summarize", "--block-size=1", str(tree)], capture_output=True, text=True, check=True
    )
    return int(shown.stdout.split()[0])


def _partition(disk: Path, size: int) -> None:
    command, script = [program("sfdisk"), "--quiet", str(disk)], partitions.sfdisk_script(size)
    done = subprocess.run(command, input=script, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BaseImageError("the partition table cannot be written", where=str(disk), evidence=done.stderr)


def _write_bios(disk: Path, tree: Path, core: bytes) -> None:
    record = boot_loader.boot_record((tree / "usr/lib/grub/i386-pc/boot.img").read_bytes())
    with disk.open("r+b") as stream:
        stream.write(record)
        stream.seek(partitions.BIOS_BOOT.offset)
        stream.write(boot_loader.core_image(core))


def _write_efi(disk: Path, scratch: Path, grub: bytes, run: Run) -> None:
    part = partitions.EFI_SYSTEM
    scratch.write_bytes(grub)
    image = f"{disk}@@{part.offset}"
    mtools = (
        ["mformat", "-i", image, "-v", "ESP", "-T", str(part.sectors), "-h", "64", "-s", "32", "::"],
        ["mmd", "-i", image, "::/EFI", "::/EFI/BOOT"],
        ["mcopy", "-i", image, str(scratch), "::/EFI/BOOT/BOOTX64.EFI"],
    )
    for name, *arguments in mtools:
        run([program(name), *arguments])
    scratch.unlink()


def _write_root(disk: Path, size: int, tree: Path, run: Run) -> None:
    extended = f"offset={partitions.ROOT.offset},lazy_itable_init=1,root_owner=0:0"
    command = [program("mkfs.ext4"), "-q", "-L", partitions.ROOT_LABEL, "-d", str(tree), "-E", extended]
    run([*command, "-O", _FEATURES, str(disk), f"{partitions.root_size(size) // 1024}k"])
