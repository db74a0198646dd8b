"""The accounting, defined and changed in a real slurmdbd."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from toolchain.apt import install
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
        ["withdraw", BASE], qos, ["define", FIRST], ["define", FIRST], ASSOCIATIONS, USERS,
    )  # fmt: skip
    assert isinstance(first, list), first
    assert (again, second_again, back_again) == ([], [], [])
    assert users == ["alice|Administrator|users", "ice|None|hep", "root|Administrator|root"]
    assert {"hep||physics|", "hep|ice||", "users|ice||", "users|alice||"} <= set(there)
    assert len(second) == 5
    assert "users|alice||0" in later
    assert "hep|ice||0" in later
    assert gone == {
        "changes": [
            "delete user where names=alice cluster=demo",
            "delete user where names=ice account=hep cluster=demo",
        ],
        "waiting": [],
    }
    assert "long|6|" in after
    assert "users|alice||" in healed
    assert levels == users


JOB = """\
SET sql_mode='';
INSERT INTO demo_job_table (id_job, id_assoc, state, time_submit, time_start)
SELECT 1, id_assoc, 1, 1700000000, 1700000000 FROM demo_assoc_table WHERE user='ice' AND acct='hep' AND deleted=0;
"""
JOB_OVER = "UPDATE demo_job_table SET state=3, time_end=1700000001;"


def test_an_account_is_taken_from_a_user_whose_job_runs(tmp_path: Path) -> None:
    before = FIRST | {"users": {name: {"slurm_accounts": ["hep", "users"]} for name in ("ice", "zoe")}}
    without = FIRST | {"users": {name: {"slurm_accounts": ["users"]} for name in ("ice", "zoe")}}
    _, _, defined, kept, again, waits, _, _, given_back, _, _, over, there = run(
        tmp_path,
        ["define", before], ["sql", JOB], ["define", without], ["withdraw", BASE],
        ["define", without], ASSOCIATIONS, USERS,
        ["define", before], ASSOCIATIONS, ["define", without], ["sql", JOB_OVER], ["withdraw", BASE], ASSOCIATIONS,
    )  # fmt: skip
    assert isinstance(defined, list), defined
    assert kept == {
        "changes": ["delete user where names=zoe account=hep cluster=demo"],
        "waiting": ["ice in hep"],
    }
    assert again == []
    assert [line for line in waits if line.startswith("hep|")] == ["hep|ice||0", "hep||physics|"]
    assert [line for line in given_back if line.startswith("hep|")] == ["hep|ice||", "hep|zoe||", "hep||physics|"]
    assert over["waiting"] == []
    assert [line for line in there if line.startswith("hep|")] == ["hep||physics|"]
    assert {"users|ice||", "users|zoe||"} <= set(there)


def test_what_slurmdbd_refuses_is_said(tmp_path: Path) -> None:
    [said] = run(tmp_path, ["define", BASE | {"qos": {"long": {"options": {"NoSuchOption": "1"}}}}])
    assert "sacctmgr --immediate add qos long NoSuchOption=1" in said
    assert "Unknown option" in said
