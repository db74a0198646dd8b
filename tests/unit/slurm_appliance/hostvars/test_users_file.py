"""The file of users: from the stack, or from an inventory that was written by hand."""

import json
from pathlib import Path
from typing import Any

import pytest

from slurm_appliance.hostvars import users_file
from slurm_appliance.hostvars.errors import HostVariablesError

ALICE: dict[str, Any] = {"uid": 2001, "comment": {"__ansible_unsafe": "{{ no template }}"}, "ssh_keys": ["a", "b"]}


def test_the_file_beside_the_inventory_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / users_file.NAME).write_text("{}\n\n")
    assert users_file.of_inventory(tmp_path / "inventory", {"a": {}}) == b"{}\n\n"


def test_no_users_at_all(tmp_path: Path) -> None:
    assert json.loads(users_file.of_inventory(tmp_path / "inventory", {"a": {}})) == {}


def test_an_inventorys_own_variable_counts(tmp_path: Path) -> None:
    (tmp_path / users_file.NAME).write_text("{}")
    users = {"alice": ALICE, "bob": {"uid": 2002}}
    found = users_file.of_inventory(tmp_path / "inventory", {"a": {"users": users}, "b": {"users": dict(users)}})
    assert json.loads(found) == {"alice": {**ALICE, "comment": "{{ no template }}"}, "bob": {"uid": 2002}}


@pytest.mark.parametrize(
    "hosts",
    [
        {"a": {"users": {"alice": ALICE}}, "b": {"users": {}}},
        {"a": {"users": {"alice": {"uid": "{{ uid }}"}}}},
        {"a": {"users": {"alice": {"ssh_keys": ["{{ lookup('file', 'x') }}"]}}}},
    ],
)
def test_what_cannot_be_one_file_is_refused_with_the_host(hosts: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(HostVariablesError) as caught:
        users_file.of_inventory(tmp_path / "inventory", hosts)
    assert caught.value.where in hosts
