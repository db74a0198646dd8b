"""A node's account files: read, changed as text, and replaced atomically with the lock that all tools use.

One pass over the files handles any number of users; ``useradd`` would read and write them once per user.
"""

from __future__ import annotations

import ctypes
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

#: SELinux stores a file's label in this attribute.
_LABEL = "security.selinux"


@dataclass(frozen=True)
class Database:
    """The text of each file; a missing file is empty."""

    passwd: str
    shadow: str
    group: str
    gshadow: str
    subuid: str = ""
    subgid: str = ""


class AccountsLockedError(OSError):
    """Raised when another program holds the lock of the account files for more than 15 s."""


@contextmanager
def locked() -> Iterator[None]:
    """Hold the lock of the account files, like shadow's tools.

    Raises:
        AccountsLockedError: another program holds it.
    """
    library = ctypes.CDLL(None, use_errno=True)
    if library.lckpwdf() != 0:
        raise AccountsLockedError(ctypes.get_errno(), "another program is changing the accounts; try again")
    try:
        yield
    finally:
        library.ulckpwdf()


def read(etc: Path) -> Database:
    """Read the files of a folder."""
    texts = {}
    for each in fields(Database):
        path = etc / each.name
        texts[each.name] = path.read_text(errors="surrogateescape") if path.exists() else ""
    return Database(**texts)


def write(etc: Path, before: Database, after: Database) -> None:
    """Replace the changed files atomically, with owner, mode and label of the former ones.

    Groups come first and passwords last: a kill in between leaves groups without users, never the reverse.
    """
    for name in ("group", "gshadow", "subuid", "subgid", "passwd", "shadow"):
        text = getattr(after, name)
        if text != getattr(before, name):
            _replace(etc / name, text)


def _replace(path: Path, text: str) -> None:
    former = path.stat()
    descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(descriptor, "w", errors="surrogateescape") as file:
            os.fchown(file.fileno(), former.st_uid, former.st_gid)
            os.fchmod(file.fileno(), former.st_mode & 0o7777)
            if _LABEL in os.listxattr(path):
                os.setxattr(fresh, _LABEL, os.getxattr(path, _LABEL))
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(fresh).replace(path)
    except BaseException:
        Path(fresh).unlink()
        raise
