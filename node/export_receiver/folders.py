"""Folders that root writes to: checks that nobody else can have placed a link or anything else in their path."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from pathlib import Path

from node.export_receiver.errors import ReceiveError


def check_way(path: Path) -> None:
    """Check that only root can change a path's target: neither the path itself nor the targets of links in it.

    Raises:
        ReceiveError: another user can change it; nothing was changed.
    """
    for folder in sorted({*path.absolute().parents, *path.resolve().parents}):
        with contextlib.suppress(FileNotFoundError):
            found = folder.lstat()
            sticky = found.st_mode & stat.S_ISVTX
            others = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
            if found.st_uid not in {0, os.geteuid()} or (others and not sticky and not stat.S_ISLNK(found.st_mode)):
                raise ReceiveError(
                    f"{folder} is writable by users other than root: change its owner to root and its mode to 0755"
                )


def own_folder(path: Path, mode: int) -> None:
    """Create a folder, or check that an existing one is owned only by this user.

    Raises:
        ReceiveError: it is a link, not a folder, or has another owner.
    """
    with contextlib.suppress(FileExistsError):
        path.mkdir(mode)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise ReceiveError(f"{path} is not a folder owned by root: inspect it and remove it")
    if stat.S_IMODE(found.st_mode) != mode:
        path.chmod(mode)


def content(path: Path) -> bytes | None:
    """The content of a file; None if it is missing or a link, which is not followed."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            return None
        raise
    with os.fdopen(handle, "rb") as file:
        return file.read()
