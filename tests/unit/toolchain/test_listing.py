"""Our answer to the language host's question for packages: pip's, but sooner; the rest is pip's own."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from slurm_appliance.engine.quick_start import listing_variables

QUESTION = ["list", "-v", "--format", "json"]


def pip(*words: str, **variables: str) -> str:
    command = [sys.executable, "-m", "pip", *words]
    return subprocess.run(command, env={**os.environ, **variables}, capture_output=True, text=True, check=True).stdout


def essence(answer: str) -> set[tuple[Any, ...]]:
    """What the host reads."""
    return {(each["name"], each["version"], str(Path(each["location"]))) for each in json.loads(answer)}


def test_the_answer_is_that_of_pip() -> None:
    ours = essence(pip(*QUESTION, **listing_variables({})))
    assert ours == essence(pip(*QUESTION))
    assert "pulumi_openstack" in {name for name, *_ in ours}


def test_everything_else_is_answered_by_pip_itself() -> None:
    assert pip("--version", **listing_variables({})) == pip("--version")


@pytest.mark.parametrize("users", ["", "/a:/b"])
def test_the_user_s_own_folders_stay(users: str) -> None:
    found = listing_variables({"PYTHONPATH": users} if users else {})["PYTHONPATH"].split(":")
    assert found[1:] == (users.split(":") if users else [])
    assert Path(found[0], "pip", "__main__.py").is_file()
