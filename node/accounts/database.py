"""A node's account files: read, changed as text, and replaced atomically with the lock that all tools use.

One pass over the files handles any number of users; ``useradd`` would read and write them once per user.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path

from .whole_file import rewrite_whole


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
        texts[each.name] = path.read_text(encoding="utf-8", errors="surrogateescape") if path.exists() else ""
    return Database(**texts)


def write(etc: Path, before: Database, after: Database) -> None:
    """Replace the changed files atomically; each keeps its owner, mode and label.

    Groups come first and passwords last: a kill in between leaves groups without users, never the reverse.
    """
    for name in ("group", "gshadow", "subuid", "subgid", "passwd", "shadow"):
        text = getattr(after, name)
        if text != getattr(before, name):
            rewrite_whole(etc / name, text.encode(errors="surrogateescape"))
