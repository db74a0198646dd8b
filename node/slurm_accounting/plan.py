"""The sacctmgr commands that change the accounting database to the requested state. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from .facts import AccountingFacts
from .request import AccountingRequest, AdminLevel, RequestedAccount

#: Maximum number of names per command: sacctmgr accepts lists, but command lines are limited.
_NAMES = 500
#: sacctmgr's word for an option that is not set.
_UNSET = "-1"

Command = tuple[str, ...]


def define(request: AccountingRequest, facts: AccountingFacts) -> list[Command]:
    """The commands that create and change items; each works with or without slurmctld."""
    return [
        *_cluster(request, facts),
        *_qos(request, facts),
        *_accounts(request, facts),
        *_users(request, facts),
        *_levels(request, facts),
        *_former(request, facts),
    ]


def withdraw(request: AccountingRequest, facts: AccountingFacts) -> list[Command]:
    """The commands that remove former users' associations, after their jobs were handled."""
    users = sorted({user for user, _ in facts.associations if user in request.former})
    return [("delete", "user", "where", f"name={user}", f"cluster={request.cluster}") for user in users]


def to_apply(request: AccountingRequest) -> dict[str, dict[str, dict[str, str]]]:
    """The record of what was applied: see `AccountingFacts.applied`."""
    return {
        "qos": {name: dict(options) for name, options in request.qos.items()},
        "account": {account.name: dict(account.options) for account in request.accounts},
        "user": {user.name: {"accounts": ",".join(user.accounts)} for user in request.users},
        "former": {name: {} for name in request.former},
    }


def _cluster(request: AccountingRequest, facts: AccountingFacts) -> Iterator[Command]:
    if request.cluster not in facts.clusters:
        yield ("add", "cluster", request.cluster)


def _qos(request: AccountingRequest, facts: AccountingFacts) -> Iterator[Command]:
    for name, options in sorted(request.qos.items()):
        if name.lower() not in facts.qos:
            yield ("add", "qos", name, *_set(options, {}))
            continue
        changed = _set(options, facts.applied.get("qos", {}).get(name, {}))
        if changed:
            yield ("modify", "qos", "where", f"name={name}", "set", *changed)


def _accounts(request: AccountingRequest, facts: AccountingFacts) -> Iterator[Command]:
    for account in _parents_first(request.accounts):
        where = (f"cluster={request.cluster}",)
        if account.name not in facts.parents:
            yield ("add", "account", account.name, *where, f"parent={account.parent}", *_set(account.options, {}))
            continue
        changed = _set(account.options, facts.applied.get("account", {}).get(account.name, {}))
        if facts.parents[account.name] != account.parent:
            changed = (f"parent={account.parent}", *changed)
        if changed:
            yield ("modify", "account", "where", f"name={account.name}", *where, "set", *changed)


def _parents_first(accounts: Sequence[RequestedAccount]) -> list[RequestedAccount]:
    waiting = {account.name: account for account in accounts}
    ordered: list[RequestedAccount] = []
    while waiting:
        ready = [account for account in waiting.values() if account.parent not in waiting]
        if not ready:
            raise ValueError(f"circular parents of accounts: {', '.join(sorted(waiting))}")
        ordered += ready
        waiting = {name: account for name, account in waiting.items() if account not in ready}
    return ordered


def _users(request: AccountingRequest, facts: AccountingFacts) -> Iterator[Command]:
    new: dict[str, list[str]] = defaultdict(list)
    for user in request.users:
        for account in user.accounts:
            if (user.name, account) not in facts.associations:
                new[account].append(user.name)
    for account, names in sorted(new.items()):
        for some in _chunks(names):
            yield ("add", "user", f"names={some}", f"account={account}", f"cluster={request.cluster}")
    applied = facts.applied.get("user", {})
    # A user's first account becomes the default automatically; set it only if another one is wanted.
    defaults: dict[str, list[str]] = defaultdict(list)
    surplus: dict[str, list[str]] = defaultdict(list)
    for user in request.users:
        before = applied.get(user.name, {}).get("accounts", "").split(",")
        becomes = facts.defaults.get(user.name) or (user.accounts[0] if len(user.accounts) == 1 else None)
        if before[0] != user.accounts[0] and becomes != user.accounts[0]:
            defaults[user.accounts[0]].append(user.name)
        for account in before:
            if account not in user.accounts and (user.name, account) in facts.associations:
                surplus[account].append(user.name)
    for account, names in sorted(defaults.items()):
        for some in _chunks(names):
            yield ("modify", "user", "where", f"names={some}", "set", f"defaultaccount={account}")
    for account, names in sorted(surplus.items()):
        for some in _chunks(names):
            yield ("delete", "user", "where", f"names={some}", f"account={account}", f"cluster={request.cluster}")
    former = facts.applied.get("former", {})
    back = [user.name for user in request.users if user.name in facts.blocked and user.name in former]
    for some in _chunks(back):
        yield ("modify", "user", "where", f"names={some}", f"cluster={request.cluster}", "set", "maxsubmitjobs=-1")


def _levels(request: AccountingRequest, facts: AccountingFacts) -> Iterator[Command]:
    wanted = {user.name: user.level for user in request.users}
    wanted.update(dict.fromkeys((name for name in request.former if name in facts.levels), AdminLevel.NONE))
    changed: dict[AdminLevel, list[str]] = defaultdict(list)
    for name, level in wanted.items():
        if facts.levels.get(name, AdminLevel.NONE.value) != level.value:
            changed[level].append(name)
    for level, names in sorted(changed.items(), key=lambda entry: entry[0].value):
        for some in _chunks(names):
            yield ("modify", "user", "where", f"names={some}", "set", f"adminlevel={level.value}")


def _former(request: AccountingRequest, facts: AccountingFacts) -> Iterator[Command]:
    """Block submissions of former users, even while their jobs prevent the deletion of the association."""
    names = sorted({user for user, _ in facts.associations if user in request.former} - facts.blocked)
    for some in _chunks(names):
        yield ("modify", "user", "where", f"names={some}", f"cluster={request.cluster}", "set", "maxsubmitjobs=0")


def _set(options: Mapping[str, str], applied: Mapping[str, str]) -> tuple[str, ...]:
    changed = {name: value for name, value in options.items() if applied.get(name) != value}
    unset = dict.fromkeys((name for name in applied if name not in options), _UNSET)
    return tuple(f"{name}={value}" for name, value in sorted({**changed, **unset}.items()))


def _chunks(names: Sequence[str]) -> Iterator[str]:
    ordered = sorted(names)
    for start in range(0, len(ordered), _NAMES):
        yield ",".join(ordered[start : start + _NAMES])
