"""Computes the new account files from the current files and the users. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from .database import Database
from .request import AccountUser, Folders
from .subordinate import SubordinateIds

_NO_LOGIN = "/usr/sbin/nologin"
#: Day 1 of 1970: an account that expired then cannot be used, whatever the key or password.
_EXPIRED = "1"


@dataclass(frozen=True)
class AccountsPlan:
    """The result of planning.

    Attributes:
        after: the new files.
        changes: one line per change.
        made: users who exist afterwards.
        problems: by user, why the request cannot be met; a user is created even if a group is missing.
        former: users created here who are no longer configured.
    """

    after: Database
    changes: tuple[str, ...]
    made: tuple[str, ...]
    problems: dict[str, str]
    former: tuple[str, ...]


def plan(
    before: Database, users: Sequence[AccountUser], ours: Collection[str], folders: Folders, today: int
) -> AccountsPlan:
    """Plan the changes.

    Args:
        before: the current files.
        users: the configured users.
        ours: names of all users created here, including former ones.
        folders: the folders of home directories.
        today: days since 1970, for expiry fields.
    """
    work = _Work(before, frozenset(ours), today)
    work.ensure_all(users, folders)
    names = {user.name for user in users}
    former = tuple(sorted(name for name in ours if name not in names and name in work.passwd))
    for name in former:
        work.lock(name)
    made = frozenset(user.name for user in users if user.name not in work.problems)
    work.members({user.name: user.groups for user in users if user.name in made}, frozenset(ours) | names)
    return AccountsPlan(work.database(), tuple(work.changes), tuple(sorted(made)), work.problems, former)


class _Work:
    """The files as rows by name, during the changes."""

    def __init__(self, before: Database, ours: Collection[str], today: int) -> None:
        self.passwd, self.shadow = _rows(before.passwd), _rows(before.shadow)
        self.group, self.gshadow = _rows(before.group), _rows(before.gshadow)
        self._subordinate = {name: SubordinateIds(getattr(before, name)) for name in ("subuid", "subgid")}
        self._ours, self._today = ours, str(today)
        self._uids = {row[2]: name for name, row in self.passwd.items() if len(row) > 2}
        self._gids = {row[2]: name for name, row in self.group.items() if len(row) > 2}
        self.changes: list[str] = []
        self.problems: dict[str, str] = {}

    def ensure_all(self, users: Sequence[AccountUser], folders: Folders) -> None:
        """Create the users; retry those that needed another user's old uid."""
        waiting = list(users)
        while waiting:
            self.problems = {}
            for user in waiting:
                self._ensure(user, folders.home_of(user))
            if len(self.problems) == len(waiting):
                return
            waiting = [user for user in waiting if user.name in self.problems]

    def _ensure(self, user: AccountUser, home: Path) -> None:
        problem = self._problem(user, home)
        if problem:
            self.problems[user.name] = problem
            return
        uid, gid = str(user.uid), str(user.gid)
        if self._gids.get(gid, user.name) == user.name:
            self._ensure_group(user.name, gid)
        row = [user.name, "x", uid, gid, user.comment, str(home), user.shell]
        if user.name not in self.passwd:
            self.changes.append(f"user {user.name}: created")
            for each in self._subordinate.values():
                each.give(user.name)
        elif self.passwd[user.name] != row:
            self._uids.pop(self.passwd[user.name][2], None)
            self.changes.append(f"user {user.name}: changed")
        self.passwd[user.name] = row
        self._uids[uid] = user.name
        self._open(user.name)

    def _ensure_group(self, name: str, gid: str) -> None:
        if name not in self.group:
            self.group[name] = [name, "x", gid, ""]
            if self.gshadow:
                self.gshadow[name] = [name, "!", "", ""]
            self.changes.append(f"group {name}: created")
        elif self.group[name][2] != gid:
            self._gids.pop(self.group[name][2], None)
            self.group[name][2] = gid
            self.changes.append(f"group {name}: changed")
        self._gids[gid] = name

    def _open(self, name: str) -> None:
        row = self.shadow.get(name)
        if row is None:
            self.shadow[name] = [name, "*", self._today, "", "", "", "", "", ""]
            return
        opened = [row[0], row[1].lstrip("!") or "*", *row[2:7], "", *row[8:]]
        if row != opened:
            self.shadow[name] = opened
            self.changes.append(f"user {name}: unlocked")

    def lock(self, name: str) -> None:
        row = self.passwd[name]
        locked = [*row[:6], _NO_LOGIN]
        shadow = self.shadow.get(name, [name, "*", self._today, "", "", "", "", "", ""])
        password = shadow[1] if shadow[1].startswith("!") else f"!{shadow[1]}"
        shut = [name, password, *shadow[2:7], _EXPIRED, *shadow[8:]]
        if (row, self.shadow.get(name)) != (locked, shut):
            self.passwd[name], self.shadow[name] = locked, shut
            self.changes.append(f"user {name}: locked")

    def members(self, wanted: dict[str, tuple[str, ...]], ours: Collection[str]) -> None:
        """Set our users' memberships, and keep those of all others."""
        for name, groups in sorted(wanted.items()):
            missing = [group for group in groups if group not in self.group]
            if missing:
                self.problems[name] = f"this node has no group {', '.join(missing)}"
        for group, row in self.group.items():
            if len(row) < 4:
                continue
            before = [member for member in row[3].split(",") if member]
            ordered = [member for member in before if member not in ours or group in wanted.get(member, ())]
            ordered += sorted(name for name, groups in wanted.items() if group in groups and name not in before)
            if ordered != before:
                row[3] = ",".join(ordered)
                if group in self.gshadow:
                    self.gshadow[group][3] = row[3]
                self.changes.append(f"group {group}: members changed")

    def _problem(self, user: AccountUser, home: Path) -> str | None:
        for text in (user.name, user.comment, user.shell, str(home)):
            if any(character in text for character in ":\n\0"):
                return "account files cannot contain a colon or a line break in a field"
        there = self.passwd.get(user.name)
        if there is not None and user.name not in self._ours:
            return f"this node's image has an account with that name and uid {there[2]}"
        owner = self._uids.get(str(user.uid))
        if owner is not None and owner != user.name:
            return f"uid {user.uid} belongs to {owner} on this node"
        group = self.group.get(user.name)
        if group is not None and there is None and group[2] != str(user.gid):
            return f"this node has a group with that name and gid {group[2]}"
        owner = self._gids.get(str(user.gid))
        if owner is not None and owner != user.name and user.gid == user.uid:
            return f"gid {user.gid} belongs to group {owner} on this node"
        return None

    def database(self) -> Database:
        texts = {name: _text(getattr(self, name)) for name in ("passwd", "shadow", "group", "gshadow")}
        return Database(**texts, **{name: each.text for name, each in self._subordinate.items()})


def _rows(text: str) -> dict[str, list[str]]:
    """Rows by name; a line that repeats a name is kept in place with its own key."""
    rows: dict[str, list[str]] = {}
    for number, line in enumerate(text.splitlines()):
        row = line.split(":")
        rows[row[0] if row[0] not in rows and len(row) > 1 else f"\0{number}"] = row
    return rows


def _text(rows: dict[str, list[str]]) -> str:
    return "".join(":".join(row) + "\n" for row in rows.values())
