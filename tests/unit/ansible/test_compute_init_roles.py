"""Compute nodes have every role that their playbook runs."""

import yaml

from toolchain.paths import REPOSITORY

ANSIBLE = REPOSITORY / "ansible"
PLAYBOOKS = ("compute-init.yml", "compute-rejoin.yml")


def test_every_role_of_the_playbook_is_in_the_image() -> None:
    plays = [play for name in PLAYBOOKS for play in yaml.safe_load((ANSIBLE / name).read_text())]
    named = {
        task["ansible.builtin.include_role"]["name"]
        for play in plays
        for task in play["tasks"]
        if "ansible.builtin.include_role" in task
    }
    there = {path.name: path for path in (ANSIBLE / "roles/compute_init/files/ansible/roles").iterdir()}
    assert named <= set(there)
    assert all(path.resolve() == (ANSIBLE / "roles" / name).resolve() for name, path in there.items())


def test_the_playbooks_are_in_the_image() -> None:
    folder = ANSIBLE / "roles/compute_init/files/ansible"
    assert {path.name: path.resolve() for path in folder.glob("*.yml")} == {name: ANSIBLE / name for name in PLAYBOOKS}
