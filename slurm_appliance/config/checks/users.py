"""Users: numbers and names of their own."""

from collections.abc import Iterator

from slurm_appliance.config.cluster import ClusterConfig
from slurm_appliance.config.salvage import NotParsed
from slurm_appliance.errors import Problem

#: Accounts and groups that every image has: what Debian and Rocky Linux begin with, and what our own packages bring.
#: What else an image has is known from its record, and looked at before the first change.
_DEBIAN = """
adm audio backup bin cdrom daemon dialout dip disk fax floppy games gnats input irc kmem kvm list lp mail man news
nobody nogroup operator plugdev proxy render root sasl sgx shadow src staff sudo sync sys tape tty users utmp uucp
video voice www-data
"""
_RED_HAT = "ftp halt lock mem shutdown systemd-coredump tss wheel"
_OURS = """
_apt _ssh chrony _chrony messagebus munge mysql polkitd prometheus slurm sshd systemd-journal systemd-network
systemd-resolve systemd-timesync
"""
SYSTEM_NAMES = frozenset((_DEBIAN + _RED_HAT + _OURS).split())

#: Numbers that stand for "nobody" and for "no change" in system calls.
_SPECIAL = {65534: "nobody", 65535: "no user at all"}


def _uids(config: ClusterConfig) -> Iterator[tuple[str, int]]:
    """Users and their numbers, as far as those could be read."""
    for name, user in config.users.items():
        try:
            yield name, user.uid
        except NotParsed:
            continue


def unique_uids(config: ClusterConfig) -> Iterator[Problem]:
    """No two users share a number: files would belong to both."""
    first: dict[int, str] = {}
    for name, uid in _uids(config):
        if uid in first:
            yield Problem(f"users.{name}.uid", f"{uid} is also the uid of {first[uid]}", "give every user its own")
        first.setdefault(uid, name)


def special_uids(config: ClusterConfig) -> Iterator[Problem]:
    """No user has a number that means something else."""
    for name, uid in _uids(config):
        if uid in _SPECIAL:
            yield Problem(f"users.{name}.uid", f"{uid} stands for {_SPECIAL[uid]}", "choose another uid")


def own_groups(config: ClusterConfig) -> Iterator[Problem]:
    """No two users' own groups share a number."""
    first: dict[int, tuple[str, int]] = {}
    for name, user in config.users.items():
        try:
            uid, gid = user.uid, user.gid
        except NotParsed:
            continue
        other, others_uid = first.setdefault(uid if gid is None else gid, (name, uid))
        if gid is None and others_uid != uid:
            yield Problem(
                f"users.{name}.uid", f"{uid} is also the gid of {other}", "give every user its own, or set gid"
            )


def system_names(config: ClusterConfig) -> Iterator[Problem]:
    """No user takes over an account of the system, or that of the deploy host."""
    for name in config.users:
        if name in SYSTEM_NAMES:
            yield Problem(f"users.{name}", "is an account or a group of the system", "choose another name")
        elif name == config.ssh.user:
            yield Problem(
                f"users.{name}", "is the user that the deploy host logs in as (ssh.user)", "choose another name"
            )


def known_accounts(config: ClusterConfig) -> Iterator[Problem]:
    """Accounts that users and accounts name are there, and no account is below itself."""
    accounts = config.slurm.accounts
    there = {"root", "users", *accounts}
    for name, account in accounts.items():
        path = f"slurm.accounts.{name}.parent"
        if account.parent is not None and account.parent not in there:
            yield Problem(path, f"there is no account {account.parent}", "add it to slurm.accounts")
        above, seen = account.parent, {name}
        while above is not None and above in accounts and above not in seen:
            seen.add(above)
            above = accounts[above].parent
        if above == name:
            yield Problem(path, f"{name} is below itself", "make one of these accounts' parent root")
    for user, settings in config.users.items():
        for index, account_name in enumerate(settings.slurm_accounts):
            if account_name not in there:
                path = f"users.{user}.slurm_accounts[{index}]"
                yield Problem(path, f"there is no account {account_name}", "add it to slurm.accounts")


CHECKS = (unique_uids, special_uids, own_groups, system_names, known_accounts)
