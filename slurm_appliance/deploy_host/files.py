"""Files of the deploy host that a reader finds as they were or as they are now, never half of one.

Standard library only: programs that have to start quickly use it.
"""

import os
import tempfile
from pathlib import Path

_FOLDER_MODE = 0o700
_FILE_MODE = 0o600


def write_whole(path: Path, content: str | bytes, *, durable: bool = False) -> None:
    """Write a file for its owner alone, whole or not at all.

    Args:
        path: the file; folders that are missing are made, for the owner alone.
        content: a text is written as UTF-8.
        durable: whether it has to survive a loss of power.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
    descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), _FILE_MODE)
            file.write(content.encode() if isinstance(content, str) else content)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        Path(fresh).replace(path)
    except OSError:
        # A rest of it would keep a full disk full.
        Path(fresh).unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
