"""Decisions about account files, as tables: files and users in, files out."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.accounts.database import Database
from node.accounts.plan import AccountsPlan, plan
from node.accounts.request import AccountUser, Folders

IMAGE = Database(
    passwd="root:x:0:0:root:/root:/bin/bash\ndebian:x:1000:1000:Debian:/home/debian:/bin/bash\n"
    "slurm:x:202:202::/var/lib/slurm:/usr/sbin/nologin\n",
    shadow="root:*:19000:0:99999:7:::\ndebian:!:19000:0:99999:7:::\nslurm:!:19000::::::\n",
    group="root:x:0:\nvideo:x:44:\nsudo:x:27:debian\ndebian:x:1000:\nslurm:x:202:\n",
    gshadow="root:*::\nvideo:*::\nsudo:*::debian\ndebian:!::\nslurm:!::\n",
    subuid="debian:100000:65536\n",
    subgid="debian:100000:65536\n",
)
FOLDERS = Folders()
ALICE = AccountUser("alice", 2001, 2001, "Alice", groups=("video",))
BOB = AccountUser("bob", 2002, 2002, administrator=True)


def decide(before: Database, *users: AccountUser, ours: tuple[str, ...] = ()) -> AccountsPlan:
    return plan(before, users, ours, FOLDERS, 20000)


def rows(text: str) -> dict[str, str]:
    return {line.partition(":")[0]: line for line in text.splitlines()}


def test_new_users_stand_after_the_image_s_accounts() -> None:
    made = decide(IMAGE, ALICE, BOB)
    after = made.after
    assert (made.problems, made.made, made.former) == ({}, ("alice", "bob"), ())
    assert after.passwd.startswith(IMAGE.passwd)
    assert rows(after.passwd)["alice"] == "alice:x:2001:2001:Alice:/home/alice:/bin/bash"
    assert rows(after.shadow)["alice"] == "alice:*:20000::::::"
    assert rows(after.group)["alice"] == "alice:x:2001:"
    assert rows(after.group)["video"] == "video:x:44:alice"
    assert rows(after.gshadow)["video"] == "video:*::alice"
    assert after.subuid.splitlines()[1:] == ["alice:165536:65536", "bob:231072:65536"]


def test_the_home_of_an_administrator_is_not_below_the_shared_folder() -> None:
    assert rows(decide(IMAGE, BOB).after.passwd)["bob"].split(":")[5] == str(FOLDERS.administrators / "bob")


@pytest.mark.parametrize("group", ["sudo", "docker", "disk", "wheel", "shadow"])
def test_a_group_that_leads_to_root_makes_an_administrator(group: str) -> None:
    assert AccountUser.of("eve", {"uid": 2001, "groups": [group]}).administrator
    assert not AccountUser.of("eve", {"uid": 2001, "groups": ["video"]}).administrator


def test_a_second_run_changes_nothing() -> None:
    first = decide(IMAGE, ALICE, BOB)
    second = decide(first.after, ALICE, BOB, ours=("alice", "bob"))
    assert (second.changes, second.after) == ((), first.after)


def test_a_former_user_is_locked_and_in_no_group() -> None:
    there = decide(IMAGE, ALICE, BOB).after
    gone = decide(there, BOB, ours=("alice", "bob"))
    assert gone.former == ("alice",)
    assert rows(gone.after.passwd)["alice"].endswith(":/home/alice:/usr/sbin/nologin")
    assert rows(gone.after.shadow)["alice"] == "alice:!*:20000:::::1:"
    assert rows(gone.after.group)["video"] == "video:x:44:"
    again = decide(gone.after, BOB, ours=("alice", "bob"))
    assert (again.changes, again.former) == ((), ("alice",))
    back = decide(gone.after, ALICE, BOB, ours=("alice", "bob"))
    assert rows(back.after.shadow)["alice"] == "alice:*:20000::::::"
    assert rows(back.after.passwd) == rows(there.passwd)


def test_a_group_that_is_taken_out_is_left() -> None:
    there = decide(IMAGE, ALICE).after
    less = decide(there, AccountUser("alice", 2001, 2001, "Alice"), ours=("alice",))
    assert rows(less.after.group)["video"] == "video:x:44:"
    assert rows(less.after.group)["sudo"] == "sudo:x:27:debian"


CONFLICTS = {
    "an account of the image": (AccountUser("debian", 2009, 2009), "has an account with that name and uid 1000"),
    "an account of a program": (AccountUser("slurm", 2009, 2009), "has an account with that name and uid 202"),
    "a uid of the image": (AccountUser("eve", 1000, 1000), "uid 1000 belongs to debian"),
    "a group of the image": (AccountUser("video", 2009, 2009), "a group with that name and gid 44"),
    "a gid of the image": (AccountUser("eve", 44, 44), "gid 44 belongs to group video"),
    "a comment with a colon": (AccountUser("eve", 2009, 2009, "a:b"), "a colon or a line break"),
    "a comment with a line break": (AccountUser("eve", 2009, 2009, "a\nb"), "a colon or a line break"),
    "a group that is missing": (AccountUser("eve", 2009, 2009, groups=("nope",)), "no group nope"),
}


@pytest.mark.parametrize("name", CONFLICTS)
def test_one_bad_user_does_not_stop_the_others(name: str) -> None:
    bad, problem = CONFLICTS[name]
    made = decide(IMAGE, bad, ALICE)
    assert problem in made.problems[bad.name]
    assert "alice" in made.made
    assert rows(made.after.passwd)["debian"] == rows(IMAGE.passwd)["debian"]
    assert rows(made.after.passwd)["slurm"] == rows(IMAGE.passwd)["slurm"]


def test_a_given_gid_may_be_a_group_that_is_there() -> None:
    made = decide(IMAGE, AccountUser("eve", 2001, 44))
    assert rows(made.after.passwd)["eve"].split(":")[3] == "44"
    assert "eve" not in rows(made.after.group)


def test_lines_that_are_no_accounts_stay() -> None:
    odd = Database(**{**vars(IMAGE), "passwd": IMAGE.passwd + "+::::::\n# a note\n"})
    assert decide(odd, ALICE).after.passwd.splitlines()[3:5] == ["+::::::", "# a note"]


names = st.sampled_from(["alice", "bob", "carol", "dave"])
users = st.builds(
    lambda name, uid, groups, administrator: AccountUser(name, uid, uid, groups=groups, administrator=administrator),
    names, st.integers(2001, 2004), st.sets(st.sampled_from(["video", "nope"])).map(tuple), st.booleans(),
)  # fmt: skip
lists = st.lists(users, unique_by=lambda user: user.name, max_size=4)


@given(first=lists, second=lists)
def test_whatever_came_before_the_files_hold_together(first: list[AccountUser], second: list[AccountUser]) -> None:
    one = decide(IMAGE, *first)
    two = plan(one.after, second, one.made, FOLDERS, 20000)
    passwd = [line.split(":") for line in two.after.passwd.splitlines()]
    assert len({row[2] for row in passwd}) == len(passwd), "no two users share a uid"
    assert {row[0] for row in passwd} == set(rows(two.after.shadow))
    assert plan(two.after, second, {*one.made, *two.made}, FOLDERS, 20000).changes == ()
    for line in two.after.group.splitlines():
        assert set(line.split(":")[3].split(",")) - {"", "debian"} <= set(two.made)


def test_the_deploy_user_s_home_is_private_by_construction() -> None:
    assert not Path(FOLDERS.administrators).is_relative_to(FOLDERS.homes)
