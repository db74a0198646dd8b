"""Writes files atomically: a reader gets the former content or the new one, never a part of it.

No other module in `node` does this. Packages are installed on a node separately and can be from different releases, so
each package that writes files contains this module: its ``whole_file.py`` is a link to this one.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

#: Prefix of temporary files, which are created in the folder of the file.
_UNFINISHED = ".writing-"
#: SELinux stores a file's label in this attribute.
_LABEL = "security.selinux"


def write_whole(
    path: Path, content: str | bytes, *, mode: int = 0o600, owner: tuple[int, int] | None = None, durable: bool = False
) -> None:
    """Write a file atomically. Several threads and processes may write the same file; the last one wins.

    Args:
        path: the file, in an existing folder.
        content: a text is written as UTF-8.
        mode: the mode of the file, regardless of the umask.
        owner: user and group of the file; by default those of this process.
        durable: also sync the file and its name to the disk, so that they survive a power failure.
    """
    _write(path, content, mode=mode, owner=owner, label=b"", durable=durable)


def rewrite_whole(path: Path, content: str | bytes) -> None:
    """Replace the content of an existing file, durably; keep its owner, mode and SELinux label."""
    former = path.stat()
    label = os.getxattr(path, _LABEL) if _LABEL in os.listxattr(path) else b""
    owner = (former.st_uid, former.st_gid)
    _write(path, content, mode=former.st_mode & 0o7777, owner=owner, label=label, durable=True)


def remove_unfinished(folder: Path) -> None:
    """Remove temporary files of killed writers; call only while no one writes to the folder."""
    for path in folder.glob(f"{_UNFINISHED}*"):
        path.unlink()


def sync_file(path: Path) -> None:
    """Make the content of a file that another program wrote survive a power failure."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Make renames, creations and deletions in a folder survive a power failure."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(
    path: Path, content: str | bytes, *, mode: int, owner: tuple[int, int] | None, label: bytes, durable: bool
) -> None:
    descriptor, unfinished = tempfile.mkstemp(dir=path.parent, prefix=_UNFINISHED)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if owner is not None:
                os.fchown(descriptor, *owner)
            os.fchmod(descriptor, mode)
            if label:
                os.setxattr(descriptor, _LABEL, label)
            file.write(content.encode() if isinstance(content, str) else content)
            if durable:
                file.flush()
                os.fsync(descriptor)
        Path(unfinished).replace(path)
    except BaseException:
        # Do not fill the disk.
        Path(unfinished).unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)
