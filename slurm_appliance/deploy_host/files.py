"""Files of the deploy host that a reader finds as they were or as they are now, never half of one.

Standard library only: programs that have to start quickly use it.
"""

import os
import tempfile
from pathlib import Path

from slurm_appliance.deploy_host.shared_folder import PRIVATE, Modes, give


def write_whole(path: Path, content: str | bytes, *, durable: bool = False, modes: Modes = PRIVATE) -> None:
    """Write a file, whole or not at all.

    Args:
        path: the file; missing folders are created.
        content: a text is written as UTF-8.
        durable: whether it has to survive a loss of power.
        modes: access to the file and to created folders; the owner's alone by default.
    """
    make_folders(path.parent, modes)
    descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            give(Path(fresh), modes.file, modes.group)
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


def make_folders(folder: Path, modes: Modes = PRIVATE) -> None:
    """Create a folder, and the missing folders above it."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True, mode=modes.folder & 0o777)
    if modes.group is not None:
        for each in missing:
            give(each, modes.folder, modes.group)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
