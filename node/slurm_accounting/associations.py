"""The associations of users with accounts, as sacctmgr commands. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from .commands import UNSET, Command, chunks, groups
from .facts import AccountingFacts
from .request import AccountingRequest

#: In the record: accounts that were taken from a user whose jobs there were not over.
SURPLUS = "surplus"

#: A user and an account.
Association = tuple[str, str]


@dataclass(frozen=True)
class Deletion:
    """Associations to remove.

    Attributes:
        users: whose.
        account: of this account only; all of the users' associations on the cluster if empty.
    """

    users: tuple[str, ...]
    cluster: str
    account: str = ""

    @property
    def command(self) -> Command:
        """What sacctmgr gets."""
        account = (f"account={self.account}",) if self.account else ()
        return ("delete", "user", "where", f"names={','.join(self.users)}", *account, f"cluster={self.cluster}")

    @property
    def each(self) -> list[Deletion]:
        """The same, user by user."""
        return [replace(self, users=(user,)) for user in self.users]


def define(request: AccountingRequest, facts: AccountingFacts) -> Iterator[Command]:
    """The commands that give users their accounts, and the first one as their default."""
    wanted = {(user.name, account) for user in request.users for account in user.accounts}
    for account, names in _by_account(wanted - facts.associations):
        for some in chunks(names):
            yield ("add", "user", f"names={some}", f"account={account}", f"cluster={request.cluster}")
    # A user's first account becomes the default automatically; set it only if another one is wanted, or if the
    # default is an account that is taken away: Slurm keeps the association of a default account.
    taken = surplus(request, facts)
    defaults: set[Association] = set()
    for user in request.users:
        before = recorded(facts, user.name).get("accounts", "").split(",")
        becomes = facts.defaults.get(user.name) or (user.accounts[0] if len(user.accounts) == 1 else None)
        changed = before[0] != user.accounts[0] or (user.name, becomes) in taken
        if changed and becomes != user.accounts[0]:
            defaults.add((user.name, user.accounts[0]))
    for account, names in _by_account(defaults):
        for some in chunks(names):
            yield ("modify", "user", "where", f"names={some}", "set", f"defaultaccount={account}")


def may_withdraw(applied: Mapping[str, Mapping[str, Mapping[str, str]]]) -> bool:
    """Whether a record has anything to remove, of which the database may still have associations."""
    return bool(applied.get("former")) or any(SURPLUS in each for each in applied.get("user", {}).values())


def withdraw(cluster: str, facts: AccountingFacts) -> list[Deletion]:
    """Which associations to remove, by the record: those of former users, and those taken from users who stay.

    Slurm keeps an association as long as a job of it is not over, so that each can be refused by itself.
    """
    former = sorted({user for user, _ in facts.associations if user in facts.applied.get("former", {})})
    taken = {
        (user, account)
        for user in facts.applied.get("user", {})
        for account in _listed(facts, user, (SURPLUS,))
        if (user, account) in facts.associations
    }
    return [
        *(Deletion((user,), cluster) for user in former),
        *(Deletion(tuple(names), cluster, account) for account, users in _by_account(taken) for names in groups(users)),
    ]


def submissions(request: AccountingRequest, facts: AccountingFacts) -> Iterator[Command]:
    """Block submissions through what is to be removed, even while jobs prevent that; allow them where it is back."""
    taken = surplus(request, facts)
    users = {user.name for user in request.users}
    was_former = facts.applied.get("former", {})
    back = {
        (user, account)
        for user, account in facts.blocked - taken
        if user in users and (user in was_former or account in _listed(facts, user, (SURPLUS,)))
    }
    former = sorted({user for user, _ in facts.associations - facts.blocked if user in request.former})
    for some in chunks(former):
        yield ("modify", "user", "where", f"names={some}", f"cluster={request.cluster}", "set", "maxsubmitjobs=0")
    for associations, limit in ((taken - facts.blocked, "0"), (back, UNSET)):
        for account, names in _by_account(associations):
            for some in chunks(names):
                where = (f"names={some}", f"account={account}", f"cluster={request.cluster}")
                yield ("modify", "user", "where", *where, "set", f"maxsubmitjobs={limit}")


def surplus(request: AccountingRequest, facts: AccountingFacts) -> set[Association]:
    """Associations that the configuration gave to users who stay or are back, and does not give any more."""
    return {
        (user.name, account)
        for user in request.users
        for account in _listed(facts, user.name, ("accounts", SURPLUS))
        if account not in user.accounts and (user.name, account) in facts.associations
    }


def recorded(facts: AccountingFacts, user: str) -> Mapping[str, str]:
    """What the record has of a user, ``accounts`` and, if any, ``surplus``; of a former one, what it had before."""
    for kind in ("user", "former"):
        if user in (there := facts.applied.get(kind, {})):
            return there[user]
    return {}


def _listed(facts: AccountingFacts, user: str, keys: Iterable[str]) -> list[str]:
    there = recorded(facts, user)
    return [name for key in keys for name in there.get(key, "").split(",") if name]


def _by_account(associations: Iterable[Association]) -> list[tuple[str, list[str]]]:
    accounts: dict[str, list[str]] = defaultdict(list)
    for user, account in associations:
        accounts[account].append(user)
    return sorted(accounts.items())
