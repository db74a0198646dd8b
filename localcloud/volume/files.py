"""A volume's file, and a note next to it about the image whose bytes it was given.

``volume-<id>`` is the disk itself, sparse. ``volume-<id>.image.json`` exists if the volume was created from an image:
the bytes at its start are the image's until a server first boots from it (see `localcloud.compute.root_filesystem`).
"""

import json
import shutil
from pathlib import Path

from localcloud.host.command import HostError, run

GIB = 1024**3


def note_of(file: Path) -> Path:
    """The path of the note about a volume's image."""
    return file.with_name(f"{file.name}.image.json")


def make_sparse(file: Path, size: int) -> None:
    """Create an empty sparse file of `size` bytes, replacing an old one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as stream:
        stream.truncate(size)


def grow(file: Path, size: int) -> None:
    """Grow a file to at least `size` bytes; it never shrinks."""
    if file.stat().st_size < size:
        with file.open("r+b") as stream:
            stream.truncate(size)


def copy(source: Path, target: Path) -> None:
    """Copy a volume with its note, atomically."""
    fresh = target.with_name(f"{target.name}.part")
    run(["cp", "--sparse=always", "--reflink=auto", source, fresh], limit=900)
    if note_of(source).exists():
        shutil.copyfile(note_of(source), note_of(target))
    fresh.replace(target)


def remove(file: Path) -> None:
    """Remove a volume's files; missing ones are not an error."""
    for path in (file, note_of(file), file.with_name(f"{file.name}.part")):
        path.unlink(missing_ok=True)


def write_image(file: Path, image_id: str, blob: Path) -> None:
    """Write an image's bytes to the start of a volume and clear the rest.

    Raises:
        HostError: the image is larger than the volume.
    """
    size, room = blob.stat().st_size, file.stat().st_size
    if size > room:
        raise HostError(f"image {image_id} has {size} bytes, the volume {room}", where=file.name)
    make_sparse(file, room)
    with blob.open("rb") as source, file.open("r+b") as target:
        shutil.copyfileobj(source, target, 1 << 20)
    note_of(file).write_text(json.dumps({"image_id": image_id, "size": size}))


def image_of(file: Path) -> tuple[str, int]:
    """The image of a volume, and its size in bytes.

    Raises:
        HostError: no image was written to it, even if its bytes look like an archive.
    """
    try:
        note = json.loads(note_of(file).read_text())
    except FileNotFoundError as error:
        raise HostError(
            "was not made from an image", where=file.name, remedy="create the bootable volume from an image"
        ) from error
    return note["image_id"], note["size"]


def copy_start(file: Path, target: Path, size: int) -> None:
    """Copy the first `size` bytes of a file."""
    with file.open("rb") as source, target.open("wb") as stream:
        left = size
        while left > 0:
            chunk = source.read(min(left, 1 << 20))
            if not chunk:
                raise HostError(f"is {left} bytes shorter than the image", where=file.name)
            stream.write(chunk)
            left -= len(chunk)
