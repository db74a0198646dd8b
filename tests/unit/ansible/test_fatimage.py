"""The image build's playbook changes a build server only."""

import os
import subprocess
import sys
from pathlib import Path

import yaml

from toolchain.paths import REPOSITORY

#: The tasks that come before everything that changes a machine: the only ones that a test may run on its own.
FIRST = ("Read the server's boot ID", "Check that the server is not the machine that Ansible runs on")


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
