"""A server's root: an overlay on an unpacked image, or the ext4 file system of the volume that it boots from.

A new boot volume starts with the bytes of an image, which are an archive; the first start creates a file system on the
volume and unpacks the image into it. From then on the volume is an ordinary disk: it can be copied, grown and attached
elsewhere. If Cinder writes an image to it again (a rebuild), it is new again.
"""

import shutil
from pathlib import Path

from localcloud.compute.image_cache import ImageCache
from localcloud.compute.server_facts import Disk, HostedServerFacts
from localcloud.host import archive, loop_device
from localcloud.host.command import HostError, run, try_run
from localcloud.host.waiting import wait_for
from localcloud.volume import files

#: Folders of an overlay below a server's.
_UPPER, _WORK = "upper", "work"


def root_of(folder: Path) -> Path:
    """Where a server's root is mounted."""
    return folder / "root"


def is_new(facts: HostedServerFacts, folder: Path) -> bool:
    """Whether a server's root has never been mounted and lacks the host's additions."""
    disk = facts.root_disk
    return bool(archive.kind(Path(disk.file))) if disk else not (folder / _UPPER).is_dir()


def mount(facts: HostedServerFacts, folder: Path, cache: ImageCache) -> Path:
    """Mount a server's root, creating it if it is new; return the mount point. Idempotent.

    Raises:
        HostError: the image or the volume is missing or is not a root filesystem.
    """
    root = root_of(folder)
    if root.is_mount():
        return root
    root.mkdir(parents=True, exist_ok=True)
    disk = facts.root_disk
    if disk is not None:
        if archive.kind(Path(disk.file)):
            loop_device.detach(disk.file)
            _make_file_system(disk, cache, root)
        device = loop_device.attach(disk.file)
        grow(device, Path(disk.file))
        run(["mount", "-t", "ext4", device, root])
        return root
    lower = cache.root(facts.image)
    if not lower.is_dir():
        raise HostError(f"its image {facts.image} is not unpacked on this host", where=f"server {facts.uuid}")
    for name in (_UPPER, _WORK):
        (folder / name).mkdir(exist_ok=True)
    overlay = f"lowerdir={lower},upperdir={folder / _UPPER},workdir={folder / _WORK}"
    run(["mount", "-t", "overlay", "-o", overlay, facts.uuid, root])
    return root


def unmount(folder: Path, limit: float = 5.0) -> None:
    """Unmount a server's root; lazily if it is still busy after `limit` seconds."""
    root = root_of(folder)
    if not root.is_mount():
        return
    if not wait_for(lambda: try_run(["umount", root]).returncode == 0 or not root.is_mount(), limit):
        run(["umount", "--lazy", root])


def forget(folder: Path) -> None:
    """Remove everything that a server without a boot volume wrote to its root."""
    for name in (_UPPER, _WORK):
        shutil.rmtree(folder / name, ignore_errors=True)


def grow(device: str, file: Path) -> None:
    """Grow the ext4 file system to fill its volume, as cloud-init and site.yml do in a virtual machine.

    This happens before mounting: growing a mounted one needs CAP_SYS_RESOURCE, which some hosts and all servers lack.
    """
    with file.open("rb") as stream:
        start = stream.read(4096)
    if 0 < file_system_size(start) < file.stat().st_size:
        try_run(["e2fsck", "-f", "-p", device], limit=archive.LIMIT)  # Repairs also give a nonzero exit status.
        # A file system with features that this host does not support cannot grow, but is usable.
        try_run(["resize2fs", device], limit=archive.LIMIT)


def file_system_size(start: bytes) -> int:
    """The size of an ext4 file system in bytes, read from a disk's first 2048 bytes; 0 if there is none.

    Source: the kernel's Documentation/filesystems/ext4/super.rst.
    """
    superblock = start[1024:2048]
    if len(superblock) < 1024 or superblock[0x38:0x3A] != b"\x53\xef":
        return 0
    blocks = int.from_bytes(superblock[0x04:0x08], "little")
    if int.from_bytes(superblock[0x60:0x64], "little") & 0x80:  # 64bit
        blocks |= int.from_bytes(superblock[0x150:0x154], "little") << 32
    return blocks << 10 + int.from_bytes(superblock[0x18:0x1C], "little")


def _make_file_system(disk: Disk, cache: ImageCache, mount_point: Path) -> None:
    """Convert the image's bytes on a volume to a file system with the image's content."""
    file = Path(disk.file)
    image_id, size = files.image_of(file)
    source = cache.get(image_id, lambda blob: files.copy_start(file, blob, size))
    # In a separate file, then moved: if interrupted, the volume still has its image and is new.
    fresh = file.with_name(f"{file.name}.part")
    try:
        files.make_sparse(fresh, file.stat().st_size)
        run(["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=1,nodiscard", fresh])
        run(["mount", "-t", "ext4", "-o", "loop", fresh, mount_point])
        try:
            run(["cp", "--archive", "--one-file-system", f"{source}/.", mount_point], limit=archive.LIMIT)
        finally:
            run(["umount", mount_point], limit=archive.LIMIT)
        fresh.replace(file)
    finally:
        fresh.unlink(missing_ok=True)
