"""What a compute node's boot leaves out: roles that have nothing to do, and enabling units."""

import pytest
import yaml

from toolchain.paths import REPOSITORY

ANSIBLE = REPOSITORY / "ansible"
#: By role, the variable with the file that it leaves, and the one that gives it something to do.
CONDITIONS = {
    "sysctl": ("sysctl_file", "sysctl"),
    "cacerts": ("cacerts_record", "cacerts_certificates"),
    "proxy": ("proxy_sessions_file", "proxy"),
}


@pytest.mark.parametrize("role", CONDITIONS)
def test_a_role_runs_where_its_setting_or_what_it_left_is(role: str) -> None:
    file, setting = CONDITIONS[role]
    play = yaml.safe_load((ANSIBLE / "compute-init.yml").read_text())[0]
    (task,) = [each for each in play["tasks"] if each.get("ansible.builtin.include_role", {}).get("name") == role]
    path = yaml.safe_load((ANSIBLE / "roles" / role / "vars/main.yml").read_text())[file]
    assert task["when"].startswith(f"{setting} ")
    assert task["when"].endswith(f" or '{path}' is exists")


#: Roles whose units start at boot by themselves, also on compute nodes.
ENABLED = {
    "chrony": "the distribution enables it",
    "sssd": "a user of the directory may log in before compute-init has run",
}


def test_compute_init_starts_units_and_does_not_enable_them() -> None:
    play = yaml.safe_load((ANSIBLE / "compute-init.yml").read_text())[0]
    assert play["vars"]["units_start_at_boot"] is False
    assert yaml.safe_load((ANSIBLE / "group_vars/all/units.yml").read_text()) == {"units_start_at_boot": True}
    of_nodes = ANSIBLE / "roles/compute_init/files/ansible/roles"
    enabling = {
        file.relative_to(of_nodes).parts[0]
        for role in of_nodes.iterdir()
        for file in role.glob("tasks/configure*.yml")
        if "enabled: true" in file.read_text()
    }
    assert enabling == set(ENABLED)
