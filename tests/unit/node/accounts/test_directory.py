"""Users of a directory on the control node: who lacks a home directory or an association."""

from __future__ import annotations

import pwd
from pathlib import Path

from node.accounts.directory import DirectoryPlan, DirectoryRequest, plan

HOMES = Path("/home")


def user(name: str, uid: int = 3001, home: str = "") -> pwd.struct_passwd:
    return pwd.struct_passwd((name, "*", uid, 3000, "", home or f"/home/{name}", "/bin/bash"))


USERS = (user("dora"), user("eve", 3002), user("far", 3003, "/nfs/far"), user("admin", 3004), user("daemon", 1))


def test_what_is_missing() -> None:
    found = plan(USERS, {"admin", "root"}, HOMES, {"/home/eve"}, {"dora"})
    assert found == DirectoryPlan(homes=("dora",), associations=("eve", "far"))


def test_nothing_is_made_that_is_kept_elsewhere() -> None:
    assert plan(USERS, set(), None, set(), None) == DirectoryPlan((), ())


def test_a_home_directory_lies_in_the_folder_itself() -> None:
    deep = (user("a", home="/home/x/a"), user("b", home="/home/../etc/b"), user("c", home="/home"))
    assert plan(deep, set(), HOMES, set(), None).homes == ()


def test_a_request() -> None:
    request = DirectoryRequest.of({"groups": ["hpc"], "homes": "", "cluster": "demo", "account": "users"})
    assert (request.groups, request.homes, request.cluster) == (("hpc",), None, "demo")
