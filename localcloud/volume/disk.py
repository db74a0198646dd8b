"""Volumes of virtual machines and images of disks, each in the other's format."""

import json
from pathlib import Path

from localcloud.host.command import HostError, run

#: Timeout for a conversion, in seconds.
_LIMIT = 900.0


def write(volume: Path, image: Path) -> None:
    """Write an image, of whatever format, to a volume, and clear the rest.

    Raises:
        HostError: the image's disk is larger than the volume, or the image is damaged.
    """
    shown = json.loads(run(["qemu-img", "info", "--output=json", image]))
    size, room = int(shown["virtual-size"]), volume.stat().st_size
    if size > room:
        raise HostError(f"the image is of a disk of {size} bytes, the volume has {room}", where=volume.name)
    fresh = volume.with_name(f"{volume.name}.part")
    try:
        run(["qemu-img", "convert", "-f", shown["format"], "-O", "raw", image, fresh], limit=_LIMIT)
        run(["qemu-img", "resize", "-q", "-f", "raw", fresh, str(room)])
        fresh.replace(volume)
    finally:
        fresh.unlink(missing_ok=True)


def convert(volume: Path, image: Path, disk_format: str) -> None:
    """Make an image of a volume, in Glance's name of a format."""
    run(["qemu-img", "convert", "-f", "raw", "-O", disk_format, volume, image], limit=_LIMIT)
