"""Creates an image from a volume that a server has booted from: its root filesystem as an archive, like any image."""

import tempfile
from pathlib import Path

from localcloud.host import archive
from localcloud.host.command import run
from localcloud.volume import files


def pack(volume: Path, blob: Path) -> None:
    """Pack the root filesystem on a volume, attached or not, as an archive.

    Mounts a copy instead of the volume, because a running server may be writing to it.

    Raises:
        HostError: it has no ext4 file system.
    """
    copy = volume.with_name(f"{volume.name}.export")
    files.copy(volume, copy)
    try:
        with tempfile.TemporaryDirectory(dir=volume.parent) as folder:
            run(["mount", "-t", "ext4", "-o", "loop", copy, folder])
            try:
                archive.pack(Path(folder), blob, exclude=["./lost+found"])
            finally:
                run(["umount", folder])
    finally:
        files.remove(copy)
