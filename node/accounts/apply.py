"""Applies a request to a node's accounts."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import administrators, database, homes, record
from .plan import plan
from .request import ADMINISTRATORS, AccountsRequest

_SKELETON = Path("/etc/skel")
_SECONDS_A_DAY = 86_400


class AccountsError(Exception):
    """Raised when the request cannot be applied for one user or for all."""


@dataclass(frozen=True)
class AccountsOutcome:
    """The outcome of a request.

    Attributes:
        changes: a line each.
        problems: a line for each user who is not as asked for.
        shared: users who are there and have their home directory on the shared folder.
        former: users who were made here and are no users any more.
        sudo: users who are there and may become root by ``sudo``.
    """

    changes: list[str]
    problems: list[str] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)
    former: list[str] = field(default_factory=list)
    sudo: list[str] = field(default_factory=list)


def apply_users(request: AccountsRequest) -> AccountsOutcome:
    """Create all users, and lock former ones. A failure for one user does not affect the others."""
    folders = request.folders
    with database.locked():
        before = database.read(folders.etc)
        with_group = administrators.with_group(before)
        ours, recorded = record.read_record(folders, before, request.deploy_user)
        decided = plan(with_group, request.users, ours, folders, int(time.time()) // _SECONDS_A_DAY)
        names = frozenset(decided.made)
        made = [user for user in request.users if user.name in names]
        record.write_record(folders, ours | names)
        database.write(folders.etc, before, decided.after)
    changes = list(decided.changes)
    problems = [f"user {name}: {problem}" for name, problem in sorted(decided.problems.items())]
    for user in made:
        if user.administrator or request.make_homes:
            try:
                if homes.ensure_home(folders.home_of(user), user.uid, user.gid, _SKELETON):
                    changes.append(f"user {user.name}: home directory created")
            except OSError as error:
                problems.append(f"user {user.name}: {error}")
        if request.make_homes and not recorded and user.name in ours:
            changes += [f"user {user.name}: {line}" for line in homes.take_out_keys(user, folders.homes / user.name)]
    keys = {user.name: user.keys for user in made if request.let_in or user.administrator}
    nobody = {*decided.former, *(user.name for user in made)} - set(keys)
    changes += [f"user {name}: keys changed" for name in homes.write_keys(folders.keys, keys, nobody)]
    for name in decided.former:
        if homes.end_lingering(folders, name):
            changes.append(f"user {name}: lingering disabled")
        if request.end_processes and _end_processes(name):
            changes.append(f"user {name}: processes killed")
    shared = [user.name for user in made if not user.administrator]
    return AccountsOutcome(changes, problems, shared, list(decided.former), [user.name for user in made if user.sudo])


def apply_deploy_user(request: AccountsRequest, instance_data: Mapping[str, Any]) -> AccountsOutcome:
    """Give the deploy host's user a home that no node shares, and exactly the server's keys.

    Args:
        request: has the user's name.
        instance_data: cloud-init's, the source of the server's keys; only root can write it.

    Raises:
        AccountsError: the user or the keys are missing; nothing was changed.
    """
    name, folders = request.deploy_user, request.folders
    keys = [str(key).strip() for key in instance_data.get("v1", {}).get("public_ssh_keys") or ()]
    if not keys:
        raise AccountsError("the server's metadata has no ssh key: the deploy host would lose access")
    with database.locked():
        before = database.read(folders.etc)
        rows = {line.split(":")[0]: line.split(":") for line in before.passwd.splitlines()}
        if name not in rows:
            raise AccountsError(f"the image has no user {name}: check the setting ssh.user")
        row = rows[name]
        home, changes = folders.administrators / name, []
        home.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        if not homes.is_private(home.parent):
            raise AccountsError(f"{home.parent} is writable by users other than root")
        if homes.ensure_home(home, int(row[2]), int(row[3]), _SKELETON):
            changes.append(f"user {name}: home directory created")
        if homes.write_keys(folders.keys, {name: keys}, ()):
            changes.append(f"user {name}: keys changed")
        if row[5] != str(home):
            changes.append(f"user {name}: home directory moved")
        after = administrators.with_member(administrators.with_group(before), name)
        if after != before:
            changes.append(f"user {name}: added to {ADMINISTRATORS}")
        database.write(folders.etc, before, administrators.with_home(after, name, str(home)))
    return AccountsOutcome(changes)


def _end_processes(name: str) -> bool:
    """Kill all processes of a user; return whether there were any."""
    ended = subprocess.run(["pkill", "--signal", "KILL", "--euid", name], check=False)
    if ended.returncode not in (0, 1):
        raise AccountsError(f"the processes of {name} could not be killed: pkill exit status {ended.returncode}")
    return ended.returncode == 0
