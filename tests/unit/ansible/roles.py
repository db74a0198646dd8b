"""Runs a role's tasks on this machine with the real ansible-playbook, its paths in a test's folder."""

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from toolchain.paths import REPOSITORY


@dataclass(frozen=True)
class RoleRun:
    """A finished run: its output, and whether a task changed something."""

    said: str

    @property
    def changed(self) -> bool:
        return re.search(r"^(changed|--- )", self.said, re.MULTILINE) is not None


def run_role(
    folder: Path, name: str, given: dict[str, Any], *runs: dict[str, Any], family: str = "Debian", programs: str = ""
) -> list[RoleRun]:
    """Run a role's tasks as on a node of this family of distributions, once for each of the variables; no handler runs.

    Args:
        folder: a folder of the test.
        name: the role and the tasks: ``role/tasks``.
        given: variables of all runs, which replace those of the role: its paths.
        runs: variables of the inventory in each run.
        family: the family of distributions.
        programs: a folder of programs that come before the machine's.
    """
    role, tasks = name.split("/")
    facts = {"ansible.builtin.set_fact": {"os_family": family, "virtualization_type": "kvm", "cacheable": True}}
    included = {"ansible.builtin.include_role": {"name": role, "tasks_from": tasks}}
    # Without handlers, which restart services of this machine.
    end = {"ansible.builtin.meta": "end_play"}
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [facts, included, end]}
    playbook, variables = folder / "playbook.yml", folder / "variables.yml"
    playbook.write_text(yaml.safe_dump([{**play, "name": f"run {n}", "vars": each} for n, each in enumerate(runs)]))
    variables.write_text(yaml.safe_dump(given))
    shared = folder / "group_vars"
    if not shared.exists():
        shared.symlink_to(REPOSITORY / "ansible/group_vars")
    command = [
        str(Path(sys.prefix) / "bin/ansible-playbook"),
        "-i",
        "localhost,",
        str(playbook),
        "-e",
        f"@{variables}",
        "--diff",
    ]
    environment = {
        "ANSIBLE_ROLES_PATH": str(REPOSITORY / "ansible/roles"),
        "ANSIBLE_LOCAL_TEMP": str(folder / "ansible"),
        "ANSIBLE_REMOTE_TEMP": str(folder / "ansible"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "PATH": f"{programs}:/usr/sbin:/usr/bin:/sbin:/bin".lstrip(":"),
    }
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    parts = re.split(r"^PLAY \[run \d+\] .*$", ended.stdout.partition("PLAY RECAP")[0], flags=re.MULTILINE)
    return [RoleRun(part) for part in parts[1:]]
