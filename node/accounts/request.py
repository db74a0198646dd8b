"""The request about a node's accounts on standard input, validated and typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: Members of these groups can become root, by sudo's default configuration or by the group's file access.
ROOT_GROUPS = frozenset(
    {"adm", "admin", "disk", "docker", "kmem", "libvirt", "lxd", "podman", "root", "shadow", "sudo", "wheel"}
)

#: All users who may become root are in this group: sshd and PAM have rules for it.
ADMINISTRATORS = "cluster-admins"


@dataclass(frozen=True)
class AccountUser:
    """A user of the cluster.

    Attributes:
        gid: number of the group that has the user's name.
        groups: further groups, by name.
        sudo: may become root by ``sudo``.
        administrator: may become root, by that or by one of `ROOT_GROUPS`.
        keys: public ssh keys, a line each.
    """

    name: str
    uid: int
    gid: int
    comment: str = ""
    shell: str = "/bin/bash"
    groups: tuple[str, ...] = ()
    sudo: bool = False
    administrator: bool = False
    keys: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, settings: Mapping[str, Any]) -> AccountUser:
        """Create it from an entry of the setting ``users``."""
        uid = int(settings["uid"])
        gid = settings.get("gid")
        groups = tuple(str(group) for group in settings.get("groups") or ())
        sudo = bool(settings.get("sudo"))
        administrator = sudo or not ROOT_GROUPS.isdisjoint(groups)
        return cls(
            name=name,
            uid=uid,
            gid=uid if gid is None else int(gid),
            comment=str(settings.get("comment") or ""),
            shell=str(settings.get("shell") or "/bin/bash"),
            groups=(*groups, ADMINISTRATORS) if administrator else groups,
            sudo=sudo,
            administrator=administrator,
            keys=tuple(str(key).strip() for key in settings.get("ssh_keys") or ()),
        )


@dataclass(frozen=True)
class Folders:
    """The paths of folders.

    Attributes:
        etc: folder of the account files.
        homes: folder of ordinary users' home directories; may be shared by all nodes.
        administrators: folder of administrators' home directories, on the node's own disk.
        keys: folder of the ssh keys that sshd reads in addition to, or instead of, ``~/.ssh/authorized_keys``.
        state: folder of the record of users created here.
        lingering: folder of users whose systemd instances start at boot.
    """

    etc: Path = Path("/etc")
    homes: Path = Path("/home")
    administrators: Path = Path("/var/lib/slurm-appliance/home")
    keys: Path = Path("/etc/ssh/authorized_keys.d")
    state: Path = Path("/var/lib/slurm-appliance")
    lingering: Path = Path("/var/lib/systemd/linger")

    def home_of(self, user: AccountUser) -> Path:
        """The user's home directory."""
        return (self.administrators if user.administrator else self.homes) / user.name


@dataclass(frozen=True)
class AccountsRequest:
    """The request.

    Attributes:
        users: all users of the cluster.
        deploy_user: the image's user that the deploy host logs in as.
        make_homes: this node has the disk of `Folders.homes`: create home directories there.
        let_in: ordinary users may log in here by ssh, with the configured keys.
        end_processes: kill former users' processes here.
    """

    users: tuple[AccountUser, ...]
    deploy_user: str
    make_homes: bool = False
    let_in: bool = True
    end_processes: bool = False
    folders: Folders = field(default_factory=Folders)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> AccountsRequest:
        """Create it from JSON.

        Raises:
            KeyError, TypeError, ValueError: the JSON is not a valid request.
        """
        folders = Folders(**{name: Path(path) for name, path in (document.get("folders") or {}).items()})
        users = tuple(AccountUser.of(name, settings) for name, settings in sorted(document["users"].items()))
        flags = {name: bool(document[name]) for name in ("make_homes", "let_in", "end_processes") if name in document}
        return cls(users=users, deploy_user=str(document["deploy_user"]), folders=folders, **flags)
