"""The declarations of our roles against what the roles use."""

from pathlib import Path

import pytest
import yaml

from slurm_appliance.hostvars.allowed import node_roles
from slurm_appliance.playbooks.node_roles import NodeRole
from tests.unit.slurm_appliance.hostvars.role_use import used_variables
from toolchain.paths import REPOSITORY

_ROLES = REPOSITORY / "ansible" / "roles"
#: What images bring beside the roles, so that no bundle has it.
_SHARED = frozenset(
    name for path in (REPOSITORY / "ansible/group_vars/all").glob("*.yml") for name in yaml.safe_load(path.read_text())
)

_TASKS = """\
- name: Mount
  ansible.posix.mount:
    src: "{{ nfs_server }}:{{ item.path }}"
    opts: "{{ nfs_options }}"
  loop: "{{ mounts }}"
  register: mounted
  when:
    - home_enabled | bool
    - mounted is not defined
- name: Pick
  ansible.builtin.set_fact:
    picked: "{{ ansible_facts['os_family'] }}-{{ distribution_name }}"
"""


def _role(folder: Path) -> Path:
    for name, text in {
        "tasks/configure.yml": _TASKS,
        "tasks/install.yml": '- package: {name: "{{ packages }}"}\n',
        "templates/x.conf.j2": "{% for user in users %}{{ user }} {{ picked }}{% endfor %}",
        "vars/Debian.yml": "distribution_name: debian\n",
        "defaults/main.yml": 'nfs_options: "{{ nfs_version }}"\nnot_used: "{{ nor_this }}"\n',
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_what_a_role_reads_of_the_inventory(tmp_path: Path) -> None:
    assert used_variables(_role(tmp_path)) == {
        "nfs_server", "mounts", "home_enabled", "users", "nfs_options", "nfs_version",
    }  # fmt: skip


@pytest.mark.parametrize("role", node_roles(_ROLES), ids=lambda role: role.name)
def test_a_role_declares_what_it_uses_and_nothing_else(role: NodeRole) -> None:
    assert role.variables == used_variables(_ROLES / role.name) - _SHARED
