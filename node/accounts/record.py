"""The record of users created on this node, to recognise former users."""

from __future__ import annotations

import json
from collections.abc import Collection

from .database import Database
from .request import Folders
from .whole_file import write_whole

_NAME = "users.json"


def read_record(folders: Folders, database: Database, deploy_user: str) -> tuple[frozenset[str], bool]:
    """Names of all users created here, and whether the record exists.

    Releases before this record gave users a home directory with their own name and the password ``*``, which identifies
    them on a node without a record.
    """
    path = folders.state / _NAME
    if path.exists():
        return frozenset(json.loads(path.read_text())["users"]), True
    passwords = dict(line.split(":")[:2] for line in database.shadow.splitlines() if ":" in line)
    rows = [line.split(":") for line in database.passwd.splitlines() if line.count(":") == 6]
    return frozenset(
        row[0]
        for row in rows
        if row[5] == str(folders.homes / row[0]) and passwords.get(row[0]) == "*" and row[0] != deploy_user
    ), False


def write_record(folders: Folders, users: Collection[str]) -> None:
    """Record the names; call before creating the users, so that every created user is recorded."""
    folders.state.mkdir(mode=0o755, parents=True, exist_ok=True)
    path = folders.state / _NAME
    text = json.dumps({"users": sorted(users)}, indent=1) + "\n"
    if path.exists() and path.read_text() == text:
        return
    write_whole(path, text, mode=0o644, durable=True)
