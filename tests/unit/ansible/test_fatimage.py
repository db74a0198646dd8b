"""The image build's playbook changes a build server only."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from toolchain.paths import REPOSITORY

#: The tasks that come before everything that changes a machine: the only ones that a test may run on its own.
FIRST = (
    "Read the server's system and its Python",
    "Check that images can be built of the server's system",
    "Read the server's boot ID",
    "Check that the server is not the machine that Ansible runs on",
)


def test_the_machine_that_ansible_runs_on_is_refused_first(tmp_path: Path) -> None:
    play = yaml.safe_load((REPOSITORY / "ansible/fatimage.yml").read_text())[0]
    tasks = play["tasks"][: len(FIRST)]
    assert tuple(task["name"] for task in tasks) == FIRST
    assert play["hosts"] == "all"
    playbook = tmp_path / "playbook.yml"
    after = {"name": "Change it", "ansible.builtin.debug": {"msg": "reached"}}
    first = {"name": "Prepare", "hosts": "all", "gather_facts": False, "tasks": [*tasks, after]}
    playbook.write_text(yaml.safe_dump([first, {**first, "name": "Next", "tasks": [after]}]))
    program = str(Path(sys.prefix) / "bin/ansible-playbook")
    command = [program, "--connection", "local", "--inventory", "builder,", str(playbook)]

    environment = {**os.environ, "ANSIBLE_CONFIG": str(REPOSITORY / "ansible/ansible.cfg")}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert ended.returncode != 0
    assert "builder is the machine that Ansible runs on" in ended.stdout + ended.stderr
    assert "reached" not in ended.stdout


@pytest.mark.parametrize(
    ("described", "allowed"),
    [
        ("rocky|9.6|rhel centos fedora|3.9", True),
        ("rocky|8.10|rhel centos fedora|3.6", False),
        # With another Python as /usr/bin/python3.
        ("rocky|8.10|rhel centos fedora|3.9", False),
        ("rhel|8.4|fedora|3.11", False),
        ("rhel|9.4|fedora|3.9", True),
        ("debian|12||3.11", True),
        ("debian|10||3.7", False),
        ("debian|13||", False),
    ],
)
def test_a_system_that_images_cannot_be_built_of_is_refused_by_name(
    described: str, allowed: bool, tmp_path: Path
) -> None:
    play = yaml.safe_load((REPOSITORY / "ansible/fatimage.yml").read_text())[0]
    check = play["tasks"][1]
    playbook = tmp_path / "playbook.yml"
    given = {"system": {"stdout_lines": [described]}}
    playbook.write_text(
        yaml.safe_dump([{"name": "Check", "hosts": "all", "gather_facts": False, "vars": given, "tasks": [check]}])
    )
    program = str(Path(sys.prefix) / "bin/ansible-playbook")
    command = [program, "--connection", "local", "--inventory", "builder,", str(playbook)]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(REPOSITORY / "ansible/ansible.cfg")}

    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert (ended.returncode == 0) == allowed, ended.stdout
    assert allowed or " ".join(described.split("|")[:2]) in ended.stdout
