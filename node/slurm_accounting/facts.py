"""The current content of the accounting database, from sacctmgr."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Callable

#: Runs ``sacctmgr`` with arguments and returns its output.
Ask = Callable[[Sequence[str]], str]


@dataclass(frozen=True)
class AccountingFacts:
    """The current content. Names are fields of rows and compared exactly.

    Attributes:
        parents: each account's parent on this cluster, by account.
        levels: each user's administrator level, by user.
        defaults: each user's default account, by user.
        associations: pairs of user and account on this cluster.
        blocked: those of them that no job may be submitted through.
        applied: the last request, by kind and name: to detect changed options, and to tell other people's additions
            from ours.
    """

    clusters: frozenset[str] = frozenset()
    qos: frozenset[str] = frozenset()
    parents: Mapping[str, str] = field(default_factory=dict)
    levels: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    associations: frozenset[tuple[str, str]] = frozenset()
    blocked: frozenset[tuple[str, str]] = frozenset()
    applied: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)


def gather(ask: Ask, cluster: str, applied: Mapping[str, Mapping[str, Mapping[str, str]]]) -> AccountingFacts:
    """Query sacctmgr with four commands, for any number of users."""
    clusters = _rows(ask(["show", "cluster", "format=cluster"]), 1)
    qos = _rows(ask(["show", "qos", "format=name"]), 1)
    users = _rows(ask(["show", "user", "format=user,adminlevel,defaultaccount"]), 3)
    where = ["show", "association", "where", f"cluster={cluster}", "format=account,user,parentname,maxsubmitjobs"]
    associations = _rows(ask(where), 4) if (cluster,) in clusters else []
    return AccountingFacts(
        clusters=frozenset(name for (name,) in clusters),
        qos=frozenset(name for (name,) in qos),
        parents={account: parent or "root" for account, user, parent, _ in associations if not user},
        levels={name: level for name, level, _ in users},
        defaults={name: account for name, _, account in users},
        associations=frozenset((user, account) for account, user, _, _ in associations if user),
        blocked=frozenset((user, account) for account, user, _, most in associations if user and most == "0"),
        applied=applied,
    )


def _rows(text: str, columns: int) -> list[tuple[str, ...]]:
    rows = [tuple(line.split("|")) for line in text.splitlines() if line]
    for row in rows:
        if len(row) != columns:
            raise ValueError(f"sacctmgr printed {len(row)} columns, expected {columns}: {'|'.join(row)}")
    return rows
