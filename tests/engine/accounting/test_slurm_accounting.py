"""The accounting, defined and changed in a real slurmdbd."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mirror.machine import install
from toolchain.paths import REPOSITORY

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="makes namespaces")

_PACKAGES = (
    "slurmdbd",
    "slurm-client",
    "slurm-wlm-mysql-plugin",
    "munge",
    "mariadb-server-core",
    "mariadb-client-core",
)
BASE: dict[str, Any] = {"cluster": "Demo", "control_host": "localhost"}
FIRST = BASE | {
    "qos": {"long": {"options": {"MaxWall": "10-0", "Priority": "5"}}},
    "accounts": {"physics": {"options": {"Fairshare": "10", "GrpTRES": "cpu=4"}}, "hep": {"parent": "physics"}},
    "users": {"alice": {"slurm_admin": True}, "ice": {"slurm_accounts": ["hep", "users"]}},
}
SECOND = FIRST | {
    "qos": {"long": {"options": {"Priority": "6"}}},
    "users": {"ice": {"slurm_accounts": ["users"]}},
    "former": ["alice"],
}
USERS = ["show", ["user", "format=user,adminlevel,defaultaccount"]]
ASSOCIATIONS = ["show", ["association", "format=account,user,parentname,maxsubmitjobs"]]


def run(folder: Path, *steps: Any) -> list[Any]:
    install(_PACKAGES)
    ended = subprocess.run(
        ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child",
         sys.executable, "-m", "tests.engine.accounting.daemons", str(folder)],
        input=json.dumps(steps), capture_output=True, text=True, check=False, cwd=REPOSITORY, timeout=240,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    answers: list[Any] = json.loads(ended.stdout)
    return answers


def test_the_accounting_is_what_the_configuration_says(tmp_path: Path) -> None:
    qos = ["show", ["qos", "format=name,priority,maxwall"]]
    first, again, users, there, second, second_again, _, later, gone, after, _, back_again, healed, levels = run(
        tmp_path,
        ["define", FIRST], ["define", FIRST], USERS, ASSOCIATIONS,
        ["define", SECOND], ["define", SECOND], ["show", ["cluster", "format=cluster"]], ASSOCIATIONS,
        ["withdraw", SECOND], qos, ["define", FIRST], ["define", FIRST], ASSOCIATIONS, USERS,
    )  # fmt: skip
    assert isinstance(first, list), first
    assert (again, second_again, back_again) == ([], [], [])
    assert users == ["alice|Administrator|users", "ice|None|hep", "root|Administrator|root"]
    assert {"hep||physics|", "hep|ice||", "users|ice||", "users|alice||"} <= set(there)
    assert len(second) == 5
    assert "users|alice||0" in later
    assert not [line for line in later if line.startswith("hep|ice")]
    assert gone == ["delete user where name=alice cluster=demo"]
    assert "long|6|" in after
    assert "users|alice||" in healed
    assert levels == users


def test_what_slurmdbd_refuses_is_said(tmp_path: Path) -> None:
    [said] = run(tmp_path, ["define", BASE | {"qos": {"long": {"options": {"NoSuchOption": "1"}}}}])
    assert "sacctmgr --immediate add qos long NoSuchOption=1" in said
    assert "Unknown option" in said
