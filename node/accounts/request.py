"""What a node is asked to do about its accounts: the request on standard input, checked and in types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

#: Members of these groups can become root, by sudo's standard configuration or through what the group may open.
ROOT_GROUPS = frozenset(
    {"adm", "admin", "disk", "docker", "kmem", "libvirt", "lxd", "podman", "root", "shadow", "sudo", "wheel"}
)

#: All who may become root are in this group: sshd and PAM have rules for it.
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
        """From an entry of the setting ``users``."""
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
    """Where things lie.

    Attributes:
        etc: of the account files.
        homes: home directories of ordinary users; all nodes may share them.
        administrators: home directories of those who may become root; on the node's own disk.
        keys: of the ssh keys that sshd reads beside, or in place of, ``~/.ssh/authorized_keys``.
        state: of the record of the users that were made here.
        lingering: of the users whose systemd instances start at boot.
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
    """What is asked for.

    Attributes:
        users: all users of the cluster.
        deploy_user: the image's user that the deploy host logs in as.
        make_homes: this node has the disk of `Folders.homes`: make home directories there.
        let_in: ordinary users may log in here by ssh, with the keys that the configuration has.
        end_processes: end what former users run here.
    """

    users: tuple[AccountUser, ...]
    deploy_user: str
    make_homes: bool = False
    let_in: bool = True
    end_processes: bool = False
    folders: Folders = field(default_factory=Folders)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> AccountsRequest:
        """From JSON.

        Raises:
            KeyError, TypeError, ValueError: it is not a request.
        """
        folders = Folders(**{name: Path(path) for name, path in (document.get("folders") or {}).items()})
        users = tuple(AccountUser.of(name, settings) for name, settings in sorted(document["users"].items()))
        flags = {name: bool(document[name]) for name in ("make_homes", "let_in", "end_processes") if name in document}
        return cls(users=users, deploy_user=str(document["deploy_user"]), folders=folders, **flags)
