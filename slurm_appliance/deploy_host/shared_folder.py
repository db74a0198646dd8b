"""A folder that several users share: what one writes there, its group can read and write.

Standard library only: programs that have to start quickly use it.
"""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Modes:
    """The access that new files and folders get.

    Attributes:
        file: mode of a file.
        folder: mode of a folder.
        group: the group of both; None for the process's.
    """

    file: int = 0o600
    folder: int = 0o700
    group: int | None = None


#: Access for the owner alone.
PRIVATE = Modes()


def shared_modes(folder: Path) -> Modes:
    """The access to files below a folder: its group's, if its group alone may write to it; else its owner's alone."""
    try:
        stat = folder.stat()
    except OSError:
        return PRIVATE
    if stat.st_mode & 0o032 != 0o030:
        return PRIVATE
    return Modes(file=0o660, folder=0o2770, group=stat.st_gid)


def share(path: Path, modes: Modes) -> None:
    """Set the access to everything of this user below a path; nothing if the folder is not shared."""
    if modes.group is None:
        return
    todo = [path]
    while todo:
        here = todo.pop()
        with contextlib.suppress(OSError):  # Another user's, or removed meanwhile.
            stat = here.lstat()
            is_folder = here.is_dir() and not here.is_symlink()
            if stat.st_uid == os.geteuid() and not here.is_symlink():
                give(here, modes.folder if is_folder else modes.file, modes.group)
            if is_folder:
                todo += here.iterdir()


def give(target: Path, mode: int, group: int | None) -> None:
    """Set the group, if any, and the mode of an own file or folder, keep out other groups."""
    if group is not None and target.stat().st_gid != group:
        try:
            os.chown(target, -1, group)
        except PermissionError:
            mode &= ~0o070  # The user is no member, and another group gets no access.
    if target.stat().st_mode & 0o7777 != mode:
        target.chmod(mode)
