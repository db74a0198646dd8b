"""The group of all users who may become root, and its members: account files as text in and out. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .database import Database
from .request import ADMINISTRATORS

#: Gids for new system groups on a node, from the top.
_HIGHEST, _LOWEST = 999, 100

Row = list[str]


def with_group(before: Database) -> Database:
    """The files with the group added."""
    groups = [line.split(":") for line in before.group.splitlines()]
    if any(row[0] == ADMINISTRATORS for row in groups):
        return before
    taken = {row[2] for row in groups if len(row) > 2}
    gid = next(gid for gid in range(_HIGHEST, _LOWEST, -1) if str(gid) not in taken)
    gshadow = f"{before.gshadow}{ADMINISTRATORS}:!::\n" if before.gshadow else ""
    return replace(before, group=f"{before.group}{ADMINISTRATORS}:x:{gid}:\n", gshadow=gshadow)


def with_member(before: Database, name: str) -> Database:
    """The files with an account added to the group."""

    def joined(row: Row) -> Row:
        members = [member for member in row[3].split(",") if member]
        return [*row[:3], ",".join(members if name in members else [*members, name])]

    return replace(
        before,
        group=_changed(before.group, ADMINISTRATORS, joined),
        gshadow=_changed(before.gshadow, ADMINISTRATORS, joined),
    )


def with_home(before: Database, name: str, home: str) -> Database:
    """The files with another home directory of an account."""
    return replace(before, passwd=_changed(before.passwd, name, lambda row: [*row[:5], home, *row[6:]]))


def _changed(text: str, name: str, change: Callable[[Row], Row]) -> str:
    rows = (line.split(":") for line in text.splitlines())
    return "".join(":".join(change(row) if row[0] == name else row) + "\n" for row in rows)
