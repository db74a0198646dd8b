"""A volume's file, and the note beside it that says which image's bytes it was given.

``volume-<id>`` is the disk itself, sparse. ``volume-<id>.image.json`` is there when the volume was made from an image:
the bytes at its start are the image's until a server first boots from it (see `localcloud.compute.root_filesystem`).
"""

import json
import shutil
from pathlib import Path

from localcloud.host.command import HostError, run

GIB = 1024**3


def note_of(file: Path) -> Path:
    """Where the note about a volume's image is."""
    return file.with_name(f"{file.name}.image.json")


def make_sparse(file: Path, size: int) -> None:
    """Make an empty file that is `size` bytes long and takes no space; an old one is emptied."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("wb") as stream:
        stream.truncate(size)


def grow(file: Path, size: int) -> None:
    """Make a file at least `size` bytes long; it never gets shorter."""
    if file.stat().st_size < size:
        with file.open("r+b") as stream:
            stream.truncate(size)


def copy(source: Path, target: Path) -> None:
    """Copy a volume with its note; killed on the way, there is no target."""
    fresh = target.with_name(f"{target.name}.part")
    run(["cp", "--sparse=always", "--reflink=auto", source, fresh], limit=900)
    if note_of(source).exists():
        shutil.copyfile(note_of(source), note_of(target))
    fresh.replace(target)


def remove(file: Path) -> None:
    """Remove a volume's files; what is gone is fine."""
    for path in (file, note_of(file), file.with_name(f"{file.name}.part")):
        path.unlink(missing_ok=True)


def write_image(file: Path, image_id: str, blob: Path) -> None:
    """Make a volume hold an image's bytes at its start, and nothing else.

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
    """Which image a volume was given, and how many bytes it has.

    Raises:
        HostError: none: its bytes may look like an archive, but no image was written to it.
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
