"""The sacctmgr commands that change the accounting database to the requested state. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from . import associations
from .commands import UNSET, Command, chunks
from .facts import AccountingFacts
from .request import AccountingRequest, AccountingUser, AdminLevel, RequestedAccount

#: See `AccountingFacts.applied`.
Record = dict[str, dict[str, dict[str, str]]]


def define(request: AccountingRequest, facts: AccountingFacts) -> list[Command]:
    """The commands that create and change items; each works with or without slurmctld."""
    return [
        *_cluster(request, facts),
        *_qos(request, facts),
        *_accounts(request, facts),
        *associations.define(request, facts),
        *_levels(request, facts),
        *associations.submissions(request, facts),
    ]


def to_apply(request: AccountingRequest, facts: AccountingFacts) -> Record:
    """The record of what was applied: see `AccountingFacts.applied`."""
    return {
        "qos": {name: dict(options) for name, options in request.qos.items()},
        "account": {account.name: dict(account.options) for account in request.accounts},
        "user": {
            user.name: {"accounts": ",".join(user.accounts), **surplus}
            for user, surplus in _with_surplus(request, facts)
        },
        "former": {name: dict(associations.recorded(facts, name)) for name in request.former},
    }


def to_begin(request: AccountingRequest, facts: AccountingFacts) -> Record:
    """The record before the first command: whose submissions may be blocked, so that they can be allowed again."""
    before = {kind: {name: dict(each) for name, each in there.items()} for kind, there in facts.applied.items()}
    users = before.setdefault("user", {})
    for user, surplus in _with_surplus(request, facts):
        if surplus:
            users[user.name] = {**associations.recorded(facts, user.name), **surplus}
    former = {name: dict(associations.recorded(facts, name)) for name in request.former}
    return {**before, "former": {**before.get("former", {}), **former}}


def _with_surplus(request: AccountingRequest, facts: AccountingFacts) -> list[tuple[AccountingUser, dict[str, str]]]:
    """Each user, with what the record has of accounts that wait for the end of jobs."""
    taken: dict[str, list[str]] = defaultdict(list)
    for user, account in sorted(associations.surplus(request, facts)):
        taken[user].append(account)
    return [
        (user, {associations.SURPLUS: ",".join(taken[user.name])} if user.name in taken else {})
        for user in request.users
    ]


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


def _levels(request: AccountingRequest, facts: AccountingFacts) -> Iterator[Command]:
    wanted = {user.name: user.level for user in request.users}
    wanted.update(dict.fromkeys((name for name in request.former if name in facts.levels), AdminLevel.NONE))
    changed: dict[AdminLevel, list[str]] = defaultdict(list)
    for name, level in wanted.items():
        if facts.levels.get(name, AdminLevel.NONE.value) != level.value:
            changed[level].append(name)
    for level, names in sorted(changed.items(), key=lambda entry: entry[0].value):
        for some in chunks(names):
            yield ("modify", "user", "where", f"names={some}", "set", f"adminlevel={level.value}")


def _set(options: Mapping[str, str], applied: Mapping[str, str]) -> tuple[str, ...]:
    changed = {name: value for name, value in options.items() if applied.get(name) != value}
    unset = dict.fromkeys((name for name in applied if name not in options), UNSET)
    return tuple(f"{name}={value}" for name, value in sorted({**changed, **unset}.items()))
