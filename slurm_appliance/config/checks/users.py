"""Users: numbers and names of their own."""

from collections.abc import Iterator

from slurm_appliance.config.cluster import ClusterConfig
from slurm_appliance.config.salvage import NotParsed
from slurm_appliance.errors import Problem

#: Accounts that images have for programs.
SYSTEM_USERS = frozenset(
    {"root", "daemon", "bin", "sys", "nobody", "sshd", "munge", "slurm", "mysql", "prometheus", "systemd-network"}
)


def unique_uids(config: ClusterConfig) -> Iterator[Problem]:
    """No two users share a number: files would belong to both."""
    first: dict[int, str] = {}
    for name, user in config.users.items():
        try:
            uid = user.uid
        except NotParsed:
            continue
        if uid in first:
            yield Problem(f"users.{name}.uid", f"{uid} is also the uid of {first[uid]}", "give every user its own")
        first.setdefault(uid, name)


def system_names(config: ClusterConfig) -> Iterator[Problem]:
    """No user takes over an account of the system."""
    for name in config.users:
        if name in SYSTEM_USERS:
            yield Problem(f"users.{name}", "is an account of the system", "choose another name")


def known_accounts(config: ClusterConfig) -> Iterator[Problem]:
    """Accounts that users and accounts name are there, and no account is below itself."""
    accounts = config.slurm.accounts
    there = {"root", "users", *accounts}
    for name, account in accounts.items():
        path = f"slurm.accounts.{name}.parent"
        if account.parent is not None and account.parent not in there:
            yield Problem(path, f"there is no account {account.parent}", "add it to slurm.accounts")
        above, seen = account.parent, {name}
        while above in accounts and above not in seen:
            seen.add(above)
            above = accounts[above].parent
        if above == name:
            yield Problem(path, f"{name} is below itself", "make one of these accounts' parent root")
    for user, settings in config.users.items():
        for index, account_name in enumerate(settings.slurm_accounts):
            if account_name not in there:
                path = f"users.{user}.slurm_accounts[{index}]"
                yield Problem(path, f"there is no account {account_name}", "add it to slurm.accounts")


CHECKS = (unique_uids, system_names, known_accounts)
