"""Users of a directory service on the control node: home directories on the home volume, and associations in Slurm.

sssd knows them; nothing about them is written to the account files. A timer runs this, since the directory tells nobody
when a group gets a member.
"""

from __future__ import annotations

import grp
import pwd
import subprocess
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .homes import ensure_home

#: Timeout of sacctmgr in seconds.
_LIMIT = 60
#: Names in one command.
_NAMES = 200
#: Smaller uids are the system's.
_FIRST_UID = 1000


@dataclass(frozen=True)
class DirectoryRequest:
    """What is asked for.

    Attributes:
        groups: groups of the directory whose members use the cluster.
        homes: the folder of home directories; None where they are not made here.
        cluster: the cluster's name in Slurm's accounting; empty for no accounting.
        account: the account of the associations.
        skeleton: files that new home directories get.
    """

    groups: tuple[str, ...]
    homes: Path | None = None
    cluster: str = ""
    account: str = "users"
    skeleton: Path = Path("/etc/skel")

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> DirectoryRequest:
        """Parse a request from JSON."""
        homes = document.get("homes")
        return cls(tuple(document["groups"]), Path(homes) if homes else None, document["cluster"], document["account"])


@dataclass(frozen=True)
class DirectoryPlan:
    """Users without a home directory here, and users without an association."""

    homes: tuple[str, ...]
    associations: tuple[str, ...]


def plan(
    users: Iterable[pwd.struct_passwd],
    local: Collection[str],
    homes: Path | None,
    exists: Collection[str],
    associated: Collection[str] | None,
) -> DirectoryPlan:
    """What is missing.

    Args:
        users: the groups' members.
        local: names in /etc/passwd, who have their own rules.
        homes: the folder of home directories; None where they are not made here.
        exists: home directories that exist.
        associated: users with an association; None where there is no accounting.
    """
    ours = sorted((each for each in users if each.pw_name not in local and each.pw_uid >= _FIRST_UID), key=_name)
    here = [each.pw_name for each in ours if homes is not None and Path(each.pw_dir).parent == homes]
    by_name = {each.pw_name: each for each in ours}
    return DirectoryPlan(
        homes=tuple(name for name in here if by_name[name].pw_dir not in exists),
        associations=tuple(name for name in by_name if associated is not None and name not in associated),
    )


def apply(request: DirectoryRequest, passwd: Path = Path("/etc/passwd")) -> list[str]:
    """Make what is missing; return a line for each change.

    Raises:
        OSError: a home directory cannot be made.
        subprocess.SubprocessError: sacctmgr fails.
    """
    users = {each.pw_name: each for each in _members(request.groups)}
    local = {line.split(":", 1)[0] for line in passwd.read_text().splitlines()}
    exists = {each.pw_dir for each in users.values() if Path(each.pw_dir).exists()}
    associated = _associated(request.cluster) if request.cluster and users else None
    missing = plan(users.values(), local, request.homes, exists, associated)
    changes = []
    for name in missing.homes:
        user = users[name]
        if ensure_home(Path(user.pw_dir), user.pw_uid, user.pw_gid, request.skeleton):
            changes.append(f"made the home directory of {name}")
    for start in range(0, len(missing.associations), _NAMES):
        names = missing.associations[start : start + _NAMES]
        target = (f"account={request.account}", f"cluster={request.cluster}")
        _sacctmgr("--immediate", "add", "user", f"names={','.join(names)}", *target)
        changes += [f"added {name} to account {request.account}" for name in names]
    return changes


def _name(user: pwd.struct_passwd) -> str:
    return user.pw_name


def _members(groups: Sequence[str]) -> list[pwd.struct_passwd]:
    """The groups' members; a group or member that the directory does not know is left out."""
    names = dict.fromkeys(name for group in groups for name in _names(group))
    return [found for name in names if (found := _user(name)) is not None]


def _names(group: str) -> Sequence[str]:
    try:
        return grp.getgrnam(group).gr_mem
    except KeyError:
        return ()


def _user(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _associated(cluster: str) -> set[str]:
    out = _sacctmgr("--noheader", "--parsable2", "show", "associations", f"cluster={cluster}", "format=user")
    return {line.strip() for line in out.splitlines() if line.strip()}


def _sacctmgr(*arguments: str) -> str:
    done = subprocess.run(
        ["sacctmgr", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_LIMIT, check=False
    )
    if done.returncode:
        raise OSError(f"sacctmgr {' '.join(arguments)}: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout
