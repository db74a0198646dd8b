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


CHECKS = (unique_uids, system_names)
