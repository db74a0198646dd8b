"""Which sacctmgr commands follow from what is asked for and what there is: a table."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from node.slurm_accounting.associations import may_withdraw, withdraw
from node.slurm_accounting.facts import AccountingFacts, gather
from node.slurm_accounting.plan import define, to_apply, to_begin
from node.slurm_accounting.request import AccountingRequest

BASE: dict[str, Any] = {"cluster": "demo", "control_host": "demo-control"}
THERE: dict[str, Any] = {"clusters": frozenset({"demo"}), "parents": {"root": "root", "users": "root"}}
TWO_ACCOUNTS: dict[str, Any] = THERE | {
    "parents": {"users": "root", "hep": "root"},
    "levels": {"ice": "None"},
    "defaults": {"ice": "hep"},
    "associations": frozenset({("ice", "users"), ("ice", "hep")}),
}
WAITS = {"user": {"ice": {"accounts": "hep", "surplus": "users"}}}

CASES: dict[str, tuple[dict[str, Any], dict[str, Any], list[str]]] = {
    "nothing is there yet": ({}, {}, ["add cluster demo", "add account users cluster=demo parent=root"]),
    "all is there": ({}, THERE, []),
    "a user whose name ends like another one's": (
        {"users": {"ice": {"uid": 1}}},
        THERE | {"levels": {"alice": "None"}, "associations": frozenset({("alice", "users")})},
        ["add user names=ice account=users cluster=demo"],
    ),
    "a user named like an account": (
        {"users": {"users": {"uid": 1}}},
        THERE,
        ["add user names=users account=users cluster=demo"],
    ),
    "an administrator": (
        {"users": {"olga": {"slurm_admin": True}}},
        THERE | {"levels": {"olga": "None"}, "associations": frozenset({("olga", "users")})},
        ["modify user where names=olga set adminlevel=Administrator"],
    ),
    "an administrator no more": (
        {"users": {"olga": {}}},
        THERE | {"levels": {"olga": "Administrator"}, "associations": frozenset({("olga", "users")})},
        ["modify user where names=olga set adminlevel=None"],
    ),
    "a former administrator": (
        {"former": ["olga"]},
        THERE | {"levels": {"olga": "Administrator"}, "associations": frozenset({("olga", "users")})},
        [
            "modify user where names=olga set adminlevel=None",
            "modify user where names=olga cluster=demo set maxsubmitjobs=0",
        ],
    ),
    "a former user who is blocked already": (
        {"former": ["olga"]},
        THERE
        | {
            "levels": {"olga": "None"},
            "associations": frozenset({("olga", "users")}),
            "blocked": frozenset({("olga", "users")}),
        },
        [],
    ),
    "a former user who is back": (
        {"users": {"olga": {}}},
        THERE
        | {
            "levels": {"olga": "None"},
            "associations": frozenset({("olga", "users")}),
            "blocked": frozenset({("olga", "users")}),
            "applied": {"former": {"olga": {}}},
        },
        ["modify user where names=olga account=users cluster=demo set maxsubmitjobs=-1"],
    ),
    "a user whom an operator blocked": (
        {"users": {"olga": {}}},
        THERE
        | {
            "levels": {"olga": "None"},
            "associations": frozenset({("olga", "users")}),
            "blocked": frozenset({("olga", "users")}),
        },
        [],
    ),
    "accounts below accounts, whatever their order": (
        {"accounts": {"a": {"parent": "z"}, "z": {"options": {"Fairshare": "5"}}}},
        THERE,
        ["add account z cluster=demo parent=root Fairshare=5", "add account a cluster=demo parent=z"],
    ),
    "an account that moves and loses an option": (
        {"accounts": {"a": {"parent": "users"}}},
        THERE | {"parents": {"users": "root", "a": "root"}, "applied": {"account": {"a": {"MaxJobs": "3"}}}},
        ["modify account where name=a cluster=demo set parent=users MaxJobs=-1"],
    ),
    "a QOS that changes": (
        {"qos": {"long": {"options": {"Priority": "6"}}}},
        THERE | {"qos": frozenset({"long"}), "applied": {"qos": {"long": {"Priority": "5", "MaxWall": "1-0"}}}},
        ["modify qos where name=long set MaxWall=-1 Priority=6"],
    ),
    "a user with another account than before": (
        {"accounts": {"hep": {}}, "users": {"ice": {"slurm_accounts": ["hep"]}}},
        THERE
        | {
            "parents": {"users": "root", "hep": "root"},
            "levels": {"ice": "None"},
            "defaults": {"ice": "users"},
            "associations": frozenset({("ice", "users"), ("ice", "other")}),
            "applied": {"user": {"ice": {"accounts": "users"}}},
        },
        [
            "add user names=ice account=hep cluster=demo",
            "modify user where names=ice set defaultaccount=hep",
            "modify user where names=ice account=users cluster=demo set maxsubmitjobs=0",
        ],
    ),
    "an account that is taken from a user, and is the default by somebody else's hand": (
        {"accounts": {"hep": {}}, "users": {"ice": {"slurm_accounts": ["hep"]}}},
        TWO_ACCOUNTS | {"defaults": {"ice": "users"}, "applied": {"user": {"ice": {"accounts": "hep,users"}}}},
        [
            "modify user where names=ice set defaultaccount=hep",
            "modify user where names=ice account=users cluster=demo set maxsubmitjobs=0",
        ],
    ),
    "an account whose jobs are not over": (
        {"accounts": {"hep": {}}, "users": {"ice": {"slurm_accounts": ["hep"]}}},
        TWO_ACCOUNTS | {"blocked": frozenset({("ice", "users")}), "applied": WAITS},
        [],
    ),
    "an account that is given back before its jobs were over": (
        {"accounts": {"hep": {}}, "users": {"ice": {"slurm_accounts": ["hep", "users"]}}},
        TWO_ACCOUNTS | {"blocked": frozenset({("ice", "users")}), "applied": WAITS},
        ["modify user where names=ice account=users cluster=demo set maxsubmitjobs=-1"],
    ),
    "a former user who is back without one of the accounts": (
        {"accounts": {"hep": {}}, "users": {"ice": {"slurm_accounts": ["hep"]}}},
        TWO_ACCOUNTS
        | {
            "blocked": frozenset({("ice", "users"), ("ice", "hep")}),
            "applied": {"user": {"ice": {"accounts": "hep,users"}}, "former": {"ice": {}}},
        },
        ["modify user where names=ice account=hep cluster=demo set maxsubmitjobs=-1"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_commands(case: str) -> None:
    asked, there, commands = CASES[case]
    request = AccountingRequest.of({**BASE, **asked})
    assert [" ".join(command) for command in define(request, AccountingFacts(**there))] == commands


def test_the_number_of_commands_does_not_grow_with_each_user() -> None:
    users = {f"user{number:04d}": {"uid": number} for number in range(5000)}
    assert len(define(AccountingRequest.of({**BASE, "users": users}), AccountingFacts(**THERE))) == 10


def test_what_was_applied_is_not_applied_again() -> None:
    request = AccountingRequest.of({**BASE, "qos": {"long": {"options": {"Priority": "6"}}}})
    facts = AccountingFacts(**THERE, qos=frozenset({"long"}), applied=to_apply(request, AccountingFacts()))
    assert define(request, facts) == []


def test_accounts_that_are_each_other_s_parents() -> None:
    request = AccountingRequest.of({**BASE, "accounts": {"a": {"parent": "b"}, "b": {"parent": "a"}}})
    with pytest.raises(ValueError, match=r": a, b$"):
        define(request, AccountingFacts(**THERE))


def deleted(applied: dict[str, Any], **there: Any) -> list[str]:
    deletions = withdraw("demo", AccountingFacts(**TWO_ACCOUNTS | there | {"applied": applied}))
    return [" ".join(deletion.command) for deletion in deletions]


def test_former_users_lose_all_their_associations() -> None:
    pairs = frozenset({("alice", "users"), ("bob", "users"), ("lice", "users")})
    applied: dict[str, Any] = {"former": {"alice": {}, "nobody": {}}, "user": {"bob": {"accounts": "users"}}}
    assert may_withdraw(applied)
    assert deleted(applied, associations=pairs) == ["delete user where names=alice cluster=demo"]


def test_users_who_stay_lose_what_the_record_says() -> None:
    assert may_withdraw(WAITS)
    assert deleted(WAITS) == ["delete user where names=ice account=users cluster=demo"]
    assert deleted(WAITS, associations=frozenset({("ice", "hep")})) == [], "somebody else removed it"
    assert not may_withdraw({"user": {"ice": {"accounts": "hep,users"}}})


def test_what_an_interrupted_run_blocked_can_be_allowed_again() -> None:
    """It ends after the first command: the configuration that it was to apply is taken back."""
    both = {"accounts": {"hep": {}}, "users": {"ice": {"slurm_accounts": ["hep", "users"]}, "olga": {}}}
    less = {"accounts": {"hep": {}}, "users": {"ice": {"slurm_accounts": ["hep"]}}, "former": ["olga"]}
    there = TWO_ACCOUNTS | {
        "levels": {"ice": "None", "olga": "None"},
        "defaults": {"ice": "hep", "olga": "users"},
        "associations": frozenset({("ice", "users"), ("ice", "hep"), ("olga", "users")}),
    }
    request = AccountingRequest.of({**BASE, **both})
    facts = AccountingFacts(**there, applied=to_apply(request, AccountingFacts()))
    begun = to_begin(AccountingRequest.of({**BASE, **less}), facts)
    blocked = replace(facts, applied=begun, blocked=frozenset({("ice", "users"), ("olga", "users")}))
    assert [" ".join(command) for command in define(request, blocked)] == [
        "modify user where names=ice,olga account=users cluster=demo set maxsubmitjobs=-1"
    ]
    assert to_apply(request, blocked) == facts.applied
    ended = replace(blocked, blocked=frozenset())
    assert define(request, replace(ended, applied=to_apply(request, ended))) == []


def test_an_account_that_was_taken_does_not_come_back_with_a_former_user() -> None:
    """Its job runs all the time: while the account was taken, the user was a former one, and is back."""
    without = {"accounts": {"hep": {}}, "users": {"ice": {"slurm_accounts": ["hep"]}}}
    blocked = frozenset({("ice", "users"), ("ice", "hep")})
    away = AccountingFacts(**TWO_ACCOUNTS, applied=WAITS, blocked=frozenset({("ice", "users")}))
    gone = to_apply(AccountingRequest.of({**BASE, "former": ["ice"]}), away)
    assert gone["former"] == WAITS["user"]
    request = AccountingRequest.of({**BASE, **without})
    back = replace(away, applied=gone, blocked=blocked)
    assert [" ".join(command) for command in define(request, back)] == [
        "modify user where names=ice account=hep cluster=demo set maxsubmitjobs=-1"
    ]
    assert to_apply(request, back)["user"] == WAITS["user"]


def test_the_record_names_what_waits_until_it_is_gone() -> None:
    request = AccountingRequest.of({**BASE, "users": {"ice": {"slurm_accounts": ["hep"]}}})
    facts = AccountingFacts(**TWO_ACCOUNTS, applied={"user": {"ice": {"accounts": "hep,users"}}})
    waits = to_apply(request, facts)
    assert waits["user"] == WAITS["user"]
    assert to_apply(request, replace(facts, applied=waits))["user"] == WAITS["user"]
    gone = replace(facts, applied=waits, associations=frozenset({("ice", "hep")}))
    assert to_apply(request, gone)["user"] == {"ice": {"accounts": "hep"}}


def test_what_sacctmgr_prints() -> None:
    answers = {
        "cluster": "demo\n",
        "qos": "normal\n",
        "user": "a|None|users\n",
        "association": "users|||\nusers|a||0\n",
    }
    facts = gather(lambda arguments: answers[arguments[1]], "demo", {})
    assert facts.associations == frozenset({("a", "users")})
    assert facts.parents == {"users": "root"}
    assert facts.blocked == frozenset({("a", "users")})
    with pytest.raises(ValueError, match="2 columns"):
        gather(lambda _arguments: "a|b\n", "demo", {})
