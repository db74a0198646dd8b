"""The record of the users that were made on this node: by it, former users are known."""

from __future__ import annotations

import json
import os
from collections.abc import Collection

from .database import Database
from .request import Folders

_NAME = "users.json"


def read_record(folders: Folders, database: Database, deploy_user: str) -> tuple[frozenset[str], bool]:
    """Names of all users that were made here, and whether that is on record.

    Releases before this record gave users a home directory of their own name and the password ``*``: that tells them
    on a node that has no record yet.
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
    """Put the names on record; written before the users are made, so that none is ever made off the record."""
    folders.state.mkdir(mode=0o755, parents=True, exist_ok=True)
    path = folders.state / _NAME
    text = json.dumps({"users": sorted(users)}, indent=1) + "\n"
    if path.exists() and path.read_text() == text:
        return
    fresh = path.with_suffix(".new")
    with fresh.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
