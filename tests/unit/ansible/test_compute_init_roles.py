"""Compute nodes have every role that their playbook runs."""

import yaml

from toolchain.paths import REPOSITORY

ANSIBLE = REPOSITORY / "ansible"


def test_every_role_of_the_playbook_is_in_the_image() -> None:
    [play] = yaml.safe_load((ANSIBLE / "compute-init.yml").read_text())
    named = {
        task["ansible.builtin.include_role"]["name"] for task in play["tasks"] if "ansible.builtin.include_role" in task
    }
    there = {path.name: path for path in (ANSIBLE / "roles/compute_init/files/ansible/roles").iterdir()}
    assert named <= set(there)
    assert all(path.resolve() == (ANSIBLE / "roles" / name).resolve() for name, path in there.items())
