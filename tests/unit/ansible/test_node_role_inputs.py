"""What roles of compute nodes depend on: what they declare against their playbook, their tasks and the image."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from node.compute_init.roles import TAG, declared_inputs
from slurm_appliance.hostvars.allowed import node_roles
from slurm_appliance.playbooks.node_roles import NodeRole
from tests.unit.slurm_appliance.hostvars.role_use import expression_names, used_variables
from toolchain.paths import REPOSITORY

ANSIBLE = REPOSITORY / "ansible"
ROLES = {role.name: role for role in node_roles(ANSIBLE / "roles")}
PLAY = yaml.safe_load((ANSIBLE / "compute-init.yml").read_text())[0]
TASKS = {
    task["ansible.builtin.include_role"]["name"]: task
    for task in PLAY["tasks"]
    if "ansible.builtin.include_role" in task
}
#: From the metadata, and therefore part of what every role depends on.
_OF_ALL = {"compute_init_roles", "compute_init_folder"}
each_role = pytest.mark.parametrize("role", ROLES.values(), ids=lambda role: role.name)


def inputs(role: NodeRole, key: str) -> set[str]:
    return set(role.inputs.get(key, ()))


def test_every_role_of_the_playbook_declares_its_inputs_and_has_its_tag() -> None:
    assert {name: task.get("tags") for name, task in TASKS.items()} == {name: f"{TAG}{name}" for name in ROLES}


def test_nothing_but_a_role_has_a_tag() -> None:
    assert [task["name"] for task in PLAY["tasks"] if "tags" in task and task not in TASKS.values()] == []
    rejoin = yaml.safe_load((ANSIBLE / "compute-rejoin.yml").read_text())[0]
    assert [task["name"] for task in rejoin["tasks"] if "tags" in task] == []


@each_role
def test_the_conditions_of_the_playbook_read_what_is_declared(role: NodeRole) -> None:
    read = expression_names(TASKS[role.name].get("when", "true")) - _OF_ALL
    assert inputs(role, "reads") == read - role.variables


@each_role
def test_the_files_of_the_bundle_that_a_role_reads_are_declared(role: NodeRole) -> None:
    """The playbook has the paths in variables, which roles read."""
    given: dict[str, str] = PLAY["vars"]
    read, waiting = set(), set(role.variables & given.keys())
    while waiting:
        name = waiting.pop()
        read.add(name)
        waiting |= (set(re.findall(r"\w+", given[name])) & given.keys()) - read
    names = {found for name in read for found in re.findall(r"compute_init_folder \}\}/([\w.-]+)", given[name])}
    assert inputs(role, "files") == names


def test_only_the_playbook_says_where_the_bundle_is() -> None:
    for name in ROLES:
        assert "compute_init_folder" not in used_variables(ANSIBLE / "roles" / name)
    tasks = json.dumps(PLAY["tasks"])
    assert "compute_init_folder" not in tasks


def _set(value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _set(each)
    elif isinstance(value, dict):
        for key, each in value.items():
            if key == "ansible.builtin.set_fact":
                yield from each
            elif key == "register":
                yield each
            else:
                yield from _set(each)


def _facts(name: str) -> set[str]:
    files = (ANSIBLE / "roles" / name / "tasks").glob("*.yml")
    return {fact for path in files for fact in _set(yaml.safe_load(path.read_text()))}


@each_role
def test_a_role_runs_with_those_that_set_its_facts(role: NodeRole) -> None:
    facts = {name: _facts(name) for name in ROLES if name != role.name}
    of = {name for name, found in facts.items() if found & role.variables}
    assert of <= inputs(role, "needs")
    assert of <= inputs(role, "follows")
    assert inputs(role, "needs") | inputs(role, "follows") <= ROLES.keys()


def test_roles_come_after_those_that_they_need_and_follow() -> None:
    order = list(TASKS)
    for role in ROLES.values():
        for other in inputs(role, "needs") | inputs(role, "follows"):
            assert order.index(other) < order.index(role.name), role.name


def test_the_image_has_what_the_roles_declare() -> None:
    """The task's own program, on the folder that is packed for the image."""
    tasks = yaml.safe_load((ANSIBLE / "roles/compute_init/tasks/install.yml").read_text())
    (command,) = [
        task["ansible.builtin.command"]["argv"] for task in tasks if task.get("register") == "compute_init_declared"
    ]
    folder = ANSIBLE / "roles/compute_init/files/ansible/roles"
    done = subprocess.run(
        [sys.executable, "-c", command[2], str(folder)], capture_output=True, text=True, check=True, timeout=60
    )
    found = declared_inputs(done.stdout)
    assert found.keys() == ROLES.keys()
    for name, role in ROLES.items():
        assert found[name].variables == role.variables | inputs(role, "reads")
        assert {key: getattr(found[name], key) for key in ("files", "needs", "follows")} == {
            key: frozenset(inputs(role, key)) for key in ("files", "needs", "follows")
        }
