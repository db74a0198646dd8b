"""Roles of compute nodes that are left out where they have nothing to do: their condition looks at their own files."""

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
